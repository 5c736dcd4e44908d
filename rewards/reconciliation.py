"""The bank's word beside the ledger: for each line of a batch, and for all payments of a year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rewards.accounts import Kind
from rewards.batches import BATCHES
from rewards.ledger_store import ENTRIES
from rewards.money import yuan
from rewards.record import REWARDS, STATE_NAMES, State
from store.mongo import Document, Store


@dataclass(frozen=True)
class Totals:
    """In fen: what banks say they paid in settled batches, what was entered by hand, and what the ledger holds."""

    bank: int
    by_hand: int
    returned: int
    ledger: int

    @property
    def difference(self) -> int:
        return self.bank + self.by_hand - self.returned - self.ledger


async def report(store: Store) -> Totals:
    """Over all years. The difference is nothing, or somebody has to look."""
    bank = await _sum(
        store, BATCHES, [{"$match": {"state": "settled"}}, {"$unwind": "$lines"}, {"$match": {"lines.paid": True}}],
        "$lines.amount_fen",
    )  # fmt: skip
    posted = await _sum(store, ENTRIES, [{"$match": {"kind": Kind.POSTED.value}}], "$amount")
    back = [{"$match": {"kind": Kind.REVERSAL.value, "claim": {"$ne": None}}}]
    returned = await _sum(store, ENTRIES, back, "$amount")
    # A payment without a batch was entered by hand; one that came back no longer says how it was made.
    through_banks = await _posted_through_banks(store)
    return Totals(bank, posted - through_banks, returned, posted - returned)


async def _posted_through_banks(store: Store) -> int:
    """What the ledger says about exactly the lines that banks say they paid."""
    pipeline: list[Document] = [
        {"$match": {"state": "settled"}},
        {"$unwind": "$lines"},
        {"$match": {"lines.paid": True}},
        {"$lookup": {"from": ENTRIES, "localField": "lines.ledger_seq", "foreignField": "_id", "as": "entry"}},
        {"$unwind": "$entry"},
    ]
    return await _sum(store, BATCHES, pipeline, "$entry.amount")


async def differences(store: Store, batch: Document) -> list[str]:
    """Where the books and the bank's result of a settled batch differ, in words; none when they agree."""
    if batch["state"] != "settled":
        return []
    rewards = {
        row["_id"]: row async for row in store[REWARDS].find({"_id": {"$in": [line["reward_id"] for line in batch["lines"]]}})
    }  # fmt: skip
    seqs = [line["ledger_seq"] for line in batch["lines"] if line.get("ledger_seq")]
    entries = {row["_id"]: row async for row in store[ENTRIES].find({"_id": {"$in": seqs}})}
    undone = {
        row["target"] async for row in store[ENTRIES].find({"kind": Kind.REVERSAL.value, "target": {"$in": seqs}})
    }
    problems = []
    for line in batch["lines"]:
        if told := _line(line, rewards.get(line["reward_id"]), entries.get(line.get("ledger_seq")), undone):
            problems.append(f"{line['serial']} {line['public_number']}：{told}")
    return problems


def _line(line: Document, reward: Document | None, entry: Document | None, undone: set[int]) -> str:
    if reward is None:
        return "奖励记录不存在。"
    if not line["paid"]:
        return "银行没有付款，账本却有支付分录。" if entry else ""
    if entry is None or entry["kind"] != Kind.POSTED or entry["claim"] != reward["_id"]:
        return "银行已付款，账本没有支付分录。"
    if entry["amount"] != line["amount_fen"]:
        return f"银行付 {yuan(line['amount_fen'])}，账本记 {yuan(entry['amount'])}。"
    if entry["_id"] in undone:
        return f"付款后银行退回，现在是“{STATE_NAMES[State(reward['state'])]}”。"
    if reward["state"] != State.PAID:
        return f"账本已支付，奖励却是“{STATE_NAMES[State(reward['state'])]}”。"
    return ""


async def _sum(store: Store, collection: str, pipeline: list[Document], field: str) -> int:
    summed: dict[str, Any] = {"$group": {"_id": None, "fen": {"$sum": field}}}
    rows = await store.aggregate(collection, [*pipeline, summed])
    return rows[0]["fen"] if rows else 0
