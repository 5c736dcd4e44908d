"""The audit trail: append-only, one hash chain per subject (a case, an account, the vault).

Each entry holds the hash of the one before it, so an entry that was changed, dropped or put between others shows.
Identity, tip text and codes never enter it; `detail` says what was decided, not who reported.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from store.mongo import Document, Session, Store

GENESIS = "0" * 64


@dataclass(frozen=True)
class Head:
    """The last entry of a subject's chain: `seq` counts from 1, `hash` is hexadecimal SHA-256."""

    seq: int = 0
    hash: str = GENESIS


def make_entry(head: Head, subject: str, action: str, actor_id: str, detail: dict[str, Any], at: datetime) -> Document:
    """The entry that follows `head`. Pure: the caller stores it and moves the head in the same transaction."""
    # MongoDB keeps milliseconds; what is hashed must be what is read back.
    at = at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
    body: dict[str, Any] = {
        "subject": subject,
        "seq": head.seq + 1,
        "at": at.isoformat(timespec="milliseconds"),
        "action": action,
        "actor": actor_id,
        "detail": detail,
        "prev": head.hash,
    }
    digest = hashlib.sha256(rfc8785.dumps(body)).hexdigest()
    return {**body, "_id": f"{subject}:{head.seq + 1}", "at": at, "hash": digest}


def head_of(entry: Document) -> Head:
    return Head(entry["seq"], entry["hash"])


async def append(
    store: Store,
    session: Session | None,
    subject: str,
    action: str,
    actor_id: str,
    detail: dict[str, Any],
    at: datetime | None = None,
) -> Document:
    """Add an entry after the subject's last one, inside the caller's transaction.

    Two writers at once meet at the unique (subject, seq): one transaction fails and is run again by the driver.
    """
    last = await store["audit"].find_one({"subject": subject}, sort=[("seq", -1)], session=session)
    entry = make_entry(head_of(last) if last else Head(), subject, action, actor_id, detail, at or datetime.now(UTC))
    await store["audit"].insert_one(entry, session=session)
    return entry


@dataclass(frozen=True)
class Break:
    """Where a chain is broken: the first wrong entry and what is wrong with it."""

    subject: str
    seq: int
    what: str


def first_break(entries: list[Document]) -> Break | None:
    """Check one subject's entries in order of `seq`; None when the chain is whole."""
    head = Head()
    for entry in entries:
        again = make_entry(head, entry["subject"], entry["action"], entry["actor"], entry["detail"], entry["at"])
        if entry["seq"] != head.seq + 1:
            return Break(entry["subject"], head.seq + 1, "缺少记录")
        if entry["prev"] != head.hash or entry["hash"] != again["hash"]:
            return Break(entry["subject"], entry["seq"], "记录被改动")
        head = head_of(entry)
    return None


async def verify(store: Store, subject: str | None = None) -> tuple[int, Break | None]:
    """Recompute every chain (or one). Returns the number of entries read and the first break."""
    count = 0
    chain: list[Document] = []
    query = {} if subject is None else {"subject": subject}
    async for entry in store["audit"].find(query).sort([("subject", 1), ("seq", 1)]):
        count += 1
        if chain and chain[0]["subject"] != entry["subject"]:
            if broken := first_break(chain):
                return count, broken
            chain = []
        chain.append(entry)
    return count, first_break(chain)
