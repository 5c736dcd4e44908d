"""Payment batches: rewards that are paid together through the bank, by two officers.

    made → approved → sent → settling → settled          made, approved → cancelled

One officer makes the batch, another approves it, the first downloads the file for the bank with the own password, and
either imports the bank's result. A reward is in one batch at most; while it is, nothing else can be done with it. What
the bank paid is entered in the ledger, what it did not pay is payable again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from access.actors import Actor, Role
from access.vault_batch import open_records
from access.vault_keys import WrongPassword
from rewards import guarded, payments
from rewards.bank_files import BankFileRefused, Order, Result, compare, read_results, write_orders
from rewards.guarded import AuditTrail, NotAllowed, Shelf, Stale, WrongState, reason_of
from rewards.ledger import Ledger
from rewards.money import yuan
from rewards.month_cap import refuse_over
from rewards.record import REWARDS, SHELF, State, in_state
from store.errors import Conflict, NotFound, Refusal
from store.local_time import local_day
from store.mongo import Document, Session, Store

BATCHES = "payment_batches"
MAX_LINES = 300
DOWNLOAD_WITHIN = timedelta(hours=24)
MAX_WRONG_PASSWORDS = 5
STATES = {
    "made": "等待另一人批准",
    "approved": "已批准，待下载",
    "sent": "已下载付款文件，等待银行结果",
    "settling": "正在入账",
    "settled": "已入账",
    "cancelled": "已取消",
}


@dataclass(frozen=True)
class Donee:
    """Where donated rewards go, from the configuration."""

    name: str
    bank: str
    account: str


class NoSuchBatch(NotFound):
    pass


def _stale(batch: Document) -> Stale:
    return Stale(f"付款批次 {batch['number']} 刚刚被别人处理过，现在是“{STATES[batch['state']]}”。请刷新页面重新核对。")


BATCH_SHELF = Shelf(BATCHES, "batch_id", _stale, subject="subject")


async def find(store: Store, batch_id: str) -> Document:
    batch = await store[BATCHES].find_one({"_id": batch_id})
    if batch is None:
        raise NoSuchBatch("没有这个付款批次。请从列表重新打开。")
    return batch


async def listed(store: Store, limit: int = 100) -> list[Document]:
    return await store[BATCHES].find().sort("created_at", -1).to_list(limit)


async def make(
    store: Store, audit: AuditTrail, actor: Actor, reward_ids: Sequence[str], *, jurisdiction: str, now: datetime
) -> Document:
    """Put claimed rewards into a new batch: all of them or none. Raises `WrongState`, `OverMonthlyCap` and others."""
    guarded.need(actor, "付款", Role.FINANCE)
    wanted = list(dict.fromkeys(reward_ids))
    if not 0 < len(wanted) <= MAX_LINES:
        raise Refusal(f"请选择要付款的奖励，一批最多 {MAX_LINES} 笔。", status=422, field="reward")
    number = f"F{local_day(now):%Y%m%d}{secrets.token_hex(3).upper()}"
    batch_id = secrets.token_hex(8)

    async def write(session: Session) -> Document:
        lines = []
        for place, reward_id in enumerate(wanted, 1):
            reward = await store[REWARDS].find_one({"_id": reward_id}, session=session)
            if reward is None:
                raise NotFound("选中的奖励有一笔不存在。请刷新页面重新选择。")
            in_state(reward, State.CLAIMED)
            refuse_over(reward)
            if reward["payee_ref"] is None and not reward["donation"]:
                raise WrongState(f"{reward['public_number']} 还没有收款信息。")
            changes = {"$set": {"state": State.PAYING.value, "batch": batch_id}}
            detail = {"batch": number, "amount_fen": reward["amount_fen"]}
            await SHELF.step(store, audit, session, actor, reward, changes, "reward.batch", detail, now)
            lines.append(
                {
                    "serial": f"{number}{place:04d}", "reward_id": reward_id, "public_number": reward["public_number"],
                    "amount_fen": reward["amount_fen"], "payee_ref": reward["payee_ref"],
                    "donation": reward["donation"], "paid": None, "reason": "", "ledger_seq": None,
                }
            )  # fmt: skip
        total = sum(line["amount_fen"] for line in lines)
        batch = {
            "_id": batch_id, "version": 1, "subject": f"batch:{number}", "number": number, "state": "made",
            "jurisdiction": jurisdiction, "lines": lines, "total_fen": total, "made_by": actor.id, "approved_by": None,
            "approved_at": None, "wrong_passwords": 0, "downloads": [], "result": None, "cancelled": None,
            "created_at": now, "updated_at": now,
        }  # fmt: skip
        detail = {"lines": len(lines), "amount_fen": total}
        return await BATCH_SHELF.insert(store, audit, session, actor, batch, "batch.make", detail, now)

    return await store.transaction(write)


async def approve(
    store: Store, audit: AuditTrail, actor: Actor, batch_id: str, *, version: int, total_fen: int, now: datetime
) -> Document:
    """A second officer has seen lines and total. Also renews the time for downloading."""
    guarded.need(actor, "批准付款", Role.FINANCE, Role.LEADER)
    batch = await _read(store, batch_id, version, "made", "approved", "sent")
    if actor.id == batch["made_by"]:
        raise NotAllowed("做付款批次的人不能批准同一批次。请让另一位财务人员或领导批准。")
    if total_fen != batch["total_fen"]:
        raise _stale(batch)
    state = "sent" if batch["state"] == "sent" else "approved"
    fields = {"state": state, "approved_by": actor.id, "approved_at": now, "wrong_passwords": 0}
    detail = {"amount_fen": total_fen}
    return await BATCH_SHELF.advance(store, audit, actor, batch, {"$set": fields}, "batch.approve", detail, now)


async def cancel(
    store: Store, audit: AuditTrail, actor: Actor, batch_id: str, *, reason: str, version: int, now: datetime
) -> Document:
    """Take a batch back whose file was never handed out; its rewards wait for payment again."""
    guarded.need(actor, "付款", Role.FINANCE)
    batch = await _read(store, batch_id, version, "made", "approved")
    cancelled = {"by": actor.id, "reason": reason_of(reason, "取消的原因")}

    async def write(session: Session) -> Document:
        for line in batch["lines"]:
            reward = await store[REWARDS].find_one({"_id": line["reward_id"]}, session=session)
            assert reward is not None and reward["batch"] == batch_id, "a batch holds its rewards"
            changes = {"$set": {"state": State.CLAIMED.value, "batch": None}}
            detail = {"batch": batch["number"]}
            await SHELF.step(store, audit, session, actor, reward, changes, "reward.unbatch", detail, now)
        over = {"$set": {"state": "cancelled", "cancelled": cancelled}}
        return await BATCH_SHELF.step(store, audit, session, actor, batch, over, "batch.cancel", cancelled, now)

    return await store.transaction(write)


async def download(
    store: Store,
    audit: AuditTrail,
    actor: Actor,
    batch_id: str,
    *,
    password: str,
    fmt: str,
    donee: Donee | None,
    version: int,
    now: datetime,
) -> bytes:
    """The file for the bank. Every account in it is opened and noted before anything is handed out.

    Raises `NotAllowed`, `WrongState`, `WrongPassword` and what the vault refuses.
    """
    guarded.need(actor, "付款", Role.FINANCE)
    batch = await _read(store, batch_id, version, "approved", "sent")
    if actor.id != batch["made_by"]:
        raise NotAllowed("付款文件由做批次的人下载。")
    if batch["approved_by"] is None or now > batch["approved_at"] + DOWNLOAD_WITHIN:
        raise WrongState("批准已超过 24 小时。要再下载付款文件，请让批准人再批准一次。")
    if any(line["donation"] for line in batch["lines"]) and donee is None:
        raise WrongState("批次里有捐赠，但没有设置捐赠的收款单位。请管理员先设置。")
    refs = [line["payee_ref"] for line in batch["lines"] if not line["donation"]]
    reason = f"付款批次 {batch['number']}"
    try:
        opened = iter(
            await open_records(store, refs, actor, password, approved_by=batch["approved_by"], reason=reason, now=now)
        )
    except WrongPassword:
        await _count_wrong(store, audit, actor, batch, now)
        raise
    orders = [_order(line, donee if line["donation"] else next(opened)) for line in batch["lines"]]
    data = write_orders(orders, fmt)
    handed_out = {"by": actor.id, "at": now, "format": fmt, "sha256": hashlib.sha256(data).hexdigest()}
    changes = {"$set": {"state": "sent"}, "$push": {"downloads": handed_out}}
    detail = {"format": fmt, "sha256": handed_out["sha256"]}
    await BATCH_SHELF.advance(store, audit, actor, batch, changes, "batch.download", detail, now)
    return data


async def import_result(
    store: Store,
    audit: AuditTrail,
    ledger: Ledger,
    actor: Actor,
    batch_id: str,
    data: bytes,
    *,
    version: int,
    now: datetime,
) -> Document:
    """Take the bank's result: all lines agree with what was sent, or nothing is entered (`BankFileRefused`).

    The same file again answers the batch as it is.
    """
    guarded.need(actor, "付款", Role.FINANCE)
    batch, digest = await find(store, batch_id), hashlib.sha256(data).hexdigest()
    if batch["result"] is not None:
        if batch["result"]["sha256"] == digest:
            return await settle(store, audit, ledger, actor, batch, now=now)
        raise Conflict(f"批次 {batch['number']} 已经导入过另一份银行结果，没有重复入账。")
    batch = await _read(store, batch_id, version, "sent")
    results = read_results(data)
    expected = {line["serial"]: line["amount_fen"] for line in batch["lines"]}
    if problems := compare(results, expected):
        raise BankFileRefused(problems)
    told = {each.serial: each for each in results}
    lines = [{**line, **_said(told[line["serial"]])} for line in batch["lines"]]
    fields = {"state": "settling", "lines": lines, "result": {"sha256": digest, "by": actor.id, "at": now}}
    detail = {"sha256": digest, "paid": sum(each.paid for each in results), "lines": len(results)}
    batch = await BATCH_SHELF.advance(store, audit, actor, batch, {"$set": fields}, "batch.result", detail, now)
    return await settle(store, audit, ledger, actor, batch, now=now)


async def settle(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, batch: Document, *, now: datetime
) -> Document:
    """Enter what the bank said, line by line. Each line is done once, however often this is called."""
    if batch["state"] != "settling":
        return batch
    lines = []
    for line in batch["lines"]:
        reward = await store[REWARDS].find_one({"_id": line["reward_id"]})
        assert reward is not None, "rewards are never deleted"
        # Whatever else was done before, or is being done by another process at this moment.
        if reward["state"] == State.PAYING and reward["batch"] == batch["_id"]:
            if line["paid"]:
                reward = await payments.enter_payment(store, audit, ledger, actor, reward, now=now)
            else:
                try:
                    await payments.failed(store, audit, actor, reward, line["reason"], now=now)
                except Stale:
                    pass
        lines.append({**line, "ledger_seq": reward["paid_seq"] if line["paid"] else None})
    detail = {"paid_fen": sum(line["amount_fen"] for line in lines if line["paid"])}
    changes = {"$set": {"state": "settled", "lines": lines}}
    try:
        return await BATCH_SHELF.advance(store, audit, actor, batch, changes, "batch.settle", detail, now)
    except Stale:
        return await find(store, batch["_id"])


async def _read(store: Store, batch_id: str, version: int, *states: str) -> Document:
    batch = await find(store, batch_id)
    if batch["state"] not in states:
        wanted = "或".join(f"“{STATES[state]}”" for state in states)
        raise WrongState(
            f"批次 {batch['number']} 现在是“{STATES[batch['state']]}”，这一步要在{wanted}时办理。请刷新页面。"
        )
    if batch["version"] != version:
        raise _stale(batch)
    return batch


async def _count_wrong(store: Store, audit: AuditTrail, actor: Actor, batch: Document, now: datetime) -> None:
    """After five wrong passwords the approval is used up."""
    fields: dict[str, Any] = {"wrong_passwords": batch["wrong_passwords"] + 1}
    if fields["wrong_passwords"] >= MAX_WRONG_PASSWORDS:
        fields |= {"approved_by": None, "state": "made" if batch["state"] == "approved" else batch["state"]}
    await BATCH_SHELF.advance(store, audit, actor, batch, {"$set": fields}, "wrong_password", {}, now)


async def cases_of(store: Store, batch: Document) -> list[str]:
    """The cases whose rewards are in the batch."""
    ids = [line["reward_id"] for line in batch["lines"]]
    return await store[REWARDS].distinct("case_id", {"_id": {"$in": ids}})


def _order(line: Document, payee: dict[str, Any] | Donee | None) -> Order:
    if isinstance(payee, dict):
        payee = Donee(payee["name"], payee["bank"], payee["account"])
    assert payee is not None, "a donee was asked for above"
    return Order(line["serial"], payee.name, payee.bank, payee.account, line["amount_fen"])


def _said(result: Result) -> dict[str, Any]:
    return {"paid": result.paid, "reason": result.reason}


def summary(batch: Document) -> str:
    paid = [line["amount_fen"] for line in batch["lines"] if line["paid"]]
    failed = [line["amount_fen"] for line in batch["lines"] if line["paid"] is False]
    return f"成功 {len(paid)} 笔 {yuan(sum(paid))}，失败 {len(failed)} 笔 {yuan(sum(failed))}"
