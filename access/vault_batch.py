"""Opening many records of the vault at once, for a payment batch that two officers have agreed to.

The same safeguards as for a single record: a second person's consent, the requester's own password, a day's time, and
an opening and an audit entry for every single record before anything is shown.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from access import audit
from access.actors import Actor
from access.permissions import Permission, allows
from access.vault import OpeningRefused, opened
from access.vault_keys import SUBJECT, every_finance_key, finance_key
from store.errors import NotFound
from store.mongo import Document, Session, Store


async def open_records(
    store: Store,
    refs: Sequence[str],
    officer: Actor,
    password: str,
    *,
    approved_by: str,
    reason: str,
    now: datetime | None = None,
) -> list[dict[str, Any]]:
    """The records in clear, in the order of `refs`. All are opened, or none.

    Raises `OpeningRefused`, `NotFound`, `NoVaultKey`, `WrongPassword`, `Conflict` for a record that was damaged.
    """
    if not allows(Permission.OPEN_VAULT, officer):
        raise OpeningRefused("只有财务人员可以打开保密柜。")
    if approved_by == officer.id:
        raise OpeningRefused("打开收款信息须由另一名人员批准。")
    moment = now or datetime.now(UTC)
    finance = await finance_key(store, officer.id, password)
    found = {row["_id"]: row async for row in store["vault"].find({"_id": {"$in": list(refs)}})}
    sealed = {row["_id"]: row async for row in store["reporter_keys"].find({"_id": {"$in": list(refs)}})}
    if missing := [ref for ref in refs if ref not in found or ref not in sealed]:
        raise NotFound(f"有 {len(missing)} 份收款信息已经按规定删除，不能付款。请核对这个批次。")
    keys = await every_finance_key(store, finance)
    contents = [opened(found[ref], sealed[ref], keys) for ref in refs]
    rows = [_opening(found[ref], officer, approved_by, reason, moment) for ref in refs]

    async def write(session: Session) -> None:
        await store["vault_openings"].insert_many(rows, session=session)
        for row in rows:
            detail = {
                "opening": row["_id"], "ref": row["ref"], "kind": row["kind"], "purpose": row["purpose"],
                "approved_by": approved_by,
            }  # fmt: skip
            await audit.append(store, session, SUBJECT, "open_record", officer.id, detail, moment)

    if rows:
        await store.transaction(write)
    return contents


def _opening(record: Document, officer: Actor, approved_by: str, reason: str, now: datetime) -> Document:
    return {
        "_id": f"o{secrets.token_hex(8)}", "ref": record["_id"], "kind": record["kind"], "tip_id": record["tip_id"],
        "state": "opened", "purpose": "pay_reward", "reason": reason, "requested_by": officer.id, "requested_at": now,
        "approved_by": approved_by, "approved_at": now, "expires_at": now, "opened_at": now, "wrong_passwords": 0,
    }  # fmt: skip
