"""What the first job proposes."""

from pathlib import Path

import pytest

from cases.dispatch import proposal
from cases.inputs import InvalidInput
from cases.places import checked_choice, divisions, with_choice_of_place
from cases.understanding import LOW_CONFIDENCE, _with_choice
from grid.coordinates import Point
from grid.service import Locator

CITY_DIR = Path(__file__).parents[2] / "grid" / "qingdao"
ROWS = [{"type": "hot_work", "confidence": 0.8, "words": []}, {"type": "no_ppe", "confidence": 0.1, "words": []}]


def test_the_reporters_choice_stands_first_and_is_marked():
    assert [row["type"] for row in _with_choice(ROWS, "")] == ["hot_work"]
    chosen = _with_choice(ROWS, "no_ppe")
    assert [row["type"] for row in chosen] == ["no_ppe", "hot_work"]
    assert chosen[0]["chosen"] and chosen[0]["confidence"] == 0.1 < LOW_CONFIDENCE
    assert _with_choice(ROWS, "three_in_one")[0] == {
        "type": "three_in_one", "confidence": 0.0, "words": [], "chosen": True
    }  # fmt: skip


def test_the_reporters_choice_is_no_proposal_of_the_program():
    """Else a correction would say that the model had read what it had not."""
    assert proposal({"types": _with_choice(ROWS, "no_ppe")})["types"] == ["hot_work"]
    assert proposal({"types": _with_choice(ROWS, "hot_work")})["types"] == ["hot_work"]


@pytest.fixture(scope="module")
def locator():
    return Locator.for_demonstration(CITY_DIR)


@pytest.mark.parametrize(
    ("text", "chosen", "street"),
    [
        ("王家庄村", "即墨区 环秀街道", "环秀街道"),
        ("什么也没说", "即墨区 环秀街道", "环秀街道"),
        ("市南区和市北区都有", "市北区", None),
        ("在蓝村街道", "即墨区", "蓝村街道"),  # the words say more than the choice
        ("在蓝村街道", "即墨区 环秀街道", "环秀街道"),
    ],
)
def test_a_place_the_reporter_chose_leads_but_is_not_certain(locator, text, chosen, street):
    location = with_choice_of_place(locator.locate(text), chosen)
    assert (location.district, location.street) == (chosen.split()[0], street)
    assert (location.certain, location.district_certain, location.basis) == (False, False, "chosen")
    assert "举报人自己选的是" in location.explanation


def test_a_position_outweighs_the_choice_and_no_choice_changes_nothing(locator):
    there = locator.locate("王家庄村", Point(120.38541, 36.06765))
    assert with_choice_of_place(there, "莱西市 姜山镇") is there
    stated = locator.locate("城阳区流亭街道")
    assert with_choice_of_place(stated, "") is stated and stated.certain


@pytest.mark.parametrize("chosen", ["没有区", "城阳区 台东街道", "$where", "城阳区 流亭街道 x"])
def test_a_choice_must_be_in_the_list(chosen):
    with pytest.raises(InvalidInput) as refused:
        checked_choice(divisions(CITY_DIR), chosen)
    assert refused.value.field == "chosen_place"
