"""How a reward ends without payment, or goes back to be proposed again: decided first, then the money, then the state.

The decision is stored in `ending` before the reserved money is given back. Whoever finds a decision whose second half
is missing, because a process died, completes it (completion.py). A payment that was quicker wins.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from access.actors import REPORTER, Actor, Role
from rewards import payments
from rewards.book import AlreadySettled
from rewards.guarded import AuditTrail, WrongState, reason_of
from rewards.ledger import Ledger
from rewards.month_cap import counts_as, undecided
from rewards.record import SHELF, AlreadyPaid, State, decides, find, in_state, new_record, of_tip, read
from store.local_time import local_day
from store.mongo import Document, Session, Store

UNCLAIMED = "逾期未领取"
WAIVED = "举报人放弃领取"


async def forfeit(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, reward_id: str, *, now: datetime
) -> Document:
    """Close a reward that was not claimed in time (national rule, article 13); its money expires into the budget.

    A reporter who could not be reached must have been called by a public notice first.
    """
    decides(actor)
    reward = await find(store, reward_id)
    if reward["state"] == State.FORFEITED:
        return reward
    in_state(reward, State.NOTIFIED)
    if local_day(now).isoformat() <= reward["claim_due"]:
        raise WrongState(f"领取期限到 {reward['claim_due']}，还没有过，不能按逾期处理。")
    if reward["unreachable"] is not None and reward["notice_on"] is None:
        raise WrongState("联系不上举报人的，要先发布领奖公告，公告期满才能按逾期处理。")
    return await _end(store, audit, ledger, actor, reward, State.FORFEITED, UNCLAIMED, now)


async def waive(store: Store, audit: AuditTrail, ledger: Ledger, reward_id: str, *, now: datetime) -> Document:
    """The reporter gives up a reward that waits to be claimed. A retry answers the closed reward."""
    reward = await find(store, reward_id)
    if reward["state"] == State.WAIVED:
        return reward
    in_state(reward, State.NOTIFIED)
    return await _end(store, audit, ledger, REPORTER, reward, State.WAIVED, WAIVED, now)


async def mark_not_eligible(
    store: Store,
    audit: AuditTrail,
    ledger: Ledger,
    actor: Actor,
    *,
    case_id: str,
    tip_id: str,
    reason: str,
    now: datetime,
    version: int | None = None,
) -> Document:
    """An officer decides, with a reason that the reporter will read, that there is no reward. Never automatic.

    Possible without a proposal and until the money is on its way; reserved money goes back to the budget.
    Raises `NotAllowed`, `AlreadyPaid`, `WrongState`, or a `Refusal` for a missing reason.
    """
    decides(actor, Role.SUPERVISOR)
    reason = reason_of(reason, "不予奖励的理由，举报人会看到")
    reward = await of_tip(store, case_id, tip_id)
    if reward is None:
        ended = {"by": actor.id, "reason": reason, "on": local_day(now).isoformat()}
        fresh = new_record(case_id, tip_id, actor, now) | {
            "state": State.NOT_ELIGIBLE.value, "ended": ended, "unsettled": True,
        }  # fmt: skip

        async def write(session: Session) -> Document:
            detail = {"reason": reason}
            return await SHELF.insert(store, audit, session, actor, fresh, "reward.not_eligible", detail, now)

        return await store.transaction(write)
    if reward["state"] == State.PAID:
        raise AlreadyPaid(f"这笔奖励已于 {reward['paid_on']} 付款，不能改为不予奖励。")
    in_state(reward, State.PROPOSED, State.APPROVED, State.NOTIFIED, State.CLAIMED)
    if reward["state"] == State.PROPOSED and reward["approval"] is not None:
        raise WrongState("这笔奖励正在批准。请刷新页面，看到结果后再处理。")
    if version is not None and version != reward["version"]:
        raise SHELF.stale(reward)
    return await _end(store, audit, ledger, actor, reward, State.NOT_ELIGIBLE, reason, now)


async def reduce_to_cap(
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
    """Give the reservation back and propose the reward again with what the monthly cap still allows.

    The smaller amount needs the approval of another officer like any other; the reporter's account is kept.
    """
    decides(actor)
    reward = await read(store, reward_id, version, State.CLAIMED)
    if undecided(reward)["allowed_fen"] == 0:
        raise WrongState("本月同类奖励已经到上限，没有可发的余额。确认不发的，请用“不予奖励”并写明理由。")
    reason = reason_of(reason, "按月度上限调整的说明，举报人会看到")
    return await _end(store, audit, ledger, actor, reward, State.PROPOSED, reason, now)


async def reopen(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, reward: Document, *, reason: str, now: datetime
) -> Document:
    """After an objection with success: give the reservation back; the amount is proposed and approved anew."""
    in_state(reward, State.NOTIFIED)
    return await _end(store, audit, ledger, actor, reward, State.PROPOSED, reason, now)


async def _end(
    store: Store,
    audit: AuditTrail,
    ledger: Ledger,
    actor: Actor,
    reward: Document,
    state: State,
    reason: str,
    now: datetime,
) -> Document:
    ending = {"state": state.value, "by": actor.id, "reason": reason, "on": local_day(now).isoformat()}
    if reward["pending_seq"] is None:
        return await _closed(store, audit, actor, reward, ending, {}, now)
    changes = {"$set": {"ending": ending}}
    reward = await SHELF.advance(store, audit, actor, reward, changes, "reward.end", {"to": state.value}, now)
    return await finish_ending(store, audit, ledger, actor, reward, now=now)


async def finish_ending(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, reward: Document, *, now: datetime
) -> Document:
    """The second half of an ending: give the money back, and say so. Safe to repeat after a crash.

    Raises `AlreadyPaid` when the payment was quicker; the decision is then taken back.
    """
    ending, seq = reward["ending"], reward["pending_seq"]
    post = ledger.expire if ending["state"] == State.FORFEITED else ledger.void
    try:
        entry = await post(f"void:{reward['_id']}:{seq}", seq, actor=ending["by"])
    except AlreadySettled:
        await payments.follow_ledger(store, audit, actor, reward, now=now)
        raise AlreadyPaid("这笔奖励刚刚付款，不能再改。请刷新页面。") from None
    return await _closed(store, audit, actor, reward, ending, {"ledger_seq": entry.seq}, now)


async def _closed(
    store: Store,
    audit: AuditTrail,
    actor: Actor,
    reward: Document,
    ending: dict[str, Any],
    detail: dict[str, Any],
    now: datetime,
) -> Document:
    state = State(ending["state"])
    fields: dict[str, Any] = {"state": state.value, "ending": None, "pending_seq": None}
    changes: dict[str, Any] = {"$set": fields}
    if state is State.PROPOSED:
        fields |= _proposed_again(reward, ending)
        changes["$addToSet"] = {"proposers": ending["by"]}
    else:
        fields |= {"ended": {key: ending[key] for key in ("by", "reason", "on")}, "unsettled": True}

    async def in_its_month(session: Session, after: Document) -> None:
        await counts_as(store, session, reward, after["amount_fen"] if state is State.PROPOSED else None)

    detail = {"reason": ending["reason"], **detail}
    action = "reward.reopen" if state is State.PROPOSED else f"reward.{state.value}"
    return await SHELF.advance(store, audit, actor, reward, changes, action, detail, now, also=in_its_month)


def _proposed_again(reward: Document, ending: dict[str, Any]) -> dict[str, Any]:
    """Back to a proposal: with what the monthly cap allows, or as it was, for finance to change."""
    again = {"proposed_by": ending["by"], "approval": None}
    cap, assessment = reward["cap"], reward["assessment"]
    if cap is None or not cap["over"]:
        return again
    return again | {
        "amount_fen": cap["allowed_fen"],
        "assessment": {**assessment, "steps": [*assessment["steps"], cap["step"], f"说明：{ending['reason']}"]},
        "cap": {**cap, "over": False, "decided": {"by": ending["by"], "reason": ending["reason"], "whole": False}},
    }
