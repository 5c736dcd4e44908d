"""Every cookie is set, read and taken back here: closed to scripts and, over https, kept to this host by its name (__Host-)."""

from typing import Literal

from aiohttp import web

from handlers.keys import SERVICES
from settings import Settings

SESSION = "session"  # of staff
CONVERSATION = "conversation"  # ties the pages of one conversation together
TIP = "tip"  # a reporter's half hour with one tip
LOGIN_STEP = "login_step"  # between password and second factor
LARGE_TEXT = "large_text"


def named(settings: Settings, name: str) -> str:
    """With https the browser itself keeps other hosts from setting it."""
    return f"__Host-{name}" if settings.secure_cookies else name


def take(request: web.Request, name: str) -> str:
    """Its value, "" when there is none."""
    return request.cookies.get(named(request.app[SERVICES].settings, name), "")


def put(
    request: web.Request,
    response: web.StreamResponse,
    name: str,
    value: str,
    *,
    max_age: int | None = None,
    samesite: Literal["Lax", "Strict"] = "Strict",
) -> None:
    settings = request.app[SERVICES].settings
    response.set_cookie(
        named(settings, name), value, path="/", max_age=max_age, httponly=True, secure=settings.secure_cookies,
        samesite=samesite,
    )  # fmt: skip


def drop(request: web.Request, response: web.StreamResponse, name: str) -> None:
    """The browser takes back a __Host- cookie only when told with the same attributes."""
    settings = request.app[SERVICES].settings
    response.del_cookie(named(settings, name), path="/", httponly=True, secure=settings.secure_cookies)
