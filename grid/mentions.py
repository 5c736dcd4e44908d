"""Finding names in a text and throwing out those that mean something else where they stand.

Everything here looks at a bounded number of characters round a name, so a text is read in linear time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from enum import IntEnum
from operator import itemgetter

from grid.lexicon import SETTLED, Kind, Lexicon, Sense

# 台东三路, 李村大街, 延安路: a short name that goes on like this is (part of) a road.
_ROAD_AFTER = re.compile(
    r"[东西南北中一二三四五六七八九十支新环]{0,2}\d{0,3}(?:号)?(?:路(?!口村)|街(?![道办上边头坊])|大街|大道|支路|巷|胡同)"
)
_PUNCTUATION = frozenset("，。！？；：、,.!?;:()（）[]【】\"'“”‘’ \t\r\n0123456789") | {""}
_ENDS = _PUNCTUATION | frozenset("的有这那某附旁里内一是在和与跟及到往从边就我他她老交")
_BORDERING_STREET = _PUNCTUATION | frozenset("的有这那某附旁")
_GOING = frozenset("在到去往从离住于")
_BEFORE_PLACE = _PUNCTUATION | _GOING | frozenset("是和与")
_STREETS_THERE = re.compile(r"街道(?:两边|两旁|两侧|上[的有都全卖摆停乱到，,。])")
_STREETS_FIRST = frozenset("两上")
_OUT_DISTRICT_AFTER = re.compile(r"[一-龥]{1,3}(?:区|县|市)|(?:经济|经济技术)?开发区|高新区|新区")


_LONGEST_COVERED = 8


Hit = tuple[int, int, int]


class Aside(IntEnum):
    """Why a name is hardly the place in question, from the least reason to the best: the least set aside is the likeliest."""

    SOMEBODY = 1  # 我在…上班, 我妈在…: where people are; it may happen there
    COMPANY = 2  # …建设集团
    ELSEWHERE = 3  # 家住…, 不是…, …人
    OTHERS = 4  # 供货商在…, 从…运来的: never where it happens


@dataclass(slots=True)
class Found:
    """A name with the sense it can have here; positions are in the plain spelling."""

    name: str
    start: int
    end: int
    kind: Kind
    sense: Sense
    aside: Aside | None = None


def find(lexicon: Lexicon, text: str) -> list[Found]:
    """The names of a plain text, in order, each with the senses that its neighbours allow."""
    found: list[Found] = []
    entries, hits = lexicon.entries, lexicon.names_in(text)
    for number, start, end in hits:
        name, senses, settled = entries[number]
        for sense in senses:
            # A street is one, unless what follows says otherwise.
            if settled or (sense.kind is Kind.STREET and text[end : end + 1] not in _STREETS_FIRST):
                found.append(Found(name, start, end, sense.kind, sense))
            elif here := _sense_here(sense, text, start, end, hits, lexicon):
                found.append(Found(name, start, end, here.kind, here))
            elif sense.kind is Kind.DISTRICT_SHORT:
                found += _covered(lexicon, text, start, end)
    return found


def _covered(lexicon: Lexicon, text: str, start: int, end: int) -> list[Found]:
    """平渡市|南村镇: what begins inside a 市南 that is none."""
    for number, first, last in lexicon.names_in(text[start + 1 : end + _LONGEST_COVERED]):
        name, senses, _ = lexicon.entries[number]
        begin, close = start + 1 + first, start + 1 + last
        if begin < end < close and senses[0].kind is Kind.STREET:
            return [Found(name, begin, close, senses[0].kind, senses[0])]
    return []


def closed(text: str, found: Found) -> bool:
    """Does a short name end here like a place name ends, or does the word go on?"""
    return text[found.end : found.end + 1] in _BORDERING_STREET


def _sense_here(sense: Sense, text: str, start: int, end: int, hits: list[Hit], lexicon: Lexicon) -> Sense | None:
    """The sense a name has between its neighbours: as it is, another one, or None when it means something else."""
    kind = sense.kind
    after = text[end : end + 1]
    if kind is Kind.STREET:
        # 台东街道上有人… speaks of the streets there, not of the office.
        there = after in _STREETS_FIRST and _STREETS_THERE.match(text, end - 2)
        return sense._replace(kind=Kind.STREET_SHORT) if there else sense
    if kind in SETTLED:
        return sense
    if kind is Kind.NOISE:
        return None
    if kind is Kind.OUTSIDE:
        # 海阳市场 is a market, 抚顺市民 are people.
        return None if text[end - 1] == "市" and after in ("场", "民") else sense
    if _ROAD_AFTER.match(text, end):
        return None
    if kind is Kind.STREET_SHORT and after == "河":
        return None  # 李村河 runs through half the city
    if kind is Kind.OUTSIDE_SHORT:
        if sense.sure and _OUT_DISTRICT_AFTER.match(text, end):
            return sense._replace(kind=Kind.OUTSIDE)
        return None if text.startswith(lexicon.outside_words, end) else sense
    if kind is Kind.DISTRICT_SHORT and text[end - 2 : end] in ("市南", "市北"):
        begins = (not start or text[start - 1] in _BEFORE_PLACE) and text[start] != "青"
        if not (begins or after in _ENDS or after == "区" or _name_begins(hits, end)):
            return None
        if start and text[start - 1] in "城超门夜早集菜全本我" and text[start] != "青":
            return None
    return sense


def _name_begins(hits: list[Hit], at: int) -> bool:
    number = bisect_left(hits, at, key=itemgetter(1))
    return number < len(hits) and hits[number][1] == at


_OVER_THERE = ("那边", "这边", "那儿", "这儿", "那块", "这块", "那片", "这片", "附近")


def said_as_there(text: str, found: Found) -> bool:
    """四方那边, 上马附近."""
    return text.startswith(_OVER_THERE, found.end)


def told_as_place(text: str, found: Found) -> bool:
    """在上马, 四方那边, “大村的工地”, but not 上马了新设备, 洗温泉, 四方桌: an everyday word used as a place."""
    before = text[found.start - 1 : found.start] if found.start else ""
    if before in _GOING or said_as_there(text, found):
        return True
    return before in _PUNCTUATION and closed(text, found)
