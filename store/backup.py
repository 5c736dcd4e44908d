"""Backup and restore: one sealed file with the whole database as of one moment, and the evidence files; and beside it, in
a small file of its own, the keys of the reporters' records.

Old backups may lie around for years; the small file is kept only once, the newest. So a reporter whose keys were deleted is
forgotten in all old backups as soon as the next small file has replaced the last.

The file opens only with the installation's root secret, which is never in it: a stolen backup reveals nothing, and an
operator keeps `secrets/root.key` somewhere else. Frames are sealed with their position, so that a frame that was
dropped, doubled or changed is found before anything is written.
"""

import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import bson

from store.errors import Refusal
from store.mongo import Session, Store
from store.schema import COLLECTIONS
from store.sealing import Cipher, SealBroken

MAGIC = b"tip12350 backup 1\n"
BATCH_BYTES = 4 * 1024 * 1024
# What means nothing after a restore: logins, turns of conversations, counters of attempts.
SKIPPED = {"sessions", "turns", "throttle"}
APART = {"reporter_keys"}
KEYS = ".keys"


class BadBackup(Refusal):
    """Not a backup, damaged, or of another installation; nothing was written."""


@dataclass(frozen=True)
class Summary:
    """`keys`: how many records of the vault can be opened again; None when the small file was not there."""

    documents: int
    files: int
    keys: int | None


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
    """Write everything as of now to `target` and `target`.keys (which must not exist); durable when it returns."""
    documents = files = keys = 0
    # Every collection is read at the same moment, whatever is filed meanwhile.
    async with await store.client.start_session(snapshot=True) as session:
        with _writing(target, cipher) as writer:
            for name in COLLECTIONS:
                if name not in SKIPPED | APART:
                    documents += await _documents(store, session, name, writer)
            # Files are never changed and are written before the record that names them: copied last, none is missing.
            for path in sorted(evidence.rglob("*")):
                if path.is_file() and path.suffix != ".part":
                    writer.frame("file", str(path.relative_to(evidence)), path.read_bytes())
                    files += 1
        with _writing(_keys_of(target), cipher) as writer:
            for name in sorted(APART):
                keys += await _documents(store, session, name, writer)
    return Summary(documents, files, keys)


def _keys_of(path: Path) -> Path:
    return path.with_name(path.name + KEYS)


async def _documents(store: Store, session: Session, name: str, writer: _Writer) -> int:
    batch, count = bytearray(), 0
    async for document in store[name].find({}, session=session):
        batch += bson.encode(document)
        count += 1
        if len(batch) > BATCH_BYTES:
            writer.frame("documents", name, bytes(batch))
            batch.clear()
    writer.frame("documents", name, bytes(batch))
    return count


@contextmanager
def _writing(target: Path, cipher: Cipher) -> Iterator[_Writer]:
    """A file that has its name only when it is complete and on the disk."""
    waiting = target.with_name(target.name + ".part")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        writer = _Writer(out, cipher)
        yield writer
        writer.frame("end", "", b"")
        out.flush()
        os.fsync(out.fileno())
    os.rename(waiting, target)


async def restore(store: Store, evidence: Path, cipher: Cipher, source: Path) -> Summary:
    """Fill an empty database from a backup. Both files are checked before the first document is written."""
    if await store["cases"].find_one({}) or await store["audit"].find_one({}):
        raise Refusal("数据库里已有数据,恢复只能在空库中进行。请先换一个 TIP_MONGODB_NAME 或数据目录。", status=409)
    sources = [source, *([_keys_of(source)] if _keys_of(source).exists() else [])]
    for each in sources:
        check(cipher, each)
    documents = files = 0
    keys = 0 if len(sources) == 2 else None
    for each in sources:
        with open(each, "rb") as opened:
            for kind, name, payload in _frames(opened, cipher):
                if kind == "documents" and payload:
                    rows = bson.decode_all(payload)
                    await store[name].delete_many({"_id": {"$in": [row["_id"] for row in rows]}})
                    await store[name].insert_many(rows)
                    if name in APART:
                        keys = (keys or 0) + len(rows)
                    else:
                        documents += len(rows)
                elif kind == "file":
                    _put_file(evidence, name, payload)
                    files += 1
    return Summary(documents, files, keys)


def check(cipher: Cipher, source: Path) -> None:
    """Read one file to its end. Raises `BadBackup`."""
    with open(source, "rb") as opened:
        for _ in _frames(opened, cipher):
            pass


def _put_file(evidence: Path, name: str, payload: bytes) -> None:
    path = (evidence / name).resolve()
    if not path.is_relative_to(evidence.resolve()):
        raise BadBackup("备份文件中的路径不合法。")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(payload)
