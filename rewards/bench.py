"""Measure the ledger: entries per second beside raw journaled inserts in the same run, and the speed of `verify`.

`python -m rewards.bench` starts a MongoDB of its own in a temporary folder (or uses MONGODB_URI with a database that is
dropped afterwards) and prints one JSON object a line.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, TextIO

from rewards import book
from rewards.ledger import Ledger
from rewards.merkle import inclusion_path, leaf_hash, root_of, verify_inclusion
from rewards.money import Fen
from rewards.verify import verify
from store.embedded import EmbeddedMongo
from store.migrations import migrate
from store.mongo import Store

CALLERS = (1, 16, 64)


async def run(store: Store, out: TextIO = sys.stdout, *, seconds: float = 3.0, proof_leaves: int = 10_000) -> None:
    """Write the measurements to `out`; the ledger in `store` grows by what was entered."""
    await store.db.create_collection("bench_raw")
    async with Ledger(store) as ledger:
        await ledger.appropriate(f"bench:{secrets.token_hex(4)}", "bench", 2026, Fen(10**12), actor="bench")
        prefix = secrets.token_hex(4)
        for callers in CALLERS:
            # Alternating halves: a disk that speeds up or slows down meets both.
            raw, entries, waits = 0.0, 0.0, list[float]()
            for half in range(2):
                raw += await _rate(lambda n: _insert(store, n), callers, seconds / 2, [])
                entries += await _rate(_reserving(ledger, f"{prefix}-{callers}-{half}"), callers, seconds / 2, waits)
            line = {
                "measure": "ledger_entries",
                "callers": callers,
                "entries_per_s": round(entries / 2),
                "raw_inserts_per_s": round(raw / 2),
                "share_of_raw": round(entries / raw, 3),
                "p50_ms": round(statistics.median(waits) * 1000, 1),
                "p99_ms": round(sorted(waits)[int(len(waits) * 0.99)] * 1000, 1),
            }
            _print(out, line)
    await store.db.drop_collection("bench_raw")
    start = perf_counter()
    report = await verify(store)
    took = perf_counter() - start
    assert report.ok, report.text()
    rate = report.entries / took
    line = {
        "measure": "ledger_verify",
        "entries": report.entries,
        "seconds": round(took, 2),
        "entries_per_s": round(rate),
    }
    _print(out, line | {"seconds_per_million": round(1_000_000 / rate, 1)})
    _print(out, _proof(proof_leaves))


async def _insert(store: Store, number: int) -> None:
    await store["bench_raw"].insert_one({"_id": secrets.token_hex(12), "n": number, "filler": "x" * 400})


def _reserving(ledger: Ledger, run: str) -> Callable[[int], Awaitable[Any]]:
    async def reserve(number: int) -> None:
        claim = f"{run}-{number}"
        await ledger.post(book.reserve(f"bench:{claim}", "bench", 2026, claim, Fen(1), actor="bench"))

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


def _proof(size: int) -> dict[str, Any]:
    leaves = [leaf_hash(str(n).encode()) for n in range(size)]
    start = perf_counter()
    path = inclusion_path(leaves, size // 3)
    made = perf_counter()
    root = root_of(leaves)
    checking = perf_counter()
    assert verify_inclusion(leaves[size // 3], size // 3, size, path, root)
    return {
        "measure": "inclusion_proof",
        "leaves": size,
        "make_from_leaves_ms": round((made - start) * 1000, 2),
        "check_ms": round((perf_counter() - checking) * 1000, 3),
    }


def _print(out: TextIO, line: dict[str, Any]) -> None:
    out.write(json.dumps(line, ensure_ascii=False) + "\n")
    out.flush()


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    """The address of a MongoDB to measure on."""
    if outside := os.environ.get("MONGODB_URI"):
        yield outside
        return
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = EmbeddedMongo(Path(folder), port, cache_gb=0.25)
        server.prepare()
        process = await asyncio.create_subprocess_exec(
            *server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            await server.make_ready()
            yield server.uri
        finally:
            process.terminate()
            await process.wait()


async def main(out: TextIO = sys.stdout) -> None:
    async with _server() as uri:
        name = f"bench_{secrets.token_hex(4)}"
        store = await Store.connect(uri, name)
        try:
            await migrate(store)
            await run(store, out)
        finally:
            await store.client.drop_database(name)
            await store.close()


if __name__ == "__main__":
    asyncio.run(main())
