"""New keys for the vault without losing a record: who left can read nothing that is sealed afterwards, nor old backups.

A rotation is two steps. First a new key pair takes the place of the old one, in one transaction; the old private key stays,
sealed to the new one, so that every record still opens. Then each record's key is sealed anew (`seal_anew`), in small
steps that can be stopped and run again; when no record needs the old key any more, it is deleted.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from access import audit
from access.vault import bound_to
from access.vault_keys import SUBJECT, escrow_text, every_finance_key, key_id, unwrapped, wrapped
from store.mongo import Document, Session, Store
from store.sealing import Cipher, SealBroken

# Other processes learn of a new key within a minute; until then they seal to the old one.
SETTLED = timedelta(minutes=10)


async def rotate_finance(store: Store, finance: PrivateKey, by: str, now: datetime | None = None) -> None:
    """A new key pair for the duty; every officer who had access has it again, without giving a password."""
    new, moment = PrivateKey.generate(), now or datetime.now(UTC)

    async def write(session: Session) -> None:
        row = await store["vault_keys"].find_one({"_id": "finance"}, session=session)
        escrow = await store["vault_keys"].find_one({"_id": "escrow"}, session=session)
        assert row is not None and escrow is not None, "the caller opened the vault's key"
        officers: Document = {}
        async for officer in store["vault_keys"].find({"account": {"$in": list(row["officers"])}}, session=session):
            officers[officer["account"]] = _sealed(new, officer["public"])
        change = {
            "public": bytes(new.public_key), "officers": officers, "escrow_sealed": _sealed(new, escrow["public"]),
            "created_at": moment,
        }  # fmt: skip
        # The keys before the last one lie sealed to the last one: they must follow to the new one.
        async for older in store["vault_keys"].find({"retired": True}, session=session):
            private = PrivateKey(SealedBox(finance).decrypt(older["sealed"]))
            again = {"$set": {"sealed": _sealed(private, bytes(new.public_key))}}
            await store["vault_keys"].update_one({"_id": older["_id"]}, again, session=session)
        await store["vault_keys"].insert_one(
            {"_id": f"finance:{key_id(finance.public_key)}", "retired": True, "retired_at": moment,
             "sealed": _sealed(finance, bytes(new.public_key))},
            session=session,
        )  # fmt: skip
        await store["vault_keys"].update_one({"_id": "finance"}, {"$set": change}, session=session)
        detail = {"key": key_id(new.public_key), "before": key_id(finance.public_key), "officers": sorted(officers)}
        await audit.append(store, session, SUBJECT, "rotate_finance", by, detail, moment)

    await store.transaction(write)


async def rotate_escrow(store: Store, finance: PrivateKey, by: str, now: datetime | None = None) -> str:
    """A new escrow key; returns its text, which is stored nowhere. The old one opens nothing after `seal_anew`."""
    new, moment = PrivateKey.generate(), now or datetime.now(UTC)

    async def write(session: Session) -> None:
        public = {"$set": {"public": bytes(new.public_key), "created_at": moment}}
        await store["vault_keys"].update_one({"_id": "escrow"}, public, session=session)
        sealed = {"$set": {"escrow_sealed": _sealed(finance, bytes(new.public_key))}}
        await store["vault_keys"].update_one({"_id": "finance"}, sealed, session=session)
        detail = {"key": key_id(new.public_key)}
        await audit.append(store, session, SUBJECT, "rotate_escrow", by, detail, moment)

    await store.transaction(write)
    return escrow_text(new)


@dataclass(frozen=True)
class SealedAnew:
    """`left` records could not be opened with any key we have; `retired` old keys were deleted."""

    changed: int
    left: int
    retired: int


async def seal_anew(store: Store, finance: PrivateKey, by: str, now: datetime | None = None) -> SealedAnew:
    """Seal the keys of all records to the current finance and escrow keys, and delete old keys that nobody needs."""
    moment = now or datetime.now(UTC)
    public = await _current(store)
    ids = {f"{name}_id": key_id(key) for name, key in public.items()}
    known = await every_finance_key(store, finance)
    changed = left = 0
    async for row in store["reporter_keys"].find({"$or": [{name: {"$ne": value}} for name, value in ids.items()]}):
        try:
            again = wrapped(unwrapped(row, known), public)
        except CryptoError:
            left += 1
            continue
        done = await store["reporter_keys"].update_one({"_id": row["_id"], "finance": row["finance"]}, {"$set": again})
        changed += done.modified_count
    retired = 0 if left else await _delete_unneeded(store, moment)
    detail = {"changed": changed, "left": left, "retired": retired}
    await audit.append(store, None, SUBJECT, "seal_anew", by, detail, moment)
    return SealedAnew(changed, left, retired)


async def _delete_unneeded(store: Store, now: datetime) -> int:
    """Old keys that no record is sealed to, once no process can be sealing to them any more."""
    old = {"retired": True, "retired_at": {"$lt": now - SETTLED}}
    names = [row["_id"].removeprefix("finance:") async for row in store["vault_keys"].find(old, {"_id": 1})]
    needed = set(await store["reporter_keys"].distinct("finance_id"))
    spare = [f"finance:{name}" for name in names if name not in needed]
    return (await store["vault_keys"].delete_many({"_id": {"$in": spare}})).deleted_count


@dataclass(frozen=True)
class Drill:
    """What a drill found: records that open, records that do not, and records whose key is gone (forgotten ones)."""

    opens: int
    broken: int
    forgotten: int


async def drill(store: Store, escrow: PrivateKey, by: str) -> Drill:
    """Does the escrow key that lies in the safe still open everything? Opens each record and shows none of it."""
    opens = broken = forgotten = 0
    box = SealedBox(escrow)
    async for record in store["vault"].find({}):
        row = await store["reporter_keys"].find_one({"_id": record["_id"]})
        if row is None:
            forgotten += 1
            continue
        try:
            key = box.decrypt(row["escrow"])
            Cipher(key).open(record["body"], bound_to(record["_id"], record["kind"], record["tip_id"]))
            opens += 1
        except (CryptoError, SealBroken):
            broken += 1
    found = Drill(opens, broken, forgotten)
    detail = {"opens": opens, "broken": broken, "forgotten": forgotten}
    await audit.append(store, None, SUBJECT, "drill", by, detail)
    return found


async def _current(store: Store) -> dict[str, PublicKey]:
    rows = {row["_id"]: row async for row in store["vault_keys"].find({"_id": {"$in": ["finance", "escrow"]}})}
    return {name: PublicKey(row["public"]) for name, row in rows.items()}


def _sealed(private: PrivateKey, public: bytes) -> bytes:
    return SealedBox(PublicKey(public)).encrypt(bytes(private))
