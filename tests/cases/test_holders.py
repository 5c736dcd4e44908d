"""Who had to act, now and at any moment of the trail."""

from datetime import UTC, datetime, timedelta

import pytest

from access.actors import SYSTEM
from cases import breaches, scan
from cases.breaches import Wanted, breach, by_post, to_csv
from cases.deadlines import new_clock
from cases.holders import Holder, Post, Situation, holder, holder_at, tenures
from cases.lifecycle import perform
from store.local_time import local_day
from tests.cases.case_factory import (
    ACCEPT,
    ASSIGN,
    DISPATCHER,
    FAR_SUPERVISOR,
    INSPECTOR,
    OTHER_INSPECTOR,
    SUPERVISOR,
    UNDERSTOOD,
    received_case,
)

START = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CASE = "AAAAA-BBBBB"
RETURN = {"reason": "not_my_grid", "evidence": "门牌属于台东街道第二网格。", "named": "台东街道"}


@pytest.mark.parametrize(
    ("clock", "situation", "expected"),
    [
        ("accept_decision", Situation("triage"), Holder(Post.DESK)),
        ("verify_close", Situation("triage"), Holder(Post.DESK)),
        ("verify_close", Situation("accepted"), Holder(Post.DESK)),
        ("sign_order", Situation("assigned", "i-1"), Holder(Post.INSPECTOR, "i-1")),
        ("verify_close", Situation("verifying", "i-1"), Holder(Post.INSPECTOR, "i-1")),
        ("verify_close", Situation("returned", "i-1", 1), Holder(Post.DESK)),
        ("verify_close", Situation("returned", "i-1", 2), Holder(Post.SUPERVISOR)),
        ("feedback", Situation("measures", "i-1"), Holder(Post.INSPECTOR, "i-1")),
        ("reward_start", Situation("replied", "i-1"), Holder(Post.FINANCE)),
        ("penalty_publicity", Situation("measures", "i-1"), Holder(Post.PUBLISHER)),
        ("review", Situation("replied", "i-1"), Holder(Post.SUPERVISOR)),
        ("review", Situation("replied", "i-1", 0, "s-1"), Holder(Post.SUPERVISOR, "s-1")),
    ],
)
def test_who_must_act(clock, situation, expected):
    assert holder(clock, situation) == expected


async def wandering(store):
    """From the desk to one inspector, back, to another who is late; (case, trail)."""
    await received_case(store, now=START)
    steps = [
        (0, "understand", SYSTEM, UNDERSTOOD), (2, "accept", DISPATCHER, ACCEPT), (2, "assign", DISPATCHER, ASSIGN),
        (3, "return", INSPECTOR, RETURN),
        (6, "assign", SUPERVISOR, {**ASSIGN, "inspector_id": "i-2"}), (7, "sign", OTHER_INSPECTOR, {}),
        (8, "start_check", OTHER_INSPECTOR, {}),
    ]  # fmt: skip
    case = await store["cases"].find_one({})
    for day, name, actor, data in steps:
        case = await perform(store, CASE, name, actor, data, case["version"], now=START + day * DAY)
    return case, await store["audit"].find({"subject": CASE}).sort("seq", 1).to_list(None)


async def test_the_trail_tells_who_had_the_case_when(store):
    case, trail = await wandering(store)
    check = next(clock for clock in case["clocks"] if clock["id"] == "verify_close")
    first, second = Holder(Post.INSPECTOR, "i-1"), Holder(Post.INSPECTOR, "i-2")
    assert [(each.holder, (each.since - START).days, each.until and (each.until - START).days) for each in tenures(check, trail)] == [
        (Holder(Post.DESK), 0, 2), (first, 2, 3), (Holder(Post.DESK), 3, 6), (second, 6, None),
    ]  # fmt: skip
    for day, expected in [(1, Holder(Post.DESK)), (2.5, first), (4, Holder(Post.DESK)), (50, second)]:
        assert holder_at("verify_close", trail, START + day * DAY) == expected
    signing = [clock for clock in case["clocks"] if clock["id"] == "sign_order"]
    assert [[each.holder for each in tenures(clock, trail)] for clock in signing] == [[first], [second]]


async def test_a_breach_is_listed_with_the_name_of_who_held_the_case_when(store):
    await store["inspectors"].insert_many([{"_id": "i-1", "name": "=赵"}, {"_id": "i-2", "name": "钱"}])
    await wandering(store)
    for day in range(55, 75):
        await scan.scan(store, START + day * DAY)
    # Due on the last day of October; the order of the first inspector was signed for, or returned, in time.
    wanted = Wanted.read({"month": "2026-10"}, START.date())
    (row,) = await breaches.breaches(store, wanted, SUPERVISOR)
    assert (row.clock, row.last_day.isoformat(), row.post, row.person) == ("核查办结", "2026-10-31", "检查员", "钱")
    assert breaches.held_words(row).startswith("分派台 2026-09-01至2026-09-03；检查员=赵 2026-09-03至2026-09-04；")
    assert row.done_on == "" and row.days == (local_day(datetime.now(UTC)) - row.last_day).days
    (cards,) = await breaches.cards(store, wanted, SUPERVISOR)
    assert (cards.person, cards.yellow, cards.red, cards.breaches) == ("钱", 1, 1, 1)
    assert {row.post: row.red for row in by_post([cards])} == {
        "desk": 0, "inspector": 1, "supervisor": 0, "finance": 0, "publisher": 0,
    }  # fmt: skip
    assert await breaches.breaches(store, Wanted.read({"month": "2026-11"}, START.date()), SUPERVISOR) == []
    assert (
        await breaches.breaches(store, Wanted.read({"month": "2026-10", "post": "desk"}, START.date()), SUPERVISOR)
        == []
    )
    assert await breaches.breaches(store, wanted, FAR_SUPERVISOR) == []


def test_a_table_for_a_spreadsheet_has_no_formula():
    clock = {**new_clock("accept_decision", START), "ended_at": START + 30 * DAY}
    row = {
        "case_id": CASE,
        "clock": clock["id"],
        "due_at": clock["due_at"],
        "post": "inspector",
        "person": "i-1",
        "district": "市北区",
    }
    trail = [{"at": START, "action": "file", "actor": "reporter", "detail": {}}]
    table = to_csv([breach(row, [clock], trail, {"i-1": "=HYPERLINK(1)"}, START)])
    lines = table.splitlines()
    assert lines[0].startswith("\ufeff案件,") and ",'=HYPERLINK(1)," in lines[1] and ",2026-10-01," in lines[1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ("2026-11", None)), ({"month": "2026-02", "post": "desk"}, ("2026-02", "desk")),
        ({"month": "zzz", "post": "$where"}, ("2026-11", None)), ({"month": "2026-13"}, ("2026-11", None)),
    ],
)  # fmt: skip
def test_a_list_opens_whatever_the_address_says(query, expected):
    wanted = Wanted.read(query, datetime(2026, 11, 24, tzinfo=UTC).date())
    assert (wanted.month_name, wanted.post) == expected


def test_the_last_months():
    assert breaches.months(datetime(2026, 2, 3, tzinfo=UTC).date(), 4) == ["2026-02", "2026-01", "2025-12", "2025-11"]
