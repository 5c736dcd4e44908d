"""What an administrator does with accounts. Nobody can lock out or empower themselves here."""

from collections.abc import Sequence

from access import accounts, audit
from access.accounts import InvalidAccount
from access.actors import Actor, Role
from access.passwords import hash_password
from store.errors import Refusal
from store.mongo import Document, Session, Store


class OwnAccount(Refusal):
    status = 403


async def listed(store: Store) -> list[Document]:
    """Accounts of officers by name; the many inspectors last."""
    rows = await store["accounts"].find({}, {"password_hash": 0}).to_list(5000)
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


async def reset_password(store: Store, account_id: str, password: str, *, by: Actor) -> Document:
    """A new password; open sessions end. The account's vault key stays locked with the old password."""
    hashed = await hash_password(password)

    async def write(session: Session) -> Document:
        account = await store["accounts"].find_one_and_update(
            {"_id": account_id}, {"$set": {"password_hash": hashed}}, session=session
        )
        if account is None:
            raise InvalidAccount("没有这个账号。", field="account")
        await store["sessions"].delete_many({"account": account_id}, session=session)
        await audit.append(store, session, f"account:{account_id}", "reset_password", by.id, {})
        return account

    return await store.transaction(write)
