"""Orders that come back or that nobody has, on the pages of inspector, dispatcher and supervisor."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import FormData

from access import audit
from cases.states import State
from tests.handlers.citizens import jpeg
from tests.handlers.office import office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

BACK = {"reason": "not_my_grid", "evidence": "门牌是台东三路，属于台东街道。", "named": "台东街道", "decision_seen": ""}
ORDER = {"department": "区应急局", "inspector_id": "ins2"}


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def do(house, login, path, case_id, action, data=None):
    version = str((await house.case(case_id))["version"])
    officer = await house.officer(login)
    return await officer.post(f"{path}/{case_id}/{action}", {"version": version, **(data or {})})


async def send_back(house, login, case_id, photos=(), **changed):
    officer, case = await house.officer(login), await house.case(case_id)
    form = FormData(default_to_multipart=True)
    for name, value in {"csrf": officer.csrf, "version": str(case["version"]), **BACK, **changed}.items():
        form.add_field(name, value)
    for content in photos:
        form.add_field("photos", content, filename="door.jpg", content_type="image/jpeg")
    path = f"/orders/{case_id}/return"
    return await officer._page(await officer.client.post(path, data=form, headers={"Accept": "text/html"}))


async def assigned(house):
    case_id = await house.file()
    await house.accepted_and_assigned(case_id)
    for login in ("ins2", "sup", "disp"):
        await house.officer(login)
    return case_id


async def test_a_return_needs_its_proof_and_keeps_what_was_typed(house):
    case_id = await assigned(house)
    for changed, field in [
        ({"reason": ""}, "reason"), ({"evidence": "不归我管"}, "evidence"), ({"named": ""}, "named"),
        ({"reason": "place_wrong"}, "photos"),
    ]:  # fmt: skip
        page = await send_back(house, "ins1", case_id, **changed)
        assert page.status == 422 and f'id="return-{field}-error"' in page, changed
        assert changed.get("evidence", BACK["evidence"]) in page
    page = await send_back(house, "ins1", case_id, [b"no picture"], reason="place_wrong")
    assert page.status == 422 and "照片" in page
    assert (await house.case(case_id))["state"] == State.ASSIGNED
    assert await house.services.store["evidence"].count_documents({"kind": "return_photo"}) == 0
    files = [p for p in (house.services.settings.data_dir / "evidence").rglob("*") if p.is_file()]
    assert files == [], "what is refused leaves nothing on the disk"


async def test_the_photo_of_a_return_is_for_those_who_decide(house):
    case_id = await assigned(house)
    page = await send_back(house, "ins1", case_id, [jpeg(), jpeg()], reason="no_such_company")
    assert page.status == 200 and "已完成：退回" in page
    photos = (await house.case(case_id))["returns"][0]["photos"]
    assert len(photos) == 2
    page = await (await house.officer("disp")).get(f"/desk/cases/{case_id}")
    assert f"/staff/evidence/{photos[0]}/full" in page and "按地址找不到这个单位" in page
    for login, status in [("disp", 200), ("sup", 200), ("sup_other", 404), ("ins1", 403), ("ins2", 403)]:
        answer = await (await house.officer(login)).client.get(f"/staff/evidence/{photos[0]}/full")
        assert answer.status == status, login


async def test_another_inspectors_order_cannot_be_sent_back(house):
    case_id = await assigned(house)
    assert (await send_back(house, "ins2", case_id)).status == 404
    assert (await house.case(case_id))["state"] == State.ASSIGNED


async def test_the_second_return_is_the_supervisors_to_decide(house):
    case_id = await assigned(house)
    await send_back(house, "ins1", case_id)
    page = await (await house.officer("disp")).get("/desk/unclaimed")
    assert case_id in page and "不在本网格" in page and "小王" not in page
    page = await do(house, "disp", "/desk/cases", case_id, "assign", ORDER)
    assert page.status == 200 and (await house.case(case_id))["inspector_id"] == "ins2"
    assert "再退回由督办员决定" in await (await house.officer("ins2")).get(f"/orders/{case_id}")
    await send_back(house, "ins2", case_id, reason="lacks_information")

    page = await do(house, "disp", "/desk/cases", case_id, "assign", ORDER)
    assert page.status == 403 and "只能由督办员决定" in page
    page = await (await house.officer("disp")).get(f"/desk/cases/{case_id}")
    assert 'id="assign"' not in page and "由督办员在一个工作日内决定" in page
    supervisor = await house.officer("sup")
    page = await supervisor.get("/supervise")
    assert "退回两次，由您决定（1）" in page and "第2次：线索不足" in page and "两次退回的督办决定" in page
    assert case_id not in await (await house.officer("sup_other")).get("/supervise")
    page = await do(house, "sup", "/supervise/cases", case_id, "assign", {**ORDER, "decision": " "})
    assert page.status == 422 and 'id="assign-decision-error"' in page
    page = await supervisor.get(f"/supervise/cases/{case_id}")
    assert "门牌是台东三路" in page and "小王" not in page and "退回记录（2次）" in page
    decision = "由乙承办，线索已补充。"
    page = await do(house, "sup", "/supervise/cases", case_id, "assign", {**ORDER, "decision": decision})
    assert page.status == 200 and "退回两次，由您决定" not in await supervisor.get("/supervise")

    page = await (await house.officer("ins2")).get(f"/orders/{case_id}")
    assert decision in page and 'name="decision_seen"' in page, "who sends it back again has read the decision"
    page = await send_back(house, "ins2", case_id)
    assert page.status == 422 and decision in page and 'id="return-decision_seen-error"' in page
    assert (await send_back(house, "ins2", case_id, decision_seen="1")).status == 200
    assert "退回两次，由您决定（1）" in await supervisor.get("/supervise")
    assert (await audit.verify(house.services.store))[1] is None


async def test_the_supervisor_sees_how_often_orders_come_back(house):
    case_id = await assigned(house)
    await send_back(house, "ins1", case_id)
    page = await (await house.officer("sup")).get("/supervise")
    assert "首次派单准确率<strong>0%</strong>（1件中0件" in page
    table = page.split("退回理由</caption>")[1].split("</table>")[0]
    assert "不在本网格" in table and ">1<" in table
    assert "市北区消防救援大队" in page.split("退回的部门</caption>")[1]


async def test_a_case_that_nobody_answers_for_stands_in_its_queue_with_an_alarm(house):
    case_id = await house.file()
    await house.services.store["cases"].update_one(
        {"_id": case_id}, {"$set": {"route": {"alarm": True, "explanation": "找不到承办人。", "department": ""}}}
    )
    await house.services.store["alerts"].insert_one(
        {"_id": f"unclaimed:{case_id}", "at": datetime.now(UTC), "kind": "unclaimed", "text": "无人认领：找不到",
         "case_id": case_id, "number": 1, "taken_by": None}
    )  # fmt: skip
    dispatcher = await house.officer("disp")
    page = await dispatcher.get("/desk")
    assert "无人认领1件" in page and "无人认领：找不到" in page
    page = await dispatcher.get("/desk/unclaimed")
    assert case_id in page and "找不到承办人" in page and "每30分钟再次提醒" in page
    await house.accepted_and_assigned(case_id)
    assert "无人认领：找不到" not in await dispatcher.get("/desk")
    assert case_id not in await dispatcher.get("/desk/unclaimed")
    assert (await (await house.officer("ins1")).get("/desk/unclaimed")).status == 403


async def test_orders_of_somebody_who_left_are_listed_and_given_to_somebody_else(house):
    roster = house.services.store["inspectors"]
    people = (
        await roster.find({"district": "市北区", "street": "辽宁路街道", "kind": "inspector"}).sort("_id", 1).to_list(2)
    )
    gone, other = (row["_id"] for row in people)
    case_id = await house.file()
    dispatcher, admin = await house.officer("disp"), await house.officer("adm")
    page = await dispatcher.get(f"/desk/cases/{case_id}")
    assert f'value="{gone}"' in page and "在办0件" in page and "现在按顺序应派给" in page
    form = {"version": str((await house.case(case_id))["version"]), "types": "exit_blocked_locked", "district": "市北区",
            "street": "市北区 辽宁路街道", "summary": "某商场涉嫌锁闭安全出口。", "department": "市北区消防救援大队",
            "inspector_id": gone}  # fmt: skip
    await dispatcher.post(f"/desk/cases/{case_id}/accept_and_assign", form)
    assert case_id not in await dispatcher.get("/desk/unclaimed")

    today = datetime.now(UTC) + timedelta(hours=8)
    leave = {"first": f"{today:%Y-%m-%d}", "last": f"{today + timedelta(days=3):%Y-%m-%d}", "deputy": other}
    await admin.post(f"/admin/inspectors/{gone}/add_leave", leave)
    page = await dispatcher.get("/desk/unclaimed")
    assert case_id in page and "休假至" in page, "not signed for, and on leave"
    await admin.post(f"/admin/inspectors/{gone}/set_active", {"active": "0"})
    assert "已停用" in await dispatcher.get("/desk/unclaimed")

    again = {"department": "市北区消防救援大队", "inspector_id": gone, "reason": "检查员已调走"}
    page = await do(house, "disp", "/desk/cases", case_id, "reassign", again)
    assert page.status == 422 and "已停用" in page
    page = await do(house, "disp", "/desk/cases", case_id, "reassign", {**again, "inspector_id": other})
    assert page.status == 200 and "已完成：改派" in page and "检查员已调走" in page
    case = await house.case(case_id)
    assert (case["inspector_id"], case["state"]) == (other, State.ASSIGNED)
    assert case_id not in await dispatcher.get("/desk/unclaimed")
