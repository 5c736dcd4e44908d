"""The lifecycle: the way of a case, what is refused, and random walks that hold the invariants."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest

from access import audit
from access.actors import SYSTEM
from cases import actions
from cases.actions import ACTIONS, TABLE, SecondPersonNeeded
from cases.inputs import InvalidInput
from cases.lifecycle import NoSuchCase, NotAllowed, StaleCase, WrongState, perform
from cases.states import State
from store.errors import Refusal
from tests.cases.case_factory import (
    ACCEPT,
    DISPATCHER,
    EVERYBODY,
    FAR_SUPERVISOR,
    FINDING,
    FINE,
    INSPECTOR,
    SUPERVISOR,
    UNDERSTOOD,
    WAY,
    received_case,
)


async def walk(store, steps: int):
    """The case after `steps` steps of the usual way."""
    await received_case(store)
    case = await perform(store, "AAAAA-BBBBB", "understand", SYSTEM, UNDERSTOOD, None)
    for name, actor, data in WAY[:steps]:
        case = await perform(store, case["_id"], name, actor, data, case["version"])
    return case


async def test_the_whole_way_of_a_substantiated_case(store):
    case = await walk(store, len(WAY))
    assert case["state"] == "rectified"
    assert case["penalty_fen"] == 1_200_000
    assert await audit.verify(store, case["_id"]) == (len(WAY) + 2, None)
    assert [job["_id"] async for job in store["jobs"].find({"kind": "mail_order"})] == ["mail_order:AAAAA-BBBBB:4"]
    ended = {clock["id"]: clock["ended_at"] is not None for clock in case["clocks"]}
    assert ended["accept_decision"] and ended["verify_close"] and ended["sign_order"] and ended["feedback"]
    assert not ended["reward_start"]


@pytest.mark.parametrize(("street", "grid"), [("台东街道", "a-1"), ("辽宁路街道", "")])
async def test_name_and_version_of_the_grid_stay_with_the_grid(store, street, grid):
    await received_case(store)
    location = {"district": "市北区", "street": "台东街道", "grid": "a-1", "grid_name": "台东一网格", "layer": "v7"}
    case = await perform(store, "AAAAA-BBBBB", "understand", SYSTEM, {**UNDERSTOOD, "location": location}, None)
    decided = {**ACCEPT, "street": street, "grid": grid}
    case = await perform(store, case["_id"], "accept", DISPATCHER, decided, case["version"])
    kept = tuple(case["location"][name] for name in ("grid", "grid_name", "layer"))
    assert kept == (("a-1", "台东一网格", "v7") if grid else (None, None, None))


async def test_the_reporter_is_told_the_day_but_never_the_time(store):
    case = await walk(store, len(WAY))
    assert len(case["progress"]) >= 7
    assert all(len(step["on"]) == 10 for step in case["progress"])


@pytest.mark.parametrize("step", range(len(WAY)))
async def test_a_failing_last_write_undoes_the_whole_action(store, step, monkeypatch):
    before = await walk(store, step)
    name, actor, data = WAY[step]

    async def fail(session, case, clean):
        raise RuntimeError("the last write of the transaction")

    with pytest.raises(RuntimeError):
        await perform(store, before["_id"], name, actor, data, before["version"], also=fail)
    assert await store["cases"].find_one({"_id": before["_id"]}) == before
    assert await store["audit"].count_documents({"subject": before["_id"]}) == before["audit"]["seq"]


async def test_of_two_people_at_once_one_wins_and_the_other_learns_who(store):
    case = await walk(store, 0)
    refuse = {"reason": "not_safety", "text": "请拨打12345。"}
    results = await asyncio.gather(
        perform(store, case["_id"], "accept", DISPATCHER, ACCEPT, case["version"]),
        perform(store, case["_id"], "refuse", DISPATCHER, refuse, case["version"]),
        return_exceptions=True,
    )
    failures = [result for result in results if isinstance(result, StaleCase | WrongState)]
    assert len(failures) == 1
    assert "分派员甲" in failures[0].message
    assert (await store["cases"].find_one({}))["version"] == case["version"] + 1


async def test_outside_the_own_district_the_case_does_not_exist(store):
    case = await walk(store, 4)
    with pytest.raises(NoSuchCase):
        await perform(store, case["_id"], "extend", FAR_SUPERVISOR, {"days": 10, "reason": "复杂"}, case["version"])


async def test_an_order_of_a_colleague_cannot_be_signed(store):
    case = await walk(store, 2)
    stranger = INSPECTOR.__class__("i-9", "别的检查员", INSPECTOR.roles, "市北区")
    with pytest.raises(NotAllowed):
        await perform(store, case["_id"], "sign", stranger, {}, case["version"])


@pytest.mark.parametrize(
    ("step", "name", "actor", "data", "error", "words"),
    [
        (4, "record_finding", INSPECTOR, {**FINDING, "officers": ["张三"]}, InvalidInput, "执法人员"),
        (4, "record_finding", INSPECTOR, {**FINDING, "officers": ["张三", "张三"]}, InvalidInput, "两名以上不同"),
        (4, "record_finding", INSPECTOR, {**FINDING, "checked_on": "2099-01-01"}, InvalidInput, "不能晚于今天"),
        (5, "reply", INSPECTOR, {"text": "已处理"}, Refusal, "两个必罚"),
        (5, "decide_measures", INSPECTOR, {"measures": []}, InvalidInput, "处理措施"),
        (5, "decide_measures", INSPECTOR, {"measures": [{**FINE, "penalty_fen": 0}]}, InvalidInput, "罚款"),
        (5, "decide_measures", INSPECTOR, {"measures": [{**FINE, "penalty_fen": -5}]}, InvalidInput, "罚款金额"),
        (5, "decide_measures", INSPECTOR, {"measures": [{"kind": "none_with_reason", "text": "轻微", "decided_on": "2026-11-02"}]}, SecondPersonNeeded, "督办员"),
        (7, "recheck", INSPECTOR, {"checked_on": "2026-11-20", "text": "好"}, SecondPersonNeeded, "另一名"),
        (3, "extend", SUPERVISOR, {"days": 31, "reason": "复杂"}, InvalidInput, "延长天数"),
        (0, "accept", DISPATCHER, {**ACCEPT, "types": []}, InvalidInput, "违法类型"),
        (0, "refuse", DISPATCHER, {"reason": "因为懒", "text": "x"}, InvalidInput, "请从列表中选择"),
        (0, "sign", INSPECTOR, {}, (WrongState, NotAllowed), ""),
    ],
)  # fmt: skip
async def test_what_the_law_forbids_is_refused_and_changes_nothing(store, step, name, actor, data, error, words):
    case = await walk(store, step)
    with pytest.raises(error) as refused:
        await perform(store, case["_id"], name, actor, data, case["version"])
    assert words in refused.value.message
    assert await store["cases"].find_one({}) == case


async def test_the_period_can_be_extended_once_and_the_reporter_learns_why(store):
    case = await walk(store, 4)
    before = next(clock for clock in case["clocks"] if clock["id"] == "verify_close")
    case = await perform(store, case["_id"], "extend", SUPERVISOR, {"days": 30, "reason": "需要鉴定"}, case["version"])
    after = next(clock for clock in case["clocks"] if clock["id"] == "verify_close")
    assert after["due_at"] - before["due_at"] == timedelta(days=30)
    assert "需要鉴定" in case["progress"][-1]["text"]
    with pytest.raises(Refusal, match="只能延长一次"):
        await perform(store, case["_id"], "extend", SUPERVISOR, {"days": 1, "reason": "再来"}, case["version"])


def test_every_state_but_the_first_is_reached_by_some_action():
    assert {action.target for action in TABLE} | {State.RECEIVED, None} == {*State, None}
    assert len(ACTIONS) == len(TABLE), "names are unique"


SAMPLES = {
    "accept": ACCEPT, "assign": WAY[1][2], "refuse": {"reason": "handled", "text": "已办"},
    "transfer": {"to": "交通运输局", "text": "转交"}, "merge": {"into": "X"},
    "return": {"reason": "not_my_grid", "evidence": "门牌属于台东街道第二网格。", "named": "台东街道"}, "record_finding": FINDING,
    "decide_measures": {"measures": [FINE]}, "reply": {"text": "答复"}, "recheck": WAY[7][2],
    "extend": {"days": 5, "reason": "复杂"}, "ask_reporter": {"text": "几楼?"}, "understand": UNDERSTOOD,
    "reassign": {**WAY[1][2], "inspector_id": "i-2", "reason": "调走"},
    "hand_over": {**WAY[1][2], "inspector_id": "i-2", "reason": "调走"},
    "settle_reward": {"outcome": "paid"}, "disclose": {"public_numbers": ["P1"]},
}  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_random_walks_keep_the_invariants(store, seed):
    """No action outside the table, no right beyond the roles, chain whole, version and audit counted, clocks sane."""
    dice = random.Random(seed)
    await received_case(store)
    case = await store["cases"].find_one({})
    now = datetime.now(UTC)
    for _ in range(60):
        name = dice.choice(list(ACTIONS))
        actor = dice.choice((*EVERYBODY, SYSTEM))
        action = ACTIONS[name]
        version = case["version"] - (dice.random() < 0.1)
        now += timedelta(hours=dice.randint(1, 30))
        try:
            after = await perform(store, case["_id"], name, actor, SAMPLES.get(name, {}), version, now=now)
        except Refusal:
            assert await store["cases"].find_one({}) == case, "a refusal changes nothing"
            continue
        assert version == case["version"]
        assert case["state"] in action.sources
        assert after["state"] == (action.target or case["state"])
        assert actor.roles & action.roles and actor is not FAR_SUPERVISOR
        assert after["version"] == case["version"] + 1 == after["audit"]["seq"]
        for clock in after["clocks"]:
            assert clock["ended_at"] is None or clock["ended_at"] >= clock["started_at"]
        if after["state"] in (State.REPLIED, State.RECTIFIED) and actions.is_substantiated(after):
            assert after["measures"], "两个必罚"
        case = after
    count, broken = await audit.verify(store, case["_id"])
    assert (count, broken) == (case["audit"]["seq"], None)
