"""Finding names in a text and throwing out those that mean something else where they stand.

Everything here looks at a bounded number of characters round a name, so a text is read in linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grid.lexicon import Kind, Lexicon, Sense, Where

# 台东三路, 李村大街, 延安路: a short name that goes on like this is (part of) a road.
_ROAD_AFTER = re.compile(
    r"[东西南北中一二三四五六七八九十支新环]{0,2}\d{0,3}(?:号)?(?:路(?!口村)|街(?![道办上边头坊])|大街|大道|支路|巷|胡同)"
)
_PUNCTUATION = frozenset("，。！？；：、,.!?;:()（）[]【】\"'“”‘’ \t\r\n0123456789") | {""}
_ENDS = _PUNCTUATION | frozenset("的有这那某附旁里内一是在和与跟及到往从边就我他她老")
_BORDERING_STREET = _PUNCTUATION | frozenset("的有这那某附旁")
_STREETS_THERE = re.compile(r"两边|两旁|两侧|上[的有都全卖摆停乱到，,。]")
# Words before a name that say it is not the place in question.
_ASIDE_WORDS = tuple(
    "家住 住在 我住 老家 老家在 来自 户籍 户籍在 户口在 户口 "
    "注册在 注册地 注册地址 注册地是 注册地为 总部 总部在 总公司 总公司在 "
    "送往 送到 发往 运往 运到 卖到 销往 不是 并非 不在 不属于 籍贯 搬到 原来在 以前在 之前在".split()
)
_ASIDE_REACH = 8
_OUT_DISTRICT_AFTER = re.compile(r"[一-龥]{1,3}(?:区|县|市)|(?:经济|经济技术)?开发区|高新区|新区")


@dataclass(slots=True, unsafe_hash=True)
class Mention:
    """A name in the text. `start`/`end` are positions in the original text."""

    text: str
    start: int
    end: int
    kind: str
    district: str | None
    street: str | None


@dataclass(slots=True)
class Found:
    """A name with the sense it can have here; positions are in the plain spelling."""

    name: str
    start: int
    end: int
    kind: Kind
    places: tuple[Where, ...]
    sense: Sense
    aside: bool = False  # said to be another place (“家住…”, “不是…”)
    closed: bool = False  # a short name that ends like a place name ends


def find(lexicon: Lexicon, text: str) -> list[Found]:
    """The names of a plain text, in order, each with the senses that its neighbours allow."""
    hits = list(lexicon.automaton.iter_long(text))
    found: list[Found] = []
    starts = {end - value[0] + 1 for end, value in hits}
    aside_before, aside_end = False, -2
    for last, (length, name, senses) in hits:
        start, end = last - length + 1, last + 1
        here: list[Found] = []
        after = text[end : end + 1]
        for sense in senses:
            kind = sense.kind
            if kind in _DEPENDS:
                changed = _sense_here(sense, name, text, start, end, starts, lexicon.outside_words)
                if changed is None:
                    continue
                sense, kind = changed, changed.kind
            closed = kind in _SHORT and after in _BORDERING_STREET
            here.append(Found(name, start, end, kind, sense.places, sense, False, closed))
        if not here:
            continue
        before = text[max(0, start - _ASIDE_REACH) : start].rstrip(":：")
        chained = aside_before and start - aside_end <= 1 and text[aside_end:start] in "的"
        aside = chained or before.endswith(_ASIDE_WORDS) or (after in "人籍" and _people(text, end))
        if aside:
            for item in here:
                item.aside = True
        found += here
        aside_before, aside_end = aside, end
    return found


def _sense_here(
    sense: Sense, name: str, text: str, start: int, end: int, starts: set[int], outside_words: tuple[str, ...]
) -> Sense | None:
    """The sense a name has between its neighbours: as it is, another one, or None when it means something else."""
    kind = sense.kind
    if kind is Kind.NOISE:
        return None
    after = text[end : end + 1]
    if kind is Kind.STREET:
        # 台东街道上有人… speaks of the streets there, not of the office.
        there = name.endswith("街道") and _STREETS_THERE.match(text, end)
        return sense._replace(kind=Kind.STREET_SHORT) if there else sense
    if kind is Kind.OUTSIDE:
        # 海阳市场 is a market, 抚顺市民 are people.
        return None if name[-1] == "市" and after in ("场", "民") else sense
    if _ROAD_AFTER.match(text, end):
        return None
    if kind is Kind.STREET_SHORT and after == "河":
        return None  # 李村河 runs through half the city
    if kind is Kind.OUTSIDE_SHORT:
        if sense.sure and _OUT_DISTRICT_AFTER.match(text, end):
            return sense._replace(kind=Kind.OUTSIDE)
        return None if text.startswith(outside_words, end) else sense
    if kind is Kind.DISTRICT_SHORT and name.endswith(("市南", "市北")):
        if not (after in _ENDS or end in starts or after == "区"):
            return None
        if start and text[start - 1] in "城超门夜早集菜全本我" and not name.startswith("青岛"):
            return None
    return sense


def _people(text: str, end: int) -> bool:
    """即墨人, 李村籍 are people; 即墨人民医院 is a place."""
    after = text[end : end + 2]
    return after[:1] == "籍" or (after[:1] == "人" and after not in ("人民", "人才", "人社"))


_SHORT = frozenset({Kind.DISTRICT_SHORT, Kind.STREET_SHORT})
_DEPENDS = frozenset(Kind) - {Kind.DISTRICT, Kind.FORMER_TOWN, Kind.ZONE, Kind.ROAD}
