"""Sending an order back: its proof, the second return one level up, the supervisor's decision, the counts."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from access import audit
from access.actors import SYSTEM, Actor, Role
from cases.deadlines import is_working_day
from cases.inputs import InvalidInput
from cases.lifecycle import NotAllowed, perform
from cases.return_statistics import return_statistics
from cases.returns import MIN_EVIDENCE, RETURN_REASONS
from cases.states import State
from store.errors import Refusal
from tests.cases.case_factory import (
    ACCEPT,
    ASSIGN,
    DISPATCHER,
    EVERYBODY,
    FINDING,
    INSPECTOR,
    OTHER_INSPECTOR,
    SUPERVISOR,
    UNDERSTOOD,
    received_case,
)

BACK = {"reason": "not_my_grid", "evidence": "门牌是台东三路，属于另一个网格。", "named": "台东街道第二网格"}
TO_OTHER = {"department": "市北区消防救援大队", "inspector_id": "i-2"}
DECISION = "由乙承办：门牌以民政部门的为准。"
WORDS = "按门牌和地图核对过，情况如上。"


async def do(store, name, actor, data=None, case_id="AAAAA-BBBBB", **more):
    case = await store["cases"].find_one({"_id": case_id})
    return await perform(store, case_id, name, actor, data or {}, case["version"], **more)


async def assigned(store, case_id="AAAAA-BBBBB"):
    await received_case(store, case_id)
    await perform(store, case_id, "understand", SYSTEM, UNDERSTOOD, None)
    await do(store, "accept", DISPATCHER, ACCEPT, case_id)
    return await do(store, "assign", DISPATCHER, ASSIGN, case_id)


async def returned_twice(store, case_id="AAAAA-BBBBB"):
    await assigned(store, case_id)
    await do(store, "return", INSPECTOR, BACK, case_id)
    await do(store, "assign", DISPATCHER, TO_OTHER, case_id)
    return await do(store, "return", OTHER_INSPECTOR, {"reason": "lacks_information", "evidence": WORDS}, case_id)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({**BACK, "reason": "懒得去"}, "reason"),
        ({**BACK, "reason": ""}, "reason"),
        ({**BACK, "evidence": "不归我" + " " * 20}, "evidence"),
        ({**BACK, "evidence": "字" * 4001}, "evidence"),
        ({**BACK, "named": ""}, "named"),
        ({"reason": "not_my_department", "evidence": WORDS}, "named"),
        ({"reason": "duplicate", "evidence": WORDS, "named": " "}, "named"),
        ({"reason": "place_wrong", "evidence": WORDS}, "photos"),
        ({"reason": "no_such_company", "evidence": WORDS}, "photos"),
        ({**BACK, "sanction": "扣分"}, "sanction"),
    ],
)
async def test_a_return_without_its_proof_is_refused_by_field_and_changes_nothing(store, data, field):
    case = await assigned(store)
    with pytest.raises(InvalidInput) as refused:
        await do(store, "return", INSPECTOR, data)
    assert refused.value.field == field
    assert await store["cases"].find_one({}) == case


@pytest.mark.parametrize("reason", RETURN_REASONS)
async def test_with_its_proof_every_reason_is_taken(store, reason):
    await assigned(store)
    data = {"reason": reason, "evidence": "字" * MIN_EVIDENCE, "named": "市场监督管理局", "photos": ["p1"]}
    case = await do(store, "return", INSPECTOR, data)
    assert case["state"] == State.RETURNED and case["returns"][0]["department"] == ASSIGN["department"]
    assert case["returns"][0]["photos"] == ["p1"]


async def test_the_first_return_is_the_dispatchers_and_has_no_clock_of_its_own(store):
    await assigned(store)
    case = await do(store, "return", INSPECTOR, BACK)
    assert "return_decision" not in {clock["id"] for clock in case["clocks"]}
    assert (await do(store, "assign", DISPATCHER, TO_OTHER))["inspector_id"] == "i-2"


async def test_the_second_return_is_the_supervisors_within_one_working_day(store):
    case = await returned_twice(store)
    clock = next(clock for clock in case["clocks"] if clock["id"] == "return_decision")
    days = [clock["started_at"].date() + timedelta(days=n) for n in range(1, 12)]
    next_working = next(day for day in days if is_working_day(day)[0])
    # The period ends at midnight after the next working day, in local time.
    assert (clock["due_at"] + timedelta(hours=8)).date() - timedelta(days=1) in (
        next_working,
        next_working + timedelta(1),
    )
    assert clock["ended_at"] is None
    for name, data in [("assign", TO_OTHER), ("assign", ASSIGN), ("transfer", {"to": "12345", "text": "转"})]:
        with pytest.raises(NotAllowed, match="只能由督办员决定"):
            await do(store, name, DISPATCHER, data)
    with pytest.raises(InvalidInput) as refused:
        await do(store, "assign", SUPERVISOR, TO_OTHER)
    assert refused.value.field == "decision"
    case = await do(store, "assign", SUPERVISOR, {**TO_OTHER, "decision": DECISION})
    assert case["decisions"][0]["text"] == DECISION and case["decisions"][0]["by_name"] == SUPERVISOR.name
    clock = next(clock for clock in case["clocks"] if clock["id"] == "return_decision")
    assert clock["ended_at"] is not None


async def test_the_third_return_must_have_read_the_decision(store):
    await returned_twice(store)
    await do(store, "assign", SUPERVISOR, {**TO_OTHER, "decision": DECISION})
    with pytest.raises(InvalidInput) as refused:
        await do(store, "return", OTHER_INSPECTOR, BACK)
    assert refused.value.field == "decision_seen" and DECISION in refused.value.message
    case = await do(store, "return", OTHER_INSPECTOR, {**BACK, "decision_seen": True})
    assert len(case["returns"]) == 3 and case["returns"][2]["decision_seen"]
    running = [clock for clock in case["clocks"] if clock["id"] == "return_decision" and clock["ended_at"] is None]
    assert len(running) == 1, "and the supervisor has a working day again"
    assert (await audit.verify(store, case["_id"]))[1] is None


async def test_after_the_second_return_a_supervisor_may_also_transfer(store):
    await returned_twice(store)
    case = await do(store, "transfer", SUPERVISOR, {"to": "市市场监管局", "text": "由市场监管部门办理。"})
    assert case["state"] == State.TRANSFERRED
    assert all(clock["ended_at"] for clock in case["clocks"] if clock["id"] == "return_decision")


async def test_an_order_is_given_to_somebody_else_when_its_inspector_leaves(store):
    await assigned(store)
    await do(store, "sign", INSPECTOR)
    again = {**ASSIGN, "reason": "检查员已调走"}
    with pytest.raises(InvalidInput, match="还是原来的人"):
        await do(store, "reassign", DISPATCHER, again)
    case = await do(store, "reassign", DISPATCHER, {**again, "inspector_id": "i-2"})
    assert (case["state"], case["inspector_id"]) == (State.ASSIGNED, "i-2")
    assert [clock["ended_at"] is None for clock in case["clocks"] if clock["id"] == "sign_order"] == [False, True]
    with pytest.raises(NotAllowed):
        await do(store, "sign", INSPECTOR)
    await do(store, "sign", OTHER_INSPECTOR)
    await do(store, "start_check", OTHER_INSPECTOR)
    await do(store, "record_finding", OTHER_INSPECTOR, FINDING)
    case = await do(store, "hand_over", DISPATCHER, {**again, "inspector_id": "i-1"})
    assert (case["state"], case["inspector_id"]) == (State.CONCLUDED, "i-1"), "what was found stays found"
    assert [job["_id"] async for job in store["jobs"].find({"kind": "mail_order"}).sort("_id", 1)] == [
        "mail_order:AAAAA-BBBBB:10", "mail_order:AAAAA-BBBBB:4", "mail_order:AAAAA-BBBBB:6",
    ]  # fmt: skip


async def test_the_counts_by_reason_and_department_and_the_share_of_right_first_dispatches(store):
    await returned_twice(store, "AAAAA-AAAAA")
    await assigned(store, "BBBBB-BBBBB")  # not begun: says nothing yet
    await assigned(store, "CCCCC-CCCCC")
    for name in ("sign", "start_check"):
        await do(store, name, INSPECTOR, case_id="CCCCC-CCCCC")
    await assigned(store, "DDDDD-DDDDD")
    await do(store, "reassign", DISPATCHER, {**TO_OTHER, "department": "另一部门", "reason": "派错"}, "DDDDD-DDDDD")
    await do(store, "return", OTHER_INSPECTOR, BACK, "DDDDD-DDDDD")
    numbers = await return_statistics(store, SUPERVISOR)
    assert numbers.reasons == [("不在本网格", 2), ("线索不足，无法核查", 1)]
    assert numbers.departments == [("市北区消防救援大队", 2), ("另一部门", 1)]
    assert (numbers.right, numbers.judged, numbers.share) == (1, 3, "33%")
    elsewhere = Actor("x", "外区", frozenset({Role.SUPERVISOR}), "平度市")
    assert (await return_statistics(store, elsewhere)).share == "—"


STEPS = {
    "assign": [ASSIGN, TO_OTHER, {**ASSIGN, "decision": DECISION}, {**TO_OTHER, "decision": DECISION}],
    "reassign": [{**TO_OTHER, "reason": "忙"}, {**ASSIGN, "reason": "忙", "decision": DECISION}],
    "return": [BACK, {**BACK, "decision_seen": True}, {"reason": "lacks_information", "evidence": WORDS}],
    "transfer": [{"to": "12345", "text": "转"}], "sign": [{}], "start_check": [{}],
}  # fmt: skip
DECIDING = ("assign", "reassign", "transfer")


@pytest.mark.parametrize("seed", range(12))
async def test_random_walks_after_two_returns_only_a_supervisor_decides(store, seed):
    """Whatever anybody tries, in any order: the dispatcher is out after two returns, and a third knows the decision."""
    dice = random.Random(seed)
    case = await assigned(store)
    now, most = datetime.now(UTC), 0
    for _ in range(160):
        name = dice.choices(list(STEPS), weights=[4, 2, 5, 0.2, 1, 0.2])[0]
        if name in ("transfer", "start_check") and len(case.get("returns", [])) < 2:
            continue  # would end the walk before it comes to what it is about
        actor, data = dice.choice(EVERYBODY), dice.choice(STEPS[name])
        now += timedelta(hours=dice.randint(1, 9))
        before, twice = case, len(case.get("returns", [])) >= 2
        try:
            case = await perform(store, case["_id"], name, actor, data, case["version"], now=now)
        except Refusal:
            assert await store["cases"].find_one({}) == before, "a refusal changes nothing"
            continue
        if name in DECIDING and twice:
            assert actor is SUPERVISOR
            if name != "transfer":
                assert len(case["decisions"]) == len(before.get("decisions", [])) + 1
        if name == "return":
            most = max(most, len(case["returns"]))
            decided = bool(before.get("decisions"))
            assert case["returns"][-1]["decision_seen"] or not decided
            assert decided == (len(before.get("returns", [])) >= 2), "a third return follows a decision"
        waits = case["state"] == State.RETURNED and len(case["returns"]) >= 2
        running = [clock for clock in case["clocks"] if clock["id"] == "return_decision" and not clock["ended_at"]]
        assert len(running) == waits
        if case["state"] == State.TRANSFERRED:
            break
    assert (await audit.verify(store, case["_id"]))[1] is None
    assert most >= 2, "the walk went where it matters"
