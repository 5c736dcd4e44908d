"""Counts by month that are kept ready (`tallies`), so that a ranking reads ten rows and not a million cases.

A row is {by, month, keys…, counts…}. `by` "district": one for each district and month; "type": district and type; "grid".
What counts in a month is what happened in it: cases received, checks concluded, measures decided. Nothing here leads to
a reporter: cases only. `refresh` counts those months again in which a case changed; it runs every minute and can be run
at any time, by several processes.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from access.actors import Actor
from cases import sweeps
from cases.quarters import Quarter, next_month, quarter_of
from cases.states import CLOSED, State
from store.local_time import local_day
from store.mongo import Document, Session, Store

NO_DISTRICT = "未定区市"
# How often a process looks; who comes sooner than `EVERY` after another has nothing to do.
EVERY_S = 60.0
EVERY = timedelta(seconds=55)
# A change that was written a little out of order, or by a clock of another machine, is still seen.
OVERLAP = timedelta(seconds=30)
# The month of each kind of event: what a case is counted under.
EVENTS = {"opened_on": "received", "found_by.concluded_on": "concluded", "found_by.measured_on": "measured"}
_PENAL = ["fine", "suspend", "revoke", "seal", "cut_power", "refer_police", "refer_discipline"]
_ONE = {"$sum": 1}


def _count_if(condition: Any) -> Document:
    return {"$sum": {"$cond": [condition, 1, 0]}}


_VERIFIED = {"$in": ["$finding.result", ["substantiated", "partly"]]}
_DISTRICT = {"$ifNull": ["$location.district", NO_DISTRICT]}


def received_pipeline(match: Document) -> list[Document]:
    """By district: cases received, how many of them are open now, and how many are in each state ("in_triage")."""
    states = {f"in_{state}": _count_if({"$eq": ["$state", state.value]}) for state in State}
    counts = {"received": _ONE, "open": _count_if({"$not": {"$in": ["$state", [*CLOSED]]}}), **states}
    return [{"$match": match}, {"$group": {"_id": {"district": _DISTRICT}, **counts}}]


def concluded_pipeline(match: Document) -> list[Document]:
    counts = {"concluded": _ONE, "on_time": _count_if("$found_by.on_time"), "verified": _count_if(_VERIFIED)}
    return [{"$match": match}, {"$group": {"_id": {"district": _DISTRICT}, **counts}}]


def measured_pipeline(match: Document) -> list[Document]:
    """`acted`: cases with any measure but 不予处罚 (两个必罚); `penalised`: with a penalty; `penalty_fen`: fines."""
    kinds = "$measures.kind"
    acted = {"$gt": [{"$size": {"$setDifference": [kinds, ["none_with_reason"]]}}, 0]}
    penalised = {"$gt": [{"$size": {"$setIntersection": [kinds, _PENAL]}}, 0]}
    counts = {
        "measured": _count_if({"$gt": [{"$size": kinds}, 0]}), "acted": _count_if(acted), "penalised": _count_if(penalised),
        "penalty_fen": {"$sum": "$penalty_fen"},
    }  # fmt: skip
    return [{"$match": match}, {"$group": {"_id": {"district": _DISTRICT}, **counts}}]


def type_pipeline(match: Document) -> list[Document]:
    """Cases received, by each of the decided types."""
    return [
        {"$match": {**match, "state": {"$ne": State.MERGED}, "decided_types.0": {"$exists": True}}},
        {"$unwind": "$decided_types"},
        {"$group": {"_id": {"district": _DISTRICT, "type": "$decided_types"}, "received": _ONE,
                    "verified": _count_if(_VERIFIED), "penalty_fen": {"$sum": "$penalty_fen"}}},
    ]  # fmt: skip


def grid_pipeline(match: Document) -> list[Document]:
    place = {"district": _DISTRICT, "street": "$location.street", "grid": "$location.grid"}
    return [
        {"$match": {**match, "state": {"$ne": State.MERGED}, "location.grid": {"$gt": ""}}},
        {"$group": {"_id": place, "received": _ONE, "verified": _count_if(_VERIFIED)}},
    ]


async def count_month(store: Store, month: str) -> list[Document]:
    """The rows of a month, counted afresh from the cases."""

    async def counted(field: str, pipeline: Any) -> list[Document]:
        days = {"$gte": f"{month}-01", "$lt": f"{next_month(month)}-01"}
        return await store.aggregate("cases", pipeline({field: days}))

    rows: dict[tuple[str, ...], Document] = {}
    for by, field, pipeline in (
        ("district", "opened_on", received_pipeline),
        ("district", "found_by.concluded_on", concluded_pipeline),
        ("district", "found_by.measured_on", measured_pipeline),
        ("type", "opened_on", type_pipeline),
        ("grid", "opened_on", grid_pipeline),
    ):
        for found in await counted(field, pipeline):
            keys = found.pop("_id")
            name = (by, month, *(str(value) for value in keys.values()))
            row = rows.setdefault(name, {"_id": "|".join(name), "by": by, "month": month, **keys})
            row.update(found)
    return list(rows.values())


async def write_month(store: Store, month: str) -> None:
    rows = await count_month(store, month)

    async def replace(session: Session) -> None:
        await store["tallies"].delete_many({"month": month}, session=session)
        if rows:
            await store["tallies"].insert_many(rows, session=session, ordered=False)

    await store.transaction(replace)


async def refresh(store: Store, now: datetime, *, every: timedelta = EVERY) -> list[str]:
    """Count the months again in which something changed since the last time; which those were.

    Does nothing when this ran less than `every` ago, here or in another process.
    """
    before = await _claim(store, now, every)
    if before is None:
        return []
    changed = await changed_months(store, before - OVERLAP)
    for month in sorted(changed):
        await write_month(store, month)
    since = {"last_action.at": {"$gte": before - OVERLAP}, "enterprise": {"$gt": ""}}
    await count_enterprises(store, await store["cases"].distinct("enterprise", since))
    await write_sweeps(store, quarter_of(local_day(now)))
    await write_rewards(store)
    await store["meta"].update_one({"_id": "tallies"}, {"$set": {"counted_at": now}})
    return sorted(changed)


async def _claim(store: Store, now: datetime, every: timedelta) -> datetime | None:
    """The moment up to which everything is counted, or None when it is too early."""
    await store["meta"].update_one(
        {"_id": "tallies"}, {"$setOnInsert": {"at": _NEVER, "counted_at": _NEVER}}, upsert=True
    )
    query = {"_id": "tallies", "at": {"$lte": now - every}}
    # counted_at moves only after the counting: who dies in between leaves the work to the next.
    mine = await store["meta"].find_one_and_update(query, {"$set": {"at": now}})
    return mine["counted_at"] if mine else None


_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


async def changed_months(store: Store, since: datetime) -> set[str]:
    """Months of every event of the cases that changed since."""
    group: Document = {"_id": None}
    for number, field in enumerate(EVENTS):
        group[f"e{number}"] = {"$addToSet": {"$substrBytes": [{"$ifNull": [f"${field}", ""]}, 0, 7]}}
    found = await store.aggregate("cases", [{"$match": {"last_action.at": {"$gte": since}}}, {"$group": group}])
    return {month for row in found for number in range(len(EVENTS)) for month in row[f"e{number}"] if month}


async def count_enterprises(store: Store, codes: list[str]) -> None:
    """How often each was reported and verified; what lists of repeated offenders are sorted by."""
    verified = {"$cond": [_VERIFIED, 1, 0]}
    group = {
        "_id": "$enterprise", "cases": _ONE, "verified": {"$sum": verified},
        "last_verified_on": {"$max": {"$cond": [_VERIFIED, "$finding.checked_on", None]}},
    }  # fmt: skip
    match = {"enterprise": {"$in": codes}, "state": {"$ne": State.MERGED}}
    counts = {row.pop("_id"): row for row in await store.aggregate("cases", [{"$match": match}, {"$group": group}])}
    nothing = {"cases": 0, "verified": 0, "last_verified_on": None}
    changes = [UpdateOne({"_id": code}, {"$set": counts.get(code, nothing)}) for code in codes]
    if changes:
        await store["enterprises"].bulk_write(changes, ordered=False)


async def write_sweeps(store: Store, quarter: Quarter) -> None:
    """How far the sweeps of the quarter and of the one before are; a report of the old quarter is still written now."""
    for each in (quarter.before, quarter):
        rows = [asdict(share) for share in await sweeps.shares(store, each)]
        await store["tallies"].replace_one(
            {"_id": f"sweeps|{each.id}"}, {"by": "sweeps", "month": each.id, "rows": rows}, upsert=True
        )


async def write_rewards(store: Store) -> None:
    group = {"_id": None, "count": _ONE, "fen": {"$sum": "$amount_fen"}}
    paid = await store.aggregate("rewards", [{"$match": {"state": "paid"}}, {"$group": group}])
    row = {"count": paid[0]["count"], "fen": paid[0]["fen"]} if paid else {"count": 0, "fen": 0}
    await store["tallies"].replace_one({"_id": "rewards"}, {"by": "rewards", **row}, upsert=True)


async def paid_rewards(store: Store) -> dict[str, int]:
    row = await store["tallies"].find_one({"_id": "rewards"}) or {"count": 0, "fen": 0}
    return {"count": row["count"], "fen": row["fen"]}


async def sweep_shares(store: Store, quarter: Quarter) -> list[sweeps.Share]:
    """By district, as last counted; empty for a quarter that was never counted."""
    row = await store["tallies"].find_one({"_id": f"sweeps|{quarter.id}"})
    return [sweeps.Share(**share) for share in row["rows"]] if row else []


def district_only(actor: Actor, district: str = "") -> Document:
    """The rows that a person may see: of the own district, and what has none yet."""
    if actor.district:
        return {"district": {"$in": [actor.district, NO_DISTRICT]}}
    return {"district": district} if district else {}


async def counted_at(store: Store) -> datetime | None:
    row = await store["meta"].find_one({"_id": "tallies"})
    return row["counted_at"] if row and row["counted_at"] > _NEVER else None


# Every month there is.
ALWAYS = ["2000-01", "2999-12"]


async def read(
    store: Store, by: str, months: list[str], keys: Document, sums: list[str], only: Document | None = None
) -> list[Document]:
    """Rows from the first to the last of `months`, summed over `keys` ({"district": "$district"}): {keys…, sums…}."""
    match = {"by": by, "month": {"$gte": months[0], "$lte": months[-1]}, **(only or {})}
    group = {"_id": keys, **{name: {"$sum": f"${name}"} for name in sums}}
    rows = await store.aggregate("tallies", [{"$match": match}, {"$group": group}])
    return [{**row.pop("_id"), **row} for row in rows]
