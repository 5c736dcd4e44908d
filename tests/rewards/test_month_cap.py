"""The monthly cap for one payee, on a rule set with such a cap, from the claim to the payment."""

import asyncio

import pytest

from access import audit
from access.actors import Role
from rewards import endings, month_cap, rule_book
from rewards.assess import assess
from rewards.guarded import NotAllowed, WrongState
from rewards.money import Fen
from rewards.month_cap import OverMonthlyCap
from rewards.payee import month_mark
from rewards.record import State
from rewards.rule_book import checked
from rewards.verify import verify
from tests.rewards.desk import ANN, BOB, CAT, NOW, PAYEE, officer
from tests.rewards.rule_texts import WITH_CAP

ADMIN_A, ADMIN_B = (officer(name, Role.ADMIN) for name in ("adm1", "adm2"))


@pytest.fixture
async def rules(store):
    row = await rule_book.submit(store, audit, ADMIN_A, WITH_CAP, "龙华区办法，抄自公报", now=NOW)
    await rule_book.approve(store, audit, ADMIN_B, row["_id"], version=1, now=NOW)
    return await rule_book.current_set(store, "longhua_test")


async def claimed(desk, rules, n, amount=600, payee=PAYEE, track="general"):
    worth = assess(rules, track, chosen_fen=Fen(amount * 100), reason="一般隐患")
    await desk.store["cases"].insert_one({"_id": f"case{n}", "opened_on": "2026-02-01"})
    reward = await desk.propose(assessment=worth, case=f"case{n}", tip=f"tip{n}")
    return await desk.claim(await desk.notify(await desk.approve(reward)), payee)


async def test_the_second_reward_of_the_month_waits_for_a_decision(desk, rules):
    first = await claimed(desk, rules, 1)
    second = await claimed(desk, rules, 2)
    assert not first["cap"]["over"] and second["cap"]["over"] and second["cap"]["allowed_fen"] == 40_000
    assert (await desk.pay(first))["state"] == State.PAID
    with pytest.raises(OverMonthlyCap, match="1,000"):
        await desk.pay(second)
    other_account = await claimed(desk, rules, 3, payee={**PAYEE, "account": "6222020000000000777"})
    other_kind = await claimed(desk, rules, 4, track="second")
    assert not other_account["cap"]["over"] and not other_kind["cap"]["over"]


async def test_what_the_cap_allows_is_proposed_again_and_needs_another_approval(desk, rules, store):
    await claimed(desk, rules, 1)
    second = await claimed(desk, rules, 2)
    told = {"reason": "按月度上限调整", "version": second["version"], "now": NOW}
    smaller = await endings.reduce_to_cap(store, audit, desk.ledger, CAT, second["_id"], **told)
    assert (smaller["state"], smaller["amount_fen"]) == (State.PROPOSED, 40_000)
    assert "月度上限" in smaller["assessment"]["steps"][-2] and await desk.balance(f"payable:{second['_id']}") == 0
    with pytest.raises(NotAllowed):
        await desk.approve(smaller, CAT)
    ready = await desk.notify(await desk.approve(smaller, BOB))
    assert ready["state"] == State.CLAIMED and ready["payee_ref"] == second["payee_ref"] and not ready["cap"]["over"]
    assert (await desk.pay(ready))["state"] == State.PAID
    assert await desk.balance("paid:qingdao:2026") == 40_000
    assert (await verify(store)).ok


async def test_the_whole_amount_is_paid_when_another_officer_says_why(desk, rules, store):
    await claimed(desk, rules, 1)
    second = await claimed(desk, rules, 2)
    told = {"reason": "举报的是另一类企业，不受限", "version": second["version"], "now": NOW}
    with pytest.raises(NotAllowed):
        await month_cap.pay_whole(store, audit, ANN, second["_id"], **told)
    decided = await month_cap.pay_whole(store, audit, BOB, second["_id"], **told)
    with pytest.raises(WrongState):
        await endings.reduce_to_cap(
            store, audit, desk.ledger, CAT, second["_id"], reason="按上限调整", version=decided["version"], now=NOW
        )
    assert (await desk.pay(decided))["amount_fen"] == 60_000


async def test_a_reward_that_ends_unpaid_no_longer_counts(desk, rules):
    await claimed(desk, rules, 1)
    await desk.refuse(case="case1", tip="tip1")
    assert not (await claimed(desk, rules, 2))["cap"]["over"]


async def test_two_claims_at_once_see_each_other(desk, rules):
    ready = []
    for n in (1, 2):
        worth = assess(rules, "general", chosen_fen=Fen(60_000), reason="一般隐患")
        reward = await desk.propose(assessment=worth, case=f"case{n}", tip=f"tip{n}")
        ready.append(await desk.notify(await desk.approve(reward)))
    rows = await asyncio.gather(*(desk.claim(row) for row in ready))
    assert sorted(row["cap"]["over"] for row in rows) == [False, True]


async def test_the_mark_links_nothing_but_one_account_one_month_one_kind():
    marks = [
        await month_mark(b"k" * 32, account, track, month)
        for account in ("1", "2") for track in ("a", "b") for month in ("2026-01", "2026-02")
    ]  # fmt: skip
    assert len(set(marks)) == 8
    assert (
        await month_mark(b"k" * 32, "1", "a", "2026-01") == marks[0] != await month_mark(b"x" * 32, "1", "a", "2026-01")
    )


def test_the_text_is_a_complete_rule_set():
    assert checked(WITH_CAP).monthly_cap.cap_yuan == 100_000
