"""Reading a place out of Chinese text: spelling, names, weighing, and repair of what was misspelt."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from grid.asides import set_aside
from grid.finding import MAX_CANDIDATES, MAX_MENTIONS, NOWHERE, Candidate, Mention, Place
from grid.lexicon import Kind, Lexicon, Where
from grid.mentions import Found, find
from grid.phonetic import Phonetic
from grid.reading import Reading, said_in_full
from grid.relations import relation_in
from grid.spelling import Plain, plain


class Gazetteer:
    """The names of one city; `locate` is safe to call from several threads."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._phonetic = Phonetic(lexicon)
        # A quarter of the way from a street's centre to its border, in metres: a spot told to lie farther off may be outside.
        self._reach: dict[tuple[str | None, str | None], float] = {
            (p.street.district, p.street.name): 250 * math.sqrt(p.area_km2 / math.pi) for p in lexicon.divisions.points
        }

    @classmethod
    def load(cls, city_dir: Path | str) -> Gazetteer:
        """Read the city's files; about a second."""
        return cls(Lexicon(Path(city_dir)))

    def with_aliases(self, aliases: Iterable[tuple[str, Where]]) -> Gazetteer:
        """The same city with these names beside those of the files; about a second."""
        return Gazetteer(self.lexicon.with_aliases(aliases))

    @property
    def city(self) -> str:
        return self.lexicon.city

    @property
    def districts(self) -> tuple[str, ...]:
        return self.lexicon.divisions.districts

    def streets(self, district: str) -> tuple[str, ...]:
        """Names of the streets and towns of a district, in official order."""
        return tuple(s.name for s in self.lexicon.divisions.streets if s.district == district)

    def locate(self, text: str) -> Place:
        """The place a text speaks of; any text is accepted, linear in its length."""
        spelled = plain(text)
        found = find(self.lexicon, spelled.text)
        asides = set_aside(found, spelled.text)
        if found and not asides and (place := said_in_full(found, spelled)):
            return self._related(place, found, text, spelled)
        reading = Reading(found, spelled, self.lexicon, asides=asides)
        place = reading.place()
        if place.street is None and place.outside_city is None and self._worth_repairing(place, reading, spelled.text):
            taken = [(f.start, f.end) for f in found if f.kind in (Kind.DISTRICT, Kind.STREET, Kind.FORMER_TOWN)]
            repaired = self._phonetic.repair(spelled.text, place.district, taken)
            if repaired:
                place = _repaired_place(place, repaired, spelled)
        return place if place is NOWHERE else self._related(place, reading.found, text, spelled)

    @staticmethod
    def _worth_repairing(place: Place, reading: Reading, text: str) -> bool:
        """Only when nothing was found, or a street is spoken of (…街道, …镇) that is not known."""
        if place.district is None:
            return not (reading.districts or reading.short_districts or reading.streets)
        return not reading.streets and not reading.towns and ("街道" in text or "镇" in text or "办事处" in text)

    def _related(self, place: Place, found: list[Found], text: str, spelled: Plain) -> Place:
        """Keep the words that say where the spot lies; far from what is named, its street may be another."""
        relation = relation_in(spelled.text, found)
        if relation is None:
            return place
        start, end = spelled.span(relation.start, relation.end)
        place.relation = text[start:end]
        place.explanation += f"具体在“{place.relation}”。"
        if place.certain and (
            relation.border or relation.metres >= self._reach.get((place.district, place.street), 0.0)
        ):
            place.certain = False
            place.explanation += "可能已不在这个镇街，请核对。"
        return place


def _repaired_place(place: Place, repaired: list[tuple[int, int, str, Where]], spelled: Plain) -> Place:
    mentions = tuple(
        Mention(spelled.text[start:end], *spelled.span(start, end), "谐音或错字", where[0], where[1])
        for start, end, _, where in repaired
    )
    wheres = list(dict.fromkeys(where for *_, where in repaired))
    districts = {d for d, _ in wheres} | ({place.district} if place.district else set())
    streets = {(d, s) for d, s in wheres if s}
    candidates = tuple(Candidate(w[0], w[1], name) for _, _, name, w in repaired)[:MAX_CANDIDATES]
    said = "、".join(f"“{spelled.text[s:e]}”可能是“{name}”" for s, e, name, _ in repaired[:3])
    district = next(iter(districts)) if len(districts) == 1 else None
    street = next(iter(streets))[1] if district and len(streets) == 1 else None
    return Place(
        district, street, False, (*place.stated, *mentions)[:MAX_MENTIONS], candidates, None, "inferred",
        f"没有找到完全一致的地名，{said}，请核对。", place.district_certain and len(districts) == 1,
    )  # fmt: skip
