import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from access import audit
from access.actors import Role
from rewards import approval, payments, record
from rewards.approval import SamePerson
from rewards.book import BudgetExhausted
from rewards.claims import ClaimTooLate
from rewards.guarded import NotAllowed, Stale, WrongState
from rewards.ledger_store import entries_of
from rewards.money import Fen
from rewards.proposals import ConditionsNotMet
from rewards.record import AlreadyPaid, AlreadyProposed, NoSuchReward, State
from rewards.verify import verify
from store.errors import Refusal
from tests.rewards.desk import ANN, BOB, CAT, GUEST, NOW, PAYEE, assessed, officer


async def test_the_whole_way_is_explained_entered_and_audited(desk, store):
    reward = await desk.reach(State.PAID)
    assert reward["amount_fen"] == 1_500_000
    assert reward["assessment"]["steps"][-1] == "奖金 ¥15,000.00"
    assert (reward["notified_on"], reward["claim_due"]) == ("2026-03-03", "2026-05-02")
    assert await desk.balance("paid:qingdao:2026") == 1_500_000
    assert [entry.kind for entry in await entries_of(store, reward["_id"])] == ["pending", "posted"]
    trail = [each async for each in store["audit"].find({"subject": "case1"}).sort("seq", 1)]
    assert [each["action"] for each in trail] == [
        "reward.propose", "reward.approve", "reward.reserve", "reward.notify", "reward.claim", "reward.pay",
    ]  # fmt: skip
    assert (await audit.verify(store))[1] is None
    assert (await verify(store)).ok


async def test_payee_data_is_only_in_the_vault(desk, store):
    reward = await desk.reach(State.PAID)
    assert (await store["vault"].find_one())["payee"]["account"] == "6222020000000000123"
    names = ("rewards", "audit", "ledger_entries", "ledger_head")
    kept = [[each async for each in store[name].find()] for name in names]
    told = json.dumps(kept, default=str, ensure_ascii=False)
    assert not any(each in told for each in ("王五", "青岛银行", "6222020000000000123", "6222 0200"))
    assert reward["payee_ref"].startswith("payee-tip1")


@pytest.mark.parametrize("roles", [(Role.FINANCE,), (Role.FINANCE, Role.SUPERVISOR, Role.LEADER, Role.ADMIN)])
async def test_the_proposer_never_approves(desk, roles):
    proposer = officer("ann", *roles)
    reward = await desk.propose(proposer)
    with pytest.raises(SamePerson):
        await desk.approve(reward, proposer)
    changed = await desk.propose(BOB, assessed(200_000), version=reward["version"])
    for person in (proposer, BOB):
        with pytest.raises(SamePerson):
            await desk.approve(changed, person)
    assert (await desk.approve(changed, CAT))["approval"]["by"] == "cat"


async def test_a_changed_proposal_is_not_approved_by_who_saw_the_old_one(desk):
    reward = await desk.propose()
    changed = await desk.propose(ANN, assessed(2_000_000), version=reward["version"])
    with pytest.raises(Stale, match="300,000"):
        await desk.approve(reward)
    with pytest.raises(Stale):
        await desk.propose(ANN, assessed(1), version=reward["version"])
    assert changed["amount_fen"] == 30_000_000
    assert await desk.balance(f"payable:{reward['_id']}") == 0


async def test_a_second_proposal_for_the_same_tip_is_refused(desk, store):
    await desk.propose()
    with pytest.raises(AlreadyProposed):
        await desk.propose(BOB)
    assert await store["rewards"].count_documents({}) == 1


async def test_two_first_proposals_at_once_make_one_reward(desk, store):
    answers = await asyncio.gather(desk.propose(ANN), desk.propose(BOB), desk.propose(CAT), return_exceptions=True)
    assert sum(isinstance(each, AlreadyProposed) for each in answers) == 2
    assert await store["rewards"].count_documents({}) == await store["audit"].count_documents({}) == 1


async def test_an_exhausted_budget_takes_the_approval_back(desk, funded, store):
    reward = await desk.propose(ANN, assessed(10_000_000))
    with pytest.raises(BudgetExhausted):
        await desk.approve(reward)
    reward = await record.find(store, reward["_id"])
    assert reward["state"] == "proposed" and reward["approval"] is None
    await funded.appropriate("b2", "qingdao", 2026, Fen(100_000_000), actor="ann")
    assert (await desk.approve(reward))["state"] == "approved"


async def test_conditions_that_are_not_met_stop_a_proposal_but_do_not_decide(desk, store):
    with pytest.raises(ConditionsNotMet, match="最先"):
        await desk.propose(ANN, assessed(answers={"earliest": False}))
    assert await store["rewards"].count_documents({}) == 0


async def test_claim_on_the_last_day_and_after_it(desk):
    reward = await desk.reach(State.NOTIFIED)
    last_minute = datetime(2026, 5, 2, 15, 59, tzinfo=UTC)
    with pytest.raises(ClaimTooLate, match="2026-05-02"):
        await desk.claim(reward, now=last_minute + timedelta(minutes=1))
    with pytest.raises(WrongState, match="还没有过"):
        await desk.forfeit(reward, last_minute)
    assert (await desk.claim(reward, now=last_minute))["state"] == "claimed"


async def test_an_unclaimed_reward_is_forfeited_and_its_money_freed(desk, store):
    reward = await desk.reach(State.NOTIFIED)
    late = datetime(2026, 5, 3, tzinfo=UTC)
    ended = await desk.forfeit(reward, late)
    assert ended["state"] == "forfeited"
    assert await desk.forfeit(reward, late) == ended
    assert await desk.balance("budget:qingdao:2026") == 5_000_000
    with pytest.raises(WrongState):
        await desk.claim(reward, now=NOW)
    assert [entry.kind for entry in await entries_of(store, reward["_id"])] == ["pending", "expired"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"bank": "  "}, "bank"),
        ({"account": "一二三四五六七八"}, "account"),
        ({"account": "12 34"}, "account"),
        ({"account": "6" * 31}, "account"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"phone": "1" * 21}, "phone"),
        ({"$where": "1"}, "$where"),
    ],
)
async def test_wrong_payee_data_changes_nothing(desk, store, change, field):
    reward = await desk.reach(State.NOTIFIED)
    with pytest.raises(Refusal) as refused:
        await desk.claim(reward, {**PAYEE, **change})
    assert refused.value.field == field
    assert (await record.find(store, reward["_id"])) == reward
    assert await store["vault"].count_documents({}) == 0


async def test_not_eligible_needs_a_person_and_a_reason(desk, store):
    with pytest.raises(NotAllowed):
        await desk.refuse(GUEST)
    with pytest.raises(Refusal, match="理由"):
        await desk.refuse(reason="  无 ")
    reward = await desk.refuse()
    assert (reward["state"], reward["ended"]["by"]) == ("not_eligible", "ann")
    again = await desk.propose(BOB, version=reward["version"])  # the reporter objected with success
    assert again["state"] == "proposed" and again["ended"] is None
    assert (await desk.approve(again, CAT))["state"] == "approved"


@pytest.mark.parametrize("state", [State.PROPOSED, State.APPROVED, State.NOTIFIED, State.CLAIMED])
async def test_not_eligible_frees_the_money_until_it_is_paid(desk, state):
    await desk.reach(state)
    assert (await desk.refuse())["state"] == "not_eligible"
    assert await desk.balance("budget:qingdao:2026") == 5_000_000
    assert (await verify(desk.store)).ok


async def test_a_paid_reward_is_paid_once(desk):
    reward = await desk.reach(State.PAID)
    assert await desk.pay(reward) == reward
    with pytest.raises(AlreadyPaid):
        await desk.pay(reward, BOB)
    with pytest.raises(AlreadyPaid):
        await desk.refuse()
    assert await desk.balance("paid:qingdao:2026") == reward["amount_fen"]


async def test_payment_and_refusal_at_once_end_in_one_of_them(desk):
    reward = await desk.reach(State.CLAIMED)
    await asyncio.gather(desk.pay(reward), desk.pay(reward, BOB), desk.refuse(), return_exceptions=True)
    reward = await record.find(desk.store, reward["_id"])
    paid = await desk.balance("paid:qingdao:2026")
    assert (reward["state"], paid) in [("paid", 1_500_000), ("not_eligible", 0)]


class BrokenAudit:
    """An audit trail that fails: the last write of every step."""

    async def append(self, *_):
        raise ConnectionError("the process dies here")


async def test_a_step_that_dies_after_the_ledger_is_completed_by_a_retry(desk, store, funded):
    reward = await desk.reach(State.CLAIMED)
    with pytest.raises(ConnectionError):
        await payments.pay(store, BrokenAudit(), funded, CAT, reward["_id"], now=NOW)
    assert (await record.find(store, reward["_id"]))["state"] == "claimed"
    assert (await desk.pay(reward, BOB))["paid_by"] == CAT.id, "who retries did not pay"
    assert await desk.balance("paid:qingdao:2026") == 1_500_000


async def test_a_refusal_after_the_ledger_paid_completes_the_payment(desk, store, funded):
    reward = await desk.reach(State.CLAIMED)
    with pytest.raises(ConnectionError):
        await payments.pay(store, BrokenAudit(), funded, CAT, reward["_id"], now=NOW)
    with pytest.raises(AlreadyPaid):
        await desk.refuse()
    assert (await record.find(store, reward["_id"]))["state"] == "paid"
    assert await desk.balance("paid:qingdao:2026") == 1_500_000


async def test_an_approval_that_dies_in_the_middle_is_completed_by_a_retry(desk, store, funded):
    reward = await desk.propose()

    class DiesAtTheSecondStep:
        async def append(self, store, session, subject, action, *rest):
            if action == "reward.reserve":
                raise ConnectionError
            return await audit.append(store, session, subject, action, *rest)

    with pytest.raises(ConnectionError):
        await approval.approve(store, DiesAtTheSecondStep(), funded, BOB, reward["_id"], version=1, now=NOW)
    with pytest.raises(WrongState, match="正在批准"):
        await desk.propose(ANN, assessed(1), version=2)
    with pytest.raises(WrongState, match="正在批准"):
        await desk.refuse()
    done = await desk.approve(reward)
    assert (done["state"], done["approval"]["by"]) == ("approved", "bob")
    assert await desk.approve(reward) == done
    assert await desk.balance(f"payable:{reward['_id']}") == 1_500_000


@pytest.mark.parametrize("state", list(State)[:5])
async def test_every_step_refuses_a_state_it_does_not_fit(desk, state):
    reward = await desk.reach(state)
    fitting = {State.PROPOSED: "approve", State.APPROVED: "notify", State.NOTIFIED: "claim", State.CLAIMED: "pay"}
    for name in {"approve", "notify", "claim"} - {fitting.get(state)}:
        if (state, name) == (State.APPROVED, "approve"):
            continue
        with pytest.raises(WrongState):
            await getattr(desk, name)(reward)
    assert await record.find(desk.store, reward["_id"]) == reward


@pytest.mark.parametrize(
    ("state", "name"), [(State.PROPOSED, "approve"), (State.APPROVED, "notify"), (State.CLAIMED, "pay")]
)
async def test_only_finance_acts(desk, state, name):
    reward = await desk.reach(state)
    with pytest.raises(NotAllowed):
        await getattr(desk, name)(reward, GUEST)
    with pytest.raises(NotAllowed):
        await desk.propose(GUEST)


async def test_unknown_rewards_and_the_work_list(desk, store):
    with pytest.raises(NoSuchReward):
        await record.find(store, "nope")
    reward = await desk.reach(State.NOTIFIED)
    assert [each["_id"] for each in await record.in_states(store, State.NOTIFIED, State.PAID)] == [reward["_id"]]
    assert await record.in_states(store, State.PROPOSED) == []


def test_public_numbers_are_random_and_readable():
    numbers = {record.new_public_number() for _ in range(1000)}
    assert len(numbers) == 1000 and all(len(each) == 10 for each in numbers)
