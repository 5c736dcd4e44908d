"""One action on one case = one transaction: state, audit entry, clocks, what the reporter is told, jobs."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from access import audit
from access.actors import Actor
from cases import actions, clock_changes, notices
from cases.found_by import found_by
from cases.inputs import Input, explain
from cases.states import STATE_NAMES, State
from store import jobs
from store.errors import Conflict, NotFound, Refusal
from store.local_time import LOCAL, local_day
from store.mongo import Document, Session, Store


class NoSuchCase(NotFound):
    def __init__(self) -> None:
        super().__init__("没有这个案件,或不在您的权限内。")


class NotAllowed(Refusal):
    status = 403


class StaleCase(Conflict):
    """Somebody acted on the case after this person's page was loaded."""


class WrongState(Conflict):
    pass


# More to do in the same transaction, e.g. moving the tips of a merged case: (session, case before, data) -> None.
Also = Callable[[Session, Document, Any], Awaitable[None]]


async def perform(
    store: Store,
    case_id: str,
    name: str,
    actor: Actor,
    data: dict[str, Any],
    version: int | None,
    *,
    now: datetime | None = None,
    also: Also | None = None,
) -> Document:
    """Do the action and return the case as it is afterwards.

    `version` is the one the person saw (None only for the system). Raises `NoSuchCase`, `NotAllowed`, `StaleCase`,
    `WrongState`, `InvalidInput` or what the action itself refuses; then nothing was changed.
    """
    action = actions.ACTIONS[name]
    moment = now or datetime.now(UTC)
    try:
        clean = action.model.model_validate(data)
    except ValidationError as error:
        raise explain(error) from None

    async def change(session: Session) -> Document:
        case = await store["cases"].find_one({"_id": case_id}, session=session)
        if case is None or not actor.may_see_district((case.get("location") or {}).get("district")):
            raise NoSuchCase
        if not actions.may(actor, action, case):
            above = actions.is_above(actor, action, case)
            raise NotAllowed("这张单已退回两次，只能由督办员决定。" if above else f"您没有“{action.zh}”的权限。")
        _refuse_stale(case, action, version)
        update = plan(case, action, clean, actor, moment)
        done = await store["cases"].find_one_and_update(
            {"_id": case_id, "version": case["version"]}, update.mongo, return_document=True, session=session
        )
        if done is None:
            raise StaleCase("案件刚刚被别人处理过,请刷新页面后再试。")
        await store["audit"].insert_one(update.audit_entry, session=session)
        for kind in action.jobs:
            key = f"{case_id}:{done['version']}"
            await jobs.enqueue(store, session, kind=kind, key=key, payload={"case_id": case_id})
        if also:
            await also(session, case, clean)
        return done

    return await store.transaction(change)


def _refuse_stale(case: Document, action: actions.Action, version: int | None) -> None:
    last = case["last_action"]
    stale = version is not None and version != case["version"]
    if stale or case["state"] not in action.sources:
        if last["name"] in actions.ACTIONS:
            done = f"{last['actor_name']}已于{local_minute(last['at'])}完成“{actions.ACTIONS[last['name']].zh}”"
        else:
            done = "案件还在自动识别"
        kind = StaleCase if stale else WrongState
        raise kind(f"{done},案件现在是“{STATE_NAMES[State(case['state'])]}”,不能再做“{action.zh}”。请刷新页面后再看。")


def local_minute(moment: datetime) -> str:
    return moment.astimezone(LOCAL).strftime("%m月%d日%H:%M")


class Update:
    """What one action writes: the case update for MongoDB and the audit entry."""

    def __init__(self, mongo: Document, audit_entry: Document) -> None:
        self.mongo = mongo
        self.audit_entry = audit_entry


def plan(case: Document, action: actions.Action, data: Input, actor: Actor, now: datetime) -> Update:
    """Pure: the writes that `action` means for `case`. Raises what the action refuses."""
    target = action.target or State(case["state"])
    fields = action.change(case, data, actor, now)
    fields["state"] = target
    fields["clocks"] = _clocks(case, fields, action, data, now)
    fields["last_action"] = {"name": action.name, "actor": actor.id, "actor_name": actor.name, "at": now}
    fields["found_by"] = found_by({**case, **fields})
    detail = {"from": case["state"], "to": str(target), **audit_detail(data)}
    entry = audit.make_entry(audit.Head(**case["audit"]), case["_id"], action.name, actor.id, detail, now)
    fields["audit"] = {"seq": entry["seq"], "hash": entry["hash"]}
    mongo: Document = {"$set": fields, "$inc": {"version": 1}}
    # Left out when there is nothing to watch, so that the index of watched cases stays small.
    if look := notices.watch_at(fields["clocks"]):
        fields["watch_at"] = look
    else:
        mongo["$unset"] = {"watch_at": ""}
    told = action.told(case, data) if callable(action.told) else action.told
    if told:
        mongo["$push"] = {"progress": progress_line(told, entry["seq"], now)}
    return Update(mongo, entry)


_NOT_IN_THE_TRAIL = {"text", "summary", "location", "route", "duplicates", "types", "photos"}


def progress_line(text: str, seq: int, now: datetime) -> Document:
    """What a reporter reads. The day only: whoever looks over a shoulder learns no more; `seq` keeps the order of a day."""
    return {"on": local_day(now).isoformat(), "seq": seq, "text": text}


def audit_detail(data: Input) -> dict[str, Any]:
    """What was decided, in plain JSON; free text stays in the case, where access is controlled."""
    dumped = data.model_dump(mode="json", exclude=_NOT_IN_THE_TRAIL)
    return {"data": dumped} if dumped else {}


def _clocks(case: Document, fields: Document, action: actions.Action, data: Input, now: datetime) -> list[Document]:
    clocks = clock_changes.copies(case["clocks"])
    clock_changes.stop(clocks, action.stops, now)
    action.clocks(clocks, case, data, now)
    clock_changes.start(clocks, action.starts, {**case, **fields}, now)
    return clocks
