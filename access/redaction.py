"""Take the reporter's own data out of a text before anybody or anything else sees it.

What is found is replaced by a mark, e.g. ［电话］; the values go to the vault. Place names, amounts, dates, companies
and tip numbers stay, because the case needs them. Each step is linear in the length of the text: every repetition in
the expressions is bounded.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from access.identity_numbers import NumberRun, numbers_in
from access.reported_contacts import belongs_to_the_reported
from access.reporter_names import NameFound, names_in, names_near

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
    "home": "［住址］",
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
    r"(?: ?(?:\.|点|\(dot\)) ?[A-Za-z0-9-]{1,63}){1,4}"
)
_JOIN = r"[ \t]{0,3}(?:号码?|账号|ID|id)?[吧啊呀哈]?[ \t]{0,3}(?:是|为|[:;=,])?[ \t]{0,3}"
_ACCOUNT = r"[A-Za-z0-9][A-Za-z0-9_-]{5,19}"
_WECHAT = re.compile(
    rf"(?:(?:微信|[薇威vV]信|(?<![A-Za-z])(?:wechat|weixin|wx|vx)(?![A-Za-z])|加[vV微薇]|加个?微信){_JOIN}"
    rf"|(?<![A-Za-z0-9])[vVwW][xX](?!id_))({_ACCOUNT})|(?<![A-Za-z0-9])(wxid_[A-Za-z0-9]{{6,20}})"
    rf"|我的?(?:抖音|快手|小红书|微博|支付宝)(?:账|帐)?{_JOIN}([A-Za-z0-9][A-Za-z0-9_.-]{{4,23}})",
    re.IGNORECASE,
)
_QQ = re.compile(rf"(?:(?<![A-Za-z])qq(?:邮箱)?|扣扣|企鹅){_JOIN}([1-9][0-9]{{4,11}})(?![0-9])", re.IGNORECASE)
_PLATE_ITSELF = (
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Za-z][·•. -]?[A-Za-z0-9]{5,6})"
    r"(?![A-Za-z0-9])"
)
_PLATE = re.compile(
    r"(?:(?:我|本人)(?:的|家的?|们家的?|开的|自己的|本人的)?(?:车牌|车号|私家车|汽车|车|电动车|摩托车|货车)[^。;!?\n]{0,8}?|"
    rf"车主(?:是我|是本人)[^。;!?\n]{{0,8}}?){_PLATE_ITSELF}"
    rf"|{_PLATE_ITSELF}(?:就是|是|这是)我(?:的|家的?|开的|本人的)?车"
)
_STAFF_NUMBER = re.compile(r"(?:工号|员工号|工牌号?|员工编号)[是为: ]{0,3}([A-Za-z]{0,3}[0-9]{3,10})(?![0-9])")
_DOOR = (
    r"((?:[0-9]{1,3}(?:号楼|栋|幢|座|#楼?) ?)?(?:[0-9一二三四五六七八九十]{1,3}单元 ?[0-9]{0,4}(?:室|户|号)?"
    r"|[0-9]{3,4}(?:室|户)))"
)
_HOME = re.compile(
    r"(?:我(?:们家|家)?(?:就|现|租)?住|我(?:们家|家)(?:就)?(?:在|是)|我租的?房?在?|家住|本人(?:现)?住)"
    rf"(?!楼[上下])[^,。;!?\n]{{0,25}}?{_DOOR}"
)
# A pause and a question end in 么; only between digits, or before the second digit of a mobile number, is it a one.
_NOT_ONE_AFTER = frozenset("什怎多那这要")


def shadow_of(text: str) -> tuple[str, str]:
    """Two copies of the same length: full-width forms made plain, and in the second Chinese digits made digits too."""
    plain = "".join(_plain(c) for c in text)
    digits = "".join(_DIGITS.get(c, c) for c in plain)
    return plain, _with_spoken_ones(digits) if "么" in digits else digits


def _with_spoken_ones(digits: str) -> str:
    """么 for 幺, as many people write the one of a telephone number."""
    letters = list(digits)
    for at, letter in enumerate(letters):
        if letter == "么" and at + 1 < len(letters) and letters[at + 1].isdigit():
            before = letters[at - 1] if at else ""
            if before.isdigit() or (letters[at + 1] in "3456789" and before not in _NOT_ONE_AFTER):
                letters[at] = "1"
    return "".join(letters)


def _plain(c: str) -> str:
    if c < "\x7f":
        return c
    if c == "。":
        return c
    folded = unicodedata.normalize("NFKC", c)
    return folded if len(folded) == 1 else c


def redact(text: str) -> Redacted:
    """The text with marks, and what was taken out, in order of appearance."""
    pieces: list[str] = []
    found: list[Found] = []
    at = 0
    for span in spans_in(text):
        pieces += [text[at : span.start], span.mark]
        if span.value is not None:
            found.append(Found(span.kind, span.value))
        at = span.end
    return Redacted("".join(pieces) + text[at:], found)


def spans_in(text: str) -> list[Span]:
    """What is to be taken out, in order of appearance."""
    plain, digits = shadow_of(text)
    # Earlier kinds win where two overlap: a phone number after "微信" is one thing, not two. An address may be a number.
    addresses = _keyword_spans(text, ("email", _EMAIL, digits))
    accounts = _keyword_spans(
        text, ("wechat", _WECHAT, digits), ("qq", _QQ, digits), ("plate", _PLATE, plain),
        ("employment", _STAFF_NUMBER, plain), ("home", _HOME, plain),
    )  # fmt: skip
    contacts = [*addresses, *_numbers(text, plain, digits), *accounts]
    own = [span for span in contacts if not belongs_to_the_reported(plain, span.kind, span.start, span.end)]
    words = plain.replace("俺", "我")
    near = names_near(words, [(span.start, span.end) for span in own if span.kind in ("phone", "wechat", "qq")])
    names = [*_name_spans(text, names_in(words)), *_name_spans(text, near)]
    return _without_overlap([*own, *names], len(text))


def _numbers(text: str, plain: str, digits: str) -> Iterator[Span]:
    run: NumberRun
    for run in numbers_in(digits, plain):
        yield Span(run.start, run.end, run.kind, text[run.start : run.end], MARKS[run.kind])


def _keyword_spans(text: str, *rules: tuple[str, re.Pattern[str], str]) -> Iterator[Span]:
    """Each rule is (kind, expression, the copy of the text to look into)."""
    for kind, expression, copy in rules:
        for match in expression.finditer(copy):
            start, end = match.span(match.lastindex or 0)
            yield Span(start, end, kind, text[start:end], MARKS[kind])


def _name_spans(text: str, names: Iterable[NameFound]) -> Iterator[Span]:
    for name in names:
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
