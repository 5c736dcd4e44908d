"""The whole ledger for other programs: beancount (an independent oracle: `bean-check`), CSV, and JSON Lines.

In the beancount file every account ends with a balance assertion `~ 0.00`: without it beancount tolerates one fen.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, timedelta
from typing import TextIO

from rewards.accounts import KIND_NAMES
from rewards.entries import Entry, read_entry
from rewards.ledger_store import ENTRIES
from rewards.money import decimal_yuan
from store.local_time import local_day
from store.mongo import Store

_CHUNK = 1_000
CSV_COLUMNS = (
    "seq", "at", "kind", "key", "jurisdiction", "year", "claim", "amount_fen", "target", "from", "to", "memo", "actor",
    "prev", "hash",
)  # fmt: skip


async def _entries(store: Store) -> AsyncIterator[Entry]:
    async for batch in store.in_batches(ENTRIES, {}, "_id", _CHUNK):
        for document in batch:
            yield read_entry(document)


async def write_jsonl(store: Store, out: TextIO) -> int:
    """One entry a line, with exactly the fields that are hashed, and `hash`."""
    count = 0
    async for entry in _entries(store):
        body = entry.document()
        body["seq"] = body.pop("_id")
        body["at"] = entry.at.astimezone(UTC).isoformat(timespec="milliseconds")
        out.write(json.dumps(body, ensure_ascii=False, sort_keys=True) + "\n")
        count += 1
    return count


async def write_csv(store: Store, out: TextIO) -> int:
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(CSV_COLUMNS)
    count = 0
    async for entry in _entries(store):
        source = next((account for account, fen in entry.postings if fen < 0), "")
        target = next((account for account, fen in entry.postings if fen > 0), "")
        rows.writerow(
            [
                entry.seq, entry.at.astimezone(UTC).isoformat(timespec="milliseconds"), entry.kind.value, entry.key,
                entry.jurisdiction, entry.year, entry.claim or "", entry.amount, entry.target or "", source, target,
                entry.memo, entry.actor, entry.prev, entry.hash,
            ]
        )  # fmt: skip
        count += 1
    return count


async def write_beancount(store: Store, out: TextIO) -> int:
    out.write('option "title" "12350 reward ledger"\noption "operating_currency" "CNY"\n\n')
    balances: dict[str, int] = defaultdict(int)
    count, last = 0, None
    async for entry in _entries(store):
        day = last = local_day(entry.at)
        for account, _ in entry.postings:
            if account not in balances:
                out.write(f"{day} open {bean_account(account)} CNY\n")
                balances[account] = 0
        text = json.dumps(f"{KIND_NAMES[entry.kind]} {entry.memo}".strip(), ensure_ascii=False)
        out.write(f'{day} * {text}\n  seq: {entry.seq}\n  hash: "{entry.hash}"\n')
        for account, fen in entry.postings:
            balances[account] += fen
            out.write(f"  {bean_account(account)}  {decimal_yuan(fen)} CNY\n")
        out.write("\n")
        count += 1
    if last is not None:
        after = last + timedelta(days=1)  # a beancount balance holds for the beginning of its day
        for account, fen in sorted(balances.items()):
            out.write(f"{after} balance {bean_account(account)}  {decimal_yuan(fen)} ~ 0.00 CNY\n")
    return count


def bean_account(account: str) -> str:
    """budget:qingdao:2026 → Assets:Budget:Xqingdao:X2026. Two accounts of ours never become one of beancount's."""
    kind, *rest = account.split(":")
    root = {"treasury": "Equity", "budget": "Assets", "payable": "Assets", "paid": "Expenses"}[kind]
    return ":".join([root, kind.capitalize(), *(_component(part) for part in rest)])


def _component(part: str) -> str:
    """Letters, digits and dashes after a capital letter or digit; anything else is written as its code."""
    plain = "".join(each if each.isascii() and each.isalnum() else f"-{ord(each):x}-" for each in part)
    return f"X{plain}"


Writer = Callable[[Store, TextIO], Awaitable[int]]
WRITERS: dict[str, Writer] = {"beancount": write_beancount, "csv": write_csv, "jsonl": write_jsonl}
