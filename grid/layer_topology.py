"""How the grids of a layer lie to each other and to the divisions: overlaps, gaps, twins, streets without grids.

Nothing here stops an import; a person decides. What is narrower than SLIVER_M is the noise of drawing and not told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grid.coordinates import METRES_PER_DEGREE
from grid.divisions import Divisions
from grid.layer_checks import CheckedGrid
from grid.layer_report import LayerReport

SLIVER_M = 0.5
SLIT_M = 10.0  # an open gap between neighbours is at most this wide; a closed one may be of any size
GAP_M2 = 20.0
OVERLAP_M2 = 5.0
SMALL_GRID_M2 = 100.0
OVERLAPS_A_GRID = 3  # with more than this the layer is no division of ground, and the search ends
STREET_COVER = 0.7  # grids that cover less of a street's published area leave something out
_CHUNK = 100


@dataclass
class Findings:
    """What the picture shows besides the grids, WGS-84."""

    overlaps: list[BaseGeometry] = field(default_factory=list)
    gaps: list[BaseGeometry] = field(default_factory=list)


def examine(checked: Sequence[CheckedGrid], divisions: Divisions, report: LayerReport) -> Findings:
    """Report overlaps, gaps, twins and what the divisions miss, the largest first."""
    findings = Findings()
    if not checked:
        return findings
    shapes = np.array([one.shape for one in checked], dtype=object)
    areas = area_m2(shapes)
    for one, area in zip(checked, areas.tolist(), strict=True):
        if area < SMALL_GRID_M2:
            words = f"网格只有 {area:.1f} 平方米，可能是碎图形。"
            report.add(one.row, "面积很小", words, fatal=False, code=one.owner.code)
    twins = _report_twins(checked, shapes, report)
    complete = _report_overlaps(checked, shapes, areas, twins, report, findings)
    if complete:
        _report_gaps(checked, shapes, report, findings)
    _report_streets(checked, areas, divisions, report)
    return findings


def area_m2(shapes: np.ndarray) -> np.ndarray:
    """Areas in square metres of shapes in degrees; right to a thousandth for anything as small as a city."""
    latitudes = np.radians(shapely.bounds(shapes)[:, [1, 3]].mean(axis=1))
    north = 111_132.954 - 559.822 * np.cos(2 * latitudes)
    east = 111_412.84 * np.cos(latitudes) - 93.5 * np.cos(3 * latitudes)
    return shapely.area(shapes) * north * east


def _degrees(metres: float) -> float:
    return metres / METRES_PER_DEGREE


def _name(one: CheckedGrid) -> str:
    return f"第 {one.row} 行 {one.owner.code}"


# ---- twins and overlaps


def _report_twins(checked: Sequence[CheckedGrid], shapes: np.ndarray, report: LayerReport) -> set[int]:
    """Positions of grids whose shape is that of an earlier grid."""
    first: dict[bytes, int] = {}
    twins: set[int] = set()
    for at, wkb in enumerate(shapely.to_wkb(shapes)):
        other = first.setdefault(wkb, at)
        if other != at:
            twins.add(at)
            words = f"图形与{_name(checked[other])} 完全相同。"
            report.add(checked[at].row, "图形重复", words, fatal=False, code=checked[at].owner.code)
    return twins


def _report_overlaps(
    checked: Sequence[CheckedGrid], shapes: np.ndarray, areas: np.ndarray, twins: set[int],
    report: LayerReport, findings: Findings,
) -> bool:  # fmt: skip
    """False when there were so many that the search was given up."""
    left, right, complete = _overlapping(shapes, twins)
    common = shapely.intersection(shapes[left], shapes[right])
    sizes = area_m2(common)
    for at in np.argsort(-sizes, kind="stable"):
        if sizes[at] < OVERLAP_M2:
            break
        one, other = checked[left[at]], checked[right[at]]
        smaller = one if areas[left[at]] <= areas[right[at]] else other
        share = sizes[at] / min(areas[left[at]], areas[right[at]])
        part = f"{share:.1%}" if share >= 0.001 else "不到 0.1%"
        words = f"与{_name(other)} 重叠 {_size(sizes[at])}，占 {smaller.owner.code} 的 {part}。"
        report.add(one.row, "重叠", words, fatal=False, code=one.owner.code)
        findings.overlaps.append(common[at])
    if not complete:
        words = "重叠太多，没有全部列出，缝隙也没有检查。是不是几层网格叠在一个文件里？"
        report.add(0, "重叠太多", words, fatal=False)
    return complete


def _overlapping(shapes: np.ndarray, twins: set[int]) -> tuple[np.ndarray, np.ndarray, bool]:
    """Pairs (as two arrays of positions) that share more than a sliver, and whether these are all."""
    alone = np.array([at for at in range(len(shapes)) if at not in twins])
    # Grids that only touch do not meet any more when each is a little smaller; that is quicker to ask than to intersect.
    cores = shapely.buffer(shapes[alone], -_degrees(SLIVER_M / 2), quad_segs=1, join_style="mitre")
    tree = shapely.STRtree(cores)
    found: list[np.ndarray] = []
    count, limit = 0, _CHUNK + OVERLAPS_A_GRID * len(alone)
    for start in range(0, len(alone), _CHUNK):
        pairs = tree.query(cores[start : start + _CHUNK], predicate="intersects")
        pairs[0] += start
        pairs = pairs[:, pairs[0] < pairs[1]]
        found.append(pairs)
        count += pairs.shape[1]
        if count > limit:
            break
    pairs = np.concatenate(found, axis=1)[:, :limit]
    return alone[pairs[0]], alone[pairs[1]], count <= limit


def _size(metres: float) -> str:
    return f"{metres:.0f} 平方米" if metres < 100_000 else f"{metres / 1e6:.2f} 平方公里"


# ---- gaps


def _report_gaps(checked: Sequence[CheckedGrid], shapes: np.ndarray, report: LayerReport, findings: Findings) -> None:
    tree = shapely.STRtree(shapes)
    holes, slits = _gaps(shapes)
    gaps = np.array([*holes, *slits], dtype=object)
    sizes = area_m2(gaps) if len(gaps) else np.array([])
    for at in np.argsort(-sizes, kind="stable"):
        if sizes[at] < GAP_M2:
            break
        around = [checked[i] for i in sorted(tree.query(gaps[at], "dwithin", _degrees(2 * SLIVER_M)).tolist())]
        if len(around) < (1 if at < len(holes) else 2):
            continue  # an inlet into one grid
        streets = list(dict.fromkeys(one.owner.district + one.owner.street for one in around))
        where = f"{streets[0]}的网格之间" if len(streets) == 1 else f"{'、'.join(streets[:3])}之间"
        point = gaps[at].representative_point()
        names = "、".join(one.owner.code for one in around[:4]) + ("等" if len(around) > 4 else "")
        words = f"{where}有缝隙 {_size(sizes[at])}，在（{point.x:.5f}, {point.y:.5f}），旁边是 {names}。"
        report.add(around[0].row, "缝隙", words, fatal=False, code=around[0].owner.code)
        findings.gaps.append(gaps[at])


def _gaps(shapes: np.ndarray) -> tuple[list[BaseGeometry], list[BaseGeometry]]:
    """Holes in the ground that all grids cover together, and slits that reach in from outside."""
    half, reach = _degrees(SLIVER_M / 2), _degrees(SLIT_M / 2)
    # A little larger, so that slivers close; a hole is then as much too small.
    covered = shapely.get_parts(shapely.union_all(shapely.buffer(shapes, half, quad_segs=1, join_style="mitre")))
    holes = [shapely.Polygon(ring).buffer(half, join_style="mitre") for part in covered for ring in part.interiors]
    solid = shapely.union_all([shapely.Polygon(part.exterior) for part in covered])
    closed = solid.buffer(reach, join_style="mitre").buffer(-reach, join_style="mitre")
    slits = [part for part in shapely.get_parts(closed.difference(solid)) if part.geom_type == "Polygon" and part.area]
    return holes, slits


# ---- what the divisions miss


def _report_streets(
    checked: Sequence[CheckedGrid], areas: np.ndarray, divisions: Divisions, report: LayerReport
) -> None:
    covered: dict[tuple[str, str], float] = defaultdict(float)
    for one, area in zip(checked, areas.tolist(), strict=True):
        covered[one.owner.district, one.owner.street] += area
    districts = {district for district, _ in covered}
    if absent := [name for name in divisions.districts if name not in districts]:
        report.add(0, "没有网格的区市", f"本文件没有这些区市的网格：{'、'.join(absent)}。", fatal=False)
    for district in divisions.districts:
        if district not in districts or (district, "") in covered:
            continue
        streets = [s.name for s in divisions.streets if s.district == district]
        if empty := [name for name in streets if (district, name) not in covered]:
            words = (
                f"{district}有 {len(empty)} 个镇街没有网格：{'、'.join(empty[:12])}{'等' if len(empty) > 12 else ''}。"
            )
            report.add(0, "没有网格的镇街", words, fatal=False)
    for point in divisions.points:
        area = covered.get((point.street.district, point.street.name), 0.0) / 1e6
        if 0 < area < STREET_COVER * point.area_km2:
            words = (
                f"{point.street.district}{point.street.name}的网格共 {area:.2f} 平方公里，"
                f"只有公布面积（{point.area_km2:.1f} 平方公里）的 {area / point.area_km2:.0%}，可能缺网格。"
            )
            report.add(0, "镇街没有盖满", words, fatal=False)
