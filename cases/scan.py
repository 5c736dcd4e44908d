"""Looking after the clocks: every due notice is written once, and every recipient gets one mail for each level.

Any number of processes may do it at any time. What is written twice has the same `_id`; what is mailed twice has the
same job key. A lease lets only one of them work, which saves labour and keeps the mails whole.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pymongo import UpdateMany
from pymongo.errors import BulkWriteError, DuplicateKeyError

from access import accounts
from access.actors import Role
from cases import notices
from store.jobs import job_document
from store.mongo import Document, Store

log = structlog.get_logger(__name__)

BATCH = 2000
AT_ONCE = 3
LEASE = timedelta(minutes=2)
_LEASE_ID = "deadline_scan"
_DUPLICATE = 11000
_INSPECTOR = "inspector:"
# What a look needs of a case.
_FIELDS = {
    "state": 1, "inspector_id": 1, "returns.at": 1, "review.by": 1, "location.district": 1, "last_action.at": 1,
    "audit.seq": 1, "clocks.id": 1, "clocks.due_at": 1, "clocks.ended_at": 1, "clocks.suspended_at": 1,
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
    while looked := await _pass(store, run, moment):
        seen, written = seen + looked.cases, written + looked.written
    if not await _still_mine(store, run):
        return Scanned(seen, written)
    mails = await _mail(store, run)
    await store["meta"].update_one({"_id": _LEASE_ID, "run": run}, {"$set": {"run": None, "until": None}})
    if seen or mails:
        log.info("deadlines.scanned", cases=seen, notices=written, mails=mails)
    return Scanned(seen, written, mails)


async def _pass(store: Store, run: str, now: datetime) -> Scanned | None:
    """Look once at each case that is due, a few batches at a time; None when there was none."""
    seen = written = 0
    working: set[asyncio.Task[int]] = set()
    async for batch in _batches(store, now):
        if not await _still_mine(store, run):
            break
        working.add(asyncio.create_task(_look_at(store, batch, run, now)))
        seen += len(batch)
        if len(working) == AT_ONCE:
            done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            written += sum(task.result() for task in done)
    written += sum(await asyncio.gather(*working))
    return Scanned(seen, written) if seen else None


async def _batches(store: Store, now: datetime) -> AsyncIterator[list[Document]]:
    rows = store["cases"].find({"watch_at": {"$lte": now}}, _FIELDS, batch_size=BATCH).sort("watch_at", 1)
    while batch := await rows.to_list(BATCH):
        yield batch


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


async def _look_at(store: Store, batch: list[Document], run: str, now: datetime) -> int:
    """Write the notices of these cases, then move their `watch_at`; the number of new notices."""
    looks = [(case, notices.look(case, now)) for case in batch]
    trails = await _trails(store, [case["_id"] for case, look in looks if look.changed])
    found: list[Document] = []
    moves: dict[tuple[int, datetime | None], list[str]] = {}
    for case, look in looks:
        rows = notices.due_notices(case, look, now, trails.get(case["_id"]))
        found += [{**row, "run": run} for row in rows]
        moves.setdefault((case["audit"]["seq"], look.next), []).append(case["_id"])
    written = await _insert_new(store, "notices", found)
    await store["cases"].bulk_write([_move(ids, *move) for move, ids in moves.items()], ordered=False)
    return written


def _move(case_ids: list[str], seq: int, look: datetime | None) -> UpdateMany:
    """A case that somebody changed in between keeps its `watch_at` and is looked at again."""
    change = {"$set": {"watch_at": look}} if look else {"$unset": {"watch_at": ""}}
    return UpdateMany({"_id": {"$in": case_ids}, "audit.seq": seq}, change)


async def _insert_new(store: Store, collection: str, found: list[Document]) -> int:
    """Insert what is not there yet; how many that were."""
    if not found:
        return 0
    try:
        return len((await store[collection].insert_many(found, ordered=False)).inserted_ids)
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
    wanted = {row["_id"]["to"] for row in groups}
    emails = await _inspectors(store, wanted)
    emails |= {each: await addresses(store, each) for each in wanted - emails.keys()}
    mails = []
    for row in groups:
        for email in emails[row["_id"]["to"]]:
            name = f"{run}:{row['_id']['level']}:{row['_id']['to']}:{email}"
            key = hashlib.sha256(name.encode()).hexdigest()[:32]
            mails.append(job_document("mail_notices", key, {"email": email, "run": run, **row["_id"]}))
    await _insert_new(store, "jobs", mails)
    return len(mails)


async def _inspectors(store: Store, wanted: set[str]) -> dict[str, list[str]]:
    """The addresses of those inspectors whose row in the roster has one, in one query."""
    ids = [each.removeprefix(_INSPECTOR) for each in wanted if each.startswith(_INSPECTOR)]
    rows = store["inspectors"].find({"_id": {"$in": ids}, "email": {"$gt": ""}}, {"email": 1})
    return {f"{_INSPECTOR}{row['_id']}": [row["email"]] async for row in rows}


async def addresses(store: Store, addressee: str) -> list[str]:
    """The mail addresses of the accounts behind an addressee of `notices.addressees`; none when nobody has one."""
    kind, _, which = addressee.partition(":")
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
