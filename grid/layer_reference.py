"""From the coordinates of a file to degrees: what its .prj says, or what the administrator names."""

from __future__ import annotations

import re

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion
from pyproj.exceptions import CRSError

from grid.coordinates import looks_swapped
from grid.layer_choices import GAUSS
from grid.layer_rows import UnreadableLayer

_AXIS_M = 6_378_137.0
_FLATTENINGS = (298.257, 298.2573)  # WGS-84, CGCS2000 and GRS80 differ by less than a tenth of a millimetre
_NEAR_DEGREES = 1.5  # half a zone: only one zone puts a file without .prj near the city
_EPSG = re.compile(r"(?:^|[:/])EPSG[:/]+(?:[\d.]*[:/])?(\d{4,6})$", re.IGNORECASE)
_CRS84 = re.compile(r"CRS:?84$", re.IGNORECASE)


def to_degrees(shapes: np.ndarray, reference: str, choice: str, near: tuple[float, float]) -> tuple[np.ndarray, str]:
    """The shapes in degrees and a sentence about what was done ("" for nothing). Raises UnreadableLayer.

    `near` is a place in the city (lng, lat): it tells which of the 3-degree zones a file without .prj is in.
    """
    if not len(shapes):
        return shapes, ""
    crs = _crs(reference) if reference else None
    said = "文件写的是"
    if crs is None and choice == GAUSS:
        crs, said = _gauss(shapes, near), "按位置推算为"
    if crs is None or crs.is_geographic:
        return shapes, ""
    _refuse_swapped_metres(shapes)
    move = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    moved = shapely.transform(shapes, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))
    return moved, f"坐标是投影坐标，{said}“{crs.name[:60]}”，已换算为经纬度。"


def _crs(reference: str) -> CRS | None:
    """The coordinate reference system that a file names. Raises UnreadableLayer when we cannot use it."""
    try:
        if _CRS84.search(reference):
            return None
        epsg = _EPSG.search(reference)
        crs = CRS.from_epsg(int(epsg[1])) if epsg else CRS.from_wkt(reference)
    except (CRSError, ValueError):
        raise UnreadableLayer(
            "看不懂文件写的坐标系（.prj 或 crs）。请删除 .prj，再在这里选择坐标系，或导出为 WGS-84 经纬度。"
        ) from None
    ground = crs.geodetic_crs
    ellipsoid = ground.ellipsoid if ground else None
    low, high = _FLATTENINGS
    if not ellipsoid or ellipsoid.semi_major_metre != _AXIS_M or not low <= ellipsoid.inverse_flattening <= high:
        raise UnreadableLayer(
            f"文件的坐标系是“{crs.name[:60]}”（北京54、西安80 等与 CGCS2000 相差几十到上百米，换算参数不公开）。"
            "请先用制图软件转换为 CGCS2000 或 WGS-84 再导出。"
        )
    return crs


def _gauss(shapes: np.ndarray, near: tuple[float, float]) -> CRS | None:
    """The zone that puts the middle of the layer near the city; None when these are degrees already."""
    east, north = np.median(shapely.get_coordinates(shapes), axis=0)
    if abs(east) <= 180 and abs(north) <= 90:
        return None
    _refuse_swapped_metres(shapes)
    zone = int(east // 1_000_000)
    # Zones of 6 degrees have the numbers 13 to 23 in China, zones of 3 degrees 24 to 45.
    meridians = [6 * zone - 3 if zone <= 23 else 3 * zone] if zone else range(75, 136, 3)
    for meridian in meridians:
        crs = ProjectedCRS(
            TransverseMercatorConversion(longitude_natural_origin=meridian, false_easting=zone * 1_000_000 + 500_000),
            name=f"CGCS2000 高斯投影，中央经线 {meridian}°",
            geodetic_crs=CRS.from_epsg(4490),
        )
        lng, lat = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(east, north)
        if np.hypot(lng - near[0], lat - near[1]) < _NEAR_DEGREES:
            return crs
    raise UnreadableLayer("按 CGCS2000 高斯投影换算，图形不在本市范围内。请核对坐标系，或带上 .prj 文件。")


def _refuse_swapped_metres(shapes: np.ndarray) -> None:
    """In China a northing is 2 to 6 million metres, an easting below 1 million or 13 to 45 million with its zone."""
    east, north = np.median(shapely.get_coordinates(shapes), axis=0)
    if 2e6 <= east <= 6e6 and not 2e6 <= north <= 6e6:
        raise UnreadableLayer(
            f"东坐标和北坐标写反了（{east:.0f}, {north:.0f}）。投影坐标应先写东坐标（约 500000），后写北坐标（约 4000000）。"
        )


def degrees_fault(lng: float, lat: float, bounds: np.ndarray) -> tuple[str, str] | None:
    """(kind, message) when a shape in degrees, of which (lng, lat) is a corner, cannot be right."""
    if looks_swapped(lng, lat):
        return "经纬度写反", f"经度和纬度写反了（{lng:g}, {lat:g}），应先写经度（约 120）后写纬度（约 36）。"
    if np.abs(bounds[[0, 2]]).max() > 180 or np.abs(bounds[[1, 3]]).max() > 90:
        return (
            "坐标超出范围",
            f"坐标超出经纬度范围（{lng:g}, {lat:g}）。是投影坐标时，请带上 .prj，或选择“高斯投影”，或导出为经纬度。",
        )
    return None
