"""Staff accounts: who may log in, with which duties, for which district."""

import asyncio
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from access import audit
from access.actors import Actor, Role
from access.passwords import hash_password, matches
from store.errors import Conflict, Refusal
from store.mongo import Document, Session, Store

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{1,39}")
# Duties of people outside and of the program itself are nobody's account.
STAFF_ROLES = frozenset(Role) - {Role.REPORTER, Role.SYSTEM}


class InvalidAccount(Refusal):
    status = 422


class WrongLogin(Refusal):
    """The same answer for an unknown login, a wrong password and a disabled account."""

    status = 401

    def __init__(self) -> None:
        super().__init__("登录名或口令不对,请检查后再试。忘记口令请找管理员重置。", field="password")


def actor_of(account: Document) -> Actor:
    return Actor(account["_id"], account["name"], frozenset(Role(r) for r in account["roles"]), account["district"])


def account_document(
    account_id: str,
    login: str,
    name: str,
    roles: Iterable[Role],
    district: str | None,
    password_hash: str,
    email: str = "",
) -> Document:
    """`email`: where notices about deadlines go; "" for none. Raises `InvalidAccount`."""
    if not _LOGIN.fullmatch(login):
        raise InvalidAccount("登录名要用2到40个字母、数字或 . _ @ -,并以字母或数字开头。", field="login")
    if not name.strip():
        raise InvalidAccount("请填写姓名或岗位名称。", field="name")
    granted = sorted({Role(role) for role in roles})
    if not granted or not STAFF_ROLES.issuperset(granted):
        raise InvalidAccount("请至少选择一个岗位。", field="roles")
    if email and not _EMAIL.fullmatch(email):
        raise InvalidAccount("邮箱的写法不对，例如 zhang@example.gov.cn。", field="email")
    return {
        "_id": account_id, "login": login.lower(), "name": name.strip(), "roles": granted, "district": district,
        "password_hash": password_hash, "disabled": False, "email": email,
        "created_at": datetime.now(UTC),
    }  # fmt: skip


async def add_account(
    store: Store,
    login: str,
    name: str,
    roles: Iterable[Role],
    password: str,
    *,
    district: str | None = None,
    account_id: str | None = None,
    email: str = "",
    by: str = "system",
) -> Document:
    """Raises `InvalidAccount`, `WeakPassword`, `Conflict` (login taken)."""
    hashed = await hash_password(password)
    account = account_document(account_id or login.lower(), login, name, roles, district, hashed, email)

    async def write(session: Session) -> None:
        await store["accounts"].insert_one(account, session=session)
        detail = {"roles": list(account["roles"]), "district": district}
        await audit.append(store, session, f"account:{account['_id']}", "add_account", by, detail)

    try:
        await store.transaction(write)
    except DuplicateKeyError:
        raise Conflict(f"登录名“{login}”已有人使用,请换一个。", field="login") from None
    return account


async def set_disabled(store: Store, account_id: str, disabled: bool, by: str) -> None:
    """A disabled account cannot log in, and its open sessions end with it. Raises `InvalidAccount`."""

    async def write(session: Session) -> None:
        change = {"$set": {"disabled": disabled}}
        done = await store["accounts"].update_one({"_id": account_id}, change, session=session)
        if done.matched_count == 0:
            raise InvalidAccount("没有这个账号。", field="account")
        await store["sessions"].delete_many({"account": account_id}, session=session)
        action = "disable_account" if disabled else "enable_account"
        await audit.append(store, session, f"account:{account_id}", action, by, {})

    await store.transaction(write)


async def set_email(store: Store, account_id: str, email: str, by: str) -> None:
    """The trail says that it changed, not from what to what. Raises `InvalidAccount`."""
    if email and not _EMAIL.fullmatch(email):
        raise InvalidAccount("邮箱的写法不对，例如 zhang@example.gov.cn。", field="email")

    async def write(session: Session) -> None:
        done = await store["accounts"].update_one({"_id": account_id}, {"$set": {"email": email}}, session=session)
        if done.matched_count == 0:
            raise InvalidAccount("没有这个账号。", field="account")
        await audit.append(store, session, f"account:{account_id}", "set_email", by, {})

    await store.transaction(write)


async def addresses(store: Store, query: Document) -> list[str]:
    """The different mail addresses of open accounts that match."""
    found = store["accounts"].find({**query, "disabled": False, "email": {"$gt": ""}}, {"email": 1})
    return sorted({row["email"] async for row in found})


_decoy: asyncio.Future[str] | None = None


async def _decoy_hash() -> str:
    """A real hash of nothing: an unknown login must cost what a known one costs."""
    global _decoy
    if _decoy is None or _decoy.get_loop() is not asyncio.get_running_loop():
        _decoy = asyncio.ensure_future(hash_password("no account has this password"))
    return await asyncio.shield(_decoy)


async def authenticate(store: Store, login: str, password: str) -> Actor:
    """Raises `WrongLogin`; equal time for an unknown login and a wrong password. Slowing down is the caller's part."""
    decoy = await _decoy_hash()
    account = await store["accounts"].find_one({"login": login.strip().lower()})
    right = await matches(account["password_hash"] if account else decoy, password)
    if account is None or not right or account["disabled"]:
        raise WrongLogin
    return actor_of(account)


async def add_inspector_accounts(store: Store, password_hash: str) -> int:
    """Give every inspector who has none an account: login and id are the inspector's `_id`, all share one password.

    Returns how many accounts were added. For demonstrations and first set-ups; later each one gets an own password.
    """
    writes = []
    async for inspector in store["inspectors"].find({}, {"name": 1, "district": 1}):
        key, district = str(inspector["_id"]), inspector.get("district")
        account = account_document(key, key, inspector["name"], [Role.INSPECTOR], district, password_hash)
        account.pop("_id")
        writes.append(UpdateOne({"_id": key}, {"$setOnInsert": account}, upsert=True))
    if not writes:
        return 0
    return (await store["accounts"].bulk_write(writes, ordered=False)).upserted_count
