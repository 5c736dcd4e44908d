"""What lists and searches find a case by, kept on the case (`found_by`) so that an index can answer, however many there are.

All of it follows from the case itself and is written together with it: by intake, and by every lifecycle action.
"""

from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from cases.companies import normal_company
from cases.photo_likeness import pieces
from cases.quarters import local_day
from cases.states import CLOSED, State
from store.mongo import Store

# Whose turn it is: the reporter's own periods are nobody's delay.
NOT_OURS = frozenset({"objection", "reward_claim"})


def found_by(case: dict[str, Any]) -> dict[str, Any]:
    """`due` of the clock that ends next (None: nothing presses), `types` decided or proposed, `unclaimed` (nobody is
    proposed or wanted it), `company` as `normal_company`, `spot` as GeoJSON when there is a position, `concluded_on`
    and `measured_on` the local days of the finding and of the measures, `on_time` whether the check was."""
    location, route = case.get("location") or {}, case.get("route") or {}
    types = case["decided_types"] or [row["type"] for row in case["types"]]
    point = location.get("point")
    kept: dict[str, Any] = {
        "due": next_due(case),
        "types": types,
        "unclaimed": case["state"] == State.RETURNED or not location.get("district") or not route.get("inspector"),
        "company": normal_company(case["company"]),
        **_milestones(case),
    }
    if point:
        kept["spot"] = {"type": "Point", "coordinates": [point["lng"], point["lat"]]}
    return kept


def _milestones(case: dict[str, Any]) -> dict[str, Any]:
    """The days that the work of a month is counted by; only those that were reached."""
    clocks = {clock["id"]: clock for clock in case["clocks"]}
    reached: dict[str, Any] = {}
    check, measures = clocks.get("verify_close"), clocks.get("penalty_publicity")
    if case.get("finding") and check and check["ended_at"]:
        reached["concluded_on"] = local_day(check["ended_at"]).isoformat()
        reached["on_time"] = check["ended_at"] < check["due_at"]
    if case.get("measures") and measures:
        reached["measured_on"] = local_day(measures["started_at"]).isoformat()
    return reached


def next_due(case: dict[str, Any]) -> datetime | None:
    if case["state"] in CLOSED:
        return None
    running = (clock for clock in case["clocks"] if clock["ended_at"] is None and clock["id"] not in NOT_OURS)
    return min((clock["due_at"] for clock in running), default=None)


async def fill(store: Store) -> None:
    """Cases and photos written by an earlier version get what they are found by; once for a database."""
    if await store["meta"].find_one({"_id": "found_by"}):
        return
    changes = []
    async for case in store["cases"].find({"found_by": None}):
        changes.append(
            UpdateOne({"_id": case["_id"], "version": case["version"]}, {"$set": {"found_by": found_by(case)}})
        )
        changes = await _written(store, "cases", changes)
    await _written(store, "cases", changes, at_least=1)
    changes = []
    async for photo in store["evidence"].find({"kind": "photo", "pieces": None}, {"dhash": 1}):
        changes.append(UpdateOne({"_id": photo["_id"]}, {"$set": {"pieces": pieces(photo["dhash"])}}))
        changes = await _written(store, "evidence", changes)
    await _written(store, "evidence", changes, at_least=1)
    await store["meta"].update_one({"_id": "found_by"}, {"$set": {"version": 1}}, upsert=True)


async def _written(store: Store, collection: str, changes: list[UpdateOne], at_least: int = 1000) -> list[UpdateOne]:
    if len(changes) < at_least:
        return changes
    await store[collection].bulk_write(changes, ordered=False)
    return []
