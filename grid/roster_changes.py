"""Changes of the roster by the administrator, one transaction and one audit entry each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from access import audit
from grid.divisions import Divisions
from grid.inspectors import Inspector
from grid.roster_entry import InvalidInspector, deputies_of, inspector_from
from grid.roster_store import fields_of, from_document, note_change
from grid.shifts import MAX_PERIODS, Leave, Shift, leave_document, leaves_text, shift_document, shifts_text
from store.errors import NotFound
from store.mongo import Document, Session, Store

# What the form of an inspector holds; leave and shifts have forms of their own.
_TYPED = ("name", "email", "kind", "district", "street", "grids", "deputy", "phone", "robot", "demonstration")


async def inspector_of(store: Store, inspector_id: str) -> Inspector:
    """Raises `NotFound`."""
    row = await store["inspectors"].find_one({"_id": inspector_id})
    if row is None:
        raise NotFound("没有这名检查员。")
    return from_document(row)


async def save_inspector(store: Store, known: Divisions, fields: Mapping[str, str], *, by: str) -> None:
    """Add or change an inspector. `fields` as for `inspector_from`; leave, shifts and 在职 stay as they are.

    Raises `InvalidInspector` with the field at fault.
    """
    inspector = inspector_from(known, fields)
    whole = fields_of(inspector)
    typed = {name: whole[name] for name in _TYPED}
    fresh = {name: value for name, value in whole.items() if name not in typed}

    async def write(session: Session) -> None:
        await _refuse_unknown(store, session, deputies_of(inspector), "deputy")
        change = {"$set": typed, "$setOnInsert": fresh}
        await store["inspectors"].update_one({"_id": inspector.id}, change, upsert=True, session=session)
        detail = {"district": inspector.district, "street": inspector.street, "grids": list(inspector.grids),
                  "deputy": inspector.deputy, "kind": str(inspector.kind)}  # fmt: skip
        await _note(store, session, inspector.id, "save_inspector", detail, by)

    await store.transaction(write)


async def set_active(store: Store, inspector_id: str, active: bool, *, by: str) -> None:
    """Somebody leaves, or comes back. Open orders stay with the case and are listed for reassignment."""
    await _change(store, inspector_id, "set_active", {"active": active}, {"active": active}, by)


async def add_leave(store: Store, inspector_id: str, leave: Leave, *, by: str) -> None:
    """Raises `NotFound`, `InvalidInspector` for a deputy that does not exist or too many leaves."""
    inspector = await inspector_of(store, inspector_id)
    if leave.deputy == inspector_id:
        raise InvalidInspector("不能由本人代班。", field="deputy")
    # What ended long ago is in the audit trail; the roster needs what runs and what comes.
    kept = sorted({*inspector.leave, leave}, key=lambda each: each.first)[-MAX_PERIODS:]
    change = {"leave": [leave_document(each) for each in kept]}
    await _change(store, inspector_id, "add_leave", change, {"leave": leaves_text([leave])}, by, leave.deputy)


async def remove_leave(store: Store, inspector_id: str, leave: Leave, *, by: str) -> None:
    """Somebody comes back early or does not go. Raises `NotFound`."""
    inspector = await inspector_of(store, inspector_id)
    if leave not in inspector.leave:
        raise NotFound("没有这段休假，可能已被取消。请刷新页面。")
    change = {"leave": [leave_document(each) for each in inspector.leave if each != leave]}
    await _change(store, inspector_id, "remove_leave", change, {"leave": leaves_text([leave])}, by)


async def set_shifts(store: Store, inspector_id: str, shifts: tuple[Shift, ...], *, by: str) -> None:
    """The weekly pattern; none means always on duty. Raises `NotFound`."""
    change = {"shifts": [shift_document(each) for each in shifts]}
    await _change(store, inspector_id, "set_shifts", change, {"shifts": shifts_text(shifts)}, by)


async def _change(
    store: Store, inspector_id: str, action: str, change: Document, detail: dict[str, Any], by: str,
    deputy: str | None = None,
) -> None:  # fmt: skip
    async def write(session: Session) -> None:
        if deputy:
            await _refuse_unknown(store, session, {deputy}, "deputy")
        done = await store["inspectors"].update_one({"_id": inspector_id}, {"$set": change}, session=session)
        if done.matched_count == 0:
            raise NotFound("没有这名检查员。")
        await _note(store, session, inspector_id, action, detail, by)

    await store.transaction(write)


async def _note(
    store: Store, session: Session, inspector_id: str, action: str, detail: dict[str, Any], by: str
) -> None:
    await note_change(store, session)
    await audit.append(store, session, f"inspector:{inspector_id}", action, by, detail)


async def _refuse_unknown(store: Store, session: Session, ids: set[str], field: str) -> None:
    known = await store["inspectors"].count_documents({"_id": {"$in": sorted(ids)}}, session=session) if ids else 0
    if known < len(ids):
        raise InvalidInspector("名单里没有这个代班人的编号。", field=field)
