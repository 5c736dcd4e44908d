"""督办： orders that the clocks gave to the level above, and their answers."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from access.actors import Actor, Role
from cases.inputs import AnswerSupervision
from cases.lifecycle import NotAllowed, perform
from cases.notices import Name, of_case
from store.errors import Conflict
from store.mongo import Document, Session, Store
from store.schema import LONG_AGO


def addressed(order: Mapping[str, Any], actor: Actor) -> bool:
    """Whether this person is the level that the order went to; the leader stands above every level."""
    if actor.has(Role.LEADER):
        return actor.may_see_district(order["district"])
    if not actor.has(Role.SUPERVISOR):
        return False
    if "supervisor" in order["to"]:
        return actor.district is None
    return actor.district is not None and f"supervisor:{actor.district}" in order["to"]


async def open_orders(store: Store, actor: Actor, limit: int = 200) -> list[Document]:
    """Supervision orders that this person has to answer, the most pressing first."""
    query = {"answer_due": {"$gt": LONG_AGO}, "answer": None, "void": False, **_district(actor)}
    rows = await store["notices"].find(query).sort("answer_due", 1).to_list(1000)
    return [row for row in rows if addressed(row, actor)][:limit]


def _district(actor: Actor) -> Document:
    return {} if actor.district is None else {"district": {"$in": [actor.district, None]}}


async def notices_of(store: Store, case_id: str) -> list[Document]:
    """All notices about a case, oldest first."""
    return await store["notices"].find(of_case(case_id)).sort([("at", 1), ("_id", 1)]).to_list(500)


def to_answer(rows: Iterable[Document], actor: Actor) -> list[Document]:
    """The orders among a case's notices that this person has to answer."""
    return [
        row for row in rows if row["answer_due"] and not row["answer"] and not row["void"] and addressed(row, actor)
    ]


async def answer(
    store: Store, case_id: str, actor: Actor, data: Mapping[str, Any], version: int, now: datetime | None = None
) -> Document:
    """What was done about a late case; kept with the order. Raises what `perform` raises, and `Conflict`."""
    moment = now or datetime.now(UTC)

    async def keep(session: Session, case: Document, clean: AnswerSupervision) -> None:
        wanted = {"_id": clean.notice, "case_id": case_id, "level": Name.SUPERVISE, "void": False}
        order = await store["notices"].find_one(wanted, session=session)
        if order is None or order["answer_due"] is None or order["answer"]:
            raise Conflict("这张督办单已经答复过，或不存在。请刷新页面。", field="notice")
        if not addressed(order, actor):
            raise NotAllowed("这张督办单不是发给您这一级的。")
        words = {
            "text": clean.text,
            "by": actor.id,
            "name": actor.name,
            "at": moment,
            "late": moment >= order["answer_due"],
        }
        await store["notices"].update_one({"_id": clean.notice}, {"$set": {"answer": words}}, session=session)

    return await perform(store, case_id, "answer_supervision", actor, dict(data), version, now=moment, also=keep)
