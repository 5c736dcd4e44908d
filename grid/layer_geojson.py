"""GeoJSON as rows. Read by the standard library, not by GDAL: so every fault can be told with its row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grid.layer_rows import POLYGONS, LayerFile, Row, UnreadableLayer, checked_count, not_a_polygon


class _BadShape(Exception):
    """Why one shape cannot be read, in Chinese."""


def read_geojson(path: Path) -> LayerFile:
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise UnreadableLayer(
            "文件不是有效的 GeoJSON（JSON 格式有误或编码不是 UTF-8），也不是 Shapefile 的压缩包。"
        ) from None
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or data.get("type") != "FeatureCollection":
        raise UnreadableLayer("文件不是 GeoJSON 要素集合（FeatureCollection）。")
    checked_count(len(features))
    return LayerFile([_row(number, one) for number, one in enumerate(features, start=1)], _named_reference(data))


def _named_reference(data: Mapping[str, Any]) -> str:
    """The "crs" member of the GeoJSON of 2008, which map programs still write."""
    crs = data.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return name if isinstance(name, str) else ""


def _row(number: int, feature: Any) -> Row:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    attributes = properties if isinstance(properties, dict) else None
    try:
        shape, closed = _shape(feature.get("geometry") if isinstance(feature, dict) else None)
    except _BadShape as bad:
        return Row(number, attributes, None, fault=str(bad))
    return Row(number, attributes, shape, closed)


def _shape(geometry: Any) -> tuple[BaseGeometry, bool]:
    if not isinstance(geometry, dict) or not geometry.get("coordinates"):
        raise _BadShape("图形是空的。")
    kind, coordinates = geometry.get("type"), geometry["coordinates"]
    if kind not in POLYGONS:
        raise _BadShape(not_a_polygon(str(kind)))
    polygons = [coordinates] if kind == "Polygon" else coordinates
    closed = False
    shapes = []
    for rings in polygons if isinstance(polygons, list) else [None]:
        if not isinstance(rings, list) or not rings:
            raise _BadShape("图形是空的。")
        arrays = []
        for ring in rings:
            array, was_open = _ring(ring)
            closed |= was_open
            arrays.append(array)
        shapes.append(shapely.Polygon(arrays[0], arrays[1:]))
    return shapes[0] if len(shapes) == 1 else shapely.MultiPolygon(shapes), closed


def _ring(ring: Any) -> tuple[np.ndarray, bool]:
    """Corners of one ring, closed, and whether it was open."""
    if not isinstance(ring, list) or not ring:
        raise _BadShape("图形是空的。")
    try:
        array = np.asarray(ring, dtype=float)[:, :2]
    except (TypeError, ValueError, IndexError, OverflowError):
        raise _BadShape("坐标不是数字对。") from None
    if array.ndim != 2 or array.shape[1] != 2:
        raise _BadShape("坐标不是数字对。")
    if not np.isfinite(array).all():
        raise _BadShape("坐标里有 NaN 或无穷大。")
    was_open = not np.array_equal(array[0], array[-1])
    if was_open:
        array = np.vstack([array, array[:1]])
    if len(array) < 4:
        raise _BadShape("边界少于三个不同的点。")
    return array, was_open
