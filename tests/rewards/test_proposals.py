import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import record, rule_book
from rewards.assess import assess
from rewards.guarded import Stale, WrongState
from rewards.money import Fen
from rewards.proposals import NotTheEarliest
from rewards.record import State
from rewards.rules import rule_set
from rewards.split import shares
from rewards.verify import verify
from store.errors import Refusal
from tests.rewards.desk import ANN, BOB, CAT, NOW, assessed


async def tips(store, *names: str) -> None:
    """Tips of the case, in this order of time."""
    for n, name in enumerate(names):
        filed = NOW - timedelta(days=10 - n)
        await store["tips"].insert_one(
            {"_id": name, "case_id": "case1", "filed_at": filed, "withdrawn": False, "number": name, "client_key": name}
        )


@given(st.integers(0, 10**13), st.integers(1, 50))
def test_shares_add_up_and_differ_by_a_fen_at_most(total, people):
    parts = shares(Fen(total), people)
    assert sum(parts) == total and len(parts) == people
    assert max(parts) - min(parts) <= 1 and parts == sorted(parts, reverse=True)


async def test_joint_reporters_share_and_the_ledger_adds_up_to_the_amount(desk, store):
    await tips(store, "t1", "t2", "t3")
    worth = assessed(66_666)  # 15 %: ¥9,999.90
    rewards = await desk.propose_joint({"t1": None, "t2": None, "t3": None}, assessment=worth)
    assert [row["amount_fen"] for row in rewards] == [333_330, 333_330, 333_330]
    worth = assessed(100_001)  # ¥15,000.15 = 1,500,015 fen
    rewards = await desk.propose_joint({row["tip_id"]: row["version"] for row in rewards}, assessment=worth)
    assert [row["amount_fen"] for row in rewards] == [500_005, 500_005, 500_005]
    worth = assessed(100_003)  # 1,500,045 fen + 0: 1,500,045 / 3 = 500,015
    rewards = await desk.propose_joint({row["tip_id"]: row["version"] for row in rewards}, assessment=worth)
    for row in rewards:
        paid = await desk.pay(await desk.claim(await desk.notify(await desk.approve(row))))
        assert "联名 3 人平均分配" in paid["assessment"]["steps"][-1]
    assert await desk.balance("paid:qingdao:2026") == worth.amount_fen
    assert (await verify(store)).ok


async def test_what_cannot_be_divided_goes_to_the_first(desk, store):
    await tips(store, "t1", "t2", "t3")
    penalty = Fen(2_000_067)  # 15 %: 300,010.05 fen, so ¥3,000.10
    worth = assess(rule_set("national_2018"), "major_hazard", penalty_fen=penalty)
    rewards = await desk.propose_joint({"t1": None, "t2": None, "t3": None}, assessment=worth)
    assert [row["amount_fen"] for row in rewards] == [100_004, 100_003, 100_003]
    assert "除不尽的 1 分" in rewards[0]["assessment"]["steps"][-1]


async def test_shares_are_changed_together_or_not_at_all(desk, store):
    await tips(store, "t1", "t2")
    one, two = await desk.propose_joint({"t1": None, "t2": None})
    with pytest.raises(WrongState, match="联名"):
        await desk.propose(tip="t1", version=one["version"])
    with pytest.raises(Stale):
        await desk.propose_joint({"t1": one["version"], "t2": two["version"] + 1})
    assert await record.find(store, one["_id"]) == one, "nothing half done"
    await desk.refuse(tip="t2", reason="不是联名举报人")
    alone = await desk.propose(tip="t1", version=one["version"])
    assert alone["joint"] is None and alone["amount_fen"] == 1_500_000


async def test_a_joint_proposal_is_all_or_nothing(desk, store):
    await tips(store, "t1", "t2")
    await desk.propose(tip="t1")
    with pytest.raises(Refusal):
        await desk.propose_joint({"t1": None, "t2": None})
    assert await store["rewards"].count_documents({}) == 1


async def test_the_earliest_report_is_rewarded_unless_there_is_a_reason(desk, store):
    await tips(store, "t1", "t2")
    with pytest.raises(NotTheEarliest, match="最先"):
        await desk.propose(tip="t2")
    await store["tips"].update_one({"_id": "t1"}, {"$set": {"withdrawn": True}})
    reward = await desk.propose(tip="t2")
    assert reward["exception"] == ""


async def test_a_second_reward_in_a_case_needs_a_reason(desk, store):
    await tips(store, "t1", "t2")
    await desk.propose(tip="t1")
    with pytest.raises(NotTheEarliest, match="已经有另一笔"):
        await desk.propose(BOB, tip="t2")
    with pytest.raises(Refusal, match="字"):
        await desk.propose(BOB, tip="t2", exception="新")
    more = await desk.propose(BOB, tip="t2", exception="提供了直接起作用的视频证据")
    assert more["state"] == State.PROPOSED and more["exception"].startswith("提供了")
    await desk.refuse(ANN, tip="t1")
    await desk.refuse(ANN, tip="t2")
    assert (await desk.propose(CAT, tip="t1", version=2))["state"] == State.PROPOSED


async def test_two_officers_who_split_and_propose_at_once_do_not_mix(desk, store):
    await tips(store, "t1", "t2")
    answers = await asyncio.gather(
        desk.propose_joint({"t1": None, "t2": None}, ANN), desk.propose(BOB, tip="t1"), return_exceptions=True
    )
    assert sum(isinstance(each, Refusal) for each in answers) == 1
    rows = [row async for row in store["rewards"].find()]
    assert sum(row["amount_fen"] for row in rows) == 1_500_000


async def test_two_officers_who_reward_two_tips_at_once_make_one_reward(desk, store):
    await tips(store, "t1", "t2")
    reason = {"exception": "另一件也起了直接作用"}
    answers = await asyncio.gather(
        desk.propose(ANN, tip="t1"), desk.propose(BOB, tip="t2", **reason), desk.propose(CAT, tip="t2"),
        return_exceptions=True,
    )  # fmt: skip
    rows = [row async for row in store["rewards"].find()]
    assert len(rows) == 2 - sum(isinstance(each, Refusal) for each in answers[:2])
    assert sum(row["exception"] == "" for row in rows) <= 1


async def test_the_reward_keeps_the_version_of_the_rule(desk, store):
    reward = await desk.propose()
    kept = await rule_book.of_digest(store, reward["rule_digest"])
    assert kept == rule_set("national_2018") and reward["claim_days"] == 60
