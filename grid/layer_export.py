"""A version of the grids as a file for map programs, in any of the three systems. Importing it again gives the same."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import shapely

from grid.coordinates import System, convert_array, known_system
from grid.layer_choices import FORMAT_NAMES
from grid.layer_store import active_version, load_rows, read_version
from grid.layer_version import GridRow
from store.errors import NotFound, Refusal
from store.mongo import Store

_ENDINGS = {"geojson": "geojson", "shapefile": "zip"}


async def export_version(store: Store, version: str | None, format: str, system: str) -> tuple[str, bytes]:
    """(file name, content) of a version; None is the one in use. Raises NotFound or a Refusal about the choice."""
    if format not in FORMAT_NAMES:
        raise Refusal("请选择 GeoJSON 或 Shapefile。", status=422, field="format")
    target = known_system(system)
    version = version or await active_version(store)
    if version is None:
        raise NotFound("还没有导入过网格，没有可以导出的版本。")
    await read_version(store, version)
    rows = await load_rows(store, version)
    write = as_geojson if format == "geojson" else as_shapefile
    content = await asyncio.to_thread(write, rows, target)
    return f"grids-{version}-{target}.{_ENDINGS[format]}", content


def as_geojson(rows: Sequence[GridRow], system: System) -> bytes:
    """A FeatureCollection with all decimals that a number has."""
    features = [
        f'{{"type":"Feature","properties":{json.dumps(_attributes(row), ensure_ascii=False)},"geometry":{shape}}}'
        for row, shape in zip(rows, shapely.to_geojson(_shapes(rows, system)), strict=True)
    ]
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n").encode()


def as_shapefile(rows: Sequence[GridRow], system: System) -> bytes:
    """A zip archive. Only WGS-84 gets a .prj: for the Chinese systems there is none that would be true."""
    import pyogrio.raw  # GDAL is large, and only this needs it in the service

    shapes = [shapely.MultiPolygon([*shapely.get_parts(shape)]) for shape in _shapes(rows, system)]
    attributes = [_attributes(row) for row in rows]
    fields = ["code", "name", "district", "street", "approx"]
    columns = [np.array([one[name] for one in attributes], dtype=object) for name in fields[:-1]]
    columns.append(np.array([int(row.approximate) for row in rows], dtype=np.int32))
    with TemporaryDirectory(prefix="export-") as folder:
        pyogrio.raw.write(
            Path(folder) / "grids.shp", shapely.to_wkb(np.array(shapes, dtype=object)), columns, fields,
            driver="ESRI Shapefile", geometry_type="MultiPolygon", crs="EPSG:4326", encoding="UTF-8",
        )  # fmt: skip
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(folder).iterdir()):
                if path.suffix != ".prj" or system == "wgs84":
                    archive.write(path, path.name)
    return packed.getvalue()


def _shapes(rows: Sequence[GridRow], system: System) -> np.ndarray:
    shapes = np.array(shapely.from_wkb([row.wkb for row in rows]), dtype=object)
    return shapely.transform(shapes, lambda xy: convert_array(xy, "wgs84", system))


def _attributes(row: GridRow) -> dict[str, str | bool]:
    return {
        "code": row.code, "name": row.name, "district": row.district, "street": row.street or "",
        "approximate": row.approximate,
    }  # fmt: skip
