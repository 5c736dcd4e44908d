"""The lists of the staff pages: a pure builder for each query, and one function that runs it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from access.actors import Actor
from cases.attachments import KINDS
from cases.clocks import SOON
from cases.receipts import ALPHABET, LOOK_ALIKES
from cases.states import CLOSED, State
from store.errors import NotFound
from store.mongo import Document, Store

PAGE = 50
MAX_ORDERS, MAX_PRESSING = 200, 300
# Nobody turns twenty pages, one narrows the list; and skipping costs the database what it skips.
LAST_PAGE = 20
DISPATCHER_STATES = (State.RECEIVED, State.TRIAGE, State.ACCEPTED, State.RETURNED)
INSPECTOR_STATES = (State.ASSIGNED, State.SIGNED, State.VERIFYING, State.CONCLUDED, State.MEASURES)
OPEN_STATES = tuple(state for state in State if state not in CLOSED)
# What a list shows. Never the reporter's words: those are only on the dispatcher's page of one case.
LISTED = {
    "state": 1, "urgent": 1, "opened_on": 1, "types.type": 1, "decided_types": 1, "location.district": 1,
    "location.street": 1, "location.certain": 1, "company": 1, "clocks": 1, "inspector_id": 1, "department": 1,
    "version": 1, "tips": 1, "photos": 1, "route": 1, "penalty_fen": 1, "finding.result": 1, "finding.recorded_by": 1,
    "in_scope": 1, "last_action.at": 1, "returns": 1,
}  # fmt: skip

_CASE_NUMBER = re.compile(rf"[{ALPHABET}]{{10}}")


@dataclass(frozen=True)
class Filter:
    """What the dispatcher's list is narrowed to; empty means all."""

    states: tuple[State, ...] = DISPATCHER_STATES
    district: str = ""
    type: str = ""
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Filter":
        """From an address line; what is not understood is left out, because a list must always open."""
        state = query.get("state", "")
        states: tuple[State, ...] = DISPATCHER_STATES
        if state == "all":
            states = tuple(State)
        elif state in list(State):
            states = (State(state),)
        number = query.get("page", "1")
        page = int(number) if number.isascii() and number.isdigit() else 1
        return cls(
            states,
            query.get("district", "")[:50],
            query.get("type", "")[:60],
            max(1, min(page, LAST_PAGE)),
        )


def district_limit(actor: Actor) -> Document:
    """An officer of a district sees it and what has no district yet (somebody must take it up)."""
    return {} if actor.district is None else {"location.district": {"$in": [actor.district, None]}}


def desk_match(filter: Filter, actor: Actor) -> Document:
    conditions: list[Document] = [{"state": {"$in": list(filter.states)}}, district_limit(actor)]
    if filter.district:
        conditions.append({"location.district": filter.district})
    if filter.type:
        conditions.append({"found_by.types": filter.type})
    return {"$and": [condition for condition in conditions if condition]}


# Danger first, then what is due first.
PRESSING_FIRST = [("urgent", -1), ("found_by.due", 1), ("_id", 1)]
NEWEST_FIRST = [("created_at", -1)]


# A case that was not understood yet has no place; pages read the names all the same.
_NO_PLACE = dict.fromkeys(
    ("district", "street", "grid", "grid_name", "layer", "certain", "explanation", "conflict", "outside_city"), None
)  # fmt: skip
_NO_ROUTE = dict.fromkeys(("department", "inspector", "explanation"), None)


def whole(case: Document) -> Document:
    """The case with every name that pages read, empty where there is nothing yet."""
    return {
        "returns": [], "decisions": [], "appeals": [], "in_scope": None, "review": None, "extension": None, "earlier": [],
        "enterprise": None, "recurrence_of": None, "recurred_in": [],
        **case,
        "location": {**_NO_PLACE, "candidates": [], **(case.get("location") or {})},
        "route": {**_NO_ROUTE, **(case.get("route") or {})},
    }  # fmt: skip


async def desk(store: Store, filter: Filter, actor: Actor) -> tuple[list[Document], bool]:
    """One page of the dispatcher's list, and whether more follows: one row more than a page tells.

    What waits is shown by danger and deadline; lists that may hold every case there ever was are shown newest first.
    """
    order = PRESSING_FIRST if set(filter.states) <= set(DISPATCHER_STATES) else NEWEST_FIRST
    found = store["cases"].find(desk_match(filter, actor), LISTED).sort(order).skip((filter.page - 1) * PAGE)
    rows = await found.limit(PAGE + 1).to_list(PAGE + 1)
    return [whole(row) for row in rows[:PAGE]], len(rows) > PAGE


def case_number(typed: str) -> str | None:
    """What a person typed as a case number in its stored form ("abcde 12345" → "ABCDE-12345"), or None."""
    plain = re.sub(r"[\s-]", "", typed.upper()).translate(LOOK_ALIKES)
    return f"{plain[:5]}-{plain[5:]}" if _CASE_NUMBER.fullmatch(plain) else None


async def case_for(store: Store, case_id: str, actor: Actor) -> Document:
    """The case if this person may see its district. Raises `NotFound`, the same for none and not theirs."""
    case = await store["cases"].find_one({"_id": case_id})
    if case is None or not actor.may_see_district((case.get("location") or {}).get("district")):
        raise NotFound("没有这个案件，或不在您的权限内。请检查案件编号。")
    return whole(case)


async def tips_of(store: Store, case_id: str) -> list[Document]:
    """The tips of a case, the earliest first: it is the one that is rewarded."""
    hidden = {"receipt": 0, "client_key": 0, "content": 0}
    return [tip async for tip in store["tips"].find({"case_id": case_id}, hidden).sort("filed_at", 1)]


async def photos_of(store: Store, case_id: str) -> list[Document]:
    fields = {"width": 1, "height": 1}
    return [row async for row in store["evidence"].find({"case_id": case_id, "kind": "photo"}, fields).sort("_id", 1)]


async def files_of(store: Store, case_id: str) -> list[Document]:
    """Documents and recordings: {_id, kind, extension, size}."""
    query, fields = {"case_id": case_id, "kind": {"$in": list(KINDS)}}, {"kind": 1, "extension": 1, "size": 1}
    return [row async for row in store["evidence"].find(query, fields).sort("_id", 1)]


async def audit_of(store: Store, case_id: str) -> list[Document]:
    return [row async for row in store["audit"].find({"subject": case_id}).sort("seq", 1)]


async def names_of(store: Store, ids: set[str]) -> dict[str, str]:
    """Account id → name, for showing who did what."""
    names = {"system": "系统", "reporter": "举报人"}
    async for row in store["accounts"].find({"_id": {"$in": sorted(ids)}}, {"name": 1}):
        names[row["_id"]] = row["name"]
    return names


def orders_match(actor: Actor, states: tuple[State, ...] = INSPECTOR_STATES) -> Document:
    return {"inspector_id": actor.id, "state": {"$in": list(states)}}


async def orders(store: Store, actor: Actor) -> list[Document]:
    """My orders that are not answered yet: urgent first, then what is due first."""
    return await store["cases"].find(orders_match(actor), LISTED).sort(PRESSING_FIRST[:2]).to_list(MAX_ORDERS)


def recheck_match(actor: Actor) -> Document:
    """Substantiated and answered, checked by somebody else: 复查 is done by another person."""
    return {
        "state": State.REPLIED,
        "finding.result": {"$in": ["substantiated", "partly"]},
        "finding.recorded_by": {"$ne": actor.id},
        **({} if actor.district is None else {"location.district": actor.district}),
    }


async def rechecks(store: Store, actor: Actor) -> list[Document]:
    return await store["cases"].find(recheck_match(actor), LISTED).sort("created_at", 1).to_list(200)


def pressing_match(actor: Actor, now: datetime) -> Document:
    """A clock that still runs and has passed, or will within the time of a reminder."""
    # A due date of the kind "date": only these stand in the index, closed cases have none.
    return {"found_by.due": {"$lte": now + SOON, "$type": "date"}, **district_limit(actor)}


async def pressing(store: Store, actor: Actor, now: datetime | None = None) -> list[Document]:
    """Late cases and those about to be, by district and then by due date; of very many, the latest ones."""
    moment = now or datetime.now(UTC)
    found = store["cases"].find(pressing_match(actor, moment), LISTED).sort("found_by.due", 1)
    rows = map(whole, await found.to_list(MAX_PRESSING))
    return sorted(rows, key=lambda row: row["location"]["district"] or "")


async def supervised(store: Store, actor: Actor, states: tuple[State, ...], limit: int = 200) -> list[Document]:
    """Cases in some states that a supervisor may decide about, oldest first."""
    query = {"state": {"$in": list(states)}, **district_limit(actor)}
    return [whole(row) for row in await store["cases"].find(query, LISTED).sort("created_at", 1).to_list(limit)]


async def appeals(store: Store, actor: Actor) -> list[Document]:
    """Cases with an objection or a report of retaliation that nobody has decided about, oldest first."""
    query = {
        "appeals.kind": {"$in": ["objection", "retaliation"]},  # along the index of the few cases that have any
        "appeals": {"$elemMatch": {"decided": None}},
        **district_limit(actor),
    }
    found = store["cases"].find(query, {**LISTED, "appeals": 1}).sort("created_at", 1)
    return [whole(row) for row in await found.to_list(200)]


async def extensions(store: Store, actor: Actor) -> list[Document]:
    """Cases for which an inspector asks for more time, oldest first."""
    query = {"extension.decided": "", **district_limit(actor)}
    found = store["cases"].find(query, {**LISTED, "extension": 1}).sort("created_at", 1)
    return [whole(row) for row in await found.to_list(200)]


async def appeal_words(store: Store, case: Document) -> list[Document]:
    """What reporters wrote in objection: {id, kind, on, text, decided}. The rest is not the supervisor's business."""
    wanted = {appeal["message"]: appeal["decided"] for appeal in case.get("appeals", [])}
    if not wanted:
        return []
    messages = [m for tip in await tips_of(store, case["_id"]) for m in tip["messages"] if m["id"] in wanted]
    return [
        {**{key: message[key] for key in ("id", "kind", "on", "text")}, "decided": wanted[message["id"]]}
        for message in messages
    ]


async def approximate_grids(store: Store) -> bool:
    """Whether the grid layer in use is only a demonstration, which every page that shows a grid must say."""
    layer = await store["grid_layers"].find_one({"active": True}, {"approximate": 1})
    return layer is None or bool(layer.get("approximate"))
