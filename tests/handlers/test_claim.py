"""Claiming a reward with number and code."""

from datetime import UTC, datetime, timedelta

import pytest

from access.actors import Actor, Role
from access.audit import verify
from cases import trail
from handlers.claim import luhn
from rewards import appeals, approval, claims, endings, payments, proposals, rule_book
from rewards.assess import assess
from rewards.guarded import NotAllowed
from rewards.money import Fen
from rewards.rules import rule_set
from tests.handlers.citizens import citizens, file, open_tip

ANN, BOB, CAT = (Actor(name, name, frozenset({Role.FINANCE})) for name in ("ann", "bob", "cat"))
PAYEE = {"name": "王五", "bank": "青岛银行", "account": "6222 0200 0000 0000 001"}


@pytest.fixture
async def site(mongo_server, tmp_path):
    async with citizens(mongo_server, tmp_path) as opened:
        yield opened


async def rewarded(services, now: datetime | None = None) -> dict:
    """The only tip has an approved reward and its reporter was told `now`."""
    now = now or datetime.now(UTC)
    tip = await services.store["tips"].find_one({})
    await services.ledger.appropriate("b", "qingdao", now.year, Fen(5_000_000), actor="ann")
    worth = assess(rule_set("national_2018"), "major_hazard", penalty_fen=Fen(10_000_000))
    await rule_book.keep(services.store, worth.rule_digest, now)
    (reward,) = await proposals.propose(
        services.store, trail, ANN, case_id=tip["case_id"], tips={tip["_id"]: None}, assessment=worth,
        jurisdiction="qingdao", year=now.year, now=now,
    )  # fmt: skip
    reward = await approval.approve(
        services.store, trail, services.ledger, BOB, reward["_id"], version=reward["version"], now=now
    )
    return await claims.notify(services.store, trail, ANN, reward["_id"], now=now)


def card() -> str:
    body = "622202000000000000"
    return next(body + str(digit) for digit in range(10) if luhn(body + str(digit)))


@pytest.mark.parametrize(("digits", "right"), [("4111111111111111", True), ("4111111111111112", False), ("0", True)])
def test_luhn(digits, right):
    assert luhn(digits) is right


async def test_the_amount_is_shown_with_its_arithmetic_and_claimed_into_the_vault(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    reward = await rewarded(services)
    page = await (await client.get("/claim")).text()
    assert reward["assessment"]["steps"][0] in page and "登记收款" in page
    answer = await client.post("/claim", data={**PAYEE, "account": card()})
    assert answer.status == 200 and "已登记收款信息" in await answer.text()
    stored = await services.store["rewards"].find_one({})
    sealed = await services.store["vault"].find_one({"_id": stored["payee_ref"]})
    assert stored["state"] == "claimed" and sealed["kind"] == "payee" and card() not in str(stored) + str(sealed)
    assert (await client.post("/claim", data={**PAYEE, "account": card()})).status == 409


async def test_a_mistyped_card_is_questioned_and_can_be_confirmed(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    await rewarded(services)
    wrong = card()[:-1] + str((int(card()[-1]) + 1) % 10)
    answer = await client.post("/claim", data={**PAYEE, "account": wrong})
    text = await answer.text()
    assert answer.status == 422 and "写错了" in text and wrong in text and "账号没有错" in text
    assert await services.store["vault"].count_documents({"kind": "payee"}) == 0
    assert (await client.post("/claim", data={**PAYEE, "account": wrong, "confirmed": "1"})).status == 200


@pytest.mark.parametrize("missing", ["name", "bank", "account"])
async def test_what_is_missing_is_named(site, missing):
    client, services, _ = site
    await open_tip(client, *await file(client))
    await rewarded(services)
    answer = await client.post("/claim", data={**PAYEE, "account": card(), missing: ""})
    assert answer.status in (400, 422) and f'id="{missing}-error"' in await answer.text()
    assert (await services.store["rewards"].find_one({}))["state"] == "notified"


async def test_after_the_deadline_the_page_says_so(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    await rewarded(services, datetime.now(UTC) - timedelta(days=70))
    page = await (await client.get("/claim")).text()
    assert "已经过了" in page and "登记收款" not in page
    assert (await client.post("/claim", data={**PAYEE, "account": card()})).status == 409


async def test_without_a_reward_there_is_nothing_to_claim(site):
    client, _, _ = site
    await open_tip(client, *await file(client))
    assert "没有奖励可以领取" in await (await client.get("/claim")).text()
    assert (await client.post("/claim", data={**PAYEE, "account": card()})).status == 409


async def test_without_number_and_code_the_way_leads_to_them(site):
    client, _, _ = site
    answer = await client.get("/claim", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/tip")


async def test_waiving_needs_a_tick(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    await rewarded(services)
    assert (await client.post("/claim/waive", data={})).status == 422
    assert (await services.store["rewards"].find_one({}))["state"] == "notified"
    answer = await client.post("/claim/waive", data={"sure": "1"})
    assert answer.status == 200 and "您已放弃这笔奖励" in await answer.text()
    reward = await services.store["rewards"].find_one({})
    assert (reward["state"], reward["ended"]["by"]) == ("waived", "reporter")
    balances = await services.ledger.balances()
    assert not any(amount for name, amount in balances.items() if "pending" in name or "reserved" in name)
    assert (await client.post("/claim/waive", data={"sure": "1"})).status == 200  # pressed twice
    assert (await client.post("/claim", data={**PAYEE, "account": card()})).status == 409
    assert (await verify(services.store))[1] is None


async def test_a_reward_is_given_away_only_where_the_city_named_a_donee(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    await rewarded(services)
    assert "捐" not in await (await client.get("/claim")).text()
    assert (await client.post("/claim/donate", data={"sure": "1"})).status == 409
    for name, value in (("donee_name", "见义勇为基金会"), ("donee_bank", "某银行"), ("donee_account", "37021111")):
        object.__setattr__(services.settings, name, value)
    assert "见义勇为基金会" in await (await client.get("/claim")).text()
    assert (await client.post("/claim/donate", data={})).status == 422
    answer = await client.post("/claim/donate", data={"sure": "1"})
    assert answer.status == 200 and "捐出" in await answer.text()
    stored = await services.store["rewards"].find_one({})
    assert stored["donation"] and stored["state"] == "claimed" and stored["payee_ref"] is None


async def test_an_objection_to_the_amount_is_decided_by_somebody_else(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    reward = await rewarded(services)
    page = await (await client.get("/claim")).text()
    assert "对奖励决定有异议" in page
    assert (await client.post("/claim/appeal", data={"appeal": " "})).status == 422
    words = "罚款是二十万，我的电话是13812345678"
    answer = await client.post("/claim/appeal", data={"appeal": words})
    assert answer.status == 200 and "重新审查" in await answer.text()
    stored = await services.store["rewards"].find_one({})
    assert "13812345678" not in str(stored) and "二十万" in stored["appeal"]["text"]
    assert await services.store["vault"].count_documents({"kind": "identity", "tip_id": stored["tip_id"]}) >= 1
    assert (await client.post("/claim/appeal", data={"appeal": words})).status == 409
    told = {"reason": "罚款金额已经变更，重新计算", "version": stored["version"], "now": datetime.now(UTC)}
    with pytest.raises(NotAllowed):
        await appeals.decide(services.store, trail, services.ledger, BOB, reward["_id"], upheld=True, **told)
    await appeals.decide(services.store, trail, services.ledger, CAT, reward["_id"], upheld=True, **told)
    stored = await services.store["rewards"].find_one({})
    assert (stored["state"], stored["pending_seq"], stored["approval"]) == ("proposed", None, None)
    assert "成立" in await (await client.get("/tip")).text()
    assert (await services.ledger.balances())[f"payable:{reward['_id']}"] == 0


async def test_no_reward_is_a_decision_with_a_reason_that_can_be_objected_to(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    tip, now = await services.store["tips"].find_one({}), datetime.now(UTC)
    await endings.mark_not_eligible(
        services.store, trail, services.ledger, ANN, case_id=tip["case_id"], tip_id=tip["_id"],
        reason="监管部门此前已经立案。", now=now,
    )  # fmt: skip
    page = await (await client.get("/tip")).text()
    assert "监管部门此前已经立案" in page and "对奖励决定有异议" in page
    assert (await client.post("/claim/appeal", data={"appeal": "是我先报的"})).status == 200
    stored = await services.store["rewards"].find_one({})
    told = {"reason": "立案时间早于举报时间", "version": stored["version"], "now": now}
    await appeals.decide(services.store, trail, services.ledger, BOB, stored["_id"], upheld=False, **told)
    page = await (await client.get("/claim")).text()
    assert "不成立" in page and "立案时间早于举报时间" in page and "提出异议" not in page


async def test_after_a_failed_payment_another_account_can_be_given(site):
    client, services, _ = site
    await open_tip(client, *await file(client))
    await rewarded(services)
    await client.post("/claim", data={**PAYEE, "account": card()})
    reward = await services.store["rewards"].find_one({})
    await payments.failed(services.store, trail, CAT, reward, "账户已销户", now=datetime.now(UTC))
    page = await (await client.get("/tip")).text()
    assert "账户已销户" in page and "重新填写收款信息" in page
    assert (await client.post("/claim", data={**PAYEE, "account": card()})).status == 200
    again = await services.store["rewards"].find_one({})
    assert again["payee_ref"] != reward["payee_ref"] and again["payment_problem"] is None
