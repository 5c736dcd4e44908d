"""mongod and the writer are killed in the middle of random work: nothing acknowledged is lost, nothing is paid twice.

`python -m tests.rewards.test_crash 10000` goes on until so many operations were answered.
"""

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from access import audit
from rewards import check_all, completion
from rewards.checkpoints import Notary
from rewards.ledger import Ledger
from rewards.ledger_store import ENTRIES, budget_balances
from store.embedded import EmbeddedMongo
from store.migrations import migrate
from store.mongo import Store
from tests.conftest import free_port
from tests.rewards.crash_writer import REWARDS

ROOT = Path(__file__).parents[2]


class Server:
    def __init__(self, folder: Path) -> None:
        self.mongo = EmbeddedMongo(folder, free_port(), cache_gb=0.25)
        self.mongo.prepare()
        self.process: subprocess.Popen | None = None

    async def start(self) -> None:
        self.process = subprocess.Popen(self.mongo.command(), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        await self.mongo.make_ready()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Writer:
    """The process, and everything that it acknowledged over all its lives."""

    def __init__(self, uri: str) -> None:
        self.uri, self.lives, self.lines = uri, 0, []
        self.reading = None
        self.process = None

    async def start(self) -> None:
        self.lives += 1
        command = [sys.executable, "-m", "tests.rewards.crash_writer", self.uri, str(self.lives)]
        self.process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        self.reading = asyncio.create_task(self._read(self.process.stdout))

    async def _read(self, out) -> None:
        async for line in out:
            self.lines.append(line.decode().split())

    async def at_work(self, limit_s: float = 60) -> None:
        """Wait until it answers (again)."""
        answered, begun = self.operations, time.monotonic()
        while self.operations == answered:
            assert time.monotonic() - begun < limit_s, "the writer does not come back"
            await asyncio.sleep(0.05)

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self.reading

    @property
    def operations(self) -> int:
        return sum(line == ["op"] for line in self.lines)


async def seeded(uri: str) -> None:
    store = await Store.connect(uri, "crash")
    await migrate(store)
    await store["cases"].insert_many(
        [{"_id": f"case{n}", "opened_on": "2026-01-01", "finding": {"result": "substantiated"}, "state": "archived"}
         for n in range(REWARDS)]
    )  # fmt: skip
    await store.close()


async def play(folder: Path, seconds: float, wanted: int | None = None) -> tuple[int, Counter]:
    """Kill and start again for so long, or until so many operations; then look. (operations, kills)."""
    server, dice, kills = Server(folder), random.Random(7), Counter()
    await server.start()
    await seeded(server.mongo.uri)
    writer = Writer(server.mongo.uri)
    await writer.start()
    begun = time.monotonic()
    while time.monotonic() - begun < seconds if wanted is None else writer.operations < wanted:
        await writer.at_work()
        await asyncio.sleep(dice.uniform(0.3, 2.5))
        victim = ("mongod", "writer", "both")[sum(kills.values()) % 3]
        kills[victim] += 1
        if victim != "mongod":
            await writer.kill()
        if victim != "writer":
            server.kill()
            await server.start()
        if victim != "mongod":
            await writer.start()
    await writer.kill()
    try:
        await look(server.mongo.uri, writer)
    finally:
        server.kill()
    return writer.operations, kills


async def look(uri: str, writer: Writer) -> None:
    store = await Store.connect(uri, "crash")
    later = datetime.now(UTC) + timedelta(hours=2)
    async with Ledger(store) as ledger:
        while await completion.complete(store, audit, ledger, now=later):
            pass
    report = await check_all.check_all(store, Notary(store, "qingdao", b"s" * 32), later)
    assert report.ok, report.text()
    assert (await audit.verify(store))[1] is None
    entries = {entry["_id"]: entry async for entry in store[ENTRIES].find()}
    undone = {entry["target"] for entry in entries.values() if entry["kind"] == "reversal"}
    for line in writer.lines:
        if line[0] == "paid":
            _, claim, seq, digest = line
            entry = entries[int(seq)]
            assert (entry["claim"], entry["kind"], entry["hash"]) == (claim, "posted", digest), "acknowledged and lost"
        elif line[0] == "returned":
            assert int(line[2]) in undone, "acknowledged and lost"
    paid = Counter(e["claim"] for e in entries.values() if e["kind"] == "posted" and e["_id"] not in undone)
    assert all(count == 1 for count in paid.values()), "paid twice"
    rewards = [row async for row in store["rewards"].find()]
    assert {row["_id"] for row in rewards if row["state"] == "paid"} == set(paid)
    assert sum(row["amount_fen"] for row in rewards if row["state"] == "paid") == sum(
        fen for name, fen in (await budget_balances(store)).items() if name.startswith("paid:")
    )
    await store.close()


async def test_nothing_acknowledged_is_lost_and_nothing_is_paid_twice(tmp_path):
    operations, kills = await play(tmp_path, seconds=35)
    assert sum(kills.values()) >= 4 and operations > 100, (operations, kills)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(asyncio.run(play(Path(folder), 0, int(sys.argv[1]))))
