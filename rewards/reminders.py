"""Reminding the reporter, in the mailbox that number and code open, that a reward waits to be claimed."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from access.actors import SYSTEM
from cases.tip_reading import written_day
from rewards.guarded import AuditTrail, Stale
from rewards.record import REWARDS, SHELF, State
from store.local_time import local_day
from store.mongo import Document, Session, Store

DAYS_BEFORE = (30, 7, 1)


def due_level(claim_due: str, today: date) -> int | None:
    """Which reminder is due: the last one whose day has come. None before the first, and when it is too late."""
    left = (date.fromisoformat(claim_due) - today).days
    return min((days for days in DAYS_BEFORE if left <= days), default=None) if left >= 0 else None


async def remind(store: Store, audit: AuditTrail, now: datetime) -> int:
    """Write the reminders that are due, each once; what was missed while the service was down is not made up for."""
    today, done = local_day(now), 0
    until = (today + timedelta(days=max(DAYS_BEFORE))).isoformat()
    query = {"state": State.NOTIFIED.value, "claim_due": {"$gte": today.isoformat(), "$lte": until}}
    for reward in await store[REWARDS].find(query).to_list(None):
        level = due_level(reward["claim_due"], today)
        mark = f"{reward['claim_due']}:{level}"
        if level is None or mark in reward["reminded"]:
            continue
        try:
            await _remind(store, audit, reward, mark, today, now)
            done += 1
        except Stale:
            continue  # the reporter is claiming, or another process reminds
    return done


async def _remind(store: Store, audit: AuditTrail, reward: Document, mark: str, today: date, now: datetime) -> None:
    message = {
        "id": f"m{secrets.token_hex(8)}", "from": "staff", "kind": "notice", "answers": "", "on": today.isoformat(),
        "text": f"您的奖励还没有领取，请在{written_day(reward['claim_due'])}前登记收款信息。逾期视为放弃；确有理由可以申请延长。",
    }  # fmt: skip

    async def write(session: Session) -> None:
        changes = {"$set": {}, "$push": {"reminded": mark}}
        await SHELF.step(store, audit, session, SYSTEM, reward, changes, "reward.remind", {}, now)
        await store["tips"].update_one({"_id": reward["tip_id"]}, {"$push": {"messages": message}}, session=session)

    await store.transaction(write)
