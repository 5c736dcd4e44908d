"""Who had to act: from the state of a case and the clock, now or at any moment of its audit trail. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from cases import deadlines
from cases.states import State


class Post(StrEnum):
    DESK = "desk"
    INSPECTOR = "inspector"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"
    PUBLISHER = "publisher"


@dataclass(frozen=True)
class Line:
    """A post, its name, and who is its superior and who stands above that (kinds of addressees)."""

    id: str
    zh: str
    superior: str
    above: str


@cache
def posts() -> dict[str, Line]:
    return {row["id"]: Line(**row) for row in deadlines.rules()["posts"]}


@dataclass(frozen=True)
class Holder:
    """`person` is the account of who had to act; None where a post has it, not a person."""

    post: Post
    person: str | None = None


@dataclass(frozen=True)
class Situation:
    """What of a case decides who must act."""

    state: str = State.RECEIVED
    inspector: str | None = None
    returns: int = 0
    reviewer: str | None = None


_WITH_THE_INSPECTOR = frozenset({State.ASSIGNED, State.SIGNED, State.VERIFYING, State.CONCLUDED, State.MEASURES})
_OF_A_POST = {
    "accept_decision": Post.DESK,
    "reward_start": Post.FINANCE,
    "penalty_publicity": Post.PUBLISHER,
}  # fmt: skip


def holder(clock_id: str, now: Situation) -> Holder:
    """Who must act for this clock in this situation."""
    if clock_id in _OF_A_POST:
        return Holder(_OF_A_POST[clock_id])
    if clock_id == "review":
        return Holder(Post.SUPERVISOR, now.reviewer)
    if now.state in _WITH_THE_INSPECTOR:
        return Holder(Post.INSPECTOR, now.inspector)
    # A case that came back twice is no longer the desk's to decide.
    second_return = now.state == State.RETURNED and now.returns > 1
    return Holder(Post.SUPERVISOR if second_return else Post.DESK)


def situation(case: Mapping[str, Any]) -> Situation:
    return Situation(
        case["state"], case.get("inspector_id"), len(case.get("returns", [])), (case.get("review") or {}).get("by")
    )


def situations(entries: Iterable[Mapping[str, Any]]) -> list[tuple[datetime, Situation]]:
    """(since, situation) after each audit entry of the case that changed it, oldest first."""
    now = Situation()
    found: list[tuple[datetime, Situation]] = []
    for entry in entries:
        after = _after(now, entry)
        if after != now or not found:
            found.append((entry["at"], after))
        now = after
    return found


def _after(now: Situation, entry: Mapping[str, Any]) -> Situation:
    detail, action = entry["detail"], entry["action"]
    after = replace(now, state=detail["to"]) if "from" in detail and "to" in detail else now
    if inspector := (detail.get("data") or {}).get("inspector_id"):
        after = replace(after, inspector=inspector)
    if action == "return":
        after = replace(after, returns=after.returns + 1)
    if action == "take_review":
        after = replace(after, reviewer=entry["actor"])
    return after


def holder_at(clock_id: str, entries: Iterable[Mapping[str, Any]], moment: datetime) -> Holder:
    """Who had to act at that moment, by the audit trail (oldest first)."""
    now = Situation()
    for since, then in situations(entries):
        if since > moment:
            break
        now = then
    return holder(clock_id, now)


@dataclass(frozen=True)
class Tenure:
    """Who had the case from when until when; `until` None: still."""

    holder: Holder
    since: datetime
    until: datetime | None


def tenures(clock: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> list[Tenure]:
    """Who had to act for this clock one after the other, from its start to its end."""
    begun: dict[datetime, Holder] = {}
    for at, then in situations(entries):
        if clock["ended_at"] is None or at < clock["ended_at"]:
            begun[max(at, clock["started_at"])] = holder(clock["id"], then)
    found: list[Tenure] = []
    for since, who in begun.items():
        if not found or found[-1].holder != who:
            found.append(Tenure(who, since, None))
    ends = [*(tenure.since for tenure in found[1:]), clock["ended_at"]]
    return [replace(tenure, until=end) for tenure, end in zip(found, ends, strict=True)] if found else []
