"""A reporter objects, or tells of retaliation: what supervisors do about it, and what the reporter reads with number and code."""

import re

import pytest

from access.audit import verify
from cases.receipts import plain_code
from tests.handlers.office import FINDING, PASSWORD, measures, office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
OBJECTION = "门当天就又锁上了，核查的人没有上二楼"


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def reporter(house, case_id, key):
    """A browser in which the reporter of this tip has opened it."""
    from aiohttp import CookieJar
    from aiohttp.test_utils import TestClient

    client = await house.stack.enter_async_context(TestClient(house.server, cookie_jar=CookieJar(unsafe=True)))
    receipt = house.services.receipts.issue(key)
    answer = await client.post("/tip", data={"number": receipt.number, "code": receipt.code})
    assert answer.status == 200, await answer.text()
    return client


async def filed(house):
    """(case, the reporter's browser) of a tip that was found right and answered."""
    key = "r" * 43
    from cases.model import Filing

    receipt = await house.services.intake.receive(
        Filing(client_key=key, channel="form", what="市北区辽宁路80号某商场二楼的安全出口用铁链锁着")
    )
    case_id = (await house.services.store["tips"].find_one({"number": receipt.number}))["case_id"]
    await house.understand(case_id)
    await house.substantiated(case_id)
    return case_id, await reporter(house, case_id, key)


async def tip_page(client):
    return await (await client.get("/tip")).text()


async def do(house, login, case_id, action, **data):
    version = str((await house.case(case_id))["version"])
    officer = await house.officer(login)
    return await officer.post(f"/supervise/cases/{case_id}/{action}", {"version": version, **data})


async def test_an_objection_that_is_right_is_checked_again_by_somebody_else(house):
    case_id, client = await filed(house)
    await house.officer("ins2")
    assert (await client.post("/tip/object", data={"text": OBJECTION})).status == 200
    case = await house.case(case_id)
    clock = next(each for each in case["clocks"] if each["id"] == "review")
    assert (clock["due_at"] - clock["started_at"]).days in (30, 31) and case["watch_at"] <= clock["due_at"]
    page = await tip_page(client)
    assert "30日内由另一位督办人员复核" in page and "复核您的异议" in page

    page = await (await house.officer("sup")).get(f"/supervise/cases/{case_id}")
    assert OBJECTION in page and "等待处理" in page and "接手复核" in page and "异议成立，重新核查" not in page
    page = await do(house, "sup", case_id, "uphold_review", inspector_id="ins2", text="x")
    assert page.status == 400 and "请先接手" in page
    await do(house, "sup", case_id, "take_review")
    assert "您的异议已由另一位督办员接手复核" in await tip_page(client)

    page = await do(house, "sup", case_id, "uphold_review", inspector_id="ins1", text="重新核查二楼。")
    assert page.status == 422 and "另一名检查员" in page and "重新核查二楼。" in page
    page = await do(house, "sup", case_id, "uphold_review", inspector_id="nobody", text="重新核查二楼。")
    assert page.status == 422
    page = await do(house, "sup", case_id, "uphold_review", inspector_id="ins2", text="重新核查二楼。")
    assert page.status == 200 and "第1次核查的结论" in page
    case = await house.case(case_id)
    assert (case["state"], case["inspector_id"], case["finding"], case["measures"], case["reply"]) == (
        "verifying", "ins2", None, [], None,
    )  # fmt: skip
    assert (
        case["earlier"][0]["finding"]["text"].startswith("二楼东侧")
        and case["appeals"][0]["decided"]["result"] == "upheld"
    )
    running = {each["id"] for each in case["clocks"] if each["ended_at"] is None}
    assert "verify_again" in running and not running & {
        "review",
        "objection",
        "reward_start",
        "feedback",
        "verify_close",
    }
    page = await tip_page(client)
    assert "您的异议成立。" in page and "重新核查二楼。" in page and "重新核查办结" in page and "复核结果" in page
    order = ["已受理。", "答复:", "提出了异议", "接手复核", "由另一名检查员重新核查。", "您的异议成立。"]
    told = page.split("办理经过")[1].split("往来")[0]
    assert [told.index(words) for words in order] == sorted(told.index(words) for words in order)
    assert "督办员孙" not in page and "检查员" not in re.sub("另一名检查员|检查员已签收|属地检查员", "", page)
    job = f"mail_order:{case_id}:{case['version']}"
    assert await house.services.store["jobs"].count_documents({"_id": job}) == 1

    # The second round is a way of its own to a second reply, to which the reporter may object again.
    inspector = await house.officer("ins2")
    for action, data in [
        ("record_finding", FINDING), ("decide_measures", measures("50000")), ("reply", [("text", "已重新核查并处罚。")]),
    ]:  # fmt: skip
        version = str((await house.case(case_id))["version"])
        assert "已完成" in await inspector.post(f"/orders/{case_id}/{action}", [("version", version), *data])
    case = await house.case(case_id)
    assert case["penalty_fen"] == 5_000_000 and case["state"] == "replied"
    assert (await verify(house.services.store))[1] is None


async def test_an_objection_that_is_not_right_gets_the_reason(house):
    case_id, client = await filed(house)
    await client.post("/tip/object", data={"text": OBJECTION})
    page = await do(house, "sup", case_id, "archive")
    assert page.status == 400 and "异议还没有复核" in page
    await do(house, "sup", case_id, "take_review")
    page = await do(house, "sup", case_id, "dismiss_review", text="")
    assert page.status == 422 and "说明" in page
    page = await do(house, "sup", case_id, "dismiss_review", text="当天录像显示门是开着的。")
    assert page.status == 200 and "不成立" in page
    case = await house.case(case_id)
    assert case["state"] == "replied" and case["review"] is None and case["finding"] is not None
    page = await tip_page(client)
    assert "维持原来的结论" in page and "当天录像显示门是开着的。" in page
    assert (await client.post("/tip/object", data={"text": "再来一次"})).status == 409


async def test_who_decided_the_case_cannot_review_it_and_only_who_took_it_decides(house):
    case_id, client = await filed(house)
    await client.post("/tip/object", data={"text": OBJECTION})
    await house.services.store["cases"].update_one({"_id": case_id}, {"$set": {"reply.by": "sup"}})
    page = await do(house, "sup", case_id, "take_review")
    assert page.status == 403 and "参与过" in page
    assert "请由另一位督办员接手" in await (await house.officer("sup")).get(f"/supervise/cases/{case_id}")
    await house.services.store["cases"].update_one({"_id": case_id}, {"$set": {"reply.by": "ins1"}})
    await do(house, "sup", case_id, "take_review")
    await house.services.store["cases"].update_one(
        {"_id": case_id}, {"$set": {"review.by": "another", "review.name": "李"}}
    )
    page = await do(house, "sup", case_id, "dismiss_review", text="不对。")
    assert page.status == 403 and "由李接手" in page
    assert (await do(house, "sup_other", case_id, "take_review")).status == 404
    assert (await do(house, "boss", case_id, "take_review")).status == 403


async def test_retaliation_is_forwarded_and_only_its_reporter_is_told(house):
    case_id, client = await filed(house)
    other_tip = {"_id": "t-other", "number": "0000-0000-0000", "client_key": "o", "case_id": case_id, "messages": []}
    await house.services.store["tips"].insert_one(other_tip)
    await client.post("/tip/retaliation", data={"text": "老板猜到是我，明天就不让我上班了"})
    case = await house.case(case_id)
    assert "打击报复" not in str(case["progress"]), "another reporter of the case could be the company"
    appeal = case["appeals"][0]["message"]
    supervisor = await house.officer("sup")
    page = await supervisor.get(f"/supervise/cases/{case_id}")
    assert "明天就不让我上班" in page and "劳动保障监察机构" in page
    assert case_id in (await supervisor.get("/supervise")).split("等待督办员决定的")[0]
    page = await do(house, "sup", case_id, "forward_retaliation", appeal=appeal, office="", text="请打12333。")
    assert page.status == 422 and "请从列表中选择" in page and "请打12333。" in page
    page = await do(house, "sup", case_id, "forward_retaliation", appeal="m0", office="labour", text="请打12333。")
    assert page.status == 400 and "已经处理过" in page
    page = await do(house, "sup", case_id, "forward_retaliation", appeal=appeal, office="labour", text="请打12333。")
    assert page.status == 200 and "已转交劳动保障监察机构" in page and "转交：劳动保障监察机构" in page
    page = await tip_page(client)
    assert "已转交劳动保障监察机构处理。" in page and "请打12333。" in page
    assert (await house.services.store["tips"].find_one({"_id": "t-other"})) == other_tip
    entry = await house.services.store["audit"].find_one({"action": "forward_retaliation"})
    assert "12333" not in str(entry) and entry["detail"]["data"]["office"] == "labour"


async def test_the_chat_shows_the_same_time_line(house):
    _, client = await filed(house)
    await client.post("/tip/object", data={"text": OBJECTION})
    receipt = house.services.receipts.issue("r" * 43)
    answer = await client.post(
        "/chat/progress",
        json={"number": receipt.number, "code": plain_code(receipt.code)},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    body = await answer.json()
    assert answer.status == 200, body
    assert any("提出了异议" in step["text"] for step in body["steps"])
    assert "复核您的异议" in [promise["what"] for promise in body["promises"]] and body["waiting_for_you"] == 0
    assert PASSWORD not in str(body)
