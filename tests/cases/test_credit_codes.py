"""统一社会信用代码: the check letter of GB 32100-2015."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.credit_codes import ALPHABET, check_letter, credit_code
from cases.inputs import InvalidInput

# Codes of well-known public companies, as printed on their reports.
REAL = ["91370200163562681G", "91370200264574251E", "91110000600037341L", "91440300708461136T"]
CODES = st.builds(
    lambda division, body: f"91{division:06}{body}",
    st.integers(100000, 659999),
    st.text(alphabet=ALPHABET, min_size=9, max_size=9),
).map(lambda first17: first17 + check_letter(first17))


@pytest.mark.parametrize("code", REAL)
def test_real_codes_are_right(code):
    assert credit_code(code) == code


def test_it_may_be_typed_in_any_way():
    assert credit_code(" 9137 0200-1635 62681g ") == credit_code("９１３７０２００１６３５６２６８１Ｇ") == REAL[0]


@given(CODES)
def test_every_code_made_so_is_taken(code):
    assert credit_code(code) == code


@given(CODES, st.integers(2, 17), st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_always_noticed(code, place, letter):
    wrong = code[:place] + letter + code[place + 1 :]
    if wrong != code:
        with pytest.raises(InvalidInput):
            credit_code(wrong)


@given(CODES, st.integers(8, 15))
def test_two_exchanged_neighbours_are_noticed(code, place):
    wrong = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if wrong != code:
        with pytest.raises(InvalidInput):
            credit_code(wrong)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("", "没有填写"),
        ("9137020016356268", "现在是16位"),
        ("91370200163562681GG", "现在是19位"),
        ("91370200163562681I", "不该出现"),
        ("9137O200163562681G", "不该出现"),
        ("91370200163562682G", "校验位"),
        ("00370200163562681G", "不该出现"),
        ("1" * 18, "校验位"),
    ],
)
def test_what_is_wrong_is_said(code, message):
    with pytest.raises(InvalidInput, match=message):
        credit_code(code)
