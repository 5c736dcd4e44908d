"""The reporter's half hour with one tip: a sealed cookie that says which, and nothing else to anybody but us.

Nothing is stored on the server, so nothing there says who looked when. The code itself is in no cookie.
"""

import base64
import binascii
import json
import time

from aiohttp import web

from handlers import cookies
from handlers.keys import SERVICES
from services import Services
from store.mongo import Document
from store.sealing import SealBroken

LIFETIME_S = 30 * 60
_BOUND_TO = "tip session"


class SessionOver(web.HTTPSeeOther):
    """Back to number and code."""

    def __init__(self) -> None:
        super().__init__("/tip")


def seal(services: Services, tip_id: str, now: float | None = None) -> str:
    until = int((time.time() if now is None else now) + LIFETIME_S)
    plain = json.dumps({"tip": tip_id, "until": until}).encode()
    return base64.urlsafe_b64encode(services.cipher(_BOUND_TO).seal(plain, _BOUND_TO)).decode()


def opened(services: Services, value: str, now: float | None = None) -> str | None:
    """The tip's id, or None for what is no session of ours, or one that is over."""
    if len(value) > 500 or not value.isascii():
        return None
    try:
        sealed = base64.urlsafe_b64decode(value)
        session = json.loads(services.cipher(_BOUND_TO).open(sealed, _BOUND_TO))
    except (binascii.Error, ValueError, SealBroken):
        return None
    return session["tip"] if session["until"] > (time.time() if now is None else now) else None


def start(request: web.Request, response: web.StreamResponse, tip_id: str) -> None:
    """Begin, or go on: the half hour counts from the last page."""
    cookies.put(request, response, cookies.TIP, seal(request.app[SERVICES], tip_id), max_age=LIFETIME_S)


def end(request: web.Request, response: web.StreamResponse) -> None:
    cookies.drop(request, response, cookies.TIP)


async def current(request: web.Request) -> tuple[Document, Document] | None:
    """The tip of this browser and its case, or None."""
    services = request.app[SERVICES]
    tip_id = opened(services, cookies.take(request, cookies.TIP))
    tip = await services.store["tips"].find_one({"_id": tip_id}) if tip_id else None
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
