"""Commands on the database: where it is, and how a command is run on it."""

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from settings import Settings
from store.embedded import EmbeddedMongo
from store.migrations import migrate
from store.mongo import Store

Work = Callable[[argparse.Namespace, Settings, Store], Awaitable[int]]


def on_database(work: Work) -> Callable[[argparse.Namespace, Settings], int]:
    """A command that opens the configured database, does `work(arguments, settings, store)` and ends with its code."""

    async def run(arguments: argparse.Namespace, settings: Settings) -> int:
        async with database(settings) as store:
            return await work(arguments, settings, store)

    return lambda arguments, settings: asyncio.run(run(arguments, settings))


@contextlib.asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Store]:
    """The configured database; the embedded server is started for the command when it is not running."""
    server: asyncio.subprocess.Process | None = None
    uri = settings.mongodb_uri
    if uri is None:
        mongo = EmbeddedMongo(settings.data_dir / "mongodb", settings.mongodb_port)
        mongo.prepare()
        uri = mongo.uri
        if not await _listens(settings.mongodb_port):
            quiet = asyncio.subprocess.DEVNULL
            server = await asyncio.create_subprocess_exec(*mongo.command(), stdout=quiet, stderr=quiet)
            await mongo.make_ready()
    store = await Store.connect(uri, settings.mongodb_name)
    try:
        await migrate(store)
        yield store
    finally:
        await store.close()
        if server:
            server.terminate()
            await server.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
