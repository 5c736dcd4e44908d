"""Repairing homophones and one wrong character, used only when nothing was found as written.

A window of the text matches a name when its syllables are the same (zh/z, ch/c, sh/s, l/n, -ng/-n not told apart in
names of three and more) and at least one character agrees; or when one character of a full street name differs.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from itertools import product

from pypinyin import Style, pinyin

from grid.lexicon import Kind, Lexicon, Where

MAX_TEXT = 2000  # characters looked at; a place is named early, and this path is slow
_MAX_READINGS = 24
_STOPS = frozenset("，。！？；：、,.!?;:()（）[]【】\"'“”‘’ \t\r\n0123456789的有这那某附旁是市区县") | {""}
_COUNTY = frozenset("市区县")
_BEFORE_SHORT = ("青岛", "青岛市", "在", "到", "去")
Repair = tuple[int, int, str, Where]  # start, end, the name meant, its place


class Phonetic:
    """Names by sound and by all characters but one."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._by_sound: dict[tuple[str, ...], list[tuple[str, Where, bool]]] = defaultdict(list)
        self._by_gap: dict[str, set[tuple[str, Where]]] = defaultdict(set)
        self._lengths: list[int] = []
        self._begins: set[tuple[str, str]] = set()  # how the first two characters of any name may sound
        self._lexicon = lexicon
        self._built = False

    def repair(self, text: str, district: str | None, taken: list[tuple[int, int]]) -> list[Repair]:
        """The most telling repairs, best first; [] when there is none or they contradict each other too much."""
        if not self._built:
            self._build()
        text = text[:MAX_TEXT]
        covered = {i for start, end in taken if start < MAX_TEXT for i in range(start, min(end, MAX_TEXT))}
        found = self._sounds(text, district, covered) or self._one_wrong(text, district, covered)
        best: list[Repair] = []
        for repair in sorted(found, key=lambda r: (r[0] - r[1], r[0])):
            if not any(repair[0] < end and start < repair[1] for start, end, *_ in best):
                best.append(repair)
        # 占山街道酒店: a full name outweighs a chance likeness of a short one.
        whole = [r for r in best if r[2].endswith(("街道", "镇", "区", "市", "办事处"))]
        streets = [r for r in whole if r[3][1]]
        return sorted(streets or whole or best)[:4]

    def _build(self) -> None:
        divisions = self._lexicon.divisions
        for district in divisions.districts:
            self._learn(district, (district, None), short=False)
            self._learn(district[:-1], (district, None), short=True)
        for name, senses in self._lexicon.senses.items():
            for sense in senses:
                if sense.kind is Kind.STREET and name.endswith(("街道", "镇", "办事处")):
                    self._learn(name, sense.places[0], short=False)
                    self._learn_gaps(name, sense.places[0])
                elif sense.kind is Kind.STREET_SHORT:
                    if len(name) >= 3 or sense.sure:
                        self._learn(name, sense.places[0], short=len(name) < 3)
                elif sense.kind is Kind.DISTRICT and not name.startswith("青岛"):
                    self._learn(name, sense.places[0], short=False)
                elif sense.kind is Kind.LANDMARK and len(name) >= 4 and len(sense.places) == 1:
                    self._learn(name, sense.places[0], short=False)
        self._lengths = sorted({len(key) for key in self._by_sound}, reverse=True)
        self._built = True

    def _learn(self, name: str, where: Where, *, short: bool) -> None:
        loose = len(name) >= 3
        readings = [sorted({_fuzzy(s) if loose else s for s in _readings(c)}) for c in name]
        for syllables in list(product(*readings))[:_MAX_READINGS]:
            entry = (name, where, short)
            self._begins.add((_fuzzy(syllables[0]), _fuzzy(syllables[1])))
            if entry not in self._by_sound[syllables]:
                self._by_sound[syllables].append(entry)

    def _learn_gaps(self, name: str, where: Where) -> None:
        base = name.removesuffix("街道").removesuffix("镇").removesuffix("办事处")
        tail = name[len(base) :]
        if len(base) >= 2:
            for i in range(len(base)):
                self._by_gap[base[:i] + "?" + base[i + 1 :] + tail].add((name, where))

    def _sounds(self, text: str, district: str | None, covered: set[int]) -> list[Repair]:
        found: list[Repair] = []
        strict = [_heard(c) for c in text]
        soft = [_soft(c) for c in text]
        for start in range(len(text) - 1):
            # Most places of a text drop out here, going by two characters.
            if start in covered or self._begins.isdisjoint(product(soft[start], soft[start + 1])):
                continue
            for length in self._lengths:
                end = start + length
                if end > len(text) or not all(strict[start:end]):
                    continue
                for name, where, short in self._sounding(strict[start:end]):
                    if self._plausible(text, start, end, name, short) and district in (None, where[0]):
                        found.append((start, end, name, where))
        return found

    def _sounding(self, syllables: list[tuple[str, ...]]) -> list[tuple[str, Where, bool]]:
        loose = len(syllables) >= 3
        first = tuple(_fuzzy(s[0]) if loose else s[0] for s in syllables)
        hits = list(self._by_sound.get(first, ()))
        for i, options in enumerate(syllables):
            if len(options) > 1:
                other = (*first[:i], _fuzzy(options[1]) if loose else options[1], *first[i + 1 :])
                hits += self._by_sound.get(other, ())
        return hits

    @staticmethod
    def _plausible(text: str, start: int, end: int, name: str, short: bool) -> bool:
        window = text[start:end]
        same = sum(a == b for a, b in zip(window, name, strict=True))
        if window == name or not same:
            return False
        if not short:
            return same >= 2
        after = text[end : end + 1]
        return after in _STOPS and (start == 0 or text[:start].endswith(_BEFORE_SHORT) or after in _COUNTY)

    def _one_wrong(self, text: str, district: str | None, covered: set[int]) -> list[Repair]:
        """One different character in the base of a full street name, when only one street is like that."""
        found: list[Repair] = []
        for tail in ("街道", "镇", "办事处"):
            at = text.find(tail)
            while at >= 0:
                if at not in covered:
                    found += self._like(text, at, tail, district)
                at = text.find(tail, at + 1)
        return found

    def _like(self, text: str, at: int, tail: str, district: str | None) -> list[Repair]:
        for length in (4, 3, 2):
            start = at - length
            if start < 0 or (length == 2 and district is None):
                continue
            base = text[start:at]
            like = {
                hit
                for i in range(length)
                for hit in self._by_gap.get(base[:i] + "?" + base[i + 1 :] + tail, ())
                if district in (None, hit[1][0])
            }
            if len({where for _, where in like}) == 1:
                name, where = next(iter(sorted(like)))
                return [(start, at + len(tail), name, where)]
        return []


@lru_cache(maxsize=30_000)
def _readings(char: str) -> list[str]:
    """Toneless readings of a Chinese character, the usual one first; [] for anything else."""
    if not "一" <= char <= "龥":
        return []
    return list(dict.fromkeys(pinyin(char, style=Style.NORMAL, heteronym=True)[0]))[:3]


# Text characters whose second reading is a real one in names; rare readings of all others only make noise.
_SECOND_READINGS = {"柏": "bo", "藏": "cang", "大": "dai", "重": "chong", "长": "zhang", "岘": "xian", "佰": "bo"}


@lru_cache(maxsize=30_000)
def _heard(char: str) -> tuple[str, ...]:
    """How a typed character is heard: its usual reading, and the second where names have it."""
    second = _SECOND_READINGS.get(char)
    return (*_readings(char)[:1], *((second,) if second else ()))


@lru_cache(maxsize=30_000)
def _soft(char: str) -> tuple[str, ...]:
    return tuple(_fuzzy(syllable) for syllable in _heard(char))


@lru_cache(maxsize=3_000)
def _fuzzy(syllable: str) -> str:
    """zh ch sh l ang eng ing, as many speakers say and type them."""
    for hard, soft in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if syllable.startswith(hard):
            syllable = soft + syllable[2:]
    if syllable.startswith("l"):
        syllable = "n" + syllable[1:]
    return syllable[:-1] if syllable.endswith("ng") else syllable
