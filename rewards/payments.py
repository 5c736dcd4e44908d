"""A payment is entered in the ledger once: by hand for a single reward, or for each line of a batch (batches.py).

`attempt` counts payments of a reward: it is part of the ledger's key and grows only when a payment that was made comes
back, so that a retry is always recognised and a second payment never looks like one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from access.actors import Actor
from rewards import public_log
from rewards.accounts import Kind
from rewards.book import AlreadyReversed, AlreadySettled
from rewards.entries import Entry
from rewards.guarded import AuditTrail, Stale, WrongState, reason_of
from rewards.ledger import Ledger
from rewards.ledger_store import entries_of
from rewards.month_cap import refuse_over
from rewards.public_log import Event
from rewards.record import SHELF, AlreadyPaid, State, decides, find, in_state, read
from store.local_time import local_day
from store.mongo import Document, Session, Store


def payment_key(reward: Document) -> str:
    return f"payout:{reward['_id']}:{reward['attempt']}"


async def pay(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, reward_id: str, *, now: datetime
) -> Document:
    """Enter a payment that was made by hand, and mark the reward paid. The same person's retry answers it.

    Raises `AlreadyPaid`, `NotAllowed`, `WrongState`, `OverMonthlyCap`.
    """
    decides(actor)
    reward = await find(store, reward_id)
    if reward["state"] == State.PAID:
        if reward["paid_by"] == actor.id:
            return reward
        raise AlreadyPaid(f"这笔奖励已于 {reward['paid_on']} 付款，没有重复付款。")
    in_state(reward, State.CLAIMED)
    refuse_over(reward)
    return await enter_payment(store, audit, ledger, actor, reward, now=now)


async def enter_payment(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, reward: Document, *, now: datetime
) -> Document:
    """Write the ledger, then the state. Safe to repeat after a crash."""
    try:
        entry = await ledger.post_pending(payment_key(reward), reward["pending_seq"], actor=actor.id)
    except AlreadySettled:
        raise WrongState("这笔奖励的预留刚刚取消，没有付款。请刷新页面。") from None
    return await _mark_paid_or_follow(store, audit, actor, reward, entry, now)


async def follow_ledger(store: Store, audit: AuditTrail, actor: Actor, reward: Document, *, now: datetime) -> None:
    """Mark the reward paid if the ledger says so, whatever was decided about it since."""
    entries = await entries_of(store, reward["_id"])
    if entries and entries[-1].kind is Kind.POSTED:
        await _mark_paid_or_follow(store, audit, actor, reward, entries[-1], now)


async def _mark_paid_or_follow(
    store: Store, audit: AuditTrail, actor: Actor, reward: Document, entry: Entry, now: datetime
) -> Document:
    while True:
        try:
            return await mark_paid(store, audit, actor, reward, entry, now=now)
        except Stale:
            # The money is paid, whatever somebody decided meanwhile: the record follows the ledger.
            reward = await find(store, reward["_id"])
            if reward["state"] == State.PAID:
                return reward


async def mark_paid(
    store: Store, audit: AuditTrail, actor: Actor, reward: Document, entry: Entry, *, now: datetime
) -> Document:
    fields: dict[str, Any] = {
        "state": State.PAID.value,
        "paid_on": local_day(entry.at).isoformat(),
        "paid_by": entry.actor,
        "paid_seq": entry.seq,
        "payment_problem": None,
        "ending": None,  # a decision that came later than the payment
        "unsettled": True,
    }
    told = {
        "amount_fen": entry.amount, "jurisdiction": entry.jurisdiction, "ledger_hash": entry.hash,
        "ledger_seq": entry.seq, "number": reward["public_number"], "paid_on": fields["paid_on"], "year": entry.year,
    }  # fmt: skip

    async def write(session: Session) -> Document:
        seq = await public_log.append(store, session, Event.PAID, reward["public_number"], private=told, now=now)
        changes = {"$set": {**fields, "log_seq": seq}}
        detail = {"amount_fen": reward["amount_fen"], "ledger_seq": entry.seq}
        return await SHELF.step(store, audit, session, actor, reward, changes, "reward.pay", detail, now)

    return await store.transaction(write)


async def came_back(
    store: Store,
    audit: AuditTrail,
    ledger: Ledger,
    actor: Actor,
    reward_id: str,
    *,
    reason: str,
    version: int,
    now: datetime,
) -> Document:
    """退票: the bank gave a payment back after all. The entry is reversed and the reward is payable again.

    The reporter can give another account. A retry after a crash finds the reversal and completes the state.
    """
    decides(actor)
    reward = await read(store, reward_id, version, State.PAID)
    reason = reason_of(reason, "银行退回的原因", 2, 100)
    key = f"back:{reward['_id']}:{reward['attempt']}"
    try:
        await ledger.reverse(key, reward["paid_seq"], actor=actor.id, memo="银行退票")
    except AlreadyReversed:
        pass  # by another key: the state is completed all the same
    return await payable_again(store, audit, actor, reward, reason, now=now)


async def payable_again(
    store: Store, audit: AuditTrail, actor: Actor, reward: Document, reason: str, *, now: datetime
) -> Document:
    fields = {
        "state": State.CLAIMED.value, "payment_problem": reason, "paid_on": None, "paid_by": None, "paid_seq": None,
        "batch": None, "attempt": reward["attempt"] + 1, "log_seq": None,
    }  # fmt: skip
    told = {"ledger_seq": reward["paid_seq"], "number": reward["public_number"], "reason": reason}

    async def write(session: Session) -> Document:
        await public_log.append(store, session, Event.RETURNED, reward["public_number"], private=told, now=now)
        detail = {"reason": reason, "ledger_seq": reward["paid_seq"]}
        return await SHELF.step(store, audit, session, actor, reward, {"$set": fields}, "reward.returned", detail, now)

    return await store.transaction(write)


async def failed(
    store: Store, audit: AuditTrail, actor: Actor, reward: Document, reason: str, *, now: datetime
) -> Document:
    """The bank did not make a payment of a batch: the money never left, the reward waits to be paid again."""
    fields = {"state": State.CLAIMED.value, "payment_problem": reason, "batch": None}
    detail = {"reason": reason}
    return await SHELF.advance(store, audit, actor, reward, {"$set": fields}, "reward.pay_failed", detail, now)
