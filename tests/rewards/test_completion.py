"""A process dies between any two writes; another one completes what it left."""

from datetime import timedelta

import pytest

from access import audit
from access.actors import SYSTEM
from cases import trail
from cases.states import State as CaseState
from rewards import approval, completion, endings, payments
from rewards.book import BudgetExhausted
from rewards.ledger_store import entries_of
from rewards.record import AlreadyPaid, State
from rewards.verify import verify
from tests.rewards.desk import BOB, CAT, NOW, assessed

SOON = NOW + timedelta(minutes=1)


class DiesAt:
    """An audit trail that fails at one action: the last write of that step."""

    def __init__(self, action):
        self.action = action

    async def append(self, store, session, subject, action, *rest):
        if action == self.action:
            raise ConnectionError("the process dies here")
        return await audit.append(store, session, subject, action, *rest)


async def complete(desk):
    return await completion.complete(desk.store, audit, desk.ledger, now=SOON)


async def test_nothing_to_complete_changes_nothing(desk, store):
    await desk.reach(State.PAID)
    await complete(desk)
    before = [row async for row in store["rewards"].find()], await store["audit"].count_documents({})
    assert await complete(desk) == 0
    assert before == ([row async for row in store["rewards"].find()], await store["audit"].count_documents({}))


async def test_an_approval_without_its_reservation(desk):
    reward = await desk.propose()
    with pytest.raises(ConnectionError):
        await approval.approve(
            desk.store, DiesAt("reward.reserve"), desk.ledger, BOB, reward["_id"], version=1, now=NOW
        )
    assert (await desk.again(reward))["state"] == State.PROPOSED
    await complete(desk)
    done = await desk.again(reward)
    assert done["state"] == State.APPROVED and done["approval"]["by"] == BOB.id
    assert await desk.balance(f"payable:{reward['_id']}") == reward["amount_fen"]


async def test_an_approval_that_the_budget_does_not_hold_is_taken_back(desk):
    reward = await desk.propose(assessment=assessed(1_000_000))
    with pytest.raises(BudgetExhausted):
        await desk.approve(reward)
    again = await desk.again(reward)
    await desk.store["rewards"].update_one(
        {"_id": reward["_id"]}, {"$set": {"approval": {"by": "bob", "version": again["version"], "at": NOW}}}
    )
    await complete(desk)
    assert (await desk.again(reward))["approval"] is None


@pytest.mark.parametrize(
    ("state", "action", "kind"), [("not_eligible", "reward.not_eligible", "voided"), ("waived", "reward.waived", "voided"),
                                  ("forfeited", "reward.forfeited", "expired")]
)  # fmt: skip
async def test_an_ending_without_its_state(desk, store, state, action, kind):
    reward = await desk.reach(State.NOTIFIED)
    dying, late = DiesAt(action), NOW + timedelta(days=90)
    with pytest.raises(ConnectionError):
        if state == "waived":
            await endings.waive(store, dying, desk.ledger, reward["_id"], now=NOW)
        elif state == "forfeited":
            await endings.forfeit(store, dying, desk.ledger, CAT, reward["_id"], now=late)
        else:
            await endings.mark_not_eligible(
                store, dying, desk.ledger, CAT, case_id="case1", tip_id="tip1", reason="核查不属实的", now=NOW
            )
    half = await desk.again(reward)
    assert half["state"] == State.NOTIFIED and half["ending"]["state"] == state
    await completion.complete(store, audit, desk.ledger, now=late + timedelta(minutes=1))
    done = await desk.again(reward)
    assert (done["state"], done["ending"]) == (state, None) and done["ended"]["reason"]
    assert [entry.kind for entry in await entries_of(store, reward["_id"])] == ["pending", kind]
    assert await desk.balance("budget:qingdao:2026") == 5_000_000


async def test_a_decided_ending_before_its_ledger_entry(desk, store):
    """The process dies between the decision and the ledger."""
    reward = await desk.reach(State.CLAIMED)
    ending = {"state": "not_eligible", "by": "cat", "reason": "核查不属实的", "on": "2026-03-03"}
    await store["rewards"].update_one({"_id": reward["_id"]}, {"$set": {"ending": ending}, "$inc": {"version": 1}})
    await complete(desk)
    assert (await desk.again(reward))["state"] == State.NOT_ELIGIBLE


async def test_a_payment_that_only_the_ledger_knows(desk, store):
    reward = await desk.reach(State.CLAIMED)
    with pytest.raises(ConnectionError):
        await payments.pay(store, DiesAt("reward.pay"), desk.ledger, CAT, reward["_id"], now=NOW)
    assert (await desk.again(reward))["state"] == State.CLAIMED
    await complete(desk)
    paid = await desk.again(reward)
    assert (paid["state"], paid["paid_by"]) == (State.PAID, CAT.id)
    assert await desk.balance("paid:qingdao:2026") == reward["amount_fen"]
    with pytest.raises(AlreadyPaid):
        await desk.pay(reward, BOB)


async def test_a_payment_is_quicker_than_an_ending_that_was_decided(desk, store):
    reward = await desk.reach(State.CLAIMED)
    with pytest.raises(ConnectionError):
        await payments.pay(store, DiesAt("reward.pay"), desk.ledger, CAT, reward["_id"], now=NOW)
    ending = {"state": "not_eligible", "by": "cat", "reason": "核查不属实的", "on": "2026-03-03"}
    await store["rewards"].update_one({"_id": reward["_id"]}, {"$set": {"ending": ending}, "$inc": {"version": 1}})
    await complete(desk)
    done = await desk.again(reward)
    assert (done["state"], done["ending"], done["ended"]) == (State.PAID, None, None)
    assert await desk.balance("paid:qingdao:2026") == reward["amount_fen"]


async def test_a_returned_payment_that_only_the_ledger_knows(desk, store):
    reward = await desk.reach(State.PAID)
    with pytest.raises(ConnectionError):
        await payments.came_back(
            store, DiesAt("reward.returned"), desk.ledger, CAT, reward["_id"], reason="销户", version=reward["version"],
            now=NOW,
        )  # fmt: skip
    assert (await desk.again(reward))["state"] == State.PAID and await desk.balance("paid:qingdao:2026") == 0
    await complete(desk)
    again = await desk.again(reward)
    assert (again["state"], again["attempt"]) == (State.CLAIMED, 2)
    await complete(desk)
    assert (await desk.again(reward))["state"] == State.CLAIMED, "the first payment is not taken for the second"
    assert (await desk.pay(again))["state"] == State.PAID
    assert (await verify(store)).ok


async def test_a_case_that_was_not_told_of_its_paid_reward(desk, store):
    entry = await trail.append(store, None, "case1", "file", SYSTEM.id, {}, NOW)
    head = {"seq": entry["seq"], "hash": entry["hash"]}
    await store["cases"].insert_one(
        {
            "_id": "case1", "version": 1, "state": CaseState.REPLIED, "audit": head, "clocks": [], "progress": [],
            "last_action": {"name": "reply", "at": NOW}, "location": None, "opened_on": "2026-02-01",
        }
    )  # fmt: skip
    desk_trail = desk
    reward = await desk_trail.propose()
    # The reward's steps went to the trail without moving the case's head; put the head where the trail is.
    reward = await desk.pay(await desk.claim(await desk.notify(await desk.approve(reward))))
    last = await store["audit"].find_one({"subject": "case1"}, sort=[("seq", -1)])
    await store["cases"].update_one({"_id": "case1"}, {"$set": {"audit": {"seq": last["seq"], "hash": last["hash"]}}})
    assert (await store["cases"].find_one({"_id": "case1"}))["state"] == CaseState.REPLIED
    await complete(desk)
    case = await store["cases"].find_one({"_id": "case1"})
    assert case["state"] == CaseState.REWARDED and case["reward_outcome"] == "paid"
    assert await store["rewards"].count_documents({"unsettled": True}) == 0
    assert (await audit.verify(store))[1] is None
    assert reward["state"] == State.PAID


async def test_fresh_work_of_somebody_else_is_left_alone(desk, store):
    reward = await desk.propose()
    with pytest.raises(ConnectionError):
        await approval.approve(store, DiesAt("reward.reserve"), desk.ledger, BOB, reward["_id"], version=1, now=NOW)
    await completion.complete(store, audit, desk.ledger, now=NOW + timedelta(seconds=5))
    assert (await desk.again(reward))["state"] == State.PROPOSED
