"""Notices of three levels for each clock: 提示 before its end, 警示 when it is over, 督办 one working day later. Pure.

A notice is a document whose `_id` is case:clock:end:level, so that none can be written twice. `watch_at` of a case is
the earliest moment at which one of its clocks needs a look; without it nothing does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    """`after` working days from the end; `to` kinds of addressees; `answer`: working days for a reply, 0 for none.

    `least`: shorter periods do not have this level.
    """

    level: Name
    zh: str
    after: int
    to: tuple[str, ...]
    card: str
    bind: str
    basis: str
    answer: int = 0
    least: int = 0


@cache
def levels() -> tuple[Level, ...]:
    """In the order in which they come."""
    rows = [
        Level(**{**row, "level": Name(row["level"]), "to": tuple(row["to"])}) for row in deadlines.rules()["notices"]
    ]
    return tuple(sorted(rows, key=lambda row: row.after))


@cache
def _levels_of(clock_id: str) -> tuple[tuple[int, ...], tuple[Level, ...]]:
    """(working days from the end, the levels) of a clock; none for the reporter's own periods."""
    period = deadlines.periods()[clock_id]
    found = tuple(level for level in levels() if period.ours and period.limit >= level.least)
    return tuple(level.after for level in found), found


def _moments(clock: Clock) -> Iterable[tuple[datetime, Level]]:
    """When each level comes; nothing while the clock is suspended."""
    if clock.get("suspended_at"):
        return ()
    steps, found = _levels_of(clock["id"])
    return zip(deadlines.after_end(clock["due_at"], steps), found, strict=True)


def watch_at(clocks: Iterable[Clock]) -> datetime | None:
    """After an action: the earliest moment at which a clock needs a look; None when nothing does.

    Levels of the past count too, also of a clock that ended late: what was written already is not written again.
    """
    ends = ((clock["ended_at"], moment) for clock in clocks for moment, _ in _moments(clock))
    return min((moment for end, moment in ends if end is None or moment <= end), default=None)


@dataclass(frozen=True)
class Look:
    """`reached`: (clock, moment, level, whether it is true now and sent); `next`: the next look that is needed.

    `changed`: somebody acted after a level was reached, so that the trail must say who had the case then.
    """

    reached: list[tuple[Clock, datetime, Level, bool]]
    next: datetime | None
    changed: bool


def look(case: Mapping[str, Any], now: datetime) -> Look:
    """What the clocks of a case came to by now. Only the highest level of a clock that still runs is sent."""
    reached: list[tuple[Clock, datetime, Level, bool]] = []
    later: datetime | None = None
    for clock in case["clocks"]:
        end, came = clock["ended_at"], None
        for moment, level in _moments(clock):
            if moment <= (end or now):
                if came:
                    reached.append((clock, *came, False))
                came = (moment, level)
            elif end is None:
                later = min(later or moment, moment)
                break
            else:
                break
        if came:
            reached.append((clock, *came, end is None))
    last = case["last_action"]["at"]
    return Look(reached, later, any(moment < last for _, moment, _, _ in reached))


def due_notices(
    case: Mapping[str, Any], found: Look, now: datetime, trail: Iterable[Mapping[str, Any]] | None = None
) -> list[Notice]:
    """Every notice that the clocks came to, written before or not; those that are not sent are passed over.

    `trail` (audit entries, oldest first) says who had the case then; without it the case must not have changed since.
    """
    here = situation(case)
    return [
        _notice(
            case, clock, moment, level,
            holder(clock["id"], here) if sent or trail is None else holder_at(clock["id"], trail, moment),
            now, sent,
        )
        for clock, moment, level, sent in found.reached
    ]  # fmt: skip


def notice_id(case_id: str, clock: Clock, level: Level) -> str:
    return f"{case_id}:{clock['id']}:{clock['due_at'].astimezone(UTC):%Y%m%dT%H%M}:{level.level}"


def of_case(case_id: str) -> Notice:
    """The condition for all notices of a case: they begin with its number."""
    return {"_id": {"$gt": f"{case_id}:", "$lt": f"{case_id};"}}


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
