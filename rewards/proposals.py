"""Proposing a reward: for the earliest effective report of a case, or in shares for joint reporters.

A changed proposal has a new version, so that nobody approves what they did not see. After an end without payment a new
proposal may follow, for instance when the reporter objected with success.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from access.actors import Actor
from rewards import split
from rewards.assess import Assessment
from rewards.guarded import AuditTrail, WrongState, reason_of
from rewards.record import (
    LIVE,
    SHELF,
    STATE_NAMES,
    AlreadyProposed,
    State,
    decides,
    in_state,
    new_record,
    of_case,
    stale,
)
from store.errors import Conflict, Refusal
from store.mongo import Document, Session, Store

ENDED_UNPAID = (State.NOT_ELIGIBLE, State.FORFEITED, State.WAIVED)
MAX_JOINT = 50


class ConditionsNotMet(Conflict):
    pass


class NotTheEarliest(Conflict):
    """The rule rewards the earliest effective report, once for each case; anything else needs a written reason."""


async def propose(
    store: Store,
    audit: AuditTrail,
    actor: Actor,
    *,
    case_id: str,
    tips: Mapping[str, int | None],
    assessment: Assessment,
    jurisdiction: str,
    year: int,
    now: datetime,
    exception: str = "",
) -> list[Document]:
    """Propose rewards, or change unapproved proposals; all of it or nothing.

    `tips` maps the reporters' tips, the earliest first, to the version of the reward that was read (None for a new
    one). Several tips are joint reporters and share the amount equally. `exception` says why, when the earliest tip is
    not among them or another tip of the case has a reward already.
    Raises `NotAllowed`, `ConditionsNotMet`, `NotTheEarliest`, `AlreadyProposed`, `Stale`, `WrongState`.
    """
    decides(actor)
    if not 0 < len(tips) <= MAX_JOINT:
        raise Refusal(f"请选择奖励哪一件举报（联名最多 {MAX_JOINT} 件）。", status=422, field="tip")
    if assessment.unmet:
        texts = "、".join(each.text for each in assessment.unmet)
        raise ConditionsNotMet(f"这些条件没有满足：{texts}。请核对；确实不满足的，请用“不予奖励”并写明理由。")
    parts = split.shares(assessment.amount_fen, len(tips))
    group = secrets.token_hex(4) if len(tips) > 1 else None
    common = {
        "rule_set": assessment.rule_set, "rule_digest": assessment.rule_digest, "claim_days": assessment.claim_days,
        "jurisdiction": jurisdiction, "year": year, "state": State.PROPOSED.value, "proposed_by": actor.id,
        "exception": exception.strip(), "approval": None, "pending_seq": None, "filing": None, "ended": None,
        "ending": None, "updated_at": now,
    }  # fmt: skip

    async def write(session: Session) -> list[Document]:
        # Inside the transaction: two officers who reward two tips of the case at once meet at its audit trail.
        records = {row["tip_id"]: row for row in await of_case(store, case_id, session)}
        old = {tip: _readable(records.get(tip), version) for tip, version in tips.items()}
        _whole_group(records, tips)
        await _refuse_exception(store, session, case_id, records, tips, exception)
        written = []
        for place, (tip, amount) in enumerate(zip(tips, parts, strict=True)):
            joint = None
            shown = assessment
            if group:
                joint = {"id": group, "place": place + 1, "of": len(tips), "total_fen": assessment.amount_fen}
                shown = replace(
                    assessment, steps=(*assessment.steps, split.step(assessment.amount_fen, len(tips), place))
                )
            content = common | {"amount_fen": amount, "joint": joint, "assessment": shown.to_document()}
            detail = {"amount_fen": amount, "rule_set": assessment.rule_set, "track": assessment.track}
            written.append(await _put(store, audit, session, actor, case_id, tip, old[tip], content, detail, now))
        return written

    try:
        return await store.transaction(write)
    except DuplicateKeyError:
        raise AlreadyProposed("这条举报刚刚由别人提过奖励。请刷新页面查看。") from None


async def _put(
    store: Store,
    audit: AuditTrail,
    session: Session,
    actor: Actor,
    case_id: str,
    tip_id: str,
    old: Document | None,
    content: dict[str, Any],
    detail: dict[str, Any],
    now: datetime,
) -> Document:
    if old is None:
        fresh = new_record(case_id, tip_id, actor, now) | content
        return await SHELF.insert(store, audit, session, actor, fresh, "reward.propose", detail, now)
    changes = {"$set": content, "$addToSet": {"proposers": actor.id}}
    return await SHELF.step(store, audit, session, actor, old, changes, "reward.change", detail, now)


def _readable(old: Document | None, version: int | None) -> Document | None:
    """The record as the person saw it. Raises `AlreadyProposed`, `WrongState`, `Stale`."""
    if old is None:
        return None
    if version is None:
        raise AlreadyProposed("这条举报已经提过奖励。请打开原来的奖励修改，不要另提一笔。")
    in_state(old, State.PROPOSED, *ENDED_UNPAID)
    if old["approval"] is not None and old["state"] == State.PROPOSED:
        raise WrongState("这笔奖励正在批准，不能再改。请刷新页面查看结果。")
    if old["version"] != version:
        raise stale(old)
    return old


def _whole_group(records: Mapping[str, Document], tips: Mapping[str, int | None]) -> None:
    """A share cannot be changed without the others: the shares must go on adding up to the amount."""
    groups = {row["joint"]["id"] for tip, row in records.items() if tip in tips and row["joint"] and _live(row)}
    for tip, row in records.items():
        if row["joint"] and row["joint"]["id"] in groups and _live(row) and tip not in tips:
            raise WrongState(
                f"联名奖励要一起修改：还有 {row['public_number']}（{STATE_NAMES[State(row['state'])]}）没有选上。"
                "请把联名的举报都选上，或先把它改为不予奖励。"
            )


def _live(row: Document) -> bool:
    return row["state"] in LIVE


async def _refuse_exception(
    store: Store,
    session: Session,
    case_id: str,
    records: Mapping[str, Document],
    tips: Mapping[str, int | None],
    exception: str,
) -> None:
    others = [row for tip, row in records.items() if tip not in tips and _live(row)]
    query = {"case_id": case_id, "withdrawn": False}
    found = store["tips"].find(query, {"_id": 1}, session=session).sort("filed_at", 1)
    first = await found.to_list(1)
    if others:
        problem = f"这个案件已经有另一笔奖励 {others[0]['public_number']}。"
    elif first and first[0]["_id"] not in tips:
        problem = "选的不是最先的有效举报。"
    else:
        return
    if not exception.strip():
        raise NotTheEarliest(
            f"{problem}同一案件奖励最先的有效举报一次；确有理由的（例如提供了直接起作用的新证据），请写明理由。",
            field="exception",
        )
    reason_of(exception, "另行奖励的理由", field="exception")
