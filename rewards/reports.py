"""What was reserved and paid by year, district and rule, as of any day: summed from the entries made until then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from rewards.accounts import Kind
from rewards.ledger_store import ENTRIES, last_seq_before
from store.local_time import LOCAL
from store.mongo import Store

NO_DISTRICT = "未定区市"


@dataclass(frozen=True)
class Row:
    """In fen; `rewards` counts those with money reserved or paid."""

    year: int
    district: str
    rule_set: str
    rewards: int
    reserved: int
    paid: int


async def report(store: Store, as_of: date) -> tuple[int, list[Row]]:
    """(last entry of that day, rows). What the records of rewards and cases say of rule and district is of today."""
    midnight = datetime.combine(as_of + timedelta(days=1), time(), LOCAL)
    seq = await last_seq_before(store, midnight)
    rows = await store.aggregate(ENTRIES, _pipeline(seq))
    return seq, [
        Row(each["_id"]["year"], each["_id"]["district"] or NO_DISTRICT, each["_id"]["rule_set"] or "—",
            each["rewards"], each["reserved"], each["paid"])
        for each in rows
    ]  # fmt: skip


def _pipeline(seq: int) -> list[dict[str, Any]]:
    def signed(*plus_minus: tuple[Kind, int]) -> dict[str, Any]:
        branches = [
            {"case": {"$eq": ["$kind", kind.value]}, "then": {"$multiply": [sign, "$amount"]}}
            for kind, sign in plus_minus
        ]
        return {"$sum": {"$switch": {"branches": branches, "default": 0}}}

    reserved = signed(
        (Kind.PENDING, 1), (Kind.POSTED, -1), (Kind.VOIDED, -1), (Kind.EXPIRED, -1), (Kind.REVERSAL, 1)
    )  # fmt: skip
    paid = signed((Kind.POSTED, 1), (Kind.REVERSAL, -1))
    return [
        {"$match": {"_id": {"$lte": seq}, "claim": {"$ne": None}}},
        {"$group": {"_id": "$claim", "year": {"$last": "$year"}, "reserved": reserved, "paid": paid}},
        {"$match": {"$or": [{"reserved": {"$ne": 0}}, {"paid": {"$ne": 0}}]}},
        {"$lookup": {"from": "rewards", "localField": "_id", "foreignField": "_id", "as": "reward"}},
        {"$set": {"reward": {"$first": "$reward"}}},
        {"$lookup": {"from": "cases", "localField": "reward.case_id", "foreignField": "_id", "as": "case"}},
        {
            "$group": {
                "_id": {
                    "year": "$year",
                    "district": {"$ifNull": [{"$first": "$case.location.district"}, None]},
                    "rule_set": {"$ifNull": ["$reward.rule_set", None]},
                },
                "rewards": {"$sum": 1},
                "reserved": {"$sum": "$reserved"},
                "paid": {"$sum": "$paid"},
            }
        },
        {"$sort": {"_id.year": -1, "_id.district": 1, "_id.rule_set": 1}},
    ]
