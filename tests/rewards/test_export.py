import csv
import json
import subprocess
import sys
from io import StringIO

import pytest

from rewards.entries import canonical, read_entry
from rewards.export import CSV_COLUMNS, WRITERS, bean_account
from rewards.ledger_store import ENTRIES
from rewards.money import Fen
from rewards.record import State


@pytest.fixture
async def books(desk):
    """All kinds of entries, with a memo that tries to leave its line."""
    await desk.reach(State.PAID)
    ledger = desk.ledger
    await ledger.appropriate("m", "jimo-2", 2025, Fen(1001), actor="a", memo='"引号" \\ 预算')
    reserved = await ledger.pending("p", "jimo-2", 2025, "r_1-x", Fen(333), actor="a")
    await ledger.expire("e", reserved.seq, actor="a")
    paid = await ledger.pending("p2", "jimo-2", 2025, "r_2", Fen(7), actor="a")
    posted = await ledger.post_pending("x", paid.seq, actor="a")
    await ledger.reverse("r", posted.seq, actor="a", memo="退票")
    await ledger.close_year("c", "jimo-2", 2025, Fen(994), actor="a")
    return desk.store


async def export(store, fmt):
    out = StringIO()
    count = await WRITERS[fmt](store, out)
    assert count == await store[ENTRIES].count_documents({})
    return out.getvalue()


def bean_check(text, tmp_path):
    file = tmp_path / "books.beancount"
    file.write_text(text, "utf-8")
    command = [sys.executable, "-m", "beancount.scripts.check", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def test_an_independent_program_finds_the_same_balances(books, tmp_path):
    text = await export(books, "beancount")
    done = bean_check(text, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    line = next(each for each in text.splitlines() if "balance Expenses:Paid:Xqingdao" in each)
    wrong = text.replace(line, line.replace("15000.00 ~", "15000.01 ~"))
    assert wrong != text and bean_check(wrong, tmp_path).returncode != 0, "one fen is noticed"


async def test_json_lines_hold_what_was_hashed(books):
    rows = [json.loads(line) for line in (await export(books, "jsonl")).splitlines()]
    documents = [row async for row in books[ENTRIES].find().sort("_id", 1)]
    for row, document in zip(rows, documents, strict=True):
        hashed = {key: value for key, value in row.items() if key != "hash"}
        text = json.dumps(hashed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert text.encode() == canonical(read_entry(document))


async def test_csv_has_one_row_for_each_entry(books):
    rows = list(csv.DictReader(StringIO(await export(books, "csv"))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert rows[1]["from"] == "budget:qingdao:2026" and rows[1]["amount_fen"] == "1500000"
    assert sum(int(row["amount_fen"]) for row in rows if row["kind"] == "posted") == 1_500_007


def test_two_accounts_never_become_one():
    names = ["budget:a-1:2026", "budget:a1:2026", "budget:a_1:2026", "payable:a-1", "payable:a_1", "payable:A1"]
    assert len({bean_account(name) for name in names}) == len(names)
