"""A row of a customer's layer, whatever the file format: attributes and shape, or why the shape cannot be read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shapely.geometry.base import BaseGeometry

from grid.coordinates import SYSTEMS, System, known_system
from grid.layer_choices import GAUSS

MAX_BYTES = 200 * 1024 * 1024
MAX_FEATURES = 100_000
POLYGONS = ("Polygon", "MultiPolygon")


class UnreadableLayer(Exception):
    """The file as a whole cannot be used; the message is Chinese and says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file. Either `shape` is a polygon in the file's coordinates, or `fault` says why not.

    `closed`: an open ring was closed on reading.
    """

    number: int
    attributes: Mapping[str, Any] | None
    shape: BaseGeometry | None
    closed: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class LayerFile:
    """All rows. `reference` names the coordinates as the file does: the text of a .prj, "EPSG:4549", or "" for nothing."""

    rows: list[Row]
    reference: str = ""
    notes: tuple[str, ...] = ()


def checked_count(count: int) -> None:
    if not 1 <= count <= MAX_FEATURES:
        raise UnreadableLayer(f"文件里有 {count} 个图形，应为 1 到 {MAX_FEATURES} 个。")


def not_a_polygon(kind: str) -> str:
    return f"图形类型是 {kind[:20]}，网格必须是面（Polygon 或 MultiPolygon）。"


def as_text(value: Any) -> str:
    """An attribute as text: "" for nothing. A whole number in a column of decimals is a whole number."""
    if value is None or isinstance(value, (bool, dict, list)):
        return ""
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        if value.is_integer() and abs(value) < 2**63:
            return str(int(value))
    return str(value).strip()


def known_choice(name: str) -> str:
    """One of CHOICES; raises BadCoordinate for any other."""
    return GAUSS if name == GAUSS else known_system(name)


def system_of(choice: str) -> System:
    """The system of the degrees after projected metres were turned into degrees."""
    return choice if choice in SYSTEMS else "wgs84"  # type: ignore[return-value]
