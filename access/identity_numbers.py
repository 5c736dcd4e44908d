"""Telephone, identity card and bank card numbers in a text, however they are grouped.

A number is a row of digit groups with at most two separators between neighbours. A group ends at a separator, and
where the way of writing changes ("13812345678二十分钟"): the caller gives digits and the text as written.

Sources: identity card GB 11643-1999 (check digit ISO 7064 MOD 11-2; 15 digits before 1999); bank card ISO/IEC 7812-1
(Luhn); mobile numbers 11 digits from 13 to 19.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

MAX_DIGITS = 19
_GROUP = re.compile(r"[0-9]+[Xx]?")
# The last two stand behind each digit that is written as a key cap (1️⃣).
_SEPARATOR = re.compile(r"[\s\-‐-―_.·•()+,、/\u200b-\u200f\u2060\ufeff\ufe0f\u20e3]{0,2}")
# Between numbers of a list stands the same; so these separate only what is grouped as a telephone number is read out.
_KEY_CAP = re.compile("[\ufe0f\u20e3]{0,2}")
_LISTING = frozenset(",、/")
_PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)
_PHONE_SHAPES = frozenset(
    [(11,), (3, 4, 4), (3, 8), (7, 4), (4, 7), (4, 3, 4), (4, 4, 3), (3, 3, 5), (5, 6), (6, 5), (3, 3, 3, 2), (3, 5, 3)]
)
_CARD_START = re.compile(r"62|60|9558|4|5[1-5]|35|3[47]")
_CARD_SHAPES = frozenset([(4, 4, 4, 4), (4, 4, 4, 4, 3), (6, 13), (6, 10), (4, 4, 4, 4, 2)])
# The number of a thing: directly behind these words no eleven digits are a telephone. ("身份证号" is no such word.)
_OF_A_THING = re.compile(
    r"(?:订单|单号|运单|快递|编号|序号|流水号?|设备|出厂|注册|代码|合同|许可|(?<!身份)证号|批号|钢印|型号|案号|文号|条码|表号|"
    r"发票)[号码是为:()\s]{0,4}$"
)
_BEFORE_A_NUMBER = 10
_UNIT = re.compile(r"\s?(?:元|吨|米|立方|平方|㎡|公里|千瓦)")
_AFTER_PHONE_WORD = re.compile(
    r"(?:电话|座机|手机号?|联系方式|联系我|号码)[号码是为:;,\s]{0,4}"
    r"((?:0[0-9]{2,3}[- ]?)?[2-8][0-9]{6,7}|1[0-9]{9,11})(?![0-9])"
)
_AREA_CODE = re.compile(r"(?<![0-9-])(?:\(0[0-9]{2,3}\)|0[0-9]{2,3})[- ]{0,2}[2-8][0-9]{2,3}[- ]?[0-9]{4}(?![0-9-])")
_AFTER_CARD_WORD = re.compile(
    r"(?:(?<![油水饭禁话C])卡[号上里]?|账号|账户|帐号|帐户)[号码是为:;,\s]{0,4}([0-9](?:[ -]?[0-9]){11,18})(?![0-9])"
)
_LAST_OF_PHONE = re.compile(r"(?:电话|手机|号码)号?(?:的?尾号|(?:后|末)4位)[是为:\s]{0,3}([0-9]{4})(?![0-9])")
_LAST_OF_ID = re.compile(r"身份证号?(?:的?尾号|(?:后|末)[46]位)[是为:\s]{0,3}([0-9]{3,5}[0-9Xx])(?![0-9])")
_AFTER_ID_WORD = re.compile(r"(?:身份证|证件)[号码是为:;,\s]{0,5}([0-9](?:[ -]?[0-9]){13,16}[ -]?[0-9Xx])(?![0-9])")
_AFTER_WORDS = (
    (_AFTER_ID_WORD, "id_card"), (_LAST_OF_ID, "id_card"), (_AFTER_CARD_WORD, "bank_card"),
    (_AFTER_PHONE_WORD, "phone"), (_LAST_OF_PHONE, "phone"),
)  # fmt: skip


@dataclass(frozen=True)
class NumberRun:
    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class _Group:
    start: int
    end: int
    digits: str
    gap: str  # the separator between the group before and this one
    joined: bool  # belongs to the same row as the group before


def numbers_in(digits: str, written: str) -> list[NumberRun]:
    """The longest first: of two that overlap it is the whole one.

    `digits` has every digit made plain, `written` is the same text before; both of one length.
    """
    return sorted(_runs(digits, written), key=lambda run: run.start - run.end)


def _runs(digits: str, written: str) -> Iterator[NumberRun]:
    groups = list(_groups(digits, written))
    at = 0
    while at < len(groups):
        taken = _longest(groups, at)
        if taken is None:
            at += 1
        else:
            kind, count = taken
            start, end = groups[at].start, groups[at + count - 1].end
            if kind == "id_card" or not _counts_a_thing(digits, start, end):
                yield NumberRun(start, _KEY_CAP.match(digits, end).end(), kind)  # type: ignore[union-attr]
            at += count
    for expression, kind in _AFTER_WORDS:
        for match in expression.finditer(digits):
            start, end = match.span(1)
            if not _is_tip_number(match.group(1)) and not (kind == "phone" and _counts_a_thing(digits, start, end)):
                yield NumberRun(start, end, kind)
    for match in _AREA_CODE.finditer(digits):
        if not _is_tip_number(match.group()):
            yield NumberRun(match.start(), match.end(), "phone")


def _counts_a_thing(digits: str, start: int, end: int) -> bool:
    before = digits[max(0, start - _BEFORE_A_NUMBER) : start]
    return _OF_A_THING.search(before) is not None or _UNIT.match(digits[end : end + 3]) is not None


def _is_tip_number(text: str) -> bool:
    """Grouped as our receipts are. With a leading 0 it could be a landline; the receipt is the likelier one here."""
    return re.fullmatch(r"[0-9]{4}-[0-9]{4}-[0-9]{4}", text) is not None


def _groups(digits: str, written: str) -> Iterator[_Group]:
    end_before = -1
    for match in _GROUP.finditer(digits):
        start = match.start()
        # Cut where plain digits meet Chinese ones.
        cuts = [start]
        for at in range(start + 1, match.end()):
            if written[at].isascii() != written[at - 1].isascii():
                cuts.append(at)
        cuts.append(match.end())
        for left, right in pairwise(cuts):
            between = digits[end_before:left] if end_before >= 0 and left - end_before <= 2 else None
            joined = between is not None and _SEPARATOR.fullmatch(between) is not None
            yield _Group(left, right, digits[left:right], between or "", joined)
            end_before = right


def _longest(groups: list[_Group], at: int) -> tuple[str, int] | None:
    """(kind, number of groups) of the longest number that starts with group `at`."""
    best = None
    row: list[_Group] = []
    text = ""
    for group in groups[at : at + MAX_DIGITS]:
        if row and not group.joined:
            break
        row.append(group)
        text += group.digits
        if len(text) > MAX_DIGITS:
            break
        kind = _kind_of(text, row)
        if kind:
            best = (kind, len(row))
    return best


def _kind_of(text: str, row: list[_Group]) -> str | None:
    if len(text) < 11:
        return None
    if len(text) == 18 and is_id_card(text):
        return "id_card"
    if text[-1] in "Xx":
        return None
    if len(text) == 15 and is_old_id_card(text):
        return "id_card"
    if 16 <= len(text) <= 19 and _CARD_START.match(text) and _is_card(text, row):
        return "bank_card"
    for prefix in ("", "86", "0086"):
        if text.startswith(prefix) and _is_mobile(text[len(prefix) :], row, len(prefix)):
            return "phone"
    return None


def _is_card(text: str, row: list[_Group]) -> bool:
    """Right by its check digit; or grouped like a card, for one mistyped digit still leads to its owner."""
    if any(group.gap.strip() in _LISTING for group in row[1:] if group.gap.strip()):
        return False
    return passes_luhn(text) or tuple(len(group.digits) for group in row) in _CARD_SHAPES


def _is_mobile(number: str, row: list[_Group], skip: int) -> bool:
    if len(number) != 11 or number[0] != "1" or number[1] not in "3456789":
        return False
    sizes = [len(group.digits) for group in row]
    while skip:  # the country code stands in groups of its own or before the first digits
        eaten = min(skip, sizes[0])
        sizes[0] -= eaten
        skip -= eaten
        if not sizes[0]:
            sizes.pop(0)
    if any(_LISTING.intersection(group.gap) for group in row[1:]):
        return tuple(sizes) == (3, 4, 4)
    glued = all(not group.gap for group in row[1:])
    return glued or tuple(sizes) in _PHONE_SHAPES or max(sizes) <= 2


def passes_luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def check_digit(first17: str) -> str:
    """The last character of an 18-digit identity number (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(first17))
    return "10X98765432"[total % 11]


def is_id_card(number: str) -> bool:
    """18 characters with a possible province and birthday. One wrong digit still tells who it is: with these two
    right it counts even if the check digit is wrong (chance for a random number: 1 in 7,000)."""
    if not number[:17].isdigit():
        return False
    if number[:2] in _PROVINCES and _is_birthday(number[6:14]):
        return True
    return number[0] in "12345678" and number[17].upper() == check_digit(number[:17]) and _is_birthday(number[6:14])


def is_old_id_card(number: str) -> bool:
    return number.isdigit() and number[:2] in _PROVINCES and _is_birthday("19" + number[6:12])


def _is_birthday(text: str) -> bool:
    try:
        born = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return 1900 <= born.year <= date.today().year
