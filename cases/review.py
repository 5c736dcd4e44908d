"""The reporter's rights after the reply, as changes of the case: 异议复核 and reports of 打击报复. Pure.

An appeal is {kind, message, on, decided}: `decided` None, or {result, by, on}. A case under review has
`review` {by, name, at}: the supervisor who took it up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from access.actors import Actor
from cases.inputs import Forward, Refusing, Uphold
from store.errors import Refusal
from store.local_time import local_day

Case = Mapping[str, Any]
Change = dict[str, Any]


class DecidedBefore(Refusal):
    """Somebody who decided the case may not judge the objection to it."""

    status = 403


def open_appeals(case: Case, kind: str) -> list[dict[str, Any]]:
    return [appeal for appeal in case.get("appeals", []) if appeal["kind"] == kind and appeal["decided"] is None]


def deciders(case: Case) -> set[str]:
    """Whose decision the reporter objects to: finding, measures, reply, now and in an earlier round."""
    rounds = [case, *case.get("earlier", [])]
    found = {(each.get("finding") or {}).get("recorded_by") for each in rounds}
    found |= {measure.get("by") for each in rounds for measure in each.get("measures") or []}
    found |= {(each.get("reply") or {}).get("by") for each in rounds}
    return {person for person in found if person}


def take(case: Case, actor: Actor, now: datetime) -> Change:
    if not open_appeals(case, "objection"):
        raise Refusal("没有等待复核的异议。")
    if actor.id in deciders(case):
        raise DecidedBefore("您参与过这件案件的决定，不能复核，请由另一位督办员接手。")
    return {"review": {"by": actor.id, "name": actor.name, "at": now}}


def _taken(case: Case, actor: Actor) -> None:
    review = case.get("review")
    if review is None:
        raise Refusal("还没有人接手复核，请先接手。")
    if review["by"] != actor.id:
        raise DecidedBefore(f"复核由{review['name']}接手，请由他作出决定，或由您重新接手。")


def dismiss(case: Case, data: Refusing, actor: Actor, now: datetime) -> Change:
    _taken(case, actor)
    return {"review": None, "appeals": _decided(case, "objection", "dismissed", actor, now)}


def uphold(case: Case, data: Uphold, actor: Actor, now: datetime) -> Change:
    """A second round by another inspector; what the first one found is kept in `earlier`."""
    _taken(case, actor)
    first = {case["inspector_id"], (case["finding"] or {}).get("recorded_by")}
    if data.inspector_id in first:
        raise Refusal("重新核查须由另一名检查员进行。", status=422, field="inspector_id")
    kept = ("finding", "measures", "penalty_fen", "reply", "recheck", "inspector_id")
    return {
        "review": None, "appeals": _decided(case, "objection", "upheld", actor, now),
        "earlier": [*case.get("earlier", []), {key: case.get(key) for key in kept}],
        "finding": None, "measures": [], "penalty_fen": 0, "reply": None, "recheck": None,
        "inspector_id": data.inspector_id,
    }  # fmt: skip


def forward(case: Case, data: Forward, actor: Actor, now: datetime) -> Change:
    if data.appeal not in [appeal["message"] for appeal in open_appeals(case, "retaliation")]:
        raise Refusal("这条打击报复的反映已经处理过，或不存在。请刷新页面。", field="appeal")
    return {"appeals": _decided(case, "retaliation", data.office, actor, now, data.appeal)}


def _decided(
    case: Case, kind: str, result: str, actor: Actor, now: datetime, message: str = ""
) -> list[dict[str, Any]]:
    decision = {"result": result, "by": actor.id, "on": local_day(now).isoformat()}
    return [
        {**appeal, "decided": decision} if appeal in open_appeals(case, kind) and message in ("", appeal["message"]) else appeal
        for appeal in case.get("appeals", [])
    ]  # fmt: skip
