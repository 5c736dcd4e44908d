"""Immediate danger in a reporter's words: found before anything else reads them, answered before anything else speaks.

A missed fire costs more than a false alarm, but an alarm on every 灭火器过期 would make people ignore alarms. So a text
raises danger when it *states* that something is happening now; negated, past, practised and feared dangers do not.
Pure patterns over folded characters (no word cutting, no model): it works when everything else is down.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from cases.danger_words import (
    ASKS_WHAT_TO_DO,
    HERE,
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
_BACK, _AHEAD = 60, 24  # characters looked at around a trigger; bounds the work on long texts


@dataclass(frozen=True)
class Danger:
    """`kind` is a key of `ADVICE`; `words` (start, end) in the original text; `advice` in Chinese, to be shown first."""

    kind: str
    words: tuple[int, int]
    advice: str


def danger_in(text: str) -> Danger | None:
    """The danger that the text says is happening now, or None. About linear in the length of the text."""
    folded, origins = _fold(text)
    if not folded:
        return None
    found: tuple[bool, int, int, str] | None = None
    for kind, pattern in TRIGGERS:
        for match in pattern.finditer(folded):
            rank = (kind == "help", match.start(), match.end(), kind)
            if found is not None and rank >= found:
                break
            if _happening(folded, match.start(), match.end()):
                found = rank
                break
    if found is None:
        found = _by_sound(folded)
    if found is None:
        return None
    _, start, end, kind = found
    return Danger(kind, (origins[start], origins[end - 1] + 1), LEAD + ADVICE[kind])


def _fold(text: str) -> tuple[str, list[int]]:
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
    if not NOT_NOW_SENTENCE.search(around):
        return True
    # "去年也这样，现在又着火了": the words of now stand nearer than the words of then.
    return NOW.search(own) is not None


def _by_sound(folded: str) -> tuple[bool, int, int, str] | None:
    """Typed by ear: 煤七 for 煤气. Only where 了 or a call follows, and only when the characters are no word themselves."""
    for match in WORDS_BY_SOUND.finditer(folded):
        pair = match.group(1)
        kind = SOUNDS(pair)
        if kind and _happening(folded, match.start(1), match.end(1)):
            return (False, match.start(1), match.end(1), kind)
    return None
