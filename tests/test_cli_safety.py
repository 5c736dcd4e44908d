"""Keys, forgetting, sweeping and drills as an operator calls them."""

import asyncio
import getpass
import secrets
from types import SimpleNamespace

import pytest

import cli
from access.accounts import add_account
from access.actors import Role
from access.vault_keys import escrow_key
from cases.lookup import find
from cases.model import StoredPhoto
from services import open_services
from settings import Settings
from store.backup import restore
from store.keys import Keys
from store.migrations import migrate
from store.mongo import Store
from tests.cases.test_intake import FILING
from tests.handlers.citizens import jpeg_with_gps

ORIGINAL = jpeg_with_gps(120.3, 36.1)
WORDS = "辽宁路80号商场二楼的安全出口锁着,我叫王小明,电话13800138000"


@pytest.fixture
def installation(mongo_server, monkeypatch, tmp_path):
    """An installation with one tip, one photo, one finance officer; and a way to work in it."""
    name = f"cli_{secrets.token_hex(6)}"
    monkeypatch.setenv("MONGODB_URI", mongo_server.uri)
    monkeypatch.setenv("TIP_MONGODB_NAME", name)
    monkeypatch.setenv("TIP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(getpass, "getpass", lambda _: "a long password")
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", mongodb_name=name, embedded_workers=False)

    def inside(work):
        async def run():
            async with open_services(settings, mongo_server.uri) as services:
                return await work(services)

        return asyncio.run(run())

    async def fill(services):
        names = [await services.evidence.put(data) for data in (b"clean", b"thumb", ORIGINAL)]
        photo = StoredPhoto(*names, secrets.token_hex(32), "0" * 16, 4, 3, (120.3, 36.1))
        await add_account(services.store, "fin", "财务", [Role.FINANCE], "a long password")
        from dataclasses import replace

        return await services.intake.receive(replace(FILING, what=WORDS, contact="13800138000", photos=(photo,)))

    receipt = inside(fill)
    escrow = tmp_path / "data" / "secrets" / "escrow.key"
    made = SimpleNamespace(inside=inside, receipt=receipt, escrow=escrow, folder=tmp_path, settings=settings)
    yield made

    async def drop(services):
        await services.store.client.drop_database(name)

    inside(drop)


def test_rotations_and_a_drill_with_a_backup(installation, capsys):
    escrow, folder = str(installation.escrow), installation.folder
    assert cli.main(["keys", "rotate-finance", "--escrow", escrow]) == 0
    assert "重新封存 2 条,打不开 0 条" in capsys.readouterr().out
    new = folder / "new.key"
    assert cli.main(["keys", "rotate-escrow", "--escrow", escrow, "--out", str(new)]) == 0
    assert new.stat().st_mode & 0o077 == 0
    assert cli.main(["keys", "rotate-escrow", "--escrow", str(new), "--out", str(new)]) == 2
    assert cli.main(["keys", "drill", "--escrow", escrow]) == 2, "the old one is worth nothing"
    assert cli.main(["backup", str(folder / "b")]) == 0
    capsys.readouterr()
    assert cli.main(["keys", "drill", "--escrow", str(new), "--backup", str(folder / "b")]) == 0
    out = capsys.readouterr().out
    assert (
        "托管密钥能打开 2 条,打不开 0 条" in out and "备份能恢复" in out and "演练通过" in out and "王小明" not in out
    )
    (folder / "b.keys").unlink()
    assert cli.main(["keys", "drill", "--escrow", str(new), "--backup", str(folder / "b")]) == 1
    assert cli.main(["keys", "status"]) == 0
    assert "其中要重新封存 0 条" in capsys.readouterr().out


def test_an_officer_rotates_with_the_own_password_and_nobody_without_a_key(installation, monkeypatch, capsys):
    assert cli.main(["keys", "rotate-finance", "--officer", "fin"]) == 2
    from access.vault_keys import grant_by_escrow

    text = installation.escrow.read_text()
    installation.inside(lambda services: grant_by_escrow(services.store, text, "fin", "a long password", "system"))
    assert cli.main(["keys", "rotate-finance", "--officer", "fin"]) == 0
    monkeypatch.setattr(getpass, "getpass", lambda _: "another password")
    assert cli.main(["keys", "rotate-finance", "--officer", "fin"]) == 2
    assert "口令不对" in capsys.readouterr().err


def test_a_new_root_key_keeps_old_receipts_files_and_backups_good(installation, mongo_server, capsys):
    folder, data = installation.folder, installation.settings.data_dir
    assert cli.main(["backup", str(folder / "before")]) == 0
    old = (data / "secrets" / "root.key").read_bytes()
    assert cli.main(["keys", "rotate-root"]) == 0
    assert (data / "secrets" / "root.1.key").read_bytes() == old != (data / "secrets" / "root.key").read_bytes()
    assert (data / "secrets" / "root.key").stat().st_mode & 0o077 == 0

    async def check(services):
        await find(services.store, services.receipts, installation.receipt.number, installation.receipt.code)
        photo = await services.store["evidence"].find_one({})
        return await services.evidence.get(photo["original"]), services.receipts.issue("k" * 43)

    original, receipt = installation.inside(check)
    assert original == ORIGINAL and receipt.code != installation.receipt.code
    capsys.readouterr()
    assert cli.main(["keys", "reseal-files"]) == 0 and "重新加密 3 个" in capsys.readouterr().out
    assert cli.main(["keys", "reseal-files"]) == 0 and "重新加密 0 个" in capsys.readouterr().out
    assert cli.main(["keys", "rotate-root"]) == 0
    assert (data / "secrets" / "root.2.key").read_bytes() == old
    assert installation.inside(check)[0] == original

    async def bring_back():
        other = await Store.connect(mongo_server.uri, f"other_{secrets.token_hex(4)}")
        await migrate(other)
        done = await restore(other, folder / "elsewhere", Keys.load(data).cipher("backup"), folder / "before")
        await other.client.drop_database(other.db.name)
        await other.close()
        return done

    assert asyncio.run(bring_back()).files == 3


def test_a_forgotten_reporter_is_forgotten_in_old_backups_too(installation, mongo_server, capsys):
    folder, number = installation.folder, installation.receipt.number
    assert cli.main(["backup", str(folder / "old")]) == 0
    for wrong in ([number, "--reason", "短"], ["0000-0000-0000", "--reason", "举报人要求删除"]):
        assert cli.main(["reporter", "forget", *wrong]) == 2
    assert cli.main(["reporter", "forget", number, "--reason", "举报人要求删除"]) == 0
    assert "已清除 2 条身份记录、1 张照片原件" in capsys.readouterr().out

    async def look(services):
        store = services.store
        photo, tip = await store["evidence"].find_one({}), await store["tips"].find_one({})
        entry = await store["audit"].find_one({"action": "forget_reporter"})
        left = [await store[name].count_documents({}) for name in ("vault", "reporter_keys")]
        return photo, tip, entry, left, await services.evidence.get(photo["file"])

    photo, tip, entry, left, picture = installation.inside(look)
    assert left == [0, 0] and "original" not in photo and "position" not in photo and picture == b"clean"
    assert tip["number"] == number and not tip["has_contact"], "the case goes on, and number and code still open it"
    assert entry["detail"] == {"records": 2, "originals": 1, "reason": "举报人要求删除"}
    assert len([path for path in (installation.settings.data_dir / "evidence").rglob("*") if path.is_file()]) == 2

    # The small file is made anew and replaces the old one; the large old backup still has the records.
    assert cli.main(["backup", str(folder / "new")]) == 0
    (folder / "new.keys").replace(folder / "old.keys")

    async def from_the_old_backup():
        other = await Store.connect(mongo_server.uri, f"other_{secrets.token_hex(4)}")
        await migrate(other)
        await restore(other, folder / "x", Keys.load(installation.settings.data_dir).cipher("backup"), folder / "old")
        from access.vault_rotation import drill

        found = await drill(other, escrow_key(installation.escrow.read_text()), "system")
        records = await other["vault"].count_documents({})
        await other.client.drop_database(other.db.name)
        await other.close()
        return records, found

    records, found = asyncio.run(from_the_old_backup())
    assert records == 2 and (found.opens, found.broken, found.forgotten) == (0, 0, 2)


def test_a_reporter_with_an_open_reward_is_not_forgotten(installation, capsys):
    async def promise(services):
        tip = await services.store["tips"].find_one({})
        await services.store["rewards"].insert_one(
            {"_id": "r", "tip_id": tip["_id"], "case_id": tip["case_id"], "state": "notified", "public_number": "x"}
        )

    installation.inside(promise)
    assert cli.main(["reporter", "forget", installation.receipt.number, "--reason", "举报人要求删除"]) == 2
    assert "还有没办完的奖励" in capsys.readouterr().err
    assert installation.inside(lambda services: services.store["vault"].count_documents({})) == 2


def test_sweeping_by_hand(installation, capsys):
    assert cli.main(["evidence", "sweep"]) == 0
    assert "删除 0 个,保留 3 个" in capsys.readouterr().out
