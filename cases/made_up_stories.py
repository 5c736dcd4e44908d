"""Lives of invented cases: what is done with them and when, carried out by the lifecycle's own pure `plan`."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from access.actors import SYSTEM, Actor, Role
from cases import actions, inputs, lifecycle
from cases.dispatch import summary_draft
from cases.made_up_firms import Ground
from cases.violations import violations
from grid.service import Location, Locator
from store.mongo import Document

DISPATCHER = Actor("dispatcher", "演示分派员", frozenset({Role.DISPATCHER}))
SUPERVISOR = Actor("supervisor", "演示督办员", frozenset({Role.SUPERVISOR}))
# How cases end, per cent.
ENDS = {"verified": 55, "unsubstantiated": 26, "refused": 9, "transferred": 7, "withdrawn": 3}


@dataclass(frozen=True)
class Step:
    """`after`: days since the case was received."""

    after: float
    action: str
    actor: Actor
    data: dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """Where and what: the same for every step of a case. `company` as the reporter wrote it."""

    ground: Ground
    point: tuple[float, float]
    types: tuple[str, ...]
    company: str
    enterprise: str | None


def location_of(setting: Setting) -> Location:
    ground = setting.ground
    return Location(
        ground.district, ground.street, ground.code, ground.name, True, "point", "位置在网格内。",
        {"lng": setting.point[0], "lat": setting.point[1], "source_system": "wgs84"},
    )  # fmt: skip


def steps(setting: Setting, end: str, opened: date, locator: Locator, rng: random.Random) -> Iterator[Step]:
    """The whole life; whoever carries it out stops where the present is."""
    ground = setting.ground
    inspector = Actor(ground.inspector.id, ground.inspector.name, frozenset({Role.INSPECTOR}), ground.district)
    other = Actor(f"{ground.inspector.id}-2", "另一名检查员", frozenset({Role.INSPECTOR}), ground.district)
    location = location_of(setting)
    route = locator.route(location, setting.types)
    types = [{"type": kind, "confidence": round(rng.uniform(0.5, 0.97), 2), "words": []} for kind in setting.types]
    yield Step(0.001, "understand", SYSTEM, {
        "types": types, "in_scope": True, "model_version": "demonstration", "location": asdict(location),
        "route": asdict(route), "duplicates": [],
    })  # fmt: skip
    at = rng.uniform(0.05, 3)
    if end == "withdrawn":
        yield Step(at, "withdraw", Actor("reporter", "举报人", frozenset({Role.REPORTER})), {})
        return
    if end == "refused":
        yield Step(at, "refuse", DISPATCHER, {"reason": rng.choice(list(inputs.REFUSAL_REASONS)), "text": "请看理由。"})
        return
    if end == "transferred":
        yield Step(at, "transfer", DISPATCHER, {"to": "市有关部门", "text": "由该部门办理。"})
        return
    if setting.enterprise:
        yield Step(at - 0.01, "link_enterprise", DISPATCHER, {"enterprise": setting.enterprise})
    yield Step(at, "accept", DISPATCHER, {
        "types": list(setting.types), "district": ground.district, "street": ground.street, "grid": ground.code,
        "company": setting.company,
        "summary": summary_draft(list(setting.types), ground.district, ground.street, setting.company),
    })  # fmt: skip
    yield Step(at + 0.01, "assign", DISPATCHER, {"department": route.department, "inspector_id": inspector.id})
    yield Step(at := at + rng.uniform(0.1, 1.5), "sign", inspector, {})
    yield Step(at := at + rng.uniform(0.2, 4), "start_check", inspector, {})
    at += rng.uniform(62, 80) if rng.random() < 0.06 else rng.uniform(1, 45)
    checked = (opened + timedelta(days=int(at))).isoformat()
    result = "unsubstantiated"
    if end == "verified":
        result = rng.choice(("substantiated", "substantiated", "partly"))
    finding = {
        "result": result,
        "officers": [inspector.name, "另一名检查员"],
        "checked_on": checked,
        "text": "到现场核查。",
    }
    yield Step(at, "record_finding", inspector, finding)
    if end == "verified":
        yield Step(at := at + rng.uniform(0.5, 5), "decide_measures", inspector, {"measures": _measures(checked, rng)})
    replied = at = at + rng.uniform(0.5, 5)
    yield Step(at, "reply", inspector, {"text": "您反映的事项已核查，详见结论。"})
    if end == "verified" and rng.random() < 0.8:
        day = (opened + timedelta(days=int(at) + 10)).isoformat()
        yield Step(at := at + 10.2, "recheck", other, {"checked_on": day, "text": "已整改。"})
    outcome = "paid" if end == "verified" and rng.random() < 0.3 else "not_eligible"
    yield Step(at := at + rng.uniform(3, 30), "settle_reward", SYSTEM, {"outcome": outcome})
    # Not before the reporter's time for objections is over.
    yield Step(max(at, replied + 8) + rng.uniform(5, 60), "archive", SUPERVISOR, {})


def _measures(checked: str, rng: random.Random) -> list[dict[str, Any]]:
    until = (date.fromisoformat(checked) + timedelta(days=15)).isoformat()
    rows: list[dict[str, Any]] = [{"kind": "rectify", "text": "限期整改", "decided_on": checked, "rectify_by": until}]
    if rng.random() < 0.5:
        yuan = rng.choice((2000, 5000, 10_000, 30_000, 50_000))
        law = "安全生产法第一百零二条"
        rows.append({"kind": "fine", "text": "罚款", "law": law, "decided_on": checked, "penalty_fen": yuan * 100})
    return rows


def live(
    case: Document, story: Iterator[Step], received: datetime, until: datetime
) -> Iterator[tuple[Document, Document]]:
    """The case after each step that lies before `until`, with the audit entry of the step."""
    for step in story:
        moment = received + timedelta(days=step.after)
        if moment >= until:
            return
        action = actions.ACTIONS[step.action]
        update = lifecycle.plan(case, action, action.model.model_validate(step.data), step.actor, moment)
        case = applied(case, update.mongo)
        yield case, update.audit_entry


def applied(case: Document, change: Document) -> Document:
    """The case as MongoDB would leave it after an update of the lifecycle."""
    grown = {**case, **change["$set"], "version": case["version"] + change["$inc"]["version"]}
    for field, value in change.get("$push", {}).items():
        grown[field] = [*case[field], value]
    for field in change.get("$unset", {}):
        grown.pop(field, None)
    return grown


def kinds_by_weight(rng: random.Random) -> tuple[list[str], list[float]]:
    """Types with how often they come: a few are most of it, as in life."""
    names = [kind.id for kind in violations().values() if kind.core]
    rng.shuffle(names)
    return names, [1 / (place + 2) for place in range(len(names))]


def opening_day(today: datetime, days: float, rng: random.Random) -> datetime:
    """Some time of day within the last `days`."""
    moment = today - timedelta(days=rng.uniform(0.02, days))
    moment = moment.replace(hour=rng.randrange(12), minute=rng.randrange(60), second=rng.randrange(60), microsecond=0)
    return moment if moment < today else moment - timedelta(days=1)
