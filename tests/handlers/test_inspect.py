"""The inspector's orders and the supervisor's pages."""

import pytest

from access import audit
from cases.states import State
from tests.handlers.office import FINDING, measures, office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def do(house, login, path, case_id, action, data=()):
    version = str((await house.case(case_id))["version"])
    officer = await house.officer(login)
    return await officer.post(f"{path}/{case_id}/{action}", [("version", version), *data])


async def test_an_order_never_shows_the_reporter(house):
    case_id = await house.file(photo=b"jpeg")
    await house.accepted_and_assigned(case_id)
    tip = await house.services.store["tips"].find_one({"case_id": case_id})
    inspector = await house.officer("ins1")
    for path in ("/orders", f"/orders/{case_id}"):
        page = await inspector.get(path)
        assert page.status == 200 and "锁闭" in page
        for secret in ("小王", "铁链", "收银", tip["number"], "网页表单", "/staff/evidence", tip["_id"], "受理决定"):
            assert secret not in page, (path, secret)
    assert (await (await house.officer("ins2")).get(f"/orders/{case_id}")).status == 404
    assert (await inspector.get(f"/desk/cases/{case_id}")).status == 403


async def test_from_signing_to_recheck(house):
    case_id = await house.file()
    await house.substantiated(case_id)
    case = await house.case(case_id)
    assert case["state"] == State.REPLIED and case["penalty_fen"] == 3_000_000
    assert case["finding"]["officers"] == ["赵一", "钱二"] and len(case["measures"]) == 2
    recheck = [("checked_on", "2026-11-23"), ("text", "已打开。")]
    page = await do(house, "ins1", "/orders", case_id, "recheck", recheck)
    assert page.status == 403 and "另一名" in page
    assert case_id in await (await house.officer("ins2")).get("/orders")
    page = await do(house, "ins2", "/orders", case_id, "recheck", recheck)
    assert page.status == 200 and (await house.case(case_id))["state"] == State.RECTIFIED
    assert (await audit.verify(house.services.store))[1] is None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ([("result", "maybe")], "result"), ([("officers", "赵一"), ("officers", "赵一")], "officers"),
        ([("officers", "赵一")], "officers"), ([("checked_on", "")], "checked_on"),
        ([("checked_on", "2099-01-01")], "checked_on"),
        ([("text", " ")], "text"),
    ],
)  # fmt: skip
async def test_a_finding_with_a_mistake_keeps_what_was_typed(house, changed, field):
    case_id = await house.file()
    await house.accepted_and_assigned(case_id)
    await do(house, "ins1", "/orders", case_id, "sign")
    await do(house, "ins1", "/orders", case_id, "start_check")
    names = {name for name, _ in changed}
    data = [pair for pair in FINDING if pair[0] not in names] + changed
    page = await do(house, "ins1", "/orders", case_id, "record_finding", data)
    assert page.status == 422 and "field-error" in page
    assert f'id="record_finding-{field}' in page
    assert field == "text" or "二楼东侧安全出口被铁链锁闭" in page
    assert (await house.case(case_id))["state"] == State.VERIFYING


async def concluded(house):
    case_id = await house.file()
    await house.accepted_and_assigned(case_id)
    for action, data in [("sign", []), ("start_check", []), ("record_finding", FINDING)]:
        await do(house, "ins1", "/orders", case_id, action, data)
    return case_id


@pytest.mark.parametrize(
    ("amount", "problem"),
    [("三万", "penalty_fen-0"), ("-1", "penalty_fen-0"), ("", "kind-0"), ("0.001", "penalty_fen-0")],
)
async def test_a_wrong_fine_is_shown_in_its_row(house, amount, problem):
    case_id = await concluded(house)
    page = await do(house, "ins1", "/orders", case_id, "decide_measures", measures(amount))
    assert page.status in (400, 422) and f'id="decide_measures-{problem}-error"' in page and "打开安全出口" in page


async def test_one_more_row_without_javascript_loses_nothing(house):
    case_id = await concluded(house)
    page = await do(house, "ins1", "/orders", case_id, "decide_measures", [("more", "1"), *measures("30000")])
    assert page.status == 200 and 'name="rows" value="4"' in page and "打开安全出口" in page and 'name="kind-3"' in page
    assert (await house.case(case_id))["state"] == State.CONCLUDED


async def test_no_penalty_is_for_the_supervisor_alone(house):
    case_id = await concluded(house)
    rows = [
        ("rows", "1"),
        ("kind-0", "none_with_reason"),
        ("text-0", "情节轻微并已当场改正。"),
        ("decided_on-0", "2026-11-21"),
    ]
    page = await do(house, "ins1", "/orders", case_id, "reply", [("text", "不处理。")])
    assert page.status == 400 and "两个必罚" in page
    page = await do(house, "ins1", "/orders", case_id, "decide_measures", rows)
    assert page.status == 403
    page = await do(house, "sup", "/supervise/cases", case_id, "decide_measures", rows)
    assert page.status == 200 and (await house.case(case_id))["state"] == State.MEASURES


async def test_the_supervisor_sees_what_is_late_and_extends_once(house):
    from datetime import UTC, datetime, timedelta

    case_id = await house.file()
    await house.accepted_and_assigned(case_id)
    await do(house, "ins1", "/orders", case_id, "sign")
    late = datetime.now(UTC) - timedelta(days=3)
    await house.services.store["cases"].update_one(
        {"_id": case_id, "clocks.id": "verify_close"}, {"$set": {"clocks.$.due_at": late, "found_by.due": late}}
    )
    supervisor = await house.officer("sup")
    page = await supervisor.get("/supervise")
    assert "逾期1件" in page.replace(":", ":") and "已逾期" in page
    assert case_id not in await (await house.officer("sup_other")).get("/supervise")
    for days in ("", "abc", "99"):
        page = await do(house, "sup", "/supervise/cases", case_id, "extend", [("days", days), ("reason", "检测要时间")])
        assert page.status == 422 and "检测要时间" in page
    page = await do(house, "sup", "/supervise/cases", case_id, "extend", [("days", "30"), ("reason", "检测要时间")])
    assert page.status == 200 and "已延长30日" in page
    page = await do(house, "sup", "/supervise/cases", case_id, "extend", [("days", "5"), ("reason", "再延")])
    assert "只能延长一次" in page
