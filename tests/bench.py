"""`make bench`: every figure that the documentation claims, measured on this machine, as JSON lines."""

import asyncio
import json
import random
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from cases.rasa import RasaClient
from settings import Settings, gateway_secret
from store.keys import Keys
from tests.load_client import TEXTS
from tests.system import ROOT, System, running_system, with_store

BOT_PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"


def report(name: str, **figures) -> None:
    print(json.dumps({"measure": name, **figures}, ensure_ascii=False), flush=True)


def progress(text: str) -> None:
    print(f"== {text}", file=sys.stderr, flush=True)


def memory_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) // 1024


def filing(system: System) -> None:
    """Tips per second through the web form; every acknowledged number is then looked for in the database."""
    for clients, count in ((1, 300), (16, 3000), (32, 2000)):
        done = subprocess.run(
            [sys.executable, "-m", "tests.load_client", system.url, str(clients), str(count)],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        result = json.loads(done.stdout)
        numbers = result.pop("numbers")

        async def kept(store, numbers=numbers):
            return await store["tips"].count_documents({"number": {"$in": numbers}})

        report("filing through the web form", **result, lost=len(numbers) - with_store(system, kept))


def wait_until_understood(system: System, limit_s: float = 300) -> float:
    """Seconds until no case is left in "received"."""

    async def left(store):
        return await store["cases"].count_documents({"state": "received"})

    begun = time.monotonic()
    while with_store(system, left) and time.monotonic() - begun < limit_s:
        time.sleep(0.5)
    return time.monotonic() - begun


def understanding(system: System) -> None:
    """How long after filing a tip is understood, at 20 tips a second."""
    report("backlog of all tips above understood", seconds=round(wait_until_understood(system), 1))
    since = datetime.now(UTC)

    async def steady() -> int:
        async with aiohttp.ClientSession() as client:

            async def one(n: int) -> int:
                fields = {"client_key": secrets.token_urlsafe(24), "what": f"{TEXTS[n % 5]}{n}", "place": "李沧区李村街道",
                          "confirmed": "1"}  # fmt: skip
                async with client.post(
                    f"{system.url}/report", data=fields, headers={"Accept": "application/json"}
                ) as answer:
                    await answer.read()
                    return answer.status

            tasks = []
            for n in range(300):
                tasks.append(asyncio.create_task(one(n)))
                await asyncio.sleep(0.05)
            return (await asyncio.gather(*tasks)).count(201)

    filed = asyncio.run(steady())
    wait_until_understood(system)

    async def waits(store):
        rows = store["audit"].find({"action": "understand", "at": {"$gte": since - timedelta(seconds=1)}})
        at = {row["subject"]: row["at"] async for row in rows}
        cases = store["cases"].find({"created_at": {"$gte": since}}, {"created_at": 1})
        return sorted(
            [(at[case["_id"]] - case["created_at"]).total_seconds() async for case in cases if case["_id"] in at]
        )

    found = with_store(system, waits)
    report(
        "filing to understood at 20 tips a second", filed=filed, understood=len(found),
        p50_s=round(found[len(found) // 2], 3), p99_s=round(found[int(len(found) * 0.99)], 3), worst_s=round(found[-1], 3),
    )  # fmt: skip


def parsing(system: System) -> None:
    """One text after another through Rasa's port, as the service asks; in process: bot/evaluate.py."""
    data = system.folder / "data"
    settings = Settings(_env_file=None, data_dir=data, rasa_port=system.ports["RASA_PORT"])

    async def ask() -> list[float]:
        took = []
        async with RasaClient(settings.rasa_url, gateway_secret(settings, Keys.load(data))) as rasa:
            for n in range(520):
                begun = time.perf_counter()
                await rasa.parse([f"{TEXTS[n % 5]}{n}"])
                took.append(time.perf_counter() - begun)
        return sorted(took[20:])  # the first ones open the connection

    took = asyncio.run(ask())
    report("parse over HTTP", p50_ms=round(took[250] * 1000, 2), p99_ms=round(took[495] * 1000, 2))


def chatting(system: System, conversations: int, think_s: float = 0.0) -> None:
    """Whole chat turns, each conversation from the first sentence to number and code.

    `think_s`: how long a person reads and types before each answer, at most (evenly from a third of it).
    """
    turns: list[float] = []

    async def talk(n: int) -> bool:
        says: list[dict] = [{"text": TEXTS[n % 5] + ",在市北区台东街道,是海天商场,现在还这样"}]
        jar = aiohttp.CookieJar(unsafe=True)  # unsafe: takes cookies of a host that is a number
        async with aiohttp.ClientSession(headers={"Sec-Fetch-Site": "same-origin"}, cookie_jar=jar) as client:
            async with client.get(f"{system.url}/chat") as page:
                await page.read()
            for step in range(12):
                message = says[step] if step < len(says) else None
                if message is None:
                    break
                await asyncio.sleep(random.uniform(think_s / 3, think_s))
                begun = time.perf_counter()
                body = {"message_id": secrets.token_hex(12), **message}
                async with client.post(f"{system.url}/chat/messages", json=body) as answer:
                    reply = await answer.json()
                turns.append(time.perf_counter() - begun)
                if any("receipt" in each for each in reply["messages"]):
                    return True
                offered = [b["payload"] for m in reply.get("messages", []) for b in m.get("buttons") or []]
                wanted = next((p for p in ("/affirm", "/skip", "/dont_know") if p in offered), None)
                says.append({"payload": wanted} if wanted else {"text": "不知道"})
        return False

    async def all_of_them() -> int:
        return sum(await asyncio.gather(*(talk(n) for n in range(conversations))))

    begun = time.perf_counter()
    finished = asyncio.run(all_of_them())
    seconds = time.perf_counter() - begun
    turns.sort()
    report(
        "chat", conversations=conversations, think_s=think_s, finished=finished, tips_per_second=round(finished / seconds, 2),
        turns_per_second=round(len(turns) / seconds, 1), turn_p50_ms=round(turns[len(turns) // 2] * 1000, 1),
        turn_p95_ms=round(turns[int(len(turns) * 0.95)] * 1000, 1),
    )  # fmt: skip


def batch_commands() -> None:
    lines = "".join(
        json.dumps({"id": n, "text": TEXTS[n % 5] + str(n)}, ensure_ascii=False) + "\n" for n in range(1000)
    )
    for name in ("classify", "locate"):
        begun = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "cli", name], input=lines, text=True, capture_output=True, check=True, cwd=ROOT
        )
        report(f"tip12350 {name}, 1,000 lines with start-up", seconds=round(time.monotonic() - begun, 2))


def modules() -> None:
    """Measurements that the rooms bring themselves; they print their own JSON lines."""
    for title, command in (
        ("places and points", [sys.executable, "-m", "grid.bench"]),
        ("deadlines", [sys.executable, "-m", "cases.bench"]),
        ("facts", [sys.executable, "-m", "tests.fact_scores"]),
        ("lists, counts and duplicates in a made-up city", [sys.executable, "-m", "tests.city_bench"]),
        ("classifier", [str(BOT_PYTHON), "bot/evaluate.py"]),
    ):
        progress(title)
        subprocess.run(command, check=True, cwd=ROOT)


def ledger(system: System) -> None:
    from rewards.bench import run

    with_store(system, run)


def main() -> None:
    progress("训练模型")
    begun = time.monotonic()
    subprocess.run([str(BOT_PYTHON), "bot/train.py", "--force"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    report("training", seconds=round(time.monotonic() - begun, 1))
    progress("启动整个系统")
    with tempfile.TemporaryDirectory() as folder, running_system(Path(folder)) as system:
        report("start-up", service_s=round(system.service_in, 1), everything_s=round(system.started_in, 1))
        report("memory at rest, MB", **{name: memory_mb(pid) for name, pid in system.children().items()})
        for part in (
            filing,
            understanding,
            parsing,
            lambda s: chatting(s, 1),
            lambda s: chatting(s, 20),
            lambda s: chatting(s, 20, think_s=3),
            ledger,
        ):
            part(system)
        report("memory after load, MB", **{name: memory_mb(pid) for name, pid in system.children().items()})
    batch_commands()
    modules()


if __name__ == "__main__":
    main()
