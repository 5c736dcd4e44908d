"""`tip12350 grid …`: import, list, use and export versions of the grid layer. The running service follows by itself."""

import argparse
from pathlib import Path

from access.actors import SYSTEM
from cli_database import on_database
from grid.layer_choices import CHOICES, FORMAT_NAMES, SYSTEM_NAMES
from settings import Settings
from store.errors import Refusal
from store.local_time import LOCAL
from store.mongo import Store


def add_commands(group, command) -> None:
    """`command(name, text, run, parent=group)` makes one command."""
    load = command("import", "导入网格(GeoJSON、Shapefile 或其 zip),替换当前图层", on_database(_import), parent=group)
    load.add_argument("file", type=Path)
    load.add_argument("--system", choices=list(CHOICES), default="wgs84", help="文件使用的坐标系")
    load.add_argument("--dry-run", action="store_true", help="只检查,不导入")
    load.add_argument("--picture", type=Path, help="把检查图(SVG)写到这个文件")
    command("versions", "列出网格版本,新的在前", on_database(_versions), parent=group)
    use = command("use", "启用一个版本(换回以前的版本也用它)", on_database(_use), parent=group)
    use.add_argument("version")
    export = command("export", "导出一个版本(默认使用中的)", on_database(_export), parent=group)
    export.add_argument("file", type=Path, help="写到哪里;已有的文件不会覆盖")
    export.add_argument("--version", help="版本,见 versions")
    export.add_argument("--format", choices=list(FORMAT_NAMES), default="geojson")
    export.add_argument("--system", choices=list(SYSTEM_NAMES), default="wgs84", help="导出的坐标系")


async def _import(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from grid.layers import import_layer

    report = await import_layer(
        store, arguments.file, arguments.system, arguments.dry_run, SYSTEM.id, settings.city_dir, arguments.picture
    )
    print(report.text())
    return 0 if report.ok else 2


async def _versions(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from grid.layer_store import listed_versions

    for head in await listed_versions(store):
        state = "使用中" if head["active"] else "以前用过" if head["uses"] else "试运行"
        since = f"{head['uses'][-1]['from'].astimezone(LOCAL):%Y-%m-%d %H:%M}" if head["uses"] else "-"
        print(f"{head['_id']}\t{state}\t{since}\t{head['grids']}个网格\t{head['source']}")
    return 0


async def _use(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from grid.layer_store import use

    head = await use(store, arguments.version, by=SYSTEM.id)
    print(f"已启用版本 {head['_id']}({head['grids']} 个网格)。正在运行的服务一分钟内跟上。")
    return 0


async def _export(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    from grid.layer_export import export_version

    if arguments.file.exists():
        raise Refusal(f"{arguments.file} 已存在,请换一个文件名。")
    name, content = await export_version(store, arguments.version, arguments.format, arguments.system)
    _write(arguments.file, content)
    print(f"已导出 {name} 到 {arguments.file}({len(content) // 1024 + 1} KB)。")
    return 0


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
