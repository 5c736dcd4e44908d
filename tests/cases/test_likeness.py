"""How alike two tips read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.likeness import likeness

TEXTS = st.lists(st.text(alphabet="安全出口上锁堆物灭火器失效,。ab1", max_size=30), max_size=6)


@given(st.text(alphabet="安全出口上锁堆物灭火器失效,。ab1", max_size=30), TEXTS)
def test_it_lies_between_nothing_and_the_same(text, others):
    scores = likeness(text, others)
    assert len(scores) == len(others)
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in scores)


def test_the_same_words_are_the_same_and_other_words_are_not():
    text = "仓库安全出口被铁链锁住"
    same, near, other, nothing = likeness(text, [text, "仓库的安全出口,被铁链给锁住了", "饭店后厨没有装燃气报警器", ""])
    assert same == pytest.approx(1)
    assert 0.3 < near < 1
    assert other == nothing == 0


def test_rare_words_weigh_more_than_common_ones():
    common = ["安全出口堵了", "安全出口锁了", "安全出口坏了"]
    scores = likeness("安全出口贴了封条", [*common, "楼道贴了封条"])
    assert scores[-1] > max(scores[:-1])
