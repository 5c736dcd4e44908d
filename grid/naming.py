"""The names of one text, sorted: which speak of its place, which of another, which lie outside the city."""

from __future__ import annotations

from collections.abc import Iterable

from grid.lexicon import Kind, Lexicon
from grid.mentions import Aside, Found
from grid.spelling import Plain

INFERRING = (Kind.FORMER_TOWN, Kind.VILLAGE, Kind.LANDMARK, Kind.ROAD)
PLACES = frozenset(
    {Kind.DISTRICT, Kind.DISTRICT_SHORT, Kind.STREET, Kind.STREET_SHORT, Kind.OUTSIDE, Kind.ZONE, *INFERRING}
)
_ABROAD = frozenset({Kind.OUTSIDE, Kind.OUTSIDE_SHORT})
_BELOW = frozenset({Kind.STREET, Kind.STREET_SHORT, Kind.FORMER_TOWN, Kind.VILLAGE})
_NONE: list[Found] = []


class Names:
    """The names of one text by what they are, less those that are not its place.

    `hedged`: the text also speaks of other places, so that nothing in it is certain. `scattered`: of nothing but others.
    """

    __slots__ = (
        "city", "districts", "found", "hedged", "lexicon", "outside", "outside_short", "scattered", "short_districts",
        "short_streets", "spelled", "streets", "towns", "zones",
    )  # fmt: skip

    def __init__(self, found: list[Found], spelled: Plain, lexicon: Lexicon, *, asides: bool) -> None:
        self.lexicon = lexicon
        self.spelled = spelled
        self.hedged = self.scattered = False
        if asides:
            found = self._without_asides(found)
        of_kind = _by_kind(found)
        if Kind.OUTSIDE in of_kind or Kind.OUTSIDE_SHORT in of_kind:
            found = self._without_outside(found)
            of_kind = _by_kind(found)
        self.found = found
        of = of_kind.get
        self.districts = of(Kind.DISTRICT, _NONE)
        self.short_districts = of(Kind.DISTRICT_SHORT, _NONE)
        self.streets = of(Kind.STREET, _NONE)
        self.short_streets = of(Kind.STREET_SHORT, _NONE)
        self.towns = of(Kind.FORMER_TOWN, _NONE)
        self.zones = of(Kind.ZONE, _NONE)
        self.outside = of(Kind.OUTSIDE, _NONE)
        self.outside_short = of(Kind.OUTSIDE_SHORT, _NONE)
        self.city = of(Kind.CITY, _NONE)
        if self.short_streets:
            # 城阳 and 黄岛 are districts first; only behind their own district can they mean the street of that name.
            whole = districts_of(self.districts)
            taken = {d.start for d in self.short_districts}
            self.short_streets = [f for f in self.short_streets if f.start not in taken or f.sense.district in whole]

    def _without_asides(self, found: list[Found]) -> list[Found]:
        """“家住市南区，厂子在胶州” drops 市南区, but a text with nothing else keeps it."""
        live = [f for f in found if not f.aside]
        alone = not any(f.kind in PLACES for f in live)
        elsewhere = [f for f in found if f.aside is Aside.ELSEWHERE and f.kind not in _ABROAD]
        self.hedged = alone or bool(elsewhere)
        ends = {f.end for f in elsewhere}
        # 从莱西运到平度: both ends are set aside, and neither may win.
        self.scattered = (
            alone and len({f.start for f in elsewhere if f.start not in ends and f.start - 1 not in ends}) > 1
        )
        # 人在胶州，举报老家平度店子镇的矿: the place set aside is told more exactly than the one that is left.
        told = {f.sense.places[0][0] for f in elsewhere if f.kind is Kind.STREET}
        left = {f.sense.places[0][0] for f in live if f.kind in PLACES and len(f.sense.places) == 1}
        if not alone and told - left and not any(f.kind is Kind.STREET for f in live):
            self.scattered = True
            return found
        return found if alone else live

    def _without_outside(self, found: list[Found]) -> list[Found]:
        """海阳辛安镇: a name right behind a place outside lies there, although we have one of that name."""
        ends: set[int] = set()
        kept: list[Found] = []
        for item in found:
            gap = self.spelled.text[item.start - 1 : item.start]
            if item.kind in _ABROAD:
                if item.kind is Kind.OUTSIDE or item.sense.sure:
                    ends.add(item.end)
                    kept.append(item)
            elif item.kind in _BELOW and (item.start in ends or (item.start - 1 in ends and gap in "的市县")):
                ends.add(item.end)
            else:
                kept.append(item)
        return kept


def _by_kind(found: list[Found]) -> dict[Kind, list[Found]]:
    of_kind: dict[Kind, list[Found]] = {}
    for item in found:
        if item.kind in of_kind:
            of_kind[item.kind].append(item)
        else:
            of_kind[item.kind] = [item]
    return of_kind


def districts_of(items: Iterable[Found]) -> set[str]:
    """Of names that lie in one district each."""
    return {f.sense.places[0][0] for f in items}
