"""Complete what a process that died left half done. Safe to run at any time, by every process, and again.

A decision about money is stored first, then the ledger is written, then the state. Between any two of these a process
can die; here each half is found and its other half done:

- an approval without a reservation; a decided ending without its ledger entry;
- a payment or a returned payment that the ledger has and the reward does not;
- a bank's result whose lines are not all entered;
- a case whose rewards have ended, or whose disclosure was published, and that did not move on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog

from access.actors import SYSTEM
from cases import settlement
from rewards import approval, batches, endings, payments
from rewards.accounts import Kind
from rewards.checkpoints import Notary, Rewritten
from rewards.guarded import AuditTrail
from rewards.ledger import Ledger
from rewards.ledger_store import ENTRIES
from rewards.record import REWARDS, State
from rewards.reminders import remind
from store.errors import Refusal
from store.mongo import Document, Store

log = structlog.get_logger(__name__)

EVERY_S = 30.0
# Somebody may be in the middle of it at this moment; completing then would only meet a conflict.
YOUNG = timedelta(seconds=20)
ENDED = [State.PAID.value, State.FORFEITED.value, State.WAIVED.value, State.NOT_ELIGIBLE.value]


async def look_after(store: Store, audit: AuditTrail, ledger: Ledger, notary: Notary) -> None:
    """What is done every `EVERY_S`: complete, remind, and sign what the logs became."""
    now = datetime.now(UTC)
    await complete(store, audit, ledger, now=now)
    await remind(store, audit, now)
    try:
        await notary.board(now)
        await notary.ledger(now)
    except Rewritten as failure:
        log.critical("rewards.log_rewritten", what=str(failure), todo="run tip12350 ledger verify")


async def complete(store: Store, audit: AuditTrail, ledger: Ledger, *, now: datetime, young: timedelta = YOUNG) -> int:
    """Do all missing halves; answers how many were done."""
    done = 0
    old = {"updated_at": {"$lte": now - young}}

    async def each(rows: list[Document], finish: Callable[[Document], Awaitable[object]]) -> None:
        nonlocal done
        for row in rows:
            try:
                await finish(row)
                done += 1
            except Refusal as refusal:
                # Somebody else was first, or the other half was refused and taken back: both are an end.
                log.info("rewards.completion_refused", record=row["_id"], why=type(refusal).__name__)

    approvals = {"state": State.PROPOSED.value, "approval": {"$ne": None}, **old}
    await each(
        await store[REWARDS].find(approvals).to_list(None),
        lambda row: approval.reserve_approved(store, audit, ledger, SYSTEM, row, now=now),
    )
    await each(
        await store[REWARDS].find({"ending": {"$type": "object"}, **old}).to_list(None),
        lambda row: endings.finish_ending(store, audit, ledger, SYSTEM, row, now=now),
    )
    await each(
        await _paid_in_the_ledger_only(store, old),
        lambda row: payments.follow_ledger(store, audit, SYSTEM, row, now=now),
    )
    await each(
        await _reversed_in_the_ledger_only(store, old),
        lambda row: payments.payable_again(store, audit, SYSTEM, row, "银行退票", now=now),
    )
    await each(
        await store[batches.BATCHES].find({"state": "settling", **old}).to_list(None),
        lambda row: batches.settle(store, audit, ledger, SYSTEM, row, now=now),
    )
    return done + await _settle_cases(store)


async def _paid_in_the_ledger_only(store: Store, old: Document) -> list[Document]:
    unpaid = {"state": {"$in": [State.CLAIMED.value, State.PAYING.value]}, **old}
    rows = {row["_id"]: row async for row in store[REWARDS].find(unpaid)}
    query = {"claim": {"$in": list(rows)}, "kind": Kind.POSTED.value}
    posted = {entry["key"]: entry["claim"] async for entry in store[ENTRIES].find(query, {"key": 1, "claim": 1})}
    # The key names the attempt: a payment that came back is not the one that is due now.
    return [rows[claim] for key, claim in posted.items() if key == payments.payment_key(rows[claim])]


async def _reversed_in_the_ledger_only(store: Store, old: Document) -> list[Document]:
    query = {"kind": Kind.REVERSAL.value, "claim": {"$ne": None}}
    undone = [entry["target"] async for entry in store[ENTRIES].find(query, {"target": 1})]
    paid = {"state": State.PAID.value, "paid_seq": {"$in": undone}, **old}
    return await store[REWARDS].find(paid).to_list(None)


async def _settle_cases(store: Store) -> int:
    """Whatever ended or was published is marked `unsettled` in the same transaction, until its case was looked at."""
    done = 0
    for case_id in await store[REWARDS].distinct("case_id", {"unsettled": True}):
        done += await settlement.settle_reward(store, case_id)
        still = {"case_id": case_id, "state": {"$nin": ENDED}}
        if await store[REWARDS].count_documents(still, limit=1) == 0:
            await store[REWARDS].update_many({"case_id": case_id}, {"$unset": {"unsettled": ""}})
    for case_id in await store["disclosures"].distinct("case_id", {"unsettled": True}):
        done += await settlement.mark_disclosed(store, case_id)
        await store["disclosures"].update_many({"case_id": case_id}, {"$unset": {"unsettled": ""}})
    return done
