"""New names out of corrections: which words are proposed, and what an accepted one changes."""

import yaml

from grid.proposals import Told, aliases_yaml, propose


def told(case: int, text: str, district: str, street: str | None, corrected: bool = True) -> Told:
    return Told(f"c{case}", text, district, street, corrected)


def found(gazetteer, rows, **more):
    return {(p.word, p.district, p.street): (p.cases, p.against) for p in propose(gazetteer, rows, **more)}


def test_a_word_of_several_corrected_cases_is_proposed_with_its_street(gazetteer):
    rows = [
        told(1, "老砖瓦窑附近的冷库漏氨", "城阳区", "夏庄街道"),
        told(2, "城阳老砖瓦窑北边的作坊", "城阳区", "夏庄街道"),
        told(3, "在老砖瓦窑对面", "城阳区", "夏庄街道"),
    ]
    assert found(gazetteer, rows) == {("老砖瓦窑", "城阳区", "夏庄街道"): (3, 0)}


def test_cases_that_disagree_about_the_street_propose_the_district(gazetteer):
    rows = [told(1, "老砖瓦窑冷库", "城阳区", "夏庄街道"), told(2, "老砖瓦窑旁边", "城阳区", "流亭街道")]
    assert found(gazetteer, rows) == {("老砖瓦窑", "城阳区", None): (2, 0)}


def test_the_same_words_sent_twice_are_one_witness(gazetteer):
    rows = [told(1, "老砖瓦窑冷库", "城阳区", "夏庄街道"), told(2, "老砖瓦窑 冷库", "城阳区", "夏庄街道")]
    assert found(gazetteer, rows) == {}
    assert ("老砖瓦窑冷库", "城阳区", "夏庄街道") in found(gazetteer, rows, at_least=1)


def test_cases_elsewhere_speak_against_a_word_and_common_words_drop_out(gazetteer):
    rows = [
        told(1, "老砖瓦窑的废品站", "城阳区", "夏庄街道"),
        told(2, "废品站在老砖瓦窑", "城阳区", "夏庄街道"),
        told(3, "村头的废品站", "平度市", "南村镇", corrected=False),
        told(4, "废品站着火", "莱西市", "姜山镇", corrected=False),
        told(5, "老砖瓦窑", "莱西市", "姜山镇", corrected=False),
    ]
    assert found(gazetteer, rows) == {("老砖瓦窑", "城阳区", "夏庄街道"): (2, 1)}


def test_what_was_read_right_teaches_nothing(gazetteer):
    rows = [told(n, f"老砖瓦窑{n}号院", "城阳区", "夏庄街道", corrected=False) for n in range(5)]
    assert found(gazetteer, rows) == {}


def test_official_names_and_names_read_so_already_are_not_proposed(gazetteer):
    rows = [
        told(1, "城阳区流亭街道傅家埠村", "城阳区", "惜福镇街道"),
        told(2, "流亭街道的傅家埠村", "城阳区", "惜福镇街道"),
    ]
    assert found(gazetteer, rows) == {}


def test_a_learned_name_is_read_as_a_suggestion_and_leaves_again(gazetteer):
    learned = gazetteer.with_aliases([("老砖瓦窑", ("城阳区", "夏庄街道")), ("五四广场", ("市北区", None))])
    place = learned.locate("老砖瓦窑的作坊")
    assert (place.district, place.street, place.certain) == ("城阳区", "夏庄街道", False)
    assert learned.locate("五四广场").district == "市北区"  # a person's word over what the file infers
    assert gazetteer.locate("老砖瓦窑的作坊").district is None
    assert learned.with_aliases([]).locate("五四广场").district == "市南区"


def test_a_learned_name_never_outweighs_an_official_one(gazetteer):
    learned = gazetteer.with_aliases([("流亭街道", ("平度市", None)), ("城阳", ("平度市", None))])
    for text in ("流亭街道", "城阳", "老砖瓦窑，城阳区流亭街道"):
        assert learned.locate(text).district == "城阳区"


def test_the_export_is_what_the_file_of_the_city_looks_like():
    text = aliases_yaml(
        [("老砖瓦窑", ("城阳区", "夏庄街道")), ("老机场", ("城阳区", None)), ("一号坑", ("莱西市", None))]
    )
    assert yaml.safe_load(text) == {
        "landmarks": {"城阳区": ["老机场", "老砖瓦窑"], "莱西市": ["一号坑"]},
        "landmark_streets": {"夏庄街道": ["老砖瓦窑"]},
    }
    assert yaml.safe_load(aliases_yaml([])) == {"landmarks": None, "landmark_streets": None}
