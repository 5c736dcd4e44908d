"""How often orders come back, why and from where, and how often the first dispatch was right."""

from dataclasses import dataclass
from typing import Any

from access.actors import Actor
from cases.queries import district_limit
from cases.returns import RETURN_REASONS
from cases.states import State
from store.mongo import Document, Store

MOST = 30


@dataclass(frozen=True)
class ReturnStatistics:
    """Rows are (words, returns), the most first. `judged`: orders whose check began, or that went to somebody else;
    `right` of them stayed with the first receiver."""

    reasons: list[tuple[str, int]]
    departments: list[tuple[str, int]]
    judged: int
    right: int

    @property
    def share(self) -> str:
        return f"{self.right / self.judged:.0%}" if self.judged else "—"


def returns_pipeline(match: Document, by: str) -> list[Document]:
    return [
        {"$match": {**match, "returns.0": {"$exists": True}}},
        {"$unwind": "$returns"},
        {"$group": {"_id": f"$returns.{by}", "returns": {"$sum": 1}}},
        {"$sort": {"returns": -1, "_id": 1}},
        {"$limit": MOST},
    ]


def first_dispatch_pipeline(match: Document) -> list[Document]:
    """An order that nobody has begun to check yet says nothing."""
    failed: Document = {
        "$or": [{"$gt": ["$dispatches", 1]}, {"$gt": [{"$size": {"$ifNull": ["$returns", []]}}, 0]}]
    }  # fmt: skip
    undecided = {"$in": ["$state", [State.ASSIGNED, State.SIGNED]]}
    return [
        {"$match": {**match, "dispatches": {"$gte": 1}}},
        {"$set": {"failed": failed}},
        {"$match": {"$expr": {"$or": ["$failed", {"$not": undecided}]}}},
        {"$group": {"_id": None, "judged": {"$sum": 1}, "right": {"$sum": {"$cond": ["$failed", 0, 1]}}}},
    ]


async def return_statistics(store: Store, actor: Actor) -> ReturnStatistics:
    match = district_limit(actor)
    reasons = await store.aggregate("cases", returns_pipeline(match, "reason"))
    departments = await store.aggregate("cases", returns_pipeline(match, "department"))
    first: list[dict[str, Any]] = await store.aggregate("cases", first_dispatch_pipeline(match))
    return ReturnStatistics(
        [(_reason(row["_id"]), row["returns"]) for row in reasons],
        [(row["_id"] or "未写明部门", row["returns"]) for row in departments],
        first[0]["judged"] if first else 0,
        first[0]["right"] if first else 0,
    )


def _reason(code: str) -> str:
    known = RETURN_REASONS.get(code)
    return known.zh if known else code
