"""Deciding what reporters appealed: an objection to the reply, a report of retaliation. Each is told in the own tip."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from access.actors import Actor
from cases.dispatch import checked_inspector
from cases.inputs import RETALIATION_OFFICES, Forward
from cases.lifecycle import perform, progress_line
from cases.mailbox import new_message
from cases.review import open_appeals
from store.mongo import Document, Session, Store


async def take(store: Store, case_id: str, actor: Actor, version: int, now: datetime | None = None) -> Document:
    """接手复核, by a supervisor who did not decide the case. Raises what `perform` raises."""
    told = "您的异议已由另一位督办员接手复核。"
    return await _about_objections(store, case_id, "take_review", actor, {}, version, now, told)


async def dismiss(
    store: Store, case_id: str, actor: Actor, data: Mapping[str, Any], version: int, now: datetime | None = None
) -> Document:
    """异议不成立, with the reason. Raises what `perform` raises."""
    told = "复核您的异议后,维持原来的结论。"
    return await _about_objections(store, case_id, "dismiss_review", actor, data, version, now, told, "理由:")


async def uphold(
    store: Store, case_id: str, actor: Actor, data: Mapping[str, Any], version: int, now: datetime | None = None
) -> Document:
    """异议成立: another inspector checks again. Raises `InvalidInput` for an unknown one, and what `perform` raises."""
    await checked_inspector(store, str(data.get("inspector_id", "")))
    told = "您的异议成立。"
    return await _about_objections(store, case_id, "uphold_review", actor, data, version, now, told, "说明:")


async def _about_objections(
    store: Store,
    case_id: str,
    action: str,
    actor: Actor,
    data: Mapping[str, Any],
    version: int,
    now: datetime | None,
    told: str,
    why: str = "",
) -> Document:
    """The action, and `told` to everybody who objected; with `why` also the officer's words."""
    moment = now or datetime.now(UTC)

    async def tell(session: Session, case: Document, clean: Any) -> None:
        pushed: Document = {"progress": progress_line(told, case["audit"]["seq"] + 1, moment)}
        if why:
            pushed["messages"] = new_message("staff", "review", f"{told}{why}{clean.text}", moment)
        objections = [appeal["message"] for appeal in open_appeals(case, "objection")]
        await _tell(store, session, case_id, objections, pushed)

    return await perform(store, case_id, action, actor, dict(data), version, now=moment, also=tell)


async def forward(
    store: Store, case_id: str, actor: Actor, data: Mapping[str, Any], version: int, now: datetime | None = None
) -> Document:
    """A report of retaliation to the office that can act on it. Only its own reporter is told."""
    moment = now or datetime.now(UTC)

    async def tell(session: Session, case: Document, clean: Forward) -> None:
        told = f"您反映的打击报复情况已转交{RETALIATION_OFFICES[clean.office]}处理。"
        message = new_message("staff", "forwarded", f"{told}{clean.text}", moment)
        line = progress_line(told, case["audit"]["seq"] + 1, moment)
        await _tell(store, session, case_id, [clean.appeal], {"messages": message, "progress": line})

    return await perform(store, case_id, "forward_retaliation", actor, dict(data), version, now=moment, also=tell)


async def _tell(store: Store, session: Session, case_id: str, appealed: Sequence[str], pushed: Document) -> None:
    """Into the tips whose reporters wrote one of the messages `appealed`."""
    who = {"case_id": case_id, "messages.id": {"$in": list(appealed)}}
    await store["tips"].update_many(who, {"$push": pushed}, session=session)
