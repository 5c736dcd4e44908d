"""The monthly cap for one reporter and one kind of tip, where a rule has one (龙华：同类每月不超过 1000 元).

Reporters are anonymous until they name an account; so the cap can only be seen when a reward is claimed. Nothing is
refused by itself: an officer pays the whole amount with a reason, or proposes what the cap still allows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from access.actors import Actor
from rewards.guarded import AuditTrail, NotAllowed, WrongState, reason_of
from rewards.money import yuan
from rewards.record import SHELF, decides, read
from rewards.record import State as S
from store.errors import Conflict
from store.mongo import Document, Session, Store

MONTHS = "payee_months"


class OverMonthlyCap(Conflict):
    """Paying needs somebody's decision first."""


async def counted(
    store: Store, session: Session, reward: Document, mark: str, limit: int, article: str
) -> dict[str, Any]:
    """Add the reward to what its payee gets this month for this track; answers the reward's field `cap`.

    Two claims at once meet at the month's document, so that each sees the other.
    """
    month = await store[MONTHS].find_one_and_update(
        {"_id": mark},
        {"$set": {f"amounts.{reward['_id']}": reward["amount_fen"]}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    others = sum(fen for each, fen in month["amounts"].items() if each != reward["_id"])
    allowed = max(0, limit - others)
    step = f"同一收款人本月同类奖励已有 {yuan(others)}，月度上限 {yuan(limit)}（{article}），本次最多 {yuan(allowed)}"
    return {
        "mark": mark, "limit_fen": limit, "article": article, "allowed_fen": allowed,
        "over": reward["amount_fen"] > allowed, "step": step, "decided": None,
    }  # fmt: skip


async def counts_as(store: Store, session: Session, reward: Document, fen: int | None) -> None:
    """Another amount counts for the reward from now on, or none."""
    if reward["cap"] is not None:
        field = f"amounts.{reward['_id']}"
        change = {"$unset": {field: ""}} if fen is None else {"$set": {field: fen}}
        await store[MONTHS].update_one({"_id": reward["cap"]["mark"]}, change, session=session)


def undecided(reward: Document) -> dict[str, Any]:
    """The cap that the reward is over and that nobody has decided about. Raises `WrongState`."""
    cap = reward["cap"]
    if cap is None or not cap["over"] or cap["decided"] is not None:
        raise WrongState("这笔奖励没有超过月度上限，或已经有人决定。请刷新页面。")
    return cap


def refuse_over(reward: Document) -> None:
    cap = reward["cap"]
    if cap is not None and cap["over"] and cap["decided"] is None:
        raise OverMonthlyCap(
            f"{reward['public_number']}：{cap['step']}，现在是 {yuan(reward['amount_fen'])}。"
            "请先由一名人员决定：按上限调整，或写明理由全额发放。"
        )


async def pay_whole(
    store: Store, audit: AuditTrail, actor: Actor, reward_id: str, *, reason: str, version: int, now: datetime
) -> Document:
    """Pay the whole amount in spite of the cap; decided by somebody who did not propose it."""
    decides(actor)
    reward = await read(store, reward_id, version, S.CLAIMED)
    undecided(reward)
    if actor.id in reward["proposers"]:
        raise NotAllowed("提出奖励的人不能决定超过月度上限全额发放。请让另一位财务人员决定。")
    decided = {"by": actor.id, "reason": reason_of(reason, "全额发放的理由"), "whole": True}
    changes = {"$set": {"cap.decided": decided}}
    detail = {"reason": decided["reason"]}
    return await SHELF.advance(store, audit, actor, reward, changes, "reward.over_cap", detail, now)
