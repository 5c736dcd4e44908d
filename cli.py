"""The command `tip12350`. Batch commands read and write JSON Lines on files or stdin and stdout."""

import argparse
import getpass
import json
import secrets
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

import cli_aliases
import cli_grid
import cli_ledger
import cli_safety
from access.actors import ROLE_NAMES, Role
from cli_database import on_database
from settings import ROOT, Settings
from store.errors import Refusal
from store.keys import Keys
from store.mongo import Store
from store.sealing import Cipher

BOT_PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"
MODEL_REFUSED = 3  # exit code of bot/train.py


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments, Settings()) or 0
    except Refusal as refusal:
        print(f"错误:{refusal.message}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tip12350", description="12350 安全生产举报奖励服务")
    commands = parser.add_subparsers(required=True, metavar="命令")

    def command(name: str, text: str, run, *, parent=commands) -> argparse.ArgumentParser:
        made = parent.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    serve = command("serve", "启动 MongoDB、Rasa 和服务,Ctrl-C 全部停止", _serve)
    serve.add_argument("--demo", action="store_true", help="装入演示数据和演示账号(只限本机)")
    train = command("train", "训练语义模型并与在用模型比较(内容没有变化时直接使用已有模型)", _train)
    train.add_argument("--force", action="store_true", help="内容没有变化也重新训练;比在用模型差也启用")
    for name, text, run in (
        ("classify", "识别违法类型:每行 {id,text}", _classify),
        ("locate", "识别地点:每行 {id,text} 或 {id,lng,lat,system}", _locate),
        ("reward", "计算奖金:每行 {id,rule_set,track,penalty_yuan,deaths,accident_level,employee}", _reward),
    ):
        batch = command(name, text, run)
        batch.add_argument("input", nargs="?", type=argparse.FileType("r", encoding="utf-8"), default=sys.stdin)
        batch.add_argument("output", nargs="?", type=argparse.FileType("w", encoding="utf-8"), default=sys.stdout)

    ledger = parser_group(commands, "ledger", "奖励账本")
    cli_ledger.add_commands(ledger, command)
    grid = parser_group(commands, "grid", "网格图层")
    cli_grid.add_commands(grid, command)
    roster = parser_group(commands, "inspectors", "检查员名单(CSV)")
    take = command(
        "import", "导入名单:编号相同的修改,没有的新增;有错误就一行也不导入", on_database(_roster_import), parent=roster
    )
    take.add_argument("file", type=argparse.FileType("rb"))
    take.add_argument("--dry-run", action="store_true", help="只检查,不导入")
    command("export", "导出名单", on_database(_roster_export), parent=roster).add_argument(
        "file", type=argparse.FileType("wb")
    )
    user = parser_group(commands, "user", "工作人员账号")
    add = command("add", "添加账号,口令从键盘输入或自动生成", _user_add, parent=user)
    add.add_argument("login")
    add.add_argument("--name", required=True, help="姓名")
    add.add_argument("--role", action="append", required=True, choices=[r.value for r in ROLE_NAMES if r not in (
        Role.REPORTER, Role.SYSTEM)])  # fmt: skip
    add.add_argument("--district", help="只管一个区市;不填为全市")
    add.add_argument("--email", default="", help="到期提醒发到这个邮箱")
    add.add_argument("--generate", action="store_true", help="自动生成口令并显示一次")
    deadlines = parser_group(commands, "deadlines", "办理期限")
    command(
        "scan",
        "马上检查一遍期限,写下该发的提示、警示、督办(服务运行时每分钟自动做)",
        on_database(_deadlines_scan),
        parent=deadlines,
    )
    calendar = parser_group(commands, "calendar", "年度日历(节假日和调休)")
    year = command(
        "load", "装入一年的日历(CSV:date,working,name),并重算受影响的期限", on_database(_calendar_load), parent=calendar
    )
    year.add_argument("file", type=Path)
    lifecycle = command("lifecycle", "由办理规则表生成状态图和说明", _lifecycle)
    lifecycle.add_argument("file", type=Path)
    corrections = parser_group(commands, "corrections", "分派员更正过的类型")
    export = command(
        "export", "导出候选训练语句(JSON Lines,已去除身份信息)", on_database(_corrections_export), parent=corrections
    )
    export.add_argument("file", type=Path)
    cli_aliases.add_commands(parser_group(commands, "aliases", "从更正中学来的地名"), command)
    cli_safety.add_commands(lambda name, text: parser_group(commands, name, text), command)
    save = command("backup", "备份数据库和证据文件到一个加密文件", on_database(_backup))
    save.add_argument("file", type=Path)
    load_back = command("restore", "把备份恢复到空数据库", on_database(_restore))
    load_back.add_argument("file", type=Path)
    return parser


def parser_group(commands, name: str, text: str):
    return commands.add_parser(name, help=text, description=text).add_subparsers(required=True, metavar="命令")


# ---- the service


def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    from supervisor import run

    if arguments.demo:
        settings = settings.model_copy(update={"demo": True})
    settings.refuse_unsafe()
    return run(settings, train_model())


def train_model(*, force: bool = False, demanded: bool = False) -> Path:
    """Train when the sources changed; progress goes to stderr. Returns the model file to use.

    A new model that is worse than the one in use is passed over in favour of that one; raises `Refusal` when the new
    one is `demanded`.
    """
    command = [str(BOT_PYTHON), str(ROOT / "bot" / "train.py"), *(["--force"] if force else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == MODEL_REFUSED and demanded:
        raise Refusal("新模型比在用的差,没有启用,处理办法见上面的输出。")
    if done.returncode not in (0, MODEL_REFUSED):
        raise Refusal("模型训练失败,原因见上面的输出。")
    return Path(done.stdout.strip().splitlines()[-1])


def _train(arguments: argparse.Namespace, settings: Settings) -> int:
    print(train_model(force=arguments.force, demanded=True))
    return 0


# ---- batch commands


def _classify(arguments: argparse.Namespace, settings: Settings) -> int:
    from cases.danger import danger_in

    model = train_model()
    urgent: list[bool] = []
    lines = []
    for line in arguments.input:
        if line.strip():
            lines.append(line if line.endswith("\n") else line + "\n")
            urgent.append(danger_in(_text_of(line)) is not None)
    child = subprocess.run(
        [str(BOT_PYTHON), str(ROOT / "bot" / "classify_lines.py"), str(model)],
        input="".join(lines), stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    for line, now in zip(child.stdout.splitlines(), urgent, strict=True):
        row = json.loads(line)
        if "error" not in row:
            row["urgent"] = now
        _write(arguments.output, row)
    return 0


def _text_of(line: str) -> str:
    try:
        row = json.loads(line)
    except ValueError:
        return ""
    text = row.get("text") if isinstance(row, dict) else None
    return text if isinstance(text, str) else ""


def _write(out: TextIO, row: dict) -> None:
    out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _locate(arguments: argparse.Namespace, settings: Settings) -> int:
    from grid.batch import locate_lines

    locate_lines(arguments.input, arguments.output, settings.city_dir)
    return 0


def _reward(arguments: argparse.Namespace, settings: Settings) -> int:
    from rewards.batch import reward_lines

    reward_lines(arguments.input, arguments.output)
    return 0


# ---- commands on the database


async def _roster_import(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from access.actors import SYSTEM
    from grid.divisions import Divisions
    from grid.roster_csv import import_roster

    data, known = arguments.file.read(), Divisions.load(settings.city_dir)
    report = await import_roster(store, data, known, by=SYSTEM.id, dry_run=arguments.dry_run)
    print(report.text())
    return 1 if report.faults else 0


async def _roster_export(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from grid.roster_csv import exported
    from grid.roster_store import load_inspectors

    arguments.file.write(exported(await load_inspectors(store)).encode())
    return 0


def _user_add(arguments: argparse.Namespace, settings: Settings) -> int:
    from access.accounts import add_account

    if arguments.generate:
        password = secrets.token_urlsafe(12)
    else:
        password = getpass.getpass("口令(至少 12 个字符):")
        if password != getpass.getpass("再输入一次:"):
            raise Refusal("两次输入的口令不一致。")

    async def add(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
        roles = frozenset(Role(role) for role in arguments.role)
        await add_account(
            store,
            arguments.login,
            arguments.name,
            roles,
            password,
            district=arguments.district,
            email=arguments.email,
        )
        if Role.FINANCE in roles:
            await _give_vault_access(store, settings, arguments.login, password)
        print(f"已添加账号 {arguments.login}" + (f",口令 {password}(只显示这一次)" if arguments.generate else ""))
        return 0

    return on_database(add)(arguments, settings)


async def _give_vault_access(store: Store, settings: Settings, login: str, password: str) -> None:
    """A finance officer opens payee data with the own password; the escrow key introduces the officer to the vault."""
    from access import vault_keys
    from services import escrow_file

    if not await vault_keys.exist(store):
        print("保密柜还没有启用:请先启动一次服务,再重新授权这个财务账号。")
    elif not escrow_file(settings).exists():
        print(f"托管密钥不在本机:请把它临时放到 {escrow_file(settings)} 后授权,或由已有权限的财务人员授权。")
    else:
        escrow = escrow_file(settings).read_text("ascii").strip()
        await vault_keys.grant_by_escrow(store, escrow, login, password, "system")


async def _deadlines_scan(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from cases.calendar_years import refresh
    from cases.scan import scan

    await refresh(store)
    done = await scan(store)
    print(f"检查了 {done.cases} 件案件,写下 {done.written} 条提示、警示或督办,发件箱增加 {done.mails} 封邮件。")
    return 0


async def _calendar_load(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from access.actors import SYSTEM
    from cases.calendar_years import load

    if not arguments.file.is_file():
        raise Refusal(f"没有文件 {arguments.file}。")

    year = await load(store, arguments.file.read_bytes(), SYSTEM.id)
    print(f"已装入 {year.number} 年日历({len(year.days)} 天)。服务运行时,约两分钟后重算受影响的期限。")
    return 0


def _lifecycle(arguments: argparse.Namespace, settings: Settings) -> int:
    from cases.diagram import page

    arguments.file.write_text(page(), encoding="utf-8")
    print(f"已写入 {arguments.file}")
    return 0


async def _corrections_export(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from access.actors import SYSTEM
    from cases.learning import export_corrections

    count = await export_corrections(store, arguments.file, SYSTEM.id)
    print(f"已导出 {count} 条候选语句到 {arguments.file}。人工核对后才能写进 nlu_data,见 docs/teaching.md。")
    return 0


async def _backup(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from store.backup import backup

    if arguments.file.exists():
        raise Refusal(f"{arguments.file} 已存在,请换一个文件名。")
    done = await backup(store, settings.data_dir / "evidence", _backup_cipher(settings), arguments.file)
    print(f"{datetime.now():%H:%M:%S} 已备份 {done.documents} 条记录、{done.files} 个证据文件到 {arguments.file}")
    print(f"举报人记录的 {done.keys} 把钥匙在 {arguments.file}.keys:只留最新的一份,旧的删除(见 docs/keys.md)。")
    print("恢复时还需要 data/secrets/root.key,请另行保管,不要和备份放在一起。")
    return 0


async def _restore(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from store.backup import restore

    done = await restore(store, settings.data_dir / "evidence", _backup_cipher(settings), arguments.file)
    print(f"已恢复 {done.documents} 条记录、{done.files} 个证据文件。请运行 tip12350 ledger verify 核对。")
    if done.keys is None:
        print("没有找到 .keys 文件:保密柜里的身份和收款信息打不开,找到后放在备份旁边重新恢复。")
    return 0


def _backup_cipher(settings: Settings) -> Cipher:
    return Keys.load(settings.data_dir).cipher("backup")


if __name__ == "__main__":
    sys.exit(main())
