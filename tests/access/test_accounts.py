"""Accounts and sessions."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from access import sessions
from access.accounts import InvalidAccount, WrongLogin, add_account, authenticate, set_disabled
from access.actors import Role
from access.demonstration import DEMO_ACCOUNTS, seed_demo_accounts
from access.passwords import WeakPassword
from store.errors import Conflict

# Not a fixed day: the database itself deletes what has expired.
NOW = datetime.now(UTC).replace(microsecond=0)


async def add(store, login="li.lei", **more):
    return await add_account(store, login, "李雷", [Role.DISPATCHER], "a long password", **more)


async def test_login_and_its_only_answer_to_mistakes(store):
    await add(store, district="市北区")
    actor = await authenticate(store, " Li.Lei ", "a long password")
    assert (actor.id, actor.roles, actor.district) == ("li.lei", {Role.DISPATCHER}, "市北区")
    right = "a long password"
    for login, password in [("li.lei", "wrong"), ("nobody", right), ("li.lei", ""), ("", ""), ("li.lei", "x" * 9999)]:
        with pytest.raises(WrongLogin):
            await authenticate(store, login, password)
    await set_disabled(store, "li.lei", True, "admin")
    with pytest.raises(WrongLogin):
        await authenticate(store, "li.lei", "a long password")


async def test_unknown_login_takes_as_long(store):
    await add(store)
    await _timed(store, "li.lei")
    known, unknown = await _timed(store, "li.lei"), await _timed(store, "nobody")
    assert unknown > known / 3


async def _timed(store, login):
    begun = time.perf_counter()
    with pytest.raises(WrongLogin):
        await authenticate(store, login, "wrong password")
    return time.perf_counter() - begun


@pytest.mark.parametrize("login", ["", "a", "a b", "${x}", "$where", "李雷", "x" * 41, "a\x00b"])
async def test_a_login_has_a_form(store, login):
    with pytest.raises(InvalidAccount):
        await add(store, login)


async def test_what_an_account_needs(store):
    await add(store)
    with pytest.raises(Conflict):
        await add(store)
    with pytest.raises(WeakPassword):
        await add_account(store, "han", "韩", [Role.DUTY], "short")
    with pytest.raises(InvalidAccount):
        await add_account(store, "han", "韩", [], "a long password")
    with pytest.raises(InvalidAccount):
        await add_account(store, "han", "韩", [Role.SYSTEM], "a long password")


async def test_demonstration_accounts_once(store):
    await store["inspectors"].insert_many([{"_id": f"i{n}", "name": "检查员", "district": "市北区"} for n in (1, 2, 3)])
    made = await seed_demo_accounts(store)
    assert [login for _, login, _ in made] == [login for login, _ in DEMO_ACCOUNTS] + ["i1", "i2"]
    password = made[-1][2]
    assert (await authenticate(store, "i3", password)).district == "市北区"
    assert await seed_demo_accounts(store) == []


async def test_a_session_ends_when_idle_or_old(store):
    await add(store)
    actor = await authenticate(store, "li.lei", "a long password")
    token = await sessions.start(store, actor, NOW)
    found = await sessions.find(store, token, NOW)
    assert found.actor == actor and found.csrf == sessions.csrf_token(token)
    assert await store["sessions"].find_one({"_id": token}) is None
    at = NOW
    while at < NOW + timedelta(hours=10):
        at += timedelta(minutes=90)
        assert await sessions.find(store, token, at)
    assert await sessions.find(store, token, NOW + timedelta(hours=12)) is None
    idle = await sessions.start(store, actor, NOW)
    assert await sessions.find(store, idle, NOW + timedelta(hours=2)) is None


async def test_sessions_are_listed_and_ended(store):
    await add(store)
    await add(store, "other")
    actor = await authenticate(store, "li.lei", "a long password")
    first, second = [await sessions.start(store, actor) for _ in range(2)]
    rows = await sessions.listed(store, "li.lei")
    assert len(rows) == 2
    ours = (await sessions.find(store, first)).id
    assert not await sessions.end(store, ours, "other")
    assert await sessions.end(store, ours, "li.lei")
    assert await sessions.find(store, first) is None
    assert await sessions.find(store, second)
    await set_disabled(store, "li.lei", True, "admin")
    assert await sessions.find(store, second) is None
