"""Accounts for trying the program out, one for each duty, with passwords made anew for every installation."""

from access.accounts import add_account, add_inspector_accounts
from access.actors import ROLE_NAMES, Role
from access.passwords import hash_password, new_password
from store.mongo import Store

DEMO_ACCOUNTS: list[tuple[str, Role]] = [
    ("dispatcher", Role.DISPATCHER),
    ("supervisor", Role.SUPERVISOR),
    ("finance1", Role.FINANCE),
    ("finance2", Role.FINANCE),
    ("publisher", Role.PUBLISHER),
    ("publisher2", Role.PUBLISHER),
    ("auditor", Role.AUDITOR),
    ("leader", Role.LEADER),
    ("hotline", Role.HOTLINE),
    ("duty", Role.DUTY),
    ("admin", Role.ADMIN),
]


async def seed_demo_accounts(store: Store) -> list[tuple[str, str, str]]:
    """Add the accounts that do not exist yet; returns (role, login, password) of the new ones only.

    The database keeps hashes, so the caller writes the list to a file (mode 0600) to show it again at the next start.
    Inspectors come from the collection `inspectors` and share one password; two of them are returned, because an
    order is checked by one and rechecked by another.
    """
    made: list[tuple[str, str, str]] = []
    known = set(await store["accounts"].distinct("_id"))
    for login, role in DEMO_ACCOUNTS:
        if login in known:
            continue
        password = new_password()
        number = login.removeprefix(role.value)
        await add_account(store, login, f"演示{ROLE_NAMES[role]}{number}", [role], password)
        made.append((role.value, login, password))
    password = new_password()
    if await store["inspectors"].find_one({}) is None:
        for login in ("inspector", "inspector2"):
            if login not in known:
                name = f"演示{ROLE_NAMES[Role.INSPECTOR]}"
                await add_account(store, login, name, [Role.INSPECTOR], password)
                made.append((Role.INSPECTOR.value, login, password))
    elif await add_inspector_accounts(store, await hash_password(password)):
        # Who has grids, so that the two are people and not the offices of the demonstration.
        people = store["inspectors"].find({"grids": {"$ne": []}}, {"_id": 1})
        async for inspector in people.sort("_id", 1).limit(2):
            if str(inspector["_id"]) not in known:
                made.append((Role.INSPECTOR.value, str(inspector["_id"]), password))
    return made
