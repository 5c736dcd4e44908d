"""What a version of the grids is made of: plain data that crosses from process to process and into the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import shapely

from grid.layer_report import LayerReport
from grid.polygons import Grid


@dataclass(frozen=True, slots=True)
class GridRow:
    """A grid as it is kept; `wkb` is its shape, WGS-84."""

    row: int
    code: str
    name: str
    district: str
    street: str | None
    approximate: bool
    wkb: bytes


@dataclass(frozen=True)
class LayerReading:
    """What a file is, ready to be kept."""

    report: LayerReport
    rows: list[GridRow]
    picture: str


def content_of(rows: list[GridRow]) -> str:
    """A fingerprint of the grids themselves, whatever file they came in and in whatever order."""
    digest = sha256()
    for row in sorted(rows, key=lambda one: one.code):
        for part in (row.code, row.name, row.district, row.street or "", str(row.approximate)):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(row.wkb)
    return digest.hexdigest()


def as_grids(rows: Sequence[GridRow]) -> list[Grid]:
    shapes = shapely.from_wkb([row.wkb for row in rows])
    return [
        Grid(row.code, row.name, row.district, row.street, shape, row.approximate)
        for row, shape in zip(rows, shapes, strict=True)
    ]
