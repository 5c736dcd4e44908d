"""New keys open all that the old ones did, and the old ones nothing more."""

from datetime import UTC, datetime, timedelta

import pytest
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from access import audit
from access.actors import Actor, Role
from access.vault import Vault, approve_opening, open_record, request_opening
from access.vault_keys import (
    NoVaultKey,
    WrongEscrowKey,
    escrow_key,
    finance_by_escrow,
    finance_key,
    grant_by_escrow,
    withdraw_access,
)
from access.vault_rotation import SETTLED, drill, rotate_escrow, rotate_finance, seal_anew

ONE = Actor("finance1", "财务一", frozenset({Role.FINANCE}))
TWO = Actor("finance2", "财务二", frozenset({Role.FINANCE}))
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + SETTLED + timedelta(seconds=1)
RECORD = {"name": "王小明", "account": "6222021234567890128"}


@pytest.fixture
async def vault(store, escrow):
    return await Vault.open(store)


async def opened(store, ref, officer=ONE, password="password one"):
    opening = await request_opening(store, ref, officer, "pay_reward", "核对奖励收款账号", NOW)
    await approve_opening(store, opening["_id"], TWO if officer is ONE else ONE, NOW)
    return await open_record(store, opening["_id"], officer, password, NOW)


async def seen(store, ref, private: PrivateKey) -> bool:
    """Whether this private key opens the key of a record."""
    row = await store["reporter_keys"].find_one({"_id": ref})
    for name in ("finance", "escrow"):
        try:
            SealedBox(private).decrypt(row[name])
            return True
        except CryptoError:
            continue
    return False


async def test_who_left_opens_nothing_that_is_sealed_or_kept_after_the_rotation(store, vault, escrow):
    before = await vault.seal(None, "payee", "t1", RECORD)
    copied = await finance_key(store, "finance2", "password two")  # what a leaving officer could have taken along
    await withdraw_access(store, "finance2", "admin")
    current = await finance_key(store, "finance1", "password one")
    await rotate_finance(store, current, "finance1", NOW)
    # A process that has not heard of it yet seals to the old key; it opens all the same.
    meanwhile = await vault.seal(None, "payee", "t2", RECORD)
    assert await opened(store, before) == await opened(store, meanwhile) == RECORD
    await vault.reload()
    after = await vault.seal(None, "payee", "t3", RECORD)
    new = await finance_key(store, "finance1", "password one")
    assert bytes(new) != bytes(current)
    done = await seal_anew(store, new, "finance1", NOW)
    assert (done.changed, done.left, done.retired) == (2, 0, 0), "the old key is kept while a process may still use it"
    done = await seal_anew(store, new, "finance1", LATER)
    assert (done.changed, done.left, done.retired) == (0, 0, 1)
    for ref in (before, meanwhile, after):
        assert not await seen(store, ref, copied) and await seen(store, ref, new)
        assert await opened(store, ref) == RECORD
    assert await store["vault_keys"].count_documents({"retired": True}) == 0
    with pytest.raises(NoVaultKey):
        await finance_key(store, "finance2", "password two")
    assert (await audit.verify(store, "vault"))[1] is None


async def test_two_rotations_in_a_row_lose_nothing(store, vault, escrow):
    refs = []
    for n in range(3):
        refs.append(await vault.seal(None, "payee", f"t{n}", RECORD))
        await rotate_finance(store, await finance_key(store, "finance1", "password one"), "finance1", NOW)
        await vault.reload()
    for ref in refs:
        assert await opened(store, ref) == RECORD
        assert await opened(store, ref, TWO, "password two") == RECORD
    done = await seal_anew(store, await finance_key(store, "finance1", "password one"), "finance1", LATER)
    assert (done.changed, done.left, done.retired) == (3, 0, 3)
    assert await opened(store, refs[0]) == RECORD


async def test_a_new_escrow_key_takes_the_place_of_the_old_one(store, vault, escrow):
    ref = await vault.seal(None, "payee", "t1", RECORD)
    finance = await finance_by_escrow(store, escrow)
    new = await rotate_escrow(store, finance, "system", NOW)
    with pytest.raises(WrongEscrowKey):
        await finance_by_escrow(store, escrow)
    await seal_anew(store, finance, "system", NOW)
    assert not await seen(store, ref, escrow_key(escrow)) and await seen(store, ref, escrow_key(new))
    for officer in ("finance1", "finance2"):
        await withdraw_access(store, officer, "admin")
    await grant_by_escrow(store, new, "finance1", "password new", "admin")
    await grant_by_escrow(store, new, "finance2", "password two", "admin")
    assert await opened(store, ref, ONE, "password new") == RECORD


async def test_a_drill_tells_whether_the_key_in_the_safe_still_opens_everything(store, vault, escrow):
    first, second = [await vault.seal(None, "payee", f"t{n}", RECORD) for n in range(2)]
    found = await drill(store, escrow_key(escrow), "system")
    assert (found.opens, found.broken, found.forgotten) == (2, 0, 0)
    await store["vault"].update_one({"_id": first}, {"$set": {"tip_id": "other"}})
    await store["reporter_keys"].delete_one({"_id": second})
    found = await drill(store, escrow_key(escrow), "system")
    assert (found.opens, found.broken, found.forgotten) == (0, 1, 1)
    found = await drill(store, PrivateKey.generate(), "system")
    assert found.opens == 0
    assert not [entry async for entry in store["audit"].find({}) if "王小明" in str(entry)]


async def test_a_record_that_no_key_opens_stops_the_deletion_of_old_keys(store, vault, escrow):
    await vault.seal(None, "payee", "t1", RECORD)
    await store["reporter_keys"].update_one({}, {"$set": {"finance": b"damaged", "finance_id": "x"}})
    await rotate_finance(store, await finance_by_escrow(store, escrow), "system", NOW)
    done = await seal_anew(store, await finance_by_escrow(store, escrow), "system", LATER)
    assert (done.changed, done.left, done.retired) == (0, 1, 0)
