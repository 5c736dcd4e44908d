"""Disclosures in the store: draft → reviewed → published → withdrawn, and what the public may ask for.

A draft is generated from a case, edited by a publisher, reviewed by another person and published. The record:
{_id, version, kind, case_id, public_number, state, district, month, types, groups, fields, open_words, text,
amount_shown, edited_by, reviewed_by, published_by, published_at, published_month, withdrawn,
company, created_at, updated_at}. What leaves through the board is decided in board.py.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pymongo.errors import DuplicateKeyError

from access.actors import Actor, Role
from cases.violations import violations
from rewards import public_log
from rewards.claims import due_after_notice, noticed
from rewards.disclosure_text import (
    EDITABLE,
    DisclosureKind,
    NotForPublic,
    Office,
    Public,
    RepeatsReporter,
    Words,
    check_public,
    generate,
    render,
    without_amount,
)
from rewards.guarded import AuditTrail, NotAllowed, Shelf, Stale, WrongState, need
from rewards.public_log import Event
from rewards.record import REWARDS, State, new_public_number
from store.errors import NotFound, Refusal
from store.local_time import local_day
from store.mongo import Document, Session, Store

DISCLOSURES = "disclosures"
SMALL_GROUP = 5
PUBLIC = ("public_number", "kind", "district", "month", "groups", "text", "published_on", "withdrawn_on")


class DisclosureState(StrEnum):
    DRAFT = "draft"
    REVIEWED = "reviewed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


STATE_NAMES = {
    DisclosureState.DRAFT: "草稿",
    DisclosureState.REVIEWED: "已审核",
    DisclosureState.PUBLISHED: "已公开",
    DisclosureState.WITHDRAWN: "已撤回",
}


class SameReviewer(NotAllowed):
    """Who wrote a disclosure cannot review it."""


class NoSuchDisclosure(NotFound):
    pass


def _stale(record: Document) -> Stale:
    return Stale("这条内容在您打开之后被别人改过，没有做任何更改。请刷新页面重新核对。")


SHELF = Shelf(DISCLOSURES, "disclosure_id", _stale)


def words_of(type_ids: Iterable[str]) -> Words:
    known = [violations()[each] for each in type_ids if each in violations()]
    return Words(tuple(each.zh for each in known), tuple(dict.fromkeys(each.group for each in known)))


async def find(store: Store, disclosure_id: str) -> Document:
    found = await store[DISCLOSURES].find_one({"_id": disclosure_id})
    if found is None:
        raise NoSuchDisclosure("没有这条公开内容。请从列表重新打开。")
    return found


async def of_case(store: Store, case_id: str) -> list[Document]:
    return [each async for each in store[DISCLOSURES].find({"case_id": case_id}).sort("created_at", 1)]


async def in_states(store: Store, *states: DisclosureState, limit: int = 200) -> list[Document]:
    """The publisher's work list, oldest first."""
    query = {"state": {"$in": [state.value for state in states]}}
    return [each async for each in store[DISCLOSURES].find(query).sort("created_at", 1).limit(limit)]


async def draft(
    store: Store,
    audit: AuditTrail,
    actor: Actor,
    kind: DisclosureKind,
    case: Mapping[str, Any],
    reward: Mapping[str, Any] | None = None,
    *,
    office: Office | None = None,
    demonstrate: bool = False,
    now: datetime,
) -> Document:
    """Generate and keep a draft. It is not checked against the tip yet: the publisher still rewrites it.

    The reward's amount is left out when fewer than 5 substantiated cases share the district and month, unless
    `demonstrate` (a demonstration with a handful of invented cases).
    Raises `NotAllowed`, `NotForPublic`; for a reward notice that exists already it answers that one.
    """
    need(actor, "办理信息公开", Role.PUBLISHER, Role.SYSTEM)
    words = words_of(case.get("decided_types") or [])
    public = generate(kind, case, reward, words, office or Office())
    shown = demonstrate or await group_size(store, public.district, case["opened_on"][:7]) >= SMALL_GROUP
    fields = public.fields if shown else without_amount(public.fields)
    notice = kind is DisclosureKind.REWARD_NOTICE and reward is not None
    number = reward["public_number"] if notice and reward is not None else new_public_number()
    record = {
        "_id": secrets.token_hex(8),
        "version": 1,
        "kind": kind.value,
        "case_id": case["_id"],
        "public_number": number,
        "state": DisclosureState.DRAFT.value,
        "district": public.district,
        "month": public.month if kind is DisclosureKind.TYPICAL_CASE else None,
        # A reward notice tells the group only: with district and amount, the exact type would point at a company.
        "types": [] if notice else list(case.get("decided_types") or []),
        "groups": list(words.groups),
        "fields": fields,
        "open_words": list(public.open_words),
        "company": public.company,
        "text": render(Public(kind, public.district, public.month, fields), number),
        "amount_shown": shown,
        "edited_by": actor.id,
        "reviewed_by": None,
        "published_by": None,
        "published_at": None,
        "published_month": None,
        "withdrawn": None,
        "created_at": now,
        "updated_at": now,
    }

    async def write(session: Session) -> Document:
        detail = {"kind": kind.value}
        return await SHELF.insert(store, audit, session, actor, record, "disclosure.draft", detail, now)

    try:
        return await store.transaction(write)
    except DuplicateKeyError:
        existing = await store[DISCLOSURES].find_one({"public_number": number})
        assert existing is not None, "public numbers are unique"
        return existing


async def edit(
    store: Store,
    audit: AuditTrail,
    actor: Actor,
    disclosure_id: str,
    changes: Mapping[str, str],
    *,
    version: int,
    now: datetime,
) -> Document:
    """Change a draft's editable fields; a reviewed one becomes a draft again. Raises `RepeatsReporter` and others."""
    need(actor, "办理信息公开", Role.PUBLISHER)
    old = await _read(store, disclosure_id, version, DisclosureState.DRAFT, DisclosureState.REVIEWED)
    editable = EDITABLE[DisclosureKind(old["kind"])]
    for name, value in changes.items():
        if name not in editable:
            raise Refusal("这一项由案件得出，不能在这里改。", field=name)
        if len(value) > 2000 or any(not (each.isprintable() or each == "\n") for each in value):
            raise Refusal(f"{editable[name]}太长（最多 2000 字）或含有特殊字符。", field=name)
    fields = old["fields"] | {name: value.strip() for name, value in changes.items()}
    await _check(store, {**old, "fields": fields})
    public = public_of({**old, "fields": fields})
    update = {
        "fields": fields,
        "text": render(public, old["public_number"]),
        "state": DisclosureState.DRAFT.value,
        "edited_by": actor.id,
        "reviewed_by": None,
    }
    return await SHELF.advance(
        store, audit, actor, old, {"$set": update}, "disclosure.edit", {"fields": sorted(changes)}, now
    )


async def review(
    store: Store, audit: AuditTrail, actor: Actor, disclosure_id: str, *, version: int, now: datetime
) -> Document:
    """A second person has read the draft and finds that it can be published."""
    need(actor, "办理信息公开", Role.PUBLISHER, Role.SUPERVISOR, Role.LEADER)
    old = await _read(store, disclosure_id, version, DisclosureState.DRAFT)
    if old["edited_by"] == actor.id:
        raise SameReviewer("起草或修改公开内容的人不能审核同一条。请让另一位审核。")
    await _check(store, old)
    update = {"state": DisclosureState.REVIEWED.value, "reviewed_by": actor.id}
    return await SHELF.advance(store, audit, actor, old, {"$set": update}, "disclosure.review", {}, now)


async def publish(
    store: Store, audit: AuditTrail, actor: Actor, disclosure_id: str, *, version: int, now: datetime
) -> Document:
    """Put a reviewed text on the public board, after one more check against the tips of the case."""
    need(actor, "办理信息公开", Role.PUBLISHER)
    old = await _read(store, disclosure_id, version, DisclosureState.REVIEWED)
    await _check(store, old)
    update: dict[str, Any] = {
        "state": DisclosureState.PUBLISHED.value, "published_by": actor.id, "published_at": now, "unsettled": True,
        "published_month": local_day(now).isoformat()[:7],
    }  # fmt: skip
    reward = await _called_reward(store, old)
    if reward is not None:
        # The period counts from the notice, so the last day is known only now.
        fields = {**old["fields"], "claim_due": due_after_notice(reward, now)}
        update |= {"fields": fields, "text": render(public_of({**old, "fields": fields}), old["public_number"])}

    async def make_public(session: Session, after: Document) -> None:
        if reward is not None:
            await noticed(store, audit, session, actor, reward, update["fields"]["claim_due"], now)
        shown = {name: value for name, value in for_public(after).items() if name != "withdrawn_on"}
        await public_log.append(
            store, session, Event.PUBLISHED, old["public_number"], content=shown, private=_behind(after), now=now
        )

    told = {"public_number": old["public_number"]}
    return await SHELF.advance(
        store, audit, actor, old, {"$set": update}, "disclosure.publish", told, now, also=make_public
    )


def _behind(record: Document) -> dict[str, Any]:
    """Who stands behind a public text; committed to in the public log, and shown to auditors only."""
    names = ("case_id", "kind", "edited_by", "reviewed_by", "published_by", "version")
    return {"disclosure": record["_id"], **{name: record[name] for name in names}}


async def _called_reward(store: Store, record: Document) -> Document | None:
    """The reward that a notice calls its reporter to. Raises `NotForPublic` when nobody has to be called any more."""
    if record["kind"] != DisclosureKind.REWARD_NOTICE:
        return None
    reward = await store[REWARDS].find_one({"public_number": record["public_number"]})
    if reward is None or reward["state"] != State.NOTIFIED:
        raise NotForPublic("这笔奖励已经不在等待领取，不用再公告。")
    return reward


async def withdraw(
    store: Store, audit: AuditTrail, actor: Actor, disclosure_id: str, *, reason: str, version: int, now: datetime
) -> Document:
    """Take a published text back, e.g. within three working days of a revoked penalty (行政处罚法 48).

    The permanent link then says that and when it was withdrawn, not what it said.
    """
    need(actor, "办理信息公开", Role.PUBLISHER)
    if not 2 <= len(reason.strip()) <= 200:
        raise Refusal("请写明撤回的原因（2 到 200 个字）。", field="reason")
    old = await _read(store, disclosure_id, version, DisclosureState.PUBLISHED)
    withdrawn = {"by": actor.id, "reason": reason.strip(), "on": local_day(now).isoformat()}
    update = {"state": DisclosureState.WITHDRAWN.value, "withdrawn": withdrawn}

    async def make_public(session: Session, after: Document) -> None:
        told = {**_behind(after), "withdrawn_by": actor.id, "reason": withdrawn["reason"]}
        await public_log.forget_content(store, session, old["public_number"])
        await public_log.append(store, session, Event.WITHDRAWN, old["public_number"], private=told, now=now)

    detail = {"reason": withdrawn["reason"]}
    return await SHELF.advance(
        store, audit, actor, old, {"$set": update}, "disclosure.withdraw", detail, now, also=make_public
    )


def for_public(record: Mapping[str, Any]) -> dict[str, Any]:
    """The names in `PUBLIC` and no others; dates without the time of day."""
    withdrawn = record["withdrawn"]
    shown = {name: record.get(name) for name in PUBLIC}
    shown["published_on"] = local_day(record["published_at"]).isoformat() if record["published_at"] else None
    shown["withdrawn_on"] = withdrawn["on"] if withdrawn else None
    if withdrawn:
        shown["text"] = f"本条内容已于 {withdrawn['on']} 撤回。"
    return shown


async def group_size(store: Store, district: str, month: str) -> int:
    """How many substantiated cases share a district and the month ("YYYY-MM") in which they were filed."""
    return await store["cases"].count_documents(
        {
            "location.district": district,
            "opened_on": {"$regex": f"^{re.escape(month)}"},
            "finding.result": {"$in": ["substantiated", "partly"]},
        }
    )


def public_of(record: Mapping[str, Any]) -> Public:
    return Public(
        DisclosureKind(record["kind"]),
        record["district"],
        record["month"],
        dict(record["fields"]),
        tuple(record["open_words"]),
        record["company"],
    )


async def warning_for(store: Store, record: Mapping[str, Any]) -> Refusal | None:
    """What would stop this draft from being published as it stands, for the publisher's page."""
    try:
        await _check(store, record)
    except (RepeatsReporter, NotForPublic) as refusal:
        return refusal
    return None


async def _check(store: Store, record: Mapping[str, Any]) -> None:
    check_public(public_of(record), [each async for each in store["tips"].find({"case_id": record["case_id"]})])


async def _read(store: Store, disclosure_id: str, version: int, *states: DisclosureState) -> Document:
    record = await find(store, disclosure_id)
    if record["state"] not in states:
        wanted = "或".join(f"“{STATE_NAMES[state]}”" for state in states)
        now = STATE_NAMES[DisclosureState(record["state"])]
        raise WrongState(f"这条内容现在是“{now}”，这一步要在{wanted}时办理。请刷新页面。")
    if record["version"] != version:
        raise _stale(record)
    return record
