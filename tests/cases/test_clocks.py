from datetime import UTC, datetime, timedelta

import pytest

from cases.clocks import Standing, next_due, view
from cases.deadlines import new_clock

START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "standing", "left"),
    [
        (0, Standing.RUNNING, "还剩60天"),
        (58, Standing.RUNNING, "还剩2天"), (59, Standing.SOON, "还剩1天"),
        (60, Standing.SOON, "今天到期"),
        (61, Standing.LATE, "已逾期1天"), (63, Standing.LATE, "已逾期3天"),
    ],
)  # fmt: skip
def test_how_a_clock_stands(days, standing, left):
    clock = new_clock("verify_close", START)
    shown = view(clock, START + timedelta(days=days, hours=5))
    assert (shown.standing, shown.left, shown.last_day) == (standing, left, "2027-01-01")


def test_an_ended_clock_says_whether_it_was_in_time():
    clock = new_clock("verify_close", START)
    assert view({**clock, "ended_at": START}).left == "按期完成"
    assert view({**clock, "ended_at": START + timedelta(days=62)}).left == "逾期2天完成"


def test_what_presses_next_leaves_out_ended_clocks_and_the_reporters_own_period():
    first, second = new_clock("accept_decision", START), new_clock("verify_close", START)
    own = new_clock("objection", START - timedelta(days=20))
    assert next_due({"clocks": [second, first, own]}, START).id == "accept_decision"
    assert next_due({"clocks": [{**first, "ended_at": START}, second]}, START).id == "verify_close"
    assert next_due({"clocks": [own]}, START) is None
