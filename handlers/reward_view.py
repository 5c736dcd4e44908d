"""A reward in the words for its reporter."""

from datetime import datetime
from typing import Any

from cases.tip_reading import written_day
from rewards.appeals import may_appeal
from rewards.claims import may_claim
from rewards.money import yuan
from rewards.record import State
from store.local_time import local_day
from store.mongo import Document

TEXTS = {
    State.PROPOSED: "正在研究您的奖励。",
    State.APPROVED: "奖励已经批准,正在通知。",
    State.NOTIFIED: "您有一笔奖励可以领取。",
    State.CLAIMED: "收款信息已登记,等待付款。",
    State.PAYING: "银行正在付款,一般几个工作日内到账。",
    State.PAID: "奖励已经付款。",
    State.FORFEITED: "领取期限已过,没有领取。",
    State.WAIVED: "您已放弃这笔奖励。",
    State.NOT_ELIGIBLE: "这件举报没有奖励。",
}
# Before the approval the amount can still change; it is shown when it is decided.
_DECIDED = frozenset(set(State) - {State.PROPOSED, State.NOT_ELIGIBLE})


def reward_view(reward: Document | None, now: datetime) -> dict[str, Any] | None:
    """What the pages of the reporter show of a reward, or None without one."""
    if reward is None:
        return None
    state, assessment = State(reward["state"]), reward["assessment"]
    decided = state in _DECIDED and assessment is not None
    late = state is State.NOTIFIED and local_day(now).isoformat() > reward["claim_due"]
    return {
        "state": str(state),
        "text": _text(reward, state, late),
        "amount": yuan(reward["amount_fen"]) if decided else "",
        "steps": assessment["steps"] if decided else [],
        "conditions": [row["text"] for row in assessment["conditions"] if row["met"]] if decided else [],
        "article": f"{assessment['rule']}{assessment['article']}" if decided else "",
        "due": written_day(reward["claim_due"]) if reward["claim_due"] else "",
        "extended": reward["extensions"][-1]["reason"] if reward["extensions"] else "",
        "late": late,
        "may_claim": may_claim(reward, now),
        "may_waive": state is State.NOTIFIED and not late,
        "problem": reward["payment_problem"] if state is State.CLAIMED else "",
        "reason": (reward["ended"] or {}).get("reason", ""),
        "may_appeal": may_appeal(reward, now),
        "appeal": _appeal(reward),
        "paid_on": written_day(reward["paid_on"]) if reward["paid_on"] else "",
        "public_number": reward["public_number"] if state is State.PAID else "",
    }


def _appeal(reward: Document) -> str:
    objection = reward["appeal"]
    if objection is None:
        return ""
    decided = objection["decided"]
    if decided is None:
        return f"您于{written_day(objection['on'])}提出的异议正在重新审查。"
    outcome = "成立,奖励重新研究" if decided["upheld"] else "不成立"
    return f"您的异议{outcome}。理由:{decided['reason']}"


def _text(reward: Document, state: State, late: bool) -> str:
    if late:
        return "领取期限已过。"
    if state is State.CLAIMED and reward["payment_problem"]:
        return "付款没有成功,请核对后重新填写收款信息。"
    if state in (State.CLAIMED, State.PAYING, State.PAID) and reward["donation"]:
        return "您已把这笔奖励捐出。" if state is not State.PAID else "您捐出的奖励已经付给受赠单位。"
    return TEXTS[state]
