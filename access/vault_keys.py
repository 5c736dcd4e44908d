"""Keys of the identity vault: who can open what, and how access is handed on.

    finance    one key pair for the duty. Records are sealed to its public key; its private key lies in the database
               only sealed to each finance officer's own public key, and to the escrow key.
    officer    one key pair each; the private key is wrapped with a key from the officer's password (Argon2id).
    escrow     its private key is given out once, at set-up, as text, and kept offline. It opens everything when all
               officers have left or forgotten their passwords.

So neither the database, nor a backup, nor the running service without an officer's password opens a record. The finance
key that a rotation replaced stays, sealed to the new one, until no record needs it any more (`access.vault_rotation`).
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from access import audit
from access.passwords import key_from
from store.errors import Conflict, Refusal
from store.mongo import Document, Session, Store
from store.sealing import Cipher, SealBroken

SUBJECT = "vault"
RECIPIENTS = ("finance", "escrow")
_ESCROW_PREFIX = "tip12350-escrow-1:"


class NoVaultKey(Refusal):
    """This officer has no key for the vault yet."""

    status = 403

    def __init__(self) -> None:
        super().__init__("您还没有保密柜的钥匙,请让已有钥匙的财务人员为您开通。")


class WrongPassword(Refusal):
    status = 403

    def __init__(self) -> None:
        super().__init__("口令不对,保密柜没有打开。请重新输入您的登录口令。", field="password")


class WrongEscrowKey(Refusal):
    status = 403

    def __init__(self) -> None:
        super().__init__("这不是本系统的托管密钥,请核对保管的密钥文件。", field="escrow")


def key_id(public: PublicKey) -> str:
    """Names a key pair, so that it is known which one a record was sealed to."""
    return hashlib.sha256(bytes(public)).hexdigest()[:16]


def wrapped(key: bytes, public: Mapping[str, PublicKey]) -> Document:
    """A record's key sealed to each recipient: {"finance", "finance_id", "escrow", "escrow_id"}."""
    found: Document = {}
    for name, recipient in public.items():
        found |= {name: SealedBox(recipient).encrypt(key), f"{name}_id": key_id(recipient)}
    return found


def unwrapped(row: Document, finance: Mapping[str, PrivateKey]) -> bytes:
    """A record's key out of what `wrapped` made; `finance` by key id. Raises `CryptoError`."""
    known = finance.get(row.get("finance_id", ""))
    # Rows from before the first rotation name no key: there was only one.
    for private in [known] if known else finance.values():
        try:
            return SealedBox(private).decrypt(row["finance"])
        except CryptoError:
            continue
    raise CryptoError("sealed to a finance key that is gone")


async def every_finance_key(store: Store, current: PrivateKey) -> dict[str, PrivateKey]:
    """The current key and, through it, those before it that some record may still need; by key id."""
    found = {key_id(current.public_key): current}
    async for row in store["vault_keys"].find({"retired": True}):
        private = PrivateKey(SealedBox(current).decrypt(row["sealed"]))
        found[key_id(private.public_key)] = private
    return found


async def exist(store: Store) -> bool:
    return await store["vault_keys"].find_one({"_id": "finance"}, {"_id": 1}) is not None


async def create_vault_keys(store: Store, officers: Iterable[tuple[str, str]], by: str = "system") -> str:
    """Set the vault up once; `officers` are (account id, password), possibly none yet.

    Returns the escrow private key as text: the caller hands it out and it is never stored here. Raises `Conflict`.
    """
    finance, escrow = PrivateKey.generate(), PrivateKey.generate()
    own = [await _new_officer_key(account, password) for account, password in officers]
    now = datetime.now(UTC)
    rows: list[Document] = [
        {"_id": "escrow", "public": bytes(escrow.public_key), "created_at": now},
        {
            "_id": "finance",
            "public": bytes(finance.public_key),
            "escrow_sealed": SealedBox(escrow.public_key).encrypt(bytes(finance)),
            "officers": {row["account"]: _sealed_to(row, finance) for row in own},
            "created_at": now,
        },
        *own,
    ]

    async def write(session: Session) -> None:
        if await store["vault_keys"].find_one({"_id": "finance"}, session=session):
            raise Conflict("保密柜已经启用,不能重新生成密钥。")
        await store["vault_keys"].insert_many(rows, session=session)
        await audit.append(store, session, SUBJECT, "create_keys", by, {"officers": [row["account"] for row in own]})

    await store.transaction(write)
    return escrow_text(escrow)


async def grant_access(store: Store, officer: str, password: str, new_officer: str, new_password: str) -> None:
    """`officer` (who has access) hands the finance key to `new_officer`, who gives the own password.

    Raises `NoVaultKey`, `WrongPassword`.
    """
    finance = await finance_key(store, officer, password)
    await _add(store, finance, new_officer, new_password, officer, "grant_access")


async def grant_by_escrow(store: Store, escrow_text: str, new_officer: str, new_password: str, by: str) -> None:
    """The way back in when no officer can open the vault any more. Raises `WrongEscrowKey`."""
    finance = await finance_by_escrow(store, escrow_text)
    await _add(store, finance, new_officer, new_password, by, "grant_by_escrow")


def escrow_key(text: str) -> PrivateKey:
    """The private key in the text that was given out. Raises `WrongEscrowKey`."""
    try:
        return PrivateKey(bytes.fromhex(text.strip().removeprefix(_ESCROW_PREFIX)))
    except (CryptoError, ValueError, TypeError):
        raise WrongEscrowKey from None


def escrow_text(escrow: PrivateKey) -> str:
    return _ESCROW_PREFIX + bytes(escrow).hex()


async def finance_by_escrow(store: Store, text: str) -> PrivateKey:
    """The duty's private key through the escrow key. Raises `WrongEscrowKey`."""
    row = await store["vault_keys"].find_one({"_id": "finance"}) or {}
    try:
        return PrivateKey(SealedBox(escrow_key(text)).decrypt(row["escrow_sealed"]))
    except (CryptoError, KeyError):
        raise WrongEscrowKey from None


async def withdraw_access(store: Store, officer: str, by: str) -> None:
    """Take an officer's key away; records already read cannot be unread. A rotation follows (docs/keys.md)."""

    async def write(session: Session) -> None:
        await withdraw_within(store, session, officer, by)

    await store.transaction(write)


async def withdraw_within(store: Store, session: Session, officer: str, by: str) -> bool:
    """Inside the caller's transaction; False when there was no key to take away."""
    gone = await store["vault_keys"].delete_one({"_id": f"officer:{officer}"}, session=session)
    if gone.deleted_count == 0:
        return False
    change = {"$unset": {f"officers.{officer}": ""}}
    await store["vault_keys"].update_one({"_id": "finance"}, change, session=session)
    await audit.append(store, session, SUBJECT, "withdraw_access", by, {"officer": officer})
    return True


async def holders(store: Store) -> set[str]:
    """Account ids of the officers who can open the vault."""
    row = await store["vault_keys"].find_one({"_id": "finance"}, {"officers": 1})
    return set(row["officers"]) if row else set()


async def finance_key(store: Store, officer: str, password: str) -> PrivateKey:
    """The duty's private key, through this officer's own. Raises `NoVaultKey`, `WrongPassword`."""
    own = await store["vault_keys"].find_one({"_id": f"officer:{officer}"})
    duty = await store["vault_keys"].find_one({"_id": "finance"})
    if own is None or duty is None or officer not in duty["officers"]:
        raise NoVaultKey
    wrapping = Cipher(await key_from(password, own["salt"]))
    try:
        private = PrivateKey(wrapping.open(own["wrapped"], own["_id"]))
    except SealBroken:
        raise WrongPassword from None
    return PrivateKey(SealedBox(private).decrypt(duty["officers"][officer]))


async def change_password(store: Store, officer: str, old: str, new: str) -> None:
    """Wrap the officer's key with the new password. Raises `NoVaultKey`, `WrongPassword`."""
    again = await rewrapped(store, officer, old, new)
    if again is None:
        raise NoVaultKey
    await store["vault_keys"].update_one({"_id": f"officer:{officer}"}, {"$set": again})


async def rewrapped(store: Store, officer: str, old: str, new: str) -> Document | None:
    """The change that wraps the officer's key with the new password; None without a key. Raises `WrongPassword`."""
    own = await store["vault_keys"].find_one({"_id": f"officer:{officer}"})
    if own is None:
        return None
    try:
        private = Cipher(await key_from(old, own["salt"])).open(own["wrapped"], own["_id"])
    except SealBroken:
        raise WrongPassword from None
    salt = secrets.token_bytes(16)
    return {"salt": salt, "wrapped": Cipher(await key_from(new, salt)).seal(private, own["_id"])}


async def _new_officer_key(account: str, password: str) -> Document:
    private, salt, name = PrivateKey.generate(), secrets.token_bytes(16), f"officer:{account}"
    wrapped = Cipher(await key_from(password, salt)).seal(bytes(private), name)
    return {
        "_id": name, "account": account, "public": bytes(private.public_key), "salt": salt, "wrapped": wrapped,
        "created_at": datetime.now(UTC),
    }  # fmt: skip


def _sealed_to(row: Document, finance: PrivateKey) -> bytes:
    return SealedBox(PublicKey(row["public"])).encrypt(bytes(finance))


async def _add(store: Store, finance: PrivateKey, officer: str, password: str, by: str, action: str) -> None:
    row = await _new_officer_key(officer, password)

    async def write(session: Session) -> None:
        await store["vault_keys"].replace_one({"_id": row["_id"]}, row, upsert=True, session=session)
        change = {"$set": {f"officers.{officer}": _sealed_to(row, finance)}}
        await store["vault_keys"].update_one({"_id": "finance"}, change, session=session)
        await audit.append(store, session, SUBJECT, action, by, {"officer": officer})

    await store.transaction(write)
