"""Point in polygon over the grids in memory (an R-tree; 40 times faster than asking the database)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.ops
from shapely.geometry.base import BaseGeometry

from grid.coordinates import METRES_PER_DEGREE, check
from store.errors import Refusal

BORDER_M = 5.0  # closer to a neighbour than this counts as on the border: no receiver is better
GAP_M = 3_000.0  # farther than this from every grid counts as outside the city


class OutsideCity(Refusal):
    """The point lies outside every grid and not near one."""

    def __init__(self, distance_m: float) -> None:
        super().__init__(
            f"这个位置不在本市网格范围内（距最近的网格约 {distance_m / 1000:.1f} 公里），请核对位置。", field="point"
        )
        self.distance_m = distance_m


class NoGrids(Refusal):
    """There is no grid at all to look in."""

    status = 503


@dataclass(frozen=True, slots=True)
class Grid:
    """One grid: the ground one inspector answers for. WGS-84."""

    code: str
    name: str
    district: str
    street: str | None
    geometry: BaseGeometry
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class GridHit:
    """Where a point lies. `distance_m` is 0 inside; `rivals` are other grids it could belong to."""

    grid_id: str
    name: str
    district: str
    street: str | None
    certain: bool
    distance_m: float
    approximate: bool
    rivals: tuple[str, ...] = ()


class GridIndex:
    """All grids of one version of the layer. Immutable; an import makes a new one.

    `version` is None for the demonstration grids, which come with the program.
    """

    def __init__(self, features: Iterable[Grid | Mapping[str, Any]], version: str | None = None) -> None:
        self.version = version
        self.grids: Sequence[Grid] = tuple(f if isinstance(f, Grid) else grid_of_feature(f) for f in features)
        self._tree = shapely.STRtree([g.geometry for g in self.grids])
        self._by_code = {g.code: g for g in self.grids}
        self._trees: dict[tuple[str, str | None], tuple[list[Grid], shapely.STRtree]] = {}
        self._of_street: dict[tuple[str, str], list[Grid]] = {}
        for grid in self.grids:
            if grid.street:
                self._of_street.setdefault((grid.district, grid.street), []).append(grid)
        # Most points lie well inside one grid: the cores (grids less 5 m) answer those with one look.
        cores = shapely.buffer([g.geometry for g in self.grids], -BORDER_M / METRES_PER_DEGREE, quad_segs=1)
        self._cores = shapely.STRtree(cores)
        self._inside = [_hit(g, not g.approximate, 0.0) for g in self.grids]
        shapely.prepare([g.geometry for g in self.grids])

    def __len__(self) -> int:
        return len(self.grids)

    @property
    def approximate(self) -> bool:
        """True when any grid is for demonstration only; every page that shows one says so."""
        return any(g.approximate for g in self.grids)

    def get(self, code: str) -> Grid | None:
        """The grid with this code."""
        return self._by_code.get(code)

    def of_street(self, district: str, street: str) -> list[Grid]:
        """The grids of one street."""
        return self._of_street.get((district, street), [])

    def find(self, lng: float, lat: float) -> GridHit:
        """The grid of a WGS-84 point; raises BadCoordinate, NoGrids or OutsideCity.

        A point within 5 m of a border, in a gap, or in an approximate grid is never `certain`.
        """
        lng, lat = check(lng, lat)
        if not self.grids:
            raise NoGrids("还没有导入网格，暂时无法按位置查找，请写明区市和镇街。")
        point = shapely.Point(lng, lat)
        core = self._cores.query(point, predicate="intersects")
        if len(core) == 1:
            return self._inside[core[0]]
        near = self._tree.query(point, predicate="dwithin", distance=BORDER_M / METRES_PER_DEGREE)
        if len(near) == 1:
            grid = self.grids[near[0]]
            if shapely.intersects(grid.geometry, point):
                return _hit(grid, not grid.approximate, 0.0)
            return _hit(grid, False, self._metres(grid, point))
        if len(near):
            inside = [i for i in near if shapely.intersects(self.grids[i].geometry, point)]
            chosen = min(inside or near, key=lambda i: (self.grids[i].geometry.distance(point), self.grids[i].code))
            rivals = tuple(sorted(self.grids[i].code for i in near if i != chosen))
            return _hit(self.grids[chosen], False, self._metres(self.grids[chosen], point), rivals)
        return self._nearest(point)

    def find_many(self, lngs: Sequence[float], lats: Sequence[float]) -> list[str | None]:
        """Codes of the grids that hold the points, None where there is none; for statistics and maps."""
        points = shapely.points(np.asarray(lngs, dtype=float), np.asarray(lats, dtype=float))
        who, where = self._tree.query(points, predicate="intersects")
        found: list[str | None] = [None] * len(points)
        for i, j in zip(who.tolist(), where.tolist(), strict=True):
            found[i] = found[i] or self.grids[j].code
        return found

    def distance_to_street(self, lng: float, lat: float, district: str, street: str | None) -> float | None:
        """Metres from a point to the ground of a street or district; 0 inside, None when we have no grid of it."""
        grid = self._nearest_of(lng, lat, district, street)
        return None if grid is None else self._metres(grid, shapely.Point(lng, lat))

    def nearest_in_street(self, lng: float, lat: float, district: str, street: str) -> Grid | None:
        """The grid of a street that is nearest to a point."""
        return self._nearest_of(lng, lat, district, street)

    def _nearest_of(self, lng: float, lat: float, district: str, street: str | None) -> Grid | None:
        grids, tree = self._tree_of(district, street)
        return grids[int(tree.nearest(shapely.Point(lng, lat)))] if grids else None

    def _tree_of(self, district: str, street: str | None) -> tuple[list[Grid], shapely.STRtree]:
        """The grids of a street or a whole district with a tree of their own, made when first asked for."""
        key = (district, street)
        if key not in self._trees:
            grids = self.of_street(district, street) if street else [g for g in self.grids if g.district == district]
            self._trees[key] = (grids, shapely.STRtree([g.geometry for g in grids]))
        return self._trees[key]

    def _nearest(self, point: shapely.Point) -> GridHit:
        index = self._tree.nearest(point)
        grid = self.grids[int(index)]
        distance = self._metres(grid, point)
        if distance > GAP_M:
            raise OutsideCity(distance)
        return _hit(grid, False, distance)

    @staticmethod
    def _metres(grid: Grid, point: shapely.Point) -> float:
        if shapely.intersects(grid.geometry, point):
            return 0.0
        there = shapely.ops.nearest_points(grid.geometry, point)[0]
        east = (there.x - point.x) * METRES_PER_DEGREE * math.cos(math.radians(point.y))
        return round(math.hypot(east, (there.y - point.y) * METRES_PER_DEGREE), 1)


def _hit(grid: Grid, certain: bool, distance_m: float, rivals: tuple[str, ...] = ()) -> GridHit:
    return GridHit(grid.code, grid.name, grid.district, grid.street, certain, distance_m, grid.approximate, rivals)


def grid_of_feature(feature: Mapping[str, Any]) -> Grid:
    """A Grid from a GeoJSON feature with our own property names."""
    properties = feature["properties"]
    return Grid(
        code=properties["code"],
        name=properties["name"],
        district=properties["district"],
        street=properties.get("street"),
        geometry=shapely.geometry.shape(feature["geometry"]),
        approximate=bool(properties.get("approximate", False)),
    )
