"""Notices of three levels: when they come, to whom, and that none is written or mailed twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from access.accounts import account_document
from access.actors import SYSTEM, Role
from cases import notices, scan
from cases.deadlines import new_clock
from cases.holders import Holder, Post
from cases.lifecycle import perform
from cases.notices import levels
from store.local_time import LOCAL
from tests.cases.case_factory import (
    ACCEPT,
    ASSIGN,
    DISPATCHER,
    INSPECTOR,
    SUPERVISOR,
    UNDERSTOOD,
    received_case,
)

# Monday 2026-11-02, ten in the morning. The decision is due on Monday the 9th.
START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
CASE = "AAAAA-BBBBB"


def at(day: str, hour: int = 0) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02d}:00").replace(tzinfo=LOCAL).astimezone(UTC)


@pytest.mark.parametrize(
    ("last_day", "expected"),
    [
        ("2026-11-05", ("2026-11-05", "2026-11-06", "2026-11-07")),  # a Thursday: red card when Friday is over
        ("2026-11-06", ("2026-11-06", "2026-11-07", "2026-11-10")),  # a Friday: nobody is late on a weekend
        ("2026-11-08", ("2026-11-06", "2026-11-09", "2026-11-10")),  # a Sunday: the last working day is Friday
        ("2026-10-03", ("2026-09-30", "2026-10-04", "2026-10-09")),  # in the holidays of October
        ("2026-10-10", ("2026-10-10", "2026-10-11", "2026-10-13")),  # a Saturday that is worked
    ],
)
def test_the_moments_of_the_three_levels(last_day, expected):
    clock = {**new_clock("verify_close", START), "due_at": at(last_day) + timedelta(days=1)}
    seen, found = START - timedelta(days=60), []
    while (look := notices.look({"clocks": [clock], "last_action": {"at": START}}, seen)).next:
        seen = look.next
        found.append(seen)
    assert found == [at(day) for day in expected]


def test_watch_at_is_the_next_moment_of_a_clock_of_ours():
    decide, own = new_clock("accept_decision", START), new_clock("objection", START - timedelta(days=30))
    assert notices.watch_at([decide, own]) == at("2026-11-09")
    last = {"last_action": {"at": START}}
    for seen, expected in (("2026-11-08", "2026-11-09"), ("2026-11-09", "2026-11-10"), ("2026-11-10", "2026-11-11")):
        assert notices.look({"clocks": [decide, own], **last}, at(seen)).next == at(expected)
    assert notices.look({"clocks": [decide, own], **last}, at("2026-11-11")).next is None
    assert notices.watch_at([{**decide, "suspended_at": START}]) is None
    assert notices.watch_at([{**decide, "ended_at": START}]) is None
    assert notices.watch_at([{**decide, "ended_at": at("2026-11-10", 9)}]) == at("2026-11-09"), "it ended late"


@pytest.mark.parametrize(
    ("who", "district", "expected"),
    [
        (Holder(Post.INSPECTOR, "i-1"), "市北区", [["inspector:i-1"], ["inspector:i-1", "supervisor:市北区"], ["supervisor"]]),
        (Holder(Post.DESK), None, [["desk"], ["desk", "supervisor"], ["leader"]]),
        (Holder(Post.FINANCE), "市北区", [["finance"], ["finance", "supervisor"], ["leader"]]),
        (Holder(Post.SUPERVISOR), "市北区", [["supervisor:市北区"], ["supervisor:市北区", "supervisor"], ["leader"]]),
        (Holder(Post.SUPERVISOR, "s-1"), "市北区", [["account:s-1"], ["account:s-1", "supervisor"], ["leader"]]),
        (Holder(Post.INSPECTOR, "i-1"), None, [["inspector:i-1"], ["inspector:i-1", "supervisor"], ["supervisor"]]),
    ],
)  # fmt: skip
def test_to_whom_each_level_goes(who, district, expected):
    assert [notices.addressees(level, who, district) for level in levels()] == expected


async def written(store) -> list[tuple[str, str, bool]]:
    rows = await store["notices"].find({}).sort([("at", 1), ("_id", 1)]).to_list(None)
    return [(row["clock"], row["level"], row["passed_over"]) for row in rows]


async def test_level_after_level_and_nothing_between(store):
    await received_case(store, now=START)
    await perform(store, CASE, "understand", SYSTEM, UNDERSTOOD, None, now=START)
    seen = []
    for hours in range(0, 24 * 12):
        moment = at("2026-11-02", 10) + timedelta(hours=hours)
        done = await scan.scan(store, moment)
        if done.written:
            seen.append((moment, done.written))
    assert seen == [(at("2026-11-09"), 1), (at("2026-11-10"), 1), (at("2026-11-11"), 1)]
    assert await written(store) == [
        ("accept_decision", "remind", False),
        ("accept_decision", "warn", False),
        ("accept_decision", "supervise", False),
    ]
    order = await store["notices"].find_one({"level": "supervise"})
    assert order["answer_due"] == at("2026-11-17") and order["card"] == "red" and order["to"] == ["leader"]


async def test_after_three_days_down_only_what_is_true_now_is_sent(store):
    await received_case(store, now=START)
    await scan.scan(store, at("2026-11-12", 9))
    assert await written(store) == [
        ("accept_decision", "remind", True),
        ("accept_decision", "warn", True),
        ("accept_decision", "supervise", False),
    ]
    assert [row["to"] async for row in store["notices"].find({"passed_over": True})] == [[], []]
    assert (await store["notices"].find_one({"passed_over": True}))["answer_due"] is None


async def test_a_period_that_ended_late_while_nobody_scanned_is_recorded_with_who_had_it_then(store):
    await received_case(store, now=START)
    case = await perform(store, CASE, "understand", SYSTEM, UNDERSTOOD, None, now=START)
    late = at("2026-11-10", 9)
    case = await perform(store, CASE, "accept", DISPATCHER, ACCEPT, case["version"], now=late)
    await perform(store, CASE, "assign", DISPATCHER, ASSIGN, case["version"], now=late)
    done = await scan.scan(store, at("2026-11-10", 10))
    rows = await store["notices"].find({"clock": "accept_decision"}).sort("at", 1).to_list(None)
    assert [(row["level"], row["passed_over"], row["post"]) for row in rows] == [
        ("remind", True, "desk"),
        ("warn", True, "desk"),
    ]
    assert done.mails == 0


async def test_two_processes_at_once_and_a_crash_in_between_write_nothing_twice(store):
    for n in range(30):
        await received_case(store, f"AAAAA-{n:05d}", now=START)
    moment = at("2026-11-09", 8)
    await asyncio.gather(*(scan.scan(store, moment) for _ in range(5)))
    assert await store["notices"].count_documents({}) == 30
    before = await store["notices"].find({}).sort("_id", 1).to_list(None)
    # As if the process had died after the notices and before the cases were moved on.
    await store["cases"].update_many({}, {"$set": {"watch_at": moment}})
    assert (await scan.scan(store, moment)).written == 0
    assert await store["notices"].find({}).sort("_id", 1).to_list(None) == before
    assert await store["cases"].count_documents({"watch_at": at("2026-11-10")}) == 30


async def test_an_extension_gives_new_notices(store):
    await received_case(store, now=START)
    case = await store["cases"].find_one({})
    for name, actor, data in [
        ("understand", SYSTEM, UNDERSTOOD), ("accept", DISPATCHER, ACCEPT), ("assign", DISPATCHER, ASSIGN),
        ("sign", INSPECTOR, {}),
    ]:  # fmt: skip
        case = await perform(store, CASE, name, actor, data, case["version"], now=START + timedelta(hours=1))
    end = at("2027-01-01")  # the last day is the first of January; the working day before is the 31st
    await scan.scan(store, end)
    assert await written(store) == [("verify_close", "remind", False)]
    case = await store["cases"].find_one({})
    await perform(store, CASE, "extend", SUPERVISOR, {"days": 30, "reason": "复杂"}, case["version"], now=end)
    await scan.scan(store, end + timedelta(days=20))
    assert len(await written(store)) == 1
    await scan.scan(store, end + timedelta(days=40))
    assert [row[1:] for row in await written(store)] == [
        ("remind", False), ("remind", True), ("warn", True), ("supervise", False),
    ]  # fmt: skip


async def test_a_change_during_the_look_is_looked_at_again(store, monkeypatch):
    await received_case(store, now=START)
    moment, looked = at("2026-11-09", 8), scan._insert_new

    async def meanwhile(store, collection, found):
        monkeypatch.setattr(scan, "_insert_new", looked)
        await perform(store, CASE, "understand", SYSTEM, UNDERSTOOD, None, now=moment)
        return await looked(store, collection, found)

    monkeypatch.setattr(scan, "_insert_new", meanwhile)
    assert (await scan.scan(store, moment)).cases == 2
    assert await written(store) == [("accept_decision", "remind", False)]
    assert (await store["cases"].find_one({}))["watch_at"] == at("2026-11-10")


# ---- mail


async def officers(store) -> None:
    rows = [
        ("d-1", Role.DISPATCHER, None, "desk@example.com"), ("d-2", Role.DISPATCHER, None, ""),
        ("s-1", Role.SUPERVISOR, None, "city@example.com"), ("s-2", Role.SUPERVISOR, "市北区", "north@example.com"),
    ]  # fmt: skip
    for login, role, district, email in rows:
        await store["accounts"].insert_one(account_document(login, login, "某人", [role], district, "x", email))
    await store["inspectors"].insert_one({"_id": "i-1", "name": "检查员甲", "email": "i1@example.com"})


async def mails(store) -> list[tuple[str, str]]:
    return sorted(
        [
            (job["payload"]["email"], job["payload"]["level"])
            async for job in store["jobs"].find({"kind": "mail_notices"})
        ]
    )


async def test_one_mail_for_each_recipient_and_level(store):
    await officers(store)
    for n in range(40):
        await received_case(store, f"AAAAA-{n:05d}", now=START)
    assert (await scan.scan(store, at("2026-11-09", 8))).mails == 1
    assert (await scan.scan(store, at("2026-11-10", 8))).mails == 2
    assert (await scan.scan(store, at("2026-11-10", 9))).mails == 0
    assert await mails(store) == [
        ("city@example.com", "warn"),
        ("desk@example.com", "remind"),
        ("desk@example.com", "warn"),
    ]


async def test_the_inspector_and_the_supervisor_of_the_district(store):
    await officers(store)
    await received_case(store, now=START)
    case = await perform(store, CASE, "understand", SYSTEM, UNDERSTOOD, None, now=START)
    case = await perform(store, CASE, "accept", DISPATCHER, ACCEPT, case["version"], now=START)
    await perform(store, CASE, "assign", DISPATCHER, ASSIGN, case["version"], now=START)
    for day in ("2026-11-03", "2026-11-04", "2026-11-05"):
        await scan.scan(store, at(day, 1))
    assert await mails(store) == [
        ("city@example.com", "supervise"), ("i1@example.com", "warn"), ("north@example.com", "warn"),
    ]  # fmt: skip


async def test_a_run_that_died_before_its_mails_is_finished_by_the_next(store, monkeypatch):
    await officers(store)
    await received_case(store, now=START)
    mail = scan._mail

    async def dies(store, run):
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(scan, "_mail", dies)
    with pytest.raises(RuntimeError):
        await scan.scan(store, at("2026-11-09", 8))
    monkeypatch.setattr(scan, "_mail", mail)
    assert await scan.scan(store, at("2026-11-09", 8)) == scan.Scanned(), "its lease still holds"
    await store["meta"].update_one({"_id": "deadline_scan"}, {"$set": {"until": datetime(2000, 1, 1, tzinfo=UTC)}})
    assert (await scan.scan(store, at("2026-11-09", 8))).mails == 1
    assert await mails(store) == [("desk@example.com", "remind")]


async def test_a_post_without_any_address_is_named(store):
    await officers(store)
    assert await scan.posts_without_address(store) == ["leader", "finance", "publisher"]
