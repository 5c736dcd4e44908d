"""A reward record and its states.

The record: {_id, version, case_id, tip_id, public_number, rule_set, rule_digest, claim_days, assessment, amount_fen,
joint: {id, place, of, total_fen}, jurisdiction, year, state, proposed_by, proposers, exception, approval: {by, version,
at}, pending_seq, filing: {to, document_no, on, by}, notified_on, claim_due, extensions, reminded, unreachable: {by, on, reason},
notice_on, payee_ref, donation, claimed_on, cap, batch, attempt, payment_problem, paid_on, paid_by, paid_seq, log_seq,
ending: {state, by, reason}, ended: {by, reason, on}, appeal, created_at, updated_at}, and `unsettled` while its case has
not been told of its end. Dates are Chinese calendar days as ISO strings, moments are UTC, money is fen. `approval`
without `pending_seq`, and `ending`, are decisions whose money has not moved yet: see completion.py.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from access.actors import Actor, Role
from rewards import guarded
from rewards.guarded import Shelf, Stale, WrongState
from rewards.money import yuan
from store.errors import Conflict, NotFound
from store.mongo import Document, Session, Store

REWARDS = "rewards"
_READABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: nothing that is misheard on the telephone


class State(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    NOTIFIED = "notified"
    CLAIMED = "claimed"
    PAYING = "paying"
    PAID = "paid"
    FORFEITED = "forfeited"
    WAIVED = "waived"
    NOT_ELIGIBLE = "not_eligible"


STATE_NAMES = {
    State.PROPOSED: "已提出，待批准",
    State.APPROVED: "已批准，待通知",
    State.NOTIFIED: "已通知，待领取",
    State.CLAIMED: "已领取登记，待付款",
    State.PAYING: "在付款批次中",
    State.PAID: "已付款",
    State.FORFEITED: "逾期未领",
    State.WAIVED: "举报人放弃",
    State.NOT_ELIGIBLE: "不予奖励",
}
# Money was or will be paid; of a tip's record and of a case's there should be one.
LIVE = frozenset({State.PROPOSED, State.APPROVED, State.NOTIFIED, State.CLAIMED, State.PAYING, State.PAID})


class AlreadyProposed(Conflict):
    pass


class AlreadyPaid(Conflict):
    pass


class NoSuchReward(NotFound):
    pass


def stale(reward: Document) -> Stale:
    return Stale(
        f"这笔奖励在您打开之后被别人改过，现在是“{STATE_NAMES[State(reward['state'])]}”，"
        f"金额 {yuan(reward['amount_fen'])}。没有做任何更改，请刷新页面重新核对。"
    )


SHELF = Shelf(REWARDS, "reward_id", stale)


def new_public_number() -> str:
    """Random, so that neither order nor time of the case shows in it."""
    return "J" + "".join(secrets.choice(_READABLE) for _ in range(9))


async def find(store: Store, reward_id: str) -> Document:
    """The reward record. Raises `NoSuchReward`."""
    reward = await store[REWARDS].find_one({"_id": reward_id})
    if reward is None:
        raise NoSuchReward("没有这笔奖励。请从案件页面重新打开。")
    return reward


async def read(store: Store, reward_id: str, version: int, *states: State) -> Document:
    """The reward as a person saw it, in one of these states. Raises `NoSuchReward`, `WrongState`, `Stale`."""
    reward = await find(store, reward_id)
    in_state(reward, *states)
    if reward["version"] != version:
        raise stale(reward)
    return reward


async def of_tip(store: Store, case_id: str, tip_id: str) -> Document | None:
    return await store[REWARDS].find_one({"case_id": case_id, "tip_id": tip_id})


async def of_case(store: Store, case_id: str, session: Session | None = None) -> list[Document]:
    return await store[REWARDS].find({"case_id": case_id}, session=session).sort("created_at", 1).to_list(None)


async def in_states(store: Store, *states: State, limit: int = 200) -> list[Document]:
    """Finance's work list, oldest first."""
    query = {"state": {"$in": [state.value for state in states]}}
    return await store[REWARDS].find(query).sort("created_at", 1).to_list(limit)


def new_record(case_id: str, tip_id: str, actor: Actor, now: datetime) -> Document:
    return {
        "_id": secrets.token_hex(8),
        "version": 1,
        "case_id": case_id,
        "tip_id": tip_id,
        "public_number": new_public_number(),
        "rule_set": None,
        "rule_digest": None,
        "claim_days": None,
        "assessment": None,
        "amount_fen": 0,
        "joint": None,
        "jurisdiction": None,
        "year": None,
        "proposed_by": actor.id,
        "proposers": [actor.id],
        "exception": "",
        "approval": None,
        "pending_seq": None,
        "filing": None,
        "notified_on": None,
        "claim_due": None,
        "extensions": [],
        "reminded": [],
        "unreachable": None,
        "notice_on": None,
        "payee_ref": None,
        "donation": False,
        "claimed_on": None,
        "cap": None,
        "batch": None,
        "attempt": 1,
        "payment_problem": None,
        "paid_on": None,
        "paid_by": None,
        "paid_seq": None,
        "log_seq": None,
        "ending": None,
        "ended": None,
        "appeal": None,
        "created_at": now,
        "updated_at": now,
    }


def decides(actor: Actor, *more: Role) -> None:
    guarded.need(actor, "办理奖励", Role.FINANCE, *more)


def in_state(reward: Document, *states: State) -> None:
    """Refuse a step that does not fit, also while a decision about the reward is only half carried out."""
    if reward["state"] not in states:
        wanted = [f"“{STATE_NAMES[state]}”" for state in states]
        raise WrongState(
            f"这笔奖励现在是“{STATE_NAMES[State(reward['state'])]}”，这一步要在{'或'.join(wanted)}时办理。请刷新页面。"
        )
    if reward["ending"] is not None:
        raise WrongState("这笔奖励正在办结，不能再改。请过一分钟刷新页面查看结果。")
