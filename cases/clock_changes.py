"""What an action does to the clocks of a case: start, stop, extend, suspend, go on. Pure: works on copies."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cases import deadlines
from store.errors import Refusal

Case = Mapping[str, Any]
Clock = dict[str, Any]

# Measures that are a 行政处罚; an order to rectify or a referral is none, and is not published as one.
PENALTIES = frozenset({"fine", "suspend", "revoke"})


def copies(clocks: Iterable[Mapping[str, Any]]) -> list[Clock]:
    return [{"suspended_at": None, "pauses": [], **clock} for clock in clocks]


def running(clocks: Iterable[Clock], clock_id: str | None = None) -> list[Clock]:
    return [clock for clock in clocks if clock["ended_at"] is None and clock_id in (None, clock["id"])]


def stop(clocks: list[Clock], ids: Iterable[str], now: datetime) -> None:
    """A suspended clock goes on first: what stops it is what was waited for."""
    for clock in running(clocks):
        if clock["id"] in ids:
            _go_on(clock, now)
            clock["ended_at"] = now


def start(clocks: list[Clock], ids: Iterable[str], case: Case, now: datetime) -> None:
    """Start what this case (as it is after the action) needs."""
    clocks.extend(deadlines.new_clock(each, now) for each in ids if _needed(deadlines.periods()[each], case))


def _needed(period: deadlines.Period, case: Case) -> bool:
    if period.needs == "substantiated":
        return (case.get("finding") or {}).get("result") in ("substantiated", "partly")
    if period.needs == "penalty":
        return any(measure["kind"] in PENALTIES for measure in case["measures"])
    return True


def check_extension(clocks: Iterable[Clock], days: int) -> Clock:
    """The clock that may be extended by so many days. Raises `Refusal`."""
    period = deadlines.periods()["verify_close"]
    found = running(clocks, period.id)
    if not found:
        raise Refusal("核查期限已经结束，不能再延长。", field="days")
    if found[0]["extended_days"]:
        raise Refusal("核查期限只能延长一次。", field="days")
    if days > period.extend:
        raise Refusal(f"核查期限最多延长{period.extend}日({period.basis})。", field="days")
    return found[0]


def extend(clocks: list[Clock], days: int) -> None:
    clock = check_extension(clocks, days)
    clock["extended_days"] = days
    count(clock)


def suspend(clocks: list[Clock], now: datetime) -> None:
    """Raises `Refusal` when nothing that may be suspended runs, or what runs is late already."""
    able = [clock for clock in running(clocks) if deadlines.periods()[clock["id"]].suspend]
    if not able:
        raise Refusal("现在没有可以中止的期限。受理期限从收到之日算起，不能中止。")
    for clock in able:
        if clock["suspended_at"]:
            raise Refusal("期限已经中止，请先恢复。")
        if clock["due_at"] <= now:
            raise Refusal("期限已经过了，不能再中止。请写明逾期原因并尽快办结。")
        clock["suspended_at"] = now


def resume(clocks: list[Clock], now: datetime) -> None:
    stopped = [clock for clock in running(clocks) if clock["suspended_at"]]
    if not stopped:
        raise Refusal("期限没有中止，不用恢复。")
    for clock in stopped:
        _go_on(clock, now)


def _go_on(clock: Clock, now: datetime) -> None:
    if clock["suspended_at"]:
        clock["pauses"] = [*clock["pauses"], {"at": clock["suspended_at"], "until": now}]
        clock["suspended_at"] = None
        count(clock)


def count(clock: Clock) -> None:
    """Set when the clock ends, by the calendar in force."""
    end = deadlines.due_of(clock)
    clock["due_at"], clock["provisional"] = end.at, end.provisional
