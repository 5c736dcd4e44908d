"""A Shapefile as rows, read by GDAL (pyogrio). Its text comes without a reliable encoding, so that is found out here."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError, GeometryError
from shapely.geometry.base import BaseGeometry

from grid.layer_archive import PARTS
from grid.layer_rows import POLYGONS, LayerFile, Row, UnreadableLayer, checked_count, not_a_polygon

_MAGIC = b"\x00\x00\x27\x0a"
# Every byte is a character of Latin-1, so what GDAL hands over as Latin-1 still holds the bytes of the file.
_BYTES = "ISO-8859-1"
_ENCODING_NAMES = {"utf-8": "UTF-8", "gb18030": "GBK", "cp950": "Big5"}
_DECLARED = {
    "utf8": "utf-8", "65001": "utf-8", "gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030", "936": "gb18030",
    "cp936": "gb18030", "950": "cp950", "cp950": "cp950", "big5": "cp950",
}  # fmt: skip
_LANGUAGE_BYTE = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "cp950", 0x78: "cp950"}


def read_shapefile(path: Path) -> LayerFile:
    """Read a .shp and the files beside it. Raises UnreadableLayer."""
    parts = _companions(path)
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise UnreadableLayer("这不是 Shapefile（文件头不对），请重新导出。")
    try:
        meta, numbers, shapes, columns = pyogrio.raw.read(path, encoding=_BYTES, force_2d=True, return_fids=True)
    except (DataSourceError, DataLayerError, GeometryError, FieldError, ValueError, MemoryError):
        raise UnreadableLayer("读不出这个 Shapefile（文件损坏或不完整），请重新导出。") from None
    checked_count(len(numbers))
    kind = meta["geometry_type"] or ""
    if not kind.endswith("Polygon"):
        raise UnreadableLayer(not_a_polygon(kind or "表格"))
    columns, names, notes = _decoded(columns, list(meta["fields"]), _declared_encoding(parts))
    records = zip(*columns, strict=True) if columns else ((),) * len(numbers)
    with np.errstate(invalid="ignore"):  # NaN is told with its row, below
        read = shapely.from_wkb(shapes, on_invalid="ignore")
        fixed = shapely.from_wkb(shapes, on_invalid="fix")
    rows = [
        Row(int(number) + 1, dict(zip(names, record, strict=True)), *_shape(wkb, one, closed))
        for number, record, wkb, one, closed in zip(numbers, records, shapes, read, fixed, strict=True)
    ]
    reference = parts[".prj"].read_text("utf-8", "replace") if ".prj" in parts else ""
    return LayerFile(rows, reference.strip("\ufeff\x00 \r\n"), notes)


def _companions(path: Path) -> dict[str, Path]:
    """The files of the same name, by ending; GDAL needs .shx, and without .dbf no grid has a code."""
    found = {p.suffix.lower(): p for p in path.parent.glob("*") if p.stem == path.stem and p.suffix.lower() in PARTS}
    missing = [ending for ending in (".shx", ".dbf") if ending not in found]
    if missing:
        raise UnreadableLayer(
            f"缺少 {'、'.join(missing)} 文件。请把同名的 .shp、.shx、.dbf、.prj 一起打包成 zip 上传。"
        )
    return found


def _shape(
    wkb: bytes | None, shape: BaseGeometry | None, closed: BaseGeometry | None
) -> tuple[BaseGeometry | None, bool, str]:
    """(shape, whether an open ring was closed, fault) as a Row has them."""
    found = shape or closed
    if wkb is None or (found and found.is_empty):
        return None, False, "图形是空的。"
    if found is None:
        return None, False, "边界不完整：少于三个不同的点，或坐标里有 NaN。"
    if found.geom_type not in POLYGONS:
        return None, False, not_a_polygon(found.geom_type)
    corners = shapely.get_coordinates(found)
    if not np.isfinite(corners).all():
        return None, False, "坐标里有 NaN 或无穷大。"
    if shape is None and len(np.unique(corners, axis=0)) < 3:
        return None, False, "边界少于三个不同的点。"
    return found, shape is None, ""


# ---- text


def _declared_encoding(parts: dict[str, Path]) -> str | None:
    """What the .cpg or the head of the .dbf says. Latin-1 is what programs write who did not know: it says nothing."""
    if ".cpg" in parts:
        name = parts[".cpg"].read_text("ascii", "ignore").strip().lower().replace("-", "").replace("_", "")
        if name in _DECLARED:
            return _DECLARED[name]
    with parts[".dbf"].open("rb") as file:
        head = file.read(30)
    return _LANGUAGE_BYTE.get(head[29]) if len(head) == 30 else None


def _decoded(
    columns: list[np.ndarray], names: list[str], declared: str | None
) -> tuple[list[list[Any]], list[str], tuple[str, ...]]:
    """Columns and their names in the first encoding that fits all text: UTF-8, which other text hardly ever fits by
    chance, the declared one, GBK."""
    texts = [column.tolist() if column.dtype == object else None for column in columns]
    everything = [t for column in texts if column for t in column if isinstance(t, str) and not t.isascii()]
    everything = list({*everything, *(name for name in names if not name.isascii())})
    order = list(dict.fromkeys(["utf-8", declared or "gb18030", "gb18030"]))
    encoding = next((one for one in order if _fits(everything, one)), None)
    if encoding is None:
        raise UnreadableLayer("属性表（.dbf）里的文字既不是 UTF-8 也不是 GBK，读不出来。请另存为 UTF-8 后再导出。")
    notes: tuple[str, ...] = ()
    if everything and declared and encoding != declared:
        says, is_ = _ENCODING_NAMES[declared], _ENCODING_NAMES[encoding]
        notes = (f"文件说属性表的编码是 {says}，实际是 {is_}，已按 {is_} 读取。请核对名称有没有乱码。",)
    plain = {text: _decode(text, encoding) for text in everything}
    decoded = [
        [plain.get(t, t) for t in text] if text is not None else column.tolist()
        for text, column in zip(texts, columns, strict=True)
    ]
    return decoded, [_decode(name, encoding) for name in names], notes


def _fits(texts: list[str], encoding: str) -> bool:
    try:
        for text in texts:
            _decode(text, encoding)
    except UnicodeDecodeError:
        return False
    return True


def _decode(text: str, encoding: str) -> str:
    """A column holds 254 bytes and a column's name 10: a character that was cut off at the end is left out."""
    if text.isascii():
        return text
    return codecs.getincrementaldecoder(encoding)().decode(text.encode("latin-1"), final=False)
