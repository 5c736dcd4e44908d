"""Can the time of an answer tell a wrong number from a wrong code? `python -m tests.bench_receipts` prints JSON lines.

1,000 tries of each kind, in random order, against one tip with a long text among 2,000: the look-up by itself, and the
whole page over HTTP. `auc` is the share of pairs in which the wrong code took longer; 0.5 tells nothing, and a difference
that can be seen leaves the interval of pure chance (three standard errors of the rank test).
"""

import asyncio
import contextlib
import json
import random
import secrets
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

from cases import lookup
from cases.receipts import Receipts
from handlers.middlewares import throttle
from store.embedded import EmbeddedMongo
from tests.conftest import free_port
from tests.handlers.citizens import citizens, file

TRIES = 1000
Try = Callable[[str], Awaitable[None]]


def auc(first: list[float], second: list[float]) -> float:
    """The share of pairs in which the second took longer (Mann and Whitney)."""
    ranks = np.argsort(np.argsort(np.concatenate([first, second]))) + 1
    return float((ranks[len(first) :].sum() - len(second) * (len(second) + 1) / 2) / (len(first) * len(second)))


async def measure(name: str, one: Try, there: str) -> bool:
    """`one(number)` tries a wrong code for a number. True when chance explains the difference."""
    took: dict[bool, list[float]] = {True: [], False: []}
    order = [True, False] * TRIES
    random.shuffle(order)
    for exists in order:
        number = there if exists else f"{secrets.randbelow(10**4):04}-{secrets.randbelow(10**8):08}"[:14]
        begun = time.perf_counter()
        await one(number)
        took[exists].append(time.perf_counter() - begun)
    share, chance = auc(took[False], took[True]), 3 * float(np.sqrt((2 * TRIES + 1) / (12 * TRIES * TRIES)))
    medians = {"wrong_code_us": took[True], "wrong_number_us": took[False]}
    print(json.dumps({
        "measure": f"receipt timing, {name}", "tries": TRIES, "auc": round(share, 4), "chance_within": round(chance, 4),
        "told_apart": abs(share - 0.5) > chance,
        **{key: round(float(np.median(value)) * 1e6, 1) for key, value in medians.items()},
    }))  # fmt: skip
    return abs(share - 0.5) <= chance


async def run(folder: Path) -> bool:
    mongo = EmbeddedMongo(folder / "mongo", free_port())
    mongo.prepare()
    server = subprocess.Popen(mongo.command(), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        await mongo.make_ready()
        async with citizens(mongo, folder / "data") as (client, services, _):
            client.app[throttle.THROTTLE]._limits = dict.fromkeys(throttle.LIMITS, throttle.Limit(10**6, 10**6))
            number, _ = await file(client, what="安全出口锁着。" * 600)
            await services.store["tips"].insert_many(
                [{"_id": f"x{n}", "number": _number(), "receipt": secrets.token_hex(32), "client_key": secrets.token_hex(32)}
                 for n in range(2000)]
            )  # fmt: skip
            receipts: Receipts = services.receipts

            async def alone(tried: str) -> None:
                with contextlib.suppress(lookup.WrongReceipt):
                    await lookup.find(services.store, receipts, tried, "0" * 16)

            async def page(tried: str) -> None:
                # The later answers to a number that is guessed often are the same for both and measured in the tests.
                client.app[throttle.THROTTLE]._buckets.clear()
                async with client.post("/tip", data={"number": tried, "code": "0" * 16}) as answer:
                    assert answer.status == 404
                    await answer.read()

            return all([await measure("look-up", alone, number), await measure("whole page", page, number)])
    finally:
        server.kill()
        server.wait()


def _number() -> str:
    digits = f"{secrets.randbelow(10**12):012}"
    return "-".join((digits[:4], digits[4:8], digits[8:]))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        raise SystemExit(0 if asyncio.run(run(Path(temporary))) else 1)
