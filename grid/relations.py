"""How a text says where the spot lies beside a place it names: 派出所对面, 东侧200米, A路与B路交叉口.

The words are kept for the people who must find the spot. They also tell when the spot may lie outside the street that is
named: three kilometres north of it, or where it borders on the next one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from grid.lexicon import Kind
from grid.mentions import Found

_NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|[零一二两三四五六七八九十百千几半]+)"
_DISTANCE = rf"(?P<number{{0}}>{_NUMBER})[多来]?(?P<unit{{0}}>公里|千米|里地|里路|米)"
_ABOUT = "(?:大约|大概|不到|差不多|约)?"
_SIDE = "(?:东南|东北|西南|西北|东|西|南|北)"
_ROAD = "[一-龥0-9A-Z]{1,6}?(?:路|街|大道|国道|省道|高速)"
_CROSSING = re.compile(
    rf"{_ROAD}(?:与|和|跟|同|、)?{_ROAD}的?(?:十字|丁字)?(?:交叉路口|交叉口|交叉处|交汇处|交汇口|交界处|交口|路口|口)(?:{_SIDE}[角侧边])?"
)
_BESIDE = re.compile(
    # The first characters once more: nearly all places of a text drop out by them.
    r"(?=[对隔附周旁边背前后东南西北交接界之中0-9零一二两三四五六七八九十百千几半])(?:(?:"
    r"对(?:面|过|门)|隔壁|附近|周边|旁边|旁|边上|背后|[前后]面"
    rf"|{_SIDE}(?:侧|面|边|头|端|首|邻|角|门)?的?(?:方向)?[走行去]?{_ABOUT}{_DISTANCE.format(1)}"
    rf"|{_SIDE}(?:侧|面|边|头|端|首|邻|角|门|方向)"
    rf"|(?P<border>交界|接壤|边界)|(?P<between>之间|中间))处?(?:[，,]?{_ABOUT}{_DISTANCE.format(2)})?"
    rf"|{_DISTANCE.format(3)}处?)"
)
_CROSSES = re.compile("[路街道线速]口|交叉|交汇|交界|交口")
_HINT = re.compile("[交对隔旁附周侧边头端首邻角门口米界壤间背]|[东西南北前后]面|公里|方向|里[地路]")
_REACH = 10  # characters between a name and what is said about it
_BREAK = re.compile(r"[，。！？；,!?;\n]")
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "几": 3, "半": 0.5}
_TENS = {"十": 10, "百": 100, "千": 1000}
_WIDE = frozenset({Kind.CITY, Kind.DISTRICT, Kind.DISTRICT_SHORT, Kind.STREET, Kind.STREET_SHORT, Kind.ZONE})


class Relation(NamedTuple):
    """Where in the plain text it stands, how far it leads from what is named, and whether to its border."""

    start: int
    end: int
    metres: float = 0.0
    border: bool = False


def relation_in(text: str, found: list[Found]) -> Relation | None:
    """What the text says about the spot beside the names in it, or None."""
    if not found or not _HINT.search(text, found[0].end):
        return None
    if ("口" in text or "交" in text) and _CROSSES.search(text) and (crossing := _CROSSING.search(text)):
        names = [item.end for item in found if item.kind in _WIDE and item.start <= crossing.start() < item.end]
        return Relation(max([crossing.start(), *names]), crossing.end())
    first = 0
    for match in _BESIDE.finditer(text, found[0].end):
        while first + 1 < len(found) and found[first + 1].end <= match.start():
            first += 1
        if match.start() - found[first].end > _REACH:
            if first + 1 == len(found):
                return None
            continue
        told = match.lastindex is not None  # a distance or a border
        border = told and bool(match["border"] or (match["between"] and first))
        anchor = found[first - 1] if border and first else found[first]
        between = text[max(anchor.end, match.start() - 2 * _REACH) : match.start()].rstrip("正斜往向朝约以之")
        if not between or (len(between) <= _REACH and not _BREAK.search(between)):
            start = anchor.end if between and anchor.kind in _WIDE and not border else anchor.start
            return Relation(start, match.end(), _metres(match) if told else 0.0, border)
    return None


def _metres(match: re.Match[str]) -> float:
    for group in "123":
        if number := match[f"number{group}"]:
            unit = match[f"unit{group}"]
            return _value(number) * (1000 if unit in ("公里", "千米") else 500 if unit.startswith("里") else 1)
    return 0.0


def _value(number: str) -> float:
    """200, 1.5, 两百, 三千五, 十五; near enough."""
    if number[0].isascii():
        return float(number)
    total, digit = 0.0, 0.0
    for char in number:
        if char in _TENS:
            total += (digit or 1) * _TENS[char]
            digit = 0.0
        else:
            digit = _DIGITS[char]
    return total + digit
