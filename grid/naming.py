"""The names of one text, sorted: which speak of its place, which of another, which lie outside the city."""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import itemgetter

from grid.lexicon import Kind, Lexicon
from grid.mentions import Aside, Found
from grid.spelling import Plain

INFERRING = (Kind.FORMER_TOWN, Kind.VILLAGE, Kind.LANDMARK, Kind.ROAD)
PLACES = frozenset(
    {Kind.DISTRICT, Kind.DISTRICT_SHORT, Kind.STREET, Kind.STREET_SHORT, Kind.OUTSIDE, Kind.ZONE, *INFERRING}
)
_ABROAD = frozenset({Kind.OUTSIDE, Kind.OUTSIDE_SHORT})
_BELOW = frozenset({Kind.STREET, Kind.STREET_SHORT, Kind.FORMER_TOWN, Kind.VILLAGE})
# An unknown county, and neither a builder (上海隧道) nor a relation (北京的).
_COUNTY_BETWEEN = re.compile("(?:[一-龥]{0,2}[^建局团司厂冶桥道力工航院所队店的在到是和与人来去往从，。、,. ])?")
_IN_ORDER = itemgetter(
    Kind.DISTRICT, Kind.DISTRICT_SHORT, Kind.STREET, Kind.STREET_SHORT, Kind.FORMER_TOWN, Kind.ZONE, Kind.OUTSIDE,
    Kind.OUTSIDE_SHORT, Kind.CITY,
)  # fmt: skip
_KINDS = max(Kind) + 1
_NONE: list[Found] = []  # most texts have names of two kinds; the others share this


class Names:
    """The names of one text by what they are, less those that are not its place.

    `hedged`: the text also speaks of other places, so that nothing in it is certain. `scattered`: of nothing but others.
    """

    __slots__ = (
        "city", "districts", "found", "hedged", "lexicon", "outside", "outside_short", "scattered", "short_districts",
        "short_streets", "spelled", "streets", "towns", "zones",
    )  # fmt: skip

    districts: list[Found]
    short_districts: list[Found]
    streets: list[Found]
    short_streets: list[Found]
    towns: list[Found]
    zones: list[Found]
    outside: list[Found]
    outside_short: list[Found]
    city: list[Found]

    def __init__(self, found: list[Found], spelled: Plain, lexicon: Lexicon, *, asides: bool) -> None:
        self.lexicon = lexicon
        self.spelled = spelled
        self.hedged = self.scattered = False
        if asides:
            found = self._without_asides(found)
        self._sort(found)
        if self.outside or self.outside_short:
            self._sort(self._without_outside(found))
        if self.short_streets:
            # 城阳 and 黄岛 are districts first; only behind their own district can they mean the street of that name.
            whole = districts_of(self.districts)
            taken = {d.start for d in self.short_districts}
            self.short_streets = [f for f in self.short_streets if f.start not in taken or f.sense.district in whole]

    def _sort(self, found: list[Found]) -> None:
        self.found = found
        of_kind = [_NONE] * _KINDS
        for item in found:
            if known := of_kind[item.kind]:
                known.append(item)
            else:
                of_kind[item.kind] = [item]
        (self.districts, self.short_districts, self.streets, self.short_streets, self.towns, self.zones, self.outside,
         self.outside_short, self.city) = _IN_ORDER(of_kind)  # fmt: skip

    def _without_asides(self, found: list[Found]) -> list[Found]:
        """“家住市南区，厂子在胶州” drops 市南区, but a text with nothing else keeps it: the least set aside counts."""
        said = (f for f in found if f.kind in PLACES or (f.kind is Kind.OUTSIDE_SHORT and f.sense.sure))
        least = min((f.aside or 0 for f in said), default=0)
        kept = [f for f in found if (f.aside or 0) <= least]
        elsewhere = [f for f in found if f.aside is Aside.ELSEWHERE and f.kind not in _ABROAD]
        self.hedged = least > 0 or any(
            f.aside and f.aside is not Aside.COMPANY and f.kind not in _ABROAD for f in found
        )
        ends = {f.end for f in elsewhere}
        # 从莱西运到平度: both ends are set aside, and neither may win. Where others sit is no answer at all.
        self.scattered = least == Aside.OTHERS or (
            least == Aside.ELSEWHERE
            and len({f.start for f in elsewhere if f.start not in ends and f.start - 1 not in ends}) > 1
        )
        # 人在胶州，举报老家平度店子镇的矿: the place set aside is told more exactly than the one that is left.
        told = {f.sense.places[0][0] for f in elsewhere if f.kind is Kind.STREET}
        left = {f.sense.places[0][0] for f in kept if f.kind in PLACES and len(f.sense.places) == 1}
        if least < Aside.ELSEWHERE and told - left and not any(f.kind is Kind.STREET for f in kept):
            self.scattered = True
            return found
        return kept

    def _without_outside(self, found: list[Found]) -> list[Found]:
        """海阳辛安镇, 宁波鄞州姜山镇: a name right behind a place outside lies there, although we have one of that name."""
        abroad: dict[int, Found] = {}
        ends: set[int] = set()
        kept: list[Found] = []
        for item in found:
            gap = self.spelled.text[item.start - 1 : item.start]
            if item.kind in _ABROAD:
                abroad[item.end] = item
                if item.kind is Kind.OUTSIDE or item.sense.sure:
                    ends.add(item.end)
                    kept.append(item)
            elif item.kind in _BELOW and (item.start in ends or (item.start - 1 in ends and gap in "的市县")):
                ends.add(item.end)
            elif item.kind in _BELOW and (there := self._county_before(item, abroad)):
                ends.add(item.end)
                if there.end not in ends:
                    kept.append(there)
            else:
                kept.append(item)
        return kept

    def _county_before(self, item: Found, abroad: dict[int, Found]) -> Found | None:
        """The place outside that a street stands behind, with up to three characters of an unknown county between."""
        text = self.spelled.text
        for length in range(4 if item.kind is Kind.STREET else 1):
            if there := abroad.get(item.start - length):
                return there if _COUNTY_BETWEEN.fullmatch(text, there.end, item.start) else None
        return None


def districts_of(items: Iterable[Found]) -> set[str]:
    """Of names that lie in one district each."""
    return {f.sense.places[0][0] for f in items}
