"""Backup and restore: one sealed file with the whole database as of one moment, and the evidence files.

The file opens only with the installation's root secret, which is never in it: a stolen backup reveals nothing, and an
operator keeps `secrets/root.key` somewhere else. Frames are sealed with their position, so that a frame that was
dropped, doubled or changed is found before anything is written.
"""

import os
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import bson

from store.errors import Refusal
from store.mongo import Store
from store.schema import COLLECTIONS
from store.sealing import Cipher, SealBroken

MAGIC = b"tip12350 backup 1\n"
BATCH_BYTES = 4 * 1024 * 1024
# What means nothing after a restore: logins, turns of conversations, counters of attempts.
SKIPPED = {"sessions", "turns", "throttle"}


class BadBackup(Refusal):
    """Not a backup, damaged, or of another installation; nothing was written."""


@dataclass(frozen=True)
class Summary:
    documents: int
    files: int


class _Writer:
    def __init__(self, out: BinaryIO, cipher: Cipher) -> None:
        self._out, self._cipher, self._count = out, cipher, 0
        self._id = secrets.token_hex(8)
        out.write(MAGIC + self._id.encode() + b"\n")

    def frame(self, kind: str, name: str, payload: bytes) -> None:
        head = bson.encode({"kind": kind, "name": name})
        sealed = self._cipher.seal(zlib.compress(head + payload, 3), f"{self._id}:{self._count}")
        self._out.write(len(sealed).to_bytes(4, "big") + sealed)
        self._count += 1


def _frames(source: BinaryIO, cipher: Cipher) -> Iterator[tuple[str, str, bytes]]:
    if source.read(len(MAGIC)) != MAGIC:
        raise BadBackup("这不是本系统的备份文件。")
    backup_id = source.readline().strip().decode("ascii", "replace")
    count = 0
    while True:
        length = source.read(4)
        sealed = source.read(int.from_bytes(length, "big"))
        if len(length) < 4 or len(sealed) < int.from_bytes(length, "big"):
            raise BadBackup("备份文件不完整,请换一份备份。")
        try:
            plain = zlib.decompress(cipher.open(sealed, f"{backup_id}:{count}"))
        except SealBroken:
            raise BadBackup("备份文件已损坏,或不属于本系统的密钥(secrets/root.key)。") from None
        head_length = int.from_bytes(plain[:4], "little")
        head = bson.decode(plain[:head_length])
        yield head["kind"], head["name"], plain[head_length:]
        if head["kind"] == "end":
            return
        count += 1


async def backup(store: Store, evidence: Path, cipher: Cipher, target: Path) -> Summary:
    """Write everything as of now to `target` (which must not exist); durable when it returns."""
    documents = files = 0
    waiting = target.with_name(target.name + ".part")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        writer = _Writer(out, cipher)
        # Every collection is read at the same moment, whatever is filed meanwhile.
        async with await store.client.start_session(snapshot=True) as session:
            for name in COLLECTIONS:
                if name in SKIPPED:
                    continue
                batch = bytearray()
                async for document in store[name].find({}, session=session):
                    batch += bson.encode(document)
                    documents += 1
                    if len(batch) > BATCH_BYTES:
                        writer.frame("documents", name, bytes(batch))
                        batch.clear()
                writer.frame("documents", name, bytes(batch))
        # Files are never changed and are written before the record that names them: copied last, none is missing.
        for path in sorted(evidence.rglob("*")):
            if path.is_file() and path.suffix != ".part":
                writer.frame("file", str(path.relative_to(evidence)), path.read_bytes())
                files += 1
        writer.frame("end", "", b"")
        out.flush()
        os.fsync(out.fileno())
    os.rename(waiting, target)
    return Summary(documents, files)


async def restore(store: Store, evidence: Path, cipher: Cipher, source: Path) -> Summary:
    """Fill an empty database from a backup. The whole file is checked before the first document is written."""
    if await store["cases"].find_one({}) or await store["audit"].find_one({}):
        raise Refusal("数据库里已有数据,恢复只能在空库中进行。请先换一个 TIP_MONGODB_NAME 或数据目录。", status=409)
    with open(source, "rb") as check:
        for _ in _frames(check, cipher):
            pass
    documents = files = 0
    with open(source, "rb") as again:
        for kind, name, payload in _frames(again, cipher):
            if kind == "documents" and payload:
                rows = bson.decode_all(payload)
                await store[name].delete_many({"_id": {"$in": [row["_id"] for row in rows]}})
                await store[name].insert_many(rows)
                documents += len(rows)
            elif kind == "file":
                path = (evidence / name).resolve()
                if not path.is_relative_to(evidence.resolve()):
                    raise BadBackup("备份文件中的路径不合法。")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(payload)
                files += 1
    return Summary(documents, files)
