"""An audit entry about a case that is no lifecycle action (a reward, a disclosure), in the case's own chain.

The case document holds the head of its chain, so whoever adds an entry must move that head in the same transaction.
This module has the shape of `access.audit` and is handed to rooms that write about cases.
"""

from datetime import datetime
from typing import Any

from access import audit
from store.mongo import Document, Session, Store


async def append(
    store: Store,
    session: Session | None,
    subject: str,
    action: str,
    actor_id: str,
    detail: dict[str, Any],
    at: datetime | None = None,
) -> Document:
    """Add the entry after the subject's last one; if the subject is a case, its head moves along.

    Must run inside a transaction: two writers at once then meet at the case document, and one is run again.
    """
    entry = await audit.append(store, session, subject, action, actor_id, detail, at)
    head = {"seq": entry["seq"], "hash": entry["hash"]}
    await store["cases"].update_one({"_id": subject}, {"$set": {"audit": head}}, session=session)
    return entry
