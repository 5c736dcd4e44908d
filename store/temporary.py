"""A database to measure on: `async with temporary_store() as store`."""

import asyncio
import os
import secrets
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from store.embedded import EmbeddedMongo
from store.mongo import Store


@asynccontextmanager
async def temporary_store() -> AsyncIterator[Store]:
    """An empty database, gone afterwards: on MONGODB_URI when it is set, else on a MongoDB of its own in a temporary folder.

    Raises `NoMongod`.
    """
    async with _server() as uri:
        store = await Store.connect(uri, f"bench_{secrets.token_hex(4)}")
        try:
            yield store
        finally:
            await store.client.drop_database(store.db.name)
            await store.close()


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    if outside := os.environ.get("MONGODB_URI"):
        yield outside
        return
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        mongo = EmbeddedMongo(Path(folder), port, cache_gb=0.25)
        mongo.prepare()
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*mongo.command(), stdout=quiet, stderr=quiet)
        try:
            await mongo.make_ready()
            yield mongo.uri
        finally:
            process.terminate()
            await process.wait()
