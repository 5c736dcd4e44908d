"""Each rule of reading on sentences that stand in no table: what a name means where it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "relation", "certain"),
    [
        ("城阳区流亭街道派出所对面的仓库", "派出所对面", True),
        ("流亭街道办东侧200米有个加工厂", "流亭街道办东侧200米", True),
        ("莱西市水集街道办事处斜对过", "水集街道办事处斜对过", True),
        ("莱西市店埠镇前进村村西头", "前进村村西头", True),
        ("从李村大集往东走五百米", "李村大集往东走五百米", False),
        ("香港中路与南京路交叉口", "香港中路与南京路交叉口", False),
        ("市南区香港中路和山东路路口", "香港中路和山东路路口", False),
        ("海尔路苗岭路口", "海尔路苗岭路口", False),
        ("城阳区308国道与青威路交叉口东侧", "308国道与青威路交叉口东侧", False),
        ("夏庄街道北面三公里的采石场", "夏庄街道北面三公里", False),
        ("流亭街道以北十里地", "流亭街道以北十里地", False),
        ("平度市大泽山镇与莱西交界处的矿山", "大泽山镇与莱西交界处", False),
        ("在 流 亭 街 道 对面", "流 亭 街 道 对面", True),
        ("城阳区流亭街道的仓库，老板姓李", None, True),
        ("叉车对面没有护栏", None, False),
    ],
)
def test_what_lies_beside_a_name_is_kept_and_far_off_is_not_certain(gazetteer, text, relation, certain):
    place = gazetteer.locate(text)
    assert (place.relation, place.certain) == (relation, certain)
    assert relation is None or f"“{relation}”" in place.explanation


@pytest.mark.parametrize(
    ("text", "district", "street"),
    [
        ("我在城阳住，厂子在胶州铺集镇", "胶州市", "铺集镇"),
        ("公司总部在崂山区，工厂在平度市南村镇", "平度市", "南村镇"),
        ("总部位于崂山区香港东路，施工地点平度市蓼兰镇", "平度市", "蓼兰镇"),
        ("法人是胶州的，厂在莱西市姜山镇", "莱西市", "姜山镇"),
        ("不在黄岛区王台街道，在黄岛区泊里镇", "黄岛区", "泊里镇"),
        ("工头胶州人，在黄岛区辛安街道干活", "黄岛区", "辛安街道"),
        ("原来在四方区，现在搬到城阳区", "城阳区", None),
        ("从莱西运到平度市旧店镇的炸药", None, None),
        ("从黄岛区辛安街道拉到胶州市铺集镇的危废", None, None),
        ("从流亭街道送到上马街道", "城阳区", None),
        ("供货商在胶州，货堆在李沧区湘潭路街道", "李沧区", "湘潭路街道"),
        ("这批稀料是从胶州运来的，现在放在夏庄街道", "城阳区", "夏庄街道"),
        ("莱西买的旧锅炉，安在日庄镇一家浴池", "莱西市", "日庄镇"),
        ("平度租来的吊车，在城阳区惜福镇街道吊板子", "城阳区", "惜福镇街道"),
        ("装修队是即墨的，活在沙子口街道", "崂山区", "沙子口街道"),
        ("老板在市南区办公，厂子在院上镇", "莱西市", "院上镇"),
        ("我在崂山区上班，反映老家姜山镇有个黑加油点", "莱西市", "姜山镇"),
        ("我从李沧区坐车过来，看见胶州市铺集镇路上有油罐车漏油", "胶州市", "铺集镇"),
        ("我妈在市南区住院，老家旧店镇的房子旁边有人挖矿", "平度市", "旧店镇"),
        ("我老公在黄岛区灵山卫街道上班，车间没有护栏", "黄岛区", "灵山卫街道"),
        ("我妈在市北区兴隆路街道住院，病房插座漏电", "市北区", "兴隆路街道"),
        ("供货商在胶州市", None, None),
        ("设备是从即墨区进的", None, None),
        ("老板叫王崂山，手下没有培训", None, None),
        ("大巴从市南区开出来就冒烟，停在胶州市阜安街道", "胶州市", "阜安街道"),
        ("去市南区看海的路上，流亭街道桥底下有人烧电缆", "城阳区", "流亭街道"),
        ("给城阳区的厂子送货，出车前在大信街道的院里检查，刹车漏油", "即墨区", "大信街道"),
        ("平度老乡的货车翻在莱西市院上镇", "莱西市", "院上镇"),
        ("胶州供应商送来的吊带没有标签", None, None),
        ("经理是城阳人，会计是即墨人", None, None),
        ("师傅是市南区过来的，在北宅街道的民宿装热水器", "崂山区", "北宅街道"),
        ("李沧跟市北交界的地方有个井盖没了", None, None),
        ("班长李沧海不让停机", None, None),
        ("以前我在市南区干物业，现在胶州市中云街道的水箱是空的", "胶州市", "中云街道"),
    ],
)
def test_a_place_that_is_not_meant_is_set_aside_and_doubt_remains(gazetteer, text, district, street):
    place = gazetteer.locate(text)
    assert (place.district, place.street, place.certain) == (district, street, False)


@pytest.mark.parametrize(
    ("text", "district", "street", "certain"),
    [
        ("青岛城阳建设集团在胶州市里岔镇的工地", "胶州市", "里岔镇", True),
        ("即墨农商银行黄岛支行", "黄岛区", None, False),
        ("莱西大酒店在平度市同和街道的分店", "平度市", "同和街道", True),
        ("烟台建设集团的塔吊", None, None, False),
    ],
)
def test_the_place_in_a_company_name_does_not_count_beside_another(gazetteer, text, district, street, certain):
    place = gazetteer.locate(text)
    assert (place.district, place.street, place.certain) == (district, street, certain)
    assert place.outside_city is None


def test_a_company_name_alone_is_a_hint_and_nothing_more(gazetteer):
    place = gazetteer.locate("青岛胶南建筑公司")
    assert (place.district, place.district_certain, place.basis) == ("黄岛区", False, "inferred")


@pytest.mark.parametrize(
    "text",
    ["即墨老酒", "崂山矿泉水厂", "流亭猪蹄", "大泽山葡萄", "胶州大白菜", "李村河污水", "胶州湾大桥", "上马了新设备",
     "洗温泉", "四方桌", "没校水平度就开机", "装沙子口袋破了", "从那里岔开几股线", "店铺集中的地方", "超市南侧", "青岛市南京路", "市南京路"],
)  # fmt: skip
def test_products_rivers_and_everyday_words_are_no_place(gazetteer, text):
    place = gazetteer.locate(text)
    assert (place.district, place.street, place.candidates, place.outside_city) == (None, None, (), None)


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("海阳市辛安镇", "海阳"), ("烟台海阳辛安镇", "烟台"), ("高密夏庄镇", "高密"), ("高密的夏庄镇", "高密"), ("宁波鄞州姜山镇", "宁波"),
        ("广州番禺南村镇的厂", "广州"), ("洛阳李村镇工地", "洛阳"), ("宁波姜山的电镀厂", "宁波"), ("上海长宁江苏路街道", "上海"), ("我在市北区上班，事在烟台莱阳", "烟台"),
        ("烟台市莱山区滨海街道", "烟台"), ("烟台开发区", "烟台"), ("济宁任城区李营街道", "济宁"),
    ],
)  # fmt: skip
def test_a_street_behind_a_place_outside_lies_there(gazetteer, text, city):
    place = gazetteer.locate(text)
    assert (place.outside_city, place.district, place.certain) == (city, None, False)


@pytest.mark.parametrize(
    ("text", "district"),
    [("桐乡市龙山街道", None), ("晋江市新河镇", None), ("程阳区夏庄街道", "城阳区"), ("李仓区沧口街道", "李沧区")],
)
def test_a_county_before_a_street_must_be_ours_or_look_like_it(gazetteer, text, district):
    place = gazetteer.locate(text)
    assert (place.district, place.certain) == (district, False)
    assert place.candidates


@pytest.mark.parametrize(
    ("text", "district", "street"),
    [
        ("平渡市南村镇的厂子", "平度市", "南村镇"),
        ("大信那边的小学", "即墨区", "大信街道"),
        ("上马附近有个搅拌站", "城阳区", "上马街道"),
        ("上马那个项目", None, None),
        ("崂山县那时候的惜福镇粮库", "城阳区", "惜福镇街道"),
    ],
)
def test_names_beside_names(gazetteer, text, district, street):
    place = gazetteer.locate(text)
    assert (place.district, place.street) == (district, street)


@pytest.mark.parametrize("builder", ["上海隧道", "北京城建", "济南二建"])
def test_a_builder_from_elsewhere_works_here(gazetteer, builder):
    assert gazetteer.locate(f"{builder}夏庄街道工地").district == "城阳区"


@pytest.mark.parametrize("words", ["工业园区", "我们小区", "旁边超市", "整个厂区", "家属区", "夜市"])
def test_an_area_before_a_street_is_no_county(gazetteer, words):
    assert gazetteer.locate(f"{words}夏庄街道").certain


@pytest.mark.parametrize("place", ["来的车", "过来的工人", "老板", "牌照的车"])
def test_where_people_and_cars_come_from_is_not_where_it_happens(gazetteer, place):
    assert gazetteer.locate(f"潍坊{place}停在路边").outside_city is None


@pytest.mark.parametrize("road", ["长江路", "即墨路", "延安路", "台东三路", "李村大街", "胶州路", "崂山路", "上马路"])
def test_a_road_named_like_an_office_is_not_the_office(gazetteer, road):
    place = gazetteer.locate(f"{road}上有家饭店")
    assert not place.certain and place.street is None


@given(st.text(alphabet="流亭街道城阳区胶州市镇东南西北侧面米公里十二3路与交叉口对附近从到住，的 ", max_size=60))
def test_a_relation_stands_in_the_text(gazetteer, text):
    relation = gazetteer.locate(text).relation
    assert relation is None or relation in text
