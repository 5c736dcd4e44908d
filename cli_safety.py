"""`tip12350 keys …`, `reporter …`, `evidence …`: rotations, drills, forgetting and sweeping. See docs/keys.md."""

import argparse
import asyncio
import getpass
import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from nacl.public import PrivateKey

from access.actors import SYSTEM
from cli_database import on_database
from settings import Settings
from store.errors import Refusal
from store.keys import Keys
from store.mongo import Store

if TYPE_CHECKING:
    from cases.evidence import EvidenceFiles


def add_commands(group, command) -> None:
    """`group(name, text)` makes a group of commands, `command(name, text, run, parent=…)` one."""

    def opened_by(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
        who = made.add_mutually_exclusive_group(required=True)
        who.add_argument("--officer", metavar="账号", help="有钥匙的财务人员,口令从键盘输入")
        who.add_argument("--escrow", metavar="文件", type=Path, help="托管密钥文件")
        return made

    keys = group("keys", "密钥:轮换和演练(见 docs/keys.md)")
    command("status", "列出钥匙和需要重新封存的记录数", on_database(_status), parent=keys)
    opened_by(
        command("rotate-finance", "更换保密柜的财务钥匙(有人离岗后做)", on_database(_rotate_finance), parent=keys)
    )
    made = opened_by(command("rotate-escrow", "更换托管密钥", on_database(_rotate_escrow), parent=keys))
    made.add_argument("--out", type=Path, required=True, help="新托管密钥写到哪里(不能已存在)")
    opened_by(command("seal-anew", "把所有记录改用现在的钥匙封存,可重复运行", on_database(_seal_anew), parent=keys))
    command("rotate-root", "更换 root.key(先停止服务)", _rotate_root, parent=keys)
    command("reseal-files", "把证据文件改用现在的 root.key 加密,可重复运行", _reseal_files, parent=keys)
    drill = command("drill", "演练:托管密钥和备份是否真的能用,不显示任何内容", on_database(_drill), parent=keys)
    drill.add_argument("--escrow", metavar="文件", type=Path, required=True, help="托管密钥文件")
    drill.add_argument("--backup", metavar="文件", type=Path, help="同时检查这份备份")

    reporter = group("reporter", "举报人")
    forget = command("forget", "清除一件举报的举报人身份,不能恢复", on_database(_forget), parent=reporter)
    forget.add_argument("number", help="举报编号")
    forget.add_argument("--reason", required=True, help="理由,写入审计记录")
    evidence = group("evidence", "证据文件")
    command("sweep", "删除没有任何举报使用、且超过两天的证据文件", on_database(_sweep), parent=evidence)


async def _finance(arguments: argparse.Namespace, store: Store) -> PrivateKey:
    from access.vault_keys import finance_by_escrow, finance_key

    if arguments.escrow:
        return await finance_by_escrow(store, _read(arguments.escrow))
    return await finance_key(store, arguments.officer, getpass.getpass(f"{arguments.officer} 的登录口令:"))


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise Refusal(f"读不到密钥文件 {file}。") from None


def _by(arguments: argparse.Namespace) -> str:
    return arguments.officer or SYSTEM.id


async def _status(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from nacl.public import PublicKey

    from access.vault_keys import key_id

    finance, escrow = [await store["vault_keys"].find_one({"_id": name}) for name in ("finance", "escrow")]
    if finance is None or escrow is None:
        raise Refusal("保密柜还没有启用:请先启动一次服务。")
    ids = {"finance_id": key_id(PublicKey(finance["public"])), "escrow_id": key_id(PublicKey(escrow["public"]))}
    stale = {"$or": [{name: {"$ne": value}} for name, value in ids.items()]}
    print(
        f"财务钥匙 {ids['finance_id']},{finance['created_at']:%Y-%m-%d} 启用,持有人:{'、'.join(finance['officers']) or '无'}"
    )
    print(f"托管密钥 {ids['escrow_id']},{escrow['created_at']:%Y-%m-%d} 启用")
    print(
        f"保密柜记录 {await store['vault'].count_documents({})} 条,其中要重新封存 {await store['reporter_keys'].count_documents(stale)} 条"
    )
    print(f"还没删除的旧财务钥匙 {await store['vault_keys'].count_documents({'retired': True})} 把")
    print(f"root.key 之外还在用的旧根密钥 {len(Keys.load(settings.data_dir).derive_all('receipt')) - 1} 个")
    return 0


async def _rotate_finance(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from access.vault_rotation import rotate_finance

    await rotate_finance(store, await _finance(arguments, store), _by(arguments))
    print("已更换财务钥匙,原来的持有人不用做什么。正在把记录改用新钥匙封存……")
    await _seal_anew(arguments, settings, store)
    print("十分钟后再运行一次 keys seal-anew,旧钥匙才会删除。")
    return 0


async def _rotate_escrow(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from access.vault_rotation import rotate_escrow, seal_anew

    finance = await _finance(arguments, store)
    try:
        descriptor = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refusal(f"{arguments.out} 已存在,请换一个文件名。") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(await rotate_escrow(store, finance, _by(arguments)) + "\n")
        out.flush()
        os.fsync(out.fileno())
    print(f"新托管密钥已写到 {arguments.out}:请移到离线介质,再删除这份。旧的在重新封存后作废。")
    done = await seal_anew(store, finance, _by(arguments))
    print(f"重新封存 {done.changed} 条,打不开 {done.left} 条。请接着运行 keys drill --escrow {arguments.out}。")
    return 0 if done.left == 0 else 1


async def _seal_anew(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from access.vault_rotation import seal_anew

    done = await seal_anew(store, await _finance(arguments, store), _by(arguments))
    print(f"重新封存 {done.changed} 条,打不开 {done.left} 条,删除旧钥匙 {done.retired} 把。")
    return 0 if done.left == 0 else 1


def _rotate_root(arguments: argparse.Namespace, settings: Settings) -> int:
    Keys.rotate(settings.data_dir)
    print("已更换 root.key,原来的改名为 root.1.key:旧查询码、旧备份还要用它,请一起离线保管。")
    print("接着运行 keys reseal-files,再启动服务。")
    return 0


def _reseal_files(arguments: argparse.Namespace, settings: Settings) -> int:
    with _evidence(settings) as files:
        print(f"重新加密 {asyncio.run(files.seal_anew())} 个证据文件。")
    return 0


def _evidence(settings: Settings) -> "closing[EvidenceFiles]":
    from cases.evidence import EvidenceFiles

    cipher = Keys.load(settings.data_dir).cipher("evidence")
    return closing(EvidenceFiles(settings.data_dir / "evidence", cipher))


async def _drill(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from access.vault_keys import escrow_key, finance_by_escrow
    from access.vault_rotation import drill

    text = _read(arguments.escrow)
    await finance_by_escrow(store, text)
    found = await drill(store, escrow_key(text), SYSTEM.id)
    print(f"托管密钥能打开 {found.opens} 条,打不开 {found.broken} 条;已清除身份的 {found.forgotten} 条。")
    sound = found.broken == 0
    if arguments.backup:
        sound = await _drill_backup(arguments.backup, settings, store) and sound
    print("演练通过。" if sound else "演练没有通过,请马上查明原因。")
    return 0 if sound else 1


async def _drill_backup(file: Path, settings: Settings, store: Store) -> bool:
    """Restored into a database of its own and away again, files into a folder of their own."""
    from access import audit
    from rewards.verify import verify
    from store.backup import restore
    from store.migrations import migrate

    name = f"{store.db.name}_drill"
    scratch = Store(store.client, name)
    await store.client.drop_database(name)
    try:
        await migrate(scratch)
        with tempfile.TemporaryDirectory(dir=settings.data_dir) as folder:
            done = await restore(scratch, Path(folder), Keys.load(settings.data_dir).cipher("backup"), file)
        ledger, trail = await verify(scratch), await audit.verify(scratch)
        keys = "没有钥匙文件(.keys),恢复后身份打不开" if done.keys is None else f"{done.keys} 把记录钥匙"
        print(f"备份能恢复:{done.documents} 条记录、{done.files} 个文件、{keys};账本{'完好' if ledger.ok else '有误'},"
              f"审计记录{'完好' if trail[1] is None else '有误'}。")  # fmt: skip
        return ledger.ok and trail[1] is None and done.keys is not None
    finally:
        await store.client.drop_database(name)


async def _forget(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from cases.forgetting import forget

    with _evidence(settings) as files:
        done = await forget(store, files, arguments.number, arguments.reason, SYSTEM.id)
    print(f"已清除 {done.records} 条身份记录、{done.originals} 张照片原件。")
    print("请马上重做备份,并删除旧的 .keys 文件;旧备份里的身份从此打不开。照片原件在旧备份里仍有,到期随旧备份删除。")
    return 0


async def _sweep(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from cases.conversations import Conversations
    from cases.evidence_sweep import sweep

    done = await sweep(store, settings.data_dir / "evidence", Conversations(store, Keys.load(settings.data_dir)))
    print(f"删除 {done.removed} 个,保留 {done.kept} 个;有记录而文件不在的 {done.missing} 个。")
    return 0 if done.missing == 0 else 1
