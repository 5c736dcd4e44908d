from datetime import timedelta

import pytest

from rewards import accounts
from rewards.entries import hash_of, read_entry
from rewards.ledger import Ledger
from rewards.ledger_store import ENTRIES, HEAD, HEADS
from rewards.money import MAX_FEN, Fen
from rewards.verify import Checkpoint, verify

CITY, YEAR = "qingdao", 2026


@pytest.fixture
async def ledger(store):
    """Seven entries of all kinds: 1 budget, 2-3 reserved, 4 paid, 5 cancelled, 6 reversed, 7 paid again."""
    async with Ledger(store) as opened:
        await opened.appropriate("b", CITY, YEAR, Fen(1_000_000), actor="f1")
        await opened.pending("p1", CITY, YEAR, "r1", Fen(300_000), actor="f2")
        await opened.pending("p2", CITY, YEAR, "r2", Fen(50_000), actor="f2")
        await opened.post_pending("x1", 2, actor="f3", memo="首批")
        await opened.void("v2", 3, actor="f3")
        await opened.reverse("back", 4, actor="f3", memo="银行退票")
        await opened.post_pending("x2", 2, actor="f3")
        yield opened


CHANGES = {
    "at": lambda value: value + timedelta(milliseconds=1),
    "kind": lambda value: "voided" if value != "voided" else "posted",
    "key": lambda value: value + "x",
    "request": lambda value: "0" * 64,
    "jurisdiction": lambda value: "jimo",
    "year": lambda value: value + 1,
    "claim": lambda value: "r9",
    "amount": lambda value: value + 1,
    "target": lambda value: 1,
    "postings": lambda value: [[account, fen * 2] for account, fen in value],
    "memo": lambda value: value + "。",
    "actor": lambda value: "f9",
    "prev": lambda value: "1" * 64,
    "hash": lambda value: "2" * 64,
}


async def test_changing_any_field_of_any_entry_names_that_entry(ledger, store):
    assert (await verify(store)).ok
    for entry in [each async for each in store[ENTRIES].find()]:
        assert set(entry) == {*CHANGES, "_id"}
        fields = {field: change(entry[field]) for field, change in CHANGES.items()}
        for field, value in {**fields, "surprise": 1}.items():
            await store[ENTRIES].replace_one({"_id": entry["_id"]}, {**entry, field: value})
            report = await verify(store)
            assert not report.ok and report.wrong.seq == entry["_id"], (entry["_id"], field)
            assert report.entries == entry["_id"] - 1
        for field in CHANGES:
            await store[ENTRIES].replace_one({"_id": entry["_id"]}, {k: v for k, v in entry.items() if k != field})
            assert (await verify(store)).wrong.seq == entry["_id"], f"{entry['_id']} without {field}"
        await store[ENTRIES].replace_one({"_id": entry["_id"]}, entry)
    assert (await verify(store)).ok


async def test_a_number_of_another_type_is_a_change(ledger, store):
    for value in (300_000.0, "300000", None, [300_000]):
        await store[ENTRIES].update_one({"_id": 2}, {"$set": {"amount": value}})
        assert (await verify(store)).wrong.seq == 2


async def test_a_missing_entry_is_named(ledger, store):
    for seq in (7, 4, 1):
        await store[ENTRIES].delete_one({"_id": seq})
        report = await verify(store)
        assert report.wrong.seq == seq and f"第 {seq} 号分录缺失" in report.text()


async def test_an_entry_too_many_is_named(ledger, store):
    last = await store[ENTRIES].find_one({"_id": 7})
    await store[ENTRIES].insert_one({**last, "_id": 8, "key": "extra"})
    assert (await verify(store)).wrong.seq == 8
    await store[ENTRIES].delete_one({"_id": 8})
    await store[ENTRIES].insert_one({**last, "_id": 0, "key": "extra"})
    assert (await verify(store)).wrong.seq == 1


async def test_an_entry_with_its_hash_made_anew_is_found_by_its_successor(ledger, store):
    stored = await store[ENTRIES].find_one({"_id": 4})
    forged = read_entry({**stored, "memo": "改"})
    await store[ENTRIES].replace_one({"_id": 4}, {**forged.document(), "hash": hash_of(forged)})
    report = await verify(store)
    assert report.wrong.seq == 5 and "不衔接" in report.wrong.message


async def test_a_forged_last_entry_that_breaks_the_rules_is_named(ledger, store):
    stored = await store[ENTRIES].find_one({"_id": 7})
    forged = read_entry({**stored, "amount": 1, "postings": [["payable:r1", -1], ["paid:qingdao:2026", 1]]})
    await store[ENTRIES].replace_one({"_id": 7}, {**forged.document(), "hash": hash_of(forged)})
    assert (await verify(store)).wrong.seq == 7


async def test_balances_and_head_are_checked_too(ledger, store):
    account, before = accounts.budget(CITY, YEAR), await store[HEADS].find_one({"_id": HEAD})
    right = before["accounts"][account]
    for wrong in (right + 1, float(right), None, True):
        await store[HEADS].update_one({"_id": HEAD}, {"$set": {f"accounts.{account}": wrong}})
        assert account in (await verify(store)).text()
    await store[HEADS].replace_one({"_id": HEAD}, before | {"accounts": {**before["accounts"], "budget:jimo:2026": 0}})
    assert "budget:jimo:2026" in (await verify(store)).text()
    await store[HEADS].replace_one({"_id": HEAD}, before)
    for field, value in (
        ("seq", 6),
        ("hash", "0" * 64),
        ("root", "0" * 64),
        ("frontier", []),
        ("at", None),
        ("closed", ["x"]),
    ):
        before = await store[HEADS].find_one({"_id": HEAD})
        await store[HEADS].update_one({"_id": HEAD}, {"$set": {field: value}})
        assert field in (await verify(store)).text()
        await store[HEADS].replace_one({"_id": HEAD}, before)
    assert (await verify(store)).ok


async def test_a_ledger_rewritten_as_a_whole_is_found_by_an_earlier_root(ledger, store, mongo_server):
    report = await verify(store)
    known = Checkpoint(report.entries, report.root)
    assert (await verify(store, known)).ok
    for name in (ENTRIES, HEADS):
        await store[name].delete_many({})
    async with Ledger(store) as other:
        await other.appropriate("b", CITY, YEAR, Fen(999), actor="f1")
        assert (await verify(store)).ok
        assert (await verify(store, known)).wrong.seq == 2
        for n in range(6):
            await other.appropriate(f"b{n}", CITY, YEAR, Fen(999), actor="f1")
    report = await verify(store, known)
    assert report.wrong.seq == 7 and "整段改写" in report.text()


async def test_large_amounts_survive_the_driver(store):
    """MongoDB hands integers above 2**31 back as another type."""
    async with Ledger(store) as ledger:
        for n in range(3):
            await ledger.appropriate(f"b{n}", CITY, YEAR, MAX_FEN, actor="f1")
        reserved = await ledger.pending("p", CITY, YEAR, "r1", MAX_FEN, actor="f1")
        assert reserved == await ledger.pending("p", CITY, YEAR, "r1", MAX_FEN, actor="f1")
        await ledger.post_pending("x", reserved.seq, actor="f1")
        assert (await ledger.balances(4))[accounts.payable("r1")] == MAX_FEN
    assert (await verify(store)).ok


async def test_an_empty_ledger_is_right(store):
    assert (await verify(store)).ok
