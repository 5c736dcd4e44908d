"""When an inspector works: leave in whole days, shifts by weekday and hour. All days and hours are Asia/Shanghai."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from store.errors import Refusal
from store.local_time import LOCAL, local_day

MINUTES_A_DAY = 24 * 60
MAX_PERIODS = 20

_DAYS = "一二三四五六日"
_SHIFT = re.compile(r"(\S.*?)\s*(\d{1,2}:\d{2})\s*[-至到~—]\s*(\d{1,2}:\d{2})")
_DAY_RANGE = re.compile(r"周([一二三四五六日天])(?:\s*[-至到~—]\s*周?([一二三四五六日天]))?")
_LEAVE = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:\s*[至到~—]\s*(\d{4}-\d{2}-\d{2}))?(?:\s*代班[：:\s]*([A-Za-z0-9][A-Za-z0-9-]*))?"
)


class BadHours(Refusal):
    """Leave or shifts that cannot be read; the message shows how to write them."""

    status = 422


@dataclass(frozen=True, slots=True)
class Leave:
    """Off duty from `first` to `last`, both whole days. `deputy` stands in for this time, else the usual deputy."""

    first: date
    last: date
    deputy: str | None = None

    def covers(self, at: datetime) -> bool:
        return self.first <= local_day(at) <= self.last


@dataclass(frozen=True, slots=True)
class Shift:
    """`days` 1 (Monday) to 7, on which it begins; `start` and `end` in minutes of the day.

    An `end` that is not after `start` lies on the next day: 20:00-08:00 is a night, 08:00-08:00 a day and a night.
    """

    days: frozenset[int]
    start: int
    end: int

    def covers(self, at: datetime) -> bool:
        local = at.astimezone(LOCAL)
        day, minute = local.isoweekday(), local.hour * 60 + local.minute
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        yesterday = 7 if day == 1 else day - 1
        return (day in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)


def leave_at(leaves: Iterable[Leave], at: datetime) -> Leave | None:
    """The leave that runs at `at`, the longest of several."""
    return max((leave for leave in leaves if leave.covers(at)), key=lambda leave: leave.last, default=None)


def in_shift(shifts: Sequence[Shift], at: datetime) -> bool:
    """No shifts at all means always."""
    return not shifts or any(shift.covers(at) for shift in shifts)


# ---- as people write them


def shifts_text(shifts: Iterable[Shift]) -> str:
    """周一至周五 08:30-17:30；周六、周日 20:00-08:00."""
    return "；".join(f"{_days_text(s.days)} {clock_text(s.start)}-{clock_text(s.end)}" for s in shifts)


def parse_shifts(text: str) -> tuple[Shift, ...]:
    """The opposite of `shifts_text`; "" is no shift. Raises `BadHours`."""
    found = []
    for part in _parts(text, "shifts"):
        match = _SHIFT.fullmatch(part)
        if not match:
            raise _bad_shift(part)
        found.append(shift_of(_days(match[1], part), match[2], match[3]))
    return tuple(found)


def shift_of(days: Iterable[int], start: str, end: str) -> Shift:
    """From weekdays and two clock times ("08:30"). Raises `BadHours`."""
    chosen = frozenset(days)
    if not chosen or not chosen <= set(range(1, 8)):
        raise BadHours("班次：请选择星期几。", field="days")
    begin, finish = _minutes(start), _minutes(end)
    if begin == MINUTES_A_DAY:
        raise BadHours("班次：开始时间要在 00:00 到 23:59 之间。", field="start")
    return Shift(chosen, begin, finish or MINUTES_A_DAY)


def leaves_text(leaves: Iterable[Leave]) -> str:
    """2026-12-01至2026-12-05 代班 w370214001-2；…"""
    return "；".join(
        f"{leave.first}至{leave.last}" + (f" 代班 {leave.deputy}" if leave.deputy else "") for leave in leaves
    )


def parse_leaves(text: str) -> tuple[Leave, ...]:
    """The opposite of `leaves_text`; "" is no leave. Raises `BadHours`."""
    found = []
    for part in _parts(text, "leave"):
        match = _LEAVE.fullmatch(part)
        if not match:
            raise BadHours(f"休假“{part[:40]}”看不懂，例如 2026-12-01至2026-12-05 代班 w12。", field="leave")
        found.append(leave_of(match[1], match[2] or match[1], match[3] or ""))
    return tuple(found)


def leave_of(first: str, last: str, deputy: str = "") -> Leave:
    """From two days ("2026-12-01"). Raises `BadHours`."""
    begin, end = _day(first, "first"), _day(last, "last")
    if end < begin:
        raise BadHours("休假：最后一天不能早于第一天。", field="last")
    if (end - begin).days > 400:
        raise BadHours("休假：一次最多登记400天；长期离岗请停用这名检查员。", field="last")
    return Leave(begin, end, deputy or None)


def clock_text(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


# ---- as they are stored


def shift_document(shift: Shift) -> dict[str, Any]:
    return {"days": sorted(shift.days), "start": clock_text(shift.start), "end": clock_text(shift.end)}


def leave_document(leave: Leave) -> dict[str, Any]:
    return {"first": leave.first.isoformat(), "last": leave.last.isoformat(), "deputy": leave.deputy}


def _parts(text: str, field: str) -> list[str]:
    parts = [part.strip() for part in re.split(r"[；;\n]", text) if part.strip()]
    if len(parts) > MAX_PERIODS:
        raise BadHours(f"最多填写{MAX_PERIODS}段。", field=field)
    return parts


def _days(text: str, part: str) -> list[int]:
    if text.strip() in ("每天", "每日"):
        return list(range(1, 8))
    days: list[int] = []
    for piece in re.split(r"[、,，\s]+", text.strip()):
        match = _DAY_RANGE.fullmatch(piece if piece.startswith("周") else f"周{piece}")
        if not match:
            raise _bad_shift(part)
        first, last = _weekday(match[1]), _weekday(match[2] or match[1])
        # 周五至周一 goes over the end of the week.
        days += range(first, last + 1) if first <= last else [*range(first, 8), *range(1, last + 1)]
    return days


def _weekday(sign: str) -> int:
    return _DAYS.index("日" if sign == "天" else sign) + 1


def _bad_shift(part: str) -> BadHours:
    return BadHours(f"班次“{part[:40]}”看不懂，例如 周一至周五 08:30-17:30。", field="shifts")


def _days_text(days: frozenset[int]) -> str:
    """Runs of three days and more with 至."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    words = []
    for run in runs:
        names = [f"周{_DAYS[day - 1]}" for day in run]
        words += [f"{names[0]}至{names[-1]}"] if len(run) > 2 else names
    return "、".join(words)


def _minutes(text: str) -> int:
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", text)
    minutes = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else None
    if minutes is None or minutes > MINUTES_A_DAY:
        raise BadHours(f"班次：时间“{text[:10]}”不对，请写成 08:30 这样。", field="start")
    return minutes


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadHours("休假：请填写日期，例如 2026-12-01。", field=field) from None
