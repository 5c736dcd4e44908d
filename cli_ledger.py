"""`tip12350 ledger …`: recompute everything that has to do with money, and give the books to other programs."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from cli_database import on_database
from settings import Settings
from store.errors import Refusal
from store.keys import Keys
from store.mongo import Store


def add_commands(group, command) -> None:
    """`command(name, text, run, parent=group)` makes one command."""
    command("verify", "重算整本账、付款、公开记录和审计记录,指出第一处错误", on_database(_verify), parent=group)
    books = command("export", "导出整本账", on_database(_export), parent=group)
    books.add_argument("format", choices=["beancount", "csv", "jsonl"])
    books.add_argument("file", type=Path, help="写到哪里;已有的文件不会覆盖")


async def _verify(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from access import audit
    from rewards.check_all import check_all
    from rewards.checkpoints import Notary

    notary = Notary(store, settings.jurisdiction, Keys.load(settings.data_dir).derive("checkpoint"))
    report = await check_all(store, notary, datetime.now(UTC))
    entries, broken = await audit.verify(store)
    for line in report.lines:
        print(line)
    if broken:
        print(f"审计记录:案件或主题 {broken.subject} 第{broken.seq}条{broken.what}")
    else:
        print(f"审计记录:{entries}条,链条完整")
    return 0 if report.ok and not broken else 1


async def _export(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from rewards.export import WRITERS

    try:
        with arguments.file.open("x", encoding="utf-8", newline="") as out:
            count = await WRITERS[arguments.format](store, out)
    except FileExistsError:
        raise Refusal(f"{arguments.file} 已存在,请换一个文件名。") from None
    print(f"已导出 {count} 笔分录到 {arguments.file}")
    return 0
