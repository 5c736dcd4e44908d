"""Supervision orders and their answers, cards and breaches, extensions and suspensions, calendars: through the pages."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import FormData

from cases import deadlines, scan
from store.local_time import LOCAL
from tests.cases.test_calendar_years import file as calendar_file
from tests.handlers.office import office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened
    deadlines.use_calendars({})


async def do(house, login, path, case_id, action, **data):
    version = str((await house.case(case_id))["version"])
    officer = await house.officer(login)
    return await officer.post(f"{path}/{case_id}/{action}", {"version": version, **data})


async def late(house, days=70):
    """A case whose check is late, with the inspector; scanned."""
    case_id = await house.file()
    await house.accepted_and_assigned(case_id)
    await do(house, "ins1", "/orders", case_id, "sign")
    now = datetime.now(UTC) + timedelta(days=days)
    await scan.scan(house.services.store, now)
    return case_id


async def test_the_level_above_answers_the_supervision_order(house):
    case_id = await late(house)
    order = await house.services.store["notices"].find_one({"level": "supervise", "clock": "verify_close"})
    assert (order["post"], order["person"], order["to"]) == ("inspector", "ins1", ["supervisor"])
    supervisor = await house.officer("sup")
    assert "等您答复的督办单" in await supervisor.get("/supervise")
    assert "等您答复的督办单" not in await (await house.officer("sup_other")).get("/supervise")
    page = await supervisor.get(f"/supervise/cases/{case_id}")
    assert "答复督办单：核查办结逾期" in page and "红牌" in page and "黄牌" in page and "已越过，只记录不发送" in page
    page = await do(house, "sup", "/supervise/cases", case_id, "answer_supervision", notice=order["_id"], text="")
    assert page.status == 422
    page = await do(house, "sup", "/supervise/cases", case_id, "answer_supervision", notice="x", text="已约谈。")
    assert page.status == 409 and "已经答复过，或不存在" in page
    answer = {"notice": order["_id"], "text": "设备检测拖延，已约谈检查员，下周三前办结。"}
    page = await do(house, "sup", "/supervise/cases", case_id, "answer_supervision", **answer)
    assert page.status == 200 and "已约谈检查员" in page and "答复督办单" not in page
    page = await do(house, "sup", "/supervise/cases", case_id, "answer_supervision", **answer)
    assert page.status == 409
    entry = await house.services.store["audit"].find_one({"action": "answer_supervision"})
    assert entry["detail"]["data"] == {"notice": order["_id"]} and "约谈" not in str(entry)


async def test_an_order_to_the_city_is_not_answered_by_the_district(house):
    case_id = await late(house)
    store = house.services.store
    order = await store["notices"].find_one({"level": "supervise", "clock": "verify_close"})
    data = {"notice": order["_id"], "text": "已督促。"}
    await house.officer("sup")
    await store["accounts"].update_one({"_id": "sup"}, {"$set": {"district": "市北区"}})
    page = await do(house, "sup", "/supervise/cases", case_id, "answer_supervision", **data)
    assert page.status == 403 and "不是发给您这一级" in page
    page = await do(house, "boss", "/supervise/cases", case_id, "answer_supervision", **data)
    assert page.status == 200 and "已督促。" in page


async def test_breaches_are_counted_listed_and_downloaded(house):
    case_id = await late(house)
    case = await house.case(case_id)
    due = next(clock["due_at"] for clock in case["clocks"] if clock["id"] == "verify_close")
    month = f"{(due - timedelta(seconds=1)).astimezone(LOCAL):%Y-%m}"
    supervisor = await house.officer("sup")
    page = await supervisor.get(f"/supervise/breaches?month={month}")
    assert page.status == 200 and case_id in page and "检查员赵" in page and "分派台" in page and "未办结" in page
    assert case_id not in await (await house.officer("sup_other")).get(f"/supervise/breaches?month={month}")
    answer = await supervisor.client.get(f"/supervise/breaches.csv?month={month}")
    text = (await answer.read()).decode("utf-8-sig")
    assert answer.content_type == "text/csv" and f"breaches-{month}.csv" in answer.headers["Content-Disposition"]
    assert text.splitlines()[0].startswith("案件,区市,期限") and case_id in text and "检查员赵" in text
    for login, status in (("boss", 200), ("disp", 403), ("ins1", 403)):
        assert (await (await house.officer(login)).get("/supervise/breaches")).status == status
    page = await supervisor.get("/supervise/breaches?month=%24where&post=%7B%7D")
    assert page.status == 200


async def test_an_extension_in_two_steps(house):
    case_id = await house.file()
    await house.accepted_and_assigned(case_id)
    await do(house, "ins1", "/orders", case_id, "sign")
    page = await do(house, "ins1", "/orders", case_id, "ask_extension", days="99", reason="检测排队")
    assert page.status == 422 and "检测排队" in page
    page = await do(house, "ins1", "/orders", case_id, "ask_extension", days="10", reason="检测排队")
    assert page.status == 200 and "等督办员决定" in page
    supervisor = await house.officer("sup")
    assert "检测排队" in await supervisor.get(f"/supervise/cases/{case_id}")
    assert case_id in await supervisor.get("/supervise")
    page = await do(house, "sup", "/supervise/cases", case_id, "grant_extension")
    assert page.status == 200 and "已延长10日" in page
    assert "督办员已批准延期" in await (await house.officer("ins1")).get(f"/orders/{case_id}")


async def test_a_suspension_is_seen_by_everybody(house):
    case_id = await house.file()
    await house.accepted_and_assigned(case_id)
    await do(house, "ins1", "/orders", case_id, "sign")
    page = await do(house, "sup", "/supervise/cases", case_id, "suspend", reason="", text="等报告")
    assert page.status == 422 and "等报告" in page
    page = await do(house, "sup", "/supervise/cases", case_id, "suspend", reason="appraisal", text="等检测报告")
    assert page.status == 200 and "不计入期限" in page and "恢复期限" in page and "检测鉴定" in page
    for login, path in (("ins1", f"/orders/{case_id}"), ("disp", f"/desk/cases/{case_id}")):
        assert "不计入期限" in await (await house.officer(login)).get(path)
    page = await do(house, "sup", "/supervise/cases", case_id, "resume", text="报告已到")
    assert page.status == 200 and "恢复期限" not in page.split("期限与经过")[0].replace("已完成：恢复期限", "")


async def upload(admin, content: bytes):
    data = FormData()
    data.add_field("csrf", admin.csrf)
    data.add_field("file", content, filename="2027.csv", content_type="text/csv")
    return await admin._page(await admin.client.post("/admin/calendars", data=data, headers={"Accept": "text/html"}))


async def test_the_administrator_loads_a_year(house):
    admin = await house.officer("adm")
    page = await admin.get("/admin/calendars")
    assert "暂按周一至周五推算" in page and "程序自带" in page
    page = await upload(admin, b"date,working,name\n2027-01-01,0,x")
    assert page.status == 422 and "缺少这些节日" in page and "field-error" in page
    assert await house.services.store["calendars"].count_documents({}) == 0
    page = await upload(admin, calendar_file())
    assert page.status == 200 and "已装入2027年日历" in page
    assert deadlines.is_working_day(datetime(2027, 1, 4).date()) == (False, False)
    assert await house.services.store["jobs"].count_documents({"kind": "recount", "state": "waiting"}) == 1
    page = await admin.post("/admin/calendars")
    assert page.status == 422 and "请选择 CSV 文件" in page
    assert (await upload(admin, b"x" * 200_000)).status == 422
    assert (await (await house.officer("sup")).get("/admin/calendars")).status == 403


async def test_addresses_for_notices_are_kept_and_missing_ones_named(house):
    admin = await house.officer("adm")
    await house.officer("disp")
    assert "这些岗位没有人填写邮箱" in await admin.get("/admin")
    assert (await admin.post("/admin/accounts/disp/set_email", {"email": "desk@"})).status == 422
    assert (await admin.post("/admin/accounts/disp/set_email", {"email": "desk@example.gov.cn"})).status == 200
    assert await scan.addresses(house.services.store, "desk") == ["desk@example.gov.cn"]
    page = await admin.get("/admin")
    assert "督办员、领导、财务、信息公开" in page and "desk@example.gov.cn" in page
    assert "desk@" not in str(await house.services.store["audit"].find({"action": "set_email"}).to_list(None))
