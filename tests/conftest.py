"""Fixtures that every room's tests share: one real MongoDB for the whole run, a fresh database for each test."""

import asyncio
import socket
import subprocess
import threading
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings as hypothesis_settings

from grid.places import Gazetteer
from store.embedded import EmbeddedMongo
from store.migrations import migrate
from store.mongo import Store

hypothesis_settings.register_profile("project", database=None, deadline=None, derandomize=True)
hypothesis_settings.load_profile("project")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session", autouse=True)
def one_gazetteer():
    """The names of the city never change in a process, and reading them takes a second for every service opened."""
    with patch.object(Gazetteer, "load", cache(Gazetteer.load)):
        yield


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory) -> EmbeddedMongo:
    """A real mongod for the test run, started on a free port and killed at the end."""
    server = EmbeddedMongo(tmp_path_factory.mktemp("mongo"), free_port(), cache_gb=0.25)
    server.prepare()
    process = subprocess.Popen(server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    ready = threading.Thread(target=lambda: asyncio.run(server.make_ready()))
    ready.start()
    ready.join()
    yield server
    process.kill()
    process.wait()


@pytest.fixture
async def store(mongo_server):
    """An empty, migrated database. The same one for every test: making collections costs more than emptying them."""
    opened = await emptied(mongo_server, "tests")
    await migrate(opened)
    yield opened
    await opened.close()


async def emptied(mongo_server: EmbeddedMongo, name: str) -> Store:
    """The database of this name without its documents, all collections at once."""
    opened = await Store.connect(mongo_server.uri, name)

    async def empty(collection: dict) -> None:
        if collection["options"]:  # a test gave it a validator
            await opened[collection["name"]].drop()
        else:
            await opened[collection["name"]].delete_many({})

    await asyncio.gather(*[empty(row) async for row in await opened.db.list_collections()])
    return opened


@pytest.fixture(scope="session")
def project() -> Path:
    return Path(__file__).parent.parent
