"""Who asks: the member of staff behind the session cookie, and the form token that belongs to the cookie."""

import warnings

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from access import sessions
from services import Services
from settings import Settings

# Plain names, because templates and handlers of every room read them.
warnings.filterwarnings("ignore", category=web.NotAppKeyWarning)

# The citizen's only cookie: it ties the pages of one conversation together. The chat handler sets it.
CONVERSATION = "conversation"


def cookie_name(settings: Settings) -> str:
    """With https the browser itself keeps other hosts from setting it (__Host- prefix)."""
    return "__Host-session" if settings.secure_cookies else "session"


def set_session(response: web.StreamResponse, settings: Settings, token: str) -> None:
    """Lax, not Strict: the link in an order's e-mail must find the inspector logged in."""
    response.set_cookie(
        cookie_name(settings), token, path="/", httponly=True, secure=settings.secure_cookies, samesite="Lax"
    )


def clear_session(response: web.StreamResponse, settings: Settings) -> None:
    response.del_cookie(cookie_name(settings), path="/", secure=settings.secure_cookies, httponly=True, samesite="Lax")


def remember(request: web.Request, session: sessions.StaffSession | None, csrf: str) -> None:
    """What the handlers and templates read: `actor`, `session` (None for a citizen) and `csrf`."""
    request["actor"] = session.actor if session else None
    request["session"] = session
    request["csrf"] = csrf


def middleware(services: Services) -> Middleware:
    name = cookie_name(services.settings)

    @web.middleware
    async def find(request: web.Request, handler: Handler) -> web.StreamResponse:
        token = request.cookies.get(name)
        static = isinstance(request.match_info.route.resource, web.StaticResource)
        session = await sessions.find(services.store, token) if token and not static else None
        conversation = request.cookies.get(CONVERSATION)
        citizen_csrf = sessions.csrf_token(conversation) if conversation else ""
        remember(request, session, session.csrf if session else citizen_csrf)
        return await handler(request)

    return find
