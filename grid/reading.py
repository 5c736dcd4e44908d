"""The names of one text weighed against each other, from the most telling kind to the least.

Rule of the house: never confidently wrong. `certain` is True only when the words state a street in full, or a district
and a street of it; everything concluded from roads, communities, landmarks or repaired spelling is a suggestion.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Set

from grid.finding import MAX_CANDIDATES, MAX_MENTIONS, NOWHERE, Candidate, Mention, Place
from grid.lexicon import Kind, Where
from grid.mentions import Aside, Found, closed, said_as_there, told_as_place
from grid.naming import INFERRING, PLACES, Names, districts_of
from grid.spelling import Plain

_WORD_OF_KIND = {
    Kind.DISTRICT: "区市", Kind.DISTRICT_SHORT: "区市", Kind.STREET: "镇街", Kind.STREET_SHORT: "镇街",
    Kind.FORMER_TOWN: "原乡镇", Kind.ZONE: "功能区", Kind.LANDMARK: "地标", Kind.VILLAGE: "村居", Kind.ROAD: "道路",
    Kind.CITY: "城市", Kind.OUTSIDE: "外地", Kind.OUTSIDE_SHORT: "外地",
}  # fmt: skip


class Reading(Names):
    """One text's names weighed against each other. Short-lived; holds no rule that is not written below."""

    __slots__ = ()

    def place(self) -> Place:
        """Weigh the names from the most telling kind to the least."""
        if not self.found:
            return NOWHERE
        if self.outside or self.outside_short:
            if elsewhere := self._outside():
                return elsewhere
        if self.scattered:
            return self._scattered()
        districts = districts_of(self.districts)
        if self.short_districts:
            short = districts_of(self.short_districts)
            self.hedged = self.hedged or bool(districts and short - districts)
            districts = districts or short
        if not districts:
            return self._without_district()
        if len(districts) > 1:
            return self._several(districts)
        return self._in_district(districts.pop())

    def _outside(self) -> Place | None:
        """The answer when the text speaks of a place that is not in the city; None when it is about ours all the same."""
        if not (self.districts or self.city or self.short_districts):
            if self.outside:
                return self._elsewhere(self.outside[0])
            if self.outside_short and not self.streets and not self.towns and not self._firm_inside():
                return self._elsewhere(self.outside_short[0])
        self.hedged = self.hedged or bool(self.outside)
        return None

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
        pairs = [f for f in self.streets if f.sense.places[0][0] in districts]
        paired = districts_of(pairs)
        others = [f for f in (*self.districts, *self.short_districts) if f.sense.places[0][0] not in paired]
        names = "、".join(sorted(districts))
        return self._open(None, [*pairs, *others], f"文中说到多个区市（{names}），请确认是哪一处。")

    def _scattered(self) -> Place:
        items = [f for f in self.found if f.kind in PLACES]
        shared = _agreement(f.sense.districts for f in items if f.aside is not Aside.OTHERS)
        district = next(iter(shared)) if len(shared) == 1 else None
        return self._open(district, items, "文中说到的几处，都不一定是事发的地方，请确认是哪一处。")

    def _in_district(self, district: str) -> Place:
        sure = not self.hedged
        for item in self.districts:
            sure = sure and item.sense.sure
        if not self.streets:
            return self._short_street(district, sure) or self._infer(district, sure)
        only = self.streets[0].sense.places[0]
        if len(self.streets) == 1 and only[0] == district:
            return self._stated(district, only[1], sure)
        stated = {f.sense.places[0] for f in self.streets}
        inside = [where for where in stated if where[0] == district]
        if not inside:
            names = "、".join(f"{d}{s}" for d, s in sorted(stated))  # type: ignore[type-var]
            own = [f for f in (*self.districts, *self.short_districts) if f.sense.places[0][0] == district]
            return self._open(None, [*self.streets, *own], f"文中写的是{district}，但{names}不在{district}，请核对。")
        if len(inside) < len(stated):
            return self._open(None, self.streets, "文中说到不同区市的镇街，请确认是哪一处。")
        if len(inside) > 1:
            return self._open(district, self.streets, f"{district}内说到多个镇街，请确认是哪一处。", sure)
        return self._stated(district, inside[0][1], sure)

    def _stated(self, district: str, street: str | None, sure: bool) -> Place:
        words = self._words(district, _STATING)
        return _stated(district, street, words, self._mentions(), sure, self._other_city())

    def _short_street(self, district: str, sure: bool) -> Place | None:
        """城阳区流亭: a short name after its district. Certain only when it stands right behind it and ends there."""
        here = [f for f in self.short_streets if f.sense.places[0][0] == district]
        names = {f.sense.places[0][1] for f in here}
        if len(names) != 1:
            return self._open(district, here, f"{district}内说到多个镇街，请确认是哪一处。", sure) if names else None
        street = next(iter(names))
        ends = {f.end for f in (*self.districts, *self.short_districts)}
        exact = any(
            closed(self.spelled.text, f) and f.sense.sure and f.name not in self.lexicon.wide_names and f.start in ends
            for f in here
        )
        if exact and sure:
            return self._stated(district, street, True)
        # 城阳区流亭机场, 平度市南村路口: near the street of that name, or only named after it.
        rivals = [
            f
            for f in self.found
            if f.kind is Kind.VILLAGE and any(w[0] == district and w[1] not in (None, street) for w in f.sense.places)
        ]
        if rivals:
            return None
        return self._inferred(district, street, here, sure)

    def _without_district(self) -> Place:
        stated = {f.sense.places[0] for f in self.streets}
        if len(stated) == 1:
            district, street = next(iter(stated))
            county = ""
            for item in self.streets:
                county = county or self._unknown_county(item)
            if county and not any(map(operator.eq, county[:-1], district)):
                said = f"“{county}”不是{self.lexicon.city}的区市，同名的是{district}{street}，请确认是不是这里。"
                return self._open(None, self.streets, said)
            return self._stated(district, street, not self.hedged and not county)
        if stated:
            districts = {d for d, _ in stated}
            only = next(iter(districts)) if len(districts) == 1 else None
            return self._open(only, self.streets, "文中说到多个镇街，请确认是哪一处。", bool(only) and not self.hedged)
        if len(districts_of(self.towns)) == 1:
            return self._infer(self.towns[0].sense.places[0][0], False)
        city_ends = {c.end for c in self.city}
        sure_shorts = [f for f in self.short_streets if f.sense.sure or f.start in city_ends]
        wheres = {f.sense.places[0] for f in sure_shorts}
        if len(wheres) == 1:
            district, street = next(iter(wheres))
            return self._inferred(district, street, sure_shorts, False)
        if wheres:
            return self._open(None, sure_shorts, "文中说到多个镇街的简称，请确认是哪一处。")
        zones = districts_of(self.zones)
        if len(zones) == 1:
            district = next(iter(zones))
            return self._short_street(district, False) or self._infer(district, False)
        return self._infer(None, False)

    def _unknown_county(self, item: Found) -> str:
        """What stands before 桐乡市|大村镇 or 程阳区|夏庄街道: a county that is not ours, or one of ours misspelt."""
        text = self.spelled.text
        if text[item.start - 1 : item.start] not in _COUNTY_ENDS or any(f.end == item.start for f in self.found):
            return ""
        county = _COUNTY.search(text, max(0, item.start - 4), item.start)
        return county.group() if county else ""

    def _infer(self, district: str | None, sure: bool) -> Place:
        """From former towns, villages, landmarks and roads: only what all of them agree on is filled in."""
        # In the order of the text: what is said first leads.
        weak = [f for f in self.found if f.kind in INFERRING]
        supporting = [f for f in weak if district is None or district in f.sense.districts]
        firm = [f for f in supporting if f.kind is not Kind.ROAD or f.sense.sure]
        if district is None:
            shared = _agreement(f.sense.districts for f in firm) if firm else set()
            if len(shared) != 1:
                if not supporting:
                    return self._nothing()
                return self._open(None, supporting, "只说到路名、村名或标志物，还不能确定是哪个区市，请确认是哪一处。")
            district = next(iter(shared))
        named = [f for f in firm if f.kind is not Kind.ROAD]
        streets = _agreement(found for f in named if (found := {s for d, s in f.sense.places if d == district and s}))
        if len(streets) == 1:
            return self._inferred(district, next(iter(streets)), named, sure)
        if supporting and not sure:
            return self._inferred(district, None, supporting, sure)
        said = f"文中写明{district}" if sure else f"文中说到{district}，但不一定就是事发的地方"
        return self._open(district, supporting, f"{said}，没有写明镇街，请补充镇街、村居或标志物。", sure)

    def _nothing(self) -> Place:
        if self.outside_short and not self.city:
            return self._elsewhere(self.outside_short[0])
        weak = [f for f in self.short_streets if told_as_place(self.spelled.text, f)]
        if not self.city and not weak:
            return NOWHERE
        # 上马那边: nobody says so of an everyday word.
        there = [f for f in weak if said_as_there(self.spelled.text, f)]
        wheres = {f.sense.places[0] for f in there}
        if len(wheres) == 1:
            district, street = next(iter(wheres))
            return self._inferred(district, street, there, False)
        return self._open(
            None,
            weak,
            f"只说到{self.lexicon.city}，没有说到区市，请补充区市和镇街。" if self.city else NOWHERE.explanation,
        )

    def _inferred(self, district: str, street: str | None, items: list[Found], sure: bool) -> Place:
        words = "、".join(dict.fromkeys(f.name for f in items[:4])) or self._words(district, PLACES)
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
            "none" if not district else "stated" if sure else "inferred", why, sure and district is not None,
        )  # fmt: skip

    def _candidates(self, items: Iterable[Found], district: str | None) -> tuple[Candidate, ...]:
        seen: dict[Where, str] = {}
        for item in items:
            for where in item.sense.places:
                if (district is None or where[0] == district) and where not in seen:
                    seen[where] = item.name
                    if len(seen) >= MAX_CANDIDATES:
                        break
        return tuple(Candidate(d, s, words) for (d, s), words in seen.items())

    def _words(self, district: str, kinds: Iterable[Kind]) -> str:
        names = [f.name for f in self.found if f.kind in kinds and f.sense.district == district]
        return "、".join(dict.fromkeys(names))

    def _other_city(self) -> str | None:
        return self.outside[0].sense.name if self.outside else None

    def _mentions(self) -> tuple[Mention, ...]:
        return _mentions(self.found[:MAX_MENTIONS], self.spelled)


def said_in_full(found: list[Found], spelled: Plain) -> Place | None:
    """青岛市城阳区流亭街道, 流亭街道, and no other name: what most people write has nothing to weigh."""
    last = found[-1]
    if last.kind is not Kind.STREET or len(found) > 3:
        return None
    district, street, words = last.sense.district, last.sense.street, last.name
    if district is None:
        return None
    others = found[:-1]
    if others and others[-1].kind is Kind.DISTRICT and others[-1].sense.sure:
        named = others.pop()
        if named.sense.district != district:
            return None
        words = f"{named.name}、{words}"
    elif spelled.text[last.start - 1 : last.start] in _COUNTY_ENDS:
        return None
    if others and (len(others) > 1 or others[0].kind is not Kind.CITY):
        return None
    return _stated(district, street, words, _mentions(found, spelled), True, None)


def _stated(
    district: str, street: str | None, words: str, mentions: tuple[Mention, ...], sure: bool, other_city: str | None
) -> Place:
    note = "" if sure else "，但文中还说到别处，请核对"
    return Place(
        district, street, sure, mentions, (Candidate(district, street, words),), other_city,
        "stated", f"文中写明“{words}”，属于{district}{street}{note}。", sure,
    )  # fmt: skip


def _mentions(found: list[Found], spelled: Plain) -> tuple[Mention, ...]:
    if spelled.origin is None:
        return tuple([
            Mention(f.name, f.start, f.end, _WORD_OF_KIND[f.kind], f.sense.district, f.sense.street) for f in found
        ])  # fmt: skip
    span = spelled.span
    return tuple([
        Mention(f.name, *span(f.start, f.end), _WORD_OF_KIND[f.kind], f.sense.district, f.sense.street) for f in found
    ])  # fmt: skip


# A county's or district's name, and no 厂区, 园区, 超市.
_COUNTY_ENDS = frozenset("市县区")
_COUNTY = re.compile(
    r"[一-龥](?:[^园小厂社辖片景校院矿库属活业宅山郊地学产务用居贸城夜早菜门集超都我本全该当][市区]|[^本全我该各]县)$"
)
_STATING = (Kind.DISTRICT, Kind.DISTRICT_SHORT, Kind.STREET, Kind.STREET_SHORT)


def _agreement(sets: Iterable[Set[str]]) -> Set[str]:
    """What all the sets share; empty when they contradict each other or there are none."""
    shared: Set[str] | None = None
    for values in sets:
        shared = values if shared is None else shared & values
    return shared or set()
