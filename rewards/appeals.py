"""The reporter objects to "no reward" or to the amount; somebody who did not decide it looks at it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from access.actors import REPORTER, Actor, Role
from rewards.endings import reopen
from rewards.guarded import AuditTrail, NotAllowed, WrongState, reason_of
from rewards.ledger import Ledger
from rewards.record import SHELF, State, decides, find, stale
from store.errors import Conflict, Refusal
from store.local_time import local_day
from store.mongo import Document, Session, Store

WITHIN = timedelta(days=60)  # as long as for claiming; no text that we saw says a period
OBJECTIONABLE = (State.NOT_ELIGIBLE, State.NOTIFIED)


class IdentityVault(Protocol):
    async def seal(
        self, session: Session | None, kind: str, tip_id: str, record: Mapping[str, Sequence[str]]
    ) -> str: ...


class NothingToAppeal(Conflict):
    pass


def may_appeal(reward: Document, now: datetime) -> bool:
    """One objection to each decision, while there is something to decide."""
    if reward["state"] not in OBJECTIONABLE or reward["ending"] is not None:
        return False
    decided_on = reward["ended"]["on"] if reward["ended"] else reward["notified_on"]
    if (local_day(now) - WITHIN).isoformat() > decided_on:
        return False
    return reward["appeal"] is None or reward["appeal"]["version"] != _decision(reward)


async def appeal(
    store: Store,
    audit: AuditTrail,
    vault: IdentityVault,
    reward_id: str,
    text: str,
    identity: Mapping[str, Sequence[str]],
    *,
    now: datetime,
) -> Document:
    """`text` and `identity` are what `Mailbox.words` made of the reporter's words. Raises `NothingToAppeal`."""
    reward = await find(store, reward_id)
    if not may_appeal(reward, now):
        raise NothingToAppeal("现在没有可以提出异议的奖励决定，或者已经提过。请看上面的奖励情况。")
    objection = {
        "on": local_day(now).isoformat(), "text": text, "version": _decision(reward), "decided": None,
    }  # fmt: skip

    async def write(session: Session) -> Document:
        if identity:
            await vault.seal(session, "identity", reward["tip_id"], identity)
        changes = {"$set": {"appeal": objection}}
        return await SHELF.step(store, audit, session, REPORTER, reward, changes, "reward.appeal", {}, now)

    return await store.transaction(write)


async def decide(
    store: Store,
    audit: AuditTrail,
    ledger: Ledger,
    actor: Actor,
    reward_id: str,
    *,
    upheld: bool,
    reason: str,
    version: int,
    now: datetime,
) -> Document:
    """Decide an objection, with a reason that the reporter reads; an upheld one opens the reward to a new proposal."""
    decides(actor, Role.LEADER)
    reward = await find(store, reward_id)
    if reward["version"] != version:
        raise stale(reward)
    if reward["appeal"] is None or reward["appeal"]["decided"] is not None:
        raise WrongState("这笔奖励没有待处理的异议。请刷新页面。")
    before = {*reward["proposers"], (reward["approval"] or {}).get("by"), (reward["ended"] or {}).get("by")}
    if actor.id in before:
        raise NotAllowed("作出原决定的人不能处理对它的异议。请让另一位财务人员或领导处理。")
    if reward["state"] not in OBJECTIONABLE:
        raise Refusal("举报人已经领取，异议不用再处理。", status=409)
    reason = reason_of(reason, "处理异议的理由，举报人会看到")
    decided = {"upheld": upheld, "by": actor.id, "on": local_day(now).isoformat(), "reason": reason}
    changes = {"$set": {"appeal.decided": decided}}
    detail = {"upheld": upheld, "reason": reason}
    reward = await SHELF.advance(store, audit, actor, reward, changes, "reward.appeal_decided", detail, now)
    if upheld and reward["state"] == State.NOTIFIED:
        return await reopen(store, audit, ledger, actor, reward, reason=reason, now=now)
    return reward


def _decision(reward: Document) -> str:
    """Which decision an objection is about."""
    return f"{reward['state']}:{(reward['approval'] or {}).get('version', 0)}:{(reward['ended'] or {}).get('on', '')}"
