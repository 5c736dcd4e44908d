"""A reward in the words for its reporter."""

from datetime import datetime
from typing import Any

from cases.tip_reading import written_day
from rewards.money import yuan
from rewards.record import State, china_date
from rewards.waiver import REASON
from store.mongo import Document

TEXTS = {
    State.PROPOSED: "正在研究您的奖励。",
    State.APPROVED: "奖励已经批准,正在通知。",
    State.NOTIFIED: "您有一笔奖励可以领取。",
    State.CLAIMED: "收款信息已登记,等待付款。",
    State.PAID: "奖励已经付款。",
    State.FORFEITED: "领取期限已过,没有领取。",
    State.NOT_ELIGIBLE: "这件举报没有奖励。",
}
# Before the approval the amount can still change; it is shown when it is decided.
_DECIDED = frozenset({State.APPROVED, State.NOTIFIED, State.CLAIMED, State.PAID, State.FORFEITED})


def reward_view(reward: Document | None, now: datetime) -> dict[str, Any] | None:
    """{state, text, amount, steps, article, due, late, may_claim, reason, public_number}, or None without a reward."""
    if reward is None:
        return None
    state, assessment = State(reward["state"]), reward["assessment"]
    decided = state in _DECIDED and assessment is not None
    late = state is State.NOTIFIED and china_date(now).isoformat() > reward["claim_due"]
    return {
        "state": str(state),
        "text": _text(reward, state, late),
        "amount": yuan(reward["amount_fen"]) if decided else "",
        "steps": assessment["steps"] if decided else [],
        "article": f"{assessment['rule']}{assessment['article']}" if decided else "",
        "due": written_day(reward["claim_due"]) if reward["claim_due"] else "",
        "late": late,
        "may_claim": state is State.NOTIFIED and not late,
        "reason": (reward["ended"] or {}).get("reason", ""),
        "paid_on": written_day(reward["paid_on"]) if reward["paid_on"] else "",
        "public_number": reward["public_number"] if state is State.PAID else "",
    }


def _text(reward: Document, state: State, late: bool) -> str:
    if late:
        return "领取期限已过。"
    if state is State.FORFEITED and reward["ended"]["reason"] == REASON:
        return "您已放弃这笔奖励。"
    return TEXTS[state]
