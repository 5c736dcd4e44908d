"""Every name the gazetteer knows, with what each can mean. Built once from the city's files.

A name may have several senses (城阳 is a district, 城阳村 is elsewhere); the reader (places.py) chooses by context.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import yaml
from ahocorasick_rs import AhoCorasick, MatchKind

from grid.divisions import Divisions, Street

Where = tuple[str, str | None]  # (district, street or None)


class Kind(IntEnum):
    """What a name can be, from most to least telling."""

    # Kinds are looked up in sets and tables for every name of a text, and an enum's own hash is a call of Python code.
    __hash__ = int.__hash__

    DISTRICT = 1  # 城阳区, 即墨市
    DISTRICT_SHORT = 2  # 城阳
    STREET = 3  # 流亭街道, 姜山镇
    STREET_SHORT = 4  # 流亭
    FORMER_TOWN = 5  # 普东镇
    ZONE = 6  # 开发区
    LANDMARK = 7
    VILLAGE = 8
    ROAD = 9
    CITY = 10  # 青岛市
    OUTSIDE = 11  # 烟台市
    OUTSIDE_SHORT = 12  # 烟台
    NOISE = 13  # 超市, 胶州湾: swallows what it covers


# Names that mean the same whatever stands beside them; for the others see mentions.py.
SETTLED = frozenset({Kind.DISTRICT, Kind.FORMER_TOWN, Kind.ZONE, Kind.ROAD})


_OFFICIAL = frozenset(Kind) - {Kind.FORMER_TOWN, Kind.ZONE, Kind.LANDMARK, Kind.VILLAGE, Kind.ROAD, Kind.NOISE}


class Sense(NamedTuple):
    """One meaning of a name."""

    kind: Kind
    name: str
    places: tuple[Where, ...]
    sure: bool = True  # False: the sense itself is only a likelihood (a former district that was split, a common word)
    district: str | None = None  # of all its places, when they share one
    street: str | None = None  # of its place, when it has only one
    districts: frozenset[str] = frozenset()  # of all its places


Entry = tuple[str, tuple[Sense, ...], bool]  # name, senses, whether they mean the same whatever stands beside them


# 青岛市|南京路 must not be read as 青岛|市南|京路, nor 超市北侧 as 市北.
_NOISE = (
    "超市 门市 夜市 早市 集市 城市 菜市 楼市 股市 上市 都市 本市 全市 我市 市场 市南边 市北边 市南侧 市北侧 "
    "市南部 市北部 市北方 市南方 市北京 市南京 市南昌 市南宁 市南通 市北门 市南门 市北面 市南面 市北郊 市南郊 "
    "市北外环 市南外环 市北海 市南海 市北仲"
).split()
_GENERIC_VILLAGE = re.compile(r"(路|街|巷|苑|城|园|湾|区|站|号|道|中心|管理|市场|广场|花园)$")
# Written without 村, a village name must look like one: 傅家埠, 西果园, but not 温哥华 or 阳光居.
_LOOKS_LIKE_VILLAGE = re.compile(
    r"家|庄|[屯埠夼疃沟山河岭泊院店寨头口洼岛坡崖峪塔岚集甲里湾营铺官堡园台窑泉桥滩子寺庵坊石岔丘巷水村流]$"
)
_NATURAL = re.compile(r"[河山湖水泉]$")  # 北岭山, 海泊河: the hill or river, not the village, unless 村 follows
_VILLAGE_TAIL = re.compile(r"(社区)?(村)?(村民委员会|居民委员会|村委会|居委会|村村委会|委员会)$")
_EVERYDAY_VILLAGES = frozenset(
    "商业街 步行街 开发区 工业园 火车站 汽车站 长途站 文化街 科技街 第一 第二 第三 南北 东西".split()
)
# Inner-city street offices never were towns, so 延安路镇 is not accepted for them.
_NEVER_TOWNS = frozenset({"市南区", "市北区"})


class Lexicon:
    """All names and their senses."""

    def __init__(self, city_dir: Path) -> None:
        self.divisions = Divisions.load(city_dir)
        self.aliases = yaml.safe_load((city_dir / "aliases.yml").read_text(encoding="utf-8"))
        self.elsewhere = yaml.safe_load((city_dir / "elsewhere.yml").read_text(encoding="utf-8"))
        self.common_words = frozenset(self.aliases["common_words"])
        self.outside_words = tuple(self.aliases["outside_words"])
        self.wide_names = frozenset(self.aliases["wide_names"])
        self.city = self.divisions.city
        self._senses: dict[str, list[Sense]] = defaultdict(list)
        self._districts()
        self._streets()
        self._former()
        self._inferring()
        self._villages()
        self._outside()
        self._noise()
        self._learn([])

    def _learn(self, aliases: Iterable[tuple[str, Where]]) -> None:
        """Take in names that people accepted; what the files only infer from the same name gives way."""
        senses = {name: tuple(found) for name, found in self._senses.items()}
        for name, where in aliases:
            if not self.is_official(name):
                district, street = where
                senses[name] = (Sense(Kind.LANDMARK, name, (where,), True, district, street, frozenset({district})),)
        self.senses: dict[str, tuple[Sense, ...]] = senses
        names = list(senses)
        self.entries = [(name, senses[name], _is_settled(senses[name])) for name in names]
        self._automaton = AhoCorasick(names, matchkind=MatchKind.LeftmostLongest, store_patterns=False)

    def with_aliases(self, aliases: Iterable[tuple[str, Where]]) -> Lexicon:
        """A copy that knows these names beside those of the files, and no others learned before."""
        other = copy.copy(self)
        other._learn(aliases)
        return other

    def is_official(self, name: str) -> bool:
        """Does the name stand for a district, a street or a place outside by itself?"""
        return any(sense.kind in _OFFICIAL for sense in self._senses.get(name, ()))

    def names_in(self, text: str) -> list[tuple[int, int, int]]:
        """The longest names from the left, without overlap: each as its number in `entries`, start and end."""
        hits: list[tuple[int, int, int]] = self._automaton.find_matches_as_indexes(text)
        return hits

    def _add(self, name: str, kind: Kind, places: Iterable[Where], *, canonical: str = "", sure: bool = True) -> None:
        if not name or any(s.kind == kind for s in self._senses[name]):
            return
        kept = tuple(dict.fromkeys(places))
        districts = frozenset(d for d, _ in kept)
        district = kept[0][0] if len(districts) == 1 else None
        street = kept[0][1] if len(kept) == 1 else None
        self._senses[name].append(Sense(kind, canonical or name, kept, sure, district, street, districts))

    def _districts(self) -> None:
        stem = self.city.removesuffix("市")
        self._add(self.city, Kind.CITY, [])
        self._add(stem, Kind.CITY, [])
        for district in self.divisions.districts:
            self._add(district, Kind.DISTRICT, [(district, None)])
            short = district[:-1]
            self._add(short, Kind.DISTRICT_SHORT, [(district, None)], canonical=district)
            # 青岛市市南区 is also typed 青岛市南区; and 青岛市 would swallow the 市 of it.
            if short.startswith("市"):
                for typed in (f"{stem}{district}", f"{self.city}{district}", f"{stem}{short}区"):
                    self._add(typed, Kind.DISTRICT, [(district, None)], canonical=district)
                self._add(f"{stem}{short}", Kind.DISTRICT_SHORT, [(district, None)], canonical=district)
        for name, district in self.aliases["former_districts"].items():
            split = name in ("台东区", "沧口区")
            self._add(name, Kind.DISTRICT, [(district, None)], canonical=district, sure=not split)
        self._add("胶南", Kind.DISTRICT_SHORT, [("黄岛区", None)], canonical="黄岛区")

    def _streets(self) -> None:
        for street in self.divisions.streets:
            where = [(street.district, street.name)]
            for name in self.full_names(street):
                self._add(name, Kind.STREET, where, canonical=street.name)
            shorts = {street.short}
            if street.short.endswith("镇"):
                self._add(street.short, Kind.STREET, where, canonical=street.name)
                shorts = {street.short[:-1]}
            for short in shorts:
                if short.endswith("路"):
                    self._add(short, Kind.ROAD, where, canonical=short, sure=False)
                else:
                    sure = short not in self.common_words
                    self._add(short, Kind.STREET_SHORT, where, canonical=street.name, sure=sure)

    def full_names(self, street: Street) -> list[str]:
        """The ways to write a street in full: 流亭街道, 流亭街道办, 流亭办事处, 流亭街办, 流亭镇."""
        short = street.short
        names = [street.name, f"{short}街道", f"{short}街道办", f"{short}办事处", f"{short}街办", f"{short}街道办事处"]
        if street.district not in _NEVER_TOWNS and not short.endswith(("路", "镇", "岛")):
            names += [f"{short}镇", f"{short}乡"]
        if short.endswith("镇"):
            names += [f"{short[:-1]}街道", f"{short[:-1]}街道办", f"{short[:-1]}办事处"]
        return names

    def _former(self) -> None:
        for name, target in self.aliases["former_streets"].items():
            district, street = target.split("/")
            for typed in {name, f"{name}办事处", f"{name}办", name.removesuffix("街道") + "办事处"}:
                self._add(typed, Kind.STREET, [(district, street)], canonical=street)
        by_short = defaultdict(set)
        for village in self.divisions.villages:
            if (village.district, village.street) in self.divisions.street_set:
                by_short[village.district, village.short].add(village.street)
        for district, towns in self.aliases["former_towns"].items():
            for town in towns:
                # The old seat is still a village: its street of today is the likely successor.
                likely = by_short[district, re.sub(r"(街道|镇|乡)$", "", town)]
                street = next(iter(likely)) if len(likely) == 1 else None
                self._add(town, Kind.FORMER_TOWN, [(district, street)])
        for name, district in self.aliases["zones"].items():
            self._add(name, Kind.ZONE, [(district, None)])

    def _inferring(self) -> None:
        street_of = {name: street for street, names in self.aliases["landmark_streets"].items() for name in names}
        for district, names in self.aliases["landmarks"].items():
            for name in names:
                self._add(name, Kind.LANDMARK, [(district, street_of.get(name))])
        roads: dict[str, list[Where]] = defaultdict(list)
        for district, names in self.aliases["roads"].items():
            for name in names:
                roads[name].append((district, None))
        for name, places in roads.items():
            # A road named like a street office: keep the office as a candidate when it lies in the same district.
            same = [p for s in self._senses.get(name, ()) if s.kind == Kind.ROAD for p in s.places]
            self._senses[name] = [s for s in self._senses.get(name, ()) if s.kind != Kind.ROAD]
            self._add(name, Kind.ROAD, [*places, *same], sure=len(places) == 1)

    def _villages(self) -> None:
        found: dict[str, list[Where]] = defaultdict(list)
        for village in self.divisions.villages:
            known = (village.district, village.street) in self.divisions.street_set
            where = (village.district, village.street if known else None)
            short = village.short
            base = _VILLAGE_TAIL.sub("", village.name)
            forms = {f"{short}社区", f"{short}居委会", f"{short}居委", f"{short}村委会", f"{short}村委"}
            if not _GENERIC_VILLAGE.search(short):
                forms |= {f"{short}村", f"{short}新村"} if village.name.startswith(f"{short}新村") else {f"{short}村"}
                if len(short) >= 3 and _looks_like_village(short) and short not in _EVERYDAY_VILLAGES:
                    forms.add(short)
            if len(base) >= 4 and _looks_like_village(base) and not _GENERIC_VILLAGE.search(base):
                forms.add(base)
            for form in forms:
                # 平度市南村 is the town of 南村, never the village of 市南.
                if len(form) >= 3 and not form.startswith("市") and where not in found[form]:
                    found[form].append(where)
        for form, places in found.items():
            exact = {p for p in places if p[1]}
            # A row without a street adds nothing where another row of the same district has one.
            kept = [p for p in places if p[1] or p[0] not in {d for d, _ in exact}]
            self._add(form, Kind.VILLAGE, kept)

    def _outside(self) -> None:
        other = self.elsewhere
        own = {s.short for s in self.divisions.streets} | {d[:-1] for d in self.divisions.districts}
        for name in other["provinces"]:
            for ending in ("省", "自治区", "壮族自治区", "回族自治区", "维吾尔自治区"):
                self._add(name + ending, Kind.OUTSIDE, [], canonical=name)
        for name in (*other["cities"], *other["municipalities"]):
            self._add(f"{name}市", Kind.OUTSIDE, [], canonical=name)
        for name in other["counties"]:
            full = name if name.endswith("县") else f"{name}市"
            self._add(full, Kind.OUTSIDE, [], canonical=name)
            if not name.endswith("县"):
                self._add(f"{name}县", Kind.OUTSIDE, [], canonical=name)
        for city, districts in other["districts"].items():
            for district in districts:
                self._add(district, Kind.OUTSIDE, [], canonical=city)
                self._add(f"{city}{district}", Kind.OUTSIDE, [], canonical=city)
        for name in (*other["cities"], *other["counties"], *other["provinces"]):
            if name not in own:
                self._add(name, Kind.OUTSIDE_SHORT, [], canonical=name, sure=name in other["known_short"])

    def _noise(self) -> None:
        for name in _NOISE:
            self._add(name, Kind.NOISE, [])
        for words in self.aliases["not_a_place"]:
            for name in words:
                if not self._senses.get(name):
                    self._add(name, Kind.NOISE, [])


def _looks_like_village(name: str) -> bool:
    return _LOOKS_LIKE_VILLAGE.search(name) is not None and not _NATURAL.search(name)


def _is_settled(senses: tuple[Sense, ...]) -> bool:
    return all(sense.kind in SETTLED for sense in senses)
