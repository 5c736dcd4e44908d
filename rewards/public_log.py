"""The public log: one leaf for every payout and every change on the board, in a tree whose root we sign.

A leaf is public for ever and says little: what happened, to which public number, on which day (payouts: in which
month), and two commitments. `content` commits to what the board shows, `private` to our own record. A commitment is
SHA-256(salt ‖ text); its salt is given out with the text: the board's while the entry is shown, the private one only to
the reporter (by number and code) and to auditors. So a leaf never tells who was paid or how much, a withdrawn text can
be forgotten, and still nobody can change afterwards what was once said.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import rfc8785

from rewards import tree
from rewards.merkle import Frontier, leaf_hash
from store.errors import NotFound
from store.local_time import local_day
from store.mongo import Document, Session, Store

LOG = "public_log"
NODES = "public_log_nodes"
HEADS = "public_log_head"
HEAD = "board"
SALT_BYTES = 32


class Event(StrEnum):
    PAID = "paid"
    RETURNED = "returned"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


EVENT_NAMES = {
    Event.PAID: "奖励付款",
    Event.RETURNED: "付款退回",
    Event.PUBLISHED: "公开",
    Event.WITHDRAWN: "撤回",
}


@dataclass(frozen=True)
class Committed:
    """A text and the salt that opens its commitment."""

    salt: str
    text: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Committed:
        return cls(secrets.token_hex(SALT_BYTES), rfc8785.dumps(dict(record)).decode())

    def commitment(self) -> str:
        return hashlib.sha256(bytes.fromhex(self.salt) + self.text.encode()).hexdigest()

    def document(self) -> dict[str, str]:
        return {"salt": self.salt, "text": self.text}


class NotInTheLog(NotFound):
    pass


async def append(
    store: Store,
    session: Session,
    event: Event,
    number: str,
    *,
    private: Mapping[str, Any],
    content: Mapping[str, Any] | None = None,
    now: datetime,
) -> int:
    """Add a leaf inside the caller's transaction; its place in the log, counted from 1.

    Two writers at once meet at the head: the driver runs the second transaction again.
    """
    head = await store[HEADS].find_one_and_update(
        {"_id": HEAD},
        {"$inc": {"size": 1}, "$setOnInsert": {"frontier": [], "root": ""}},
        upsert=True,
        return_document=True,
        session=session,
    )
    seq = head["size"]
    frontier = Frontier(seq - 1, head["frontier"])
    day = local_day(now).isoformat()
    shown, kept = Committed.of(content) if content is not None else None, Committed.of(private)
    leaf = {
        "content": shown.commitment() if shown else None,
        "event": event.value,
        "number": number,
        # The day of a payout could lead to a bank statement; the month is enough to find it.
        "on": day[:7] if event in (Event.PAID, Event.RETURNED) else day,
        "private": kept.commitment(),
        "seq": seq,
    }
    text = rfc8785.dumps(leaf).decode()
    nodes = tree.grow(frontier, leaf_hash(text.encode()))
    row = {
        "_id": seq, "event": event.value, "number": number, "leaf": text, "hash": nodes[0][1],
        "content": shown.document() if shown else None, "private": kept.document(),
    }  # fmt: skip
    await store[LOG].insert_one(row, session=session)
    await store[NODES].insert_many(
        [{"_id": _name(node), "hash": value} for node, value in nodes], ordered=False, session=session
    )
    change = {"$set": {"frontier": frontier.nodes, "root": frontier.root().hex()}}
    await store[HEADS].update_one({"_id": HEAD}, change, session=session)
    return seq


async def forget_content(store: Store, session: Session, number: str) -> None:
    """A withdrawn text is no longer given out; its commitment stays in the log."""
    await store[LOG].update_many({"number": number}, {"$set": {"content": None}}, session=session)


async def head(store: Store) -> Document:
    """{size, root, frontier}."""
    found = await store[HEADS].find_one({"_id": HEAD})
    return found or {"size": 0, "root": Frontier().root().hex(), "frontier": []}


async def leaves(store: Store, start: int, limit: int) -> list[str]:
    """Leaf texts from number `start` (from 1) on: whoever wants can keep the whole log and compute every root."""
    query = {"_id": {"$gte": start}}
    return [row["leaf"] for row in await store[LOG].find(query, {"leaf": 1}).sort("_id", 1).to_list(limit)]


async def rows_of(store: Store, number: str, size: int) -> list[Document]:
    """All that happened to a public number, within the first `size` leaves. Raises `NotInTheLog`."""
    rows = await store[LOG].find({"number": number, "_id": {"$lte": size}}).sort("_id", 1).to_list(100)
    if not rows:
        raise NotInTheLog("公开记录里没有这个编号。请检查编号，或过几分钟再试。")
    return rows


async def inclusion(store: Store, seq: int, size: int) -> list[bytes]:
    """The proof that leaf `seq` (from 1) is in the tree over the first `size` leaves."""
    return await _roots(store, tree.inclusion_ranges(seq - 1, size))


async def consistency(store: Store, old: int, size: int) -> list[bytes]:
    """The proof that the first `old` leaves were not changed since."""
    return await _roots(store, tree.consistency_ranges(old, size))


async def _roots(store: Store, ranges: list[tree.Range]) -> list[bytes]:
    wanted = sorted(_name(node) for node in tree.nodes_of(ranges))
    found = {row["_id"]: row["hash"] for row in await store[NODES].find({"_id": {"$in": wanted}}).to_list(None)}
    return [tree.root_of_range(part, lambda node: found[_name(node)]) for part in ranges]


def _name(node: tree.Node) -> str:
    return f"{node[0]}:{node[1]}"
