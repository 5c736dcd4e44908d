"""From a substantiated case to a paid reward and a published case, through the pages."""

from datetime import UTC, datetime

import pytest

from access import audit
from cases import tallies, trail
from cases.states import State
from rewards import claims
from rewards.rules import rule_set
from tests.handlers.office import PASSWORD, office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
RULES = rule_set("national_2018")
CONDITIONS = [each.id for each in RULES.conditions]
SHOWN = f"450000:{RULES.digest}"
PAYEE = {"name": "王某", "bank": "某银行青岛分行", "account": "6222020200000000000"}


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def assessment_form(house, case_id, **changed):
    tip = await house.services.store["tips"].find_one({"case_id": case_id})
    form = {
        "tip": tip["_id"],
        "rule_set": "national_2018",
        "track": "major_hazard",
        "penalty_yuan": "30000",
        "reason": "",
    }
    return {**form, **{f"c-{each}": "1" for each in CONDITIONS}, **changed}


async def proposed(house):
    """A proposal of ¥4,500; (case id, reward id)."""
    case_id = await house.file()
    await house.substantiated(case_id)
    finance = await house.officer("fin1")
    form = await assessment_form(house, case_id, step="propose", shown=SHOWN)
    page = await finance.post(f"/finance/cases/{case_id}/assess", form)
    assert page.status == 200, page
    return case_id, page.url.split("/")[-1].split("?")[0]


async def fund(house, amount="100000"):
    finance = await house.officer("fin1")
    page = await finance.get("/finance/budget")
    data = {"key": page.hidden("key"), "year": str(datetime.now(UTC).year), "amount": amount, "memo": ""}
    return await finance.post("/finance/budget", data)


async def act(house, login, reward_id, action, **data):
    reward = await house.services.store["rewards"].find_one({"_id": reward_id})
    officer = await house.officer(login)
    return await officer.post(f"/finance/rewards/{reward_id}/{action}", {"version": str(reward["version"]), **data})


async def test_the_arithmetic_is_shown_before_anything_is_proposed(house):
    case_id = await house.file()
    await house.substantiated(case_id)
    finance = await house.officer("fin1")
    assert case_id in await finance.get("/finance")
    page = await finance.get(f"/finance/cases/{case_id}")
    assert page.status == 200 and "30000" in page and "小王" not in page
    page = await finance.post(f"/finance/cases/{case_id}/assess", await assessment_form(house, case_id, step="compute"))
    assert "¥4,500.00" in page and "15%" in page and "第十一条" in page
    assert await house.services.store["rewards"].count_documents({}) == 0
    form = await assessment_form(house, case_id, step="propose", shown="1:x")
    page = await finance.post(f"/finance/cases/{case_id}/assess", form)
    assert page.status == 409 and "¥4,500.00" in page


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"penalty_yuan": "三万"}, "金额里只能有数字"), ({"penalty_yuan": ""}, "缺少"), ({"track": "nothing"}, "没有"),
        ({"rule_set": "shandong_2025"}, "草稿"), ({"track": "concealed_accident", "deaths": "x"}, "整数"),
        ({"track": "concealed_accident", "deaths": "2", "accident_level": ""}, "事故等级"), ({"tip": "none"}, "哪一件"),
    ],
)  # fmt: skip
async def test_an_assessment_with_a_mistake_is_told_and_kept(house, changed, says):
    case_id = await house.file()
    await house.substantiated(case_id)
    form = await assessment_form(house, case_id, **{"step": "propose", "shown": SHOWN, "reason": "我的理由", **changed})
    page = await (await house.officer("fin1")).post(f"/finance/cases/{case_id}/assess", form)
    assert page.status in (400, 404, 409, 422) and says in page and "我的理由" in page


async def test_unticked_conditions_stop_a_proposal(house):
    case_id = await house.file()
    await house.substantiated(case_id)
    form = await assessment_form(house, case_id, step="propose", shown=SHOWN)
    del form["c-earliest"]
    page = await (await house.officer("fin1")).post(f"/finance/cases/{case_id}/assess", form)
    assert page.status == 409 and "没有满足" in page


async def test_from_proposal_to_payment_and_the_public_board(house):
    store, services = house.services.store, house.services
    case_id, reward_id = await proposed(house)
    page = await act(house, "fin1", reward_id, "reward.approve")
    assert page.status == 403 and "不能批准" in page
    page = await act(house, "fin2", reward_id, "reward.approve")
    assert page.status == 409 and "余额不足" in page
    assert (await fund(house)).status == 200
    assert (await act(house, "fin2", reward_id, "reward.approve")).status == 200
    assert (await act(house, "fin1", reward_id, "reward.notify")).status == 200
    await claims.claim(store, trail, services.vault, reward_id, PAYEE, mark_key=b"k" * 32, now=datetime.now(UTC))

    # The payee data: asked for by one, agreed to by another, opened once with the password.
    escrow = (services.settings.data_dir / "secrets" / "escrow.key").read_text().strip()
    asker, other = await house.officer("fin1"), await house.officer("fin2")
    page = await asker.post("/finance/keys/grant_by_escrow", {"escrow": "wrong", "password": PASSWORD})
    assert page.status == 403 and escrow not in page
    await asker.post("/finance/keys/grant_by_escrow", {"escrow": escrow, "password": PASSWORD})
    page = await act(house, "fin1", reward_id, "request_opening", reason="短")
    assert page.status == 400 and "field-error" in page
    page = await act(house, "fin1", reward_id, "request_opening", reason="发放本笔奖励")
    assert page.status == 200
    opening = await store["vault_openings"].find_one({})
    path = f"/finance/openings/{opening['_id']}"
    assert (await asker.post(f"{path}/approved_opening")).status == 403
    assert opening["_id"] in await other.get("/finance")
    await other.post(f"{path}/approved_opening")
    page = await asker.post(f"{path}/open", {"password": "a wrong password"})
    assert page.status == 403 and "王某" not in page and "a wrong password" not in page
    page = await asker.post(f"{path}/open", {"password": PASSWORD})
    assert page.status == 200 and PAYEE["account"] in page
    assert PAYEE["account"] not in await asker.get(path)
    assert (await asker.post(f"{path}/open", {"password": PASSWORD})).status == 409

    page = await act(house, "fin1", reward_id, "reward.pay")
    assert page.status == 200 and "已付款" in page
    case = await house.case(case_id)
    assert case["state"] == State.REWARDED and case["reward_outcome"] == "paid"
    page = await asker.post("/finance/ledger/verify")
    assert "账本完好" in page and "支付奖金" in page, page[page.find("<main") :][:1500]

    publisher, boss, auditor = await house.officer("pub"), await house.officer("boss"), await house.officer("aud")
    assert case_id in await publisher.get("/publish")
    page = await publisher.post("/publish/draft", {"case": case_id, "kind": "exposure"})
    assert page.status == 200 and "某商场有限公司" in page, page
    entry = await store["disclosures"].find_one({})
    path = f"/publish/{entry['_id']}"
    page = await publisher.post(
        f"{path}/disclosure.edit", {"version": "1", "facts": "天天看着害怕：二楼的安全出口用铁链锁着"}
    )
    assert page.status >= 400 and "天天看着害怕" in page
    page = await publisher.post(f"{path}/disclosure.edit", {"version": "1", "facts": "二楼安全出口上锁。"})
    assert page.status == 200
    assert (await publisher.post(f"{path}/disclosure.review", {"version": "2"})).status == 403
    second = await house.officer("pub2")
    assert (await second.post(f"{path}/disclosure.review", {"version": "2"})).status == 200
    assert (await publisher.post(f"{path}/disclosure.publish", {"version": "2"})).status == 409
    assert (await publisher.post(f"{path}/disclosure.publish", {"version": "3"})).status == 200
    assert (await house.case(case_id))["state"] == State.DISCLOSED
    page = await publisher.post(f"{path}/disclosure.withdraw", {"version": "4", "reason": "处罚决定被撤销"})
    assert page.status == 200 and "已撤回" in page

    assert (await audit.verify(store))[1] is None
    page = await auditor.post("/audit/verify")
    assert "办理记录完好" in page and "账本完好" in page
    page = await auditor.get(f"/audit?subject={case_id}")
    assert "支付奖金" in page and "受理" in page and "王某" not in page
    await tallies.refresh(store, datetime.now(UTC))
    page = await boss.get("/leader")
    assert "¥4,500.00" in page and "市北区" in page and "100%" in page


async def test_not_eligible_needs_a_reason_and_closes_the_reward(house):
    case_id = await house.file()
    await house.substantiated(case_id)
    tip = await house.services.store["tips"].find_one({"case_id": case_id})
    finance = await house.officer("fin1")
    page = await finance.post(f"/finance/cases/{case_id}/not_eligible", {"tip": tip["_id"], "reason": "短"})
    assert page.status in (400, 422) and "field-error" in page
    page = await finance.post(
        f"/finance/cases/{case_id}/not_eligible", {"tip": tip["_id"], "reason": "监管部门此前已经发现并立案。"}
    )
    assert page.status == 200 and "不予奖励" in page
    assert (await house.case(case_id))["reward_outcome"] == "not_eligible"
    supervisor, data = await house.officer("sup"), {"version": str((await house.case(case_id))["version"])}
    page = await supervisor.post(f"/supervise/cases/{case_id}/archive", data)
    assert page.status == 400 and "期满后才能归档" in page
    await house.services.store["cases"].update_one(
        {"_id": case_id, "clocks.id": "objection"}, {"$set": {"clocks.$.due_at": datetime.now(UTC)}}
    )
    await supervisor.post(f"/supervise/cases/{case_id}/archive", data)
    assert (await house.case(case_id))["state"] == State.ARCHIVED


@pytest.mark.parametrize(
    ("amount", "year"), [("", "2026"), ("-5", "2026"), ("1万", "2026"), ("5", "26"), ("5", "二零")]
)
async def test_a_wrong_budget_is_told(house, amount, year):
    finance = await house.officer("fin1")
    key = (await finance.get("/finance/budget")).hidden("key")
    page = await finance.post("/finance/budget", {"key": key, "year": year, "amount": amount, "memo": "预算文号"})
    assert page.status in (400, 422) and "field-error" in page and "预算文号" in page and f'value="{key}"' in page


async def test_a_budget_sent_twice_counts_once(house):
    finance = await house.officer("fin1")
    page = await finance.get("/finance/budget")
    data = {"key": page.hidden("key"), "year": "2026", "amount": "100", "memo": ""}
    await finance.post("/finance/budget", data)
    await finance.post("/finance/budget", data)
    assert (await house.services.ledger.balances())["budget:qingdao:2026"] == 10_000
