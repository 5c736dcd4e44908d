"""Inspectors in the database. Every change counts up one number, by which running services see that there is news."""

from __future__ import annotations

from datetime import date
from typing import Any

from grid.inspectors import Inspector, Kind
from grid.shifts import Leave, leave_document, shift_document, shift_of
from store.mongo import Session, Store

_VERSION = {"_id": "roster"}


async def load_inspectors(store: Store) -> list[Inspector]:
    """All inspectors of the database, by id."""
    return [from_document(row) async for row in store["inspectors"].find({}).sort("_id", 1)]


async def roster_version(store: Store) -> int:
    """0 until the first change."""
    row = await store["meta"].find_one(_VERSION)
    return int(row["version"]) if row else 0


async def note_change(store: Store, session: Session) -> None:
    """In the transaction of every change of the roster."""
    await store["meta"].update_one(_VERSION, {"$inc": {"version": 1}}, upsert=True, session=session)


async def seed_demonstration(store: Store, inspectors: list[Inspector]) -> None:
    """Put the invented inspectors into an empty collection; does nothing when there are any."""
    if inspectors and await store["inspectors"].find_one({}) is None:
        await store["inspectors"].insert_many([{"_id": i.id, **fields_of(i)} for i in inspectors])


def from_document(row: dict[str, Any]) -> Inspector:
    return Inspector(
        id=str(row["_id"]),
        name=row["name"],
        email=row.get("email", ""),
        district=row.get("district") or "",
        street=row.get("street") or "",
        grids=tuple(row.get("grids", ())),
        active=bool(row.get("active", True)),
        deputy=row.get("deputy"),
        demonstration=bool(row.get("demonstration", False)),
        kind=Kind(row.get("kind", Kind.INSPECTOR)),
        phone=row.get("phone", ""),
        robot=row.get("robot", ""),
        leave=tuple(
            Leave(date.fromisoformat(each["first"]), date.fromisoformat(each["last"]), each.get("deputy"))
            for each in row.get("leave", ())
        ),
        shifts=tuple(shift_of(each["days"], each["start"], each["end"]) for each in row.get("shifts", ())),
    )


def fields_of(inspector: Inspector) -> dict[str, Any]:
    """The document without its id."""
    return {
        "name": inspector.name, "email": inspector.email, "district": inspector.district, "street": inspector.street,
        "grids": list(inspector.grids), "active": inspector.active, "deputy": inspector.deputy,
        "demonstration": inspector.demonstration, "kind": str(inspector.kind), "phone": inspector.phone,
        "robot": inspector.robot, "leave": [leave_document(each) for each in inspector.leave],
        "shifts": [shift_document(each) for each in inspector.shifts],
    }  # fmt: skip
