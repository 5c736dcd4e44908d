"""The reporter's half hour with one tip: a sealed cookie that says which, and nothing else to anybody but us.

Nothing is stored on the server, so nothing there says who looked when. The code itself is in no cookie.
"""

from aiohttp import web

from handlers import cookies
from handlers.keys import SERVICES
from services import Services
from store.mongo import Document

_COOKIE = cookies.Sealed(cookies.TIP, "tip session", lifetime_s=30 * 60, longest=500)


class SessionOver(web.HTTPSeeOther):
    """Back to number and code."""

    def __init__(self) -> None:
        super().__init__("/tip")


def start(request: web.Request, response: web.StreamResponse, tip_id: str) -> None:
    """Begin, or go on: the half hour counts from the last page."""
    _COOKIE.put(request, response, {"tip": tip_id})


def opened(services: Services, value: str, now: float | None = None) -> str | None:
    """The tip's id, or None for what is no session of ours, or one that is over."""
    content = _COOKIE.opened(services, value, now)
    return content["tip"] if content else None


def end(request: web.Request, response: web.StreamResponse) -> None:
    cookies.drop(request, response, cookies.TIP)


async def current(request: web.Request) -> tuple[Document, Document] | None:
    """The tip of this browser and its case, or None."""
    services = request.app[SERVICES]
    session = _COOKIE.take(request)
    tip = await services.store["tips"].find_one({"_id": session["tip"]}) if session else None
    if tip is None:
        return None
    case = await services.store["cases"].find_one({"_id": tip["case_id"]})
    assert case is not None, "a tip always has a case"
    return tip, case


async def required(request: web.Request) -> tuple[Document, Document]:
    """Like `current`; raises `SessionOver`."""
    found = await current(request)
    if found is None:
        raise SessionOver
    return found
