"""Bring a database to the shape this version needs. Every step can be run again."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from pymongo import IndexModel
from pymongo.errors import CollectionInvalid

from store.mongo import Store
from store.schema import COLLECTIONS, INDEXES, LONG_AGO, Index

SCHEMA_VERSION = 3


class NewerDatabase(RuntimeError):
    """The database was written by a newer version of this program; starting would damage it."""


async def migrate(store: Store) -> None:
    """Create what is missing and remember the schema version. Raises `NewerDatabase`."""
    meta = await store["meta"].find_one({"_id": "schema"})
    if meta and meta["version"] > SCHEMA_VERSION:
        raise NewerDatabase(f"数据库版本 {meta['version']} 新于程序版本 {SCHEMA_VERSION},请升级程序。")
    existing = set(await store.db.list_collection_names())
    await asyncio.gather(*(_prepare(store, name, name in existing) for name in COLLECTIONS))
    # An inspector is `active`; being on duty follows from leave and shifts.
    await store["inspectors"].update_many({"on_duty": {"$exists": True}}, {"$rename": {"on_duty": "active"}})
    if meta and meta["version"] < 2:
        await _watch_every_clock(store)
    if meta and meta["version"] < 3:
        await _lay_keys_apart(store)
    await store["meta"].update_one(
        {"_id": "schema"}, {"$set": {"version": SCHEMA_VERSION, "at": datetime.now(UTC)}}, upsert=True
    )


async def _lay_keys_apart(store: Store) -> None:
    """Sealed keys lie apart from the records that they open."""
    async for row in store["vault"].find({"keys": {"$exists": True}}, {"tip_id": 1, "keys": 1}):
        apart = {"$setOnInsert": {"tip_id": row["tip_id"], **row["keys"]}}
        await store["reporter_keys"].update_one({"_id": row["_id"]}, apart, upsert=True)
        await store["vault"].update_one({"_id": row["_id"]}, {"$unset": {"keys": ""}})


async def _prepare(store: Store, name: str, exists: bool) -> None:
    """The collection with its indexes: two calls, because a first start makes more than a hundred of them."""
    if not exists:
        try:
            await store.db.create_collection(name)
        except CollectionInvalid:
            pass  # another process was first
    wanted = [_model(index) for index in INDEXES if index.collection == name]
    if wanted:
        await store[name].create_indexes(wanted)


def _model(index: Index) -> IndexModel:
    options: dict[str, Any] = {}
    if index.unique:
        options["unique"] = True
    if index.expire_s is not None:
        options["expireAfterSeconds"] = index.expire_s
    if index.partial is not None:
        options["partialFilterExpression"] = index.partial
    return IndexModel(index.keys, **options)


async def _watch_every_clock(store: Store) -> None:
    """Version 2: a case with a running clock is watched. Which moment is next, the first look at it works out."""
    unwatched = {"watch_at": {"$exists": False}, "clocks": {"$elemMatch": {"ended_at": None}}}
    await store["cases"].update_many(unwatched, {"$set": {"watch_at": LONG_AGO}})
