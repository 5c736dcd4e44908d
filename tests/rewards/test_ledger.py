import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from rewards import accounts, entries
from rewards.accounts import Kind
from rewards.book import (
    AlreadyReversed,
    AlreadySettled,
    BudgetExhausted,
    ClaimAlreadyReserved,
    IdempotencyConflict,
    NoSuchEntry,
    YearClosed,
)
from rewards.entries import LedgerRequest, WrongRequest, appropriation, reserve
from rewards.ledger import Ledger
from rewards.ledger_store import ENTRIES, BudgetState, budget_state, last_seq_before
from rewards.money import MAX_FEN, Fen
from rewards.verify import verify

CITY, YEAR = "qingdao", 2026
BUDGET, TREASURY, PAID = accounts.budget(CITY, YEAR), accounts.treasury(CITY), accounts.paid(CITY, YEAR)


@pytest.fixture
async def ledger(store):
    async with Ledger(store) as opened:
        yield opened


async def funded(ledger: Ledger, fen: int = 1_000_000):
    return await ledger.appropriate("budget", CITY, YEAR, Fen(fen), actor="f1")


async def pending(ledger: Ledger, claim: str = "r1", fen: int = 300_000):
    return await ledger.pending(f"reserve:{claim}", CITY, YEAR, claim, Fen(fen), actor="f2")


async def test_a_reward_from_budget_to_payment(ledger, store):
    first = await funded(ledger)
    reserved = await pending(ledger)
    assert (await ledger.balances())[BUDGET] == 700_000
    posted = await ledger.post_pending("payout:r1", reserved.seq, actor="f3")
    assert [first.seq, reserved.seq, posted.seq] == [1, 2, 3]
    assert await ledger.balances() == {TREASURY: -1_000_000, BUDGET: 700_000, accounts.payable("r1"): 0, PAID: 300_000}
    assert await ledger.balances(as_of_seq=2) == {
        TREASURY: -1_000_000, BUDGET: 700_000, accounts.payable("r1"): 300_000,
    }  # fmt: skip
    report = await verify(store)
    assert report.ok and report.entries == 3


async def test_a_cancelled_reservation_goes_back_to_the_budget_and_may_be_made_anew(ledger, store):
    await funded(ledger)
    reserved = await pending(ledger)
    await ledger.void("void:r1", reserved.seq, actor="f3")
    assert (await ledger.balances())[BUDGET] == 1_000_000
    again = await ledger.pending("reserve:r1:2", CITY, YEAR, "r1", Fen(5), actor="f2")
    with pytest.raises(AlreadySettled, match="取消"):
        await ledger.post_pending("payout:r1", reserved.seq, actor="f3")
    await ledger.post_pending("payout:r1:2", again.seq, actor="f3")
    assert (await verify(store)).ok


async def test_no_path_pays_twice(ledger, store):
    await funded(ledger)
    reserved = await pending(ledger)
    await ledger.post_pending("payout:r1", reserved.seq, actor="f3")
    with pytest.raises(AlreadySettled, match="支付"):
        await ledger.post_pending("other-key", reserved.seq, actor="f3")
    with pytest.raises(AlreadySettled):
        await ledger.void("void:r1", reserved.seq, actor="f3")
    with pytest.raises(ClaimAlreadyReserved):
        await ledger.pending("reserve-again", CITY, YEAR, "r1", Fen(1), actor="f2")
    assert (await ledger.balances())[PAID] == 300_000
    assert (await verify(store)).entries == 3


async def test_a_payment_that_failed_is_reversed_and_can_be_made_again(ledger, store):
    await funded(ledger)
    reserved = await pending(ledger)
    posted = await ledger.post_pending("payout:r1", reserved.seq, actor="f3")
    await ledger.reverse("back:r1", posted.seq, actor="f3", memo="银行退票")
    assert (await ledger.balances())[accounts.payable("r1")] == 300_000
    with pytest.raises(AlreadyReversed):
        await ledger.reverse("back:r1:b", posted.seq, actor="f3", memo="银行退票")
    await ledger.post_pending("payout:r1:2", reserved.seq, actor="f3")
    with pytest.raises(AlreadyReversed):
        await ledger.reverse("back:r1:c", posted.seq, actor="f3", memo="银行退票")
    assert (await ledger.balances())[PAID] == 300_000
    assert (await verify(store)).ok


async def test_a_budget_cannot_be_overdrawn(ledger):
    granted = await funded(ledger, 100)
    with pytest.raises(BudgetExhausted, match=r"¥1\.00.*¥1\.01"):
        await pending(ledger, fen=101)
    await pending(ledger, fen=60)
    with pytest.raises(BudgetExhausted):
        await ledger.pending("other-year", CITY, YEAR + 1, "r2", Fen(1), actor="f2")
    with pytest.raises(BudgetExhausted):
        await ledger.pending("other-place", "jimo", YEAR, "r2", Fen(1), actor="f2")
    with pytest.raises(BudgetExhausted):
        await ledger.reverse("take-back", granted.seq, actor="f1", memo="收回预算")
    assert (await ledger.balances())[BUDGET] == 40


async def test_the_same_key_is_the_same_entry_or_a_conflict(ledger, store):
    first = await funded(ledger)
    assert await funded(ledger) == first
    again = await ledger.appropriate("budget", CITY, YEAR, Fen(1_000_000), actor="somebody else", memo="重试")
    assert again == first, "who retries does not matter, what happens to the money does"
    for other in (
        appropriation("budget", CITY, YEAR, Fen(1), actor="f1"),
        appropriation("budget", CITY, YEAR + 1, Fen(1_000_000), actor="f1"),
        reserve("budget", CITY, YEAR, "r1", Fen(1_000_000), actor="f1"),
        entries.settle("budget", 1, actor="f1"),
    ):
        with pytest.raises(IdempotencyConflict):
            await ledger.post(other)
    assert await store[ENTRIES].count_documents({}) == 1


async def test_the_same_key_twice_in_one_batch(ledger, store):
    await funded(ledger)
    same = [pending(ledger) for _ in range(20)]
    answers = await asyncio.gather(*same, pending(ledger, fen=7), return_exceptions=True)
    assert len({entry.seq for entry in answers[:20]}) == 1
    assert isinstance(answers[20], IdempotencyConflict)
    assert await store[ENTRIES].count_documents({}) == 2


async def test_a_refusal_does_not_disturb_its_batch(ledger, store):
    await funded(ledger, 1000)
    answers = await asyncio.gather(
        *(pending(ledger, f"r{n}", 100) for n in range(15)), ledger.void("v", 99, actor="x"), return_exceptions=True
    )
    assert sum(isinstance(each, entries.Entry) for each in answers) == 10
    assert sum(isinstance(each, BudgetExhausted) for each in answers) == 5
    assert isinstance(answers[-1], NoSuchEntry)
    assert (await ledger.balances())[BUDGET] == 0
    assert (await verify(store)).ok


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (appropriation("k", CITY, YEAR, Fen(0), actor="a"), "amount"),
        (appropriation("k", CITY, YEAR, Fen(-5), actor="a"), "amount"),
        (appropriation("k", CITY, YEAR, Fen(MAX_FEN + 1), actor="a"), "amount"),
        (appropriation("k", CITY, YEAR, 1.5, actor="a"), "amount"),
        (appropriation("k", CITY, YEAR, True, actor="a"), "amount"),
        (appropriation("k", CITY, 1999, Fen(1), actor="a"), "year"),
        (appropriation("k", CITY, "2026", Fen(1), actor="a"), "year"),
        (appropriation("k", "青岛", YEAR, Fen(1), actor="a"), "jurisdiction"),
        (appropriation("k", "a:b", YEAR, Fen(1), actor="a"), "jurisdiction"),
        (appropriation("", CITY, YEAR, Fen(1), actor="a"), "key"),
        (appropriation("k\x00", CITY, YEAR, Fen(1), actor="a"), "key"),
        (appropriation("k" * 121, CITY, YEAR, Fen(1), actor="a"), "key"),
        (appropriation("k", CITY, YEAR, Fen(1), actor=""), "actor"),
        (appropriation("k", CITY, YEAR, Fen(1), actor="a", memo="联系13800138000"), "memo"),
        (appropriation("k", CITY, YEAR, Fen(1), actor="a", memo="\ud800"), "memo"),
        (appropriation("k", CITY, YEAR, Fen(1), actor="a", memo="x" * 201), "memo"),
        (reserve("k", CITY, YEAR, "张三", Fen(1), actor="a"), "claim"),
        (reserve("k", CITY, YEAR, None, Fen(1), actor="a"), "claim"),
        (entries.settle("k", 0, actor="a"), "target"),
        (entries.settle("k", "1", actor="a"), "target"),
        (entries.reverse("k", 1, actor="a", memo=" "), "memo"),
    ],
)
async def test_impossible_requests_name_their_field(ledger, request_: LedgerRequest, field):
    with pytest.raises(WrongRequest) as refused:
        await ledger.post(request_)
    assert refused.value.field == field


async def test_entries_that_cannot_be_targets(ledger):
    granted = await funded(ledger)
    reserved = await pending(ledger)
    voided = await ledger.void("v", reserved.seq, actor="a")
    with pytest.raises(WrongRequest, match="不是预留"):
        await ledger.post_pending("p", granted.seq, actor="a")
    for each in (reserved, voided):
        with pytest.raises(WrongRequest, match="不能冲正"):
            await ledger.reverse("r", each.seq, actor="a", memo="错")
    undone = await ledger.reverse("r", granted.seq, actor="a", memo="错")
    with pytest.raises(WrongRequest, match="不能冲正"):
        await ledger.reverse("rr", undone.seq, actor="a", memo="错")


async def test_where_a_years_money_is(ledger, store):
    assert await budget_state(store, CITY, YEAR) == BudgetState(0, 0, 0, 0)
    await funded(ledger, 1000)
    extra = await ledger.appropriate("more", CITY, YEAR, Fen(50), actor="f1")
    await ledger.appropriate("next-year", CITY, YEAR + 1, Fen(7), actor="f1")
    await ledger.reverse("less", extra.seq, actor="f1", memo="收回")
    one, _ = await pending(ledger, "r1", 300), await pending(ledger, "r2", 200)
    await ledger.post_pending("payout:r1", one.seq, actor="f3")
    assert await budget_state(store, CITY, YEAR) == BudgetState(granted=1000, available=500, reserved=200, paid=300)


async def test_two_ledgers_at_once_make_one_chain(store):
    async with Ledger(store) as one, Ledger(store) as two:
        await funded(one, 100_000)
        jobs = [pending(each, f"r{n}", 1000) for n in range(60) for each in (one, two)]
        answers = await asyncio.gather(*jobs)
    assert all(answers[n].seq == answers[n + 1].seq for n in range(0, 120, 2)), "one entry, whichever was first"
    assert sorted({entry.seq for entry in answers}) == list(range(2, 62))
    report = await verify(store)
    assert report.ok and report.entries == 61


async def test_a_clock_that_is_set_back_does_not_turn_the_ledger_back(store):
    moments = [datetime(2026, 5, 1, 12, tzinfo=UTC) - timedelta(hours=n) for n in range(3)]
    async with Ledger(store, clock=lambda: moments.pop(0)) as ledger:
        at = [(await ledger.appropriate(f"k{n}", CITY, YEAR, Fen(1), actor="a")).at for n in range(3)]
    assert at == [datetime(2026, 5, 1, 12, tzinfo=UTC)] * 3
    assert (await verify(store)).ok


def test_postings_add_up_to_nothing():
    for kind in set(Kind) - {Kind.REVERSAL}:
        assert sum(fen for _, fen in accounts.postings(kind, CITY, YEAR, "r1", 5)) == 0


async def test_a_reward_nobody_claimed_expires_into_the_budget(ledger, store):
    await funded(ledger)
    reserved = await pending(ledger)
    expired = await ledger.expire("expire:r1", reserved.seq, actor="f3")
    assert expired.kind is Kind.EXPIRED and (await ledger.balances())[BUDGET] == 1_000_000
    with pytest.raises(AlreadySettled, match="逾期收回"):
        await ledger.post_pending("payout:r1", reserved.seq, actor="f3")
    assert await ledger.expire("expire:r1", reserved.seq, actor="f4") == expired
    await ledger.pending("reserve:r1:2", CITY, YEAR, "r1", Fen(5), actor="f2")
    assert (await verify(store)).ok


async def test_a_closed_year_takes_nothing_new_but_ends_what_it_began(ledger, store):
    await funded(ledger)
    one, two = await pending(ledger, "r1"), await pending(ledger, "r2", 200_000)
    with pytest.raises(WrongRequest, match="5,000"):
        await ledger.close_year("close", CITY, YEAR, Fen(1), actor="f1")
    closed = await ledger.close_year("close", CITY, YEAR, Fen(500_000), actor="f1", memo="年终结转")
    assert closed == await ledger.close_year("close", CITY, YEAR, Fen(500_000), actor="f1")
    assert (await ledger.balances())[TREASURY] == -500_000
    with pytest.raises(YearClosed):
        await pending(ledger, "r3", 1)
    with pytest.raises(YearClosed):
        await ledger.appropriate("more", CITY, YEAR, Fen(1), actor="f1")
    await ledger.post_pending("payout:r1", one.seq, actor="f3")
    await ledger.void("void:r2", two.seq, actor="f3")
    assert (await ledger.balances())[BUDGET] == 200_000, "what comes back waits to be closed too"
    await ledger.close_year("close2", CITY, YEAR, Fen(200_000), actor="f1")
    assert await budget_state(store, CITY, YEAR) == BudgetState(300_000, 0, 0, 300_000, closed=True)
    assert (await verify(store)).ok


async def test_a_year_spent_to_the_last_fen_can_be_closed(ledger, store):
    await funded(ledger, 100)
    await pending(ledger, fen=100)
    closed = await ledger.close_year("close", CITY, YEAR, Fen(0), actor="f1")
    assert closed.postings == ()
    with pytest.raises(YearClosed):
        await ledger.appropriate("more", CITY, YEAR, Fen(1), actor="f1")
    assert (await verify(store)).ok


async def test_another_process_that_wrote_in_between_is_noticed(store):
    """Each ledger trusts its own picture of the head until the store says otherwise."""
    async with Ledger(store) as one, Ledger(store) as two:
        await funded(one, 100)
        for n in range(3):
            await pending(one, f"a{n}", 10)
            await pending(two, f"b{n}", 20)
        with pytest.raises(BudgetExhausted):
            await pending(one, "c", 20)
        with pytest.raises(ClaimAlreadyReserved):
            await one.pending("again", CITY, YEAR, "b0", Fen(1), actor="f1")
        assert (await one.balances())[BUDGET] == 10
    assert (await verify(store)).entries == 7


async def test_balances_as_of_a_date(store):
    moments = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 13)]
    pending_moments = iter(moments)
    async with Ledger(store, clock=lambda: next(pending_moments)) as ledger:
        for n in range(12):
            await ledger.appropriate(f"k{n}", CITY, YEAR, Fen(1), actor="a")
    assert await last_seq_before(store, datetime(2025, 12, 31, tzinfo=UTC)) == 0
    assert await last_seq_before(store, moments[5]) == 5
    assert await last_seq_before(store, moments[5] + timedelta(milliseconds=1)) == 6
    assert await last_seq_before(store, datetime(2030, 1, 1, tzinfo=UTC)) == 12
