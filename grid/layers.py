"""Importing a customer's grids: read, report, keep as a version, use. Every fault is named with its row, and nothing is
half imported."""

from __future__ import annotations

import asyncio
from pathlib import Path

from grid.layer_process import read_apart
from grid.layer_report import LayerRefused, LayerReport
from grid.layer_rows import known_choice
from grid.layer_store import discard, keep, use
from grid.layer_version import LayerReading
from store.mongo import Document, Store

CITY_DIR = Path(__file__).parent / "qingdao"


async def try_layer(
    store: Store, path: Path, choice: str, *, by: str, city_dir: Path = CITY_DIR
) -> tuple[LayerReport, str]:
    """(report, picture as SVG) of a file. Without errors the layer is kept as `report.version`, which nobody uses yet."""
    reading = await read_apart(path, known_choice(choice), city_dir)
    await _compare_with_roster(store, reading)
    if reading.report.ok:
        reading.report.version = await keep(store, reading, by=by)
    return reading.report, reading.picture


async def import_layer(
    store: Store | None,
    path: Path | str,
    system: str = "wgs84",
    dry_run: bool = False,
    actor: str = "",
    city_dir: Path | None = None,
    picture: Path | None = None,
) -> LayerReport:
    """Read, check and (unless `dry_run`) use a layer at once. `picture`: where to write the picture (SVG).

    Raises LayerRefused with all faults when there is an error; a dry run returns the report instead.
    """
    reading = await read_apart(Path(path), known_choice(system), city_dir or CITY_DIR)
    report = reading.report
    if store is not None:
        await _compare_with_roster(store, reading)
    if picture:
        _write(picture, reading.picture)
    if dry_run:
        return report
    if not report.ok:
        raise LayerRefused(report)
    assert store is not None, "only a dry run works without a database"
    version = await keep(store, reading, by=actor)
    try:
        await use(store, version, by=actor)
    except BaseException:
        await discard(store, version)
        raise
    report.version, report.dry_run = version, False
    return report


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


async def _compare_with_roster(store: Store, reading: LayerReading) -> None:
    """Grids that no inspector answers for, and inspectors whose grids are gone."""
    inspectors = await store["inspectors"].find({}, {"name": 1, "grids": 1}).to_list(None)
    await asyncio.to_thread(_compare, reading, inspectors)


def _compare(reading: LayerReading, inspectors: list[Document]) -> None:
    assigned: dict[str, str] = {}
    for inspector in inspectors:
        for code in inspector.get("grids", []):
            assigned.setdefault(code, inspector.get("name") or str(inspector["_id"]))
    report = reading.report
    for row in reading.rows:
        if row.code not in assigned:
            report.add(row.row, "没有网格员", f"“{row.name}”还没有网格员。", fatal=False, code=row.code)
    codes = {row.code for row in reading.rows}
    for code, name in assigned.items():
        if reading.rows and code not in codes:
            words = f"{name}负责的网格 {code[:40]} 不在这个文件里，请在名单里改。"
            report.add(0, "网格员的网格不见了", words, fatal=False)
