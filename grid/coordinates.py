"""Coordinates in the three systems used in China, with their system in the type.

WGS-84 is what satellites, photos and browsers give; GCJ-02 is what Chinese maps and WeChat give; BD-09 is Baidu's.
We keep WGS-84 only and convert once, at the door. Taking GCJ-02 for WGS-84 moves a point by about 460 m in Qingdao.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from store.errors import Refusal

System = Literal["wgs84", "gcj02", "bd09"]
SYSTEMS: tuple[str, ...] = get_args(System)

_ALIASES = {"wgs-84": "wgs84", "epsg:4326": "wgs84", "gcj-02": "gcj02", "bd-09": "bd09"}
_AXIS = 6378245.0  # Krasovsky 1940, the ellipsoid GCJ-02 is defined on
_ECCENTRICITY = 0.00669342162296594323
_BAIDU = math.pi * 3000.0 / 180.0
_CLOSE_ENOUGH = 1e-10  # degrees, about 0.01 mm
METRES_PER_DEGREE = 111_320.0


class BadCoordinate(Refusal):
    """A coordinate that cannot be a place on earth, or is given in the wrong order."""


def known_system(name: str) -> System:
    """The system meant by `name` ("WGS-84", "gcj02", …); raises BadCoordinate for any other."""
    plain = str(name).strip().lower()
    plain = _ALIASES.get(plain, plain)
    if plain not in SYSTEMS:
        raise BadCoordinate(f"不认识坐标系“{str(name)[:20]}”，请写 wgs84、gcj02 或 bd09。", field="system")
    return plain  # type: ignore[return-value]


def check(lng: object, lat: object) -> tuple[float, float]:
    """Longitude and latitude in degrees as floats; raises BadCoordinate with the reason in Chinese."""
    if isinstance(lng, bool) or isinstance(lat, bool):
        raise BadCoordinate("经度和纬度必须是数字。", field="point")
    try:
        x, y = float(lng), float(lat)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise BadCoordinate("经度和纬度必须是数字，例如 120.38, 36.07。", field="point") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise BadCoordinate("经度或纬度不是有效数字（NaN 或无穷大）。", field="point")
    if looks_swapped(x, y):
        raise BadCoordinate(
            f"经度和纬度像是写反了：收到经度 {x:g}、纬度 {y:g}。请把经度（约 120）写在前，纬度（约 36）写在后。",
            field="point",
        )
    if not (-180.0 <= x <= 180.0 and -90.0 <= y <= 90.0):
        raise BadCoordinate(f"坐标超出范围：经度 {x:g}、纬度 {y:g}。经度应在±180 之间，纬度在±90 之间。", field="point")
    return x, y


def looks_swapped(lng: float, lat: float) -> bool:
    """True when (lng, lat) is no place in China but (lat, lng) is one."""
    return not _in_china(lng, lat) and _in_china(lat, lng)


@dataclass(frozen=True, slots=True)
class Point:
    """A position that knows its system. Degrees."""

    lng: float
    lat: float
    system: System = "wgs84"

    def __post_init__(self) -> None:
        x, y = check(self.lng, self.lat)
        object.__setattr__(self, "lng", x)
        object.__setattr__(self, "lat", y)
        object.__setattr__(self, "system", known_system(self.system))

    def to(self, system: System) -> Point:
        """The same position in another system."""
        lng, lat = convert(self.lng, self.lat, self.system, system)
        return Point(lng, lat, system)


def to_wgs84(lng: float, lat: float, system: str = "wgs84") -> tuple[float, float]:
    """(lng, lat) in WGS-84. Checks the numbers; raises BadCoordinate."""
    x, y = check(lng, lat)
    return convert(x, y, known_system(system), "wgs84")


def convert(lng: float, lat: float, source: System, target: System) -> tuple[float, float]:
    """Convert between two systems; a round trip is exact to well under 0.1 m."""
    return _convert(lng, lat, source, target, math)


def convert_array(lnglat: np.ndarray, source: System, target: System) -> np.ndarray:
    """The same for many points at once, shape (n, 2) in China; for whole layers."""
    lng, lat = _convert(lnglat[:, 0], lnglat[:, 1], source, target, np)
    return np.column_stack([lng, lat])


def _convert(lng: Any, lat: Any, source: System, target: System, m: Any) -> tuple[Any, Any]:
    """`m` is the module whose sin and cos to use: math for one point, numpy for arrays."""
    if source == target:
        return lng, lat
    if source == "bd09":
        lng, lat = _invert(_gcj_to_bd, lng, lat, m)
    elif source == "wgs84":
        lng, lat = _wgs_to_gcj(lng, lat, m)
    # now GCJ-02
    if target == "gcj02":
        return lng, lat
    if target == "bd09":
        return _gcj_to_bd(lng, lat, m)
    return _invert(_wgs_to_gcj, lng, lat, m)


def distance_m(lng1: float, lat1: float, lng2: float, lat2: float) -> float:
    """Metres between two WGS-84 points (great circle)."""
    p1, p2 = math.radians(lat1), math.radians(lat2)
    h = math.sin((p2 - p1) / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lng2 - lng1) / 2) ** 2
    return 2 * 6371008.8 * math.asin(min(1.0, math.sqrt(h)))


def _in_china(lng: float, lat: float) -> bool:
    """The rectangle in which GCJ-02 shifts; outside it GCJ-02 equals WGS-84."""
    return 72.004 <= lng <= 137.8347 and 0.8293 <= lat <= 55.8271


def _wgs_to_gcj(lng: Any, lat: Any, m: Any) -> tuple[Any, Any]:
    if m is math and not _in_china(lng, lat):
        return lng, lat
    x, y, pi = lng - 105.0, lat - 35.0, math.pi
    common = (20 * m.sin(6 * x * pi) + 20 * m.sin(2 * x * pi)) * 2 / 3
    dlat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * m.sqrt(abs(x)) + common
    dlat += (20 * m.sin(y * pi) + 40 * m.sin(y / 3 * pi)) * 2 / 3
    dlat += (160 * m.sin(y / 12 * pi) + 320 * m.sin(y * pi / 30)) * 2 / 3
    dlng = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * m.sqrt(abs(x)) + common
    dlng += (20 * m.sin(x * pi) + 40 * m.sin(x / 3 * pi)) * 2 / 3
    dlng += (150 * m.sin(x / 12 * pi) + 300 * m.sin(x / 30 * pi)) * 2 / 3
    phi = m.radians(lat)
    magic = 1 - _ECCENTRICITY * m.sin(phi) ** 2
    root = m.sqrt(magic)
    dlat = m.degrees(dlat) / (_AXIS * (1 - _ECCENTRICITY) / (magic * root))
    dlng = m.degrees(dlng) / (_AXIS / root * m.cos(phi))
    return lng + dlng, lat + dlat


def _gcj_to_bd(lng: Any, lat: Any, m: Any) -> tuple[Any, Any]:
    radius = m.hypot(lng, lat) + 0.00002 * m.sin(lat * _BAIDU)
    angle = m.atan2(lat, lng) + 0.000003 * m.cos(lng * _BAIDU)
    return radius * m.cos(angle) + 0.0065, radius * m.sin(angle) + 0.006


def _invert(forward: Callable[..., tuple[Any, Any]], lng: Any, lat: Any, m: Any) -> tuple[Any, Any]:
    """The point that `forward` moves to (lng, lat): the shift varies slowly, so correcting by the error converges."""
    x, y = lng, lat
    for _ in range(30):
        fx, fy = forward(x, y, m)
        ex, ey = lng - fx, lat - fy
        x, y = x + ex, y + ey
        worst = max(np.max(np.abs(ex)), np.max(np.abs(ey))) if m is np else max(abs(ex), abs(ey))
        if worst < _CLOSE_ENOUGH:
            break
    return x, y
