"""The own password, the second factor, and what a reset costs a finance officer."""

import base64
import re
import time

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from access.accounts import add_account
from access.actors import Role
from access.passwords import WeakPassword, refuse_weak
from access.vault_keys import finance_key, holders
from app import public_app
from handlers import login_step
from handlers.middlewares import throttle
from tests.handlers.office import PASSWORD, Officer, office

NEW = "three unrelated words"


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        opened.server.app[throttle.THROTTLE]._limits = dict.fromkeys(throttle.LIMITS, throttle.Limit(1000, 1000))
        yield opened


def now_code(letters: str, steps: int = 0) -> str:
    totp = TOTP(base64.b32decode(letters), 6, SHA1(), 30)
    return totp.generate(int(time.time()) + 30 * steps).decode()


async def browser(house) -> TestClient:
    return await house.stack.enter_async_context(TestClient(house.server, cookie_jar=CookieJar(unsafe=True)))


async def log_in(client: TestClient, login: str, password: str = PASSWORD) -> str:
    answer = await client.post("/login", data={"login": login, "password": password}, allow_redirects=False)
    return answer.headers.get("Location", str(answer.status))


async def enrol(house, login: str) -> tuple[str, list[str]]:
    """(secret letters, paper codes)."""
    officer = await house.officer(login)
    page = await officer.post("/account/factor/begin")
    letters = re.search(r"<code>([A-Z2-7]{32})</code>", page)[1]
    assert "data:image/svg" in page
    page = await officer.post("/account/factor/confirm", {"code": now_code(letters, -1)})
    paper = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", page)
    assert len(paper) == 8
    return letters, paper


async def test_with_a_second_factor_a_password_alone_opens_nothing(house):
    letters, paper = await enrol(house, "disp")
    client = await browser(house)
    assert await log_in(client, "disp") == "/login/code"
    assert (await client.get("/desk", allow_redirects=False)).status == 303
    for wrong in ("000000", "", "12345", now_code(letters, -1), now_code(letters, 5), "aaaaa-aaaaa", "１２３４５６"):
        answer = await client.post("/login/code", data={"code": wrong}, allow_redirects=False)
        assert answer.status == 422, wrong
    answer = await client.post("/login/code", data={"code": now_code(letters)}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/desk")
    assert (await client.get("/desk")).status == 200
    # Each code works once, for whomever it was seen by.
    other = await browser(house)
    await log_in(other, "disp")
    assert (await other.post("/login/code", data={"code": now_code(letters)})).status == 422
    assert (await other.post("/login/code", data={"code": paper[0].upper()}, allow_redirects=False)).status == 303
    third = await browser(house)
    await log_in(third, "disp")
    assert (await third.post("/login/code", data={"code": paper[0]})).status == 422


async def test_the_step_between_is_sealed_and_short(house):
    await enrol(house, "disp")
    client = await browser(house)
    answer = await client.post("/login", data={"login": "disp", "password": PASSWORD}, allow_redirects=False)
    cookie = answer.cookies["login_step"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/"
    assert login_step.opened(house.services, cookie.value).account == "disp"
    assert login_step.opened(house.services, cookie.value, time.time() + 301) is None
    for broken in ("", "x", cookie.value[:-5], "A" * 3000, "é"):
        assert login_step.opened(house.services, broken) is None
    fresh = await browser(house)
    assert (await fresh.post("/login/code", data={"code": "000000"}, allow_redirects=False)).headers[
        "Location"
    ] == "/login"


async def test_codes_are_guessed_at_the_pace_of_passwords(house):
    house.server.app[throttle.THROTTLE]._limits = dict(throttle.LIMITS)
    await enrol(house, "disp")
    client = await browser(house)
    await log_in(client, "disp")
    statuses = [(await client.post("/login/code", data={"code": f"{n:06}"})).status for n in range(20)]
    assert statuses[0] == 422 and statuses[-1] == 429


async def test_nothing_of_the_secret_is_readable_in_the_database(house):
    letters, paper = await enrol(house, "disp")
    row = repr(await house.services.store["accounts"].find_one({"_id": "disp"}))
    assert letters not in row and not any(code.replace("-", "") in row for code in paper)
    trail = [entry["action"] async for entry in house.services.store["audit"].find({"subject": "account:disp"})]
    assert "add_second_factor" in trail


async def test_it_is_taken_off_with_a_code_or_by_an_administrator(house):
    _, paper = await enrol(house, "disp")
    officer = await house.officer("disp")
    assert (await officer.post("/account/factor/begin")).status == 409
    assert (await officer.post("/account/factor/remove", {"code": "000000"})).status == 422
    page = await officer.post("/account/factor/remove", {"code": paper[1]})
    assert page.url == "/login" and await log_in(await browser(house), "disp") == "/desk"
    await enrol(house, "aud")
    admin = await house.officer("adm")
    assert "取消动态码" in await admin.get("/admin")
    await admin.post("/admin/accounts/aud/remove_second_factor")
    assert await log_in(await browser(house), "aud") != "/login/code"
    await enrol(house, "adm")
    assert (await admin.post("/admin/accounts/adm/remove_second_factor")).status == 403


async def test_a_duty_that_must_have_one_sees_nothing_before(house, monkeypatch):
    await add_account(house.services.store, "disp9", "分派九", [Role.DISPATCHER], PASSWORD)
    monkeypatch.setattr(house.services.settings, "second_factor_roles", ["dispatcher"])
    strict = TestServer(public_app(house.services))
    async with TestClient(strict, cookie_jar=CookieJar(unsafe=True)) as client:
        await log_in(client, "disp9")
        assert (await client.get("/desk", allow_redirects=False)).headers["Location"] == "/account"
        assert (await client.get("/desk", headers={"Accept": "application/json"})).status == 403
        assert "必须先启用动态码" in await (await client.get("/account")).text()
        assert (await client.get("/board")).status == 200


async def test_the_own_password_is_changed_and_other_sessions_end(house):
    officer, other = await house.officer("disp"), await browser(house)
    await log_in(other, "disp")
    for data, status in [
        ({"old": "wrong", "new": NEW, "again": NEW}, 403), ({"old": PASSWORD, "new": NEW, "again": "x"}, 422),
        ({"old": PASSWORD, "new": "short", "again": "short"}, 422),
        ({"old": PASSWORD, "new": "1234567890", "again": "1234567890"}, 422),
        ({"old": PASSWORD, "new": "my disp secret", "again": "my disp secret"}, 422),
    ]:  # fmt: skip
        page = await officer.post("/account/password", data)
        assert page.status == status and PASSWORD not in page and NEW not in page, data
    page = await officer.post("/account/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert page.status == 200 and "口令已更换" in page
    assert (await officer.get("/desk")).status == 200
    assert (await other.get("/desk", allow_redirects=False)).status == 303
    assert (
        await log_in(await browser(house), "disp") == "401"
        and await log_in(await browser(house), "disp", NEW) == "/desk"
    )


@pytest.mark.parametrize(
    "password", ["password12", "1234567890", "qwertyuiop", "aaaaaaaaaaaa", "121212121212", "x" * 9]
)
def test_what_is_guessed_first_is_refused(password):
    with pytest.raises(WeakPassword):
        refuse_weak(password)


async def test_a_vault_key_goes_along_with_the_own_password(house):
    escrow = (house.services.settings.data_dir / "secrets" / "escrow.key").read_text().strip()
    officer = await house.officer("fin1")
    page = await officer.post("/finance/keys/grant_by_escrow", {"escrow": escrow, "password": "not the login password"})
    assert page.status == 403 and await holders(house.services.store) == set()
    await officer.post("/finance/keys/grant_by_escrow", {"escrow": escrow, "password": PASSWORD})
    await officer.post("/account/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert await finance_key(house.services.store, "fin1", NEW)


async def test_a_reset_takes_the_vault_key_and_leads_to_a_new_one(house):
    store = house.services.store
    escrow = (house.services.settings.data_dir / "secrets" / "escrow.key").read_text().strip()
    first, second, admin = [await house.officer(login) for login in ("fin1", "fin2", "adm")]
    assert "现在没有一位同事有钥匙" in await first.get("/finance/keys")
    await first.post("/finance/keys/grant_by_escrow", {"escrow": escrow, "password": PASSWORD})
    # The last key is not taken away by accident.
    page = await admin.post("/admin/accounts/fin1/password")
    assert page.status == 409 and "最后一把钥匙" in page and 'name="last_key"' in page
    assert await holders(store) == {"fin1"} and await log_in(await browser(house), "fin1") == "/finance"
    page = await first.post(
        "/finance/keys/grant_access",
        {"colleague": "fin2", "colleague_password": "wrong one here", "password": PASSWORD},
    )
    assert page.status == 403 and await holders(store) == {"fin1"}
    await first.post(
        "/finance/keys/grant_access", {"colleague": "fin2", "colleague_password": PASSWORD, "password": PASSWORD}
    )
    assert await holders(store) == {"fin1", "fin2"} and "每一位财务人员都有钥匙" in await first.get("/finance/keys")
    page = await admin.post("/admin/accounts/fin1/password")
    given = re.search(r'class="receipt-code">([^<]+)<', page)[1]
    assert page.status == 200 and "还有一步" in page and "保密柜钥匙" in page
    assert await holders(store) == {"fin2"}
    client = await browser(house)
    await log_in(client, "fin1", given)
    again = Officer(client)
    page = await again.get("/finance/keys")
    assert "您还没有钥匙" in page and "财务周" in page
    assert "没有，要开通" in await second.get("/finance/keys")
    await second.post(
        "/finance/keys/grant_access", {"colleague": "fin1", "colleague_password": given, "password": PASSWORD}
    )
    assert await finance_key(store, "fin1", given)
    await house.officer("disp")
    assert "还有一步" not in await admin.post("/admin/accounts/disp/password")
