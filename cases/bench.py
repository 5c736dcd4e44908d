"""Measure the look after the deadlines with 100,000 open clocks: `python -m cases.bench`, one JSON object a line.

It starts a MongoDB of its own in a temporary folder, or uses MONGODB_URI with a database that is dropped afterwards.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time
from typing import TextIO

from access import audit
from cases import notices, scan
from cases.deadlines import new_clock
from store.migrations import migrate
from store.mongo import Document, Store
from store.temporary import temporary_store

CASES = 100_000
INSPECTORS = 500
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
_SEED = 12350


async def run(store: Store, out: TextIO = sys.stdout, cases: int = CASES) -> None:
    """An ordinary minute, the end of a day, and the worst: every clock comes to its end in the same minute."""
    dice = random.Random(_SEED)  # noqa: S311  test data
    await store["inspectors"].insert_many(
        [{"_id": f"i-{n}", "name": f"检查员{n}", "email": f"i{n}@example.invalid"} for n in range(INSPECTORS)]
    )
    await _fill(store, [_case(n, NOW - timedelta(days=dice.uniform(1, 70))) for n in range(cases)])
    # What came before today is looked after already, as it is in a service that runs.
    await scan.scan(store, NOW)
    await _measure(store, out, "an ordinary minute", cases, NOW + timedelta(minutes=1))
    await _measure(store, out, "the end of a day", cases, NOW + timedelta(days=1))
    await store["cases"].delete_many({})
    await _fill(store, [_case(n, NOW - timedelta(days=59)) for n in range(cases)])
    await _measure(store, out, "every clock in the same minute", cases, NOW + timedelta(days=1))


async def _measure(store: Store, out: TextIO, title: str, clocks: int, now: datetime) -> None:
    begun, cpu = perf_counter(), process_time()
    done = await scan.scan(store, now)
    row = {
        "measure": "deadlines.scan", "case": title, "open_clocks": clocks, "looked_at": done.cases,
        "notices": done.written, "mails": done.mails, "seconds": round(perf_counter() - begun, 2),
        "cpu_seconds": round(process_time() - cpu, 2),
    }  # fmt: skip
    out.write(json.dumps(row, ensure_ascii=False) + "\n")
    out.flush()


def _case(n: int, start: datetime) -> Document:
    """A case under check, of about the size of a real one."""
    case_id = f"B{n:04d}-{n:05d}" if n < 10_000 else f"B{n // 10:04d}-{n:05d}"
    entry = audit.make_entry(audit.Head(), case_id, "file", "reporter", {}, start)
    received = {**new_clock("accept_decision", start), "ended_at": start + timedelta(hours=3)}
    signed = {**new_clock("sign_order", start), "ended_at": start + timedelta(hours=4)}
    clocks = [received, new_clock("verify_close", start), signed]
    return {
        "_id": case_id, "version": 6, "state": "verifying", "created_at": start, "urgent": False,
        "opened_on": start.date().isoformat(), "types": [{"type": "exit_blocked_locked", "confidence": 0.9, "words": []}],
        "decided_types": ["exit_blocked_locked"], "location": {"district": "市北区", "street": "台东街道", "grid": None},
        "company": "某商场有限公司", "summary": "群众举报：市北区某商场涉嫌锁闭安全出口。请到现场核查并依法处理。" * 3,
        "inspector_id": f"i-{n % INSPECTORS}", "returns": [], "finding": None, "measures": [], "tips": 1,
        "clocks": clocks, "watch_at": notices.watch_at(clocks), "audit": {"seq": 6, "hash": entry["hash"]},
        "last_action": {"name": "start_check", "actor": "i", "actor_name": "检查员", "at": start + timedelta(hours=6)},
        "progress": [{"on": start.date().isoformat(), "text": "已收到您的举报。"}] * 5,
    }  # fmt: skip


async def _fill(store: Store, cases: list[Document]) -> None:
    for start in range(0, len(cases), 5000):
        await store["cases"].insert_many(cases[start : start + 5000], ordered=False)


async def main() -> None:
    async with temporary_store() as store:
        await migrate(store)
        await run(store)


if __name__ == "__main__":
    asyncio.run(main())
