"""When something is due: working days by the official calendar with 调休, calendar days, all in Asia/Shanghai.

A period counted in days ends at midnight after its last day (民法典第二百零一条: the first day is not counted;
第二百零三条: a period that ends on a day off ends on the next working day — applied to working-day periods by nature).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import chinese_calendar
import yaml

from store.local_time import LOCAL, last_day, local_day


@dataclass(frozen=True)
class Period:
    """`unit`: "w" working days or "c" calendar days; `extend`: how many more days may be granted, once.

    `ours` False: the reporter's own period. `needs`: "", "substantiated" or "penalty", what the case must have.
    """

    id: str
    zh: str
    limit: int
    unit: str
    starts: str
    bind: str
    basis: str
    extend: int = 0
    suspend: bool = False
    ours: bool = True
    needs: str = ""


@cache
def rules() -> dict[str, Any]:
    return yaml.safe_load((Path(__file__).parent / "deadlines.yml").read_text("utf-8"))


@cache
def periods() -> dict[str, Period]:
    return {row["id"]: Period(**row) for row in rules()["clocks"]}


# Calendars that the administrator loaded, by year: {day: whether it is worked}, special days only. See `use_calendars`.
_loaded: dict[int, dict[date, bool]] = {}


def use_calendars(years: Mapping[int, Mapping[date, bool]]) -> None:
    """Count by these calendars from now on, in this process; they go before what the library knows."""
    if _loaded != years:
        _loaded.clear()
        _loaded.update({year: dict(days) for year, days in years.items()})
        _due.cache_clear()
        after_end.cache_clear()


def is_working_day(day: date) -> tuple[bool, bool]:
    """(working day, provisional). Years without an official calendar count Monday to Friday and say so."""
    if day.year in _loaded:
        return _loaded[day.year].get(day, day.weekday() < 5), False
    try:
        return chinese_calendar.is_workday(day), False
    except NotImplementedError:
        return day.weekday() < 5, True


@dataclass(frozen=True)
class Due:
    """`at` is aware UTC; `provisional` means the year's official calendar was not known yet."""

    at: datetime
    provisional: bool


def due(period: Period, start: datetime, *, extra_days: int = 0) -> Due:
    """The end of `period` that starts at the aware time `start`."""
    return _due(period.unit, period.limit + extra_days, local_day(start))


@lru_cache(maxsize=4096)
def after_end(end: datetime, working_days: tuple[int, ...]) -> tuple[datetime, ...]:
    """Moments so many working days after (or, negative, before) the end of a period.

    -1 is the beginning of the last working day: one working day is left.
    """
    last = last_day(end)
    return tuple(
        _working_start(-days, last) if days < 0 else _due("w", days, last).at if days else end for days in working_days
    )


@lru_cache(maxsize=4096)
def _due(unit: str, left: int, day: date) -> Due:
    provisional = False
    if unit == "c":
        day += timedelta(days=left)
    else:
        while left > 0:
            day += timedelta(days=1)
            working, guessed = is_working_day(day)
            provisional = provisional or guessed
            left -= working
    return Due(_midnight(day + timedelta(days=1)), provisional)


def _working_start(count: int, day: date) -> datetime:
    """The beginning of the `count`-th working day, counted back from `day` inclusive."""
    while True:
        count -= is_working_day(day)[0]
        if count <= 0:
            return _midnight(day)
        day -= timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL).astimezone(UTC)


def new_clock(clock_id: str, start: datetime) -> dict[str, Any]:
    """A running clock as it stands in the case document.

    `suspended_at`: since when it does not count; `pauses`: [{at, until}] that are over.
    """
    end = due(periods()[clock_id], start)
    return {
        "id": clock_id, "started_at": start, "due_at": end.at, "provisional": end.provisional,
        "ended_at": None, "extended_days": 0, "suspended_at": None, "pauses": [],
    }  # fmt: skip


def due_of(clock: Mapping[str, Any]) -> Due:
    """When a clock ends by its start, extension and pauses.

    What was left on the day of a suspension is counted again from the day on which the clock goes on.
    """
    period = periods()[clock["id"]]
    end = due(period, clock["started_at"], extra_days=clock["extended_days"])
    provisional = end.provisional
    for pause in clock.get("pauses", []):
        left = _days_between(period.unit, local_day(pause["at"]), local_day(end.at - timedelta(seconds=1)))
        end = _due(period.unit, left, local_day(pause["until"]))
        provisional = provisional or end.provisional
    return Due(end.at, provisional)


def _days_between(unit: str, day: date, last_day: date) -> int:
    """Days after `day` up to and with `last_day`, in the unit of the period."""
    if unit == "c":
        return max(0, (last_day - day).days)
    return sum(is_working_day(day + timedelta(days=n))[0] for n in range(1, (last_day - day).days + 1))
