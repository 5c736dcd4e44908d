"""Who asks: the member of staff behind the session cookie, and the form token that belongs to the cookie."""

import warnings

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from access import sessions
from handlers import cookies
from services import Services

# Plain names, because templates and handlers of every room read them.
warnings.filterwarnings("ignore", category=web.NotAppKeyWarning)


def remember(request: web.Request, session: sessions.StaffSession | None, csrf: str) -> None:
    """What the handlers and templates read: `actor`, `session` (None for a citizen) and `csrf`."""
    request["actor"] = session.actor if session else None
    request["session"] = session
    request["csrf"] = csrf


def middleware(services: Services) -> Middleware:
    @web.middleware
    async def find(request: web.Request, handler: Handler) -> web.StreamResponse:
        token = cookies.take(request, cookies.SESSION)
        static = isinstance(request.match_info.route.resource, web.StaticResource)
        session = await sessions.find(services.store, token) if token and not static else None
        conversation = cookies.take(request, cookies.CONVERSATION)
        citizen_csrf = sessions.csrf_token(conversation) if conversation else ""
        remember(request, session, session.csrf if session else citizen_csrf)
        return await handler(request)

    return find
