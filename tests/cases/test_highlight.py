import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.highlight import Piece, pieces


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], [Piece("安全出口锁着")]),
        ([("a", [[0, 4]])], [Piece("安全出口", ("a",)), Piece("锁着")]),
        ([("a", [[0, 4]]), ("b", [[2, 6]])], [Piece("安全", ("a",)), Piece("出口", ("a", "b")), Piece("锁着", ("b",))]),
        ([("a", [[4, 99], [-1, 2], [3, 3], [9, 12]])], [Piece("安全出口"), Piece("锁着", ("a",))]),
    ],
)
def test_words_that_led_to_types(spans, expected):
    assert pieces("安全出口锁着", [{"type": kind, "words": words} for kind, words in spans]) == expected


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40)), max_size=6))
def test_no_character_is_lost_or_doubled(text, spans):
    assert "".join(piece.text for piece in pieces(text, [{"type": "a", "words": spans}])) == text
