"""The same company, however its name is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.companies import alike, grams, normal_company, one_mistake, read_name, searched_grams

SAME = [
    ("兴达木业", "兴达木业有限公司"),
    ("兴达木业", "山东省青岛市兴达木业有限责任公司"),
    ("青岛兴达木业", " 青岛 兴达木业股份有限公司 "),
    ("利群商厦", "利群商厦有限公司台东店"),
    ("利群商厦", "利群商厦第二分公司"),
    ("海尔青岛电器", "海尔(青岛)电器有限公司"),
    ("ABC精密", "ＡＢＣ精密有限公司"),
    ("红星机械", "红星机械厂"),
]


@pytest.mark.parametrize(("key", "written"), SAME)
def test_what_does_not_tell_companies_apart_is_dropped(key, written):
    assert normal_company(written) == key


def test_the_branch_is_kept_apart():
    assert read_name("利群商厦有限公司台东店").branch == "台东店"
    assert read_name("利群商厦第二分公司").branch == "第二分公司"


@pytest.mark.parametrize("name", ["公司", "有限公司", "厂", "店", "", " ", "集团"])
def test_a_name_that_is_only_a_legal_form_breaks_nothing(name):
    assert isinstance(normal_company(name), str)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("兴达木业", "兴达木业", "单位名称相同"),
        ("兴达木业", "兴大木业", "单位名称相近"),  # one letter
        ("兴达木业", "兴达木木业", "单位名称相近"),  # one too many
        ("兴达木业", "达兴木业", "单位名称相近"),  # swapped
        ("青岛兴达木业", "兴达木业", "单位名称相近"),  # without the city
        ("青岛兴大木业", "兴达木业", "单位名称相近"),  # both
        ("兴达木业", "兴旺板业", ""),
        ("永和", "永利", ""),  # too short for mistakes
        ("", "", ""),
        ("", "兴达木业", ""),
    ],
)
def test_alike(one, other, found):
    assert alike(one, other) == alike(other, one) == found


@given(st.text(alphabet="甲乙丙丁", min_size=4, max_size=8), st.integers(0, 7), st.sampled_from("甲乙丙丁戊"))
def test_one_exchanged_letter_is_one_mistake(name, at, letter):
    at %= len(name)
    assert one_mistake(name, name[:at] + letter + name[at + 1 :])


@given(st.text(max_size=30), st.text(max_size=10))
def test_what_a_name_contains_finds_it(name, part):
    whole = name + part + name
    assert set(searched_grams(part)) <= set(grams(whole))
