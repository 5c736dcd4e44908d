"""Over https a cookie belongs to this host alone, is closed to scripts, and can be taken back."""

from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from handlers import cookies
from handlers.keys import SERVICES

NAMES = (cookies.SESSION, cookies.CONVERSATION, cookies.TIP, cookies.LOGIN_STEP, cookies.LARGE_TEXT)


def asked(secure: bool, **headers: str) -> web.Request:
    app = web.Application()
    app[SERVICES] = SimpleNamespace(settings=SimpleNamespace(secure_cookies=secure))  # type: ignore[misc]
    return make_mocked_request("GET", "/", headers=headers, app=app)


@pytest.mark.parametrize("name", NAMES)
def test_over_https_its_name_keeps_it_to_this_host(name):
    response = web.Response()
    cookies.put(asked(True), response, name, "value", max_age=60)
    told = response.cookies[f"__Host-{name}"]
    assert (told["secure"], told["httponly"], told["path"], told["domain"]) == (True, True, "/", "")
    assert told["samesite"] == "Strict" and told["max-age"] == "60"
    assert cookies.take(asked(True, Cookie=f"__Host-{name}=value; {name}=planted"), name) == "value"
    assert cookies.take(asked(True, Cookie=f"{name}=planted"), name) == ""
    cookies.drop(asked(True), response, name)
    assert response.cookies[f"__Host-{name}"]["max-age"] == "0" and response.cookies[f"__Host-{name}"]["secure"]


def test_without_https_it_has_its_plain_name():
    response = web.Response()
    cookies.put(asked(False), response, cookies.TIP, "value")
    assert not response.cookies["tip"]["secure"] and cookies.take(asked(False, Cookie="tip=value"), "tip") == "value"
