"""Immediate danger in a reporter's words: found before anything else reads them, answered before anything else speaks.

A missed fire costs more than a false alarm, but an alarm on every 灭火器过期 would make people ignore alarms. So a text
raises danger when it *states* that something is happening now; negated, past, practised and feared dangers do not.
Patterns over folded characters come first, then a small linear model for what they do not know (danger_model.py). Neither
needs Rasa or word cutting: it works when everything else is down.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from cases.danger_model import MAX_SENTENCE, danger_model
from cases.danger_words import (
    ASKS_IN_GENERAL,
    ASKS_WHAT_TO_DO,
    HERE,
    HERE_NOW,
    NOT_NOW_AFTER,
    NOT_NOW_BEFORE,
    NOT_NOW_SENTENCE,
    NOW,
    SOUNDS,
    TRIGGERS,
    WORDS_BY_SOUND,
)

ADVICE = {
    "fire": "请马上离开，到安全的地方拨打 119。弯腰捂住口鼻走楼梯，不要坐电梯，不要回去拿东西，离开时随手关门。",
    "smoke": "请马上离开有烟的地方，拨打 119。弯腰捂住口鼻走楼梯，不要坐电梯；出不去就关门堵缝，到窗口呼救。",
    "leak": "请马上往上风方向撤离，到远处再拨打 119。不要开关电器、不要点火、不要在现场打电话，提醒旁边的人一起离开。",
    "trapped": "请马上拨打 119 救援，有人受伤同时拨打 120。救援到来之前不要自己下去救人，不要硬拉硬撬，先断电停机。",
    "fainted": "请马上拨打 120 和 119。千万不要自己下到池、井、罐里救人，里面可能有毒气或缺氧；请大家离开洞口，保持通风。",
    "collapse": "请马上离开，远离还会倒塌的地方，拨打 119；有人受伤同时拨打 120。不要返回，不要自己进去挖人。",
    "shock": "请马上断电并拨打 120；断不了电就不要碰触电的人，用干木棒挑开电线。掉落的电线请离开 10 米以外，拨打 119。",
    "explosion": "请马上离开，远离现场，小心再次爆炸，拨打 119；有人受伤同时拨打 120。不要围观，不要返回。",
    "help": "请先保护自己，马上拨打：着火、被困打 119，有人受伤打 120，有人行凶打 110。到安全的地方再和我说。",
}
KINDS = tuple(ADVICE)
LEAD = "⚠️ 如果危险正在发生："

_SENTENCE_END = re.compile(r"[。!?;\n]")
_CLAUSE_END = re.compile(r"[,、。!?;:\n]")
# From this probability on the model raises danger.
SUSPECTED = 0.4
# Below this one the words of a pattern are taken for something else; a call for help is always heard.
ABSURD = 0.01  # of a text of which the model knows at least half
LEAST_KNOWN = 0.5
LEAST_CHARACTERS = 6  # shorter calls are words that the patterns know
_BACK, _AHEAD = 60, 24  # characters looked at around a trigger; bounds the work on long texts


@dataclass(frozen=True)
class Danger:
    """`kind` is a key of `ADVICE`; `words` (start, end) in the original text; `advice` in Chinese, to be shown first."""

    kind: str
    words: tuple[int, int]
    advice: str


def danger_in(text: str) -> Danger | None:
    """The danger that the text says is happening now, or None. About linear in the length of the text."""
    folded, origins = fold(text)
    found = _by_patterns(folded, _plausible) or _by_model(folded)
    if found is None:
        return None
    _, start, end, kind = found
    return Danger(kind, (origins[start], origins[end - 1] + 1), LEAD + ADVICE[kind])


def patterns_find(text: str) -> str | None:
    """The kind of danger by the patterns alone, as the model's training needs it."""
    found = _by_patterns(fold(text)[0], lambda folded, match: True)
    return found[3] if found else None


Found = tuple[bool, int, int, str]
"""Whether it is only a call for help, start, end, kind; the smallest is the one that counts."""


def _by_patterns(folded: str, plausible: Callable[[str, re.Match[str]], bool]) -> Found | None:
    found: Found | None = None
    for kind, pattern in TRIGGERS:
        for match in pattern.finditer(folded):
            rank = (kind == "help", match.start(), match.end(), kind)
            if found is not None and rank >= found:
                break
            if _happening(folded, match.start(), match.end()) and (kind == "help" or plausible(folded, match)):
                found = rank
                break
    return found or _by_sound(folded)


def _plausible(folded: str, match: re.Match[str]) -> bool:
    """The model has learned what the words of danger also stand for (颠倒了, 出不来, 晕了)."""
    # Only what can belong to the sentence is searched: a long text has many places to judge.
    begin = max(0, match.start() - MAX_SENTENCE // 2)
    begin = max((stop.end() for stop in _SENTENCE_END.finditer(folded, begin, match.start())), default=begin)
    furthest = min(len(folded), begin + MAX_SENTENCE)
    stop = _SENTENCE_END.search(folded, match.end(), furthest)
    end = stop.start() if stop else furthest
    suspicion = danger_model().suspect(folded[begin : max(end, match.end())])
    return suspicion.share >= ABSURD or suspicion.known < LEAST_KNOWN


def _by_model(folded: str) -> Found | None:
    """Told in words that no pattern knows; the words of then and what-if take it back here too."""
    model = danger_model()
    for start, end in sentences(folded):
        sentence = folded[start:end]
        if len(sentence) < LEAST_CHARACTERS:
            continue
        suspicion = model.suspect(sentence)
        if suspicion.share >= SUSPECTED and not _then_or_asked(sentence, suspicion.start):
            return (suspicion.kind == "help", start + suspicion.start, start + suspicion.end, suspicion.kind)
    return None


def _then_or_asked(sentence: str, at: int) -> bool:
    """Told of another time, or asked in general in the clause at this place."""
    before = _CLAUSE_END.split(sentence[:at])[-1]
    clause = before + _CLAUSE_END.split(sentence[at:], maxsplit=1)[0]
    if ASKS_IN_GENERAL.search(clause) and not HERE_NOW.search(clause):
        return True
    return bool(NOT_NOW_SENTENCE.search(sentence)) and not NOW.search(sentence)


def sentences(folded: str) -> Iterator[tuple[int, int]]:
    """(start, end) of the sentences; a long one in pieces that end at a comma where there is one."""
    start = 0
    while start < len(folded):
        stop = _SENTENCE_END.search(folded, start)
        end = stop.start() if stop else len(folded)
        if end - start > MAX_SENTENCE:
            commas = [match.end() for match in _CLAUSE_END.finditer(folded, start, start + MAX_SENTENCE)]
            end = commas[-1] if commas and commas[-1] - start > MAX_SENTENCE // 2 else start + MAX_SENTENCE
        if end > start:
            yield start, end
        start = end + 1 if stop and end == stop.start() else max(end, start + 1)


def fold(text: str) -> tuple[str, list[int]]:
    """Comparable characters and, for each, its index in `text`. White space and invisible characters go."""
    kept: list[str] = []
    origins: list[int] = []
    for index, char in enumerate(text):
        if "一" <= char <= "鿿":
            kept.append(char)
            origins.append(index)
            continue
        for plain in _plain(char):
            kept.append(plain)
            origins.append(index)
    return "".join(kept), origins


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    if char == "\n":
        return char
    plain = unicodedata.normalize("NFKC", char).lower()
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c)[0] not in "CM")


def _happening(folded: str, start: int, end: int) -> bool:
    """False when the words around say: not, long ago, a drill, what if, a thing's name."""
    before = folded[max(0, start - _BACK) : start]
    after = folded[end : end + _AHEAD]
    sentence = _SENTENCE_END.split(before)[-1]
    clause = _CLAUSE_END.split(sentence)[-1]
    rest = _CLAUSE_END.split(after, maxsplit=1)[0]
    if NOT_NOW_BEFORE.search(clause):
        return False
    # "我们厂着火了怎么办" calls for help; "着火了怎么办" may be a question of the curious.
    calls = ASKS_WHAT_TO_DO.match(after) and HERE.search(clause + folded[start:end])
    if NOT_NOW_AFTER.match(after) and not calls:
        return False
    own = clause + folded[start:end] + rest
    around = own if calls else sentence + folded[start:end] + _SENTENCE_END.split(after, maxsplit=1)[0]
    if ASKS_IN_GENERAL.search(own) and not HERE_NOW.search(own):
        return False
    if not NOT_NOW_SENTENCE.search(around):
        return True
    # "去年也这样，现在又着火了": the words of now stand nearer than the words of then.
    return NOW.search(own) is not None


def _by_sound(folded: str) -> Found | None:
    """Typed by ear: 煤七 for 煤气. Only where 了 or a call follows, and only when the characters are no word themselves."""
    for match in WORDS_BY_SOUND.finditer(folded):
        pair = match.group(1)
        kind = SOUNDS(pair)
        if kind and _happening(folded, match.start(1), match.end(1)):
            return (False, match.start(1), match.end(1), kind)
    return None
