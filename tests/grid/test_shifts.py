"""Leave and shifts: what people write is what is kept, and being on duty agrees with a count of minutes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid.inspectors import Absence, Inspector, Roster
from grid.roster_store import fields_of, from_document
from grid.shifts import (
    LOCAL,
    BadHours,
    Leave,
    Shift,
    in_shift,
    leave_of,
    leaves_text,
    parse_leaves,
    parse_shifts,
    shift_of,
    shifts_text,
)

MONDAY = datetime(2026, 11, 23, tzinfo=LOCAL)

shifts = st.builds(
    Shift,
    st.frozensets(st.integers(1, 7), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda naive: naive.replace(tzinfo=UTC))
leaves = st.builds(
    lambda first, days, deputy: Leave(first, first + timedelta(days=days), deputy),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(0, 60),
    st.sampled_from([None, "w1", "w-2"]),
)
people = st.builds(
    lambda active, leave, shift: Inspector(
        "w9", "甲", "", "城阳区", "流亭街道", (), active, "w1", leave=leave, shifts=shift
    ),
    st.booleans(),
    st.lists(leaves, max_size=3).map(tuple),
    st.lists(shifts, max_size=3).map(tuple),
)


def minutes_of_week(shift: Shift) -> set[int]:
    """The same shift counted out minute by minute from Monday 00:00; what passes Sunday midnight begins again."""
    length = shift.end - shift.start if shift.end > shift.start else shift.end - shift.start + 1440
    return {((day - 1) * 1440 + shift.start + n) % 10080 for day in shift.days for n in range(length)}


# Enough that a Monday morning after a Sunday night is surely among them.
@settings(max_examples=1000)
@given(shifts, moments)
def test_a_shift_covers_exactly_its_minutes_also_over_midnight(shift, at):
    local = at.astimezone(LOCAL)
    minute = (local.isoweekday() - 1) * 1440 + local.hour * 60 + local.minute
    assert shift.covers(at) == (minute in minutes_of_week(shift))


@given(people, moments)
def test_on_duty_means_active_not_on_leave_and_in_a_shift(person, at):
    day = at.astimezone(LOCAL).date()
    on_leave = any(leave.first <= day <= leave.last for leave in person.leave)
    expected = person.active and not on_leave and (not person.shifts or any(s.covers(at) for s in person.shifts))
    assert Roster.on_duty(person, at) == expected
    assert Roster.on_duty(person, at) == Roster.on_duty(person, at.astimezone(LOCAL)), "the same moment, another zone"


@given(people)
def test_an_inspector_survives_the_database(person):
    assert from_document({"_id": person.id, **fields_of(person)}) == person


@given(st.lists(shifts, max_size=4).map(tuple))
def test_shifts_are_read_as_they_are_written(chosen):
    assert parse_shifts(shifts_text(chosen)) == chosen


@given(st.lists(leaves, max_size=4).map(tuple))
def test_leaves_are_read_as_they_are_written(chosen):
    assert parse_leaves(leaves_text(chosen)) == chosen


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("周一至周五 08:30-17:30", {1, 2, 3, 4, 5}, 510, 1050),
        ("周六、周日 20:00-08:00", {6, 7}, 1200, 480),
        ("周日，周一 9:00至12:00", {7, 1}, 540, 720),
        ("周五至周一 00:00-24:00", {5, 6, 7, 1}, 0, 1440),
        ("每天 08:00-08:00", {1, 2, 3, 4, 5, 6, 7}, 480, 480),
        ("周天 20:00-00:00", {7}, 1200, 1440),
    ],
)
def test_ways_of_writing_a_shift(text, days, start, end):
    assert parse_shifts(text) == (Shift(frozenset(days), start, end),)


@pytest.mark.parametrize("text", ["上班时间", "周八 08:00-09:00", "周一 25:00-26:00", "周一 8点-9点", "周一 08:60-09:00", "周一 24:00-08:00"])  # fmt: skip
def test_a_shift_that_cannot_be_read_is_refused_with_an_example(text):
    with pytest.raises(BadHours):
        parse_shifts(text)


@pytest.mark.parametrize(
    ("first", "last"), [("2026-12-02", "2026-12-01"), ("2026-02-30", "2026-03-01"), ("2026-01-01", "2030-01-01"), ("", "")]
)  # fmt: skip
def test_a_leave_that_is_none_is_refused(first, last):
    with pytest.raises(BadHours):
        leave_of(first, last)


def test_a_night_shift_begins_on_its_day_and_ends_on_the_next():
    night = shift_of([7], "20:00", "08:00")  # Sunday evening to Monday morning
    for hours, expected in [(-5, False), (-4, True), (-0.5, True), (0, True), (7.9, True), (8, False), (20, False)]:
        assert in_shift((night,), MONDAY + timedelta(hours=hours)) is expected, hours


def test_leave_counts_whole_days_in_local_time():
    person = Inspector("w1", "甲", "", "", "", (), leave=(leave_of("2026-12-01", "2026-12-01", "w2"),), deputy="w3")
    last_minute, after = datetime(2026, 12, 1, 15, 59, tzinfo=UTC), datetime(2026, 12, 1, 16, 0, tzinfo=UTC)
    assert person.absence(last_minute) is Absence.ON_LEAVE and person.deputy_at(last_minute) == "w2"
    assert person.absence(after) is None and person.deputy_at(after) == "w3"
