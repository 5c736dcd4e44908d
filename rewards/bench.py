"""Measure the ledger: entries per second beside raw journaled inserts in the same run, and the speed of `verify`.

`python -m rewards.bench [entries to verify]` starts a MongoDB of its own in a temporary folder (or uses MONGODB_URI with
a database that is dropped afterwards) and prints one JSON object a line.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import statistics
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import perf_counter, process_time
from typing import Any, TextIO

from pymongo.write_concern import WriteConcern

from rewards import entries, public_log, tree
from rewards.entries import Entry
from rewards.ledger import Ledger
from rewards.ledger_store import ENTRIES, HEAD, HEADS, head_document, load_book
from rewards.merkle import Frontier, leaf_hash, verify_inclusion
from rewards.money import Fen
from rewards.verify import verify
from store.migrations import migrate
from store.mongo import Store
from store.temporary import temporary_store

CALLERS = (1, 16, 64)


async def run(store: Store, out: TextIO = sys.stdout, *, seconds: float = 3.0, verified: int = 100_000) -> None:
    """Write the measurements to `out`; the ledger in `store` grows by what was entered, and to `verified` entries."""
    await store.db.create_collection("bench_raw")
    async with Ledger(store) as ledger:
        await ledger.appropriate(f"bench:{secrets.token_hex(4)}", "bench", 2026, Fen(10**12), actor="bench")
        prefix = secrets.token_hex(4)
        for callers in CALLERS:
            # Alternating halves: a disk that speeds up or slows down meets both.
            raw, entered, waits = 0.0, 0.0, list[float]()
            for half in range(2):
                raw += await _rate(lambda n: _insert(store, n), callers, seconds / 2, [])
                entered += await _rate(_reserving(ledger, f"{prefix}-{callers}-{half}"), callers, seconds / 2, waits)
            line = {
                "measure": "ledger_entries",
                "callers": callers,
                "entries_per_s": round(entered / 2),
                "raw_inserts_per_s": round(raw / 2),
                "share_of_raw": round(entered / raw, 3),
                "p50_ms": round(statistics.median(waits) * 1000, 1),
                "p99_ms": round(sorted(waits)[int(len(waits) * 0.99)] * 1000, 1),
            }
            _print(out, line)
    await store.db.drop_collection("bench_raw")
    await _grow(store, verified)
    start, busy = perf_counter(), process_time()
    report = await verify(store)
    took, busy = perf_counter() - start, process_time() - busy
    assert report.ok, report.text()
    rate = report.entries / took
    line = {
        "measure": "ledger_verify",
        "entries": report.entries,
        "seconds": round(took, 2),
        "entries_per_s": round(rate),
    }
    _print(
        out,
        line
        | {
            "seconds_per_million": round(1_000_000 / rate, 1),
            "cpu_seconds_per_million": round(busy / report.entries * 1e6, 1),
        },
    )
    if (await public_log.head(store))["size"] == 0:  # its nodes would be in the way
        _print(out, await _proof(store, 50_000))


async def _grow(store: Store, size: int) -> None:
    """Add rewards from reservation to payment until the ledger has `size` entries, without waiting for the disk."""
    head = await store[HEADS].find_one({"_id": HEAD})
    assert head is not None, "a ledger has been opened on this store"
    grown = await load_book(store, head, [])
    quick = store[ENTRIES].with_options(write_concern=WriteConcern(w=1, j=False))
    at, start = datetime.now(UTC), grown.size
    while grown.size < size:
        fresh: list[Entry] = []
        for n in range(grown.size, min(size, grown.size + 10_000), 2):
            claim = f"{start:x}-{n:x}"
            reservation = entries.reserve(f"reserve:{claim}:1", "bench", 2026, claim, Fen(1), actor="bench")
            fresh.append(grown.apply(reservation, at))
            fresh.append(grown.apply(entries.settle(f"payout:{claim}:1", grown.size, actor="bench"), at))
        await quick.insert_many([each.document() for each in fresh], ordered=False)
    await store[HEADS].update_one({"_id": HEAD}, {"$set": head_document(grown)})


async def _insert(store: Store, number: int) -> None:
    await store["bench_raw"].insert_one({"_id": secrets.token_hex(12), "n": number, "filler": "x" * 400})


def _reserving(ledger: Ledger, run: str) -> Callable[[int], Awaitable[Any]]:
    async def reserve(number: int) -> None:
        claim = f"{run}-{number}"
        await ledger.post(entries.reserve(f"bench:{claim}", "bench", 2026, claim, Fen(1), actor="bench"))

    return reserve


async def _rate(act: Callable[[int], Awaitable[Any]], callers: int, seconds: float, waits: list[float]) -> float:
    """Finished acts per second; each caller starts its next act when the last one is answered."""
    numbers = iter(range(10**9))
    start = perf_counter()

    async def caller() -> int:
        done = 0
        while (began := perf_counter()) - start < seconds:
            await act(next(numbers))
            waits.append(perf_counter() - began)
            done += 1
        return done

    done = sum(await asyncio.gather(*(caller() for _ in range(callers))))
    return done / (perf_counter() - start)


async def _proof(store: Store, size: int) -> dict[str, Any]:
    """A proof of the public log from the nodes that are kept in MongoDB, and the check of it."""
    frontier, nodes = Frontier(), []
    for n in range(size):
        nodes += tree.grow(frontier, leaf_hash(str(n).encode()))
    quick = store[public_log.NODES].with_options(write_concern=WriteConcern(w=1, j=False))
    await quick.insert_many([{"_id": f"{level}:{at}", "hash": made} for (level, at), made in nodes], ordered=False)
    made, checked = [], []
    for seq in range(1, size + 1, size // 200):
        start = perf_counter()
        path = await public_log.inclusion(store, seq, size)
        between = perf_counter()
        assert verify_inclusion(leaf_hash(str(seq - 1).encode()), seq - 1, size, path, frontier.root())
        made.append(between - start)
        checked.append(perf_counter() - between)
    return {
        "measure": "inclusion_proof",
        "leaves": size,
        "make_p50_ms": round(statistics.median(made) * 1000, 2),
        "make_from_nodes_in_memory_ms": _from_memory(dict(nodes), size),
        "check_p50_ms": round(statistics.median(checked) * 1000, 3),
    }


def _from_memory(nodes: dict[tree.Node, bytes], size: int) -> float:
    """Without the way to the database and back."""
    start, count = perf_counter(), 200
    for index in range(0, size, size // count):
        for part in tree.inclusion_ranges(index, size):
            tree.root_of_range(part, nodes.__getitem__)
    return round((perf_counter() - start) / count * 1000, 3)


def _print(out: TextIO, line: dict[str, Any]) -> None:
    out.write(json.dumps(line, ensure_ascii=False) + "\n")
    out.flush()


async def main(out: TextIO = sys.stdout, verified: int = 100_000) -> None:
    async with temporary_store() as store:
        await migrate(store)
        await run(store, out, verified=verified)


if __name__ == "__main__":
    asyncio.run(main(verified=int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
