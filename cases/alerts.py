"""Messages for the duty desk, danger and cases that nobody answers for: {_id, at, kind, text, case_id?, taken_by?,
taken_at?}.
"""

from datetime import datetime

from access import audit
from access.actors import Actor
from cases import unclaimed
from store.mongo import Document, Session, Store

MAX_SHOWN = 50


async def waiting(store: Store) -> list[Document]:
    """Nobody has taken them up yet; the newest first. An alarm for a case that was given to somebody is over."""
    danger = {"taken_by": None, "kind": {"$ne": unclaimed.JOB}}
    rows = await store["alerts"].find(danger).sort("at", -1).to_list(MAX_SHOWN)
    return rows + await unclaimed.alarms(store, MAX_SHOWN)


async def take_up(store: Store, alert_id: str, actor: Actor, now: datetime) -> bool:
    """Note who looks after it; False when somebody was first or there is none."""

    async def write(session: Session) -> bool:
        change = {"$set": {"taken_by": actor.id, "taken_at": now}}
        done = await store["alerts"].update_one({"_id": alert_id, "taken_by": None}, change, session=session)
        if done.modified_count == 1:
            await audit.append(store, session, f"alert:{alert_id}", "take_up", actor.id, {}, now)
        return done.modified_count == 1

    return await store.transaction(write)
