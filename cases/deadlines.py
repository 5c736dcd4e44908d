"""When something is due: working days by the official calendar with 调休, calendar days, all in Asia/Shanghai.

A period counted in days ends at midnight after its last day (民法典第二百零一条: the first day is not counted;
第二百零三条: a period that ends on a day off ends on the next working day — applied to working-day periods by nature).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import chinese_calendar
import yaml

LOCAL = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Period:
    """`unit`: "w" working days or "c" calendar days; `extend`: how many more days may be granted, once."""

    id: str
    zh: str
    limit: int
    unit: str
    starts: str
    bind: str
    basis: str
    extend: int = 0


@cache
def periods() -> dict[str, Period]:
    rows = yaml.safe_load((Path(__file__).parent / "deadlines.yml").read_text("utf-8"))["clocks"]
    return {row["id"]: Period(**row) for row in rows}


def is_working_day(day: date) -> tuple[bool, bool]:
    """(working day, provisional). Years without an official calendar count Monday to Friday and say so."""
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
    return _due(period.unit, period.limit + extra_days, start.astimezone(LOCAL).date())


@lru_cache(maxsize=1024)
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
    return Due(datetime.combine(day + timedelta(days=1), time(), LOCAL).astimezone(UTC), provisional)


def new_clock(clock_id: str, start: datetime) -> dict:
    """A running clock as it stands in the case document."""
    end = due(periods()[clock_id], start)
    return {
        "id": clock_id, "started_at": start, "due_at": end.at, "provisional": end.provisional,
        "ended_at": None, "extended_days": 0,
    }  # fmt: skip
