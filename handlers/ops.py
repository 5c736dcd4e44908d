"""Health for the supervisor, a load balancer and the operator."""

from aiohttp import web
from pymongo.errors import PyMongoError

from handlers.keys import SERVICES


async def health(request: web.Request) -> web.Response:
    """200 while tips can be stored. Rasa may be down: tips then wait for it, so that is "degraded", not an error."""
    services = request.app[SERVICES]
    try:
        await services.store.client.admin.command("ping")
    except PyMongoError:
        return web.json_response({"status": "down"}, status=503)
    rasa = await services.rasa.healthy()
    return web.json_response({"status": "ok" if rasa else "degraded"})
