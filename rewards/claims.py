"""One reward from proposal to payment, or to its end without one.

    proposed → approved → notified → claimed → paid
                             └→ forfeited (60 days passed)      any state before paid → not_eligible

Every step is one transaction of the new state and its audit entry, guarded by the version that was read. A step that
moves money writes the ledger first, under a key made from the reward's id, then the state: when the process dies in
between, the same call again finds its ledger entry and completes. Where two steps race, the ledger decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from access.actors import REPORTER, Actor, Role
from rewards.assess import Assessment
from rewards.book import AlreadySettled
from rewards.ledger import Ledger
from rewards.record import (
    AlreadyProposed,
    AuditTrail,
    NotAllowed,
    State,
    WrongState,
    advance,
    china_date,
    find,
    in_state,
    insert,
    need,
    new_record,
    of_tip,
    stale,
    step,
)
from rewards.rules import rule_sets
from store.errors import Conflict, Refusal
from store.mongo import Document, Session, Store


class PayeeVault(Protocol):
    """`access.vault`, handed in: seals payee data so that only finance can open it, and answers a record id."""

    async def seal_payee(self, session: Session, tip_id: str, payee: dict[str, str]) -> str: ...


class SamePerson(NotAllowed):
    """Who proposed a reward can never approve it, whatever other roles the account has."""


class AlreadyPaid(Conflict):
    pass


class ConditionsNotMet(Conflict):
    pass


class ClaimTooLate(Conflict):
    pass


async def propose(
    store: Store,
    audit: AuditTrail,
    actor: Actor,
    *,
    case_id: str,
    tip_id: str,
    assessment: Assessment,
    jurisdiction: str,
    year: int,
    now: datetime,
    version: int | None = None,
) -> Document:
    """Propose a reward, or change an unapproved proposal (then `version` is the one that was read).

    A changed proposal has a new version, so that nobody approves what they did not see. After `not_eligible` a new
    proposal may follow, for instance when the reporter objected with success.
    Raises `NotAllowed`, `ConditionsNotMet`, `AlreadyProposed`, `StaleProposal`, `WrongState`.
    """
    need(actor, Role.FINANCE)
    if assessment.unmet:
        texts = "、".join(each.text for each in assessment.unmet)
        raise ConditionsNotMet(f"这些条件没有满足：{texts}。请核对；确实不满足的，请用“不予奖励”并写明理由。")
    content = {
        "rule_set": assessment.rule_set,
        "assessment": assessment.to_document(),
        "amount_fen": assessment.amount_fen,
        "jurisdiction": jurisdiction,
        "year": year,
        "state": State.PROPOSED.value,
        "proposed_by": actor.id,
        "approval": None,
        "pending_seq": None,
        "ended": None,
        "updated_at": now,
    }
    detail = {"amount_fen": assessment.amount_fen, "rule_set": assessment.rule_set, "track": assessment.track}
    old = await of_tip(store, case_id, tip_id)
    if old is None:
        fresh = new_record(case_id, tip_id, actor, now) | content
        return await insert(store, audit, actor, fresh, "reward.propose", detail, now)
    if version is None:
        raise AlreadyProposed("这条举报已经提过奖励。请打开原来的奖励修改，不要另提一笔。")
    in_state(old, State.PROPOSED, State.NOT_ELIGIBLE)
    if old["approval"] is not None:
        raise WrongState("这笔奖励正在批准，不能再改。请刷新页面查看结果。")
    if old["version"] != version:
        raise stale(old)
    changes = {"$set": content, "$addToSet": {"proposers": actor.id}}
    return await advance(store, audit, actor, old, changes, "reward.change", detail, now)


async def approve(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, reward_id: str, *, version: int, now: datetime
) -> Document:
    """Approve what the proposal said in `version` and reserve the money.

    The decision is stored before the money is reserved, so that the amount cannot change in between; when the budget
    is exhausted the decision is taken back and `BudgetExhausted` raised.
    Raises `NotAllowed`, `SamePerson`, `StaleProposal`, `WrongState`, and the ledger's refusals.
    """
    need(actor, Role.FINANCE)
    reward = await find(store, reward_id)
    approval = reward["approval"]
    if reward["state"] == State.APPROVED and approval["by"] == actor.id and approval["version"] == version:
        return reward
    in_state(reward, State.PROPOSED)
    if actor.id in reward["proposers"]:
        raise SamePerson("提出奖励的人不能批准同一笔奖励，即使另有批准权限。请让另一位财务人员批准。")
    if approval is None:
        if reward["version"] != version:
            raise stale(reward)
        approval = {"by": actor.id, "version": version, "at": now}
        detail = {"amount_fen": reward["amount_fen"], "version": version}
        reward = await advance(
            store, audit, actor, reward, {"$set": {"approval": approval}}, "reward.approve", detail, now
        )
    elif version not in (approval["version"], reward["version"]):
        raise stale(reward)
    try:
        entry = await ledger.pending(
            f"reserve:{reward_id}:{approval['version']}",
            reward["jurisdiction"],
            reward["year"],
            reward_id,
            reward["amount_fen"],
            actor=approval["by"],
        )
    except Refusal as refusal:
        taken_back = {"$set": {"approval": None}}
        detail = {"reason": refusal.message}
        await advance(store, audit, actor, reward, taken_back, "reward.approval_failed", detail, now)
        raise
    changes = {"$set": {"state": State.APPROVED.value, "pending_seq": entry.seq}}
    return await advance(store, audit, actor, reward, changes, "reward.reserve", {"ledger_seq": entry.seq}, now)


async def notify(store: Store, audit: AuditTrail, actor: Actor, reward_id: str, *, now: datetime) -> Document:
    """Record that the reporter was told; the period for claiming starts, counted in calendar days after today."""
    need(actor, Role.FINANCE)
    reward = await find(store, reward_id)
    in_state(reward, State.APPROVED)
    days = rule_sets()[reward["rule_set"]].claim_days
    today = china_date(now)
    due = (today + timedelta(days=days)).isoformat()
    changes = {"$set": {"state": State.NOTIFIED.value, "notified_on": today.isoformat(), "claim_due": due}}
    return await advance(store, audit, actor, reward, changes, "reward.notify", {"claim_due": due}, now)


async def claim(
    store: Store, audit: AuditTrail, vault: PayeeVault, reward_id: str, payee: Mapping[str, str], *, now: datetime
) -> Document:
    """The reporter, already recognised by number and code, says where the money shall go.

    `payee` {"name", "bank", "account"} and optionally "phone" goes sealed into the vault in the same transaction; the
    reward keeps the vault's record id. Nothing of it enters the audit trail or the ledger.
    Raises `ClaimTooLate`, `WrongState`, or a `Refusal` naming the payee field at fault.
    """
    details = checked_payee(payee)
    reward = await find(store, reward_id)
    if reward["state"] in (State.CLAIMED, State.PAID):
        raise WrongState("这笔奖励已经登记领取，没有重复登记。要改收款信息，请联系受理单位。")
    in_state(reward, State.NOTIFIED)
    if china_date(now).isoformat() > reward["claim_due"]:
        raise ClaimTooLate(f"领取期限到 {reward['claim_due']} 为止，已经过了。有正当理由的，请联系受理单位申请延长。")

    async def write(session: Session) -> Document:
        ref = await vault.seal_payee(session, reward["tip_id"], details)
        changes = {"$set": {"state": State.CLAIMED.value, "payee_ref": ref, "claimed_on": china_date(now).isoformat()}}
        return await step(store, audit, session, REPORTER, reward, changes, "reward.claim", {}, now)

    return await store.transaction(write)


async def pay(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, reward_id: str, *, now: datetime
) -> Document:
    """Enter the payment in the ledger and mark the reward paid. The same person's retry answers the paid reward.

    Raises `AlreadyPaid`, `NotAllowed`, `WrongState`.
    """
    need(actor, Role.FINANCE)
    reward = await find(store, reward_id)
    if reward["state"] == State.PAID:
        if reward["paid_by"] == actor.id:
            return reward
        raise AlreadyPaid(f"这笔奖励已于 {reward['paid_on']} 付款，没有重复付款。")
    in_state(reward, State.CLAIMED)
    entry = await ledger.post_pending(f"payout:{reward_id}", reward["pending_seq"], actor=actor.id)
    changes = {
        "$set": {
            "state": State.PAID.value,
            "paid_on": china_date(entry.at).isoformat(),
            "paid_by": entry.actor,
            "paid_seq": entry.seq,
        }
    }
    detail = {"amount_fen": reward["amount_fen"], "ledger_seq": entry.seq}
    return await advance(store, audit, actor, reward, changes, "reward.pay", detail, now)


async def forfeit(
    store: Store, audit: AuditTrail, ledger: Ledger, actor: Actor, reward_id: str, *, now: datetime
) -> Document:
    """Close a reward that was not claimed in time (national rule, article 13) and free its money."""
    need(actor, Role.FINANCE)
    reward = await find(store, reward_id)
    if reward["state"] == State.FORFEITED:
        return reward
    in_state(reward, State.NOTIFIED)
    if china_date(now).isoformat() <= reward["claim_due"]:
        raise WrongState(f"领取期限到 {reward['claim_due']}，还没有过，不能按逾期处理。")
    return await _end(store, audit, ledger, actor, reward, State.FORFEITED, "逾期未领取", now)


async def mark_not_eligible(
    store: Store,
    audit: AuditTrail,
    ledger: Ledger,
    actor: Actor,
    *,
    case_id: str,
    tip_id: str,
    reason: str,
    now: datetime,
) -> Document:
    """An officer decides, with a reason that the reporter will read, that there is no reward. Never automatic.

    Possible without a proposal and until the payment; reserved money goes back to the budget.
    Raises `NotAllowed`, `AlreadyPaid`, `WrongState`, or a `Refusal` for a missing reason.
    """
    need(actor, Role.FINANCE, Role.SUPERVISOR)
    reason = reason.strip()
    if len(reason) < 5 or len(reason) > 500:
        raise Refusal("请写明不予奖励的理由（5 到 500 个字），举报人会看到。", field="reason")
    reward = await of_tip(store, case_id, tip_id)
    if reward is None:
        ended = {"by": actor.id, "reason": reason, "on": china_date(now).isoformat()}
        fresh = new_record(case_id, tip_id, actor, now) | {"state": State.NOT_ELIGIBLE.value, "ended": ended}
        return await insert(store, audit, actor, fresh, "reward.not_eligible", {"reason": reason}, now)
    if reward["state"] == State.PAID:
        raise AlreadyPaid(f"这笔奖励已于 {reward['paid_on']} 付款，不能改为不予奖励。")
    in_state(reward, State.PROPOSED, State.APPROVED, State.NOTIFIED, State.CLAIMED)
    if reward["state"] == State.PROPOSED and reward["approval"] is not None:
        raise WrongState("这笔奖励正在批准。请刷新页面，看到结果后再处理。")
    try:
        return await _end(store, audit, ledger, actor, reward, State.NOT_ELIGIBLE, reason, now)
    except AlreadySettled:
        raise AlreadyPaid("这笔奖励刚刚付款，不能改为不予奖励。请刷新页面。") from None


def checked_payee(payee: Mapping[str, str]) -> dict[str, str]:
    """The payee data, trimmed; a `Refusal` names the field that is missing or cannot be right."""
    if unknown := set(payee) - {"name", "bank", "account", "phone"}:
        raise Refusal("收款信息里有不认识的内容。", field=sorted(unknown)[0])
    trimmed = {key: value.strip() for key, value in payee.items() if isinstance(value, str) and value.strip()}
    for key, what in (("name", "收款人姓名"), ("bank", "开户银行"), ("account", "银行账号")):
        if not trimmed.get(key):
            raise Refusal(f"请填写{what}。", field=key)
        if len(trimmed[key]) > 60 or not trimmed[key].isprintable():
            raise Refusal(f"{what}太长，或含有特殊字符。请检查。", field=key)
    trimmed["account"] = trimmed["account"].replace(" ", "").replace("-", "")
    if not (trimmed["account"].isascii() and trimmed["account"].isdigit() and 8 <= len(trimmed["account"]) <= 30):
        raise Refusal("银行账号要是 8 到 30 位数字。请对照银行卡核对。", field="account")
    if len(trimmed.get("phone", "")) > 20:
        raise Refusal("电话号码太长。请检查。", field="phone")
    return trimmed


async def _end(
    store: Store,
    audit: AuditTrail,
    ledger: Ledger,
    actor: Actor,
    reward: Document,
    state: State,
    reason: str,
    now: datetime,
) -> Document:
    """Close without payment: first give reserved money back, then the state."""
    detail: dict[str, Any] = {"reason": reason}
    if reward["pending_seq"] is not None:
        seq = reward["pending_seq"]
        entry = await ledger.void(f"void:{reward['_id']}:{seq}", seq, actor=actor.id)
        detail["ledger_seq"] = entry.seq
    ended = {"by": actor.id, "reason": reason, "on": china_date(now).isoformat()}
    changes = {"$set": {"state": state.value, "ended": ended}}
    return await advance(store, audit, actor, reward, changes, f"reward.{state.value}", detail, now)
