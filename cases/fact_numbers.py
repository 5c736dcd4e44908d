"""Numbers as people say them: 三, 俩, 七八(个), 二十来(个), 一百多(号), 几(个)."""

import re

SOME = -1

# What can be an amount; always followed by a measure word or a noun in the rules that use it.
AMOUNT = r"(?:\d{1,4}|好?几(?:十|百)?|[一二两三四五六七八九十百千零〇]{1,6}几?|俩|仨|好些|不少|许多|若干)"
# 二十来个, 三十多名, 十余人
ABOUT = r"(?:多|来|余|好几)?"

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_SPOKEN_RANGE = re.compile(r"[一二两三四五六七八九]{2}")


def number(said: str) -> int | None:
    """十二 → 12, 七八 → 7, 二十七八 → 27, 十几 → 10; None when it is no number (几, 好几, 不少)."""
    if said.isdecimal():
        return int(said)
    said = _SPOKEN_RANGE.sub(lambda match: match.group()[0], said).removesuffix("几")
    total, digit = 0, 0
    for char in said:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _UNITS:
            total += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            return None
    return total + digit or None


def amount(said: str) -> int:
    """How many: the number, or -1 for 几, 好几, 不少."""
    return number(said) or SOME
