"""Demonstration grids: about four per street, computed from street centres and areas, never a boundary.

A point belongs to the street whose centre is nearest when distance is divided by the square root of the area. The
border between two such streets is a circle (of Apollonius), so each region is an intersection of discs minus other
discs; the same disc polygon is used on both sides, so neighbours meet. Each region is cut into four quadrants.
`python -m grid.demonstration` writes the file; the same input gives the same bytes.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from grid.coordinates import METRES_PER_DEGREE
from grid.divisions import Divisions, StreetPoint

FILE_NAME = "demonstration_grids.geojson"
_QUADRANTS = (("东北片", 1, 1), ("西北片", -1, 1), ("西南片", -1, -1), ("东南片", 1, -1))
_FAR = 1_000_000.0  # metres, larger than any city
_SMALLEST_M2 = 2_500.0
_DECIMALS = 5  # about one metre


def build(points: Iterable[StreetPoint]) -> dict[str, object]:
    """A GeoJSON FeatureCollection of the demonstration grids (WGS-84)."""
    points = sorted(points, key=lambda p: p.code)
    plane = _Plane(points)
    city = _city_shape(points, plane)
    features = []
    for point in points:
        region = _region(point, points, plane, city)
        features.extend(_quarters(point, region, plane))
    return {
        "type": "FeatureCollection",
        "name": "demonstration_grids",
        "approximate": True,
        "licence": "ODbL 1.0, (c) OpenStreetMap contributors",
        "features": features,
    }


class _Plane:
    """Metres on a plane around the middle of the city; good to a few per mille, enough for a demonstration."""

    def __init__(self, points: list[StreetPoint]) -> None:
        self.lng0 = sum(p.lng for p in points) / len(points)
        self.lat0 = sum(p.lat for p in points) / len(points)
        self.east = METRES_PER_DEGREE * math.cos(math.radians(self.lat0))

    def xy(self, point: StreetPoint) -> tuple[float, float]:
        return (point.lng - self.lng0) * self.east, (point.lat - self.lat0) * METRES_PER_DEGREE

    def back(self, geometry: BaseGeometry) -> BaseGeometry:
        def degrees(xy):  # type: ignore[no-untyped-def]
            return xy / [self.east, METRES_PER_DEGREE] + [self.lng0, self.lat0]

        return shapely.transform(geometry, degrees)


def _city_shape(points: list[StreetPoint], plane: _Plane) -> BaseGeometry:
    """Convex shape round discs that have each street's area."""
    discs = [shapely.Point(plane.xy(p)).buffer(math.sqrt(p.area_km2 * 1e6 / math.pi), quad_segs=8) for p in points]
    return shapely.union_all(discs).convex_hull


def _region(point: StreetPoint, points: list[StreetPoint], plane: _Plane, city: BaseGeometry) -> BaseGeometry:
    region = city
    holes = []
    for other in points:
        if other.code == point.code:
            continue
        # One fixed order for a pair, so that both sides use the very same polygon.
        small, large = sorted((point, other), key=lambda p: (p.area_km2, p.code))
        disc = _dominance_disc(small, large, plane)
        if small.code == point.code:
            region = region & disc
        else:
            holes.append(disc)
    near = [hole for hole in holes if hole.intersects(region)]
    return region - shapely.union_all(near) if near else region


def _dominance_disc(small: StreetPoint, large: StreetPoint, plane: _Plane) -> BaseGeometry:
    """Where the smaller street's weighted distance is the lesser one; a half plane when the weights are equal."""
    (ax, ay), (bx, by) = plane.xy(small), plane.xy(large)
    ratio = small.area_km2 / large.area_km2  # squared ratio of the weights
    dx, dy = ax - bx, ay - by
    length = math.hypot(dx, dy)
    if ratio > 0.99:
        ux, uy = dx / length * _FAR, dy / length * _FAR
        mx, my = (ax + bx) / 2, (ay + by) / 2
        return Polygon(
            [
                (mx - uy, my + ux),
                (mx - uy + ux, my + ux + uy),
                (mx + uy + ux, my - ux + uy),
                (mx + uy, my - ux),
            ]
        )
    centre = shapely.Point((ax - ratio * bx) / (1 - ratio), (ay - ratio * by) / (1 - ratio))
    radius = math.sqrt(ratio) * length / (1 - ratio)
    # Enough corners that a chord leaves the circle by 3 m at most: big circles need many.
    return centre.buffer(radius, quad_segs=max(8, math.ceil(math.pi / 4 * math.sqrt(radius / 6))))


def _quarters(point: StreetPoint, region: BaseGeometry, plane: _Plane) -> list[dict[str, object]]:
    middle = region.representative_point() if region.geom_type != "Polygon" else region.centroid
    found: list[dict[str, object]] = []
    for title, east, north in _QUADRANTS:
        x, y = middle.x, middle.y
        box = shapely.box(
            min(x, x + east * _FAR), min(y, y + north * _FAR), max(x, x + east * _FAR), max(y, y + north * _FAR)
        )
        piece = shapely.simplify(region & box, 8.0)
        piece = shapely.set_precision(plane.back(_only_areas(piece)), 10**-_DECIMALS)
        if piece.is_empty or _area_m2(piece, plane) < _SMALLEST_M2:
            continue
        number = len(found) + 1
        found.append(
            {
                "type": "Feature",
                "properties": {
                    "code": f"{point.code[:9]}{number:03d}",
                    "name": f"{point.street.short}{title}网格",
                    "district": point.street.district,
                    "street": point.street.name,
                    "approximate": True,
                },
                "geometry": _rounded(shapely.geometry.mapping(piece)),
            }
        )
    return found


def _only_areas(geometry: BaseGeometry) -> BaseGeometry:
    parts = [p for p in shapely.get_parts(geometry) if p.geom_type == "Polygon" and p.area >= _SMALLEST_M2]
    return shapely.union_all(parts) if parts else Polygon()


def _area_m2(geometry: BaseGeometry, plane: _Plane) -> float:
    return geometry.area * plane.east * METRES_PER_DEGREE


def _rounded(value):  # type: ignore[no-untyped-def]
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


def write(city_dir: Path) -> Path:
    """Write demonstration_grids.geojson of a city; one feature a line so that differences can be read."""
    collection = build(Divisions.load(city_dir).points)
    features: list[Any] = collection.pop("features")  # type: ignore[assignment]
    head = json.dumps(collection, ensure_ascii=False, separators=(",", ":"))[:-1]
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    path = city_dir / FILE_NAME
    path.write_text(f'{head},"features":[\n{lines}\n]}}\n', encoding="utf-8")
    return path


if __name__ == "__main__":
    written = write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "qingdao")
    sys.stderr.write(f"已写入演示网格：{written}\n")
