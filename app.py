"""The web service: the public application and the internal one that only Rasa may call. `python -m app` runs both."""

import asyncio
import signal

from aiohttp import web

import demonstration
from handlers import middlewares, routes
from handlers.keys import SERVICES
from services import Services, open_services
from settings import Settings

# Room for nine photos; every handler with smaller needs checks its own limit on the streamed size.
MAX_BODY = 60 * 1024 * 1024
MAX_INTERNAL_BODY = 16 * 1024 * 1024


def public_app(services: Services) -> web.Application:
    """Pages and API for the outside."""
    app = web.Application(client_max_size=MAX_BODY, middlewares=middlewares.public(services))
    app[SERVICES] = services
    routes.add_public(app)
    return app


def internal_app(services: Services) -> web.Application:
    """Rasa's action webhook and conversation store; on an address of its own, with a bearer secret."""
    app = web.Application(client_max_size=MAX_INTERNAL_BODY, middlewares=middlewares.internal(services))
    app[SERVICES] = services
    routes.add_internal(app)
    return app


async def serve(settings: Settings, mongodb_uri: str) -> None:
    """Listen until SIGTERM or SIGINT; requests in flight are answered first."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_services(settings, mongodb_uri) as services:
        if settings.demo:
            await demonstration.seed(services)
        runners = []
        for app, host, port in (
            (internal_app(services), settings.internal_host, settings.internal_port),
            (public_app(services), settings.host, settings.port),
        ):
            # No access log: it would hold who asked for which tip, and when.
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=10, handle_signals=False)
            await runner.setup()
            await web.TCPSite(runner, host, port, backlog=1024).start()
            runners.append(runner)
        await stop.wait()
        for runner in reversed(runners):
            await runner.cleanup()


def main() -> None:
    settings = Settings()
    settings.refuse_unsafe()
    middlewares.configure_logs(settings.log_level)
    if settings.mongodb_uri is None:
        raise SystemExit("没有数据库地址:请用 tip12350 serve 启动,或设置 MONGODB_URI。")
    asyncio.run(serve(settings, settings.mongodb_uri))


if __name__ == "__main__":
    main()
