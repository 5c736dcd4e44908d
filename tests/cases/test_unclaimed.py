"""Nobody answers: the alarm at once, again while it stays so, once each, and over as soon as somebody has the case."""

from datetime import UTC, datetime, timedelta

import pytest

from access.actors import SYSTEM
from cases import alerts, unclaimed
from cases.lifecycle import perform
from cases.loads import open_orders, stranded
from cases.unclaimed import UnclaimedAlarm
from store.jobs import Job
from tests.cases.case_factory import ACCEPT, ASSIGN, DISPATCHER, FAR_SUPERVISOR, INSPECTOR, UNDERSTOOD, received_case

NOBODY = {"alarm": True, "explanation": "地点未定；找不到人。", "inspector": None}
AGAIN = timedelta(minutes=30)


@pytest.fixture
def alarm(store):
    return UnclaimedAlarm(store, "duty@example.cn", AGAIN)


async def understood(store, alarm, case_id="AAAAA-BBBBB", route=NOBODY):
    await received_case(store, case_id)

    async def raise_alarm(session, *_):
        if route["alarm"]:
            await alarm.raise_first(session, case_id, route, datetime.now(UTC))

    return await perform(store, case_id, "understand", SYSTEM, {**UNDERSTOOD, "route": route}, None, also=raise_alarm)


async def look(store, alarm, number, case_id="AAAAA-BBBBB"):
    job = await store["jobs"].find_one({"_id": f"unclaimed:{case_id}:{number}"})
    assert job is not None
    await alarm.run(job["payload"], Job(job["_id"], "unclaimed", job["payload"], 1))


async def mails(store):
    return [job["payload"]["fields"]["number"] async for job in store["jobs"].find({"kind": "mail"}).sort("_id", 1)]


async def test_the_first_alarm_comes_with_the_finding_that_nobody_answers(store, alarm):
    await understood(store, alarm)
    (alert,) = await alerts.waiting(store)
    assert alert["kind"] == "unclaimed" and "找不到人" in alert["text"] and alert["case_id"] == "AAAAA-BBBBB"
    assert await mails(store) == ["1"]
    again = await store["jobs"].find_one({"kind": "unclaimed"})
    assert timedelta(0) <= again["due"] - alert["at"] - AGAIN < timedelta(seconds=1)
    assert [case["_id"] for case in await unclaimed.queue(store, DISPATCHER)] == ["AAAAA-BBBBB"]


async def test_it_is_raised_again_while_it_stays_unclaimed_and_each_once(store, alarm):
    await understood(store, alarm)
    await alerts.take_up(store, unclaimed.alarm_id("AAAAA-BBBBB"), DISPATCHER, datetime.now(UTC))
    assert await alerts.waiting(store) == []
    for _ in range(3):  # a worker that died is followed by another
        await look(store, alarm, 2)
    (alert,) = await alerts.waiting(store)
    assert alert["number"] == 2 and alert["taken_by"] is None, "who took it up did not get it done"
    assert await mails(store) == ["1", "2"]
    await look(store, alarm, 3)
    await look(store, alarm, 2)
    assert await mails(store) == ["1", "2", "3"]
    assert (await alerts.waiting(store))[0]["number"] == 3


async def test_with_somebody_who_has_the_case_it_is_over(store, alarm):
    case = await understood(store, alarm)
    case = await perform(store, case["_id"], "accept", DISPATCHER, ACCEPT, case["version"])
    assert len(await alerts.waiting(store)) == 1, "accepted is not given to anybody yet"
    await perform(store, case["_id"], "assign", DISPATCHER, ASSIGN, case["version"])
    assert await alerts.waiting(store) == [] and await unclaimed.queue(store, DISPATCHER) == []
    await look(store, alarm, 2)
    assert await mails(store) == ["1"] and await store["jobs"].find_one({"_id": "unclaimed:AAAAA-BBBBB:3"}) is None


async def test_a_failing_alarm_leaves_the_case_to_be_understood_again(store, alarm, monkeypatch):
    async def fail(*_, **__):
        raise RuntimeError("the last write of the transaction")

    monkeypatch.setattr("cases.unclaimed.enqueue", fail)
    with pytest.raises(RuntimeError):
        await understood(store, alarm)
    assert (await store["cases"].find_one({}))["state"] == "received"
    assert await store["alerts"].find_one({}) is None and await store["jobs"].find_one({}) is None


async def test_danger_is_never_crowded_out_by_unclaimed_cases(store, alarm):
    await store["alerts"].insert_one({"_id": "a1", "at": datetime(2020, 1, 1, tzinfo=UTC), "kind": "fire", "text": "着火了", "taken_by": None})  # fmt: skip
    for n in range(alerts.MAX_SHOWN + 2):
        await understood(store, alarm, f"C{n}")
    assert (await alerts.waiting(store))[0]["kind"] == "fire"


async def test_open_orders_are_counted_and_those_of_people_who_left_are_listed(store, alarm):
    for case_id in ("A", "B", "C"):
        case = await understood(store, alarm, case_id, {**NOBODY, "alarm": False})
        case = await perform(store, case_id, "accept", DISPATCHER, ACCEPT, case["version"])
        case = await perform(store, case_id, "assign", DISPATCHER, ASSIGN, case["version"])
    await perform(store, "C", "sign", INSPECTOR, {}, case["version"])
    assert await open_orders(store) == {"i-1": 3} and await open_orders(store, ["i-1", "i-2"]) == {"i-1": 3}
    assert await open_orders(store, ["i-2"]) == {}

    async def listed(gone, away, actor=DISPATCHER):
        return [case["_id"] for case in await stranded(store, gone, away, actor)]

    assert await listed(["i-1"], []) == ["A", "B", "C"]
    assert await listed([], ["i-1"]) == ["A", "B"], "who is on leave keeps what was signed for"
    assert await listed(["i-1"], [], FAR_SUPERVISOR) == [] and await listed([], []) == []
    await store["accounts"].insert_one({"_id": "i-1", "login": "i-1", "roles": ["inspector"], "disabled": True})
    assert await listed([], []) == ["A", "B", "C"], "a closed account cannot work either"
