"""The one way to change a reward, a batch or a disclosure: a step guarded by the version that was read.

The new state and its entry in the audit trail are one transaction. Whoever acts on an old picture is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pymongo import ReturnDocument

from access.actors import Actor, Role
from store.errors import Conflict, Refusal
from store.mongo import Document, Session, Store


class AuditTrail(Protocol):
    """`cases.trail`, handed in."""

    async def append(
        self,
        store: Store,
        session: Session | None,
        subject: str,
        action: str,
        actor_id: str,
        detail: dict[str, Any],
        at: datetime | None = None,
    ) -> Document: ...


class NotAllowed(Refusal):
    status = 403


class Stale(Conflict):
    """The record was changed after this person looked at it."""


class WrongState(Conflict):
    """The step does not fit the record's state."""


Also = Callable[[Session, Document], Awaitable[None]]
"""More writes of the same transaction; gets the changed record."""


@dataclass(frozen=True)
class Shelf:
    """Where records of one kind stand: `name` is how the audit trail calls their id, `stale` what the late are told.

    A record has `_id` and `version`; the audit entry goes to the subject in its field `subject`.
    """

    collection: str
    name: str
    stale: Callable[[Document], Stale]
    subject: str = "case_id"

    async def insert(
        self,
        store: Store,
        audit: AuditTrail,
        session: Session,
        actor: Actor,
        record: Document,
        action: str,
        detail: dict[str, Any],
        now: datetime,
    ) -> Document:
        await store[self.collection].insert_one(record, session=session)
        await self._tell(store, audit, session, actor, record, action, detail, now)
        return record

    async def step(
        self,
        store: Store,
        audit: AuditTrail,
        session: Session,
        actor: Actor,
        record: Document,
        changes: dict[str, Any],
        action: str,
        detail: dict[str, Any],
        now: datetime,
    ) -> Document:
        """Change the record as it was read; `changes` is a MongoDB update with a `$set`. Raises `Stale`."""
        update = {**changes, "$set": {**changes["$set"], "updated_at": now}, "$inc": {"version": 1}}
        read = {"_id": record["_id"], "version": record["version"]}
        after = await store[self.collection].find_one_and_update(
            read, update, return_document=ReturnDocument.AFTER, session=session
        )
        if after is None:
            raise self.stale(await store[self.collection].find_one({"_id": record["_id"]}, session=session) or record)
        await self._tell(store, audit, session, actor, after, action, detail, now)
        return after

    async def advance(
        self,
        store: Store,
        audit: AuditTrail,
        actor: Actor,
        record: Document,
        changes: dict[str, Any],
        action: str,
        detail: dict[str, Any],
        now: datetime,
        also: Also | None = None,
    ) -> Document:
        """`step` as a transaction of its own."""

        async def write(session: Session) -> Document:
            after = await self.step(store, audit, session, actor, record, changes, action, detail, now)
            if also:
                await also(session, after)
            return after

        return await store.transaction(write)

    async def _tell(
        self,
        store: Store,
        audit: AuditTrail,
        session: Session,
        actor: Actor,
        record: Document,
        action: str,
        detail: dict[str, Any],
        now: datetime,
    ) -> None:
        told = {self.name: record["_id"], "version": record["version"], **detail}
        await audit.append(store, session, record[self.subject], action, actor.id, told, now)


def need(actor: Actor, what: str, *roles: Role) -> None:
    """Refuse who has none of the duties; `what` completes "没有…的权限"."""
    if not actor.has(*roles):
        raise NotAllowed(f"您的账号没有{what}的权限。请联系有这项职责的人员。")


def reason_of(text: str, what: str, least: int = 5, most: int = 500, field: str = "reason") -> str:
    """A written reason, trimmed. `what` names it for the person who left it out."""
    trimmed = text.strip()
    if not least <= len(trimmed) <= most:
        raise Refusal(f"请写明{what}（{least} 到 {most} 个字）。", status=422, field=field)
    return trimmed
