"""What the ledger alone cannot show: that every payment belongs to an approved reward, and that the public log is whole."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from rewards import public_log
from rewards.accounts import Kind
from rewards.ledger_store import ENTRIES
from rewards.merkle import Frontier, leaf_hash
from rewards.public_log import Event
from rewards.record import REWARDS, STATE_NAMES, State
from rewards.verify import Wrong
from store.mongo import Document, Store

_CHUNK = 500
# A payment whose reward has not followed yet is completed within a minute; after an hour something is wrong.
_PATIENCE = timedelta(hours=1)


async def check_payments(store: Store, now: datetime) -> Wrong | None:
    """One payout for each reward, each with an approval by somebody who did not propose it, for a substantiated case.

    Names the first wrong ledger entry, else a reward that claims to be paid and is not.
    """
    query = {"kind": Kind.REVERSAL.value, "claim": {"$ne": None}}
    undone = {row["target"] async for row in store[ENTRIES].find(query, {"target": 1})}
    paid: dict[str, int] = {}
    async for batch in store.in_batches(ENTRIES, {"kind": Kind.POSTED.value}, "_id", _CHUNK):
        rewards = await _by_id(store, REWARDS, [row["claim"] for row in batch])
        cases = await _by_id(store, "cases", [row["case_id"] for row in rewards.values()])
        logged = await _by_id(store, public_log.LOG, [row["log_seq"] for row in rewards.values() if row["log_seq"]])
        for entry in batch:
            if entry["_id"] in undone:
                continue
            reward = rewards.get(entry["claim"])
            told = _first_wrong(entry, reward, cases, logged, paid, now)
            if told:
                return Wrong(entry["_id"], f"第 {entry['_id']} 号分录（支付奖金）：{told}")
            paid[entry["claim"]] = entry["_id"]
    async for batch in store.in_batches(REWARDS, {"state": State.PAID.value}, "_id", _CHUNK):
        for reward in batch:
            if paid.get(reward["_id"]) != reward["paid_seq"]:
                return Wrong(None, f"奖励 {reward['public_number']} 记为已付款，账本里没有这笔支付")
    return None


def _first_wrong(
    entry: Document,
    reward: Document | None,
    cases: dict[str, Document],
    logged: dict[int, Document],
    paid: dict[str, int],
    now: datetime,
) -> str:
    if entry["claim"] in paid:
        return f"奖励 {entry['claim']} 已经在第 {paid[entry['claim']]} 号支付过"
    if reward is None:
        return "没有这笔奖励的记录"
    if reward["amount_fen"] != entry["amount"]:
        return f"金额与奖励 {reward['public_number']} 批准的不同"
    approval = reward["approval"]
    if approval is None or not approval["by"] or approval["by"] in reward["proposers"]:
        return f"奖励 {reward['public_number']} 没有另一人的批准"
    case = cases.get(reward["case_id"])
    if case is None or (case.get("finding") or {}).get("result") not in ("substantiated", "partly"):
        return f"奖励 {reward['public_number']} 的案件没有查实"
    if reward["state"] != State.PAID or reward["paid_seq"] != entry["_id"]:
        if now - entry["at"] < _PATIENCE:
            return ""
        return f"奖励 {reward['public_number']} 的记录是“{STATE_NAMES[State(reward['state'])]}”，没有记为这笔付款"
    leaf = logged.get(reward["log_seq"])
    if leaf is None or leaf["event"] != Event.PAID or leaf["number"] != reward["public_number"]:
        return f"奖励 {reward['public_number']} 的付款没有写进公开记录"
    if json.loads(leaf["private"]["text"]).get("ledger_hash") != entry["hash"]:
        return f"公开记录里 {reward['public_number']} 的承诺与这一分录不同"
    return ""


async def check_public_log(store: Store, signed: dict[int, str] | None = None) -> Wrong | None:
    """Recompute the tree and every commitment; `signed` maps sizes to roots (hex) that were published."""
    frontier = Frontier()
    async for batch in store.in_batches(public_log.LOG, {}, "_id", _CHUNK):
        for row in batch:
            seq = frontier.size + 1
            if told := _wrong_leaf(row, seq):
                return Wrong(seq, f"公开记录第 {seq} 条：{told}")
            frontier.push(row["hash"])
            if signed and signed.get(seq, root := frontier.root().hex()) != root:
                return Wrong(seq, f"公开记录前 {seq} 条与此前签名公布的不同")
    head = await public_log.head(store)
    if head["size"] != frontier.size or head["root"] != frontier.root().hex():
        return Wrong(None, f"公开记录应有 {head['size']} 条，找到 {frontier.size} 条，或根哈希不符")
    if signed and max(signed) > frontier.size:
        return Wrong(frontier.size + 1, f"公开记录缺少第 {frontier.size + 1} 条起的内容：此前公布过 {max(signed)} 条")
    return None


def _wrong_leaf(row: Document, seq: int) -> str:
    if row["_id"] != seq:
        return "缺失"
    if leaf_hash(row["leaf"].encode()) != row["hash"]:
        return "内容与它的哈希不符"
    leaf = json.loads(row["leaf"])
    if (leaf["seq"], leaf["event"], leaf["number"]) != (seq, row["event"], row["number"]):
        return "序号、种类或编号与内容不符"
    for name in ("content", "private"):
        kept = row[name]
        if kept is None:
            continue
        made = hashlib.sha256(bytes.fromhex(kept["salt"]) + kept["text"].encode()).hexdigest()
        if made != leaf[name]:
            return "所保存的内容与公布的承诺不符"
    return ""


async def _by_id(store: Store, collection: str, ids: list) -> dict:
    return {row["_id"]: row async for row in store[collection].find({"_id": {"$in": ids}})}
