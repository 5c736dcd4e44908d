"""Notices of three levels for each clock: 提示 before its end, 警示 when it is over, 督办 one working day later. Pure.

A notice is a document whose `_id` is case:clock:end:level, so that none can be written twice. `watch_at` of a case is
the earliest moment at which one of its clocks needs a look; without it nothing does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from cases import deadlines
from cases.deadlines import Period
from cases.holders import Holder, Post, holder, holder_at, posts, situation

Clock = Mapping[str, Any]
Notice = dict[str, Any]


class Name(StrEnum):
    REMIND = "remind"
    WARN = "warn"
    SUPERVISE = "supervise"


@dataclass(frozen=True)
class Level:
    """`after` working days from the end; `to` kinds of addressees; `answer`: working days for a reply, 0 for none."""

    level: Name
    zh: str
    after: int
    to: tuple[str, ...]
    card: str
    bind: str
    basis: str
    answer: int = field(default=0)


@cache
def levels() -> tuple[Level, ...]:
    """In the order in which they come."""
    rows = [
        Level(**{**row, "level": Name(row["level"]), "to": tuple(row["to"])}) for row in deadlines.rules()["notices"]
    ]
    return tuple(sorted(rows, key=lambda row: row.after))


@cache
def _steps() -> tuple[int, ...]:
    return tuple(level.after for level in levels())


def _moments(end: datetime) -> Iterable[tuple[datetime, Level]]:
    return zip(deadlines.after_end(end, _steps()), levels(), strict=True)


def _reached(clock: Clock, now: datetime) -> list[tuple[datetime, Level]]:
    """The levels that this clock came to while it ran, until now."""
    until = clock["ended_at"] or now
    return [(moment, level) for moment, level in _moments(clock["due_at"]) if moment <= until]


def _looks(clock: Clock) -> Iterator[datetime]:
    """The moments at which the clock needs, or needed, a look."""
    end = clock["ended_at"]
    if not clock.get("suspended_at") and deadlines.periods()[clock["id"]].ours:
        yield from (moment for moment, _ in _moments(clock["due_at"]) if end is None or moment <= end)


def watch_at(clocks: Iterable[Clock], seen: datetime | None = None) -> datetime | None:
    """The earliest look that is needed, after the last one at `seen`; None: nothing to look for.

    After each action (`seen` None) the levels of the past count too: what was written already is not written again.
    """
    return min((m for clock in clocks for m in _looks(clock) if seen is None or m > seen), default=None)


def due_notices(
    case: Mapping[str, Any], now: datetime, trail: Iterable[Mapping[str, Any]] | None = None
) -> list[Notice]:
    """Every notice that the clocks of a case came to by now, written before or not.

    Only the highest level of a clock that still runs is sent; the others are recorded as passed over. `trail` (audit
    entries, oldest first) says who had the case then; without it the case must not have changed since.
    """
    found: list[Notice] = []
    here = situation(case)
    for clock in case["clocks"]:
        if clock.get("suspended_at") or not deadlines.periods()[clock["id"]].ours:
            continue
        reached = _reached(clock, now)
        for moment, level in reached:
            sent = clock["ended_at"] is None and level is reached[-1][1]
            who = holder(clock["id"], here)
            if trail is not None and not sent:
                who = holder_at(clock["id"], trail, moment)
            found.append(_notice(case, clock, moment, level, who, now, sent))
    return found


def changed_since(case: Mapping[str, Any], now: datetime) -> bool:
    """Whether a level that is not sent may have had another holder then; `due_notices` needs the trail."""
    last = case["last_action"]["at"]
    return any(
        moment < last
        for clock in case["clocks"]
        if deadlines.periods()[clock["id"]].ours and not clock.get("suspended_at")
        for moment, _ in _reached(clock, now)
    )


def notice_id(case_id: str, clock: Clock, level: Level) -> str:
    return f"{case_id}:{clock['id']}:{clock['due_at'].astimezone(UTC):%Y%m%dT%H%M}:{level.level}"


def _notice(
    case: Mapping[str, Any], clock: Clock, moment: datetime, level: Level, who: Holder, now: datetime, sent: bool
) -> Notice:
    district = (case.get("location") or {}).get("district")
    answer = (
        Period("answer", "答复", level.answer, "w", "supervised", level.bind, level.basis) if level.answer else None
    )
    return {
        "_id": notice_id(case["_id"], clock, level), "case_id": case["_id"], "clock": clock["id"],
        "due_at": clock["due_at"], "level": level.level.value, "at": moment, "written_at": now, "district": district,
        "post": who.post.value, "person": who.person, "card": level.card, "passed_over": not sent,
        "to": addressees(level, who, district) if sent else [],
        # A supervision order that was passed over still has to be answered when the clock runs; here it does not.
        "answer_due": deadlines.due(answer, now).at if answer and sent else None, "answer": None, "void": False,
    }  # fmt: skip


def addressees(level: Level, who: Holder, district: str | None) -> list[str]:
    """ "kind" or "kind:which": inspector:<id>, supervisor:<district>, supervisor (of the city), leader, desk, …"""
    line = posts()[who.post]
    kinds = [{"holder": "", "superior": line.superior, "above": line.above}[each] for each in level.to]
    return list(dict.fromkeys(_addressee(kind, who, district) for kind in kinds))


def _addressee(kind: str, who: Holder, district: str | None) -> str:
    if kind == "district_supervisor" or (kind == "" and who.post is Post.SUPERVISOR and who.person is None):
        return f"supervisor:{district}" if district else "supervisor"
    if kind == "city_supervisor":
        return "supervisor"
    if kind == "" and who.person:
        return f"{'inspector' if who.post is Post.INSPECTOR else 'account'}:{who.person}"
    return kind or who.post.value
