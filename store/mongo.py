"""MongoDB through motor. The one module that imports it: a change of driver is a change of this file."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from bson import decode_all
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Session = AsyncIOMotorClientSession
Collection = AsyncIOMotorCollection
Document = dict[str, Any]
T = TypeVar("T")

# Acknowledged means: on the disk of a majority. Anything less could be lost after we gave out a tip number.
DURABLE = WriteConcern(w="majority", j=True)


class Store:
    """One database of one MongoDB replica set or cluster."""

    def __init__(self, client: AsyncIOMotorClient, name: str) -> None:
        self.client = client
        self.db: AsyncIOMotorDatabase = client.get_database(name, write_concern=DURABLE)
        self._collections: dict[str, Collection] = {}

    @classmethod
    async def connect(cls, uri: str, name: str, *, timeout_s: float = 5.0) -> "Store":
        """Open the database `name`; raises `pymongo.errors.PyMongoError` when no primary answers in `timeout_s`."""
        client: AsyncIOMotorClient = AsyncIOMotorClient(
            uri,
            tz_aware=True,
            serverSelectionTimeoutMS=int(timeout_s * 1000),
            maxPoolSize=64,
            appname="tip12350",
        )
        await client.admin.command("ping")
        return cls(client, name)

    def __getitem__(self, collection: str) -> Collection:
        # Kept: motor makes a new one, with its settings copied, each time it is asked.
        if collection not in self._collections:
            self._collections[collection] = self.db[collection]
        return self._collections[collection]

    async def transaction(self, callback: Callable[[Session], Coroutine[Any, Any, T]]) -> T:
        """Run `callback(session)` as one transaction: all of its writes, or none.

        The driver runs the callback again after a transient conflict, so it must have no effect outside the database.
        """
        async with await self.client.start_session() as session:
            return await session.with_transaction(callback, read_concern=ReadConcern("snapshot"), write_concern=DURABLE)

    async def aggregate(
        self, collection: str, pipeline: list[Document], session: Session | None = None
    ) -> list[Document]:
        return [row async for row in self[collection].aggregate(pipeline, session=session)]

    async def in_batches(self, collection: str, query: Document, sort: str, size: int) -> AsyncIterator[list[Document]]:
        """All documents in the order of `sort`, `size` at a time: one turn of the event loop a batch, not a document."""
        found = self[collection].find_raw_batches(query, sort=[(sort, 1)], batch_size=size)
        async for raw in found:
            yield decode_all(raw, self[collection].codec_options)

    async def close(self) -> None:
        self.client.close()
