"""The roster of inspectors, for the administrator: what there is, and one change at a time."""

import re

from pymongo.errors import DuplicateKeyError

from access import audit
from grid.divisions import Divisions
from store.errors import NotFound, Refusal
from store.mongo import Document, Session, Store

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,39}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s]{1,60}")
MAX_GRIDS = 50


class InvalidInspector(Refusal):
    status = 422


async def listed_inspectors(store: Store) -> list[Document]:
    return await store["inspectors"].find().sort([("district", 1), ("street", 1), ("_id", 1)]).to_list(5000)


async def save_inspector(
    store: Store, known: Divisions, *, inspector_id: str, name: str, email: str, place: str, grids: str, by: str
) -> None:
    """Add or change an inspector. `place` is "district street", `grids` are codes between spaces or commas.

    Raises `InvalidInspector` with the field at fault.
    """
    if not _ID.fullmatch(inspector_id):
        raise InvalidInspector("编号要用2到40个字母、数字或 -。", field="inspector_id")
    if not 1 <= len(name) <= 30:
        raise InvalidInspector("请填写姓名（最多30个字）。", field="name")
    if not _EMAIL.fullmatch(email):
        raise InvalidInspector("邮箱不对，派单通知会发到这里。例如 zhao@example.gov.cn。", field="email")
    district, _, street = place.partition(" ")
    if (district, street) not in known.street_set:
        raise InvalidInspector("请从列表中选择镇街。", field="place")
    codes = [code for code in re.split(r"[\s,;\uff0c\uff1b、]+", grids) if code]
    if len(codes) > MAX_GRIDS:
        raise InvalidInspector(f"一名检查员最多负责{MAX_GRIDS}个网格。", field="grids")
    row = {"name": name, "email": email, "district": district, "street": street, "grids": codes, "demonstration": False}

    async def write(session: Session) -> None:
        await store["inspectors"].update_one(
            {"_id": inspector_id},
            {"$set": row, "$setOnInsert": {"on_duty": True, "deputy": None}},
            upsert=True,
            session=session,
        )
        detail = {"district": district, "street": street, "grids": codes}
        await audit.append(store, session, f"inspector:{inspector_id}", "save_inspector", by, detail)

    try:
        await store.transaction(write)
    except DuplicateKeyError:
        raise InvalidInspector("这名检查员刚刚被别人改过，请刷新后再试。", field="inspector_id") from None


async def set_duty(store: Store, inspector_id: str, on_duty: bool, *, by: str) -> None:
    """On duty or not; orders go to the deputy meanwhile. Raises `NotFound`."""

    async def write(session: Session) -> None:
        change = {"$set": {"on_duty": on_duty}}
        done = await store["inspectors"].update_one({"_id": inspector_id}, change, session=session)
        if done.matched_count == 0:
            raise NotFound("没有这名检查员。")
        await audit.append(store, session, f"inspector:{inspector_id}", "set_duty", by, {"on_duty": on_duty})

    await store.transaction(write)
