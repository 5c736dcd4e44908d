"""When reward and disclosure of a case have come to an end, the case moves on. Safe to call at any time, and again."""

from access.actors import SYSTEM
from cases import clock_changes
from cases.lifecycle import WrongState, perform
from cases.states import State
from store.jobs import Job
from store.mongo import Document, Store

ENDED = {"paid": "paid", "forfeited": "forfeited", "waived": "waived", "not_eligible": "not_eligible"}
# A case with several tips ends the way its best reward ended.
_BEST_FIRST = ("paid", "forfeited", "waived", "not_eligible")
# A reward notice tells a reporter to come; it says nothing about what was found.
DISCLOSING = ("typical_case", "exposure")


def outcome(rewards: list[Document]) -> str | None:
    """How the reward of a case ended, None while there is none or one is still on its way."""
    states = {reward["state"] for reward in rewards}
    if not states or not states <= set(ENDED):
        return None
    return next(state for state in _BEST_FIRST if state in states)


async def start_reward(store: Store, case_id: str) -> bool:
    """The reward was proposed: its clock ends; True when it ran."""
    case = await store["cases"].find_one({"_id": case_id}, {"state": 1, "clocks": 1})
    waits = case is not None and clock_changes.running(case["clocks"], "reward_start")
    if case is None or not waits or case["state"] not in (State.REPLIED, State.RECTIFIED):
        return False
    try:
        await perform(store, case_id, "start_reward", SYSTEM, {}, None)
    except WrongState:
        return False  # somebody was first
    return True


class Settle:
    """The job `settle` after each reply: in a second round the reward may have ended, or begun, in the first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, payload: Document, job: Job) -> None:
        case_id = payload["case_id"]
        if await self._store["rewards"].find_one({"case_id": case_id}, {"_id": 1}):
            await start_reward(self._store, case_id)
            await settle_reward(self._store, case_id)


async def settle_reward(store: Store, case_id: str) -> bool:
    """Move the case to 奖励已办结 if all of its rewards have ended; True when it was moved."""
    rewards = await store["rewards"].find({"case_id": case_id}, {"state": 1}).to_list(100)
    ended = outcome(rewards)
    case = await store["cases"].find_one({"_id": case_id}, {"state": 1})
    if ended is None or case is None or case["state"] not in (State.REPLIED, State.RECTIFIED):
        return False
    try:
        await perform(store, case_id, "settle_reward", SYSTEM, {"outcome": ended}, None)
    except WrongState:
        return False  # somebody was first
    await mark_disclosed(store, case_id)
    return True


async def mark_disclosed(store: Store, case_id: str) -> bool:
    """Move a settled case to 已公开 if something about it is on the board; True when it was moved."""
    query = {"case_id": case_id, "state": "published", "kind": {"$in": list(DISCLOSING)}}
    numbers = [row["public_number"] async for row in store["disclosures"].find(query, {"public_number": 1})]
    case = await store["cases"].find_one({"_id": case_id}, {"state": 1})
    if not numbers or case is None or case["state"] != State.REWARDED:
        return False
    try:
        await perform(store, case_id, "disclose", SYSTEM, {"public_numbers": numbers}, None)
    except WrongState:
        return False
    return True
