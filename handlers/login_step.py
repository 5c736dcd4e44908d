"""Between password and second factor: a sealed cookie that says who gave the right password, for five minutes.

It opens no page but the one that asks for the code, and is gone after the code.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from handlers import cookies
from services import Services

_COOKIE = cookies.Sealed(cookies.LOGIN_STEP, "login step", lifetime_s=5 * 60, longest=2000)


@dataclass(frozen=True)
class Step:
    """`following` is where the person wanted to go."""

    account: str
    login: str
    following: str


def start(request: web.Request, response: web.StreamResponse, step: Step) -> None:
    _COOKIE.put(request, response, asdict(step))


def current(request: web.Request) -> Step | None:
    return _step(_COOKIE.take(request))


def opened(services: Services, value: str, now: float | None = None) -> Step | None:
    """None for what is none of ours, or over."""
    return _step(_COOKIE.opened(services, value, now))


def end(request: web.Request, response: web.StreamResponse) -> None:
    cookies.drop(request, response, cookies.LOGIN_STEP)


def _step(content: Mapping[str, Any] | None) -> Step | None:
    return Step(content["account"], content["login"], content["following"]) if content else None
