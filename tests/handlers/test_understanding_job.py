"""The first job of a tip, with real places and a real database: who is proposed, and what happens when there is nobody."""

from datetime import timedelta

import pytest

from cases.unclaimed import UnclaimedAlarm
from cases.understanding import Understanding
from grid.inspectors import Inspector
from grid.service import Locator
from store.jobs import Job
from tests.handlers.citizens import citizens, file


@pytest.fixture
async def site(mongo_server, tmp_path):
    async with citizens(mongo_server, tmp_path) as opened:
        yield opened


def person(name):
    return Inspector(name, f"网格{name}", "", "市北区", "辽宁路街道", ())


async def understand(services, people):
    """The case as it is after the job, with a roster of our own."""
    city = services.locator
    locator = Locator(city.gazetteer, city.grid_index, people, city.duty)
    alarm = UnclaimedAlarm(services.store, "duty@example.cn", timedelta(minutes=30))
    case = await services.store["cases"].find_one({"state": "received"})
    job = Job(f"understand:{case['_id']}", "understand", {"case_id": case["_id"]}, 1)
    await Understanding(services.store, services.rasa, locator, alarm).run(job.payload, job)
    return await services.store["cases"].find_one({"_id": case["_id"]})


async def test_the_one_with_fewer_open_orders_is_proposed(site):
    client, services, _ = site
    busy = {"state": "signed", "inspector_id": "a", "location": {"district": "市北区"}}
    await services.store["cases"].insert_many([{"_id": f"old{n}", **busy} for n in range(3)])
    await file(client, place="市北区辽宁路街道")
    route = (await understand(services, [person("a"), person("b")]))["route"]
    assert (route["receiver_kind"], route["inspector"], route["alarm"]) == ("street_inspector", "b", False)
    assert await services.store["alerts"].find_one({}) is None


async def test_an_overloaded_one_is_passed_over_by_name(site):
    client, services, _ = site
    busy = {"state": "verifying", "inspector_id": "a", "location": {"district": "市北区"}}
    await services.store["cases"].insert_many([{"_id": f"old{n}", **busy} for n in range(21)])
    await file(client, place="市北区辽宁路街道")
    case = await understand(services, [person("a")])
    assert case["route"]["alarm"] and "网格a在办21件，超过20件的上限" in case["route"]["explanation"]
    assert case["route"]["explanation"].count("。") == 1


async def test_where_nobody_answers_the_alarm_comes_with_the_proposal(site):
    client, services, _ = site
    await file(client, what="有个商场二楼的安全出口用铁链锁着,里面还在营业")
    case = await understand(services, [])
    assert case["state"] == "triage" and case["route"]["receiver_kind"] == "unclaimed"
    alert = await services.store["alerts"].find_one({"case_id": case["_id"]})
    assert alert["kind"] == "unclaimed" and alert["taken_by"] is None
    kinds = {job["kind"] async for job in services.store["jobs"].find({"_id": {"$regex": "unclaimed"}})}
    assert kinds == {"mail", "unclaimed"}
