from decimal import Decimal
from fractions import Fraction

import pytest

from rewards.money import MAX_FEN, WrongAmount, exact_yuan, parse_yuan, round_to_fen, yuan


@pytest.mark.parametrize(
    ("given", "fen"),
    [
        (0, 0),
        (12000, 1_200_000),
        ("12000", 1_200_000),
        (" 12,000.5 ", 1_200_050),
        ("12000", 1_200_000),
        ("0.01", 1),
        (Decimal("12000.10"), 1_200_010),
        (Decimal("1E+3"), 100_000),
        (Decimal("1.000000000000000000000000000000000000000"), 100),
        ("100000000000", MAX_FEN),
    ],
)
def test_amounts_that_can_be_read(given, fen):
    assert parse_yuan(given) == fen


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "没有填"),
        ("  ", "没有填"),
        (True, "是或否"),
        (-1, "负数"),
        ("-0.01", "负数"),
        (1.5, "要填数字"),
        ([], "要填数字"),
        ("1.2万", "单位"),
        ("12000元", "单位"),
        ("¥12000", "单位"),
        ("1,20", "单位"),
        ("1e3", "单位"),
        ("nan", "单位"),
        ("一万", "单位"),
        ("٣", "单位"),
        ("\x00", "单位"),
        ("1" * 5000, "单位"),
        (Decimal("NaN"), "有效的数字"),
        (Decimal("Infinity"), "有效的数字"),
        (Decimal("1E+999999999"), "太大"),
        (10**30, "太大"),
        ("100000000000.01", "太大"),
        ("0.001", "分"),
        (Decimal("1E-999999999"), "分"),
        (Decimal("1.00000000000000000000000000000000000000000001"), "分"),
    ],
)
def test_amounts_that_are_refused(given, says):
    with pytest.raises(WrongAmount, match=says) as refused:
        parse_yuan(given, "penalty_yuan")
    assert refused.value.field == "penalty_yuan"
    assert refused.value.status == 400


def test_amounts_are_shown_with_separators():
    assert yuan(300_000) == "¥3,000.00"
    assert yuan(-1) == "-¥0.01"
    assert yuan(0) == "¥0.00"
    assert exact_yuan(Fraction(37, 2)) == "¥0.185"
    assert exact_yuan(Fraction(180_000)) == "¥1,800.00"


def test_half_a_fen_is_rounded_up():
    assert [round_to_fen(Fraction(n, 4)) for n in (0, 1, 2, 3, 4, 6)] == [0, 0, 1, 1, 1, 2]
