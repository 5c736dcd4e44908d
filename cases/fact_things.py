"""Machines, vehicles, gear and substances as the reporter calls them; longest name at each place."""

import re
from collections.abc import Iterable

from cases.fact_words import Vocabulary, words

MAX_THINGS = 6

_THINGS = Vocabulary(words("machines", "substances"))
_NOT_THINGS = Vocabulary(words("not_things", "machine_not_verbs"))
_VERBS = Vocabulary(words("machine_verbs"))
# 切纸机, 挤奶机: a verb, at most two characters of what it works on, 机.
_BEFORE_MACHINE = re.compile(r"[一-鿿]")
# 不是台钻，是铣床; 厂里没有液氯
_DENIED = re.compile(r"(?:(?<!是)不是(?:用)?|没有?|并无|不用|没用|没存)$")
# 无, 缺 … what is missing is the matter, so only these four count as a denial of the thing itself.
_ONE_CHARACTER = {"氨": "漏罐味水阀管气，。,；; ", "苯": "，。,；; 味罐和、", "煤": "，。,；; 炉、"}


def things_in(text: str, names: Iterable[tuple[int, int]] = ()) -> tuple[str, ...]:
    """At most six; `names` are spans of units' names, where 钢管 in 鸿泰钢管租赁站 is no thing."""
    taken = [False] * len(text)
    for start, end in names:
        taken[start:end] = [True] * (end - start)
    found: list[str] = []
    at = 0
    while at < len(text):
        length = 0 if taken[at] else max(_THINGS.longest_at(text, at, len(text)), _machine_at(text, at))
        skip = _NOT_THINGS.longest_at(text, at, len(text))
        if skip >= length and skip:
            at += skip
            continue
        word = text[at : at + length]
        if length and not any(taken[at : at + length]) and _counts(text, at, word):
            found.append(word)
        at += length or 1
    kept = [word for word in dict.fromkeys(found) if not any(word != other and word in other for other in found)]
    return tuple(kept[:MAX_THINGS])


def _counts(text: str, at: int, word: str) -> bool:
    if word in _ONE_CHARACTER and (text[at + 1 : at + 2] or "，") not in _ONE_CHARACTER[word]:
        return False
    return not _DENIED.search(text[max(0, at - 3) : at])


def _machine_at(text: str, at: int) -> int:
    """Length of 切纸机 when it begins at `at`."""
    verb = _VERBS.longest_at(text, at, len(text))
    if not verb:
        return 0
    for length in (verb + 1, verb + 2, verb + 3):
        if text[at + length - 1 : at + length] == "机":
            named = text[at : at + length]
            plain = named[verb:-1] in ("", "的", "了", "着", "开", "关", "手", "司", "飞", "到", "完", "在", "过")
            if (plain and verb == 1) or named[-2:] in _NOT_THINGS or any(char in "的了着过被把在是" for char in named):
                return 0
            return length
    return 0
