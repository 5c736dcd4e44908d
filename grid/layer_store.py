"""Grid layers in the database, one version for each import. A version is written whole, beside the one in use; using it,
or an earlier one again, is one transaction. `uses` of a version says from when until when it was in use."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from access import audit
from grid.layer_version import GridRow, LayerReading, as_grids, content_of
from grid.polygons import GridIndex
from store.errors import Conflict, NotFound
from store.local_time import LOCAL
from store.mongo import Document, Session, Store

AUDIT_SUBJECT = "grid_layer"
TRIED_FOR = timedelta(hours=24)  # what was tried and never used goes then
_BATCH = 1_000
_LISTED = {"report": 0, "picture": 0}


class NoSuchVersion(NotFound):
    def __init__(self, version: str) -> None:
        super().__init__(f"没有版本“{version[:40]}”，或试运行已超过 24 小时。请重新试运行。")


async def keep(store: Store, reading: LayerReading, *, by: str) -> str:
    """Write a checked layer as a version that is not in use; returns its id. A failure leaves nothing behind."""
    assert reading.report.ok, "a layer with errors is never kept"
    now = datetime.now(UTC)
    await _forget_old_trials(store, now)
    version = f"{now.astimezone(LOCAL):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    report = reading.report
    try:
        # The head comes first: rows without one are what a process left that died, and are swept away.
        await store["grid_layers"].insert_one(
            {
                "_id": version, "imported_at": now, "imported_by": by, "source": report.source, "system": report.system,
                "grids": len(reading.rows), "approximate": any(row.approximate for row in reading.rows),
                "content": report.content, "headline": report.headline(), "repaired": report.repaired,
                "report": [
                    {"kind": s.kind, "fatal": s.fatal, "count": s.count, "lines": list(s.lines)}
                    for s in report.sections()
                ],
                "picture": reading.picture, "active": False, "uses": [],
            }
        )  # fmt: skip
        for start in range(0, len(reading.rows), _BATCH):
            rows = [_document(version, row) for row in reading.rows[start : start + _BATCH]]
            await store["grids"].insert_many(rows, ordered=False)
    except BaseException:
        await discard(store, version)
        raise
    return version


async def use(store: Store, version: str, *, by: str, content: str | None = None) -> Document:
    """Switch a version on, in one transaction with its audit entry; the one before is then no longer in use.

    `content` is the fingerprint of what the person saw. Raises NoSuchVersion or Conflict; then nothing was changed.
    """
    head = await read_version(store, version)
    rows = await load_rows(store, version)
    found = await asyncio.to_thread(content_of, rows)
    if found != head["content"] or (content is not None and found != content):
        raise Conflict("这个版本的网格与您看到的不一致，没有启用。请重新试运行。")
    now = datetime.now(UTC)

    async def switch(session: Session) -> Document:
        before = await store["grid_layers"].find_one({"active": True}, {"_id": 1}, session=session)
        if before and before["_id"] == version:
            raise Conflict("这个版本正在使用，不用再启用。")
        if before:
            await store["grid_layers"].update_one(
                {"_id": before["_id"]},
                {"$set": {"active": False, "uses.$[open].until": now}},
                array_filters=[{"open.until": None}],
                session=session,
            )
        done = await store["grid_layers"].find_one_and_update(
            {"_id": version},
            {"$set": {"active": True}, "$push": {"uses": {"from": now, "until": None, "by": by}}},
            projection=_LISTED,
            return_document=True,
            session=session,
        )
        if done is None:
            raise NoSuchVersion(version)
        action = "use_layer" if head["uses"] else "import_layer"
        detail = {
            "version": version, "before": before["_id"] if before else None, "content": found,
            "source": head["source"], "grids": head["grids"],
        }  # fmt: skip
        await audit.append(store, session, AUDIT_SUBJECT, action, by, detail, now)
        return done

    return await store.transaction(switch)


async def discard(store: Store, version: str) -> None:
    """Take a version away that was never in use."""
    gone = await store["grid_layers"].delete_one({"_id": version, "uses": []})
    if gone.deleted_count or await store["grid_layers"].find_one({"_id": version}, {"_id": 1}) is None:
        await store["grids"].delete_many({"layer": version})


async def _forget_old_trials(store: Store, now: datetime) -> None:
    old = store["grid_layers"].find({"uses": [], "imported_at": {"$lt": now - TRIED_FOR}}, {"_id": 1})
    for head in await old.to_list(100):
        await discard(store, head["_id"])
    # An id begins with its time, so rows that are being written at this moment are not meant.
    known, before = await store["grid_layers"].distinct("_id"), f"{(now - TRIED_FOR).astimezone(LOCAL):%Y%m%d-%H%M%S}"
    await store["grids"].delete_many({"layer": {"$nin": known, "$lt": before}})


# ---- reading


async def listed_versions(store: Store) -> list[Document]:
    """All versions, the newest first, without their pictures."""
    return await store["grid_layers"].find({}, _LISTED).sort("imported_at", -1).to_list(200)


async def read_version(store: Store, version: str) -> Document:
    """All of it but the grids. Raises NoSuchVersion."""
    head = await store["grid_layers"].find_one({"_id": version})
    if head is None:
        raise NoSuchVersion(version)
    return head


async def active_version(store: Store) -> str | None:
    """The id of the version in use; None when no layer was imported yet."""
    head = await store["grid_layers"].find_one({"active": True}, {"_id": 1})
    return head["_id"] if head else None


async def load_rows(store: Store, version: str) -> list[GridRow]:
    """The grids of a version by code."""
    documents = await store["grids"].find({"layer": version}).sort("code", 1).to_list(None)
    return await asyncio.to_thread(lambda: [_row(document) for document in documents])


async def load_index(store: Store) -> GridIndex | None:
    """The index of the version in use, built beside the event loop; None when no layer was imported yet."""
    version = await active_version(store)
    if version is None:
        return None
    rows = await load_rows(store, version)
    return await asyncio.to_thread(lambda: GridIndex(as_grids(rows), version))


def _row(document: Document) -> GridRow:
    d = document
    return GridRow(d["row"], d["code"], d["name"], d["district"], d["street"], d["approximate"], bytes(d["wkb"]))


def _document(version: str, row: GridRow) -> dict[str, Any]:
    return {
        "_id": f"{version}/{row.code}", "layer": version, "row": row.row, "code": row.code, "name": row.name,
        "district": row.district, "street": row.street, "approximate": row.approximate, "wkb": row.wkb,
    }  # fmt: skip
