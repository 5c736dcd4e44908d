"""How a clock stands right now, for people: on time, nearly due （提示）， late （警示）."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from cases.deadlines import periods
from store.local_time import last_day, local_day

# A reminder is due this long before the end; half of a short period would come too early, a week too late.
SOON = timedelta(days=2)


class Standing(StrEnum):
    LATE = "late"
    SOON = "soon"
    RUNNING = "running"
    ENDED = "ended"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class ClockView:
    """`last_day` is the last whole day of the period (ISO); `left` says in words how much time there is."""

    id: str
    zh: str
    basis: str
    standing: Standing
    last_day: str
    left: str
    extended_days: int
    suspended_days: int
    provisional: bool


def view(clock: dict[str, Any], now: datetime | None = None) -> ClockView:
    moment = now or datetime.now(UTC)
    period = periods()[clock["id"]]
    end = clock["ended_at"] or moment
    last = last_day(clock["due_at"])
    late = end >= clock["due_at"]
    days = abs((last - local_day(end)).days)
    if clock["ended_at"]:
        standing, left = Standing.ENDED, f"逾期{days}天完成" if late else "按期完成"
    elif clock.get("suspended_at"):
        standing, left = Standing.SUSPENDED, f"已中止{days_suspended(clock, moment)}天"
    elif late:
        standing, left = Standing.LATE, f"已逾期{days}天"
    elif clock["due_at"] - moment <= SOON:
        standing, left = Standing.SOON, "今天到期" if days == 0 else f"还剩{days}天"
    else:
        standing, left = Standing.RUNNING, f"还剩{days}天"
    return ClockView(
        clock["id"], period.zh, period.basis, standing, last.isoformat(), left, clock["extended_days"],
        days_suspended(clock, moment), clock["provisional"],
    )  # fmt: skip


def views(case: dict[str, Any], now: datetime | None = None) -> list[ClockView]:
    return [view(clock, now) for clock in case["clocks"]]


def days_suspended(clock: dict[str, Any], now: datetime) -> int:
    """Days that did not count so far, with the suspension that is on."""
    pauses = [*clock.get("pauses", [])]
    if clock.get("suspended_at"):
        pauses.append({"at": clock["suspended_at"], "until": now})
    return sum((local_day(pause["until"]) - local_day(pause["at"])).days for pause in pauses)


@cache
def not_ours() -> frozenset[str]:
    """The reporter's own periods are nobody's delay."""
    return frozenset(period.id for period in periods().values() if not period.ours)


def next_due(case: dict[str, Any], now: datetime | None = None) -> ClockView | None:
    """The running clock that ends first, or None when nothing presses."""
    running = [clock for clock in case["clocks"] if presses(clock)]
    return view(min(running, key=lambda clock: clock["due_at"]), now) if running else None


def presses(clock: dict[str, Any]) -> bool:
    """It runs, and its end is ours to keep."""
    return clock["ended_at"] is None and not clock.get("suspended_at") and clock["id"] not in not_ours()
