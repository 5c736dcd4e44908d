"""Bundles made from the store: what anybody gets for a public number, and what the reporter gets for the own payout."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rewards import public_log
from rewards.bundle import FORMAT
from rewards.checkpoints import Notary, size_of
from store.errors import NotFound
from store.mongo import Document, Store

Bundle = dict[str, Any]


class NoSuchCheckpoint(NotFound):
    pass


async def of_number(
    store: Store, notary: Notary, number: str, *, now: datetime, older: int | None = None
) -> list[Bundle]:
    """One bundle for each thing that happened to a public number; `older` is the size of a checkpoint somebody kept.

    Raises `NotInTheLog`, `NoSuchCheckpoint`.
    """
    note = await notary.board(now)
    rows = await public_log.rows_of(store, number, size_of(note))
    return [await _bundle(store, notary, row, note, older=older) for row in rows]


async def of_payout(store: Store, notary: Notary, log_seq: int, *, now: datetime) -> Bundle:
    """The bundle for one payout with our own record of it: for its reporter only."""
    note = await notary.board(now)
    row = await store[public_log.LOG].find_one({"_id": log_seq})
    if row is None:
        raise public_log.NotInTheLog("这笔付款还没有写入公开记录。请过几分钟再试。")
    return await _bundle(store, notary, row, note, private=True)


async def between(store: Store, notary: Notary, old: int, size: int) -> dict[str, Any]:
    """Two signed checkpoints of the board and the proof that the older one is contained in the newer one."""
    notes = {each: await notary.note_of_size("board", each) for each in (old, size)}
    if not 0 < old <= size or None in notes.values():
        raise NoSuchCheckpoint("没有这样两个检查点。可以用的大小见检查点列表。")
    path = await public_log.consistency(store, old, size)
    return {"older": notes[old], "checkpoint": notes[size], "consistency": [each.hex() for each in path]}


async def _bundle(
    store: Store, notary: Notary, row: Document, note: str, *, private: bool = False, older: int | None = None
) -> Bundle:
    size = size_of(note)
    path = await public_log.inclusion(store, row["_id"], size)
    bundle: Bundle = {
        "format": FORMAT, "key": notary.key, "leaf": row["leaf"], "index": row["_id"] - 1, "size": size,
        "path": [each.hex() for each in path], "checkpoint": note, "content": row["content"],
        "private": row["private"] if private else None,
    }  # fmt: skip
    if older is not None:
        bundle |= await between(store, notary, older, size)
    return bundle
