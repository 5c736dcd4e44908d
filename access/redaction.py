"""Take the reporter's own data out of a text before anybody or anything else sees it.

What is found is replaced by a mark, e.g. ［电话］; the values go to the vault. Place names, amounts, dates, companies
and tip numbers stay, because the case needs them. Each step is linear in the length of the text: every repetition in
the expressions is bounded.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from access.identity_numbers import NumberRun, numbers_in
from access.reporter_names import names_in

MARKS = {
    "phone": "［电话］",
    "id_card": "［身份证］",
    "bank_card": "［银行卡］",
    "email": "［邮箱］",
    "wechat": "［微信］",
    "qq": "［QQ］",
    "plate": "［车牌］",
    "name": "［姓名］",
    "employment": "［身份］",
}


@dataclass(frozen=True)
class Found:
    """`kind` is a key of `MARKS`, `value` the words as they were written."""

    kind: str
    value: str


@dataclass(frozen=True)
class Redacted:
    text: str
    found: list[Found]


@dataclass(frozen=True)
class Span:
    """`text[start:end]` becomes `mark`; `value` None: a part that goes with the span before it."""

    start: int
    end: int
    kind: str
    value: str | None
    mark: str


_CHINESE_DIGITS = dict(zip("零〇○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "0001234567891123456789", strict=True))
_DIGITS = {**_CHINESE_DIGITS, **{chr(0x2460 + n): str(n + 1) for n in range(9)}, "Х": "X", "х": "x"}

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64} ?(?:@|\(at\)|艾特) ?[A-Za-z0-9-]{1,63}"
    r"(?: ?\. ?[A-Za-z0-9-]{1,63}){1,4}"
)
_JOIN = r"[ \t]{0,3}(?:号码?|账号|ID|id)?[ \t]{0,3}(?:是|为|[:;=,])?[ \t]{0,3}"
_WECHAT = re.compile(
    rf"(?:微信|薇信|威信|(?<![A-Za-z])(?:wechat|weixin|wx|vx)(?![A-Za-z])|加[vV微]){_JOIN}([A-Za-z0-9][A-Za-z0-9_-]{{5,19}})",
    re.IGNORECASE,
)
_QQ = re.compile(rf"(?:(?<![A-Za-z])qq|扣扣|企鹅){_JOIN}([1-9][0-9]{{4,11}})(?![0-9])", re.IGNORECASE)
_PLATE = re.compile(
    r"我(?:的|家的?|开的|自己的|本人的)?(?:车牌|车号|私家车|汽车|车)[^。;!?\n]{0,8}?"
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Za-z][·•. -]?[A-Za-z0-9]{5,6})"
    r"(?![A-Za-z0-9])"
)


def shadow_of(text: str) -> tuple[str, str]:
    """Two copies of the same length: full-width forms made plain, and in the second Chinese digits made digits too."""
    plain = "".join(_plain(c) for c in text)
    return plain, "".join(_DIGITS.get(c, c) for c in plain)


def _plain(c: str) -> str:
    if c < "\x7f":
        return c
    if c == "。":
        return c
    folded = unicodedata.normalize("NFKC", c)
    return folded if len(folded) == 1 else c


def redact(text: str) -> Redacted:
    """The text with marks, and what was taken out, in order of appearance."""
    if not text:
        return Redacted("", [])
    plain, digits = shadow_of(text)
    # Earlier kinds win where two overlap: a phone number after "微信" is one thing, not two.
    spans = [*_numbers(text, plain, digits), *_keyword_spans(text, plain, digits), *_name_spans(text, plain)]
    pieces: list[str] = []
    found: list[Found] = []
    at = 0
    for span in _without_overlap(spans, len(text)):
        pieces += [text[at : span.start], span.mark]
        if span.value is not None:
            found.append(Found(span.kind, span.value))
        at = span.end
    return Redacted("".join(pieces) + text[at:], found)


def _numbers(text: str, plain: str, digits: str) -> Iterator[Span]:
    run: NumberRun
    for run in numbers_in(digits, plain):
        yield Span(run.start, run.end, run.kind, text[run.start : run.end], MARKS[run.kind])


def _keyword_spans(text: str, plain: str, digits: str) -> Iterator[Span]:
    for kind, expression, copy in (
        ("email", _EMAIL, digits),
        ("wechat", _WECHAT, digits),
        ("qq", _QQ, digits),
        ("plate", _PLATE, plain),
    ):
        for match in expression.finditer(copy):
            start, end = match.span(match.lastindex or 0)
            yield Span(start, end, kind, text[start:end], MARKS[kind])


def _name_spans(text: str, plain: str) -> Iterator[Span]:
    for name in names_in(plain):
        for number, (start, end) in enumerate(name.parts):
            whole = text[name.start : name.end]
            yield Span(start, end, name.kind, None if number else whole, "" if number else MARKS[name.kind])


def _without_overlap(spans: list[Span], length: int) -> list[Span]:
    taken = bytearray(length + 1)
    kept = []
    for span in spans:
        if not any(taken[span.start : span.end]):
            taken[span.start : span.end] = b"\x01" * (span.end - span.start)
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)
