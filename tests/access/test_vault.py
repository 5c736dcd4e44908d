"""The vault opens for two people together, once, and leaves a trail."""

from datetime import UTC, datetime, timedelta

import pytest

from access import audit
from access.actors import Actor, Role
from access.vault import (
    OpeningClosed,
    OpeningRefused,
    Vault,
    VaultNotReady,
    approve_opening,
    open_record,
    refuse_opening,
    request_opening,
)
from access.vault_keys import (
    NoVaultKey,
    WrongEscrowKey,
    WrongPassword,
    change_password,
    create_vault_keys,
    grant_access,
    grant_by_escrow,
    withdraw_access,
)
from store.errors import Conflict, Refusal

ONE = Actor("finance1", "财务一", frozenset({Role.FINANCE}))
TWO = Actor("finance2", "财务二", frozenset({Role.FINANCE}))
CLERK = Actor("dispatcher", "分派员", frozenset({Role.DISPATCHER}))
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RECORD = {"name": "王小明", "account": "6222021234567890128"}
REASON = "核对奖励收款账号"


@pytest.fixture
async def ref(store, escrow):
    vault = await Vault.open(store)
    return await vault.seal(None, "payee", "t1", RECORD)


async def approved(store, ref, now=NOW):
    opening = await request_opening(store, ref, ONE, "pay_reward", REASON, now)
    return (await approve_opening(store, opening["_id"], TWO, now))["_id"]


async def test_two_people_open_it_once(store, ref):
    opening = await approved(store, ref)
    assert await open_record(store, opening, ONE, "password one", NOW) == RECORD
    with pytest.raises(OpeningClosed):
        await open_record(store, opening, ONE, "password one", NOW)
    actions = [entry["action"] async for entry in store["audit"].find({"subject": "vault"}).sort("seq", 1)]
    assert actions == ["create_keys", "request_opening", "approved_opening", "open_record"]
    assert (await audit.verify(store, "vault"))[1] is None


async def test_nobody_opens_alone(store, ref):
    opening = await request_opening(store, ref, ONE, "pay_reward", REASON, NOW)
    with pytest.raises(OpeningClosed):
        await open_record(store, opening["_id"], ONE, "password one", NOW)
    with pytest.raises(OpeningRefused):
        await approve_opening(store, opening["_id"], ONE, NOW)
    with pytest.raises(OpeningRefused):
        await approve_opening(store, opening["_id"], CLERK, NOW)
    await approve_opening(store, opening["_id"], TWO, NOW)
    with pytest.raises(OpeningRefused):
        await open_record(store, opening["_id"], TWO, "password two", NOW)


async def test_a_day_is_the_limit(store, ref):
    opening = await approved(store, ref)
    with pytest.raises(OpeningClosed):
        await open_record(store, opening, ONE, "password one", NOW + timedelta(hours=24, seconds=1))


async def test_a_refused_request_stays_closed(store, ref):
    opening = await request_opening(store, ref, ONE, "pay_reward", REASON, NOW)
    await refuse_opening(store, opening["_id"], TWO, NOW)
    with pytest.raises(OpeningClosed):
        await approve_opening(store, opening["_id"], TWO, NOW)
    with pytest.raises(OpeningClosed):
        await open_record(store, opening["_id"], ONE, "password one", NOW)


async def test_five_wrong_passwords_close_it(store, ref):
    opening = await approved(store, ref)
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await open_record(store, opening, ONE, "password two", NOW)
    with pytest.raises(OpeningClosed):
        await open_record(store, opening, ONE, "password one", NOW)


@pytest.mark.parametrize(("purpose", "reason"), [("curious", REASON), ("pay_reward", " 看 ")])
async def test_a_request_needs_a_purpose_and_a_reason(store, ref, purpose, reason):
    with pytest.raises(Refusal):
        await request_opening(store, ref, ONE, purpose, reason, NOW)
    with pytest.raises(OpeningRefused):
        await request_opening(store, ref, CLERK, "pay_reward", REASON, NOW)


async def test_a_record_moved_to_another_tip_does_not_open(store, ref):
    await store["vault"].update_one({"_id": ref}, {"$set": {"tip_id": "t2"}})
    opening = await approved(store, ref)
    with pytest.raises(Conflict, match="改动"):
        await open_record(store, opening, ONE, "password one", NOW)


async def test_access_is_handed_on_and_taken_back(store, ref, escrow):
    new = Actor("finance3", "财务三", frozenset({Role.FINANCE}))
    with pytest.raises(WrongPassword):
        await grant_access(store, "finance1", "wrong password", "finance3", "password three")
    await grant_access(store, "finance1", "password one", "finance3", "password three")
    await change_password(store, "finance3", "password three", "password 3")
    opening = await request_opening(store, ref, new, "pay_reward", REASON, NOW)
    await approve_opening(store, opening["_id"], TWO, NOW)
    assert await open_record(store, opening["_id"], new, "password 3", NOW) == RECORD
    await withdraw_access(store, "finance3", "admin")
    opening = await request_opening(store, ref, new, "pay_reward", REASON, NOW)
    await approve_opening(store, opening["_id"], TWO, NOW)
    with pytest.raises(NoVaultKey):
        await open_record(store, opening["_id"], new, "password 3", NOW)


async def test_the_escrow_key_is_the_way_back_in(store, ref, escrow):
    for officer in ("finance1", "finance2"):
        await withdraw_access(store, officer, "admin")
    with pytest.raises(WrongEscrowKey):
        await grant_by_escrow(store, "tip12350-escrow-1:" + "00" * 32, "finance1", "password new", "admin")
    await grant_by_escrow(store, escrow, "finance1", "password new", "admin")
    assert await open_record(store, await approved(store, ref), ONE, "password new", NOW) == RECORD


async def test_a_dump_of_the_database_shows_nothing(store, ref, escrow):
    for name in await store.db.list_collection_names():
        async for row in store[name].find():
            shown = repr(row)
            assert "王小明" not in shown and "622202" not in shown and escrow[-64:] not in shown


async def test_keys_are_made_once_and_needed(store):
    vault = await Vault.open(store)
    with pytest.raises(VaultNotReady):
        vault.sealed_document("identity", "t1", {})
    await create_vault_keys(store, [])
    with pytest.raises(Conflict):
        await create_vault_keys(store, [])
    await vault.reload()
    assert vault.sealed_document("identity", "t1", {"phone": ["13812345678"]})["kind"] == "identity"
