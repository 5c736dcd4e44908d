"""What an administrator does with accounts. Nobody can lock out or empower themselves here."""

from collections.abc import Sequence
from dataclasses import dataclass

from access import accounts, audit, vault_keys
from access.accounts import InvalidAccount
from access.actors import Actor, Role
from access.passwords import hash_password, matches, refuse_weak
from store.errors import Conflict, Refusal
from store.mongo import Document, Session, Store


class OwnAccount(Refusal):
    status = 403


async def listed(store: Store) -> list[Document]:
    """Accounts of officers by name; the many inspectors last."""
    rows = (
        await store["accounts"]
        .find({}, {"password_hash": 0, "second_factor.sealed": 0, "second_factor.paper": 0})
        .to_list(5000)
    )
    return sorted(rows, key=lambda row: (row["roles"] == [Role.INSPECTOR], row["login"]))


async def add(
    store: Store,
    *,
    login: str,
    name: str,
    roles: Sequence[str],
    district: str | None,
    inspector: str,
    email: str = "",
    password: str,
    by: Actor,
) -> Document:
    """A new account; `inspector` is the number in the roster whose orders it gets, `email` where notices go.

    Raises `InvalidAccount`, `Conflict`.
    """
    if unknown := set(roles) - {role.value for role in accounts.STAFF_ROLES}:
        raise InvalidAccount(f"没有这个岗位：{sorted(unknown)[0][:30]}。", field="roles")
    if inspector and await store["inspectors"].find_one({"_id": inspector}, {"_id": 1}) is None:
        raise InvalidAccount("检查员名单里没有这个编号。", field="inspector")
    return await accounts.add_account(
        store,
        login=login,
        name=name,
        roles=[Role(role) for role in roles],
        password=password,
        district=district,
        account_id=inspector or None,
        email=email,
        by=by.id,
    )


async def set_disabled(store: Store, account_id: str, disabled: bool, *, by: Actor) -> None:
    """Raises `OwnAccount`, `InvalidAccount`."""
    if account_id == by.id:
        raise OwnAccount("不能停用自己的账号，请让另一位管理员来做。", field="account")
    await accounts.set_disabled(store, account_id, disabled, by.id)


class LastKey(Conflict):
    """The account holds the only key of the vault, which a new password makes worthless."""

    def __init__(self) -> None:
        super().__init__(
            "这个账号有保密柜的最后一把钥匙,重置口令后只能用离线保管的托管密钥重新开通。"
            "能让本人自己改口令的,请让本人改;否则先确认托管密钥在手,再勾选确认。",
            field="last_key",
        )


@dataclass(frozen=True)
class Reset:
    """`vault_key`: the account had a key of the vault; it is gone, and a colleague must give a new one."""

    account: Document
    vault_key: bool


async def reset_password(
    store: Store, account_id: str, password: str, *, by: Actor, last_key_too: bool = False
) -> Reset:
    """A new password; open sessions end. A key of the vault was locked with the old password: it is taken away.

    Raises `InvalidAccount`, `LastKey` unless `last_key_too`.
    """
    hashed = await hash_password(password)
    if not last_key_too and await vault_keys.holders(store) == {account_id}:
        raise LastKey

    async def write(session: Session) -> Reset:
        account = await store["accounts"].find_one_and_update(
            {"_id": account_id}, {"$set": {"password_hash": hashed}}, session=session
        )
        if account is None:
            raise InvalidAccount("没有这个账号。", field="account")
        await store["sessions"].delete_many({"account": account_id}, session=session)
        had_key = await vault_keys.withdraw_within(store, session, account_id, by.id)
        await audit.append(store, session, f"account:{account_id}", "reset_password", by.id, {})
        return Reset(account, had_key)

    return await store.transaction(write)


async def change_own_password(store: Store, account_id: str, old: str, new: str, *, keep_session: str) -> None:
    """By its owner, who knows the old one: a key of the vault goes along, all other sessions end.

    Raises `WrongOldPassword`, `WeakPassword`.
    """
    account = await _who_knows(store, account_id, old)
    if account is None:
        raise WrongOldPassword
    refuse_weak(new, account["login"])
    hashed = await hash_password(new)
    again = await vault_keys.rewrapped(store, account_id, old, new)

    async def write(session: Session) -> None:
        query = {"_id": account_id, "password_hash": account["password_hash"]}
        done = await store["accounts"].update_one(query, {"$set": {"password_hash": hashed}}, session=session)
        if done.matched_count == 0:
            raise WrongOldPassword
        if again:
            await store["vault_keys"].update_one({"_id": f"officer:{account_id}"}, {"$set": again}, session=session)
        others = {"account": account_id, "_id": {"$ne": keep_session}}
        await store["sessions"].delete_many(others, session=session)
        await audit.append(store, session, f"account:{account_id}", "change_password", account_id, {})

    await store.transaction(write)


async def require_own_password(store: Store, account_id: str, password: str, field: str) -> None:
    """The person at the keyboard is who they say: a key locked with another password would open for nobody.

    Raises `Refusal`.
    """
    if await _who_knows(store, account_id, password) is None:
        raise Refusal("登录口令不对，没有开通。请本人再输入一次。", status=403, field=field)


async def _who_knows(store: Store, account_id: str, password: str) -> Document | None:
    """The open account when this is its password."""
    query = {"_id": account_id, "disabled": False}
    account = await store["accounts"].find_one(query, {"password_hash": 1, "login": 1})
    return account if account and await matches(account["password_hash"], password) else None


class WrongOldPassword(Refusal):
    status = 403

    def __init__(self) -> None:
        super().__init__("现在的口令不对,没有更改。请再输入一次。", field="old")
