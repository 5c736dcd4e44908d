"""A case as intake stores it, for tests that start in the middle."""

from datetime import UTC, datetime

from access import audit
from access.actors import Actor, Role
from cases import deadlines, notices
from cases.found_by import found_by

DISPATCHER = Actor("a-dispatcher", "分派员甲", frozenset({Role.DISPATCHER}))
INSPECTOR = Actor("i-1", "检查员甲", frozenset({Role.INSPECTOR}), "市北区")
OTHER_INSPECTOR = Actor("i-2", "检查员乙", frozenset({Role.INSPECTOR}), "市北区")
SUPERVISOR = Actor("a-supervisor", "督办员", frozenset({Role.SUPERVISOR}))
FAR_SUPERVISOR = Actor("a-far", "外区督办员", frozenset({Role.SUPERVISOR}), "平度市")
EVERYBODY = (DISPATCHER, INSPECTOR, OTHER_INSPECTOR, SUPERVISOR, FAR_SUPERVISOR)


async def received_case(store, case_id: str = "AAAAA-BBBBB", now: datetime | None = None) -> dict:
    now = now or datetime.now(UTC)
    entry = audit.make_entry(audit.Head(), case_id, "file", "reporter", {}, now)
    clocks = [deadlines.new_clock("accept_decision", now), deadlines.new_clock("verify_close", now)]
    case = {
        "_id": case_id, "version": 1, "state": "received", "urgent": False, "created_at": now,
        "opened_on": now.date().isoformat(), "channel": "form", "source": "群众举报", "tips": 1, "photos": 0,
        "reported_point": None, "types": [], "decided_types": [], "in_scope": None,
        "location": {"district": "市北区", "street": "台东街道", "grid": None}, "route": None, "duplicates": [],
        "company": "", "summary": "", "department": None, "inspector_id": None, "finding": None, "measures": [],
        "penalty_fen": 0, "reply": None, "recheck": None, "progress": [],
        "clocks": clocks, "watch_at": notices.watch_at(clocks),
        "audit": {"seq": 1, "hash": entry["hash"]},
        "last_action": {"name": "file", "actor": "reporter", "actor_name": "举报人", "at": now},
    }  # fmt: skip
    case["found_by"] = found_by(case)
    await store["cases"].insert_one(case)
    await store["audit"].insert_one(entry)
    return case


UNDERSTOOD = {
    "types": [{"type": "exit_blocked_locked", "confidence": 0.9, "words": []}], "in_scope": True,
    "model_version": "test", "location": {"district": "市北区", "street": "台东街道", "grid": None}, "route": {},
    "duplicates": [],
}  # fmt: skip
ACCEPT = {
    "types": ["exit_blocked_locked"],
    "district": "市北区",
    "street": "台东街道",
    "summary": "某商场安全出口上锁,请核查。",
}
ASSIGN = {"department": "市北区消防救援大队", "inspector_id": "i-1"}
FINDING = {
    "result": "substantiated",
    "officers": ["张三", "李四"],
    "checked_on": "2026-11-01",
    "text": "二楼出口上锁。",
}
FINE = {"kind": "fine", "text": "罚款", "law": "消防法第六十条", "decided_on": "2026-11-02", "penalty_fen": 1_200_000}
RECHECK = {"checked_on": "2026-11-20", "text": "已拆除锁具。"}
# The way of a substantiated case, action by action.
WAY = (
    ("accept", DISPATCHER, ACCEPT),
    ("assign", DISPATCHER, ASSIGN),
    ("sign", INSPECTOR, {}),
    ("start_check", INSPECTOR, {}),
    ("record_finding", INSPECTOR, FINDING),
    ("decide_measures", INSPECTOR, {"measures": [FINE]}),
    ("reply", INSPECTOR, {"text": "您反映的事项属实,已处罚。"}),
    ("recheck", OTHER_INSPECTOR, RECHECK),
)
