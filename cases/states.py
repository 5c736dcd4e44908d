"""The states of a case, with the words that staff and reporter see."""

from enum import StrEnum


class State(StrEnum):
    RECEIVED = "received"
    TRIAGE = "triage"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    TRANSFERRED = "transferred"
    MERGED = "merged"
    ASSIGNED = "assigned"
    SIGNED = "signed"
    RETURNED = "returned"
    VERIFYING = "verifying"
    CONCLUDED = "concluded"
    MEASURES = "measures"
    REPLIED = "replied"
    RECTIFIED = "rectified"
    REWARDED = "rewarded"
    DISCLOSED = "disclosed"
    ARCHIVED = "archived"
    WITHDRAWN = "withdrawn"


STATE_NAMES: dict[State, str] = {
    State.RECEIVED: "已收到",
    State.TRIAGE: "待分派",
    State.ACCEPTED: "已受理",
    State.NOT_ACCEPTED: "不予受理",
    State.TRANSFERRED: "已转交",
    State.MERGED: "已并案",
    State.ASSIGNED: "已派单",
    State.SIGNED: "已签收",
    State.RETURNED: "已退回",
    State.VERIFYING: "核查中",
    State.CONCLUDED: "已有结论",
    State.MEASURES: "已处理",
    State.REPLIED: "已答复",
    State.RECTIFIED: "已整改复查",
    State.REWARDED: "奖励已办结",
    State.DISCLOSED: "已公开",
    State.ARCHIVED: "已归档",
    State.WITHDRAWN: "已撤回",
}

BEFORE_REPLY = frozenset(
    {
        State.RECEIVED,
        State.TRIAGE,
        State.ACCEPTED,
        State.ASSIGNED,
        State.SIGNED,
        State.RETURNED,
        State.VERIFYING,
        State.CONCLUDED,
        State.MEASURES,
    }
)
CLOSED = frozenset({State.NOT_ACCEPTED, State.TRANSFERRED, State.MERGED, State.ARCHIVED, State.WITHDRAWN})
