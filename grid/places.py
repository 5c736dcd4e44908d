"""Reading a place out of Chinese text.

Rule of the house: never confidently wrong. `certain` is True only when the words state a street in full, or a district
and a street of it; everything concluded from roads, communities, landmarks or repaired spelling is a suggestion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grid.lexicon import Kind, Lexicon, Where
from grid.mentions import Found, Mention, find
from grid.phonetic import Phonetic
from grid.spelling import Plain, plain

Basis = Literal["stated", "inferred", "point", "none"]
MAX_MENTIONS = 50
MAX_CANDIDATES = 8

_WORD_OF_KIND = {
    Kind.DISTRICT: "区市", Kind.DISTRICT_SHORT: "区市", Kind.STREET: "镇街", Kind.STREET_SHORT: "镇街",
    Kind.FORMER_TOWN: "原乡镇", Kind.ZONE: "功能区", Kind.LANDMARK: "地标", Kind.VILLAGE: "村居", Kind.ROAD: "道路",
    Kind.CITY: "城市", Kind.OUTSIDE: "外地", Kind.OUTSIDE_SHORT: "外地",
}  # fmt: skip


@dataclass(slots=True, unsafe_hash=True)
class Candidate:
    """A place that is possible, and the words that speak for it."""

    district: str
    street: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    """What a text says about a place.

    `district`/`street` are filled when there is one answer; `certain` says whether it may be used without a person.
    `district_certain` is True when the district is stated beyond doubt although the street may be open.
    """

    district: str | None
    street: str | None
    certain: bool
    stated: tuple[Mention, ...]
    candidates: tuple[Candidate, ...]
    outside_city: str | None
    basis: Basis
    explanation: str
    district_certain: bool = False


NOWHERE = Place(None, None, False, (), (), None, "none", "没有说到能识别的地点，请补充区市和镇街、村居或路名门牌。")


class Gazetteer:
    """The names of one city; `locate` is safe to call from several threads."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._phonetic = Phonetic(lexicon)
        lexicon.automaton  # noqa: B018  built now, not on the first tip

    @classmethod
    def load(cls, city_dir: Path | str) -> Gazetteer:
        """Read the city's files; about a second."""
        return cls(Lexicon(Path(city_dir)))

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
        reading = Reading(found, spelled, self.lexicon)
        place = reading.place()
        if place.street is None and place.outside_city is None and self._worth_repairing(place, reading, spelled.text):
            taken = [(f.start, f.end) for f in found if f.kind in (Kind.DISTRICT, Kind.STREET, Kind.FORMER_TOWN)]
            repaired = self._phonetic.repair(spelled.text, place.district, taken)
            if repaired:
                return _repaired_place(place, repaired, spelled)
        return place

    @staticmethod
    def _worth_repairing(place: Place, reading: Reading, text: str) -> bool:
        """Only when nothing was found, or a street is spoken of (…街道, …镇) that is not known."""
        if place.district is None:
            return not (reading.districts or reading.short_districts or reading.streets)
        return not reading.streets and not reading.towns and ("街道" in text or "镇" in text or "办事处" in text)


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


class Reading:
    """One text's names weighed against each other. Short-lived; holds no rule that is not written below."""

    def __init__(self, found: list[Found], spelled: Plain, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.spelled = spelled
        live = [f for f in found if not f.aside]
        # “家住市南区，厂子在胶州” drops 市南区, but a text with nothing else keeps it.
        self.hedged = len(live) != len(found)
        if not any(f.kind in _PLACES for f in live):
            live, self.hedged = found, bool(found) and self.hedged
        self.found = live
        kinds: list[list[Found]] = [[] for _ in _ALL_KINDS]
        for item in live:
            kinds[item.kind].append(item)
        self.districts = kinds[Kind.DISTRICT]
        self.short_districts = kinds[Kind.DISTRICT_SHORT]
        self.streets = kinds[Kind.STREET]
        self.short_streets = kinds[Kind.STREET_SHORT]
        self.towns = kinds[Kind.FORMER_TOWN]
        self.zones = kinds[Kind.ZONE]
        self.outside = kinds[Kind.OUTSIDE]
        self.outside_short = [f for f in kinds[Kind.OUTSIDE_SHORT] if f.sense.sure]
        self.city = kinds[Kind.CITY]
        if self.short_streets:
            # 城阳 and 黄岛 are districts first; only behind their own district can they mean the street of that name.
            whole = _districts_of(self.districts)
            taken = {d.start for d in self.short_districts}
            self.short_streets = [f for f in self.short_streets if f.places[0][0] in whole or f.start not in taken]

    def place(self) -> Place:
        """Weigh the names from the most telling kind to the least."""
        if not self.found:
            return NOWHERE
        inside = self.districts or self.city or self.short_districts
        if self.outside and not inside:
            return self._elsewhere(self.outside[0])
        if self.outside_short and not inside and not self.streets and not self.towns:
            if not self._firm_inside():
                return self._elsewhere(self.outside_short[0])
        if self.outside:
            self.hedged = True
        districts = _districts_of(self.districts)
        if not districts:
            districts = _districts_of(self.short_districts)
        elif _districts_of(self.short_districts) - districts:
            self.hedged = True
        if len(districts) > 1:
            return self._several(districts)
        if districts:
            return self._in_district(next(iter(districts)))
        return self._without_district()

    def _firm_inside(self) -> bool:
        """True when the text names something of ours that the outside name does not belong to (上海万象城 does)."""
        out_ends = {f.end + gap for f in self.outside_short for gap in range(3)}
        return any(f.sense.sure for f in self.short_streets) or any(
            f.kind in (Kind.LANDMARK, Kind.ZONE) and f.start not in out_ends for f in self.found
        )

    def _elsewhere(self, item: Found) -> Place:
        name, city = item.sense.name, self.lexicon.city
        return Place(
            None, None, False, self._mentions(), (), name, "none",
            f"“{item.name}”不在{city}。如果事情发生在{city}，请说明区市和镇街；如果在外地，请向当地12350反映。",
        )  # fmt: skip

    def _several(self, districts: set[str]) -> Place:
        pairs = [f for f in self.streets if f.places[0][0] in districts]
        paired = _districts_of(pairs)
        others = [f for f in (*self.districts, *self.short_districts) if f.places[0][0] not in paired]
        names = "、".join(sorted(districts))
        return self._open(None, [*pairs, *others], f"文中说到多个区市（{names}），请确认是哪一处。")

    def _in_district(self, district: str) -> Place:
        stated = {f.places[0] for f in self.streets}
        inside = {w for w in stated if w[0] == district}
        sure = all(f.sense.sure for f in self.districts if f.places[0][0] == district) and not self.hedged
        if stated and not inside:
            names = "、".join(f"{d}{s}" for d, s in sorted(stated))  # type: ignore[type-var]
            own = [f for f in (*self.districts, *self.short_districts) if f.places[0][0] == district]
            return self._open(None, [*self.streets, *own], f"文中写的是{district}，但{names}不在{district}，请核对。")
        if stated - inside:
            return self._open(None, self.streets, "文中说到不同区市的镇街，请确认是哪一处。")
        if len(inside) > 1:
            return self._open(district, self.streets, f"{district}内说到多个镇街，请确认是哪一处。", sure)
        if inside:
            return self._stated(district, next(iter(inside))[1], sure)
        return self._short_street(district, sure) or self._infer(district, sure)

    def _stated(self, district: str, street: str | None, sure: bool) -> Place:
        words = self._words(district, _STATING)
        note = "" if sure else "，但文中还说到别处，请核对"
        return Place(
            district, street, sure, self._mentions(), (Candidate(district, street, words),), self._other_city(),
            "stated", f"文中写明“{words}”，属于{district}{street}{note}。", sure,
        )  # fmt: skip

    def _short_street(self, district: str, sure: bool) -> Place | None:
        """城阳区流亭: a short name after its district. Certain only when it stands right behind it and ends there."""
        here = [f for f in self.short_streets if f.places[0][0] == district]
        names = {f.places[0][1] for f in here}
        if len(names) != 1:
            return self._open(district, here, f"{district}内说到多个镇街，请确认是哪一处。", sure) if names else None
        street = next(iter(names))
        ends = {f.end for f in (*self.districts, *self.short_districts)}
        exact = any(
            f.closed and f.sense.sure and f.name not in self.lexicon.wide_names and f.start in ends for f in here
        )
        if exact and sure:
            return self._stated(district, street, True)
        # 城阳区流亭机场, 平度市南村路口: near the street of that name, or only named after it.
        rivals = [
            f
            for f in self.found
            if f.kind is Kind.VILLAGE and any(w[0] == district and w[1] not in (None, street) for w in f.places)
        ]
        if rivals:
            return None
        return self._inferred(district, street, here, sure)

    def _without_district(self) -> Place:
        stated = {f.places[0] for f in self.streets}
        if len(stated) == 1:
            district, street = next(iter(stated))
            return self._stated(district, street, not self.hedged)
        if stated:
            districts = {d for d, _ in stated}
            only = next(iter(districts)) if len(districts) == 1 else None
            return self._open(only, self.streets, "文中说到多个镇街，请确认是哪一处。", bool(only) and not self.hedged)
        if len(_districts_of(self.towns)) == 1:
            return self._infer(self.towns[0].places[0][0], False)
        city_ends = {c.end for c in self.city}
        sure_shorts = [f for f in self.short_streets if f.sense.sure or f.start in city_ends]
        wheres = {f.places[0] for f in sure_shorts}
        if len(wheres) == 1:
            district, street = next(iter(wheres))
            return self._inferred(district, street, sure_shorts, False)
        if wheres:
            return self._open(None, sure_shorts, "文中说到多个镇街的简称，请确认是哪一处。")
        zones = _districts_of(self.zones)
        if len(zones) == 1:
            district = next(iter(zones))
            return self._short_street(district, False) or self._infer(district, False)
        return self._infer(None, False)

    def _infer(self, district: str | None, sure: bool) -> Place:
        """From former towns, villages, landmarks and roads: only what all of them agree on is filled in."""
        weak = [f for f in self.found if f.kind in _INFERRING]
        supporting = [f for f in weak if district is None or any(w[0] == district for w in f.places)]
        firm = [f for f in supporting if f.kind is not Kind.ROAD or f.sense.sure]
        if district is None:
            shared = _agreement({w[0] for w in f.places} for f in firm) if firm else set()
            if len(shared) != 1:
                if not supporting:
                    return self._nothing()
                return self._open(None, supporting, "只说到路名、村名或标志物，还不能确定是哪个区市，请确认是哪一处。")
            district = next(iter(shared))
        named = [f for f in firm if f.kind is not Kind.ROAD]
        streets = _agreement(found for f in named if (found := {s for d, s in f.places if d == district and s}))
        if len(streets) == 1:
            return self._inferred(district, next(iter(streets)), named, sure)
        if supporting and not sure:
            return self._inferred(district, None, supporting, sure)
        return self._open(district, supporting, f"文中写明{district}，但没有写明镇街，请补充镇街、村居或标志物。", sure)

    def _nothing(self) -> Place:
        if self.outside_short and not self.city:
            return self._elsewhere(self.outside_short[0])
        weak = [f for f in self.found if f.kind is Kind.STREET_SHORT]
        if not self.city and not weak:
            return NOWHERE
        return self._open(
            None,
            weak,
            f"只说到{self.lexicon.city}，没有说到区市，请补充区市和镇街。" if self.city else NOWHERE.explanation,
        )

    def _inferred(self, district: str, street: str | None, items: list[Found], sure: bool) -> Place:
        words = "、".join(dict.fromkeys(f.name for f in items[:4])) or self._words(district, _PLACES)
        target = f"{district}{street}" if street else district
        end = "请核对" if street else "镇街还不能确定，请补充"
        candidates = self._candidates(items, district)
        return Place(
            district, street, False, self._mentions(), candidates or (Candidate(district, street, words),),
            self._other_city(), "stated" if sure and not street else "inferred",
            f"根据“{words}”推断在{target}，{end}。", sure,
        )  # fmt: skip

    def _open(self, district: str | None, items: list[Found], why: str, sure: bool = False) -> Place:
        return Place(
            district, None, False, self._mentions(), self._candidates(items, district), self._other_city(),
            "stated" if district else "none", why, sure and district is not None,
        )  # fmt: skip

    def _candidates(self, items: Iterable[Found], district: str | None) -> tuple[Candidate, ...]:
        seen: dict[Where, str] = {}
        for item in items:
            for where in item.places:
                if (district is None or where[0] == district) and where not in seen:
                    seen[where] = item.name
                    if len(seen) >= MAX_CANDIDATES:
                        break
        return tuple(Candidate(d, s, words) for (d, s), words in seen.items())

    def _words(self, district: str, kinds: Iterable[Kind]) -> str:
        return "、".join(
            dict.fromkeys([f.name for f in self.found if f.kind in kinds and f.sense.district == district])
        )

    def _other_city(self) -> str | None:
        return self.outside[0].sense.name if self.outside else None

    def _mentions(self) -> tuple[Mention, ...]:
        span = self.spelled.span
        return tuple([
            Mention(f.name, *span(f.start, f.end), _WORD_OF_KIND[f.kind], f.sense.district, f.sense.street)
            for f in self.found[:MAX_MENTIONS]
        ])  # fmt: skip


_STATING = (Kind.DISTRICT, Kind.DISTRICT_SHORT, Kind.STREET, Kind.STREET_SHORT)
_ALL_KINDS = range(max(Kind) + 1)
_INFERRING = (Kind.FORMER_TOWN, Kind.VILLAGE, Kind.LANDMARK, Kind.ROAD)
_PLACES = frozenset(
    {Kind.DISTRICT, Kind.DISTRICT_SHORT, Kind.STREET, Kind.STREET_SHORT, Kind.OUTSIDE, Kind.ZONE, *_INFERRING}
)


def _agreement(sets: Iterable[set[str]]) -> set[str]:
    """What all the sets share; empty when they contradict each other or there are none."""
    shared: set[str] | None = None
    for values in sets:
        shared = set(values) if shared is None else shared & values
    return shared or set()


def _districts_of(items: Iterable[Found]) -> set[str]:
    return {w[0] for f in items for w in f.places}
