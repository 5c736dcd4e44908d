"""A backup brings everything back, gives nothing away, and shows every damage before a document is written."""

import secrets
from datetime import UTC, datetime

import pytest

from store.backup import BadBackup, backup, restore
from store.errors import Refusal
from store.migrations import migrate
from store.mongo import Store
from store.sealing import Cipher

CIPHER = Cipher(b"b" * 32)


@pytest.fixture
async def other(mongo_server):
    opened = await Store.connect(mongo_server.uri, f"test_{secrets.token_hex(6)}")
    await migrate(opened)
    yield opened
    await opened.client.drop_database(opened.db.name)
    await opened.close()


async def fill(store, folder):
    await store["cases"].insert_many([{"_id": f"c{n}", "state": "x", "created_at": datetime.now(UTC), "text": "机密字样"}
                                      for n in range(300)])  # fmt: skip
    (folder / "ab").mkdir(parents=True)
    (folder / "ab" / "abcd").write_bytes(b"sealed photo")


async def test_everything_comes_back(store, other, tmp_path):
    await fill(store, tmp_path / "evidence")
    written = await backup(store, tmp_path / "evidence", CIPHER, tmp_path / "b")
    assert "机密字样".encode() not in (tmp_path / "b").read_bytes()
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0
    assert await restore(other, tmp_path / "elsewhere", CIPHER, tmp_path / "b") == written
    assert await other["cases"].count_documents({"text": "机密字样"}) == 300
    assert (tmp_path / "elsewhere" / "ab" / "abcd").read_bytes() == b"sealed photo"


async def test_the_reporters_keys_lie_in_a_file_of_their_own(store, other, tmp_path):
    await fill(store, tmp_path / "evidence")
    await store["vault"].insert_one({"_id": "v", "tip_id": "t", "body": b"sealed"})
    await store["reporter_keys"].insert_one({"_id": "v", "tip_id": "t", "finance": b"sealed key"})
    assert (await backup(store, tmp_path / "evidence", CIPHER, tmp_path / "b")).keys == 1
    keys = tmp_path / "b.keys"
    assert keys.stat().st_mode & 0o077 == 0
    kept = keys.rename(tmp_path / "elsewhere.keys")
    assert (await restore(other, tmp_path / "elsewhere", CIPHER, tmp_path / "b")).keys is None
    assert await other["vault"].count_documents({}) == 1 and await other["reporter_keys"].count_documents({}) == 0
    kept.rename(keys)
    for name in ("cases", "audit", "vault"):
        await other[name].delete_many({})
    keys.write_bytes(keys.read_bytes()[:-3])
    with pytest.raises(BadBackup):
        await restore(other, tmp_path / "elsewhere", CIPHER, tmp_path / "b")
    assert await other["cases"].count_documents({}) == 0


async def test_a_full_database_is_not_overwritten(store, tmp_path):
    await fill(store, tmp_path / "evidence")
    await backup(store, tmp_path / "evidence", CIPHER, tmp_path / "b")
    with pytest.raises(Refusal):
        await restore(store, tmp_path / "evidence", CIPHER, tmp_path / "b")


@pytest.mark.parametrize("damage", ["cut", "flip", "not a backup", "other key"])
async def test_damage_is_found_before_anything_is_written(store, other, tmp_path, damage):
    await fill(store, tmp_path / "evidence")
    path = tmp_path / "b"
    await backup(store, tmp_path / "evidence", CIPHER, path)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "flip":
        data[-40] ^= 1
    elif damage == "not a backup":
        data[:4] = b"ZIP!"
    path.write_bytes(data)
    cipher = Cipher(b"x" * 32) if damage == "other key" else CIPHER
    with pytest.raises(BadBackup):
        await restore(other, tmp_path / "elsewhere", cipher, path)
    assert await other["cases"].count_documents({}) == 0
