"""How the ledger lies in MongoDB: entries, and one head document with the balances of budgets. Reads for everybody.

What is reserved for a single reward has no balance of its own: it follows from the reward's few entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rewards import accounts
from rewards.accounts import Kind, is_payable
from rewards.book import Book, target_of
from rewards.entries import Entry, LedgerRequest, read_entry
from rewards.merkle import Frontier
from store.mongo import Document, Session, Store

ENTRIES = "ledger_entries"
HEADS = "ledger_head"
HEAD = "ledger"


def head_document(at: Book) -> Document:
    """The head without its `_id` and batch counter; the Merkle frontier is what appending needs, the root is proof."""
    return {
        "seq": at.size,
        "hash": at.prev,
        "root": at.frontier.root().hex(),
        "frontier": list(at.frontier.nodes),
        "at": at.at,
        "accounts": {name: fen for name, fen in at.balances.items() if not is_payable(name)},
        "closed": sorted(at.closed),
    }


def changed_head(at: Book, fresh: Iterable[Entry]) -> Document:
    """The update that moves the head to `at`; of the balances only those that the fresh entries touched."""
    fields = head_document(at)
    balances = fields.pop("accounts")
    touched = {account for entry in fresh for account, _ in entry.postings if not is_payable(account)}
    return {
        "$set": fields | {f"accounts.{name}": balances[name] for name in sorted(touched)},
        "$inc": {"batches": 1},
    }


async def load_book(
    store: Store, head: Document, requests: Sequence[LedgerRequest], session: Session | None = None
) -> Book:
    """A book with everything that these requests can touch. Right as long as `head` is the head."""
    keys = {each.key for each in requests}
    claims = {each.claim for each in requests if each.claim is not None}
    targets = {each.target for each in requests if each.target is not None}
    found = await _entries(store, keys, claims, targets, session)
    # Whoever pays, cancels or reverses names an entry; of that entry's reward everything must be known.
    more = {found[seq].claim for seq in targets if seq in found} - claims
    if targets:
        found |= await _entries(store, (), {each for each in more if each is not None}, (), session, undone=targets)
    book = Book(
        size=head["seq"], prev=head["hash"], at=head["at"], frontier=Frontier(head["seq"], head["frontier"]),
        balances=dict(head["accounts"]), closed=set(head["closed"]),
    )  # fmt: skip
    complete = claims | more
    for seq in sorted(found):
        entry = found[seq]
        if entry.key in keys:
            book.keys[entry.key] = (entry.request, entry)
        if entry.claim in complete:
            book.recall(entry)
        elif seq in targets:
            book.targets[seq] = target_of(entry)
    return book


async def _entries(
    store: Store,
    keys: Iterable[str],
    claims: Iterable[str],
    seqs: Iterable[int],
    session: Session | None,
    *,
    undone: Iterable[int] = (),
) -> dict[int, Entry]:
    wanted: list[Document] = []
    asked: list[tuple[str, list[Any]]] = [("key", list(keys)), ("claim", list(claims)), ("_id", list(seqs))]
    wanted.extend({field: {"$in": values}} for field, values in asked if values)
    if targets := list(undone):
        wanted.append({"kind": Kind.REVERSAL.value, "target": {"$in": targets}})
    if not wanted:
        return {}
    query = wanted[0] if len(wanted) == 1 else {"$or": wanted}
    return {each["_id"]: read_entry(each) for each in await store[ENTRIES].find(query, session=session).to_list(None)}


async def balances(store: Store, as_of_seq: int | None = None) -> dict[str, int]:
    """Signed fen by account, summed from the entries up to and including `as_of_seq` (all of them by default)."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {} if as_of_seq is None else {"_id": {"$lte": as_of_seq}}},
        {"$unwind": "$postings"},
        {
            "$group": {
                "_id": {"$arrayElemAt": ["$postings", 0]},
                "fen": {"$sum": {"$arrayElemAt": ["$postings", 1]}},
            }
        },
    ]
    return {each["_id"]: each["fen"] for each in await store.aggregate(ENTRIES, pipeline)}


async def budget_balances(store: Store) -> dict[str, int]:
    """The balances of treasuries, budgets and payments as they stand in the head: quick at any size of the ledger."""
    head = await store[HEADS].find_one({"_id": HEAD}, {"accounts": 1})
    return dict(head["accounts"]) if head else {}


async def budget_years(store: Store, jurisdiction: str) -> list[int]:
    """The years for which the jurisdiction was ever given a budget."""
    prefix = accounts.budget(jurisdiction, 0).removesuffix("0")
    return sorted(int(name.removeprefix(prefix)) for name in await budget_balances(store) if name.startswith(prefix))


async def head_of(store: Store) -> Document:
    """{seq, hash, root, at, …} of the last entry; zeros for a ledger that was never opened."""
    head = await store[HEADS].find_one({"_id": HEAD})
    return head if head is not None else head_document(Book())


async def entries_of(store: Store, claim: str) -> list[Entry]:
    """Everything the ledger holds about one reward, oldest first."""
    return [read_entry(each) async for each in store[ENTRIES].find({"claim": claim}).sort("_id", 1)]


async def last_seq_before(store: Store, moment: datetime) -> int:
    """The number of the last entry made before `moment`, 0 when there is none: for balances as of a date.

    Times never run backwards in the ledger, so the place is found by halving, without an index to keep.
    """
    head = await store[HEADS].find_one({"_id": HEAD}, {"seq": 1})
    low, high = 0, head["seq"] if head else 0
    while low < high:
        middle = (low + high + 1) // 2
        entry = await store[ENTRIES].find_one({"_id": middle}, {"at": 1})
        assert entry is not None, "the ledger has no gaps"
        low, high = (middle, high) if entry["at"] < moment else (low, middle - 1)
    return low


@dataclass(frozen=True)
class BudgetState:
    """A year's budget in fen: `granted` = `available` + `reserved` + `paid` (+ what was given back at its close)."""

    granted: int
    available: int
    reserved: int
    paid: int
    closed: bool = False


async def budget_state(store: Store, jurisdiction: str, year: int) -> BudgetState:
    """Where a year's money is. Zeros for a budget that was never granted."""
    head = await store[HEADS].find_one({"_id": HEAD}, {"accounts": 1, "closed": 1}) or {"accounts": {}, "closed": []}
    budget = accounts.budget(jurisdiction, year)
    available = head["accounts"].get(budget, 0)
    paid = head["accounts"].get(accounts.paid(jurisdiction, year), 0)
    pipeline: list[dict[str, Any]] = [
        {"$match": {"claim": None, "jurisdiction": jurisdiction, "year": year}},
        {"$unwind": "$postings"},
        {"$match": {"$expr": {"$eq": [{"$arrayElemAt": ["$postings", 0]}, budget]}}},
        {"$group": {"_id": None, "fen": {"$sum": {"$arrayElemAt": ["$postings", 1]}}}},
    ]
    sums = await store.aggregate(ENTRIES, pipeline)
    granted = sums[0]["fen"] if sums else 0
    return BudgetState(granted, available, granted - available - paid, paid, budget in head["closed"])
