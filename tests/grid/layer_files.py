"""Files as customers send them, written for the test that needs them."""

import json
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from pyproj import Transformer

from grid.layer_reading import read_layer
from grid.layer_version import LayerReading
from tests.grid.conftest import CITY_DIR

SQUARE = [[120.38, 36.30], [120.39, 36.30], [120.39, 36.31], [120.38, 36.31], [120.38, 36.30]]
OWNER = {"district": "城阳区", "street": "流亭街道"}


def read(path: Path, system: str = "wgs84") -> LayerReading:
    return read_layer(path, system, CITY_DIR)


def moved(east: float = 0.0, north: float = 0.0, ring: Sequence[Sequence[float]] = SQUARE) -> list[list[float]]:
    return [[x + east, y + north] for x, y in ring]


def feature(code: Any = "g1", ring: Any = SQUARE, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "name": f"{code}网格", **OWNER, **properties},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def row_of(count: int) -> list[dict[str, Any]]:
    """Squares beside each other."""
    return [feature(f"g{i}", moved(0.01 * i)) for i in range(count)]


def geojson(folder: Path, *features: Any, name: str = "layer.geojson", **members: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features), **members}), encoding="utf-8")
    return path


def shapefile(
    folder: Path, features: Sequence[dict[str, Any]], *, encoding: str = "UTF-8", epsg: int | None = 4326,
    cpg: str | None = "", stem: str = "layer",
) -> Path:  # fmt: skip
    """The .shp, with companions beside it. `cpg`: its text, None for no such file, "" for what GDAL writes.

    Coordinates in `features` are degrees; with a projected `epsg` they are projected.
    """
    shapes = np.array([shapely.Polygon(f["geometry"]["coordinates"][0]) for f in features], dtype=object)
    if epsg not in (None, 4326, 4490):
        move = Transformer.from_crs(4490, epsg, always_xy=True)
        shapes = shapely.transform(shapes, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))
    fields = list(features[0]["properties"])
    columns = []
    for name in fields:
        values = [f["properties"][name] for f in features]
        text = any(isinstance(v, str) for v in values)
        columns.append(np.array(values, dtype=object if text else type(values[0])))
    path = folder / f"{stem}.shp"
    pyogrio.raw.write(
        path, shapely.to_wkb(shapes), columns, fields, driver="ESRI Shapefile", geometry_type="Polygon",
        crs=f"EPSG:{epsg or 4326}", encoding=encoding,
    )  # fmt: skip
    if epsg is None:
        path.with_suffix(".prj").unlink()
    if cpg is None:
        path.with_suffix(".cpg").unlink()
    elif cpg:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def zipped(shape_file: Path, name: str = "layer.zip", inside: str = "") -> Path:
    path = shape_file.with_name(name)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in shape_file.parent.glob(f"{shape_file.stem}.*"):
            if part.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                archive.write(part, inside + part.name)
    return path


def raw_shapefile(folder: Path, rings: Sequence[Sequence[Sequence[float]]]) -> Path:
    """A Shapefile written byte by byte: with rings that no library would write. One polygon of one ring in each row."""
    bodies = [_polygon(ring) for ring in rings]
    shp, shx, offset = b"", b"", 50
    for number, body in enumerate(bodies, start=1):
        words = len(body) // 2
        shp += struct.pack(">ii", number, words) + body
        shx += struct.pack(">ii", offset, words)
        offset += 4 + words
    for suffix, content in ((".shp", shp), (".shx", shx)):
        head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, (100 + len(content)) // 2) + struct.pack("<ii", 1000, 5)
        (folder / f"raw{suffix}").write_bytes(head + struct.pack("<8d", 120, 36, 121, 37, 0, 0, 0, 0) + content)
    _dbf(folder / "raw.dbf", [(f"g{i}", f"g{i}网格", *OWNER.values()) for i in range(len(rings))])
    return folder / "raw.shp"


def _polygon(ring: Sequence[Sequence[float]]) -> bytes:
    points = b"".join(struct.pack("<2d", *corner) for corner in ring)
    parts = struct.pack("<ii", 1, len(ring)) + struct.pack("<i", 0) if ring else struct.pack("<ii", 0, 0)
    return struct.pack("<i", 5) + struct.pack("<4d", 120, 36, 121, 37) + parts + points


def _dbf(path: Path, rows: Sequence[Sequence[str]]) -> None:
    fields = ("code", "name", "district", "street")
    head = struct.pack("<B3xIHH20x", 3, len(rows), 32 + 32 * len(fields) + 1, 1 + 60 * len(fields))
    for name in fields:
        head += struct.pack("<11sc4xBB14x", name.encode(), b"C", 60, 0)
    body = b"".join(b" " + b"".join(text.encode().ljust(60) for text in row) for row in rows)
    path.write_bytes(head + b"\r" + body + b"\x1a")
