"""A case as its reporter reads it: days and plain words, never a name, a department's quarrel or a time of day."""

from datetime import date, datetime, timedelta
from typing import Any

from cases import deadlines
from cases.states import CLOSED, State
from store.mongo import Document

# What a reporter waits for; the other clocks are between offices.
PROMISED = {
    "accept_decision": "决定是否受理",
    "verify_close": "核查办结",
    "feedback": "答复您",
    "reward_start": "启动奖励(如符合条件)",
}
KINDS = {
    "question": "工作人员问",
    "notice": "通知",
    "answer": "您回答",
    "addition": "您补充",
    "objection": "您的异议",
    "retaliation": "您反映",
}


def written_day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.year}年{day.month}月{day.day}日"


def last_day(end: datetime) -> date:
    """A period ends at the midnight after its last day."""
    return (end.astimezone(deadlines.LOCAL) - timedelta(seconds=1)).date()


def steps(case: Document) -> list[dict[str, str]]:
    """The time line, oldest first."""
    return [{"on": written_day(row["on"]), "text": row["text"]} for row in case["progress"]]


def promises(case: Document) -> list[dict[str, Any]]:
    """What comes next and by which day; nothing for a closed case."""
    if State(case["state"]) in CLOSED:
        return []
    found = []
    for clock in case["clocks"]:
        if clock["id"] in PROMISED and clock["ended_at"] is None:
            day = last_day(clock["due_at"])
            found.append({"what": PROMISED[clock["id"]], "by": written_day(day.isoformat())})
    return found


def thread(tip: Document) -> list[dict[str, str]]:
    return [
        {"from": row["from"], "who": KINDS[row["kind"]], "on": written_day(row["on"]), "text": row["text"]}
        for row in tip["messages"]
    ]
