"""A second officer approves what was proposed and the money is reserved; above a set amount it takes a leader.

The decision is stored before the money is reserved, so that the amount cannot change in between; when the budget is
exhausted the decision is taken back.
"""

from __future__ import annotations

from datetime import date, datetime

from access.actors import Actor, Role
from rewards.guarded import AuditTrail, NotAllowed
from rewards.ledger import Ledger
from rewards.money import Fen, yuan
from rewards.record import SHELF, State, decides, find, in_state, read, stale
from store.errors import Refusal
from store.local_time import local_day
from store.mongo import Document, Store


class SamePerson(NotAllowed):
    """Who proposed a reward can never approve it, whatever other roles the account has."""


class HigherApproval(NotAllowed):
    """The amount is above what a second finance officer may approve."""


async def approve(
    store: Store,
    audit: AuditTrail,
    ledger: Ledger,
    actor: Actor,
    reward_id: str,
    *,
    version: int,
    now: datetime,
    leader_from: Fen | None = None,
) -> Document:
    """Approve what the proposal said in `version` and reserve the money.

    From `leader_from` on, counted over all shares of joint reporters, only a leader may approve.
    Raises `NotAllowed`, `SamePerson`, `HigherApproval`, `Stale`, `WrongState`, and the ledger's refusals.
    """
    decides(actor, Role.LEADER)
    reward = await find(store, reward_id)
    approval = reward["approval"]
    if reward["state"] == State.APPROVED and approval["by"] == actor.id and approval["version"] == version:
        return reward
    in_state(reward, State.PROPOSED)
    if actor.id in reward["proposers"]:
        raise SamePerson("提出奖励的人不能批准同一笔奖励，即使另有批准权限。请让另一位财务人员批准。")
    whole = reward["joint"]["total_fen"] if reward["joint"] else reward["amount_fen"]
    if leader_from is not None and whole >= leader_from and not actor.has(Role.LEADER):
        raise HigherApproval(f"这笔奖励共 {yuan(whole)}，{yuan(leader_from)} 以上要由领导批准。")
    if approval is None:
        if reward["version"] != version:
            raise stale(reward)
        approval = {"by": actor.id, "version": version, "at": now}
        detail = {"amount_fen": reward["amount_fen"], "version": version}
        changes = {"$set": {"approval": approval}}
        reward = await SHELF.advance(store, audit, actor, reward, changes, "reward.approve", detail, now)
    elif version not in (approval["version"], reward["version"]):
        raise stale(reward)
    return await reserve_approved(store, audit, ledger, actor, reward, now=now)


async def reserve_approved(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, reward: Document, *, now: datetime
) -> Document:
    """The second half of `approve`: reserve, and say so. Safe to repeat after a crash."""
    approval = reward["approval"]
    try:
        entry = await ledger.pending(
            f"reserve:{reward['_id']}:{approval['version']}",
            reward["jurisdiction"],
            reward["year"],
            reward["_id"],
            reward["amount_fen"],
            actor=approval["by"],
        )
    except Refusal as refusal:
        taken_back = {"$set": {"approval": None}}
        why = {"reason": refusal.message}
        await SHELF.advance(store, audit, actor, reward, taken_back, "reward.approval_failed", why, now)
        raise
    changes = {"$set": {"state": State.APPROVED.value, "pending_seq": entry.seq}}
    told = {"ledger_seq": entry.seq}
    return await SHELF.advance(store, audit, actor, reward, changes, "reward.reserve", told, now)


async def file_with_superior(
    store: Store,
    audit: AuditTrail,
    actor: Actor,
    reward_id: str,
    *,
    to: str,
    document_no: str,
    on: date,
    version: int,
    now: datetime,
) -> Document:
    """备案: note that the amount was reported to the superior department, with the letter's number and day."""
    decides(actor)
    reward = await read(
        store, reward_id, version, State.APPROVED, State.NOTIFIED, State.CLAIMED, State.PAYING, State.PAID
    )
    if not 2 <= len(to.strip()) <= 50:
        raise Refusal("请写明向哪个部门备案（2 到 50 个字）。", status=422, field="to")
    if not 2 <= len(document_no.strip()) <= 50:
        raise Refusal("请写备案文号（2 到 50 个字）。", status=422, field="document_no")
    if not reward["approval"]["at"].date() <= on <= local_day(now):
        raise Refusal("备案日期要在批准之后、今天之前。", status=422, field="on")
    filing = {"to": to.strip(), "document_no": document_no.strip(), "on": on.isoformat(), "by": actor.id}
    detail = {"document_no": filing["document_no"]}
    return await SHELF.advance(store, audit, actor, reward, {"$set": {"filing": filing}}, "reward.file", detail, now)
