"""Which enterprise a case is about, what was found there before, what follows from it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from access import audit
from access.actors import SYSTEM, Actor, Role
from cases import checks, credit, enterprises, relations, tallies
from cases.deadlines import is_working_day
from cases.enterprises import Enterprise
from cases.inputs import InvalidInput
from cases.lifecycle import perform
from store.errors import Conflict, NotFound
from store.jobs import Job
from tests.cases.case_factory import (
    ACCEPT,
    ASSIGN,
    DISPATCHER,
    FINDING,
    FINE,
    INSPECTOR,
    SUPERVISOR,
    UNDERSTOOD,
    received_case,
)  # fmt: skip

CODE, OTHER = "91370203XX0000001J", "91370203XX0000002M"
GRID = "g1"
JOB = Job("x", "plan_check", {}, 1)


async def firm(store, code=CODE, name="青岛兴达木业有限公司", **changed) -> None:
    one = Enterprise(code, name, "轻工", "张三", "orange", True, "市北区", "台东街道", GRID, "")

    async def write(session):
        await enterprises.write_all(store, session, [one], SYSTEM, datetime.now(UTC))

    await store.transaction(write)
    if changed:
        await store["enterprises"].update_one({"_id": code}, {"$set": changed})


async def triage(store, case_id: str, company: str = "兴达木业", days: float = 1.0) -> dict:
    received = datetime.now(UTC) - timedelta(days=days)
    await received_case(store, case_id, received)
    await store["cases"].update_one({"_id": case_id}, {"$set": {"company": company}})
    return await perform(store, case_id, "understand", SYSTEM, UNDERSTOOD, None, now=received + timedelta(minutes=1))


async def verified(store, case_id: str, days: float = 30.0, result: str = "substantiated") -> dict:
    """A case with finding and fine, the enterprise confirmed."""
    case = await triage(store, case_id, days=days)
    case = await relations.link_enterprise(store, case_id, DISPATCHER, CODE, case["version"])
    accept = {**ACCEPT, "company": "兴达木业"}
    for action, actor, data in (
        ("accept", DISPATCHER, accept), ("assign", DISPATCHER, ASSIGN), ("sign", INSPECTOR, {}),
        ("start_check", INSPECTOR, {}), ("record_finding", INSPECTOR, {**FINDING, "result": result}),
    ):  # fmt: skip
        case = await perform(store, case_id, action, actor, data, case["version"])
    if result == "substantiated":
        case = await perform(store, case_id, "decide_measures", INSPECTOR, {"measures": [FINE]}, case["version"])
    return case


async def test_the_enterprise_is_proposed_with_reasons_and_the_likeliest_first(store):
    await firm(store)
    await firm(store, OTHER, "青岛兴大木业有限公司", grid="g2", street="辽宁路街道")
    case = await triage(store, "AAAAA-AAAAA", "青岛市兴达木业有限责任公司")
    case["location"]["grid"] = GRID
    first, second = await relations.proposed_enterprises(store, case)
    assert (first["_id"], first["reasons"]) == (CODE, ["单位名称相近", "同一网格"])
    assert (second["_id"], second["reasons"]) == (OTHER, ["单位名称相近", "同一区市"])


async def test_the_credit_code_in_place_of_a_name_is_found(store):
    await firm(store)
    case = await triage(store, "AAAAA-AAAAA", CODE.lower())
    (found,) = await relations.proposed_enterprises(store, case)
    assert found["reasons"][0] == "信用代码相同"


@pytest.mark.parametrize("company", ["", "没有这家", "$where", "厂"])
async def test_nothing_is_proposed_for_no_name_and_for_unknown_ones(store, company):
    await firm(store)
    case = await triage(store, "AAAAA-AAAAA", company)
    assert await relations.proposed_enterprises(store, case) == []


async def test_only_what_is_registered_can_be_confirmed_and_it_can_be_taken_back(store):
    await firm(store)
    case = await triage(store, "AAAAA-AAAAA")
    with pytest.raises(InvalidInput, match="登记册里没有"):
        await relations.link_enterprise(store, case["_id"], DISPATCHER, OTHER, case["version"])
    case = await relations.link_enterprise(store, case["_id"], DISPATCHER, CODE, case["version"])
    assert case["enterprise"] == CODE
    assert (await store["enterprises"].find_one({"_id": CODE}))["cases"] == 1
    case = await relations.link_enterprise(store, case["_id"], DISPATCHER, "", case["version"])
    assert case["enterprise"] is None
    assert (await store["enterprises"].find_one({"_id": CODE}))["cases"] == 0


async def test_a_verified_tip_plans_one_unannounced_check(store):
    await firm(store)
    case = await verified(store, "AAAAA-AAAAA")
    assert await store["jobs"].count_documents({"kind": "plan_check"}) == 2  # confirmed, and found
    for _ in range(2):
        await checks.plan(store, {"case_id": case["_id"]}, JOB)
    (check,) = await checks.planned(store, SUPERVISOR)
    day = date.fromisoformat(check["planned_on"])
    found = date.fromisoformat(FINDING["checked_on"])
    assert is_working_day(day)[0] and timedelta(20) <= day - found <= timedelta(90)
    assert check["enterprise"] == CODE and check["grid"] == GRID
    assert await checks.planned(store, INSPECTOR, [GRID]) and not await checks.planned(store, INSPECTOR, ["g9"])
    assert (await audit.verify(store))[1] is None


@pytest.mark.parametrize("result", ["unsubstantiated", "unverifiable"])
async def test_what_was_not_verified_plans_nothing(store, result):
    await firm(store)
    case = await verified(store, "AAAAA-AAAAA", result=result)
    await checks.plan(store, {"case_id": case["_id"]}, JOB)
    await checks.plan(store, {"case_id": "ZZZZZ-ZZZZZ"}, JOB)
    assert await store["checks"].count_documents({}) == 0


async def test_a_check_is_recorded_once_by_the_inspector_of_its_grid(store):
    await firm(store)
    case = await verified(store, "AAAAA-AAAAA")
    await checks.plan(store, {"case_id": case["_id"]}, JOB)

    async def record(grids, **changed):
        data = {"on": "2026-11-01", "result": "good", "text": "", **changed}
        await checks.record(store, case["_id"], INSPECTOR, grids, **data)

    with pytest.raises(NotFound):
        await record(["g9"])
    for wrong in ({"on": "明天"}, {"on": "2099-01-01"}, {"result": "x"}, {"result": "bad"}):
        with pytest.raises(InvalidInput):
            await record([GRID], **wrong)
    await record([GRID], result="bad", text="又锁上了，已立案。")
    with pytest.raises(Conflict):
        await record([GRID])
    assert await checks.planned(store, SUPERVISOR) == []
    assert (await checks.checks_of(store, CODE))[0]["text"] == "又锁上了，已立案。"


async def test_earlier_cases_and_credit_stand_beside_a_new_case(store):
    await firm(store)
    old = await verified(store, "AAAAA-AAAAA", days=40)
    await verified(store, "BBBBB-BBBBB", days=20, result="unsubstantiated")
    new = await triage(store, "CCCCC-CCCCC")
    assert [row["_id"] for row in await relations.earlier_cases(store, new, DISPATCHER)] == [old["_id"]]  # by name
    new = await relations.link_enterprise(store, new["_id"], DISPATCHER, CODE, new["version"])
    (found,) = await relations.earlier_cases(store, new, DISPATCHER)
    await credit.record(store, CODE, SUPERVISOR, kind="serious_list", on="2026-11-10", text="青应急〔2026〕1号")
    words = [(event["on"], event["words"]) for event in await credit.events(store, CODE, [found])]
    assert words == [("2026-11-10", "列入安全生产严重失信主体名单"), ("2026-11-02", "罚款12000元")]
    await tallies.count_enterprises(store, [CODE])
    row = await store["enterprises"].find_one({"_id": CODE})
    assert (row["cases"], row["verified"], row["last_verified_on"]) == (3, 1, FINDING["checked_on"])


@pytest.mark.parametrize("wrong", [{"kind": "x"}, {"on": ""}, {"on": "2099-01-01"}, {"text": ""}, {"text": "长" * 301}])
async def test_a_credit_event_that_makes_no_sense_is_refused(store, wrong):
    await firm(store)
    with pytest.raises(InvalidInput):
        await credit.record(store, CODE, SUPERVISOR, **{"kind": "talk", "on": "2026-11-10", "text": "约谈", **wrong})
    assert await store["credit_events"].count_documents({}) == 0


async def test_reported_before_and_still_not_fixed_is_linked_and_no_duplicate(store):
    await firm(store)
    old = await verified(store, "AAAAA-AAAAA", days=40)
    new = await triage(store, "CCCCC-CCCCC")
    new = await relations.link_recurrence(store, new["_id"], DISPATCHER, old["_id"], new["version"])
    assert new["recurrence_of"] == old["_id"] and new["state"] == "triage"
    assert (await store["cases"].find_one({"_id": old["_id"]}))["recurred_in"] == [new["_id"]]
    assert (await audit.verify(store))[1] is None


async def test_a_recurrence_needs_an_earlier_verified_case(store):
    await firm(store)
    unproven = await verified(store, "AAAAA-AAAAA", days=40, result="unsubstantiated")
    old = await verified(store, "BBBBB-BBBBB", days=20)
    new = await triage(store, "CCCCC-CCCCC", days=30)
    for of, message in (
        (unproven["_id"], "没有查实"), (old["_id"], "更早收到"), (new["_id"], "更早收到"), ("ZZZZZ-ZZZZZ", "没有这个案件"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=message):
            await relations.link_recurrence(store, new["_id"], DISPATCHER, of, new["version"])
    far = Actor("far", "外区", frozenset({Role.DISPATCHER}), "平度市")
    assert await relations.earlier_cases(store, {**new, "created_at": datetime.now(UTC)}, far) == []


async def test_an_inspector_is_not_told_that_somebody_was_only_reported(store):
    await firm(store)
    old = await verified(store, "AAAAA-AAAAA", days=40)
    new = await triage(store, "CCCCC-CCCCC")
    await relations.link_enterprise(store, new["_id"], DISPATCHER, CODE, new["version"])
    assert [row["_id"] for row in await relations.cases_of(store, CODE, INSPECTOR)] == [old["_id"]]
    assert len(await relations.cases_of(store, CODE, SUPERVISOR)) == 2
