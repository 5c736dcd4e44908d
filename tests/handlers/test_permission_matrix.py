"""Every address asked for by every duty and by nobody, against the table; then who may touch which single case."""

import re
import secrets
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from access import sessions
from access.accounts import actor_of
from access.actors import Role
from access.permissions import TABLE, Permission
from app import internal_app
from handlers.cookies import SESSION, named
from handlers.routes import PUBLIC
from handlers.staff_routes import ROWS
from tests.handlers.office import OFFICERS, office
from tests.handlers.test_finance_pages import proposed
from tests.permission_table import STAFF, page, routes

NOBODY = None
SAYS_NO = "您的岗位不能使用这个页面"
# These end the session that asks.
ENDING = {("POST", "/logout"), ("POST", "/sessions")}


@pytest.fixture(scope="module")
def accounts() -> dict[Role, dict]:
    return {
        role: {"_id": f"one.{role}", "login": f"one.{role}", "name": "某人", "roles": [role], "district": None,
               "password_hash": "", "disabled": False, "created_at": datetime.now(UTC)}
        for role in STAFF
    }  # fmt: skip


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


def test_every_address_names_a_permission_and_no_permission_is_for_nobody():
    for method, path, _, permission in [*PUBLIC, *ROWS]:
        assert permission is Permission.PUBLIC or TABLE[permission], (method, path)
    assert set(TABLE) == set(Permission) - {Permission.PUBLIC}
    # A public address must be meant to be one: nothing below the desks' prefixes is.
    desks = (
        "/staff",
        "/desk",
        "/orders",
        "/supervise",
        "/finance",
        "/publish",
        "/audit",
        "/leader",
        "/admin",
        "/hotline",
        "/enterprises",
        "/sweeps",
        "/checks",
        "/regularities",
        "/ranking",
        "/bulletin",
    )
    assert not [path for _, path, _, permission in [*PUBLIC, *ROWS] if permission is Permission.PUBLIC
                and path.startswith(desks)]  # fmt: skip


async def test_the_application_has_no_address_outside_the_table(house):
    known = {(route.method, route.path) for route in routes()}
    for route in house.server.app.router.routes():
        if isinstance(route.resource, web.StaticResource):
            assert route.resource.canonical == "/static"
            continue
        method = "GET" if route.method == "HEAD" else route.method
        path = re.sub(r"\{(\w+)\}", r"{\1}", route.resource.canonical)
        assert (method, path) in {(m, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", p)) for m, p in known}, route
        assert isinstance(getattr(route.handler, "permission", None), Permission), route


def test_the_written_table_is_up_to_date(project):
    written = (project / "docs" / "permissions.md").read_text("utf-8")
    assert written == page(), "run: python -m tests.permission_table > docs/permissions.md"


def filled(path: str) -> str:
    """An address with a name that nothing has in each place."""
    return re.sub(r"\{(\w+)(?::([\w.]+)[^}]*)?\}", lambda found: found[2] or "none", path)


@pytest.mark.parametrize("role", [NOBODY, *STAFF], ids=lambda role: str(role or "nobody"))
async def test_every_address_opens_to_its_duties_and_to_nobody_else(house, accounts, role):
    store = house.services.store
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(TestClient(house.server, cookie_jar=CookieJar(unsafe=True)))
        csrf = ""
        if role is not NOBODY:
            await store["accounts"].insert_one(accounts[role])

        async def log_in() -> str:
            token = await sessions.start(store, actor_of(accounts[role]))
            client.session.cookie_jar.update_cookies({named(house.services.settings, SESSION): token})
            return sessions.csrf_token(token)

        if role is not NOBODY:
            csrf = await log_in()
        wrong = []
        for method, path, permission in routes():
            headers = {"Accept": "text/html", "X-CSRF-Token": csrf, "Sec-Fetch-Site": "same-origin"}
            answer = await client.request(method, filled(path), headers=headers, data={} if method == "POST" else None,
                                          allow_redirects=False)  # fmt: skip
            text = await answer.text(errors="replace")
            to_login = answer.status == 401 or answer.headers.get("Location", "").startswith("/login")
            refused = SAYS_NO in text
            if permission is Permission.PUBLIC or (role is not NOBODY and role in TABLE[permission]):
                right = not refused and answer.status < 500 and (not to_login or path.startswith("/log"))
            else:
                right = to_login if role is NOBODY else (answer.status == 403 and refused)
            if not right:
                wrong.append((method, path, answer.status, text[:80]))
            if role is not NOBODY and (method, path) in ENDING:
                csrf = await log_in()
        assert wrong == []


async def test_the_internal_port_opens_to_its_secret_only(house):
    async with TestClient(TestServer(internal_app(house.services))) as client:
        for route in client.app.router.routes():
            path = filled(route.resource.canonical)
            for headers in (
                {},
                {"Authorization": "Bearer "},
                {"Authorization": "Bearer " + "0" * 64},
                {"Authorization": "é"},
            ):
                assert (await client.request(route.method, path, headers=headers)).status == 401, path


# ---- single cases: of another district, another's order, one's own proposal

AWAY = {
    "disp_away": ("崂山分派员", Role.DISPATCHER, "崂山区"), "sup_away": ("崂山督办员二", Role.SUPERVISOR, "崂山区"),
    "duty_away": ("崂山值班", Role.DUTY, "崂山区"), "boss_away": ("崂山领导", Role.LEADER, "崂山区"),
    "fin_away": ("崂山财务", Role.FINANCE, "崂山区"), "aud_away": ("崂山审计", Role.AUDITOR, "崂山区"),
    "pub_away": ("崂山公开", Role.PUBLISHER, "崂山区"), "ins_away": ("崂山检查员", Role.INSPECTOR, "崂山区"),
}  # fmt: skip
WORDS = ("铁链", "三楼收银", "某商场")
CASE_PAGES = {
    "disp_away": ["/desk/cases/{case}"], "duty_away": ["/desk/cases/{case}"],
    "sup_away": ["/supervise/cases/{case}"], "boss_away": ["/supervise/cases/{case}"],
    "fin_away": ["/finance/cases/{case}"], "ins_away": ["/orders/{case}"], "ins2": ["/orders/{case}"],
}  # fmt: skip
DEEDS = [
    ("disp_away", "/desk/cases/{case}/accept"), ("disp_away", "/desk/cases/{case}/refuse"),
    ("disp_away", "/desk/cases/{case}/transfer"), ("disp_away", "/desk/cases/{case}/ask_reporter"),
    ("disp_away", "/desk/cases/{case}/unmerge"), ("disp_away", "/desk/cases/{case}/link_enterprise"),
    ("sup_away", "/supervise/cases/{case}/link_recurrence"), ("disp_away", "/desk/cases/{case}/merge"), ("disp_away", "/desk/cases/{case}/assign"),
    ("sup_away", "/supervise/cases/{case}/extend"), ("sup_away", "/supervise/cases/{case}/assign"),
    ("sup_away", "/supervise/cases/{case}/reply"), ("boss_away", "/supervise/cases/{case}/transfer"),
    ("fin_away", "/finance/cases/{case}/not_eligible"), ("ins_away", "/orders/{case}/sign"),
    ("ins2", "/orders/{case}/sign"), ("ins2", "/orders/{case}/return"), ("ins2", "/orders/{case}/reply"),
]  # fmt: skip
FORM = {
    "types": "exit_blocked_locked", "district": "市北区", "street": "市北区 辽宁路街道", "company": "某商场",
    "summary": "别的区的人写的摘要。", "department": "某部门", "inspector_id": "ins2", "reason": "not_safety",
    "text": "说明说明说明", "to": "某局", "into": "ABCDE-12345", "days": "5", "evidence": "没有这个地方，到过现场。",
    "tip": "t",
}  # fmt: skip


@pytest.fixture
async def assigned(house, monkeypatch):
    for login, who in AWAY.items():
        monkeypatch.setitem(OFFICERS, login, who)
    case_id = await house.file()
    await house.accepted_and_assigned(case_id)
    return case_id


async def test_a_case_of_another_district_is_not_there(house, assigned):
    case = await house.case(assigned)
    for login, pages in CASE_PAGES.items():
        officer = await house.officer(login)
        for path in pages:
            page = await officer.get(path.format(case=assigned))
            assert page.status == 404 and not any(word in page for word in WORDS), (login, path)
    for login, path in DEEDS:
        page = await (await house.officer(login)).post(
            path.format(case=assigned), {**FORM, "version": str(case["version"])}
        )
        assert page.status in (403, 404, 409, 422) and not any(word in page for word in WORDS), (
            login,
            path,
            page.status,
        )
    assert await house.case(assigned) == case


async def test_a_reward_of_another_district_is_not_there(house, monkeypatch):
    for login, who in AWAY.items():
        monkeypatch.setitem(OFFICERS, login, who)
    _, reward_id = await proposed(house)
    before = await house.services.store["rewards"].find_one({"_id": reward_id})
    for login in ("fin_away", "boss_away", "aud_away"):
        assert (await (await house.officer(login)).get(f"/finance/rewards/{reward_id}")).status == 404
    for name in ("reward.approve", "reward.notify", "reward.not_eligible", "reward.forfeited"):
        page = await (await house.officer("fin_away")).post(
            f"/finance/rewards/{reward_id}/{name}", {"version": str(before["version"]), "reason": "别区"}
        )
        assert page.status == 404, name
    assert await house.services.store["rewards"].find_one({"_id": reward_id}) == before


async def test_lists_of_another_district_do_not_show_it(house, assigned):
    for login, path in [
        ("disp_away", "/desk?state=all"), ("disp_away", f"/desk?case={assigned}"), ("duty_away", "/desk?state=all"),
        ("disp_away", "/desk/unclaimed"), ("sup_away", "/supervise"), ("boss_away", "/supervise"),
        ("fin_away", "/finance"), ("ins_away", "/orders"), ("ins2", "/orders"), ("pub_away", "/publish"),
        ("sup_away", "/enterprises"), ("sup_away", "/sweeps"), ("boss_away", "/regularities"), ("ins_away", "/sweeps"),
    ]:  # fmt: skip
        page = await (await house.officer(login)).get(path)
        # An address that was typed is shown again, in the link that changes the size of letters.
        rest = re.sub(rf'back=[^"]*{assigned}', "", page)
        assert assigned not in rest and not any(word in rest for word in WORDS), (login, path)


async def test_evidence_opens_in_the_own_district_and_never_to_the_inspector(house, monkeypatch):
    from tests.handlers.citizens import jpeg

    for login, who in AWAY.items():
        monkeypatch.setitem(OFFICERS, login, who)
    case_id = await house.file(photo=jpeg())
    tip = await house.services.store["tips"].find_one({})
    name = await house.services.evidence.put(b"%PDF-1.7 by somebody")
    row = {"tip_id": tip["_id"], "case_id": case_id, "kind": "document", "file": name, "extension": "pdf", "size": 20,
           "original_sha256": "0" * 64}  # fmt: skip
    await house.services.store["evidence"].insert_one({"_id": "doc", **row})
    photo = await house.services.store["evidence"].find_one({"kind": "photo"})
    for path in (
        f"/staff/evidence/{photo['_id']}/full",
        f"/staff/evidence/{photo['_id']}/thumb",
        "/staff/evidence/doc/file",
    ):
        for login, status in [("disp", 200), ("sup", 200), ("duty", 200), ("disp_away", 404), ("sup_away", 404),
                              ("duty_away", 404), ("ins1", 403), ("ins2", 403), ("fin1", 403), ("adm", 403)]:  # fmt: skip
            answer = await (await house.officer(login)).client.get(path)
            assert answer.status == status, (login, path)
    answer = await (await house.officer("disp")).client.get("/staff/evidence/doc/file")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="evidence.pdf"'
    assert (
        "sandbox" in answer.headers["Content-Security-Policy"] and answer.headers["X-Content-Type-Options"] == "nosniff"
    )
    for path in (
        f"/staff/evidence/{photo['_id']}/original",
        f"/staff/evidence/{photo['_id']}/file",
        "/staff/evidence/doc/full",
    ):
        assert (await (await house.officer("disp")).client.get(path)).status == 404
    entry = await house.services.store["audit"].find_one({"action": "download_evidence", "subject": "account:disp"})
    assert entry["detail"] == {"case": case_id, "evidence": "doc", "kind": "document"}


async def test_an_account_with_two_duties_has_both_and_no_more(house):
    from access.accounts import add_account
    from tests.handlers.office import PASSWORD, Officer

    login = f"both{secrets.token_hex(2)}"
    await add_account(house.services.store, login, "两岗", [Role.PUBLISHER, Role.AUDITOR], PASSWORD)
    client = await house.stack.enter_async_context(TestClient(house.server, cookie_jar=CookieJar(unsafe=True)))
    await client.post("/login", data={"login": login, "password": PASSWORD}, allow_redirects=False)
    officer = Officer(client)
    assert {path: (await officer.get(path)).status for path in ("/publish", "/audit", "/desk", "/finance", "/admin")} == {
        "/publish": 200, "/audit": 200, "/desk": 403, "/finance": 403, "/admin": 200,
    }  # fmt: skip
