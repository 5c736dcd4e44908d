"""A reward record, its states, and the one way to change it: a guarded step with its audit entry.

The record: {_id, version, case_id, tip_id, public_number, rule_set, assessment, amount_fen, jurisdiction, year, state,
proposed_by, proposers, approval: {by, version, at}, pending_seq, notified_on, claim_due, payee_ref, claimed_on,
paid_on, paid_by, paid_seq, ended: {by, reason, on}, created_at, updated_at}. Dates are Chinese calendar days as
ISO strings, moments are UTC, money is fen.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Protocol

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from access.actors import Actor, Role
from rewards.money import yuan
from store.errors import Conflict, NotFound, Refusal
from store.mongo import Document, Session, Store

REWARDS = "rewards"
CHINA = timezone(timedelta(hours=8))  # no daylight saving time since 1991: periods end at midnight here
_READABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: nothing that is misheard on the telephone


class State(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    NOTIFIED = "notified"
    CLAIMED = "claimed"
    PAID = "paid"
    FORFEITED = "forfeited"
    NOT_ELIGIBLE = "not_eligible"


STATE_NAMES = {
    State.PROPOSED: "已提出，待批准",
    State.APPROVED: "已批准，待通知",
    State.NOTIFIED: "已通知，待领取",
    State.CLAIMED: "已领取登记，待付款",
    State.PAID: "已付款",
    State.FORFEITED: "逾期未领",
    State.NOT_ELIGIBLE: "不予奖励",
}


class AuditTrail(Protocol):
    """`access.audit`, handed in."""

    async def append(
        self,
        store: Store,
        session: Session | None,
        subject: str,
        action: str,
        actor_id: str,
        detail: dict[str, Any],
        at: datetime | None = None,
    ) -> Document: ...


class NotAllowed(Refusal):
    status = 403


class StaleProposal(Conflict):
    """The reward was changed after this person looked at it."""


class WrongState(Conflict):
    """The step does not fit the reward's state."""


class AlreadyProposed(Conflict):
    pass


class NoSuchReward(NotFound):
    pass


def china_date(now: datetime) -> date:
    return now.astimezone(CHINA).date()


def new_public_number() -> str:
    """Random, so that neither order nor time of the case shows in it."""
    return "J" + "".join(secrets.choice(_READABLE) for _ in range(9))


async def find(store: Store, reward_id: str) -> Document:
    """The reward record. Raises `NoSuchReward`."""
    reward = await store[REWARDS].find_one({"_id": reward_id})
    if reward is None:
        raise NoSuchReward("没有这笔奖励。请从案件页面重新打开。")
    return reward


async def of_tip(store: Store, case_id: str, tip_id: str) -> Document | None:
    return await store[REWARDS].find_one({"case_id": case_id, "tip_id": tip_id})


async def in_states(store: Store, *states: State, limit: int = 200) -> list[Document]:
    """Finance's work list, oldest first."""
    query = {"state": {"$in": [state.value for state in states]}}
    return [each async for each in store[REWARDS].find(query).sort("created_at", 1).limit(limit)]


def new_record(case_id: str, tip_id: str, actor: Actor, now: datetime) -> Document:
    return {
        "_id": secrets.token_hex(8),
        "version": 1,
        "case_id": case_id,
        "tip_id": tip_id,
        "public_number": new_public_number(),
        "rule_set": None,
        "assessment": None,
        "amount_fen": 0,
        "jurisdiction": None,
        "year": None,
        "proposed_by": actor.id,
        "proposers": [actor.id],
        "approval": None,
        "pending_seq": None,
        "notified_on": None,
        "claim_due": None,
        "payee_ref": None,
        "claimed_on": None,
        "paid_on": None,
        "paid_by": None,
        "paid_seq": None,
        "ended": None,
        "created_at": now,
        "updated_at": now,
    }


async def insert(
    store: Store, audit: AuditTrail, actor: Actor, reward: Document, action: str, detail: dict[str, Any], now: datetime
) -> Document:
    async def write(session: Session) -> Document:
        await store[REWARDS].insert_one(reward, session=session)
        told = {"reward_id": reward["_id"], "version": reward["version"], **detail}
        await audit.append(store, session, reward["case_id"], action, actor.id, told, now)
        return reward

    try:
        return await store.transaction(write)
    except DuplicateKeyError:
        raise AlreadyProposed("这条举报刚刚由别人提过奖励。请刷新页面查看。") from None


async def advance(
    store: Store,
    audit: AuditTrail,
    actor: Actor,
    reward: Document,
    changes: dict[str, Any],
    action: str,
    detail: dict[str, Any],
    now: datetime,
) -> Document:
    """One transaction: the reward as it was read, changed, and the audit entry. Raises `StaleProposal`."""

    async def write(session: Session) -> Document:
        return await step(store, audit, session, actor, reward, changes, action, detail, now)

    return await store.transaction(write)


async def step(
    store: Store,
    audit: AuditTrail,
    session: Session,
    actor: Actor,
    reward: Document,
    changes: dict[str, Any],
    action: str,
    detail: dict[str, Any],
    now: datetime,
) -> Document:
    update = {**changes, "$set": {**changes["$set"], "updated_at": now}, "$inc": {"version": 1}}
    read = {"_id": reward["_id"], "version": reward["version"]}
    after = await store[REWARDS].find_one_and_update(
        read, update, return_document=ReturnDocument.AFTER, session=session
    )
    if after is None:
        raise stale(await store[REWARDS].find_one({"_id": reward["_id"]}, session=session) or reward)
    told = {"reward_id": reward["_id"], "version": after["version"], **detail}
    await audit.append(store, session, reward["case_id"], action, actor.id, told, now)
    return after


def need(actor: Actor, *roles: Role) -> None:
    if not actor.has(*roles):
        raise NotAllowed("您的账号没有办理奖励的权限。请联系财务人员。")


def in_state(reward: Document, *states: State) -> None:
    if reward["state"] not in states:
        wanted = [f"“{STATE_NAMES[state]}”" for state in states]
        raise WrongState(
            f"这笔奖励现在是“{STATE_NAMES[State(reward['state'])]}”，这一步要在{'或'.join(wanted)}时办理。请刷新页面。"
        )


def stale(reward: Document) -> StaleProposal:
    return StaleProposal(
        f"这笔奖励在您打开之后被别人改过，现在是“{STATE_NAMES[State(reward['state'])]}”，"
        f"金额 {yuan(reward['amount_fen'])}。没有做任何更改，请刷新页面重新核对。"
    )
