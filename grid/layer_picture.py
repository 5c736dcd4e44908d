"""The picture of a checked layer: grids, and on them what the report speaks of. SVG, so that the reader's own Chinese
fonts write the legend, and small parts can be looked at closely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grid.layer_checks import CheckedGrid
from grid.layer_report import SHOWN_OF_A_KIND
from grid.layer_topology import Findings

WIDTH, LEGEND = 1_200, 44
MAX_HEIGHT = 1_600
_MARGIN = 16
_FINENESS = (0.3, 1.0, 3.0)  # drawn corners are so many units apart; coarser when the picture would be too large
_MAX_CHARACTERS = 5_000_000
_GRID, _REPAIRED, _OVERLAP, _GAP = "#e9eef2", "#1f6fd0", "#d1242f", "#e8830c"
_RING = 12


def draw(checked: Sequence[CheckedGrid], findings: Findings, title: str) -> str:
    """The SVG document; "" for a layer without any grid, or of too many corners to be drawn."""
    for fineness in _FINENESS if checked else ():
        drawing = _drawing(checked, findings, title, fineness)
        if len(drawing) < _MAX_CHARACTERS:
            return drawing
    return ""


def _drawing(checked: Sequence[CheckedGrid], findings: Findings, title: str, fineness: float) -> str:
    shapes = [one.shape for one in checked]
    paper = _Paper(shapely.total_bounds(np.array(shapes, dtype=object)), fineness)
    plain = [one.shape for one in checked if not one.repaired]
    repaired = [one.shape for one in checked if one.repaired]
    overlaps, gaps = findings.overlaps, findings.gaps
    legend = [(_GRID, "#5b6b78", f"网格 {len(shapes)}")]
    legend += [
        (colour, colour, f"{words} {len(found)}")
        for colour, words, found in (
            (_OVERLAP, "重叠", overlaps),
            (_GAP, "缝隙", gaps),
            (_REPAIRED, "已修复", repaired),
        )
    ]
    layers = [
        _path(paper.drawn(plain), _GRID, "#5b6b78", 0.5),
        _path(paper.drawn(repaired), "#cfe2fb", _REPAIRED, 1.2),
        _path(paper.drawn(gaps), _GAP, _GAP, 1.0),
        _path(paper.drawn(overlaps), _OVERLAP, _OVERLAP, 1.0),
        # The first of them are the largest, which the report lists.
        *_marks(paper.points(gaps[:SHOWN_OF_A_KIND]), _GAP, numbered=True),
        *_marks(paper.points(overlaps[:SHOWN_OF_A_KIND]), _OVERLAP, numbered=True),
        *_marks(paper.points(repaired[:SHOWN_OF_A_KIND]), _REPAIRED, numbered=False),
    ]
    total = round(paper.height + LEGEND)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" height="{total}" '
        f'font-family="sans-serif" font-size="20"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{total}" fill="#fff"/>{_legend(legend)}{"".join(layers)}</svg>'
    )


class _Paper:
    """Where degrees lie in the drawing, north up; `height` is that of the drawing below the legend."""

    def __init__(self, bounds: np.ndarray, fineness: float) -> None:
        self._fineness = fineness
        self._west, south, east, self._north = bounds
        self._narrow = float(np.cos(np.radians((south + self._north) / 2)))
        wide, high = max((east - self._west) * self._narrow, 1e-9), max(self._north - south, 1e-9)
        self._scale = min((WIDTH - 2 * _MARGIN) / wide, (MAX_HEIGHT - 2 * _MARGIN) / high)
        self._left = (WIDTH - wide * self._scale) / 2
        self.height = high * self._scale + 2 * _MARGIN

    def _place(self, xy: np.ndarray) -> np.ndarray:
        x = self._left + (xy[:, 0] - self._west) * self._narrow * self._scale
        y = LEGEND + _MARGIN + (self._north - xy[:, 1]) * self._scale
        return np.column_stack([x, y])

    def drawn(self, shapes: Sequence[BaseGeometry]) -> np.ndarray:
        array = shapely.transform(np.array(shapes, dtype=object), self._place) if len(shapes) else np.array([])
        return shapely.simplify(array, self._fineness, preserve_topology=False)

    def points(self, shapes: Sequence[BaseGeometry]) -> list[tuple[float, float]]:
        """A point within each shape."""
        inside = shapely.point_on_surface(np.array(shapes, dtype=object))
        return [(x, y) for x, y in self._place(shapely.get_coordinates(inside)).tolist()]


def _path(shapes: np.ndarray, fill: str, line: str, width: float) -> str:
    """All shapes as one path: smaller and drawn faster than one element each."""
    parts = shapely.get_parts(shapes)
    rings = shapely.get_rings(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
    corners, of_ring = shapely.get_coordinates(rings, return_index=True)
    words = [f"{x:g},{y:g}" for x, y in np.round(corners, 1).tolist()]
    starts = np.searchsorted(of_ring, np.arange(len(rings) + 1)).tolist()
    lines = [" ".join(words[start : end - 1]) for start, end in pairwise(starts)]
    if not lines:
        return ""
    return f'<path d="M{"ZM".join(lines)}Z" fill="{fill}" fill-rule="evenodd" stroke="{line}" stroke-width="{width}"/>'


def _marks(points: Sequence[tuple[float, float]], colour: str, *, numbered: bool) -> Iterator[str]:
    """A ring round each, because most are too small to be seen; the number is that of the line in the report."""
    for number, (x, y) in enumerate(points, start=1):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RING}" fill="none" stroke="{colour}" stroke-width="3"/>'
        if numbered:
            at = f'x="{x + _RING + 3:.1f}" y="{y + 7:.1f}"'
            yield f'<text {at} fill="{colour}" font-weight="bold">{number}</text>'


def _legend(rows: Sequence[tuple[str, str, str]]) -> str:
    parts = []
    for at, (fill, line, words) in enumerate(rows):
        x = _MARGIN + at * 240
        parts.append(f'<rect x="{x}" y="14" width="22" height="22" fill="{fill}" stroke="{line}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 32}" y="32">{words}</text>')
    return "".join(parts)
