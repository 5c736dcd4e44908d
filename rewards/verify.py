"""Check a whole ledger: replay every entry through the rules and compare with what is stored.

As a command, `python -m rewards.verify bundle.json [--key KEY]` checks a proof that somebody downloaded (bundle.py).

Recomputed are the sequence, both kinds of hashes, the rules for each kind, every balance and the head. What this
cannot see is a ledger rewritten from some entry to its end with all hashes made anew: against that stands the root
that was published before (`known`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rewards.accounts import KIND_NAMES
from rewards.book import Book
from rewards.entries import Entry, hash_of, read_entry, request_of
from rewards.ledger_store import ENTRIES, HEAD, HEADS, head_document
from store.errors import Refusal
from store.mongo import Document, Session, Store

_FIELDS = len(Entry._fields)
_CHANGED = "第 {} 号分录的内容与它的哈希不符，记入后被改动"
_CHUNK = 500  # documents between two turns of the event loop: well under 50 ms of work


@dataclass(frozen=True)
class Wrong:
    """The first thing that is wrong: entry number `seq`, or None when it is the head or an account."""

    seq: int | None
    message: str


@dataclass(frozen=True)
class Checkpoint:
    """A size and root (hex) that was published or written down earlier."""

    size: int
    root: str


@dataclass(frozen=True)
class VerifyReport:
    """`entries` were found right before anything was wrong; `root` is the Merkle root (hex) when nothing was."""

    entries: int
    root: str
    wrong: Wrong | None = None

    @property
    def ok(self) -> bool:
        return self.wrong is None

    def text(self) -> str:
        """For people, in Chinese."""
        if self.wrong is None:
            return f"账本完好：核对 {self.entries} 笔分录，没有发现问题。根哈希 {self.root}"
        return f"账本有问题：{self.wrong.message}（此前 {self.entries} 笔分录无误）"


async def verify(store: Store, known: Checkpoint | None = None) -> VerifyReport:
    """Recompute everything and name the first wrong entry. Runs beside a writing ledger without disturbing it."""
    replay = _Replay(known)
    with _without_collecting():
        wrong = await _replay_all(store, replay)
    if wrong:
        return replay.report(wrong)

    async def finish(session: Session) -> Wrong | None:
        # The rest must be one moment of the store: entries that came meanwhile, the head and the balances.
        tail = store[ENTRIES].find({"_id": {"$gt": replay.book.size}}, session=session).sort("_id", 1)
        async for document in tail:
            if wrong := replay.step(document):
                return wrong
        return replay.end(await store[HEADS].find_one({"_id": HEAD}, session=session))

    return replay.report(await store.transaction(finish))


async def _replay_all(store: Store, replay: _Replay) -> Wrong | None:
    async for batch in store.in_batches(ENTRIES, {}, "_id", _CHUNK):
        for document in batch:
            if wrong := replay.step(document):
                return wrong
    return None


@contextmanager
def _without_collecting() -> Iterator[None]:
    """The replay only grows, without cycles; looking for garbage in it again and again costs a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Replay:
    def __init__(self, known: Checkpoint | None) -> None:
        self.book = Book()
        self._known = known

    def report(self, wrong: Wrong | None) -> VerifyReport:
        right = self.book.size if wrong is None or wrong.seq is None else wrong.seq - 1
        return VerifyReport(right, self.book.frontier.root().hex(), wrong)

    def step(self, document: Document) -> Wrong | None:
        """Check the next stored entry; the book has grown by it when the answer is None."""
        seq = self.book.size + 1
        number = document["_id"]
        if type(number) is bool or not isinstance(number, int) or number != seq:
            if isinstance(number, int) and number > seq:
                return Wrong(seq, f"第 {seq} 号分录缺失")
            return Wrong(seq, f"第 {seq} 号分录的序号被改动（现为 {number!r}）")
        try:
            entry = read_entry(document)
            if wrong := self._follow(entry):
                return Wrong(seq, _CHANGED.format(seq)) if hash_of(entry) != entry.hash else wrong
        except (KeyError, TypeError, ValueError, AttributeError, AssertionError):
            return Wrong(seq, f"第 {seq} 号分录的字段不完整或类型不对，记入后被改动")
        # Python takes 1.0 for 1; whoever reads the ledger with another program would not.
        if len(document) != _FIELDS or any(not isinstance(fen, int) for _, fen in entry.postings):
            return Wrong(seq, _CHANGED.format(seq))
        return None

    def _follow(self, entry: Entry) -> Wrong | None:
        """Let the book write the entry that must stand here, and compare; it computes both hashes anew."""
        seq = entry.seq
        if entry.prev != self.book.prev:
            return Wrong(seq, f"第 {seq} 号分录与前一号不衔接，此处有分录被替换")
        if entry.key in self.book.keys:
            return Wrong(seq, f"第 {seq} 号分录的流水键重复")
        if self.book.at is not None and entry.at < self.book.at:
            return Wrong(seq, f"第 {seq} 号分录的时间早于前一号")
        try:
            expected = self.book.apply(request_of(entry), entry.at)
        except Refusal as refusal:
            return Wrong(seq, f"第 {seq} 号分录（{KIND_NAMES[entry.kind]}）不合记账规则：{refusal.message}")
        self.book.keys[entry.key] = (entry.request, None)  # a million entries need not stay in memory
        if expected != entry:
            return Wrong(seq, f"第 {seq} 号分录（{KIND_NAMES[entry.kind]}）与规则应有的内容不同")
        if self._known and self._known.size == seq and self.book.frontier.root().hex() != self._known.root:
            return Wrong(seq, f"前 {seq} 号分录的根哈希与此前公布的不同，账本被整段改写")
        return None

    def end(self, head: Document | None) -> Wrong | None:
        """Check what is kept beside the entries: the head, with the balances of the budgets."""
        if self._known and self._known.size > self.book.size:
            missing = self.book.size + 1
            return Wrong(missing, f"第 {missing} 号起的分录缺失：此前公布的账本有 {self._known.size} 号")
        if head is None:
            return None if self.book.size == 0 else Wrong(None, "账本的头记录缺失")
        if head["seq"] > self.book.size:
            return Wrong(self.book.size + 1, f"第 {self.book.size + 1} 号分录缺失：头记录到第 {head['seq']} 号")
        expected = head_document(self.book)
        balances = expected["accounts"]
        for account in sorted(balances.keys() | head["accounts"].keys()):
            if account not in balances:
                return Wrong(None, f"账户 {account} 没有任何分录，却有余额记录")
            if _unlike(head["accounts"].get(account), balances[account]):
                return Wrong(None, f"账户 {account} 的余额记录与分录算出的不同")
        if differing := [key for key, value in expected.items() if head.get(key) != value]:
            return Wrong(None, f"账本的头记录被改动：{'、'.join(differing)} 与分录算出的不同")
        return None


def _unlike(stored: Any, fen: int) -> bool:
    """Another value, or another type of number (1.0 and true are not 1)."""
    return stored != fen or isinstance(stored, bool | float)


if __name__ == "__main__":
    from rewards.verify_bundle import main

    raise SystemExit(main())
