"""From a file to a checked layer: read, check, examine, draw."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import shapely

from grid.divisions import Divisions
from grid.layer_archive import unpacked
from grid.layer_checks import CheckedGrid, check_rows
from grid.layer_geojson import read_geojson
from grid.layer_picture import draw
from grid.layer_report import LayerReport, shown
from grid.layer_rows import MAX_BYTES, LayerFile, UnreadableLayer
from grid.layer_shapefile import read_shapefile
from grid.layer_topology import Findings, examine
from grid.layer_version import GridRow, LayerReading, content_of


def read_layer(path: Path, choice: str, city_dir: Path) -> LayerReading:
    """Read and check one file. All that is wrong is in the report; nothing is raised for it."""
    started = time.perf_counter()
    divisions = Divisions.load(city_dir)
    report = LayerReport(shown(path.name), choice)
    checked: list[CheckedGrid] = []
    findings = Findings()
    try:
        checked = check_rows(read_file(path), choice, divisions, report)
        findings = examine(checked, divisions, report)
    except UnreadableLayer as refusal:
        report.add(0, "文件", str(refusal))
    rows = _grid_rows(checked)
    report.content = content_of(rows)
    picture = draw(checked, findings, f"网格检查图：{report.source}")
    report.seconds = round(time.perf_counter() - started, 3)
    return LayerReading(report, rows, picture)


def read_file(path: Path) -> LayerFile:
    """A GeoJSON file, a .shp with its companions beside it, or a zip of those. Raises UnreadableLayer.

    What it is shows in its first bytes, not in its name.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        raise UnreadableLayer(f"打不开文件 {shown(path.name)}，请检查文件名和权限。") from None
    if size > MAX_BYTES:
        raise UnreadableLayer(
            f"文件太大（{size // 2**20} MB），最多 {MAX_BYTES // 2**20} MB。坐标保留 7 位小数就够，请精简后再导出。"
        )
    if start == b"PK\x03\x04":
        with unpacked(path) as shape_file:
            return read_shapefile(shape_file)
    if path.suffix.lower() == ".shp":
        return read_shapefile(path)
    return read_geojson(path)


def _grid_rows(checked: list[CheckedGrid]) -> list[GridRow]:
    shapes = np.array([one.shape for one in checked], dtype=object)
    return [
        GridRow(one.row, o.code, o.name, o.district, o.street or None, o.approximate, wkb)
        for one, wkb in zip(checked, shapely.to_wkb(shapes), strict=True)
        for o in (one.owner,)
    ]
