"""Between password and second factor: a sealed cookie that says who gave the right password, for five minutes.

It opens no page but the one that asks for the code, and is gone after the code.
"""

import base64
import binascii
import json
import time
from dataclasses import dataclass

from aiohttp import web

from handlers import cookies
from handlers.keys import SERVICES
from services import Services
from store.sealing import SealBroken

LIFETIME_S = 5 * 60
_BOUND_TO = "login step"


@dataclass(frozen=True)
class Step:
    """`following` is where the person wanted to go."""

    account: str
    login: str
    following: str


def start(request: web.Request, response: web.StreamResponse, step: Step, now: float | None = None) -> None:
    services = request.app[SERVICES]
    until = int((time.time() if now is None else now) + LIFETIME_S)
    plain = json.dumps({"account": step.account, "login": step.login, "following": step.following, "until": until})
    value = base64.urlsafe_b64encode(services.cipher(_BOUND_TO).seal(plain.encode(), _BOUND_TO)).decode()
    cookies.put(request, response, cookies.LOGIN_STEP, value, max_age=LIFETIME_S)


def current(request: web.Request) -> Step | None:
    return opened(request.app[SERVICES], cookies.take(request, cookies.LOGIN_STEP))


def opened(services: Services, value: str, now: float | None = None) -> Step | None:
    """None for what is none of ours, or over."""
    if not value or len(value) > 2000 or not value.isascii():
        return None
    try:
        row = json.loads(services.cipher(_BOUND_TO).open(base64.urlsafe_b64decode(value), _BOUND_TO))
    except (binascii.Error, ValueError, SealBroken):
        return None
    return Step(row["account"], row["login"], row["following"]) if row["until"] > (now or time.time()) else None


def end(request: web.Request, response: web.StreamResponse) -> None:
    cookies.drop(request, response, cookies.LOGIN_STEP)
