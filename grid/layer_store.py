"""Grid layers in the database. A layer is written whole beside the old one and then switched on in one transaction."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

import shapely

from grid.polygons import Grid
from store.mongo import Session, Store

_BATCH = 1_000


async def save_layer(store: Store, grids: list[Grid], *, source: str, system: str, actor: str) -> str:
    """Write a new version and make it the active one; returns its id. A failure leaves the old layer untouched."""
    now = datetime.now(UTC)
    layer = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    try:
        for start in range(0, len(grids), _BATCH):
            rows = [_document(layer, grid) for grid in grids[start : start + _BATCH]]
            await store["grids"].insert_many(rows, ordered=False)

        async def switch(session: Session) -> None:
            await store["grid_layers"].update_many({"active": True}, {"$set": {"active": False}}, session=session)
            await store["grid_layers"].insert_one(
                {
                    "_id": layer, "version": layer, "imported_at": now, "imported_by": actor, "source": source,
                    "system": system, "grids": len(grids), "approximate": any(g.approximate for g in grids),
                    "active": True,
                },
                session=session,
            )  # fmt: skip

        await store.transaction(switch)
    except BaseException:
        await store["grids"].delete_many({"layer": layer})
        raise
    return layer


async def load_active(store: Store) -> list[Grid] | None:
    """The grids of the active layer, None when no layer was imported yet."""
    layer = await store["grid_layers"].find_one({"active": True})
    if layer is None:
        return None
    approximate = bool(layer.get("approximate"))
    return [
        Grid(
            row["code"], row["name"], row["district"], row.get("street"),
            shapely.geometry.shape(row["geometry"]), approximate,
        )
        async for row in store["grids"].find({"layer": layer["_id"]}).sort("code", 1)
    ]  # fmt: skip


def _document(layer: str, grid: Grid) -> dict[str, Any]:
    return {
        "_id": f"{layer}/{grid.code}", "layer": layer, "code": grid.code, "name": grid.name,
        "district": grid.district, "street": grid.street, "geometry": shapely.geometry.mapping(grid.geometry),
    }  # fmt: skip
