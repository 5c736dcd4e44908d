"""From a template and plain data to a page."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from access.actors import ROLE_NAMES
from access.permissions import Permission, allows
from handlers import cookies
from handlers.keys import NAVIGATION, SERVICES
from rewards.money import yuan
from store import local_time
from store.local_time import LOCAL

TEMPLATES_DIR = Path(__file__).parent.parent / "web" / "templates"


def local_day(moment: datetime | None) -> str:
    return f"{moment.astimezone(LOCAL):%Y-%m-%d}" if moment else ""


def local_minute(moment: datetime | None) -> str:
    return f"{moment.astimezone(LOCAL):%Y-%m-%d %H:%M}" if moment else ""


def last_day(end: datetime | None) -> str:
    return local_time.last_day(end).isoformat() if end else ""


@cache
def environment() -> Environment:
    """Autoescape everywhere; a misspelt name in a template is an error, not an empty place."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES_DIR), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(yuan=yuan, last_day=last_day, local_day=local_day, local_minute=local_minute)
    made.globals.update(role_names=ROLE_NAMES)
    return made


def page(request: web.Request, template: str, **context: Any) -> str:
    """The HTML text. Every template gets actor, csrf, may(), navigation, settings, large_text and path besides."""
    actor = request.get("actor")
    settings = request.app[SERVICES].settings

    def may(permission: str) -> bool:
        return allows(Permission(permission), actor)

    menu = [(path, words) for path, words, permission in request.app.get(NAVIGATION, []) if may(permission)]
    common = {
        "actor": actor,
        "csrf": request.get("csrf", ""),
        "may": may,
        "navigation": menu if actor else [],
        "settings": settings,
        "large_text": cookies.take(request, cookies.LARGE_TEXT) == "1",
        "path": request.path,
        "embedded": False,
    }
    return environment().get_template(template).render({**common, **context})


def render(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    return web.Response(text=page(request, template, **context), status=status, content_type="text/html")


def local_path(target: str | None, otherwise: str = "/") -> str:
    """`target` when it is a path of ours, so that a link cannot lead people to another site after login."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or any(ord(c) < 32 for c in target):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target


async def text_size(request: web.Request) -> web.Response:
    """Switch large letters on or off for this browser, and go back to the page."""
    answer = web.HTTPSeeOther(local_path(request.query.get("back")))
    if request.query.get("large") == "1":
        cookies.put(request, answer, cookies.LARGE_TEXT, "1", samesite="Lax")
    else:
        cookies.drop(request, answer, cookies.LARGE_TEXT)
    raise answer
