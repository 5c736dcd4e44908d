"""Money is an integer number of fen (分, 1/100 yuan). There is no float anywhere in this room."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import NewType

from store.errors import Refusal

Fen = NewType("Fen", int)

# 100 billion yuan: above every fine and every budget we can meet, and far below 2**53,
# so that a sum of amounts still survives JavaScript and JSON readers unharmed.
MAX_FEN = Fen(10**13)

_PLAIN_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")
_GROUPED_DECIMAL = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


class WrongAmount(Refusal):
    """An amount of money that cannot be read exactly."""


def parse_yuan(value: object, field: str = "amount_yuan") -> Fen:
    """Read an amount in yuan: an int, a Decimal, or a plain decimal string as typed into a form ("12000.50", "12,000").

    Refuses (`WrongAmount`, naming `field`): nothing, a float (not exact), text with units, a negative amount,
    NaN or infinity, a fraction of a fen, more than 100 billion yuan.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        raise WrongAmount("没有填金额。请填以元为单位的数字，例如 12000。", field=field)
    if isinstance(value, bool):
        raise WrongAmount("金额要填数字，不能填是或否。请填以元为单位的数字，例如 12000。", field=field)
    if isinstance(value, int):
        return _in_range(Decimal(value), field)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise WrongAmount("金额不是有效的数字。请填以元为单位的数字，例如 12000。", field=field)
        return _in_range(value, field)
    if isinstance(value, str):
        return _in_range(_decimal_of(value, field), field)
    raise WrongAmount("金额要填数字。请填以元为单位的数字，例如 12000 或 12000.50。", field=field)


def _decimal_of(text: str, field: str) -> Decimal:
    # Full-width digits come from Chinese input methods and mean the same; thousands commas count only in their place.
    plain = unicodedata.normalize("NFKC", text).strip()
    if _GROUPED_DECIMAL.fullmatch(plain):
        plain = plain.replace(",", "")
    if len(plain) > 40 or not plain.isascii() or not _PLAIN_DECIMAL.fullmatch(plain):
        raise WrongAmount(
            "金额里只能有数字和一个小数点，不要写“元”“万元”等单位或其他文字。例如 1.2 万元请填 12000。", field=field
        )
    return Decimal(plain)


def _in_range(amount: Decimal, field: str) -> Fen:
    if amount < 0:
        raise WrongAmount("金额不能是负数。请填 0 或大于 0 的数字。", field=field)
    # Magnitude first: an exponent of a million must not become a number with a million digits.
    if amount.adjusted() > 15 or amount > MAX_FEN // 100:
        raise WrongAmount("金额太大，超过一千亿元。请检查是否多写了零，或把单位弄错了。", field=field)
    exponent = amount.as_tuple().exponent
    fen = Fraction(amount) * 100 if isinstance(exponent, int) and exponent > -60 else Fraction(1, 2)
    if fen.denominator != 1:
        raise WrongAmount("金额最多写到分（两位小数）。请检查小数位。", field=field)
    return Fen(fen.numerator)


def yuan(fen: int) -> str:
    """300000 → "¥3,000.00"; negative amounts keep the sign in front: "-¥1.00"."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def decimal_yuan(fen: int) -> str:
    """150000 → "1500.00", for programs: no sign of currency, no thousands commas."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def exact_yuan(fen: Fraction) -> str:
    """Like `yuan`, for a value between two fen: shows every decimal (18.5 fen → "¥0.185").

    The fraction must end in decimal notation; it always does, since rates are whole basis points.
    """
    decimals = 2
    while (fen * 10 ** (decimals - 2)).denominator != 1:
        decimals += 1
        assert decimals < 30, f"{fen} has no finite decimal form"
    digits = str(int(abs(fen) * 10 ** (decimals - 2))).rjust(decimals + 1, "0")
    return f"{'-' if fen < 0 else ''}¥{int(digits[:-decimals]):,}.{digits[-decimals:]}"


def round_to_fen(amount: Fraction) -> Fen:
    """Round half up to a whole fen (四舍五入到分). Amounts are never negative here."""
    assert amount >= 0
    return Fen(int(amount + Fraction(1, 2)))
