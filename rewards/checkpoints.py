"""Signing what the logs have become: the public log of the board, and the ledger itself.

A checkpoint is signed only if everything that an earlier signed one covered is still there unchanged. So whoever
rewrites the database gets no signature, and whoever kept a checkpoint can show that something was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, NamedTuple

from rewards import ledger_store, public_log
from rewards.merkle import Frontier
from rewards.notes import BadNote, Checkpoint, Signer, read_checkpoint
from store.local_time import local_day
from store.mongo import Document, Store

CHECKPOINTS = "checkpoints"
_CHUNK = 5_000


class _Log(NamedTuple):
    """How to read a log's size and root, and how to let a frontier grow to a size."""

    head: Callable[[Store], Coroutine[Any, Any, tuple[int, bytes]]]
    grow: Callable[[Store, Frontier, int], Coroutine[Any, Any, None]]


class Rewritten(RuntimeError):
    """A log no longer contains what was signed before. Nothing is signed; an operator must look."""


class Notary:
    """Signs for one jurisdiction; `seed` is derived from the root secret, never stored in the database."""

    def __init__(self, store: Store, jurisdiction: str, seed: bytes) -> None:
        self._store = store
        self.signer = Signer(f"12350-{jurisdiction}", seed)
        self._origins = {log: f"12350/{jurisdiction}/{log}" for log in ("board", "ledger")}

    @property
    def key(self) -> str:
        return self.signer.verifier.text()

    async def board(self, now: datetime) -> str:
        """The note over the whole public log as it is now. Raises `Rewritten`."""
        return await self._note("board", now)

    async def ledger(self, now: datetime) -> str:
        """The note over the whole ledger as it is now. Raises `Rewritten`."""
        return await self._note("ledger", now)

    async def notes(self, log: str, limit: int = 500) -> list[Document]:
        """{size, root, note, on}, the newest first."""
        return (
            await self._store[CHECKPOINTS].find({"log": log}, {"_id": 0, "frontier": 0}).sort("size", -1).to_list(limit)
        )

    async def note_of_size(self, log: str, size: int) -> str | None:
        row = await self._store[CHECKPOINTS].find_one({"_id": f"{log}:{size}"}, {"note": 1})
        return row["note"] if row else None

    async def newest(self, log: str) -> Checkpoint | None:
        """The newest checkpoint that our key signed, None before the first. Raises `Rewritten` for a forged one."""
        rows = await self._store[CHECKPOINTS].find({"log": log}).sort("size", -1).to_list(1)
        if not rows:
            return None
        frontier = self._signed_before(log, rows[0])
        return Checkpoint(self._origins[log], frontier.size, frontier.root())

    async def _note(self, log: str, now: datetime) -> str:
        # The newest checkpoint first, then the log: the other way round a log that grew meanwhile would look cut off.
        newest = await self._store[CHECKPOINTS].find({"log": log}).sort("size", -1).to_list(1)
        frontier = self._signed_before(log, newest[0]) if newest else Frontier()
        size, root = await _LOGS[log].head(self._store)
        if frontier.size > size:
            raise Rewritten(f"{log}: {frontier.size} entries were signed, {size} are left")
        await _LOGS[log].grow(self._store, frontier, size)
        if frontier.root() != root:
            raise Rewritten(f"{log}: what was signed up to {newest[0]['size'] if newest else 0} was changed")
        if newest and newest[0]["size"] == size:
            return newest[0]["note"]
        note = self.signer.sign(Checkpoint(self._origins[log], size, root))
        row = {
            "log": log, "size": size, "root": root.hex(), "note": note, "on": local_day(now).isoformat(),
            "frontier": frontier.nodes,
        }  # fmt: skip
        # Two processes sign the same thing: Ed25519 has no randomness, so both notes are equal.
        await self._store[CHECKPOINTS].update_one({"_id": f"{log}:{size}"}, {"$setOnInsert": row}, upsert=True)
        return note

    def _signed_before(self, log: str, row: Document) -> Frontier:
        """The frontier at the newest checkpoint, believed because our signature covers its root."""
        try:
            checkpoint = self.signer.verifier.open(row["note"])
        except BadNote:
            raise Rewritten(f"{log}: the checkpoint at {row['size']} is not signed by us") from None
        frontier = Frontier(checkpoint.size, row["frontier"])
        if checkpoint.origin != self._origins[log] or frontier.root() != checkpoint.root:
            raise Rewritten(f"{log}: the checkpoint at {row['size']} was changed")
        return frontier


async def _board_head(store: Store) -> tuple[int, bytes]:
    head = await public_log.head(store)
    return head["size"], bytes.fromhex(head["root"])


async def _ledger_head(store: Store) -> tuple[int, bytes]:
    head = await ledger_store.head_of(store)
    return head["seq"], bytes.fromhex(head["root"])


async def _grow_board(store: Store, frontier: Frontier, size: int) -> None:
    query = {"_id": {"$gt": frontier.size, "$lte": size}}
    async for batch in store.in_batches(public_log.LOG, query, "_id", _CHUNK):
        for row in batch:
            frontier.push(row["hash"])


async def _grow_ledger(store: Store, frontier: Frontier, size: int) -> None:
    query = {"_id": {"$gt": frontier.size, "$lte": size}}
    async for batch in store.in_batches(ledger_store.ENTRIES, query, "_id", _CHUNK):
        for row in batch:
            frontier.push(bytes.fromhex(row["hash"]))


_LOGS = {"board": _Log(_board_head, _grow_board), "ledger": _Log(_ledger_head, _grow_ledger)}


def size_of(note: str) -> int:
    return read_checkpoint(note).size
