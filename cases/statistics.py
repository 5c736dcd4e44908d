"""Counts for the leader's page. Cases only: nothing here can lead to a reporter."""

from dataclasses import dataclass
from typing import Any

from access.actors import Actor
from cases.queries import district_limit
from store.mongo import Document, Store

_SUMMED = ("cases", "open", "checked", "on_time")
NO_DISTRICT = "未定区市"


@dataclass(frozen=True)
class Counted:
    """`on_time` of `checked` closed checks ended within 核查办结； `share` is None while there is nothing to share."""

    name: str
    cases: int
    open: int = 0
    checked: int = 0
    on_time: int = 0

    @property
    def share(self) -> str:
        return f"{self.on_time / self.checked:.0%}" if self.checked else "—"


def count_pipeline(match: Document, by: Any) -> list[Document]:
    return [{"$match": match}, {"$group": {"_id": by, "cases": {"$sum": 1}}}, {"$sort": {"cases": -1, "_id": 1}}]


def district_pipeline(match: Document) -> list[Document]:
    closed = ["not_accepted", "transferred", "merged", "archived", "withdrawn"]
    # The clock from receipt to the finding: one per case.
    check = {"$first": {"$filter": {"input": "$clocks", "cond": {"$eq": ["$$this.id", "verify_close"]}}}}
    checked = {"$and": [{"$ne": [{"$ifNull": ["$finding", None]}, None]}, {"$ne": ["$check.ended_at", None]}]}
    on_time = {"$and": [checked, {"$lt": ["$check.ended_at", "$check.due_at"]}]}
    return [
        {"$match": match},
        {"$set": {"check": check}},
        {
            "$group": {
                "_id": "$location.district",
                "cases": {"$sum": 1},
                "open": {"$sum": {"$cond": [{"$in": ["$state", closed]}, 0, 1]}},
                "checked": {"$sum": {"$cond": [checked, 1, 0]}},
                "on_time": {"$sum": {"$cond": [on_time, 1, 0]}},
            }
        },
        {"$sort": {"cases": -1, "_id": 1}},
    ]


@dataclass(frozen=True)
class Overview:
    """`rewards`: {"count", "fen"} of paid rewards."""

    total: Counted
    districts: list[Counted]
    states: list[Counted]
    types: list[Counted]
    rewards: dict[str, int]


async def overview(store: Store, actor: Actor) -> Overview:
    match = district_limit(actor)
    districts = [
        Counted(row["_id"] or NO_DISTRICT, row["cases"], row["open"], row["checked"], row["on_time"])
        for row in await store.aggregate("cases", district_pipeline(match))
    ]
    by_state = await store.aggregate("cases", count_pipeline(match, "$state"))
    decided: list[Document] = [{"$match": {**match, "decided_types": {"$ne": []}}}, {"$unwind": "$decided_types"}]
    types = await store.aggregate("cases", decided + count_pipeline({}, "$decided_types")[1:])
    paid = await store.aggregate(
        "rewards",
        [
            {"$match": {"state": "paid"}},
            {"$group": {"_id": None, "count": {"$sum": 1}, "fen": {"$sum": "$amount_fen"}}},
        ],
    )
    return Overview(
        Counted("全市", *(sum(getattr(row, key) for row in districts) for key in _SUMMED)),
        districts,
        [Counted(row["_id"], row["cases"]) for row in by_state],
        [Counted(row["_id"], row["cases"]) for row in types],
        {"count": paid[0]["count"], "fen": paid[0]["fen"]} if paid else {"count": 0, "fen": 0},
    )
