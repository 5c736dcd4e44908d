"""A case as its reporter reads it: days and plain words, never a name, a department's quarrel or a time of day."""

from datetime import date

from cases.states import CLOSED, State
from store.local_time import last_day
from store.mongo import Document

# What a reporter waits for; the other clocks are between offices.
PROMISED = {
    "accept_decision": "决定是否受理",
    "verify_close": "核查办结",
    "feedback": "答复您",
    "review": "复核您的异议",
    "verify_again": "重新核查办结",
    "reward_start": "启动奖励(如符合条件)",
}
SUSPENDED = "期限暂停计算,恢复时会告诉您"
KINDS = {
    "question": "工作人员问",
    "notice": "通知",
    "answer": "您回答",
    "addition": "您补充",
    "objection": "您的异议",
    "retaliation": "您反映",
    "review": "复核结果",
    "forwarded": "打击报复的处理",
}


def written_day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.year}年{day.month}月{day.day}日"


def steps(case: Document, tip: Document) -> list[dict[str, str]]:
    """The time line, oldest first: what happened to the case, and what this reporter did."""
    rows = sorted([*case["progress"], *tip.get("progress", [])], key=lambda row: (row["on"], row.get("seq", 0)))
    return [{"on": written_day(row["on"]), "text": row["text"]} for row in rows]


def promises(case: Document) -> list[dict[str, str]]:
    """What comes next and `by` which day, in words; nothing for a closed case."""
    if State(case["state"]) in CLOSED:
        return []
    found = []
    for clock in case["clocks"]:
        if clock["id"] in PROMISED and clock["ended_at"] is None:
            day = last_day(clock["due_at"])
            by = SUSPENDED if clock.get("suspended_at") else f"{written_day(day.isoformat())}前"
            found.append({"what": PROMISED[clock["id"]], "by": by})
    return found


def thread(tip: Document) -> list[dict[str, str]]:
    return [
        {"from": row["from"], "who": KINDS[row["kind"]], "on": written_day(row["on"]), "text": row["text"]}
        for row in tip["messages"]
    ]
