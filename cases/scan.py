"""Looking after the clocks: every due notice is written once, and every recipient gets one mail for each level.

Any number of processes may do it at any time. What is written twice has the same `_id`; what is mailed twice has the
same job key. A lease lets only one of them work, which saves labour and keeps the mails whole.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from access import accounts
from access.actors import Role
from cases import notices
from store import jobs
from store.mongo import Document, Store

log = structlog.get_logger(__name__)

BATCH = 2000
LEASE = timedelta(minutes=2)
_LEASE_ID = "deadline_scan"
_DUPLICATE = 11000
# What a look needs of a case.
_FIELDS = {
    "state": 1, "inspector_id": 1, "returns.at": 1, "review.by": 1, "location.district": 1, "last_action.at": 1,
    "audit.seq": 1, "clocks": 1,
}  # fmt: skip
_ROLES = {
    "desk": Role.DISPATCHER, "supervisor": Role.SUPERVISOR, "leader": Role.LEADER, "finance": Role.FINANCE,
    "publisher": Role.PUBLISHER,
}  # fmt: skip


@dataclass(frozen=True)
class Scanned:
    """`cases` looked at, notices `written`, `mails` put into the outbox."""

    cases: int = 0
    written: int = 0
    mails: int = 0


async def scan(store: Store, now: datetime | None = None) -> Scanned:
    """Look at every case whose time has come. Nothing is done while another process is at it."""
    moment = now or datetime.now(UTC)
    run = await _begin(store, moment)
    if run is None:
        return Scanned()
    seen = written = 0
    while batch := await _due_cases(store, moment):
        written += await _look_at(store, batch, run, moment)
        seen += len(batch)
        if not await _still_mine(store, run):
            return Scanned(seen, written)
    mails = await _mail(store, run)
    await store["meta"].update_one({"_id": _LEASE_ID, "run": run}, {"$set": {"run": None, "until": None}})
    if seen or mails:
        log.info("deadlines.scanned", cases=seen, notices=written, mails=mails)
    return Scanned(seen, written, mails)


async def _begin(store: Store, now: datetime) -> str | None:
    """Take the lease and return the run's name; an interrupted run is finished under its own name."""
    real = datetime.now(UTC)
    free = {"_id": _LEASE_ID, "$or": [{"until": None}, {"until": {"$lte": real}}]}
    name = {"$ifNull": ["$run", now.isoformat()]}
    try:
        lease = await store["meta"].find_one_and_update(
            free, [{"$set": {"run": name, "until": real + LEASE}}], upsert=True, return_document=True
        )
    except DuplicateKeyError:
        return None  # it is held by another process
    return lease["run"]


async def _still_mine(store: Store, run: str) -> bool:
    until = {"$set": {"until": datetime.now(UTC) + LEASE}}
    return (await store["meta"].update_one({"_id": _LEASE_ID, "run": run}, until)).matched_count == 1


async def _due_cases(store: Store, now: datetime) -> list[Document]:
    return (
        await store["cases"].find({"watch_at": {"$lte": now}}, _FIELDS).sort("watch_at", 1).limit(BATCH).to_list(BATCH)
    )


async def _look_at(store: Store, batch: list[Document], run: str, now: datetime) -> int:
    """Write the notices of these cases, then move their `watch_at`; the number of new notices."""
    trails = await _trails(store, [case["_id"] for case in batch if notices.changed_since(case, now)])
    found: list[Document] = []
    moves: list[UpdateOne] = []
    for case in batch:
        found += [{**row, "run": run} for row in notices.due_notices(case, now, trails.get(case["_id"]))]
        moves.append(_move(case, now))
    written = await _insert_new(store, found)
    # A case that somebody changed in between keeps its `watch_at` and is looked at again.
    await store["cases"].bulk_write(moves, ordered=False)
    return written


def _move(case: Document, now: datetime) -> UpdateOne:
    look = notices.watch_at(case["clocks"], now)
    change = {"$set": {"watch_at": look}} if look else {"$unset": {"watch_at": ""}}
    return UpdateOne({"_id": case["_id"], "audit.seq": case["audit"]["seq"]}, change)


async def _insert_new(store: Store, found: list[Document]) -> int:
    if not found:
        return 0
    try:
        return len((await store["notices"].insert_many(found, ordered=False)).inserted_ids)
    except BulkWriteError as failure:
        details = failure.details or {}
        if any(error["code"] != _DUPLICATE for error in details["writeErrors"]):
            raise
        return details["nInserted"]


async def _trails(store: Store, case_ids: list[str]) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {case_id: [] for case_id in case_ids}
    if case_ids:
        fields = {"subject": 1, "at": 1, "action": 1, "actor": 1, "detail": 1}
        async for entry in (
            store["audit"].find({"subject": {"$in": case_ids}}, fields).sort([("subject", 1), ("seq", 1)])
        ):
            found[entry["subject"]].append(entry)
    return found


# ---- mail


async def _mail(store: Store, run: str) -> int:
    """One job for each recipient and level of this run; the same job again is no second mail."""
    groups = await store.aggregate(
        "notices",
        [
            {"$match": {"run": run, "to": {"$ne": []}}},
            {"$project": {"level": 1, "to": 1}},
            {"$unwind": "$to"},
            {"$group": {"_id": {"to": "$to", "level": "$level"}}},
        ],
    )
    sent: dict[str, tuple[str, Document]] = {}
    people = await asyncio.gather(*(addresses(store, row["_id"]["to"]) for row in groups))
    for row, known in zip(groups, people, strict=True):
        for address in known:
            key = hashlib.sha256(f"{run}:{row['_id']['level']}:{row['_id']['to']}:{address}".encode()).hexdigest()[:32]
            sent[key] = (key, {"email": address, "run": run, **row["_id"]})
    for key, payload in sent.values():
        await jobs.enqueue(store, None, kind="mail_notices", key=key, payload=payload)
    return len(sent)


async def addresses(store: Store, addressee: str) -> list[str]:
    """The mail addresses behind an addressee of `notices.addressees`; none when nobody there has one."""
    kind, _, which = addressee.partition(":")
    if kind == "inspector":
        row = await store["inspectors"].find_one({"_id": which}, {"email": 1})
        if row and row.get("email"):
            return [row["email"]]
    if kind in ("inspector", "account"):
        return await accounts.addresses(store, {"_id": which})
    found = await accounts.addresses(store, {"roles": _ROLES[kind].value, "district": which or None})
    if not found and which:  # a district without an own supervisor
        return await addresses(store, kind)
    return found


async def posts_without_address(store: Store) -> list[str]:
    """The posts of the city that no notice can reach by mail; their pages show it all the same."""
    wanted: list[tuple[str, dict[str, Any]]] = [(kind, {"roles": role.value}) for kind, role in _ROLES.items()]
    return [kind for kind, query in wanted if not await accounts.addresses(store, query)]
