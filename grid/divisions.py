"""The official divisions of the city and the centres of its streets, read once at start."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

STREET_ENDINGS = ("街道", "镇", "乡")
PROTECTED_ISLAND = "省级自然保护区"


@dataclass(frozen=True, slots=True)
class Street:
    """A street office (街道), town (镇) or island that has its own ground."""

    district: str
    name: str

    @property
    def short(self) -> str:
        """流亭街道 → 流亭, 姜山镇 → 姜山, 惜福镇街道 → 惜福镇."""
        for ending in (*STREET_ENDINGS, PROTECTED_ISLAND):
            if self.name.endswith(ending):
                return self.name.removesuffix(ending)
        return self.name


@dataclass(frozen=True, slots=True)
class StreetPoint:
    """Centre (WGS-84) and area of a street; © OpenStreetMap contributors, ODbL."""

    code: str
    street: Street
    lng: float
    lat: float
    area_km2: float


@dataclass(frozen=True, slots=True)
class Village:
    """A present or former community or village; `street` is "" where its street of today is not known."""

    name: str
    short: str
    district: str
    street: str


@dataclass(frozen=True)
class Divisions:
    """Everything the city's CSV files say."""

    city: str
    districts: tuple[str, ...]
    streets: tuple[Street, ...]
    zones: tuple[Street, ...]
    points: tuple[StreetPoint, ...]
    villages: tuple[Village, ...]
    name_of_code: dict[str, str]

    @classmethod
    def load(cls, city_dir: Path) -> Divisions:
        """Read divisions.csv, street_points.csv and villages.csv of one city."""
        rows = _rows(city_dir / "divisions.csv")
        names = {row["code"]: row["name"] for row in rows}
        points = tuple(
            StreetPoint(
                row["code"],
                Street(row["district"], row["street"]),
                float(row["lng"]),
                float(row["lat"]),
                float(row["area_km2"]),
            )
            for row in _rows(city_dir / "street_points.csv")
        )
        official = [Street(names[row["parent_code"]], row["name"]) for row in rows if row["level"] == "street"]
        # An island with its own office is listed as a zone but has ground of its own, so it counts as a street.
        streets = tuple(dict.fromkeys([*official, *(p.street for p in points)]))
        zones = tuple(
            zone
            for row in rows
            if row["level"] == "zone" and (zone := Street(names[row["parent_code"]], row["name"])) not in streets
        )
        villages = tuple(
            Village(row["name"], row["short"], row["district"], row["street_2023"])
            for row in _rows(city_dir / "villages.csv")
        )
        return cls(
            city=next(row["name"] for row in rows if row["level"] == "city"),
            districts=tuple(row["name"] for row in rows if row["level"] == "district"),
            streets=streets,
            zones=zones,
            points=points,
            villages=villages,
            name_of_code=names,
        )

    @cached_property
    def street_set(self) -> frozenset[tuple[str, str]]:
        """(district, street) pairs that exist."""
        return frozenset((s.district, s.name) for s in self.streets)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
