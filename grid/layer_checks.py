"""Rows of a file to grids in WGS-84: the same checks for every format. Faults go into the report, with their row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grid.coordinates import METRES_PER_DEGREE, SYSTEMS, System, convert_array
from grid.divisions import Divisions
from grid.layer_attributes import AttributeReader, BadRow, Owner, missing_columns
from grid.layer_choices import CHOICES
from grid.layer_reference import degrees_fault, to_degrees
from grid.layer_report import LayerReport
from grid.layer_rows import LayerFile, Row, system_of
from grid.polygons import Grid

SAFE_AREA_CHANGE = 0.02  # a repair may change the area of a grid by 2 %
MAX_REPAIRED_CORNERS = 20_000  # a scribble of more could take all memory
NEAR_CITY_DEGREES = 0.15
SHIFT_M = (300, 1_500)  # as far as GCJ-02 and BD-09 move things in China
SHIFT_STREETS = 6  # so many streets must agree on a shift
SHIFT_SPREAD_M = 250


@dataclass(frozen=True, slots=True)
class CheckedGrid:
    """A grid that can be imported. `shape` is valid and in a normal form, WGS-84."""

    row: int
    owner: Owner
    shape: BaseGeometry
    repaired: bool

    def grid(self) -> Grid:
        o = self.owner
        return Grid(o.code, o.name, o.district, o.street or None, self.shape, o.approximate)


def check_rows(file: LayerFile, choice: str, divisions: Divisions, report: LayerReport) -> list[CheckedGrid]:
    """All grids that can be imported; whatever is wrong is in `report`. Raises UnreadableLayer."""
    report.rows = len(file.rows)
    for note in file.notes:
        report.add(0, "文件", note, fatal=False)
    owners = _owners(file.rows, divisions, report)
    shapes = _shapes(file, choice, divisions, report)
    checked = []
    for row in file.rows:
        if row.number in owners and row.number in shapes:
            shape, repaired = shapes[row.number]
            checked.append(CheckedGrid(row.number, owners[row.number], shape, repaired))
    report.repaired = sum(one.repaired for one in checked)
    report.grids = len(checked)
    if shift := _shift(checked, divisions, system_of(choice)):
        report.add(0, "坐标偏移", shift, fatal=False)
    return checked


# ---- attributes


def _owners(rows: list[Row], divisions: Divisions, report: LayerReport) -> dict[int, Owner]:
    if missing := missing_columns(name for row in rows for name in row.attributes or ()):
        for message in missing:
            report.add(0, "缺少列", message)
        return {}
    reader = AttributeReader(divisions)
    owners: dict[int, Owner] = {}
    first_row: dict[str, int] = {}
    for row in rows:
        try:
            owner = reader.read(row.attributes)
        except BadRow as bad:
            report.add(row.number, bad.kind, str(bad))
            continue
        if owner.code in first_row:
            report.add(row.number, "编码重复", f"编码与第 {first_row[owner.code]} 行重复。", code=owner.code)
            continue
        first_row[owner.code] = row.number
        owners[row.number] = owner
        for note in owner.notes:
            report.add(row.number, "没有对应的镇街", note, fatal=False, code=owner.code)
    known = divisions.name_of_code.keys() | first_row.keys()
    for number, owner in owners.items():
        if owner.parent and owner.parent not in known:
            words = f"上级编码 {owner.parent[:40]} 在行政区划和本文件里都没有。"
            report.add(number, "没有对应的上级", words, fatal=False, code=owner.code)
    return owners


# ---- shapes


def _shapes(
    file: LayerFile, choice: str, divisions: Divisions, report: LayerReport
) -> dict[int, tuple[BaseGeometry, bool]]:
    """Row → (valid shape in WGS-84 that touches the city, whether it was repaired)."""
    for row in file.rows:
        if row.fault:
            report.add(row.number, "图形有误", row.fault)
    rows = [row for row in file.rows if row.shape is not None]
    shapes, words = to_degrees(
        np.array([r.shape for r in rows], dtype=object), file.reference, choice, _middle(divisions)
    )
    if words:
        report.add(0, "坐标系", words, fatal=False)
    rows, shapes = _plausible(rows, shapes, report)
    # All at once: converting ring by ring takes four times as long.
    system = system_of(choice)
    if system != "wgs84" and len(shapes):
        shapes = shapely.transform(shapes, lambda xy: convert_array(xy, system, "wgs84"))
    found: dict[int, tuple[BaseGeometry, bool]] = {}
    for row, shape, valid in zip(rows, shapes, shapely.is_valid(shapes), strict=True):
        try:
            fixed = _with_area(shape) if valid else _repaired(shape)
        except BadRow as bad:
            report.add(row.number, bad.kind, str(bad))
            continue
        if not valid or row.closed:
            words = "没有闭合的边界已闭合。" if valid else "边界上的尖刺或小的自相交已去掉。"
            report.add(row.number, "已自动修复", words, fatal=False)
        found[row.number] = (shapely.normalize(fixed), not valid or row.closed)
    _refuse_outside(found, len(file.rows), divisions, report)
    return found


def _plausible(rows: list[Row], shapes: np.ndarray, report: LayerReport) -> tuple[list[Row], np.ndarray]:
    """Without the shapes whose degrees cannot be right."""
    if not rows:
        return [], shapes
    coordinates, of_shape = shapely.get_coordinates(shapes, return_index=True)
    corners = coordinates[np.searchsorted(of_shape, np.arange(len(shapes)))]
    good = []
    for at, (row, corner, bounds) in enumerate(zip(rows, corners, shapely.bounds(shapes), strict=True)):
        if fault := degrees_fault(float(corner[0]), float(corner[1]), bounds):
            report.add(row.number, *fault)
        else:
            good.append(at)
    return [rows[at] for at in good], shapes[good]


def _with_area(shape: BaseGeometry) -> BaseGeometry:
    if shape.area == 0:
        raise BadRow("图形有误", "图形没有面积。")
    return shape


def _repaired(shape: BaseGeometry) -> BaseGeometry:
    """A valid polygon with (nearly) the same ground; a bow-tie has no such and is refused."""
    corners = int(shapely.get_num_coordinates(shape))
    if corners > MAX_REPAIRED_CORNERS:
        raise BadRow("图形有误", f"边界有误，而且有 {corners} 个点，不能自动修复，请在制图软件里改正或简化。")
    reason = shapely.is_valid_reason(shape)
    valid = shapely.make_valid(shape)
    parts = [p for p in shapely.get_parts(valid) if p.geom_type in ("Polygon", "MultiPolygon")]
    fixed = shapely.union_all(parts) if parts else shapely.Polygon()
    if fixed.is_empty:
        raise BadRow("图形有误", "边界有误，修复后没有面积。")
    change = abs(fixed.area - shape.area) / max(fixed.area, 1e-15)
    if change > SAFE_AREA_CHANGE:
        kind = "自相交（8 字形）" if "Self-intersection" in reason else "有误"
        raise BadRow("图形有误", f"边界{kind}，无法安全修复，请在制图软件里改正。")
    return fixed


def _refuse_outside(
    found: dict[int, tuple[BaseGeometry, bool]], rows: int, divisions: Divisions, report: LayerReport
) -> None:
    if not found:
        return
    city = shapely.MultiPoint([(p.lng, p.lat) for p in divisions.points]).convex_hull.buffer(NEAR_CITY_DEGREES)
    shapely.prepare(city)
    numbers = list(found)
    near = shapely.intersects(city, np.array([found[number][0] for number in numbers], dtype=object))
    outside = [number for number, touches in zip(numbers, near, strict=True) if not touches]
    if len(outside) * 2 > rows:
        report.add(0, "不在本市", "多数图形不在本市范围内，请检查坐标系和单位，或是不是选错了文件。")
    for number in outside:
        centre = found.pop(number)[0].centroid
        words = f"图形在（{centre.x:.4f}, {centre.y:.4f}），不在{divisions.city}范围内。"
        report.add(number, "不在本市", words)


def _middle(divisions: Divisions) -> tuple[float, float]:
    points = divisions.points
    return float(np.median([p.lng for p in points])), float(np.median([p.lat for p in points]))


# ---- the layer as a whole


def _shift(checked: list[CheckedGrid], divisions: Divisions, system: System) -> str:
    """A sentence when the streets lie beside their known centres as a wrong coordinate system puts them, else ""."""
    by_street: dict[tuple[str, str], list[BaseGeometry]] = {}
    for one in checked:
        by_street.setdefault((one.owner.district, one.owner.street), []).append(one.shape)
    pairs = []
    for point in divisions.points:
        shapes = by_street.get((point.street.district, point.street.name))
        if shapes and point.area_km2 < 60:
            centre = shapely.centroid(shapely.GeometryCollection(shapes))
            pairs.append((centre.x, centre.y, point.lng, point.lat))
    if len(pairs) < SHIFT_STREETS:
        return ""
    measured = np.array(pairs)
    centres, known = measured[:, :2], measured[:, 2:]
    metres, spread = _offset(centres, known)
    if not SHIFT_M[0] <= metres <= SHIFT_M[1] or spread > SHIFT_SPREAD_M:
        return ""
    raw = convert_array(centres, "wgs84", system)
    others = {s: _offset(convert_array(raw, s, "wgs84"), known)[0] for s in SYSTEMS if s != system}  # type: ignore[arg-type]
    best = min(others, key=lambda name: others[name])
    words = f"整层比已知位置平均偏移约 {metres:.0f} 米，坐标系可能选错了。"
    if others[best] < metres / 3:
        words += f"按 {CHOICES[best]} 读取只差约 {others[best]:.0f} 米：请改选它再试。"
    return words


def _offset(centres: np.ndarray, known: np.ndarray) -> tuple[float, float]:
    """(metres, spread in metres) between the two; medians withstand the few streets whose published ground differs."""
    metres = (centres - known) * METRES_PER_DEGREE * np.array([np.cos(np.radians(known[:, 1].mean())), 1.0])
    shift = np.median(metres, axis=0)
    return float(np.hypot(*shift)), float(np.median(np.hypot(*(metres - shift).T)))
