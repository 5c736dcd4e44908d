"""What happens to every request before and after its handler: one module for each concern, composed here."""

from aiohttp import web
from aiohttp.typedefs import Middleware

from handlers.middlewares import bearer, csrf, errors, permissions, security_headers, sessions, sizes, throttle
from handlers.middlewares.logs import configure_logs
from services import Services

__all__ = ["add_signals", "configure_logs", "internal", "public"]


def public(services: Services) -> list[Middleware]:
    """From the outside in."""
    return [
        errors.middleware(services.settings.duty_phone),
        sizes.middleware(),
        sessions.middleware(services),
        permissions.middleware(services.settings),
        csrf.middleware(services.settings),
    ]


def internal(services: Services) -> list[Middleware]:
    """Rasa only: JSON answers and a bearer secret."""
    return [errors.json_middleware(), bearer.middleware(services)]


def add_signals(app: web.Application, services: Services) -> None:
    """What belongs to the application, not to one request: headers that streamed answers get too, and the counters."""
    security_headers.add(app, services.settings)
    app[throttle.THROTTLE] = throttle.Throttle()
