"""More time for a reporter, reporters who cannot be reached, donations, and payments that come back."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from access import audit
from access.actors import Role
from rewards import claims, disclosures, endings, payments
from rewards.claims import ClaimTooLate
from rewards.disclosure_text import DisclosureKind, NotForPublic
from rewards.guarded import NotAllowed, Stale, WrongState
from rewards.ledger_store import entries_of
from rewards.record import AlreadyPaid, State
from rewards.reminders import due_level, remind
from rewards.verify import verify
from store.errors import Refusal
from tests.rewards.desk import ANN, BOB, CAT, GUEST, NOW, PAYEE, officer

LATE = datetime(2026, 5, 3, 2, tzinfo=UTC)  # a day after the period
PUB, PUB2 = officer("pub", Role.PUBLISHER), officer("pub2", Role.PUBLISHER)


async def extend(desk, reward, until=date(2026, 6, 1), reason="举报人住院，不能按时登记", now=NOW, actor=CAT):
    return await claims.extend(
        desk.store, audit, actor, reward["_id"], until=until, reason=reason, version=reward["version"], now=now
    )


async def test_more_time_for_a_reason_also_when_it_is_late(desk):
    reward = await desk.reach(State.NOTIFIED)
    with pytest.raises(ClaimTooLate):
        await desk.claim(reward, now=LATE)
    longer = await extend(desk, reward, now=LATE)
    assert longer["claim_due"] == "2026-06-01" and longer["extensions"][0]["from"] == "2026-05-02"
    with pytest.raises(WrongState, match="还没有过"):
        await desk.forfeit(longer, LATE)
    assert (await desk.claim(longer, now=LATE))["state"] == State.CLAIMED


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"until": date(2026, 5, 2)}, "until"),
        ({"until": date(2026, 3, 1)}, "until"),
        ({"until": date(2028, 1, 1)}, "until"),
        ({"until": date(2026, 5, 3), "now": datetime(2026, 5, 4, tzinfo=UTC)}, "until"),
        ({"reason": "急"}, "reason"),
    ],
)
async def test_a_wrong_extension_changes_nothing(desk, changed, field):
    reward = await desk.reach(State.NOTIFIED)
    with pytest.raises(Refusal) as refused:
        await extend(desk, reward, **changed)
    assert refused.value.field == field and await desk.again(reward) == reward
    with pytest.raises(NotAllowed):
        await extend(desk, reward, actor=GUEST)
    await extend(desk, reward)
    with pytest.raises(Stale):
        await extend(desk, reward, until=date(2026, 7, 1))


async def test_a_forfeited_reward_is_not_extended(desk):
    reward = await desk.reach(State.NOTIFIED)
    ended = await desk.forfeit(reward, LATE)
    with pytest.raises(WrongState):
        await extend(desk, ended, now=LATE)


async def unreachable(desk, reward):
    return await claims.mark_unreachable(
        desk.store, audit, CAT, reward["_id"], reason="三次拨打所留电话无人接听", version=reward["version"], now=NOW
    )


CASE = {
    "_id": "case1", "opened_on": "2026-02-01", "decided_types": [], "company": "某厂", "channel": "form",
    "location": {"district": "市北区"}, "finding": {"result": "substantiated", "text": "属实", "checked_on": "2026-02-20"},
    "measures": [],
}  # fmt: skip


async def noticed(desk, reward, now):
    made = await disclosures.draft(
        desk.store, audit, PUB, DisclosureKind.REWARD_NOTICE, CASE, reward, demonstrate=True, now=now
    )
    made = await disclosures.review(desk.store, audit, PUB2, made["_id"], version=1, now=now)
    return await disclosures.publish(desk.store, audit, PUB, made["_id"], version=2, now=now)


async def test_who_cannot_be_reached_is_called_in_public_and_the_period_counts_from_there(desk):
    reward = await unreachable(desk, await desk.reach(State.NOTIFIED))
    with pytest.raises(WrongState, match="公告"):
        await desk.forfeit(reward, LATE)
    notice = await noticed(desk, reward, datetime(2026, 4, 20, 2, tzinfo=UTC))
    assert "2026-06-19前" in notice["text"] and reward["public_number"] in notice["text"]
    called = await desk.again(reward)
    assert (called["notice_on"], called["claim_due"]) == ("2026-04-20", "2026-06-19")
    with pytest.raises(WrongState):
        await desk.forfeit(called, LATE)
    ended = await desk.forfeit(called, datetime(2026, 6, 20, tzinfo=UTC))
    assert ended["state"] == State.FORFEITED
    assert [entry.kind for entry in await entries_of(desk.store, reward["_id"])] == ["pending", "expired"]


async def test_a_notice_for_a_reward_that_was_claimed_meanwhile_is_not_published(desk):
    reward = await desk.reach(State.NOTIFIED)
    made = await disclosures.draft(
        desk.store, audit, PUB, DisclosureKind.REWARD_NOTICE, CASE, reward, demonstrate=True, now=NOW
    )
    await disclosures.review(desk.store, audit, PUB2, made["_id"], version=1, now=NOW)
    await desk.claim(reward)
    with pytest.raises(NotForPublic, match="不用再公告"):
        await disclosures.publish(desk.store, audit, PUB, made["_id"], version=2, now=NOW)


async def test_a_reward_given_up_frees_its_money(desk):
    reward = await desk.reach(State.NOTIFIED)
    for _ in range(2):
        ended = await endings.waive(desk.store, audit, desk.ledger, reward["_id"], now=NOW)
        assert (ended["state"], ended["ended"]["by"]) == (State.WAIVED, "reporter")
    assert await desk.balance("budget:qingdao:2026") == 5_000_000


async def test_a_donated_reward_is_paid_without_an_account_of_the_reporter(desk):
    reward = await desk.reach(State.NOTIFIED)
    given = await claims.donate(desk.store, audit, reward["_id"], now=NOW)
    assert given["donation"] and given["payee_ref"] is None and given["state"] == State.CLAIMED
    with pytest.raises(WrongState):
        await desk.claim(given)
    assert (await desk.pay(given))["state"] == State.PAID


async def back(desk, reward, reason="账户已销户"):
    return await payments.came_back(
        desk.store, audit, desk.ledger, CAT, reward["_id"], reason=reason, version=reward["version"], now=NOW
    )


async def test_a_payment_that_comes_back_is_payable_again_once(desk, store):
    reward = await desk.reach(State.PAID)
    returned = await back(desk, reward)
    assert (returned["state"], returned["attempt"], returned["payment_problem"]) == (State.CLAIMED, 2, "账户已销户")
    assert await desk.balance("paid:qingdao:2026") == 0
    with pytest.raises(WrongState):
        await back(desk, returned)
    corrected = await desk.claim(returned, {**PAYEE, "account": "6222020000000000999"}, now=LATE)
    assert corrected["payee_ref"] != reward["payee_ref"] and corrected["payment_problem"] is None
    with pytest.raises(WrongState):
        await desk.claim(corrected)
    again = await desk.pay(corrected)
    assert again["paid_seq"] > reward["paid_seq"]
    assert await desk.balance("paid:qingdao:2026") == reward["amount_fen"]
    kinds = [entry.kind for entry in await entries_of(store, reward["_id"])]
    assert kinds == ["pending", "posted", "reversal", "posted"]
    assert (await verify(store)).ok


async def test_a_payment_returned_by_the_old_version_is_refused(desk):
    reward = await desk.reach(State.PAID)
    with pytest.raises(Stale):
        await payments.came_back(desk.store, audit, desk.ledger, CAT, reward["_id"], reason="退票", version=1, now=NOW)
    with pytest.raises(AlreadyPaid):
        await desk.refuse()
    assert await desk.again(reward) == reward
    with pytest.raises(AlreadyPaid):
        await desk.pay(reward, ANN)
    assert (await desk.pay(reward, CAT))["paid_by"] == CAT.id != BOB.id


@pytest.mark.parametrize(("left", "level"), [(31, None), (30, 30), (8, 30), (7, 7), (2, 7), (1, 1), (0, 1), (-1, None)])
def test_which_reminder_is_due(left, level):
    today = date(2026, 5, 1)
    assert due_level((today + timedelta(days=left)).isoformat(), today) == level


async def test_the_reporter_is_reminded_once_at_each_time(desk, store):
    await store["tips"].insert_one(
        {"_id": "tip1", "case_id": "case1", "withdrawn": False, "filed_at": NOW, "messages": []}
    )
    reward = await desk.reach(State.NOTIFIED)
    counts = []
    for days in (1, 31, 40, 54, 54, 59, 60, 61):
        counts.append(await remind(store, audit, NOW + timedelta(days=days)))
    assert counts == [0, 1, 0, 1, 0, 1, 0, 0]
    tip = await store["tips"].find_one({"_id": "tip1"})
    assert len(tip["messages"]) == 3 and "2026年5月2日前" in tip["messages"][0]["text"]
    await extend(desk, await desk.again(reward), until=date(2026, 6, 10))
    assert await remind(store, audit, NOW + timedelta(days=93)) == 1, "after an extension they begin anew"


async def test_two_processes_remind_once(desk, store):
    await store["tips"].insert_one(
        {"_id": "tip1", "case_id": "case1", "withdrawn": False, "filed_at": NOW, "messages": []}
    )
    await desk.reach(State.NOTIFIED)
    done = await asyncio.gather(*(remind(store, audit, NOW + timedelta(days=31)) for _ in range(3)))
    assert sum(done) == 1
    assert len((await store["tips"].find_one({"_id": "tip1"}))["messages"]) == 1
