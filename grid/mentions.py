"""Finding names in a text and throwing out those that mean something else where they stand.

Everything here looks at a bounded number of characters round a name, so a text is read in linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from grid.lexicon import SETTLED, Kind, Lexicon, Sense

# 台东三路, 李村大街, 延安路: a short name that goes on like this is (part of) a road.
_ROAD_AFTER = re.compile(
    r"[东西南北中一二三四五六七八九十支新环]{0,2}\d{0,3}(?:号)?(?:路(?!口村)|街(?![道办上边头坊])|大街|大道|支路|巷|胡同)"
)
_PUNCTUATION = frozenset("，。！？；：、,.!?;:()（）[]【】\"'“”‘’ \t\r\n0123456789") | {""}
_ENDS = _PUNCTUATION | frozenset("的有这那某附旁里内一是在和与跟及到往从边就我他她老")
_BORDERING_STREET = _PUNCTUATION | frozenset("的有这那某附旁")
_STREETS_THERE = re.compile(r"街道(?:两边|两旁|两侧|上[的有都全卖摆停乱到，,。])")
_STREETS_FIRST = frozenset("两上")
# Words before a name that say it is not the place in question.
_ASIDE_WORDS = tuple(
    "家住 住在 我住 老家 老家在 来自 户籍 户籍在 户口在 户口 "
    "注册在 注册地 注册地址 注册地是 注册地为 总部 总部在 总公司 总公司在 "
    "送往 送到 发往 运往 运到 卖到 销往 不是 并非 不在 不属于 籍贯 搬到 原来在 以前在 之前在".split()
)
_ASIDE_REACH = 8
_SETS_ASIDE = re.compile("|".join(_ASIDE_WORDS))
_OUT_DISTRICT_AFTER = re.compile(r"[一-龥]{1,3}(?:区|县|市)|(?:经济|经济技术)?开发区|高新区|新区")


@dataclass(slots=True)
class Found:
    """A name with the sense it can have here; positions are in the plain spelling."""

    name: str
    start: int
    end: int
    kind: Kind
    sense: Sense
    aside: bool = False  # said to be another place (“家住…”, “不是…”)


def find(lexicon: Lexicon, text: str) -> list[Found]:
    """The names of a plain text, in order, each with the senses that its neighbours allow."""
    found: list[Found] = []
    hits = list(lexicon.automaton.iter_long(text))
    for number, (last, (length, name, senses, settled)) in enumerate(hits):
        end = last + 1
        start = end - length
        for sense in senses:
            if settled:
                found.append(Found(name, start, end, sense.kind, sense))
            elif here := _sense_here(sense, text, start, end, hits, number, lexicon):
                found.append(Found(name, start, end, here.kind, here))
    if found and ("人" in text or "籍" in text or _SETS_ASIDE.search(text)):
        _set_aside(found, text)
    return found


def _set_aside(found: list[Found], text: str) -> None:
    """Mark the names said to be another place: by the words before, by the one after, or by the name they belong to."""
    aside_end = -2
    for item in found:
        chained = item.start - aside_end <= 1 and text[aside_end : item.start] in ("", "的")
        before = text[max(0, item.start - _ASIDE_REACH) : item.start].rstrip(":：")
        if chained or before.endswith(_ASIDE_WORDS) or _people(text, item.end):
            item.aside, aside_end = True, item.end


def closed(text: str, found: Found) -> bool:
    """Does a short name end here like a place name ends, or does the word go on?"""
    return text[found.end : found.end + 1] in _BORDERING_STREET


def _sense_here(
    sense: Sense, text: str, start: int, end: int, hits: list[Any], number: int, lexicon: Lexicon
) -> Sense | None:
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
        if not (after in _ENDS or after == "区" or _name_begins(hits, number + 1, end)):
            return None
        if start and text[start - 1] in "城超门夜早集菜全本我" and text[start] != "青":
            return None
    return sense


def _name_begins(hits: list[Any], number: int, at: int) -> bool:
    return number < len(hits) and hits[number][0] + 1 - hits[number][1][0] == at


def _people(text: str, end: int) -> bool:
    """即墨人, 李村籍 are people; 即墨人民医院 is a place."""
    after = text[end : end + 2]
    return after[:1] == "籍" or (after[:1] == "人" and after not in ("人民", "人才", "人社"))
