"""How much each inspector has to do, and the orders of those who are no longer there."""

from collections.abc import Collection

from access.actors import Actor
from cases.queries import INSPECTOR_STATES, LISTED, district_limit, whole
from cases.states import State
from store.mongo import Document, Store


async def open_orders(store: Store, inspectors: Collection[str] | None = None) -> dict[str, int]:
    """Orders that wait for the inspector, by inspector; of `inspectors` only, when given. Those without have no entry."""
    who: Document = {"$ne": None} if inspectors is None else {"$in": sorted(inspectors)}
    rows = await store.aggregate(
        "cases",
        [
            {"$match": {"inspector_id": who, "state": {"$in": list(INSPECTOR_STATES)}}},
            {"$group": {"_id": "$inspector_id", "orders": {"$sum": 1}}},
        ],
    )
    return {row["_id"]: row["orders"] for row in rows}


async def stranded(store: Store, gone: Collection[str], away: Collection[str], actor: Actor) -> list[Document]:
    """Orders to be given to somebody else, oldest first.

    All open ones of inspectors who are `gone` or whose account is closed, and of those who are `away` on leave the
    ones that they have not signed for.
    """
    accounts = store["accounts"].find({"roles": "inspector", "disabled": True}, {"_id": 1})
    closed = [row["_id"] async for row in accounts]
    match: Document = {
        "$or": [
            {"inspector_id": {"$in": sorted({*gone, *closed})}, "state": {"$in": list(INSPECTOR_STATES)}},
            {"inspector_id": {"$in": sorted(away)}, "state": State.ASSIGNED},
        ],
        **district_limit(actor),
    }
    return [whole(row) for row in await store["cases"].find(match, LISTED).sort("created_at", 1).to_list(500)]
