"""Random walks: everybody does everything at random, time passes, clocks are looked after. What must hold, holds.

The clocks are counted here a second time, day by day, without a line of the program that is tested.
"""

import random
from datetime import UTC, date, datetime, timedelta

import chinese_calendar
import pytest

from access import audit
from access.actors import REPORTER, SYSTEM, Actor, Role
from access.vault import Vault
from access.vault_keys import create_vault_keys
from cases import appeals, merging, scan, supervision
from cases.actions import ACTIONS, Action, allowed
from cases.deadlines import periods
from cases.found_by import NEVER, found_by
from cases.lifecycle import perform
from cases.mailbox import Mailbox
from cases.receipts import Receipts
from cases.states import CLOSED
from store.errors import Refusal
from store.local_time import LOCAL
from tests.cases.case_factory import (
    ACCEPT,
    ASSIGN,
    EVERYBODY,
    FAR_SUPERVISOR,
    FINDING,
    FINE,
    RECHECK,
    UNDERSTOOD,
    received_case,
)

START = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
CASE = "AAAAA-BBBBB"
REVIEWER = Actor("a-reviewer", "督办员乙", frozenset({Role.SUPERVISOR}))
LEADER = Actor("a-leader", "领导", frozenset({Role.LEADER}))
PEOPLE = (*EVERYBODY, REVIEWER, LEADER, SYSTEM, REPORTER)
RETURN = {"reason": "not_my_grid", "evidence": "门牌属于台东街道第二网格。", "named": "台东街道", "decision_seen": True}
RECTIFY = {"kind": "rectify", "text": "打开出口", "decided_on": "2026-11-02", "rectify_by": "2026-12-01"}


def likely(case: dict, who: Actor, action: Action) -> float:
    """A walk that ends at once, or stands still, shows little."""
    undecided = {appeal["kind"] for appeal in case.get("appeals", []) if appeal["decided"] is None}
    seldom = 0.05
    if action.name == "merge":
        return 2  # there is a way back
    if action.target in CLOSED:
        return 0.004
    if action.name in ("link_enterprise", "link_recurrence"):
        return seldom
    if action.name in ("uphold_review", "dismiss_review"):
        return 8 if (case.get("review") or {}).get("by") == who.id else seldom
    if action.name == "take_review":
        return 3 if "objection" in undecided else seldom
    if action.name == "forward_retaliation":
        return 0.5 if "retaliation" in undecided else seldom
    if action.name in ("grant_extension", "refuse_extension"):
        return 3 if (case.get("extension") or {}).get("decided") == "" else seldom
    if action.name in ("decide_measures", "reply") and who.has(Role.SUPERVISOR):
        return seldom  # who decided cannot review
    if action.name == "resume":
        return 2 if any(clock["suspended_at"] for clock in case["clocks"]) else seldom
    if action.name in ("settle_reward", "disclose", "return", "reassign", "ask_reporter", "answer_supervision"):
        return 0.3
    return 2 if action.target else 1


# ---- counted a second time


def works(day: date) -> bool:
    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError:
        return day.weekday() < 5


def day_of(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def last_day(clock: dict) -> date:
    return day_of(clock["due_at"] - timedelta(seconds=1))


def counted_days(clock: dict) -> int:
    """Days of the period's unit from start to end, without those of the pauses."""
    unit, days, day = periods()[clock["id"]].unit, 0, day_of(clock["started_at"])
    while day < last_day(clock):
        day += timedelta(days=1)
        paused = any(day_of(pause["at"]) < day <= day_of(pause["until"]) for pause in clock["pauses"])
        days += (unit == "c" or works(day)) and not paused
    return days


def moments(clock: dict) -> dict[str, datetime]:
    day = last_day(clock)
    while not works(day):
        day -= timedelta(days=1)
    after = last_day(clock) + timedelta(days=1)
    while not works(after):
        after += timedelta(days=1)
    found = {
        "warn": clock["due_at"],
        "supervise": datetime(after.year, after.month, after.day, tzinfo=LOCAL) + timedelta(days=1),
    }
    if periods()[clock["id"]].limit > 1:  # a day is too short for a reminder
        found["remind"] = datetime(day.year, day.month, day.day, tzinfo=LOCAL)
    return found


def watched(case: dict) -> list[dict]:
    return [
        clock
        for clock in case["clocks"]
        if clock["id"] not in ("objection", "reward_claim") and not clock["suspended_at"]
    ]


def looks(case: dict) -> list[datetime]:
    return [
        moment
        for clock in watched(case)
        for moment in moments(clock).values()
        if clock["ended_at"] is None or moment <= clock["ended_at"]
    ]


# ---- what must hold


def check_clocks(case: dict) -> None:
    for clock in case["clocks"]:
        assert clock["ended_at"] is None or clock["ended_at"] >= clock["started_at"]
        assert not (clock["ended_at"] and clock["suspended_at"]), "an ended clock is not suspended"
        if clock["suspended_at"] or clock["pauses"]:
            assert clock["id"] in ("verify_close", "verify_again")
        period = periods()[clock["id"]]
        assert counted_days(clock) == period.limit + clock["extended_days"]
        assert clock["extended_days"] <= period.extend
    ids = [clock["id"] for clock in case["clocks"] if clock["ended_at"] is None and clock["id"] != "penalty_publicity"]
    assert len(ids) == len(set(ids)), "the same period runs once"
    if case["state"] in CLOSED:
        running = {clock["id"] for clock in case["clocks"] if clock["ended_at"] is None}
        assert running <= {"objection", "reward_claim"}


def check_found_by(case: dict) -> None:
    """What lists find a case by is what follows from it."""
    assert case["found_by"] == found_by(case)
    ours = [
        clock["due_at"]
        for clock in case["clocks"]
        if clock["id"] not in ("objection", "reward_claim") and not clock["suspended_at"] and clock["ended_at"] is None
    ]
    if case["state"] in CLOSED:
        assert case["found_by"]["due"] is None
    else:
        assert case["found_by"]["due"] == min(ours, default=NEVER)


def check_watch(case: dict, seen: datetime | None) -> None:
    later = [moment for moment in looks(case) if seen is None or moment > seen]
    assert case.get("watch_at") == min(later, default=None)


async def check_notices(store, case: dict, now: datetime, before: dict[str, dict]) -> dict[str, dict]:
    """Every level that a clock came to is written once and stays as it was, but for its answer."""
    rows = {row["_id"]: row async for row in store["notices"].find({})}
    for key, row in before.items():
        assert {**rows[key], "answer": None} == {**row, "answer": None}
    found = {(row["clock"], row["due_at"], row["level"]) for row in rows.values()}
    assert len(found) == len(rows)
    for clock in watched(case):
        for level, moment in moments(clock).items():
            if moment <= (clock["ended_at"] or now):
                assert (clock["id"], clock["due_at"], level) in found
    return rows


# ---- the walk


class Walk:
    def __init__(self, store, box: Mailbox, seed: int) -> None:
        self.store, self.box, self.dice = store, box, random.Random(seed)
        self.now = START

    async def case(self) -> dict:
        return await self.store["cases"].find_one({"_id": CASE})

    async def act(self, case: dict) -> str:
        """A person tries an action; its name. Raises `Refusal`."""
        actor, name = self.dice.choice(PEOPLE), self.dice.choice(list(ACTIONS))
        pairs = [(who, action) for who in PEOPLE for action in allowed(case, who)]
        if pairs and self.dice.random() < 0.9:
            actor, action = self.dice.choices(pairs, [likely(case, who, action) for who, action in pairs])[0]
            name = action.name
        version = case["version"] - (self.dice.random() < 0.05)
        data, now, store = await self.sample(case, name), self.now, self.store
        special = {
            "dismiss_review": appeals.dismiss, "uphold_review": appeals.uphold, "forward_retaliation": appeals.forward,
            "answer_supervision": supervision.answer,
            "unmerge": lambda store, case_id, actor, data, version, now: merging.unmerge(
                store, case_id, actor, data["text"], version, now
            ),
        }  # fmt: skip
        if name == "take_review":
            await appeals.take(store, CASE, actor, version, now)
        elif name in special:
            await special[name](store, CASE, actor, data, version, now)
        else:
            await perform(store, CASE, name, actor, data, version, now=now)
        assert version == case["version"] and case["state"] in ACTIONS[name].sources
        assert actor.roles & ACTIONS[name].roles and actor is not FAR_SUPERVISOR
        return name

    async def sample(self, case: dict, name: str) -> dict:
        waiting = [each["message"] for each in case.get("appeals", []) if each["decided"] is None]
        orders = await self.store["notices"].find({"level": "supervise", "answer": None}).to_list(None)
        given = {**ASSIGN, "inspector_id": self.dice.choice(["i-1", "i-2"]), "decision": "由台东街道承办。"}
        return {
            "understand": UNDERSTOOD, "accept": ACCEPT, "refuse": {"reason": "handled", "text": "已办"},
            "assign": given, "reassign": {**given, "reason": "休假"}, "hand_over": {**given, "reason": "调离"},
            "transfer": {"to": "交通运输局", "text": "转交"}, "merge": {"into": "X"}, "unmerge": {"text": "不是同一件"},
            "link_enterprise": {"enterprise": self.dice.choice(["91370203XX0000001J", ""])}, "link_recurrence": {"of": "X"},
            "return": RETURN,
            "record_finding": {**FINDING, "result": self.dice.choice(["substantiated", "partly", "unsubstantiated"])},
            "decide_measures": {"measures": [self.dice.choice([FINE, RECTIFY])]}, "reply": {"text": "答复"},
            "recheck": RECHECK, "extend": {"days": self.dice.randint(1, 35), "reason": "复杂"},
            "ask_extension": {"days": self.dice.randint(1, 30), "reason": "复杂"}, "refuse_extension": {"text": "不足"},
            "suspend": {"reason": self.dice.choice(["appraisal", "force_majeure", "忙"]), "text": "等"},
            "resume": {"text": "好"}, "ask_reporter": {"text": "几楼?"}, "settle_reward": {"outcome": "paid"},
            "disclose": {"public_numbers": ["P1"]}, "dismiss_review": {"text": "维持"},
            "uphold_review": {"inspector_id": self.dice.choice(["i-1", "i-2", "i-3"]), "text": "重查"},
            "forward_retaliation": {"appeal": self.dice.choice([*waiting, "m0"]), "office": "labour", "text": "转"},
            "answer_supervision": {"notice": self.dice.choice([*(row["_id"] for row in orders), "n0"]), "text": "督促"},
        }.get(name, {})  # fmt: skip

    async def write(self) -> None:
        """The reporter objects or tells of retaliation. Raises `Refusal`."""
        wanted = self.box.object if self.dice.random() < 0.8 else self.box.report_retaliation
        await wanted("t-1", "门又锁上了", self.now)


@pytest.fixture
async def mailbox(store):
    await create_vault_keys(store, [])
    await store["inspectors"].insert_many([{"_id": "i-1", "name": "甲"}, {"_id": "i-2", "name": "乙"}])
    tip = {"_id": "t-1", "number": "n", "client_key": "k", "receipt": "r", "case_id": CASE, "messages": []}
    await store["tips"].insert_one(tip)
    return Mailbox(store, Receipts(b"f" * 32, b"l" * 32), await Vault.open(store))


REACHED = {
    "sign", "return", "start_check", "extend", "ask_extension", "grant_extension", "suspend", "resume", "record_finding",
    "decide_measures", "reply", "recheck", "take_review", "uphold_review", "dismiss_review", "forward_retaliation",
    "answer_supervision", "reassign", "hand_over", "merge", "unmerge", "link_enterprise",
}  # fmt: skip


async def test_random_walks_keep_clocks_watch_notices_and_trail(store, mailbox):
    done: set[str] = set()
    for seed in range(12):
        await walk_once(store, mailbox, seed, done)
    assert done >= REACHED, f"the walks show nothing of {sorted(REACHED - done)}"


async def walk_once(store, mailbox, seed: int, done: set[str]) -> None:
    for name in ("cases", "audit", "notices", "jobs"):
        await store[name].delete_many({})
    await store["tips"].update_many({}, {"$set": {"messages": []}})
    await received_case(store, CASE, now=START)
    walk, notices = Walk(store, mailbox, seed), {}
    for _ in range(80):
        before = await walk.case()
        walk.now += timedelta(hours=walk.dice.choice([1, 5, 20, 40, 200]))
        try:
            if walk.dice.random() < (0.4 if before["state"] in ("replied", "rectified") else 0.1):
                await walk.write()
            else:
                done.add(await walk.act(before))
                assert (await walk.case())["version"] == before["version"] + 1
        except Refusal:
            assert await walk.case() == before, "a refusal changes nothing"
        case = await walk.case()
        check_clocks(case)
        check_found_by(case)
        if case["version"] != before["version"]:
            check_watch(case, None)
        if walk.dice.random() < 0.5:
            await scan.scan(store, walk.now)
            case = await walk.case()
            check_watch(case, walk.now)
            notices = await check_notices(store, case, walk.now, notices)
    assert await audit.verify(store, CASE) == ((await walk.case())["audit"]["seq"], None)
