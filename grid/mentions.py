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
_ENDS = frozenset(
    "，。！？；：、,.!?;:()（）[]【】\"'“”‘’ \t\r\n0123456789的有这那某附附旁里内一是在和与跟及到往从边就我他她老"
) | {""}
_BORDERING_STREET = frozenset("，。！？；：、,.!?;:()（）[]【】\"'“”‘’ \t\r\n0123456789的有这那某附旁") | {""}
_STREETS_THERE = re.compile(r"两边|两旁|两侧|上[的有都全卖摆停乱到，,。]")
# Words before a name that say it is not the place in question.
_ASIDE_WORDS = tuple(
    "家住 住在 我住 老家 老家在 来自 户籍 户籍在 户口在 户口 注册在 注册地 注册地址 注册地是 注册地为 总部 总部在 总公司 总公司在 "
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
    starts = {end - value[0] + 1 for end, value in hits} if len(hits) > 1 else frozenset()
    outside_words = lexicon.outside_words
    previous: Found | None = None
    for last, (length, name, senses) in hits:
        start, end = last - length + 1, last + 1
        first: Found | None = None
        for sense in senses:
            kind = sense.kind
            if kind is Kind.NOISE:
                continue
            if kind in _CAN_BE_ROAD and _ROAD_AFTER.match(text, end):
                continue
            # 李村河 runs through half the city.
            if kind is Kind.STREET_SHORT and text[end : end + 1] == "河":
                continue
            # 台东街道上有人… speaks of the streets there, not of the office.
            if kind is Kind.STREET and name.endswith("街道") and _STREETS_THERE.match(text, end):
                sense = sense._replace(kind=Kind.STREET_SHORT)
                kind = Kind.STREET_SHORT
            if kind is Kind.DISTRICT_SHORT and name.endswith(("市南", "市北")):
                if not (text[end : end + 1] in _ENDS or end in starts or text.startswith("区", end)):
                    continue
                if start and text[start - 1] in "城超门夜早集菜全本我" and not name.startswith("青岛"):
                    continue
            # 海阳市场 is a market, 抚顺市民 are people.
            if kind is Kind.OUTSIDE and name[-1] == "市" and text[end : end + 1] in ("场", "民"):
                continue
            if kind is Kind.OUTSIDE_SHORT:
                if _OUT_DISTRICT_AFTER.match(text, end) and sense.sure:
                    sense = sense._replace(kind=Kind.OUTSIDE)
                elif text.startswith(outside_words, end):
                    continue
            item = Found(name, start, end, sense.kind, sense.places, sense)
            if kind is Kind.STREET_SHORT or kind is Kind.DISTRICT_SHORT:
                item.closed = text[end : end + 1] in _BORDERING_STREET
            found.append(item)
            first = first or item
        if first is None:
            continue
        before = text[max(0, start - _ASIDE_REACH) : start].rstrip(":：")
        chained = (
            previous is not None and previous.aside and start - previous.end <= 1 and text[previous.end : start] in "的"
        )
        aside = chained or before.endswith(_ASIDE_WORDS) or _people(text, end)
        for item in found[-len(senses) :]:
            if item.start == start:
                item.aside = aside
        previous = first
    return found


def _people(text: str, end: int) -> bool:
    """即墨人, 李村籍 are people; 即墨人民医院 is a place."""
    after = text[end : end + 2]
    return after[:1] == "籍" or (after[:1] == "人" and after not in ("人民", "人才", "人社"))


_CAN_BE_ROAD = frozenset(
    {Kind.DISTRICT_SHORT, Kind.STREET_SHORT, Kind.OUTSIDE_SHORT, Kind.LANDMARK, Kind.VILLAGE, Kind.CITY}
)
