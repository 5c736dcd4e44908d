"""Between approval and payment: the reporter is told, claims without appearing, gets more time, or is called in public.

    proposed → approved → notified → claimed → paying → paid
                             └→ forfeited, waived            before paying → not_eligible

Every step is one transaction of the new state and its audit entry, guarded by the version that was read. Where money
moves (approval.py, endings.py, payments.py) the decision is stored first, then the ledger is written under a key made
from the reward's id, then the state: what a crash leaves half done is found and completed. Where two steps race, the
ledger decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from access.actors import REPORTER, Actor
from rewards.guarded import AuditTrail, WrongState, reason_of
from rewards.month_cap import counted
from rewards.payee import checked_payee, month_mark
from rewards.record import SHELF, State, decides, find, in_state, read
from rewards.rule_book import of_digest
from store.errors import Conflict, Refusal
from store.local_time import local_day
from store.mongo import Document, Session, Store

LONGEST_EXTENSION = timedelta(days=366)


class PayeeVault(Protocol):
    """`access.vault`, handed in: seals payee data so that only finance can open it, and answers a record id."""

    async def seal_payee(self, session: Session, tip_id: str, payee: dict[str, str]) -> str: ...


class ClaimTooLate(Conflict):
    pass


async def notify(store: Store, audit: AuditTrail, actor: Actor, reward_id: str, *, now: datetime) -> Document:
    """Record that the reporter was told; the period for claiming starts, counted in calendar days after today.

    Who has named an account before (the amount was changed afterwards) need not claim again.
    """
    decides(actor)
    reward = await find(store, reward_id)
    in_state(reward, State.APPROVED)
    today = local_day(now)
    due = (today + timedelta(days=reward["claim_days"])).isoformat()
    fields: dict[str, Any] = {"state": State.NOTIFIED.value, "notified_on": today.isoformat(), "claim_due": due}

    async def write(session: Session) -> Document:
        if reward["payee_ref"] is not None:
            fields["state"] = State.CLAIMED.value
            if cap := reward["cap"]:
                fields["cap"] = await counted(store, session, reward, cap["mark"], cap["limit_fen"], cap["article"])
        detail = {"claim_due": due}
        return await SHELF.step(store, audit, session, actor, reward, {"$set": fields}, "reward.notify", detail, now)

    return await store.transaction(write)


async def claim(
    store: Store,
    audit: AuditTrail,
    vault: PayeeVault,
    reward_id: str,
    payee: Mapping[str, str],
    *,
    mark_key: bytes,
    now: datetime,
) -> Document:
    """The reporter, already recognised by number and code, says where the money shall go.

    `payee` {"name", "bank", "account"} and optionally "phone" goes sealed into the vault in the same transaction; the
    reward keeps the vault's record id. Nothing of it enters the audit trail or the ledger. After a payment that the
    bank refused the account can be given anew. `mark_key` is for the monthly cap, see `payee.month_mark`.
    Raises `ClaimTooLate`, `WrongState`, or a `Refusal` naming the payee field at fault.
    """
    details = checked_payee(payee)
    reward = await find(store, reward_id)
    _refuse_claim(reward, now)
    rules = await of_digest(store, reward["rule_digest"])
    mark = ""
    if rules.monthly_cap is not None:
        mark = await month_mark(
            mark_key, details["account"], reward["assessment"]["track"], await _month(store, reward)
        )

    async def write(session: Session) -> Document:
        fields: dict[str, Any] = {
            "state": State.CLAIMED.value,
            "payee_ref": await vault.seal_payee(session, reward["tip_id"], details),
            "claimed_on": local_day(now).isoformat(),
            "payment_problem": None,
        }
        if rules.monthly_cap is not None:
            limit, article = rules.monthly_cap.cap_yuan, rules.monthly_cap.article
            fields["cap"] = await counted(store, session, reward, mark, limit, article)
        return await SHELF.step(store, audit, session, REPORTER, reward, {"$set": fields}, "reward.claim", {}, now)

    return await store.transaction(write)


async def donate(store: Store, audit: AuditTrail, reward_id: str, *, now: datetime) -> Document:
    """The reporter gives the reward to the donee that the city has named; it is paid there instead."""
    reward = await find(store, reward_id)
    _refuse_claim(reward, now)
    fields = {
        "state": State.CLAIMED.value, "donation": True, "payee_ref": None, "payment_problem": None,
        "claimed_on": local_day(now).isoformat(),
    }  # fmt: skip
    return await SHELF.advance(store, audit, REPORTER, reward, {"$set": fields}, "reward.donate", {}, now)


def may_claim(reward: Document, now: datetime) -> bool:
    try:
        _refuse_claim(reward, now)
    except Refusal:
        return False
    return True


def _refuse_claim(reward: Document, now: datetime) -> None:
    if reward["state"] == State.CLAIMED and reward["payment_problem"] and not reward["donation"]:
        in_state(reward, State.CLAIMED)
        return
    if reward["state"] in (State.CLAIMED, State.PAYING, State.PAID):
        raise WrongState("这笔奖励已经登记领取，没有重复登记。要改收款信息，请联系受理单位。")
    in_state(reward, State.NOTIFIED)
    if local_day(now).isoformat() > reward["claim_due"]:
        raise ClaimTooLate(f"领取期限到 {reward['claim_due']} 为止，已经过了。有正当理由的，请联系受理单位申请延长。")


async def extend(
    store: Store,
    audit: AuditTrail,
    actor: Actor,
    reward_id: str,
    *,
    until: date,
    reason: str,
    version: int,
    now: datetime,
) -> Document:
    """More time for the reporter, for a reason; also after the period is over, until the reward is forfeited."""
    decides(actor)
    reward = await read(store, reward_id, version, State.NOTIFIED)
    reason = reason_of(reason, "延长领取期限的理由")
    today = local_day(now)
    if until.isoformat() <= reward["claim_due"] or until < today or until > today + LONGEST_EXTENSION:
        raise Refusal(f"新的期限要在 {reward['claim_due']} 和今天之后，一年之内。", status=422, field="until")
    extension = {
        "from": reward["claim_due"], "to": until.isoformat(), "reason": reason, "by": actor.id, "on": today.isoformat(),
    }  # fmt: skip
    changes = {"$set": {"claim_due": until.isoformat()}, "$push": {"extensions": extension}}
    detail = {"claim_due": until.isoformat(), "reason": reason}
    return await SHELF.advance(store, audit, actor, reward, changes, "reward.extend", detail, now)


async def mark_unreachable(
    store: Store, audit: AuditTrail, actor: Actor, reward_id: str, *, reason: str, version: int, now: datetime
) -> Document:
    """The reporter could not be reached: from now on the reward cannot be forfeited without a public notice."""
    decides(actor)
    reward = await read(store, reward_id, version, State.NOTIFIED)
    if reward["unreachable"] is not None:
        raise WrongState("已经登记过联系不上举报人。请等公开人员发布领奖公告。")
    unreachable = {"by": actor.id, "on": local_day(now).isoformat(), "reason": reason_of(reason, "怎样联系过举报人")}
    changes = {"$set": {"unreachable": unreachable}}
    detail = {"reason": unreachable["reason"]}
    return await SHELF.advance(store, audit, actor, reward, changes, "reward.unreachable", detail, now)


async def noticed(
    store: Store, audit: AuditTrail, session: Session, actor: Actor, reward: Document, claim_due: str, now: datetime
) -> Document:
    """The public notice is out: the period counts from it. Part of the transaction that publishes."""
    changes = {"$set": {"notice_on": local_day(now).isoformat(), "claim_due": claim_due}}
    detail = {"claim_due": claim_due}
    return await SHELF.step(store, audit, session, actor, reward, changes, "reward.notice", detail, now)


def due_after_notice(reward: Document, now: datetime) -> str:
    """The whole period from the day of the notice, or what the reporter has anyway."""
    return max(reward["claim_due"], (local_day(now) + timedelta(days=reward["claim_days"])).isoformat())


async def _month(store: Store, reward: Document) -> str:
    """The month in which the tip's case was opened, "YYYY-MM"."""
    case = await store["cases"].find_one({"_id": reward["case_id"]}, {"opened_on": 1})
    return case["opened_on"][:7] if case else reward["notified_on"][:7]
