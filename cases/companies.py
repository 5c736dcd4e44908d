"""Names of companies as people write them, brought to a form in which the same company looks the same.

`normal_company` drops what does not tell companies apart: spaces, full-width letters, brackets, 省 and 市 in front, the
legal form (有限公司, 集团) and, behind the legal form, the branch. `alike` forgives one typing mistake.
"""

import re
import unicodedata
from itertools import pairwise
from typing import NamedTuple

_NOISE = re.compile(r"[\s()\[\]{}《》〈〉“”\"'·・,.，。、_-]+")
_REGION = re.compile(r"^(?:[一-鿿]{2,3}省)?(?:[一-鿿]{2,3}市)?(?=.{3})")
_COMPANY = re.compile(r"(?:股份)?有限(?:责任)?公司|总公司")
_LEGAL_FORM = re.compile(r"(?:集团|股份|控股|责任|公司|\(?(?:有限|普通)合伙\)?)+$")
_BRANCH = re.compile(r"(?:第?[一二三四五六七八九十\d]+)?分(?:公司|店|厂|部)$")
_KIND = re.compile(r"(?<=..)(?:厂|店|部|经营部|经销处|服务部)$")
MIN_FOR_TYPING_MISTAKES = 4
MIN_SHORT_NAME = 3
MAX_CITY = 3


class Name(NamedTuple):
    """`key` tells companies apart, `branch` (台东店) the places of one company."""

    key: str
    branch: str


def read_name(name: str) -> Name:
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", name)).upper()
    plain = _REGION.sub("", plain)
    form = _COMPANY.search(plain)
    if form and form.start() >= 2:
        head, branch = plain[: form.start()], plain[form.end() :]
    else:
        found = _BRANCH.search(plain)
        head, branch = (plain[: found.start()], found.group()) if found and found.start() >= 2 else (plain, "")
    short = _LEGAL_FORM.sub("", head)
    short = _KIND.sub("", short if len(short) >= 2 else head)
    return Name(short if len(short) >= 2 else head, branch)


def normal_company(name: str) -> str:
    """The part of a company's name that tells it from others; "" for no name."""
    return read_name(name).key


def alike(one: str, other: str) -> str:
    """How two normalised names agree, in words for people: the same, nearly the same, or "" (not)."""
    if not one or not other:
        return ""
    if one == other:
        return "单位名称相同"
    short, long = sorted((one, other), key=len)
    if len(short) >= MIN_SHORT_NAME and long.endswith(short):
        return "单位名称相近"  # 青岛兴达木业 and 兴达木业
    if len(short) < MIN_FOR_TYPING_MISTAKES:
        return ""
    city = len(long) - len(short) <= MAX_CITY and one_mistake(short, long[-len(short) :])
    return "单位名称相近" if city or one_mistake(short, long) else ""


def one_mistake(short: str, long: str) -> bool:
    """One letter exchanged, left out, put in, or two neighbours swapped."""
    if not 0 <= len(long) - len(short) <= 1:
        return False
    start = 0
    while start < len(short) and short[start] == long[start]:
        start += 1
    left, right = short[start:], long[start:]
    if len(short) < len(long):
        return left == right[1:]
    return left[1:] == right[1:] or (left[2:] == right[2:] and left[:2] == right[1::-1])


def grams(text: str) -> list[str]:
    """What a name can be searched by in the database: its letters and pairs of neighbours, each once."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()
    return sorted({*plain, *(a + b for a, b in pairwise(plain))})


def searched_grams(text: str) -> list[str]:
    """What a searched text must have in common with a name: pairs, or its one letter."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()
    return sorted({a + b for a, b in pairwise(plain)}) if len(plain) > 1 else list(plain)
