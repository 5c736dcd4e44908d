"""Receiving: everything or nothing, once for each key, many at a time."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from access.audit import verify
from access.vault import Vault
from access.vault_keys import create_vault_keys
from cases.intake import AlreadyFiled, Intake
from cases.model import Filing, InvalidFiling, StoredPhoto
from cases.receipts import Receipt, Receipts
from tests import hostile

FILING = Filing(client_key="k" * 43, channel="form", what="辽宁路80号商场二楼的安全出口锁着", ongoing="yes")
PHOTO = StoredPhoto("a" * 32, "b" * 32, "c" * 32, "d" * 64, "0" * 16, 64, 48, (120.38, 36.07))
WRITTEN = ("tips", "cases", "audit", "jobs", "evidence", "vault")


@pytest.fixture
async def intake(store):
    await create_vault_keys(store, [])
    await store["audit"].delete_many({})  # of the vault's set-up
    async with Intake(store, Receipts(b"f" * 32, b"l" * 32), await Vault.open(store), b"c" * 32) as opened:
        yield opened


async def counts(store) -> dict[str, int]:
    return {name: await store[name].count_documents({}) for name in WRITTEN}


async def test_one_filing_writes_tip_case_audit_and_first_job(store, intake):
    receipt = await intake.receive(replace(FILING, contact="13900139000", photos=(PHOTO,)))
    assert await counts(store) == {"tips": 1, "cases": 1, "audit": 1, "jobs": 1, "evidence": 1, "vault": 1}
    tip, case = await store["tips"].find_one({}), await store["cases"].find_one({})
    assert tip["number"] == receipt.number and tip["case_id"] == case["_id"] and case["state"] == "received"
    everything = [row for name in WRITTEN async for row in store[name].find({})]
    assert receipt.code not in str(everything) and FILING.client_key not in str(everything)
    assert (await verify(store))[1] is None


async def test_the_same_key_gives_the_same_receipt_at_once_and_later(store, intake):
    first = await asyncio.gather(*(intake.receive(FILING) for _ in range(20)))
    later = await intake.receive(FILING, datetime.now(UTC) + timedelta(hours=23))
    assert len({*first, later}) == 1 and (await counts(store))["tips"] == 1


async def test_a_retry_with_the_same_photo_stored_anew_is_the_same_filing(intake):
    first = await intake.receive(replace(FILING, photos=(PHOTO,)))
    again = replace(PHOTO, file="1" * 32, thumb="2" * 32, original="3" * 32)
    assert await intake.receive(replace(FILING, photos=(again,))) == first


async def test_another_text_or_a_late_retry_is_refused(store, intake):
    await intake.receive(FILING)
    with pytest.raises(AlreadyFiled, match="不同"):
        await intake.receive(replace(FILING, what=FILING.what + "一整天"))
    with pytest.raises(AlreadyFiled, match="已经提交过"):
        await intake.receive(FILING, datetime.now(UTC) + timedelta(hours=25))
    assert (await counts(store))["tips"] == 1


async def test_two_hundred_at_once_all_get_their_own(store, intake):
    filings = [replace(FILING, client_key=f"{n:043}") for n in range(200)]
    receipts = await asyncio.gather(*(intake.receive(filing) for filing in filings))
    assert len(set(receipts)) == 200 and (await counts(store))["tips"] == 200
    assert await store["tips"].distinct("number") == sorted(receipt.number for receipt in receipts)


async def test_a_bad_one_in_the_batch_fails_alone(store, intake):
    bad = replace(FILING, client_key="b" * 43, what="")
    results = await asyncio.gather(intake.receive(FILING), intake.receive(bad), return_exceptions=True)
    assert isinstance(results[0], Receipt) and isinstance(results[1], InvalidFiling)
    assert (await counts(store))["tips"] == 1


async def test_a_taken_number_is_passed_over(store, intake):
    taken = Receipts(b"f" * 32, b"l" * 32).issue(FILING.client_key)
    await store["tips"].insert_one({"_id": "other", "number": taken.number, "client_key": "other"})
    receipt = await intake.receive(FILING)
    assert receipt.number != taken.number and receipt.code == taken.code


@pytest.mark.parametrize("collection", WRITTEN)
async def test_when_one_write_fails_nothing_is_there(store, intake, collection):
    await store.db.command(
        {"collMod": collection, "validator": {"never": True}, "validationLevel": "strict", "validationAction": "error"}
    )
    with pytest.raises(Exception, match=r"validation|系统繁忙"):
        await intake.receive(replace(FILING, contact="13900139000", photos=(PHOTO,)))
    assert set((await counts(store)).values()) == {0}


async def test_danger_makes_it_urgent_and_calls_the_duty_desk(store, intake):
    await intake.receive(replace(FILING, what="辽宁路80号饭店着火了,有人没跑出来"))
    assert (await store["cases"].find_one({}))["urgent"] is True
    assert {row["kind"] async for row in store["jobs"].find({})} == {"understand", "mail_alert"}


async def test_identity_leaves_the_text_for_the_vault(store, intake):
    await intake.receive(replace(FILING, what=FILING.what + ",我叫王小明,电话13800138000"))
    tip = await store["tips"].find_one({})
    assert "13800138000" not in tip["facts"]["what"] and tip["identity_removed"] is True
    assert await store["vault"].count_documents({"kind": "identity", "tip_id": tip["_id"]}) == 1


@pytest.mark.parametrize("text", hostile.TEXTS, ids=range(len(hostile.TEXTS)))
async def test_hostile_texts_are_stored_as_text_or_refused(store, intake, text):
    filing = replace(FILING, what=text, place=text[:90], company=text[:90], happened=text[:90], contact=text[:90])
    try:
        await intake.receive(filing)
    except InvalidFiling as refused:
        assert refused.field
        assert set((await counts(store)).values()) == {0}
    else:
        facts = (await store["tips"].find_one({}))["facts"]
        assert not {c for value in facts.values() for c in value} & set("\0\u202e\u200b\u200d\ufeff\ud800")
