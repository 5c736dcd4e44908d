"""A process that pays rewards at random until it is killed: `python -m tests.rewards.crash_writer URI SEED`.

Each line on its output is something that was acknowledged: `paid REWARD SEQ HASH`, `returned REWARD SEQ`, `op`.
"""

import asyncio
import random
import sys
from datetime import UTC, datetime

from pymongo.errors import PyMongoError

from access import audit
from rewards import completion, endings, payments
from rewards.ledger import Ledger
from rewards.ledger_store import entries_of
from rewards.money import Fen
from rewards.record import State
from store.errors import Refusal
from store.mongo import Store
from tests.rewards.desk import ANN, BOB, CAT, Desk, assessed

REWARDS, WORKERS = 60, 6


def say(*words: object) -> None:
    print(*words, flush=True)


async def step(desk: Desk, dice: random.Random) -> None:
    """One step of some reward, mostly one that fits its state."""
    store, n, now = desk.store, dice.randrange(REWARDS), datetime.now(UTC)
    tip, case = f"tip{n}", f"case{n}"
    reward = await store["rewards"].find_one({"case_id": case, "tip_id": tip})
    if reward is None or (reward["state"] in (State.NOT_ELIGIBLE, State.WAIVED) and reward["approval"] is None):
        version = reward["version"] if reward else None
        await desk.propose(ANN, assessed(20_000 + n), version=version, tip=tip, case=case)
    elif reward["state"] in (State.NOT_ELIGIBLE, State.WAIVED):
        await desk.propose(ANN, assessed(20_000 + n), version=reward["version"], tip=tip, case=case)
    elif reward["state"] == State.PROPOSED:
        await desk.approve(reward)
    elif dice.random() < 0.08 and reward["state"] != State.PAID:
        await desk.refuse(BOB, tip=tip, case=case)
    elif reward["state"] == State.APPROVED:
        await desk.notify(reward)
    elif reward["state"] == State.NOTIFIED and dice.random() < 0.1:
        await endings.waive(store, audit, desk.ledger, reward["_id"], now=now)
    elif reward["state"] == State.NOTIFIED:
        await desk.claim(reward, now=now)
    elif reward["state"] == State.CLAIMED:
        paid = await desk.pay(reward, CAT)
        entries = {entry.seq: entry for entry in await entries_of(store, reward["_id"])}
        say("paid", reward["_id"], paid["paid_seq"], entries[paid["paid_seq"]].hash)
    elif reward["state"] == State.PAID:
        told = {"reason": "销户", "version": reward["version"], "now": now}
        await payments.came_back(store, audit, desk.ledger, CAT, reward["_id"], **told)
        say("returned", reward["_id"], reward["paid_seq"])


async def work(desk: Desk, dice: random.Random) -> None:
    while True:
        try:
            await step(desk, dice)
            say("op")
        except Refusal:
            say("op")  # another worker was first: an answer too
        except PyMongoError:
            await asyncio.sleep(0.1)  # the server is dead; what became of the step shows when it is back


async def main(uri: str, seed: str) -> None:
    store = await Store.connect(uri, "crash")
    async with Ledger(store) as ledger:
        await ledger.appropriate("all", "qingdao", 2026, Fen(10**11), actor="ann")
        await completion.complete(store, audit, ledger, now=datetime.now(UTC), young=completion.YOUNG * 0)
        desk = Desk(store, ledger)
        await asyncio.gather(*(work(desk, random.Random(f"{seed}{n}")) for n in range(WORKERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
