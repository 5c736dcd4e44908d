"""The identity vault: who reported, how to reach them, where to pay. Written by anybody, opened by two people together.

A record is encrypted with a key of its own, and that key is sealed to the finance duty and to the offline escrow key.
The sealed key lies apart from the record, in `reporter_keys`, and in a backup file apart from the other: without it the
record is noise for everybody, so that deleting one reporter's keys forgets one reporter, in every old backup too.
The service that takes tips holds public keys only. Opening needs a reason, a second officer's consent and the first
one's password, works once, within a day, and every step is in the audit trail under the subject `vault`.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey

from access import audit
from access.actors import Actor
from access.permissions import Permission, allows
from access.vault_keys import RECIPIENTS, SUBJECT, WrongPassword, every_finance_key, finance_key, unwrapped, wrapped
from store.errors import Conflict, NotFound, Refusal, Unavailable
from store.mongo import Document, Session, Store
from store.sealing import Cipher, SealBroken

KINDS = {"identity": "身份信息", "contact": "联系方式", "payee": "收款信息"}
PURPOSES = {
    "pay_reward": "发放奖励",
    "check_payee": "核对收款信息",
    "call_back": "联系举报人核实情况",
    "protect_reporter": "保护举报人",
    "court_order": "司法机关依法调取",
}
OPEN_WITHIN = timedelta(hours=24)
MAX_WRONG_PASSWORDS = 5
_RECORD_KEY = 32
FRESH_S = 60.0  # a rotation made by another process is known after so long


class VaultNotReady(Unavailable):
    def __init__(self) -> None:
        super().__init__("保密柜还没有启用,这次没有保存任何内容。请先不填联系方式,或稍后再试。")


class OpeningRefused(Refusal):
    status = 403


class OpeningClosed(Conflict):
    """Used already, out of time, or not approved."""


class Vault:
    """`public` maps recipient name ("finance", "escrow") to its public key; empty until the vault is set up."""

    def __init__(self, store: Store, public: Mapping[str, PublicKey]) -> None:
        self._store = store
        self._public = dict(public)

    @classmethod
    async def open(cls, store: Store) -> "Vault":
        vault = cls(store, {})
        await vault.reload()
        return vault

    async def reload(self) -> None:
        """Read the public keys again, after the vault was set up or its keys changed by another process."""
        query = {"_id": {"$in": ["finance", "escrow"]}}
        rows = [row async for row in self._store["vault_keys"].find(query, {"public": 1})]
        self._public = {row["_id"]: PublicKey(row["public"]) for row in rows}

    def sealed_document(self, kind: str, tip_id: str, record: Mapping[str, Any]) -> Document:
        """The record for `insert`; its `_id` is the reference. Raises `VaultNotReady`.

        It holds no time of its own: the tip has the day, and a minute would help somebody who watched the reporter.
        """
        assert kind in KINDS, kind
        if set(self._public) != set(RECIPIENTS):
            raise VaultNotReady
        ref, key = f"v{secrets.token_hex(12)}", secrets.token_bytes(_RECORD_KEY)
        plain = json.dumps(dict(record), ensure_ascii=True).encode()
        body = Cipher(key).seal(plain, bound_to(ref, kind, tip_id))
        algorithm = "x25519-sealed aes-256-gcm"
        return {
            "_id": ref, "kind": kind, "tip_id": tip_id, "alg": algorithm, "body": body,
            "keys": wrapped(key, self._public),
        }  # fmt: skip

    async def insert(self, session: Session | None, documents: Sequence[Document]) -> None:
        """Records and their sealed keys, each in its own collection."""
        keys = [{"_id": row["_id"], "tip_id": row["tip_id"], **row["keys"]} for row in documents]
        records = [{name: value for name, value in row.items() if name != "keys"} for row in documents]
        if documents:
            await self._store["vault"].insert_many(records, session=session, ordered=False)
            await self._store["reporter_keys"].insert_many(keys, session=session, ordered=False)

    async def seal(self, session: Session | None, kind: str, tip_id: str, record: Mapping[str, Any]) -> str:
        """Store a record inside the caller's transaction and return its reference."""
        document = self.sealed_document(kind, tip_id, record)
        await self.insert(session, [document])
        return document["_id"]

    async def seal_payee(self, session: Session, tip_id: str, payee: Mapping[str, str]) -> str:
        """What the reporter wrote when claiming a reward: name, bank, account."""
        return await self.seal(session, "payee", tip_id, payee)


def bound_to(ref: str, kind: str, tip_id: str) -> str:
    """What a record's seal is bound to: it opens in its own place only."""
    return f"vault|{ref}|{kind}|{tip_id}"


async def request_opening(
    store: Store, ref: str, officer: Actor, purpose: str, reason: str, now: datetime | None = None
) -> Document:
    """Ask for one record. Returns the opening (`_id`, state "requested"). Raises `OpeningRefused`, `NotFound`."""
    if not allows(Permission.OPEN_VAULT, officer):
        raise OpeningRefused("只有财务人员可以申请打开保密柜。")
    if purpose not in PURPOSES:
        raise Refusal("请从列表中选择用途。", field="purpose")
    reason = reason.strip()
    if not 5 <= len(reason) <= 300:
        raise Refusal("请用5到300个字写明为什么要打开。", field="reason")
    moment = now or datetime.now(UTC)
    opening = {
        "_id": f"o{secrets.token_hex(8)}", "ref": ref, "state": "requested", "purpose": purpose, "reason": reason,
        "requested_by": officer.id, "requested_at": moment, "approved_by": None, "expires_at": None,
        "opened_at": None, "wrong_passwords": 0,
    }  # fmt: skip

    async def write(session: Session) -> None:
        record = await store["vault"].find_one({"_id": ref}, {"kind": 1, "tip_id": 1}, session=session)
        if record is None:
            raise NotFound("保密柜里没有这份记录。")
        opening.update(kind=record["kind"], tip_id=record["tip_id"])
        await store["vault_openings"].insert_one(opening, session=session)
        detail = {"opening": opening["_id"], "ref": ref, "kind": record["kind"], "purpose": purpose}
        await audit.append(store, session, SUBJECT, "request_opening", officer.id, detail, moment)

    await store.transaction(write)
    return opening


async def approve_opening(store: Store, opening_id: str, officer: Actor, now: datetime | None = None) -> Document:
    """A second person agrees; the requester then has a day. Raises `OpeningRefused`, `OpeningClosed`, `NotFound`."""
    return await _decide(store, opening_id, officer, "approved", now)


async def refuse_opening(store: Store, opening_id: str, officer: Actor, now: datetime | None = None) -> Document:
    return await _decide(store, opening_id, officer, "refused", now)


async def _decide(store: Store, opening_id: str, officer: Actor, state: str, now: datetime | None) -> Document:
    if not allows(Permission.APPROVE_OPENING, officer):
        raise OpeningRefused("您没有批准打开保密柜的权限。")
    moment = now or datetime.now(UTC)

    async def write(session: Session) -> Document:
        opening = await _find(store, opening_id, session)
        if opening["requested_by"] == officer.id:
            raise OpeningRefused("申请人不能自己批准,须由另一名有权限的人员批准。")
        if opening["state"] != "requested":
            raise OpeningClosed("这份申请已经处理过了,请刷新页面查看。")
        change = {"state": state, "approved_by": officer.id, "approved_at": moment, "expires_at": moment + OPEN_WITHIN}
        await store["vault_openings"].update_one({"_id": opening_id}, {"$set": change}, session=session)
        detail = {"opening": opening_id, "ref": opening["ref"]}
        await audit.append(store, session, SUBJECT, f"{state}_opening", officer.id, detail, moment)
        return {**opening, **change}

    return await store.transaction(write)


async def open_record(
    store: Store, opening_id: str, officer: Actor, password: str, now: datetime | None = None
) -> dict[str, Any]:
    """The record in clear: once, by the requester, after approval, within a day, with the own password.

    The opening is used up and in the audit trail before anything is shown. Raises `OpeningRefused`, `OpeningClosed`,
    `NotFound`, `NoVaultKey`, `WrongPassword`.
    """
    moment = now or datetime.now(UTC)
    opening = await _find(store, opening_id)
    _refuse_unusable(opening, officer, moment)
    try:
        finance = await finance_key(store, officer.id, password)
    except WrongPassword:
        await _count_wrong_password(store, opening, officer, moment)
        raise
    record = await store["vault"].find_one({"_id": opening["ref"]})
    sealed = await store["reporter_keys"].find_one({"_id": opening["ref"]})
    if record is None or sealed is None:
        raise NotFound("这份记录已经按规定删除。")
    content = opened(record, sealed, await every_finance_key(store, finance))

    async def write(session: Session) -> None:
        query = {"_id": opening_id, "state": "approved"}
        change = {"$set": {"state": "opened", "opened_at": moment}}
        done = await store["vault_openings"].update_one(query, change, session=session)
        if done.modified_count != 1:
            raise OpeningClosed("这份申请已经用过了。需要再看,请重新申请。")
        detail = {"opening": opening_id, "ref": opening["ref"], "kind": record["kind"], "purpose": opening["purpose"]}
        await audit.append(store, session, SUBJECT, "open_record", officer.id, detail, moment)

    await store.transaction(write)
    return content


def opened(record: Document, sealed: Document, keys: Mapping[str, PrivateKey]) -> dict[str, Any]:
    """A record of `vault` with its row of `reporter_keys`, in clear. Raises `Conflict` for one that was damaged."""
    try:
        key = unwrapped(sealed, keys)
        plain = Cipher(key).open(record["body"], bound_to(record["_id"], record["kind"], record["tip_id"]))
    except (CryptoError, SealBroken):
        raise Conflict("这份记录已损坏或被人改动,无法打开。请通知审计人员。") from None
    return json.loads(plain)


def _refuse_unusable(opening: Document, officer: Actor, now: datetime) -> None:
    if opening["requested_by"] != officer.id or not allows(Permission.OPEN_VAULT, officer):
        raise OpeningRefused("只有申请人本人可以打开。")
    if opening["state"] == "requested":
        raise OpeningClosed("这份申请还没有批准,请等另一名人员批准。")
    if opening["state"] != "approved":
        raise OpeningClosed("这份申请已经用过、被拒绝或已关闭。需要再看,请重新申请。")
    if now > opening["expires_at"]:
        raise OpeningClosed("批准已超过24小时,请重新申请。")


async def _count_wrong_password(store: Store, opening: Document, officer: Actor, now: datetime) -> None:
    async def write(session: Session) -> None:
        counted = await store["vault_openings"].find_one_and_update(
            {"_id": opening["_id"]}, {"$inc": {"wrong_passwords": 1}}, return_document=True, session=session
        )
        if counted["wrong_passwords"] >= MAX_WRONG_PASSWORDS:
            change = {"$set": {"state": "closed"}}
            await store["vault_openings"].update_one({"_id": opening["_id"]}, change, session=session)
        detail = {"opening": opening["_id"], "ref": opening["ref"]}
        await audit.append(store, session, SUBJECT, "wrong_password", officer.id, detail, now)

    await store.transaction(write)


async def _find(store: Store, opening_id: str, session: Session | None = None) -> Document:
    opening = await store["vault_openings"].find_one({"_id": opening_id}, session=session)
    if opening is None:
        raise NotFound("没有这份申请。")
    return opening
