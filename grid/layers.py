"""Import of a customer's grids from GeoJSON: every fault is named with its row, and nothing is half imported."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grid.coordinates import METRES_PER_DEGREE, System, convert_array, known_system, looks_swapped
from grid.divisions import Divisions
from grid.layer_store import save_layer
from grid.polygons import Grid
from store.errors import Refusal
from store.mongo import Store

MAX_BYTES = 200 * 1024 * 1024
MAX_FEATURES = 100_000
SAFE_AREA_CHANGE = 0.02  # a repair may change the area of a grid by 2 %
NEAR_CITY_DEGREES = 0.15
_SHOWN = 30

# Names of columns seen in exports, ours first.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("code", "grid_code", "gridcode", "id", "网格编码", "编码", "代码"),
    "name": ("name", "grid_name", "gridname", "网格名称", "名称"),
    "district": ("district", "county", "区市", "区县", "区"),
    "street": ("street", "town", "镇街", "街道", "乡镇"),
    "parent": ("parent_code", "parent", "上级编码"),
}


class LayerRefused(Refusal):
    """The layer has faults; nothing was imported. `report` lists them."""

    status = 422

    def __init__(self, report: LayerReport) -> None:
        super().__init__(report.text(), field="file")
        self.report = report


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one row (counted from 1; 0 is the file); `fatal` stops the import."""

    row: int
    message: str
    fatal: bool = True


@dataclass
class LayerReport:
    """What was read, repaired, refused and done."""

    source: str
    system: str
    dry_run: bool
    rows: int = 0
    grids: int = 0
    repaired: int = 0
    version: str | None = None
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not any(f.fatal for f in self.faults)

    def text(self) -> str:
        """The report for people, one line a fault."""
        fatal = sum(f.fatal for f in self.faults)
        if not self.ok:
            head = f"没有导入：{self.source} 共 {self.rows} 行，{fatal} 处错误。请改正后重新导入，原来的网格没有变动。"
        elif self.dry_run:
            head = f"试运行通过：{self.source} 共 {self.rows} 行，可导入 {self.grids} 个网格，没有写入任何数据。"
        else:
            head = f"已导入 {self.grids} 个网格（版本 {self.version}），来自 {self.source}。"
        lines = [head]
        if self.repaired:
            lines.append(f"自动修复了 {self.repaired} 个图形。")
        for fault in sorted(self.faults, key=lambda f: (not f.fatal, f.row))[:_SHOWN]:
            where = f"第 {fault.row} 行：" if fault.row else ""
            lines.append(f"  {'错误' if fault.fatal else '提示'}　{where}{fault.message}")
        if len(self.faults) > _SHOWN:
            lines.append(f"  ……另有 {len(self.faults) - _SHOWN} 条没有列出。")
        return "\n".join(lines)


async def import_layer(
    store: Store | None,
    path: Path | str,
    system: str = "wgs84",
    dry_run: bool = False,
    actor: str = "",
    city_dir: Path | None = None,
) -> LayerReport:
    """Read, check and (unless `dry_run`) store a layer as the active version.

    Raises LayerRefused with all faults when there is a fatal one; a dry run returns the report instead.
    """
    started = time.perf_counter()
    path = Path(path)
    kind = known_system(system)
    divisions = Divisions.load(city_dir or Path(__file__).parent / "qingdao")
    report = LayerReport(path.name, kind, dry_run)
    grids = read_layer(_features(path, report), kind, divisions, report)
    report.seconds = round(time.perf_counter() - started, 3)
    if dry_run:
        return report
    if not report.ok:
        raise LayerRefused(report)
    assert store is not None, "only a dry run works without a database"
    report.version = await save_layer(store, grids, source=path.name, system=kind, actor=actor)
    report.seconds = round(time.perf_counter() - started, 3)
    return report


def _features(path: Path, report: LayerReport) -> list[Any]:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            limit = MAX_BYTES // 2**20
            report.faults.append(Fault(0, f"文件太大（{size // 2**20} MB），最多 {limit} MB，请分区市导出。"))
            return []
        data = json.loads(path.read_bytes())
    except OSError:
        report.faults.append(Fault(0, f"打不开文件 {path.name}，请检查文件名和权限。"))
        return []
    except (ValueError, RecursionError):
        report.faults.append(Fault(0, "文件不是有效的 GeoJSON（JSON 格式有误或编码不是 UTF-8）。"))
        return []
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or data.get("type") != "FeatureCollection":
        report.faults.append(Fault(0, "文件不是 GeoJSON 要素集合（FeatureCollection）。"))
        return []
    if not features or len(features) > MAX_FEATURES:
        report.faults.append(Fault(0, f"文件里有 {len(features)} 个图形，应为 1 到 {MAX_FEATURES} 个。"))
        return []
    return features


def read_layer(features: list[Any], system: System, divisions: Divisions, report: LayerReport) -> list[Grid]:
    """Check every feature; faults go into `report`. Pure but for that."""
    report.rows = len(features)
    rows_of_code: dict[str, int] = {}
    read: list[tuple[int, Grid]] = []
    for row, feature in enumerate(features, start=1):
        try:
            grid = _grid(feature, divisions, row, report)
        except _Faulty as fault:
            report.faults.append(Fault(row, str(fault)))
            continue
        first = rows_of_code.setdefault(grid.code, row)
        if first == row:
            read.append((row, grid))
        else:
            report.faults.append(Fault(row, f"编码 {grid.code[:40]} 与第 {first} 行重复。"))
    city = _city_area(divisions)
    shapely.prepare(city)
    grids: list[Grid] = []
    outside = 0
    # All at once: converting ring by ring takes four times as long.
    shapes = _to_wgs84([grid.geometry for _, grid in read], system)
    for (row, grid), shape in zip(read, shapes, strict=True):
        if shapely.intersects(city, shape):
            grids.append(replace(grid, geometry=shape))
        else:
            outside += 1
            report.faults.append(Fault(row, f"“{grid.name[:30]}”不在{divisions.city}范围内。"))
    if outside * 2 > len(features):
        report.faults.append(Fault(0, "多数图形不在本市范围内，请检查坐标系和单位（应为经纬度）。"))
    shift = _shift_m(grids, divisions)
    if shift:
        report.faults.append(Fault(0, f"整层比已知位置平均偏移约 {shift} 米，可能坐标系选错了，请核对。", fatal=False))
    report.grids = len(grids)
    return grids


class _Faulty(Exception):
    """Why a row cannot be used, in Chinese."""


def _grid(feature: Any, divisions: Divisions, row: int, report: LayerReport) -> Grid:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise _Faulty("没有属性表（properties）。")
    properties = feature["properties"]
    code, name = _text(properties, "code"), _text(properties, "name")
    missing = [title for title, value in (("编码 code", code), ("名称 name", name)) if not value]
    if missing:
        raise _Faulty(f"缺少{'、'.join(missing)}。")
    district, street = _owner(properties, name, divisions)
    if street and (district, street) not in divisions.street_set:
        report.faults.append(Fault(row, f"{district}没有名为“{street[:20]}”的镇街，按原样导入。", fatal=False))
    geometry, repaired = _geometry(feature.get("geometry"))
    report.repaired += repaired
    return Grid(code, name, district, street or None, geometry, approximate=properties.get("approximate") is True)


def _to_wgs84(shapes: list[BaseGeometry], system: System) -> list[BaseGeometry]:
    if system == "wgs84" or not shapes:
        return shapes
    moved = shapely.transform(np.array(shapes, dtype=object), lambda xy: convert_array(xy, system, "wgs84"))
    return list(moved)


def _text(properties: Mapping[str, Any], column: str) -> str:
    for name in _COLUMNS[column]:
        value = properties.get(name)
        if value is not None and not isinstance(value, (dict, list)) and str(value).strip():
            return str(value).strip()
    return ""


def _owner(properties: Mapping[str, Any], name: str, divisions: Divisions) -> tuple[str, str]:
    """District and street of a row: from its columns, its parent's code, or its own name when it is a whole street."""
    district, street = _text(properties, "district"), _text(properties, "street")
    level = str(properties.get("level", ""))
    parent = divisions.name_of_code.get(_text(properties, "parent"), "")
    if level == "district" or (not level and name in divisions.districts):
        district = district or name
    elif level == "street":
        district, street = district or parent, street or name
    elif parent in divisions.districts:
        district = district or parent
    elif parent:
        street = street or parent
    if not district and street:
        owners = {d for d, s in divisions.street_set if s == street}
        district = next(iter(owners)) if len(owners) == 1 else ""
    if not district:
        raise _Faulty("缺少区市（district 列，或能查到的 parent_code）。")
    if district not in divisions.districts:
        raise _Faulty(f"不认识的区市“{district[:20]}”，应为：{'、'.join(divisions.districts)}。")
    return district, street


def _geometry(geometry: Any) -> tuple[BaseGeometry, bool]:
    if not isinstance(geometry, dict) or not geometry.get("coordinates"):
        raise _Faulty("图形是空的。")
    kind, coordinates = geometry.get("type"), geometry["coordinates"]
    if kind not in ("Polygon", "MultiPolygon"):
        raise _Faulty(f"图形类型是 {str(kind)[:20]}，网格必须是面（Polygon 或 MultiPolygon）。")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    closed = False
    shapes = []
    for rings in polygons:
        if not isinstance(rings, list) or not rings:
            raise _Faulty("图形是空的。")
        arrays = []
        for ring in rings:
            array, was_open = _ring(ring)
            closed |= was_open
            arrays.append(array)
        shapes.append(shapely.Polygon(arrays[0], arrays[1:]))
    shape = shapes[0] if len(shapes) == 1 else shapely.MultiPolygon(shapes)
    if shapely.is_valid(shape):
        if shape.area == 0:
            raise _Faulty("图形没有面积。")
        return shape, closed
    return _repaired(shape), True


def _ring(ring: Any) -> tuple[np.ndarray, bool]:
    if not isinstance(ring, list) or not ring:
        raise _Faulty("图形是空的。")
    try:
        array = np.asarray(ring, dtype=float)[:, :2]
    except (TypeError, ValueError, IndexError):
        raise _Faulty("坐标不是数字对。") from None
    if not np.isfinite(array).all():
        raise _Faulty("坐标里有 NaN 或无穷大。")
    if len(array) < 3:
        raise _Faulty("边界少于三个点。")
    lng, lat = float(array[0, 0]), float(array[0, 1])
    if looks_swapped(lng, lat):
        raise _Faulty(f"经度和纬度写反了（{lng:g}, {lat:g}），应先写经度（约 120）后写纬度（约 36）。")
    if np.abs(array[:, 0]).max() > 180 or np.abs(array[:, 1]).max() > 90:
        raise _Faulty(f"坐标超出经纬度范围（{lng:g}, {lat:g}），请导出为经纬度而不是投影坐标。")
    was_open = not np.array_equal(array[0], array[-1])
    if was_open:
        array = np.vstack([array, array[:1]])
    if len(array) < 4:
        raise _Faulty("边界少于三个不同的点。")
    return array, was_open


def _repaired(shape: BaseGeometry) -> BaseGeometry:
    """A valid polygon with (nearly) the same ground; a bow-tie has no such and is refused."""
    reason = shapely.is_valid_reason(shape)
    valid = shapely.make_valid(shape)
    parts = [p for p in shapely.get_parts(valid) if p.geom_type in ("Polygon", "MultiPolygon")]
    fixed = shapely.union_all(parts) if parts else shapely.Polygon()
    if fixed.is_empty:
        raise _Faulty("边界有误，修复后没有面积。")
    change = abs(fixed.area - shape.area) / max(fixed.area, 1e-15)
    if change > SAFE_AREA_CHANGE:
        kind = "自相交（8 字形）" if "Self-intersection" in reason else "有误"
        raise _Faulty(f"边界{kind}，无法安全修复，请在制图软件里改正。")
    return fixed


def _city_area(divisions: Divisions) -> BaseGeometry:
    """A generous shape round the city's street centres."""
    return shapely.MultiPoint([(p.lng, p.lat) for p in divisions.points]).convex_hull.buffer(NEAR_CITY_DEGREES)


def _shift_m(grids: list[Grid], divisions: Divisions) -> int | None:
    """Mean displacement against known street centres when it looks like a wrong system (300-1500 m), else None."""
    by_street: dict[tuple[str, str], list[BaseGeometry]] = {}
    for grid in grids:
        if grid.street:
            by_street.setdefault((grid.district, grid.street), []).append(grid.geometry)
    offsets = []
    for point in divisions.points:
        shapes = by_street.get((point.street.district, point.street.name))
        if shapes and point.area_km2 < 60:
            centre = shapely.centroid(shapely.GeometryCollection(shapes))
            offsets.append((centre.x - point.lng, centre.y - point.lat))
    if len(offsets) < 20:
        return None
    # The median withstands the few streets whose published ground differs.
    east, north = np.median(np.array(offsets), axis=0)
    metres = float(np.hypot(east * METRES_PER_DEGREE * 0.806, north * METRES_PER_DEGREE))
    return round(metres) if 300 <= metres <= 1500 else None
