"""A MongoDB server of our own for one machine: a one-node replica set with a password, on loopback only.

The binary is `mongod` on the PATH, else the one inside the optional package group `embedded` (MongoDB 6.0, SSPL, for
trying and testing; production names a supported MongoDB with MONGODB_URI).
"""

import asyncio
import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure, PyMongoError

USER = "tip12350"


class NoMongod(RuntimeError):
    """No server binary was found; the message says how to get one."""


def find_mongod() -> Path:
    found = shutil.which("mongod")
    if found:
        return Path(found)
    for folder in sys.path:
        packaged = Path(folder) / "fiftyone" / "db" / "bin" / "mongod"
        if packaged.is_file():
            return packaged
    raise NoMongod(
        "没有找到 mongod:请安装 MongoDB,或用“uv sync --group embedded”装上试用版,或把 MONGODB_URI 指向已有的副本集。"
    )


@dataclass(frozen=True)
class EmbeddedMongo:
    """Where the embedded server lives; `folder` holds its data, log, key file and password."""

    folder: Path
    port: int
    cache_gb: float = 0.5

    def prepare(self) -> None:
        (self.folder / "db").mkdir(parents=True, exist_ok=True)
        for name, text in (("keyfile", secrets.token_hex(256)), ("password", secrets.token_urlsafe(32))):
            path = self.folder / name
            if not path.exists():
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400 if name == "keyfile" else 0o600)
                with os.fdopen(descriptor, "w") as out:
                    out.write(text)

    def command(self) -> list[str]:
        return [
            str(find_mongod()),
            "--dbpath", str(self.folder / "db"),
            "--port", str(self.port),
            "--bind_ip", "127.0.0.1",
            "--replSet", "tip12350",
            "--auth", "--keyFile", str(self.folder / "keyfile"),
            "--logpath", str(self.folder / "mongod.log"), "--logappend",
            "--wiredTigerCacheSizeGB", str(self.cache_gb),
            "--oplogSize", "512",
            "--setParameter", "diagnosticDataCollectionEnabled=false",
            # A service that is killed in a transaction leaves its locks behind for so long (60 s by default); the
            # ledger's head would be among them. Ours take milliseconds.
            "--setParameter", "transactionLifetimeLimitSeconds=15",
            "--nounixsocket",
        ]  # fmt: skip

    @property
    def uri(self) -> str:
        password = quote((self.folder / "password").read_text(), safe="")
        return f"mongodb://{USER}:{password}@127.0.0.1:{self.port}/?replicaSet=tip12350&authSource=admin"

    async def make_ready(self, timeout_s: float = 60) -> None:
        """Wait for the server, then make the replica set and its user when they do not exist yet."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            try:
                await self._initiate()
                return
            except PyMongoError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def _initiate(self) -> None:
        direct = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        open_client: AsyncIOMotorClient = AsyncIOMotorClient(direct, serverSelectionTimeoutMS=500)
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        try:
            try:
                # Both commands are allowed without a login only until the first user exists (localhost exception).
                await open_client.admin.command("replSetInitiate", {"_id": "tip12350", "members": [member]})
            except OperationFailure as failure:
                if failure.code not in (13, 23):  # Unauthorized, AlreadyInitialized: done by an earlier start
                    raise
            try:
                password = (self.folder / "password").read_text()
                await open_client.admin.command("createUser", USER, pwd=password, roles=["root"])
            except OperationFailure as failure:
                if failure.code not in (13, 51003):  # Unauthorized, user exists
                    raise
        finally:
            open_client.close()
        await self._follow_port(member)

    async def _follow_port(self, member: dict) -> None:
        """A data folder that was moved to another port: the replica set must learn its new address."""
        password = quote((self.folder / "password").read_text(), safe="")
        direct = f"mongodb://{USER}:{password}@127.0.0.1:{self.port}/?directConnection=true&authSource=admin"
        client: AsyncIOMotorClient = AsyncIOMotorClient(direct, serverSelectionTimeoutMS=500)
        try:
            config = (await client.admin.command("replSetGetConfig"))["config"]
            if config["members"][0]["host"] != member["host"]:
                config["members"] = [member]
                config["version"] += 1
                await client.admin.command("replSetReconfig", config, force=True)
            hello = await client.admin.command("hello")
            if not hello.get("isWritablePrimary"):
                raise PyMongoError("the embedded server is not primary yet")
        finally:
            client.close()
