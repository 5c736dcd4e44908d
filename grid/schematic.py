"""A drawing to tap on: where districts and streets lie to each other, without borders or tiles. Nothing from outside.

The names stand where the centres of the streets are, pushed apart until each is a target for a thumb. It shows
directions, not distances, and no border of anything: such a map needs no approval and cannot be mistaken for one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from grid.divisions import Divisions

WIDTH = 360  # units of the drawing, a phone's width
HEIGHT_OF_NAME = 36
_CHAR = 15
_PADDING = 14
_GAP = 6
_ROUNDS = 300


@dataclass
class Spot:
    """One name: its centre in the drawing and the size of its box."""

    name: str
    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Drawing:
    """Spots that do not overlap, and the height they need."""

    height: int
    spots: tuple[Spot, ...]


def districts(divisions: Divisions) -> Drawing:
    """The whole city: a district stands in the middle of its streets."""
    centres = {}
    for district in divisions.districts:
        points = [p for p in divisions.points if p.street.district == district]
        if points:
            centres[district] = (sum(p.lng for p in points) / len(points), sum(p.lat for p in points) / len(points))
    return _drawn(centres)


def streets(divisions: Divisions, district: str) -> Drawing:
    """One district: its streets; those without a known centre stand at the bottom."""
    known = {p.street: (p.lng, p.lat) for p in divisions.points if p.street.district == district}
    own = [street for street in divisions.streets if street.district == district]
    south = min((lat for _, lat in known.values()), default=0.0) - 0.02
    middle = sum(lng for lng, _ in known.values()) / len(known) if known else 0.0
    return _drawn({street.name: known.get(street, (middle, south)) for street in own})


def _drawn(centres: dict[str, tuple[float, float]]) -> Drawing:
    """As low as the names allow. The same input gives the same drawing."""
    area = sum((_width(name) + _GAP) * (HEIGHT_OF_NAME + _GAP) for name in centres)
    height = max(160, math.ceil(1.6 * area / WIDTH))
    while True:
        spots = _spread_out(centres, height)
        if _settled(spots, height):
            return Drawing(height, tuple(Spot(s.name, round(s.x, 1), round(s.y, 1), s.width) for s in spots))
        height = math.ceil(height * 1.15)


def _settled(spots: list[Spot], height: float) -> bool:
    return any(not _pushed(spots, height) for _ in range(_ROUNDS))


def _width(name: str) -> float:
    return len(name) * _CHAR + _PADDING


def _spread_out(centres: dict[str, tuple[float, float]], height: float) -> list[Spot]:
    """By rank from west to east and from north to south, so that what lies close together gets room and keeps its order."""
    across = _ranks({name: lng for name, (lng, _) in centres.items()})
    along = _ranks({name: -lat for name, (_, lat) in centres.items()})
    return [
        Spot(
            name,
            _between(across[name], _width(name) / 2, WIDTH - _width(name) / 2),
            _between(along[name], HEIGHT_OF_NAME / 2, height - HEIGHT_OF_NAME / 2),
            _width(name),
        )
        for name in centres
    ]


def _ranks(values: dict[str, float]) -> dict[str, float]:
    """0 for the lowest value to 1 for the highest."""
    order = sorted(values, key=lambda name: (values[name], name))
    return {name: rank / max(1, len(order) - 1) for rank, name in enumerate(order)}


def _between(share: float, first: float, last: float) -> float:
    return first + share * (last - first)


def _pushed(spots: list[Spot], height: float) -> bool:
    """One round of moving overlapping names apart, the shorter way; False when none overlapped."""
    moved = False
    for i, one in enumerate(spots):
        for other in spots[i + 1 :]:
            across = (one.width + other.width) / 2 + _GAP - abs(one.x - other.x)
            along = HEIGHT_OF_NAME + _GAP - abs(one.y - other.y)
            if across <= 0.01 or along <= 0.01:
                continue
            moved = True
            if along <= across:
                step = along / 2 if one.y <= other.y else -along / 2
                one.y, other.y = one.y - step, other.y + step
            else:
                step = across / 2 if one.x <= other.x else -across / 2
                one.x, other.x = one.x - step, other.x + step
    for spot in spots:
        spot.x = min(max(spot.x, spot.width / 2), WIDTH - spot.width / 2)
        spot.y = min(max(spot.y, HEIGHT_OF_NAME / 2), height - HEIGHT_OF_NAME / 2)
    return moved
