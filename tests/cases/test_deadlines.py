"""Periods against the official calendar of 2026 with its 调休."""

from datetime import date, datetime, timedelta

import pytest

from cases import deadlines
from cases.deadlines import Period, due, is_working_day
from store.local_time import LOCAL


def last_day(limit: int, unit: str, start: str) -> date:
    period = Period("x", "x", limit, unit, "received", "law", "test")
    end = due(period, datetime.fromisoformat(start).replace(tzinfo=LOCAL))
    return (end.at.astimezone(LOCAL) - timedelta(microseconds=1)).date()


@pytest.mark.parametrize(
    ("limit", "unit", "start", "expected"),
    [
        (60, "c", "2026-03-01T10:00", "2026-04-30"),
        (5, "w", "2026-09-28T09:00", "2026-10-10"),  # 国庆假期 10-01..10-07, 10-10 worked
        (5, "w", "2026-10-08T23:59", "2026-10-14"),  # 10-10 is a working Saturday
        (1, "w", "2026-11-27T18:00", "2026-11-30"),
        (7, "w", "2026-02-12T08:00", "2026-02-28"),  # 春节, with two working weekends
        (0, "c", "2026-03-01T10:00", "2026-03-01"),
    ],
)
def test_the_last_day_of_a_period(limit, unit, start, expected):
    assert last_day(limit, unit, start) == date.fromisoformat(expected)


@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_weekends_that_are_worked_in_2026(day):
    assert is_working_day(date.fromisoformat(day)) == (True, False)


def test_a_year_without_official_calendar_counts_provisionally():
    assert is_working_day(date(2029, 1, 2)) == (True, True)
    assert due(deadlines.periods()["accept_decision"], datetime(2029, 1, 2, tzinfo=LOCAL)).provisional


def test_late_in_the_evening_it_is_already_tomorrow_in_no_other_zone():
    assert last_day(1, "c", "2026-03-01T23:59") == date(2026, 3, 2)
