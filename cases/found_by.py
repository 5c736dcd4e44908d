"""What lists and searches find a case by, kept on the case (`found_by`) so that an index can answer, however many there are.

All of it follows from the case itself and is written together with it: by intake, and by every lifecycle action.
"""

from datetime import UTC, datetime
from typing import Any

from pymongo import UpdateOne

from cases.clocks import presses
from cases.companies import normal_company
from cases.photo_likeness import pieces
from cases.states import CLOSED
from store.local_time import local_day
from store.mongo import Store

# Of an open case in which nothing presses: it stands behind all the others.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def found_by(case: dict[str, Any]) -> dict[str, Any]:
    """`due` of the clock that ends next (`NEVER`: nothing presses; None: closed), `types` decided or proposed, `company`
    as `normal_company`, `spot` as GeoJSON when there is a position, `concluded_on` and `measured_on` the local days of
    the first finding and of the first measures, `on_time` whether that check was."""
    location = case.get("location") or {}
    types = case.get("decided_types") or [row["type"] for row in case.get("types", [])]
    point = location.get("point")
    kept: dict[str, Any] = {
        "due": next_due(case),
        "types": types,
        "company": normal_company(case.get("company") or ""),
        **_milestones(case),
    }
    if point:
        kept["spot"] = {"type": "Point", "coordinates": [point["lng"], point["lat"]]}
    return kept


def _milestones(case: dict[str, Any]) -> dict[str, Any]:
    """The days that the work of a month is counted by; only those that were reached.

    A second round after an objection moves none of them: a case counts once, in the month in which it was first decided.
    """
    reached: dict[str, Any] = {}
    check = next((clock for clock in case["clocks"] if clock["id"] == "verify_close"), None)
    if (case.get("finding") or case.get("earlier")) and check and check["ended_at"]:
        reached["concluded_on"] = local_day(check["ended_at"]).isoformat()
        reached["on_time"] = check["ended_at"] < check["due_at"]
    if case.get("measured_at"):
        reached["measured_on"] = local_day(case["measured_at"]).isoformat()
    elif case.get("measures"):  # decided before the moment was kept
        reached["measured_on"] = max(measure["decided_on"] for measure in case["measures"])
    return reached


def next_due(case: dict[str, Any]) -> datetime | None:
    if case["state"] in CLOSED:
        return None
    return min((clock["due_at"] for clock in case["clocks"] if presses(clock)), default=NEVER)


async def fill(store: Store) -> None:
    """Cases, photos and merged tips written by an earlier version get what they are found by; once for a database."""
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
    # An earlier version remembered only the last case that a tip was merged out of.
    path: list[dict[str, Any]] = [{"$set": {"merge_path": ["$merged_from"]}}, {"$unset": "merged_from"}]
    await store["tips"].update_many({"merged_from": {"$exists": True}}, path)
    await store["meta"].update_one({"_id": "found_by"}, {"$set": {"version": 1}}, upsert=True)


async def _written(store: Store, collection: str, changes: list[UpdateOne], at_least: int = 1000) -> list[UpdateOne]:
    if len(changes) < at_least:
        return changes
    await store[collection].bulk_write(changes, ordered=False)
    return []
