"""The ledger in MongoDB: group commit through one head document. See docs/ledger.md.

Correctness rests on the head document, which every batch locks first inside its transaction, and on unique indexes
(sequence number, idempotency key, reversed entry). A second process is therefore only slower, never wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ReplaceOne

from rewards import accounts, book
from rewards.accounts import Kind
from rewards.book import Book, ClaimState, Entry, LedgerRequest, Target, read_entry
from rewards.merkle import Frontier
from rewards.money import Fen
from store.errors import Refusal
from store.groupcommit import GroupCommit
from store.mongo import Document, Session, Store

ENTRIES = "ledger_entries"
ACCOUNTS = "ledger_accounts"
HEADS = "ledger_head"
HEAD = "ledger"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """`async with Ledger(store) as ledger:` runs the writer; every method waits until its entry is on disk.

    All posting methods raise the refusals of `Book.apply`; the same key with the same content answers the first entry.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = _utc_now) -> None:
        self._store = store
        self._clock = clock
        self._commits: GroupCommit[LedgerRequest, Entry] = GroupCommit(self._commit)

    async def __aenter__(self) -> Ledger:
        # The head must exist before it can be locked: a lock on a missing document locks nothing.
        await self._store[HEADS].update_one({"_id": HEAD}, {"$setOnInsert": head_document(Book())}, upsert=True)
        await self._commits.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._commits.__aexit__(*exc)

    async def post(self, request: LedgerRequest) -> Entry:
        """Enter one request of any kind."""
        book.check(request)
        return await self._commits.submit(request)

    async def appropriate(
        self, key: str, jurisdiction: str, year: int, amount: Fen, *, actor: str, memo: str = ""
    ) -> Entry:
        """Give a budget more money."""
        return await self.post(book.appropriation(key, jurisdiction, year, amount, actor=actor, memo=memo))

    async def pending(
        self, key: str, jurisdiction: str, year: int, claim: str, amount: Fen, *, actor: str, memo: str = ""
    ) -> Entry:
        """Reserve an approved reward. Raises `BudgetExhausted` when the budget does not hold as much."""
        return await self.post(book.reserve(key, jurisdiction, year, claim, amount, actor=actor, memo=memo))

    async def post_pending(self, key: str, pending_seq: int, *, actor: str, memo: str = "") -> Entry:
        """Pay a reserved reward. Raises `AlreadySettled` when it was paid or cancelled under another key."""
        return await self.post(book.settle(key, pending_seq, actor=actor, memo=memo))

    async def void(self, key: str, pending_seq: int, *, actor: str, memo: str = "") -> Entry:
        """Give a reserved reward back to the budget."""
        return await self.post(book.cancel(key, pending_seq, actor=actor, memo=memo))

    async def reverse(self, key: str, target: int, *, actor: str, memo: str) -> Entry:
        """Undo an appropriation or a payment by a counter-entry."""
        return await self.post(book.reverse(key, target, actor=actor, memo=memo))

    async def balances(self, as_of_seq: int | None = None) -> dict[str, int]:
        """Signed fen by account, now or just after entry `as_of_seq`; accounts never touched are absent."""
        return await balances(self._store, as_of_seq)

    async def _commit(self, requests: list[LedgerRequest]) -> list[Entry | Exception]:
        async def write(session: Session) -> list[Entry | Exception]:
            heads = self._store[HEADS]
            head = await heads.find_one_and_update({"_id": HEAD}, {"$inc": {"batches": 1}}, session=session)
            loaded = await _load(self._store, head, requests, session)
            size = loaded.size
            answers: list[Entry | Exception] = []
            for request in requests:
                try:
                    answers.append(loaded.apply(request, self._clock()))
                except Refusal as refusal:
                    answers.append(refusal)
            if loaded.size > size:
                fresh = {each.seq: each for each in answers if isinstance(each, Entry) and each.seq > size}
                await self._save(loaded, list(fresh.values()), session)
            return answers

        return await self._store.transaction(write)

    async def _save(self, grown: Book, entries: list[Entry], session: Session) -> None:
        await self._store[ENTRIES].insert_many([entry.document() for entry in entries], session=session)
        touched = {account for entry in entries for account, _ in entry.postings}
        await self._store[ACCOUNTS].bulk_write(
            [ReplaceOne({"_id": each}, account_document(grown, each), upsert=True) for each in sorted(touched)],
            ordered=False,
            session=session,
        )
        await self._store[HEADS].update_one({"_id": HEAD}, {"$set": head_document(grown)}, session=session)


def head_document(at: Book) -> Document:
    """The head without its `_id` and batch counter; the Merkle frontier is what appending needs, the root is proof."""
    return {
        "seq": at.size,
        "hash": at.prev,
        "root": at.frontier.root().hex(),
        "frontier": list(at.frontier.nodes),
        "at": at.at,
    }


def account_document(at: Book, account: str) -> Document:
    """{"_id": account, "fen": balance}, and for a reward's account what happened to its money."""
    document: Document = {"_id": account, "fen": at.balances[account]}
    prefix, _, claim = account.partition(":")
    if prefix == "payable":
        document |= at.claims[claim]._asdict()
    return document


async def _load(store: Store, head: Document, requests: Iterable[LedgerRequest], session: Session) -> Book:
    """A book with everything that these requests can touch, read after the head was locked."""
    requests = list(requests)
    loaded = Book(
        size=head["seq"], prev=head["hash"], at=head["at"], frontier=Frontier(head["seq"], head["frontier"])
    )  # fmt: skip
    async for document in store[ENTRIES].find({"key": {"$in": [each.key for each in requests]}}, session=session):
        known = read_entry(document)
        loaded.keys[known.key] = (known.request, known)
    wanted = [each.target for each in requests if each.target is not None]
    if wanted:
        query = {"$or": [{"_id": {"$in": wanted}}, {"kind": Kind.REVERSAL.value, "target": {"$in": wanted}}]}
        async for document in store[ENTRIES].find(query, session=session):
            entry = read_entry(document)
            loaded.targets[entry.seq] = target_of(entry)
            if entry.kind is Kind.REVERSAL and entry.target is not None:
                loaded.reversed.add(entry.target)
    names = {name for each in requests if each.target is None for name in _accounts_of(each)}
    names |= {name for each in loaded.targets.values() for name in _accounts_of(each)}
    async for document in store[ACCOUNTS].find({"_id": {"$in": sorted(names)}}, session=session):
        loaded.balances[document["_id"]] = document["fen"]
        if "state" in document:
            claim = document["_id"].partition(":")[2]
            loaded.claims[claim] = ClaimState(document["state"], document["pending"], document["by"])
    return loaded


def _accounts_of(about: LedgerRequest | Target) -> list[str]:
    assert about.jurisdiction is not None and about.year is not None
    where, year = about.jurisdiction, about.year
    names = [accounts.treasury(where), accounts.budget(where, year), accounts.paid(where, year)]
    return names if about.claim is None else [*names, accounts.payable(about.claim)]


def target_of(entry: Entry) -> Target:
    return Target(entry.kind, entry.jurisdiction, entry.year, entry.claim, entry.amount)


async def balances(store: Store, as_of_seq: int | None = None) -> dict[str, int]:
    """Signed fen by account, from the account documents, or from the entries up to and including `as_of_seq`."""
    if as_of_seq is None:
        return {each["_id"]: each["fen"] async for each in store[ACCOUNTS].find()}
    pipeline: list[dict[str, Any]] = [
        {"$match": {"_id": {"$lte": as_of_seq}}},
        {"$unwind": "$postings"},
        {
            "$group": {
                "_id": {"$arrayElemAt": ["$postings", 0]},
                "fen": {"$sum": {"$arrayElemAt": ["$postings", 1]}},
            }
        },
    ]
    return {each["_id"]: each["fen"] for each in await store.aggregate(ENTRIES, pipeline)}


async def entries_of(store: Store, claim: str) -> list[Entry]:
    """Everything the ledger holds about one reward, oldest first."""
    return [read_entry(each) async for each in store[ENTRIES].find({"claim": claim}).sort("_id", 1)]


@dataclass(frozen=True)
class BudgetState:
    """A year's budget in fen: `granted` = `available` + `reserved` + `paid`."""

    granted: int
    available: int
    reserved: int
    paid: int


async def budget_state(store: Store, jurisdiction: str, year: int) -> BudgetState:
    """Where a year's money is. Zeros for a budget that was never granted."""
    names = [accounts.budget(jurisdiction, year), accounts.paid(jurisdiction, year)]
    found = {each["_id"]: each["fen"] async for each in store[ACCOUNTS].find({"_id": {"$in": names}})}
    available, paid = (found.get(name, 0) for name in names)
    pipeline: list[dict[str, Any]] = [
        {"$match": {"jurisdiction": jurisdiction, "year": year, "claim": None}},
        {"$unwind": "$postings"},
        {"$match": {"$expr": {"$eq": [{"$arrayElemAt": ["$postings", 0]}, names[0]]}}},
        {"$group": {"_id": None, "fen": {"$sum": {"$arrayElemAt": ["$postings", 1]}}}},
    ]
    sums = await store.aggregate(ENTRIES, pipeline)
    granted = sums[0]["fen"] if sums else 0
    return BudgetState(granted, available, granted - available - paid, paid)
