"""Clocks that stop for a coded reason and go on; the longer period in two steps."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.actors import SYSTEM
from cases import clock_changes, deadlines
from cases.clocks import Standing, next_due, view
from cases.deadlines import new_clock
from cases.inputs import InvalidInput
from cases.lifecycle import NotAllowed, perform
from cases.tip_reading import promises
from store.errors import Refusal
from store.local_time import local_day
from tests.cases.case_factory import (
    ACCEPT,
    ASSIGN,
    DISPATCHER,
    FINDING,
    INSPECTOR,
    SUPERVISOR,
    UNDERSTOOD,
    received_case,
)

START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
REASON = {"reason": "appraisal", "text": "等待检测报告,约两周。"}


async def in_check(store):
    case = await received_case(store, now=START)
    for name, actor, data in [
        ("understand", SYSTEM, UNDERSTOOD), ("accept", DISPATCHER, ACCEPT), ("assign", DISPATCHER, ASSIGN),
        ("sign", INSPECTOR, {}), ("start_check", INSPECTOR, {}),
    ]:  # fmt: skip
        case = await perform(store, case["_id"], name, actor, data, case["version"], now=START)
    return case


def clock_of(case, clock_id="verify_close"):
    return next(clock for clock in case["clocks"] if clock["id"] == clock_id)


async def test_what_was_left_is_counted_from_the_day_it_goes_on(store):
    case = await in_check(store)
    due = clock_of(case)["due_at"]
    case = await perform(store, case["_id"], "suspend", SUPERVISOR, REASON, case["version"], now=START + 10 * DAY)
    assert "watch_at" not in case and next_due(case, START + 11 * DAY) is None
    shown = view(clock_of(case), START + 17 * DAY)
    assert (shown.standing, shown.left) == (Standing.SUSPENDED, "已中止7天")
    assert "检测鉴定" in case["progress"][-1]["text"] and "约两周" in case["progress"][-1]["text"]
    assert {"what": "核查办结", "by": "期限暂停计算,恢复时会告诉您"} in promises(case)
    told = {"text": "报告已收到。"}
    case = await perform(store, case["_id"], "resume", SUPERVISOR, told, case["version"], now=START + 24 * DAY)
    assert clock_of(case)["due_at"] == due + 14 * DAY and case["watch_at"] > START + 24 * DAY
    assert view(clock_of(case), START + 25 * DAY).suspended_days == 14
    case = await perform(store, case["_id"], "extend", SUPERVISOR, {"days": 5, "reason": "复杂"}, case["version"])
    assert clock_of(case)["due_at"] == due + 19 * DAY


async def test_a_finding_ends_the_suspension_with_the_clock(store):
    case = await in_check(store)
    case = await perform(store, case["_id"], "suspend", SUPERVISOR, REASON, case["version"], now=START + DAY)
    case = await perform(store, case["_id"], "record_finding", INSPECTOR, FINDING, case["version"], now=START + 5 * DAY)
    clock = clock_of(case)
    assert clock["ended_at"] == START + 5 * DAY and clock["suspended_at"] is None
    assert clock["pauses"] == [{"at": START + DAY, "until": START + 5 * DAY}]


@pytest.mark.parametrize(
    ("name", "actor", "data", "day", "error", "words"),
    [
        ("suspend", SUPERVISOR, {**REASON, "reason": "忙"}, 1, InvalidInput, "请从列表中选择"),
        ("suspend", SUPERVISOR, {**REASON, "text": ""}, 1, InvalidInput, "说明"),
        ("suspend", INSPECTOR, REASON, 1, NotAllowed, "权限"),
        ("suspend", SUPERVISOR, REASON, 70, Refusal, "已经过了"),
        ("resume", SUPERVISOR, {"text": "好"}, 1, Refusal, "没有中止"),
        ("grant_extension", SUPERVISOR, {}, 1, Refusal, "没有等待批准"),
        ("ask_extension", INSPECTOR, {"days": 31, "reason": "复杂"}, 1, InvalidInput, "延长天数"),
        ("ask_extension", SUPERVISOR, {"days": 3, "reason": "复杂"}, 1, NotAllowed, "权限"),
    ],
)  # fmt: skip
async def test_refused(store, name, actor, data, day, error, words):
    case = await in_check(store)
    with pytest.raises(error) as refused:
        await perform(store, case["_id"], name, actor, data, case["version"], now=START + day * DAY)
    assert words in refused.value.message
    assert await store["cases"].find_one({}) == case


async def test_the_receipt_clock_cannot_be_suspended():
    clocks = [new_clock("accept_decision", START), new_clock("sign_order", START)]
    with pytest.raises(Refusal, match="受理期限从收到之日算起"):
        clock_changes.suspend(clocks, START)


async def test_a_suspended_case_is_not_suspended_again(store):
    case = await in_check(store)
    case = await perform(store, case["_id"], "suspend", SUPERVISOR, REASON, case["version"], now=START + DAY)
    with pytest.raises(Refusal, match="已经中止"):
        await perform(store, case["_id"], "suspend", SUPERVISOR, REASON, case["version"], now=START + 2 * DAY)


async def test_the_inspector_asks_and_the_supervisor_grants(store):
    case = await in_check(store)
    due = clock_of(case)["due_at"]
    asked = {"days": 10, "reason": "设备检测排队"}
    case = await perform(store, case["_id"], "ask_extension", INSPECTOR, asked, case["version"])
    assert clock_of(case)["due_at"] == due and "设备检测" not in str(case["progress"])
    with pytest.raises(Refusal, match="已经申请过"):
        await perform(store, case["_id"], "ask_extension", INSPECTOR, asked, case["version"])
    case = await perform(store, case["_id"], "grant_extension", SUPERVISOR, {}, case["version"])
    assert clock_of(case)["due_at"] == due + 10 * DAY and case["extension"]["decided"] == "granted"
    assert case["progress"][-1]["text"] == "情况复杂,办理期限延长10日。理由:设备检测排队"
    with pytest.raises(Refusal, match="只能延长一次"):
        await perform(store, case["_id"], "ask_extension", INSPECTOR, asked, case["version"])


async def test_a_refused_extension_may_be_asked_for_again(store):
    case = await in_check(store)
    asked = {"days": 10, "reason": "设备检测排队"}
    case = await perform(store, case["_id"], "ask_extension", INSPECTOR, asked, case["version"])
    case = await perform(store, case["_id"], "refuse_extension", SUPERVISOR, {"text": "理由不足"}, case["version"])
    assert (case["extension"]["decided"], case["extension"]["text"]) == ("refused", "理由不足")
    assert clock_of(case)["extended_days"] == 0 and len(case["progress"]) == 5
    case = await perform(store, case["_id"], "ask_extension", INSPECTOR, asked, case["version"])
    case = await perform(store, case["_id"], "extend", SUPERVISOR, {"days": 5, "reason": "复杂"}, case["version"])
    assert case["extension"]["decided"] == "granted" and clock_of(case)["extended_days"] == 5


@given(
    pauses=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 900)), max_size=4),
    extended=st.integers(0, 30),
)
def test_suspended_time_is_never_counted(pauses, extended):
    """Days from start to end, without the suspended ones, are the period and its extension, however often it stopped."""
    clock = new_clock("verify_close", START)
    clock["extended_days"] = extended
    now, suspended = START, 0
    for running, stopped in pauses:
        now += timedelta(hours=running)
        if now >= deadlines.due_of(clock).at:
            break
        until = now + timedelta(hours=stopped)
        clock["pauses"] = [*clock["pauses"], {"at": now, "until": until}]
        suspended += (local_day(until) - local_day(now)).days
        now = until
    last_day = local_day(deadlines.due_of(clock).at - timedelta(seconds=1))
    assert (last_day - local_day(START)).days - suspended == 60 + extended
