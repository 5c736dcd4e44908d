"""The ledger in MongoDB: group commit through one head document. See docs/ledger.md.

Correctness rests on the head document, which every batch moves inside its transaction from exactly the state that the
batch was computed from, and on unique indexes (sequence number, idempotency key, reversed entry). A second process is
therefore only slower, never wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from rewards import entries
from rewards.book import Book
from rewards.entries import Entry, LedgerRequest, check
from rewards.ledger_store import ENTRIES, HEAD, HEADS, balances, changed_head, head_document, load_book
from rewards.money import Fen
from store.errors import Refusal
from store.groupcommit import GroupCommit
from store.mongo import Document, Session, Store

MAX_BATCH = 128


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _HeadMoved(Exception):
    """Another process wrote since this one's last batch."""


class Ledger:
    """`async with Ledger(store) as ledger:` runs the writer; every method waits until its entry is on disk.

    All posting methods raise the refusals of `Book.apply`; the same key with the same content answers the first entry.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = _utc_now) -> None:
        self._store = store
        self._clock = clock
        self._commits: GroupCommit[LedgerRequest, Entry] = GroupCommit(self._commit, max_batch=MAX_BATCH, linger_s=0)
        self._head: Document | None = None  # as this process left it; None when it must be read

    async def __aenter__(self) -> Ledger:
        # The head must exist before it can be locked: a lock on a missing document locks nothing.
        await self._store[HEADS].update_one({"_id": HEAD}, {"$setOnInsert": head_document(Book())}, upsert=True)
        await self._commits.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._commits.__aexit__(*exc)

    async def post(self, request: LedgerRequest) -> Entry:
        """Enter one request of any kind."""
        check(request)
        return await self._commits.submit(request)

    async def appropriate(
        self, key: str, jurisdiction: str, year: int, amount: Fen, *, actor: str, memo: str = ""
    ) -> Entry:
        """Give a budget more money."""
        return await self.post(entries.appropriation(key, jurisdiction, year, amount, actor=actor, memo=memo))

    async def pending(
        self, key: str, jurisdiction: str, year: int, claim: str, amount: Fen, *, actor: str, memo: str = ""
    ) -> Entry:
        """Reserve an approved reward. Raises `BudgetExhausted` when the budget does not hold as much."""
        return await self.post(entries.reserve(key, jurisdiction, year, claim, amount, actor=actor, memo=memo))

    async def post_pending(self, key: str, pending_seq: int, *, actor: str, memo: str = "") -> Entry:
        """Pay a reserved reward. Raises `AlreadySettled` when it was paid or cancelled under another key."""
        return await self.post(entries.settle(key, pending_seq, actor=actor, memo=memo))

    async def void(self, key: str, pending_seq: int, *, actor: str, memo: str = "") -> Entry:
        """Give a reserved reward back to the budget."""
        return await self.post(entries.cancel(key, pending_seq, actor=actor, memo=memo))

    async def expire(self, key: str, pending_seq: int, *, actor: str, memo: str = "") -> Entry:
        """The same for a reward that nobody claimed in time."""
        return await self.post(entries.expire(key, pending_seq, actor=actor, memo=memo))

    async def reverse(self, key: str, target: int, *, actor: str, memo: str) -> Entry:
        """Undo an appropriation or a payment by a counter-entry."""
        return await self.post(entries.reverse(key, target, actor=actor, memo=memo))

    async def close_year(
        self, key: str, jurisdiction: str, year: int, amount: Fen, *, actor: str, memo: str = ""
    ) -> Entry:
        """Give what is left of a year, exactly `amount`, back to the treasury."""
        return await self.post(entries.close_year(key, jurisdiction, year, amount, actor=actor, memo=memo))

    async def balances(self, as_of_seq: int | None = None) -> dict[str, int]:
        """Signed fen by account, now or just after entry `as_of_seq`; accounts never touched are absent."""
        return await balances(self._store, as_of_seq)

    async def _commit(self, requests: list[LedgerRequest]) -> list[Entry | Exception]:
        """One batch. Mostly nobody else wrote since the last one: then all is prepared before the transaction opens."""
        head, self._head = self._head, None  # unknown again if anything fails
        if head is not None:
            try:
                return await self._follow(head, requests)
            except _HeadMoved:
                pass
        return await self._lock(requests)

    async def _follow(self, head: Document, requests: list[LedgerRequest]) -> list[Entry | Exception]:
        book = await load_book(self._store, head, requests)
        answers, fresh = self._apply(book, requests)
        # What was read outside the transaction still holds if the head did not move: nothing changes without it.
        unmoved = {"_id": HEAD, "seq": head["seq"], "hash": head["hash"]}

        async def write(session: Session) -> None:
            done = await self._store[HEADS].update_one(unmoved, changed_head(book, fresh), session=session)
            if done.matched_count == 0:
                raise _HeadMoved
            await self._insert(fresh, session)

        await self._store.transaction(write)
        self._head = head_document(book)
        return answers

    async def _lock(self, requests: list[LedgerRequest]) -> list[Entry | Exception]:
        async def write(session: Session) -> tuple[list[Entry | Exception], Book]:
            heads = self._store[HEADS]
            head = await heads.find_one_and_update({"_id": HEAD}, {"$inc": {"batches": 1}}, session=session)
            book = await load_book(self._store, head, requests, session)
            answers, fresh = self._apply(book, requests)
            if fresh:
                await heads.update_one({"_id": HEAD}, changed_head(book, fresh), session=session)
                await self._insert(fresh, session)
            return answers, book

        answers, book = await self._store.transaction(write)
        self._head = head_document(book)
        return answers

    def _apply(self, book: Book, requests: list[LedgerRequest]) -> tuple[list[Entry | Exception], list[Entry]]:
        """The answer to each request, and the entries that are new."""
        size = book.size
        answers: list[Entry | Exception] = []
        for request in requests:
            try:
                answers.append(book.apply(request, self._clock()))
            except Refusal as refusal:
                answers.append(refusal)
        fresh = {each.seq: each for each in answers if isinstance(each, Entry) and each.seq > size}
        return answers, list(fresh.values())

    async def _insert(self, fresh: list[Entry], session: Session) -> None:
        if fresh:
            await self._store[ENTRIES].insert_many([entry.document() for entry in fresh], session=session)
