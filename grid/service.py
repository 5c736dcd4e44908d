"""Where a tip is and who answers for it: text and position weighed together, then the chain of receivers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from grid.coordinates import Point
from grid.demonstration import FILE_NAME
from grid.duty import LEVELS, DutyTable, street_office
from grid.inspectors import Inspector, Roster, demonstration_inspectors, load_inspectors, seed_demonstration
from grid.layer_store import active_version, load_index
from grid.mentions import Mention
from grid.places import NOWHERE, Basis, Candidate, Gazetteer, Place
from grid.polygons import Grid, GridHit, GridIndex, NoGrids, OutsideCity
from store.mongo import Store

Receiver = Literal["inspector", "deputy", "street_inspector", "street_office", "district_desk", "unclaimed"]

# A position may differ from the stated street by this much and still agree: receivers err, demonstration grids more.
AGREE_M = 300.0
AGREE_APPROXIMATE_M = 2_000.0


@dataclass(frozen=True)
class Location:
    """A place as it is kept in a case. `point` is WGS-84 with the system it came in.

    `layer` is the version of the grids that `grid` is from, None for the demonstration grids: codes change their meaning.
    """

    district: str | None
    street: str | None
    grid: str | None
    grid_name: str | None
    certain: bool
    basis: Basis
    explanation: str
    point: dict[str, Any] | None = None
    candidates: tuple[Candidate, ...] = ()
    stated: tuple[Mention, ...] = ()
    outside_city: str | None = None
    outside: bool = False
    conflict_m: float | None = None
    conflict: str | None = None
    approximate: bool = False
    district_certain: bool = False
    layer: str | None = None


@dataclass(frozen=True)
class Route:
    """Who gets a case. `inspector` is an id, None when no person could be found; `alarm` asks for a person now."""

    type: str | None
    department: str
    department_code: str
    co_departments: tuple[str, ...]
    level: str
    legal_basis: tuple[str, ...]
    inspector: str | None
    inspector_name: str | None
    receiver: str
    receiver_kind: Receiver
    alarm: bool
    certain: bool
    explanation: str


class Locator:
    """Everything about places for one city. Immutable except `reload`; safe to share."""

    def __init__(
        self, gazetteer: Gazetteer, grid_index: GridIndex, inspectors: Sequence[Inspector], duty: DutyTable
    ) -> None:
        self.gazetteer = gazetteer
        self.grid_index = grid_index
        self.roster = Roster(inspectors)
        self.duty = duty

    @classmethod
    def for_demonstration(cls, city_dir: Path | str) -> Locator:
        """Without a database: the bundled demonstration grids and invented inspectors."""
        city_dir = Path(city_dir)
        gazetteer = Gazetteer.load(city_dir)
        index = GridIndex(demonstration_grids(city_dir))
        duty = DutyTable.load(city_dir, gazetteer.city)
        return cls(gazetteer, index, demonstration_inspectors(index), duty)

    async def reload(self, store: Store) -> None:
        """Take over a newly imported layer and changes of the roster."""
        index = await load_index(store)
        if index is not None:
            self.grid_index = index
        self.roster = Roster(await load_inspectors(store))

    def locate(self, text: str | None = None, point: Point | None = None) -> Location:
        """Where a tip is. A point outside the city does not raise here: the tip is kept and the finding says so."""
        found = self._located(text, point)
        return replace(found, layer=self.grid_index.version) if found.grid else found

    def _located(self, text: str | None, point: Point | None) -> Location:
        place = self.gazetteer.locate(text) if text else NOWHERE
        if point is None:
            return self._from_text(place)
        kept = _kept(point)
        try:
            hit = self.grid_index.find(kept["lng"], kept["lat"])
        except OutsideCity as refusal:
            return self._from_text(place, kept, outside=refusal.message)
        except NoGrids as refusal:
            return self._from_text(place, kept, note=refusal.message)
        return self._together(place, kept, hit)

    def require_inside(self, point: Point) -> GridHit:
        """For forms that want to refuse at once; raises OutsideCity."""
        kept = _kept(point)
        return self.grid_index.find(kept["lng"], kept["lat"])

    def route(self, location: Location, types: Sequence[str], text: str = "") -> Route:
        """The lead department, those informed, and the first in the chain of receivers who can take the case."""
        duty = self.duty.duty_for(types, text)
        level = duty.level
        if level == "township" and not location.street:
            level = "district"
        if not location.district:
            level = "city"

        def name(code: str) -> str:
            return self.duty.name(code, location.district, location.street, level)

        kind, receiver, inspector = self._receiver(location)
        department = name(duty.lead)
        where = f"{location.district or ''}{location.street or ''}" or "地点未定"
        doubt = "" if location.certain else "，地点待核对"
        return Route(
            type=duty.type,
            department=department,
            department_code=duty.lead,
            co_departments=tuple(dict.fromkeys(name(code) for code in duty.co)),
            level=level,
            legal_basis=duty.legal_basis,
            inspector=inspector.id if inspector else None,
            inspector_name=inspector.name if inspector else None,
            receiver=receiver,
            receiver_kind=kind,
            alarm=kind == "unclaimed",
            certain=location.certain and duty.type is not None,
            explanation=f"{where}{doubt}；{duty.why}，建议由{department}（{LEVELS[level]}）承办，派给{receiver}。",
        )

    def _receiver(self, location: Location) -> tuple[Receiver, str, Inspector | None]:
        """Inspector → deputy → another inspector of the street → street office → district desk → unclaimed queue."""
        owner = self.roster.of_grid(location.grid)
        if owner and owner.on_duty:
            return "inspector", f"网格员{owner.name}", owner
        deputy = self.roster.get(owner.deputy) if owner else None
        if deputy and deputy.on_duty:
            return "deputy", f"代班网格员{deputy.name}", deputy
        if location.district and location.street:
            for other in self.roster.of_street(location.district, location.street):
                if other.on_duty:
                    return "street_inspector", f"{location.street}网格员{other.name}", other
            return "street_office", street_office(location.street), None
        if location.district:
            return "district_desk", f"{location.district}分派席", None
        return "unclaimed", "无人认领队列（市值班席）", None

    def _from_text(
        self, place: Place, kept: dict[str, Any] | None = None, *, outside: str = "", note: str = ""
    ) -> Location:
        grid = self._only_grid(place.district, place.street)
        return Location(
            district=place.district,
            street=place.street,
            grid=grid.code if grid else None,
            grid_name=grid.name if grid else None,
            certain=place.certain and not outside,
            basis=place.basis,
            explanation=" ".join(part for part in (place.explanation, outside, note) if part),
            point=kept,
            candidates=place.candidates,
            stated=place.stated,
            outside_city=place.outside_city,
            outside=bool(outside),
            conflict=outside or None,
            approximate=bool(grid and grid.approximate),
            district_certain=place.district_certain,
        )

    def _together(self, place: Place, kept: dict[str, Any], hit: GridHit) -> Location:
        lng, lat = kept["lng"], kept["lat"]
        if place.basis == "stated" and place.district:
            distance = self.grid_index.distance_to_street(lng, lat, place.district, place.street)
            tolerance = AGREE_APPROXIMATE_M if hit.approximate else AGREE_M
            if distance is not None and distance > tolerance:
                return self._disagreeing(place, kept, hit, distance)
            if place.street:
                grid = self.grid_index.nearest_in_street(lng, lat, place.district, place.street)
                return self._at(place, kept, grid, place.district, place.street, place.certain, "stated", hit)
            if hit.district == place.district:
                grid = self.grid_index.get(hit.grid_id)
                return self._at(
                    place, kept, grid, hit.district, hit.street, hit.certain and place.district_certain, "point", hit
                )
        if place.district and place.district != hit.district:
            distance = self.grid_index.distance_to_street(lng, lat, place.district, place.street)
            return self._disagreeing(place, kept, hit, distance or 0.0)
        grid = self.grid_index.get(hit.grid_id)
        certain = hit.certain and place.outside_city is None
        return self._at(place, kept, grid, hit.district, hit.street, certain, "point", hit)

    def _at(
        self, place: Place, kept: dict[str, Any], grid: Grid | None, district: str, street: str | None,
        certain: bool, basis: Basis, hit: GridHit,
    ) -> Location:  # fmt: skip
        parts = [place.explanation] if place is not NOWHERE else []
        if grid:
            parts.append(f"位置落在{grid.district}{grid.street or ''}“{grid.name}”。")
        if hit.distance_m:
            parts.append(f"位置不在任何网格内，取最近的网格（约 {hit.distance_m:.0f} 米），请核对。")
        elif hit.rivals:
            parts.append("位置在网格边界上，请核对。")
        if hit.approximate:
            parts.append("网格为演示用的近似网格，不是正式边界。")
        candidates = place.candidates or ((Candidate(district, street, "位置"),) if not certain else ())
        return Location(
            district, street, grid.code if grid else None, grid.name if grid else None, certain, basis,
            "".join(parts), kept, candidates, place.stated, place.outside_city, False, None, None,
            hit.approximate, place.district_certain,
        )  # fmt: skip

    def _disagreeing(self, place: Place, kept: dict[str, Any], hit: GridHit, distance: float) -> Location:
        """Text and position disagree: the words are kept, nothing is certain, a person decides."""
        assert place.district
        conflict = (
            f"文字说的是{place.district}{place.street or ''}，位置却在{hit.district}{hit.street or ''}，"
            f"相距约 {distance / 1000:.1f} 公里，请核对。"
        )
        candidates = (*place.candidates, Candidate(hit.district, hit.street, "位置"))
        return Location(
            place.district, place.street, None, None, False, place.basis, place.explanation + conflict, kept,
            tuple(dict.fromkeys(candidates)), place.stated, place.outside_city, False, round(distance, 1), conflict,
            hit.approximate, False,
        )  # fmt: skip

    def _only_grid(self, district: str | None, street: str | None) -> Grid | None:
        """The grid of a street that has only one; with several, words alone cannot tell."""
        if not district or not street:
            return None
        grids = self.grid_index.of_street(district, street)
        return grids[0] if len(grids) == 1 else None


def _kept(point: Point) -> dict[str, Any]:
    wgs = point.to("wgs84")
    return {"lng": round(wgs.lng, 7), "lat": round(wgs.lat, 7), "system": "wgs84", "source_system": point.system}


def demonstration_grids(city_dir: Path | str) -> list[dict[str, Any]]:
    """Features of the bundled demonstration grids."""
    features: list[dict[str, Any]] = json.loads((Path(city_dir) / FILE_NAME).read_text(encoding="utf-8"))["features"]
    return features


async def open_locator(store: Store, city_dir: Path | str) -> Locator:
    """The locator of the service: the active layer and the roster of the database.

    Without an imported layer the demonstration grids are used and, when there are no inspectors, invented ones are
    stored (marked `demonstration`), so that a first start shows the whole way of a tip.
    """
    locator = Locator.for_demonstration(city_dir)
    if await active_version(store) is None:
        await seed_demonstration(store, demonstration_inspectors(locator.grid_index))
    await locator.reload(store)
    return locator
