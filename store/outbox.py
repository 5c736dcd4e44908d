"""How the queue of jobs stands, for the administrator, and a second chance for a dead one."""

from datetime import UTC, datetime

from store.errors import NotFound
from store.mongo import Document, Store

STATES = ("waiting", "dead")


async def job_counts(store: Store) -> list[Document]:
    """[{kind, state, count}] of what is not done."""
    rows = await store.aggregate(
        "jobs",
        [
            {"$match": {"state": {"$in": list(STATES)}}},
            {"$group": {"_id": {"kind": "$kind", "state": "$state"}, "count": {"$sum": 1}}},
            {"$sort": {"_id.kind": 1, "_id.state": 1}},
        ],
    )
    return [{**row["_id"], "count": row["count"]} for row in rows]


async def dead_jobs(store: Store, limit: int = 100) -> list[Document]:
    """Jobs that were given up; `error` is the type of the failure, never a reporter's words."""
    return await store["jobs"].find({"state": "dead"}, {"payload": 0}).sort("due", 1).to_list(limit)


async def retry_job(store: Store, job_id: str) -> None:
    """Raises `NotFound` when there is no dead job with that id."""
    change = {"$set": {"state": "waiting", "due": datetime.now(UTC), "tries": 0, "lease": None, "lease_until": None}}
    done = await store["jobs"].update_one({"_id": job_id, "state": "dead"}, change)
    if done.matched_count == 0:
        raise NotFound("没有这个失败的任务，或已经重做。请刷新页面。")
