"""Sweeps that are missing: a reminder to the inspector ten days before the quarter ends, a warning after it has ended.

One mail for each inspector, quarter and level, however often and in however many processes this runs: the job's key is
the same. The mail names numbers and a link, no enterprise.
"""

from datetime import date, datetime

from cases.quarters import Quarter, quarter_of
from store.jobs import job_document
from store.local_time import local_day
from store.mongo import Document, Store

EVERY_S = 60.0
DAYS_BEFORE = 10
# A warning that could not be written for longer than this is overtaken by the next quarter.
DAYS_AFTER = 20
SOON, LATE = "soon", "late"


def due_now(today: date) -> tuple[Quarter, str] | None:
    """Which reminder belongs to this day."""
    quarter = quarter_of(today)
    if (quarter.last - today).days < DAYS_BEFORE:
        return quarter, SOON
    if (today - quarter.first).days < DAYS_AFTER:
        return quarter.before, LATE
    return None


async def remind(store: Store, now: datetime) -> int:
    """Write the reminders that are due and not yet written; how many."""
    due = due_now(local_day(now))
    if due is None:
        return 0
    quarter, level = due
    mark = f"sweep_reminders:{quarter.id}:{level}"
    if await store["meta"].find_one({"_id": mark}):
        return 0
    missing = await missing_by_grid(store, quarter)
    written = 0
    query = {"grids": {"$in": list(missing)}, "email": {"$nin": ["", None]}, "active": {"$ne": False}}
    async for inspector in store["inspectors"].find(query, {"grids": 1, "email": 1}):
        count = sum(missing.get(grid, 0) for grid in inspector["grids"])
        fields = {"quarter": quarter.zh, "count": str(count), "last_day": quarter.last.isoformat(), "level": level}
        payload = {"to": inspector["email"], "template": "sweep_missing", "fields": fields}
        job = job_document("mail", f"sweep:{quarter.id}:{level}:{inspector['_id']}", payload)
        job_id = job.pop("_id")
        done = await store["jobs"].update_one({"_id": job_id}, {"$setOnInsert": job}, upsert=True)
        written += done.upserted_id is not None
    # Last: after a crash in between the same jobs are found again by their keys.
    await store["meta"].update_one({"_id": mark}, {"$set": {"at": now, "written": written}}, upsert=True)
    return written


async def missing_by_grid(store: Store, quarter: Quarter) -> dict[str, int]:
    """Grid → enterprises in business without a record in the quarter."""
    swept = {row["enterprise"] async for row in store["sweeps"].find({"quarter": quarter.id}, {"enterprise": 1})}
    counts: dict[str, int] = {}
    query: Document = {"active": True, "grid": {"$gt": ""}}
    async for row in store["enterprises"].find(query, {"grid": 1}):
        if row["_id"] not in swept:
            counts[row["grid"]] = counts.get(row["grid"], 0) + 1
    return counts
