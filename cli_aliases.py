"""`tip12350 aliases …`: names of places learned from corrections. Running services take a decision over within seconds."""

import argparse
from pathlib import Path

from access.actors import ROLE_NAMES, Role
from cli_database import on_database
from settings import Settings
from store.errors import Refusal
from store.mongo import Store


def add_commands(group, command) -> None:
    """`command(name, text, run, parent=group)` makes one command."""
    propose = command("propose", "从分派员更正过的地点中提出新地名,供人确认", on_database(_propose), parent=group)
    propose.add_argument("--cases", type=int, default=2, help="至少几件互不相同的举报支持(默认 2)")
    accept = command("accept", "采用一个地名,正在运行的服务马上使用", on_database(_accept), parent=group)
    accept.add_argument("word", help="地名,例如 老机场")
    accept.add_argument("district", help="区市,例如 城阳区")
    accept.add_argument("street", nargs="?", default="", help="镇街;不填表示只知道区市")
    withdraw = command("withdraw", "撤回一个采用过的地名", on_database(_withdraw), parent=group)
    withdraw.add_argument("word")
    for each in (accept, withdraw):
        each.add_argument("--by", required=True, help="作出决定的管理员的登录名,记入审计")
    command("list", "列出采用过的地名", on_database(_list), parent=group)
    export = command("export", "把采用过的地名导出成 aliases.yml 的样子", on_database(_export), parent=group)
    export.add_argument("file", type=Path)


async def _propose(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from cases.place_learning import proposed_aliases

    rows = await proposed_aliases(store, await _gazetteer(settings, store), max(1, arguments.cases))
    for row in rows:
        print(f"{row.word}\t{row.district}{row.street or ''}\t支持 {row.cases}\t相反 {row.against}\t{row.examples[0]}")
    print(f"共 {len(rows)} 个。核对后用 tip12350 aliases accept 地名 区市 镇街 --by 登录名 采用。")
    return 0


async def _accept(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from cases.place_learning import proposed_aliases
    from grid.aliases import accept

    by = await _administrator(store, arguments.by)
    gazetteer = await _gazetteer(settings, store)
    where = (arguments.district, arguments.street or None)
    proposed = {(p.word, (p.district, p.street)): p for p in await proposed_aliases(store, gazetteer)}
    ground = proposed.get((arguments.word, where))
    counts = {"cases": ground.cases, "against": ground.against} if ground else {}
    await accept(store, gazetteer, arguments.word, where, by=by, **counts)
    print(f"已采用:“{arguments.word}”指{arguments.district}{arguments.street}。")
    return 0


async def _withdraw(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from grid.aliases import withdraw

    await withdraw(store, arguments.word, by=await _administrator(store, arguments.by))
    print(f"已撤回:“{arguments.word}”。")
    return 0


async def _list(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from grid.aliases import accepted

    for row in await accepted(store):
        print(f"{row['_id']}\t{row['district']}{row['street'] or ''}\t{row['accepted_at']:%Y-%m-%d}")
    return 0


async def _export(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from grid.aliases import accepted
    from grid.proposals import aliases_yaml

    if arguments.file.exists():
        raise Refusal(f"{arguments.file} 已存在,请换一个文件名。")
    rows = await accepted(store)
    arguments.file.write_text(aliases_yaml((r["_id"], (r["district"], r["street"])) for r in rows), encoding="utf-8")
    print(f"已导出 {len(rows)} 个地名到 {arguments.file},核对后并入 aliases.yml。")
    return 0


async def _gazetteer(settings: Settings, store: Store):
    from grid.aliases import names_of
    from grid.places import Gazetteer

    return Gazetteer.load(settings.city_dir).with_aliases(await names_of(store))


async def _administrator(store: Store, login: str) -> str:
    account = await store["accounts"].find_one({"login": login.lower(), "disabled": False, "roles": Role.ADMIN})
    if account is None:
        raise Refusal(f"“{login[:40]}”不是{ROLE_NAMES[Role.ADMIN]}的登录名。")
    return account["_id"]
