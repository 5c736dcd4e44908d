"""Every cookie is set, read and taken back here: closed to scripts and, over https, kept to this host by its name (__Host-).

A sealed one says something that only we can read, for a time; so nothing has to be stored on the server.
"""

import base64
import binascii
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from handlers.keys import SERVICES
from services import Services
from settings import Settings
from store.sealing import SealBroken

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


@dataclass(frozen=True)
class Sealed:
    """A sealed cookie: its `name`, the `purpose` of its key, how many seconds it is good, how `long` it may be."""

    name: str
    purpose: str
    lifetime_s: int
    longest: int

    def put(self, request: web.Request, response: web.StreamResponse, content: Mapping[str, str]) -> None:
        """The time counts from now, also when it was there before."""
        until = int(time.time() + self.lifetime_s)
        plain = json.dumps({**content, "until": until}).encode()
        value = base64.urlsafe_b64encode(request.app[SERVICES].cipher(self.purpose).seal(plain, self.purpose)).decode()
        put(request, response, self.name, value, max_age=self.lifetime_s)

    def take(self, request: web.Request) -> Mapping[str, Any] | None:
        return self.opened(request.app[SERVICES], take(request, self.name))

    def opened(self, services: Services, value: str, now: float | None = None) -> Mapping[str, Any] | None:
        """None for what is none of ours, or over."""
        if len(value) > self.longest or not value.isascii():
            return None
        try:
            content = json.loads(services.cipher(self.purpose).open(base64.urlsafe_b64decode(value), self.purpose))
        except (binascii.Error, ValueError, SealBroken):
            return None
        return content if content["until"] > (time.time() if now is None else now) else None
