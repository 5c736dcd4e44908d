"""A longer period in two steps: the inspector asks with a reason, the supervisor grants or refuses. Pure.

The case keeps the last request: `extension` {days, reason, by, name, on, decided, text}; `decided` "" while it waits.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from access.actors import Actor
from cases import clock_changes
from cases.inputs import Extend, Input, Refusing
from store.errors import Refusal
from store.local_time import local_day

Case = Mapping[str, Any]
Change = dict[str, Any]


def waiting(case: Case) -> dict[str, Any] | None:
    """The request that nobody has decided yet."""
    request = case.get("extension")
    return request if request and not request["decided"] else None


def _waiting(case: Case) -> dict[str, Any]:
    request = waiting(case)
    if request is None:
        raise Refusal("没有等待批准的延期申请。")
    return request


def ask(case: Case, data: Extend, actor: Actor, now: datetime) -> Change:
    """Refused at once when it could never be granted."""
    if waiting(case):
        raise Refusal("已经申请过延期，请等督办员决定。")
    clock_changes.check_extension(case["clocks"], data.days)
    on = local_day(now).isoformat()
    return {"extension": {**data.model_dump(), "by": actor.id, "name": actor.name, "on": on, "decided": "", "text": ""}}


def grant(case: Case, data: Input, actor: Actor, now: datetime) -> Change:
    return {"extension": {**_waiting(case), "decided": "granted"}}


def count(clocks: list[dict[str, Any]], case: Case) -> None:
    clock_changes.extend(clocks, _waiting(case)["days"])


def told(case: Case) -> str:
    request = _waiting(case)
    return f"情况复杂,办理期限延长{request['days']}日。理由:{request['reason']}"


def refuse(case: Case, data: Refusing, actor: Actor, now: datetime) -> Change:
    return {"extension": {**_waiting(case), "decided": "refused", "text": data.text}}


def close(case: Case, data: Extend, actor: Actor, now: datetime) -> Change:
    """The supervisor extends without, or otherwise than, the request: it is decided with that."""
    request = waiting(case)
    return {"extension": {**request, "decided": "granted"}} if request else {}
