"""The internal port answers only who knows its secret."""

import hmac

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from services import Services
from settings import internal_secret


def middleware(services: Services) -> Middleware:
    expected = f"Bearer {internal_secret(services.settings, services.keys)}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return web.json_response({"message": "unauthorized"}, status=401)
        return await handler(request)

    return check
