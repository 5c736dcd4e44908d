"""Login and the edge: permissions, foreign forms, errors, sizes, headers, slow-down. Real sessions in real MongoDB."""

from types import SimpleNamespace

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from pymongo.errors import ServerSelectionTimeoutError

from access.accounts import add_account
from access.actors import Role
from access.permissions import Permission
from handlers import login, middlewares
from handlers.keys import NAVIGATION, SERVICES
from handlers.middlewares import security_headers
from handlers.middlewares.permissions import guarded
from handlers.middlewares.throttle import THROTTLE, Limit, Throttle, TooOften
from handlers.pages import local_path, text_size
from settings import Settings
from store.errors import Conflict
from store.keys import Keys

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
PASSWORD = "a long password"


async def hello(request):
    return web.json_response({"actor": request["actor"].id if request["actor"] else None})


async def echo(request):
    form = await request.post()
    return web.Response(text=str(len(form.get("what", ""))))


async def conflict(request):
    raise Conflict("李雷已于11月23日签收。", field="version")


async def broken(request):
    raise RuntimeError("canary 13812345678")


async def database_gone(request):
    raise ServerSelectionTimeoutError("canary")


@pytest.fixture
async def browser(store):
    """A client that keeps cookies; `csrf()` reads the token as a page would show it."""
    settings = Settings(_env_file=None, public_url="")
    services = SimpleNamespace(settings=settings, keys=Keys(b"k" * 32), store=store)
    app = web.Application(middlewares=middlewares.public(services))
    app[SERVICES] = services
    app[NAVIGATION] = [("/desk", "分派台", Permission.DISPATCH)]
    middlewares.add_signals(app, services)
    P = Permission
    for method, path, handler, permission in [
        ("GET", "/", hello, P.PUBLIC),
        ("GET", "/login", login.login_page, P.PUBLIC), ("POST", "/login", login.login, P.PUBLIC),
        ("POST", "/logout", login.logout, P.STAFF), ("GET", "/sessions", login.my_sessions, P.STAFF),
        ("POST", "/sessions", login.end_session, P.STAFF), ("GET", "/text-size", text_size, P.PUBLIC),
        ("GET", "/desk", hello, P.DISPATCH), ("POST", "/desk", echo, P.DISPATCH),
        ("GET", "/ledger", hello, P.HANDLE_REWARDS), ("POST", "/report", echo, P.PUBLIC),
        ("GET", "/conflict", conflict, P.PUBLIC), ("GET", "/broken", broken, P.PUBLIC),
        ("GET", "/gone", database_gone, P.PUBLIC),
    ]:  # fmt: skip
        app.router.add_route(method, path, guarded(permission, handler))
    app.router.add_get("/forgotten", hello)
    await add_account(store, "li.lei", "李雷", [Role.DISPATCHER], PASSWORD)
    async with TestClient(TestServer(app), headers={"Accept": "text/html"}) as client:
        yield client


async def log_in(browser, login="li.lei", password=PASSWORD, **more):
    return await browser.post("/login", data={"login": login, "password": password, **more}, allow_redirects=False)


async def csrf_of(browser):
    page = await (await browser.get("/sessions")).text()
    return page.split('name="csrf" value="')[1].split('"')[0]


async def test_login_leads_back_and_out_again(browser):
    asked = await browser.get("/desk", allow_redirects=False)
    assert (asked.status, asked.headers["Location"]) == (303, "/login?next=/desk")
    done = await log_in(browser, next="/desk?state=triage")
    assert done.headers["Location"] == "/desk?state=triage"
    cookie = done.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert (await (await browser.get("/desk")).json())["actor"] == "li.lei"
    out = await browser.post("/logout", data={"csrf": await csrf_of(browser)}, allow_redirects=False)
    assert out.status == 303
    assert (await browser.get("/desk", allow_redirects=False)).status == 303


async def test_login_without_a_target_opens_the_first_page_of_the_menu(browser):
    assert (await log_in(browser, next="//evil.example")).headers["Location"] == "/desk"


async def test_wrong_login_says_so_in_chinese_and_keeps_the_name(browser):
    answer = await log_in(browser, password="wrong password")
    page = await answer.text()
    assert answer.status == 401 and "登录名或口令不对" in page and 'value="li.lei"' in page


async def test_other_duties_get_a_page_that_says_no(browser):
    await log_in(browser)
    answer = await browser.get("/ledger")
    assert answer.status == 403 and "需要的岗位:财务" in await answer.text()


async def test_a_route_without_permission_is_closed(browser):
    assert (await browser.get("/forgotten")).status == 403


async def test_staff_forms_need_the_token(browser):
    await log_in(browser)
    assert (await browser.post("/desk", data={"what": "x"})).status == 403
    assert (await browser.post("/desk", data={"what": "x", "csrf": "0" * 64})).status == 403
    token = await csrf_of(browser)
    assert (await browser.post("/desk", data={"what": "x", "csrf": token})).status == 200
    upload = FormData({"csrf": token, "what": "xx"}, default_to_multipart=True)
    assert await (await browser.post("/desk", data=upload)).text() == "2"
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await browser.post("/desk", data={"csrf": token}, headers=headers)).status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "null"}, 200),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
async def test_a_citizen_without_cookie_files_from_our_page(browser, headers, status):
    assert (await browser.post("/report", data={"what": "漏气"}, headers=headers)).status == status


async def test_a_conversation_in_an_old_browser_needs_its_token(browser):
    cookies = {"Cookie": "conversation=abc"}
    assert (await browser.post("/report", data={"what": "漏气"}, headers=cookies)).status == 403
    known = {**cookies, "Sec-Fetch-Site": "same-origin"}
    assert (await browser.post("/report", data={"what": "漏气"}, headers=known)).status == 200


async def test_refusals_as_page_and_as_json(browser):
    page = await browser.get("/conflict")
    assert page.status == 409 and "李雷已于" in await page.text()
    told = await browser.get("/conflict", headers={"Accept": "application/json"})
    assert (told.status, await told.json()) == (409, {"message": "李雷已于11月23日签收。", "field": "version"})


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/nowhere", 404, "没有找到"), ("/broken", 500, "系统出错"), ("/gone", 503, "没有收下")],
)
async def test_errors_are_pages_without_traces(browser, path, status, words):
    answer = await browser.get(path)
    page = await answer.text()
    assert answer.status == status and words in page
    assert "canary" not in page and "Traceback" not in page


async def test_wrong_method(browser):
    assert (await browser.post("/conflict")).status == 405


async def test_size_is_counted_as_it_streams(browser):
    assert await (await browser.post("/report", data={"what": "火" * 100_000})).text() == "100000"
    promised = await browser.post("/report", data={"what": "x" * 3_000_000})
    assert promised.status == 413 and "内容太大" in await promised.text()

    async def endless():
        yield b"what="
        for _ in range(40):
            yield b"x" * 100_000

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await browser.post("/report", data=endless(), headers=headers)).status == 413


@pytest.mark.parametrize("path", ["/", "/nowhere", "/broken", "/login"])
async def test_every_answer_has_the_strict_headers(browser, path):
    headers = (await browser.get(path)).headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    for strict in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert strict in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "Server" not in headers


async def test_over_https_browsers_are_told_to_stay_there():
    app = web.Application()
    security_headers.add(app, SimpleNamespace(secure_cookies=True))
    async with TestClient(TestServer(app)) as client:
        told = (await client.get("/none")).headers["Strict-Transport-Security"]
    assert "includeSubDomains" in told and int(told.split("max-age=")[1].split(";")[0]) >= 365 * 86400


async def test_login_is_slowed_down_not_locked(browser):
    browser.app[THROTTLE]._limits = {"login_source": Limit(3, 1), "login_account": Limit(3, 1)}
    statuses = [(await log_in(browser, password="wrong password")).status for _ in range(4)]
    assert statuses[0] == 401 and statuses[-1] == 429


def test_buckets_fill_again():
    now = [0.0]
    throttle = Throttle({"receipt_source": Limit(2, 6)}, clock=lambda: now[0])
    throttle.take("receipt_source", "a")
    throttle.take("receipt_source", "a")
    with pytest.raises(TooOften) as refused:
        throttle.take("receipt_source", "a")
    assert refused.value.retry_after_s == 10
    throttle.take("receipt_source", "b")
    now[0] = 10
    throttle.take("receipt_source", "a")


async def test_sessions_are_listed_and_ended(browser, store):
    await log_in(browser)
    assert "本次" in await (await browser.get("/sessions")).text()
    await browser.post("/sessions", data={"csrf": await csrf_of(browser), "session": "all"})
    assert await store["sessions"].count_documents({}) == 0


async def test_large_letters(browser):
    page = await (await browser.get("/text-size?large=1&back=/login")).text()
    assert 'class="large-text"' in page


@pytest.mark.parametrize("target", ["//evil", "/\\evil", "https://evil", "evil", "", None, "/a\nb"])
def test_only_paths_of_ours(target):
    assert local_path(target) == "/"
