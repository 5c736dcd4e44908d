import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid.finding import NOWHERE


@pytest.mark.parametrize(
    ("text", "district", "street", "certain"),
    [
        ("城阳区流亭街道", "城阳区", "流亭街道", True),
        ("流亭街道办", "城阳区", "流亭街道", True),
        ("城阳区流亭，有个厂", "城阳区", "流亭街道", True),
        ("城阳区流亭机场", "城阳区", "流亭街道", False),
        ("流亭的厂子", "城阳区", "流亭街道", False),
        ("黄岛区长江路街道", "黄岛区", "长江路街道", True),
        ("黄岛区长江路", "黄岛区", None, False),
        ("长江路", None, None, False),
        ("青岛市市南区", "市南区", None, False),
        ("青岛市南区香港中路街道", "市南区", "香港中路街道", True),
        ("青岛市南京路", None, None, False),
        ("超市北侧", None, None, False),
        ("胶州湾大桥", None, None, False),
        ("即墨市灵山镇", "即墨区", "灵山街道", True),
        ("灵山卫街道", "黄岛区", "灵山卫街道", True),
        ("黄岛区灵山岛", "黄岛区", "灵山岛省级自然保护区", True),
        ("城阳", "城阳区", None, False),
        ("开发区的工地", "黄岛区", None, False),
        ("胶州市开发区的工地", "胶州市", None, False),
        ("李村河边", None, None, False),
    ],
)
def test_reading(gazetteer, text, district, street, certain):
    place = gazetteer.locate(text)
    assert (place.district, place.street, place.certain) == (district, street, certain), place.explanation


def test_every_street_stated_in_full_is_certain(gazetteer):
    for street in gazetteer.lexicon.divisions.streets:
        place = gazetteer.locate(f"{street.name}有人举报")
        assert (place.district, place.street, place.certain) == (street.district, street.name, True)


def test_a_contradiction_gives_both_candidates(gazetteer):
    place = gazetteer.locate("市南区台东街道")
    assert not place.certain and place.street is None
    assert {(c.district, c.street) for c in place.candidates} == {("市北区", "台东街道"), ("市南区", None)}
    assert "不在市南区" in place.explanation


def test_a_village_in_several_streets_gives_candidates_and_no_guess(gazetteer):
    place = gazetteer.locate("刘家庄村")
    assert place.district is None and len(place.candidates) > 1


def test_a_district_narrows_a_village(gazetteer):
    place = gazetteer.locate("莱西市刘家庄村")
    assert (place.district, place.street, place.certain) == ("莱西市", "望城街道", False)
    assert place.district_certain


def test_spans_point_into_the_original_text(gazetteer):
    text = "在 城 阳 区 的流亭街道"
    place = gazetteer.locate(text)
    assert [text[m.start : m.end] for m in place.stated] == ["城 阳 区", "流亭街道"]


def test_a_company_or_dish_named_after_a_city_is_not_outside(gazetteer):
    for text in ("重庆火锅店", "兰州拉面", "城阳区流亭街道的上海某公司"):
        assert gazetteer.locate(text).outside_city is None


def test_our_own_landmark_outweighs_a_visitor(gazetteer):
    assert gazetteer.locate("五四广场有上海来的演出").district == "市南区"
    assert gazetteer.locate("上海万象城").outside_city == "上海"


def test_repair_does_not_touch_what_was_found(gazetteer):
    assert gazetteer.locate("我们厂里叉车没有牌照") == NOWHERE


HOSTILE = [
    "",
    "\x00",
    "\ud800",
    "$where",
    '{"$ne":1}',
    "/intent{}",
    "\u202e区阳城",
    "😡" * 50,
    "１２３４５",
    "区" * 500,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_read_without_harm(gazetteer, text):
    assert gazetteer.locate(text).certain is False


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="青岛市南北城阳即墨胶州流亭李村路街道区镇号的在人 ，１a", max_size=40))
def test_any_text_gives_a_consistent_answer(gazetteer, text):
    place = gazetteer.locate(text)
    if place.certain:
        assert (place.district, place.street) in gazetteer.lexicon.divisions.street_set
    for mention in place.stated:
        assert 0 <= mention.start < mention.end <= len(text)


@pytest.mark.parametrize(
    "piece",
    [
        "城阳区流亭街道王家庄超市北侧。",
        "啊",
        "某街道",
        "家住",
        " 区 ",
        "东侧附近",
        "流亭对面，",
        "从莱西运到平度",
        "长江路与",
    ],
)
def test_a_very_long_text_takes_linear_time(gazetteer, piece):
    def seconds(length):
        text = ("流亭街道" + piece * (length // len(piece) + 1))[:length]
        started = time.process_time()
        gazetteer.locate(text)
        return time.process_time() - started

    seconds(1000)
    assert seconds(100_000) < 2.0


def test_every_target_of_the_aliases_exists(gazetteer):
    divisions, aliases = gazetteer.lexicon.divisions, gazetteer.lexicon.aliases
    districts = set(divisions.districts)
    streets = {s for _, s in divisions.street_set}
    assert set(aliases["former_districts"].values()) | set(aliases["zones"].values()) <= districts
    assert set(aliases["landmarks"]) | set(aliases["roads"]) | set(aliases["former_towns"]) <= districts
    assert set(aliases["landmark_streets"]) <= streets
    assert {tuple(t.split("/")) for t in aliases["former_streets"].values()} <= divisions.street_set
    landmarks = {name for names in aliases["landmarks"].values() for name in names}
    assert {name for names in aliases["landmark_streets"].values() for name in names} <= landmarks


def test_the_longest_names_are_found_from_the_left(gazetteer):
    names = set(gazetteer.lexicon.senses)

    def by_hand(text):
        position, found = 0, []
        while position < len(text):
            best = next(
                (n for n in range(min(20, len(text) - position), 0, -1) if text[position : position + n] in names), 0
            )
            if best:
                found.append(text[position : position + best])
            position += best or 1
        return found

    for text in (
        "青岛市市南区香港中路街道",
        "即墨路小商品市场在市北区台东三路",
        "上海东路王家庄子村旁",
        "胶州市南关村委会",
    ):
        found = gazetteer.lexicon.names_in(text)
        named = [gazetteer.lexicon.entries[number][0] for number, _, _ in found]
        assert [text[start:end] for _, start, end in found] == named == by_hand(text)
