"""Where a tip is and who answers for it: text and position weighed together, then the chain of receivers."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from grid.coordinates import Point
from grid.demonstration import FILE_NAME
from grid.duty import LEVELS, DutyTable
from grid.finding import NOWHERE, Basis, Candidate, Mention, Place
from grid.inspectors import Inspector, Roster, demonstration_inspectors, demonstration_offices
from grid.layer_store import active_version, load_index
from grid.places import Gazetteer
from grid.polygons import Grid, GridHit, GridIndex, NoGrids, OutsideCity
from grid.receivers import Receiver, ReceiverKind, receiver_for
from grid.roster_store import load_inspectors, roster_version, seed_demonstration
from store.local_time import local_day
from store.mongo import Store

MAX_OPEN = 20

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
    relation: str | None = None
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
    receiver_kind: ReceiverKind
    alarm: bool
    certain: bool
    explanation: str


@dataclass(frozen=True)
class Answer:
    """Which department leads and which are informed, by name; `why` is a clause for people."""

    type: str | None
    department: str
    department_code: str
    co_departments: tuple[str, ...]
    level: str
    legal_basis: tuple[str, ...]
    why: str


class Locator:
    """Everything about places for one city. Immutable except `reload`; safe to share."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        grid_index: GridIndex,
        inspectors: Sequence[Inspector],
        duty: DutyTable,
        max_open: int = MAX_OPEN,
    ) -> None:
        """An inspector with more than `max_open` open orders is passed over."""
        self.gazetteer = gazetteer
        self.grid_index = grid_index
        self.roster = Roster(inspectors)
        self.duty = duty
        self.max_open = max_open
        self._roster_version = 0

    @classmethod
    def for_demonstration(cls, city_dir: Path | str, max_open: int = MAX_OPEN) -> Locator:
        """Without a database: the bundled demonstration grids and invented inspectors."""
        city_dir = Path(city_dir)
        gazetteer = Gazetteer.load(city_dir)
        index = GridIndex(demonstration_grids(city_dir))
        duty = DutyTable.load(city_dir, gazetteer.city)
        return cls(gazetteer, index, invented_people(index), duty, max_open)

    async def reload(self, store: Store) -> None:
        """Take over a newly imported layer and changes of the roster."""
        index = await load_index(store)
        if index is not None:
            self.grid_index = index
        await self._take_over_roster(store, await roster_version(store))

    async def refresh_roster(self, store: Store) -> None:
        """Take over the roster if somebody changed it, in this process or another; one small read otherwise."""
        version = await roster_version(store)
        if version != self._roster_version:
            await self._take_over_roster(store, version)

    async def _take_over_roster(self, store: Store, version: int) -> None:
        # The version was read first: a change that comes in between is only read once more.
        self.roster = Roster(await load_inspectors(store))
        self._roster_version = version

    def locate(self, text: str | None = None, point: Point | None = None) -> Location:
        """Where a tip is. A point outside the city does not raise here: the tip is kept and the finding says so."""
        found = self._located(text, point)
        return replace(found, layer=self.grid_index.version) if found.grid else found

    def _located(self, text: str | None, point: Point | None) -> Location:
        place = self.gazetteer.locate(text) if text else NOWHERE
        location = self._weighed(place, point)
        return replace(location, relation=place.relation) if place.relation else location

    def _weighed(self, place: Place, point: Point | None) -> Location:
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

    def receiver(
        self,
        grid: str | None,
        district: str | None,
        street: str | None,
        at: datetime,
        loads: Mapping[str, int],
        declined: Collection[str] = (),
    ) -> Receiver:
        """Who can take a case at this place at the aware time `at`; `loads` as for `route`, `declined` sent it back."""
        return receiver_for(self.roster, grid, district, street, at, loads, self.max_open, declined)

    def route(
        self,
        location: Location,
        types: Sequence[str],
        text: str = "",
        *,
        received: date | None = None,
        at: datetime | None = None,
        loads: Mapping[str, int] | None = None,
    ) -> Route:
        """The lead department, those informed, and the first in the chain of receivers who can take the case.

        The duty table is the one of the day on which the tip was `received` (today); the receiver is looked for at
        the aware time `at` (now), knowing how many orders each inspector has open (`loads`, by id).
        """
        moment = at or datetime.now(UTC)
        day = received or local_day(moment)
        answer = self.answer(types, text, day, location.district, location.street)
        receiver = self.receiver(location.grid, location.district, location.street, moment, loads or {})
        where = f"{location.district or ''}{location.street or ''}" or "地点未定"
        doubt = "" if location.certain else "，地点待核对"
        passed = "".join(f"{words}，" for words in receiver.passed)
        return Route(
            type=answer.type,
            department=answer.department,
            department_code=answer.department_code,
            co_departments=answer.co_departments,
            level=answer.level,
            legal_basis=answer.legal_basis,
            inspector=receiver.inspector.id if receiver.inspector else None,
            inspector_name=receiver.inspector.name if receiver.inspector else None,
            receiver=receiver.label,
            receiver_kind=receiver.kind,
            alarm=receiver.kind == "unclaimed",
            certain=location.certain and answer.type is not None,
            explanation=f"{where}{doubt}；{answer.why}；{passed}派给{receiver.label}。",
        )

    def answer(
        self, types: Sequence[str], text: str, received: date, district: str | None, street: str | None
    ) -> Answer:
        """The departments that answer for these types at this place, by the table of the day of receipt."""
        duty = self.duty.duty_for(types, text, received, district)
        level = duty.level
        if level == "township" and not street:
            level = "district"
        if not district:
            level = "city"

        def name(code: str) -> str:
            return self.duty.name(code, district, street, level)

        department = name(duty.lead)
        return Answer(
            duty.type, department, duty.lead, tuple(dict.fromkeys(name(code) for code in duty.co)), level,
            duty.legal_basis, f"{duty.why}，建议由{department}（{LEVELS[level]}）承办",
        )  # fmt: skip

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


def invented_people(index: GridIndex) -> list[Inspector]:
    """Everybody of the demonstration: two inspectors a street, street offices, district desks."""
    return [*demonstration_inspectors(index), *demonstration_offices(index)]


async def open_locator(store: Store, city_dir: Path | str, max_open: int = MAX_OPEN) -> Locator:
    """The locator of the service: the active layer and the roster of the database.

    Without an imported layer the demonstration grids are used and, when there are no inspectors, invented ones are
    stored (marked `demonstration`), so that a first start shows the whole way of a tip.
    """
    locator = Locator.for_demonstration(city_dir, max_open)
    if await active_version(store) is None:
        await seed_demonstration(store, invented_people(locator.grid_index))
    await locator.reload(store)
    return locator
