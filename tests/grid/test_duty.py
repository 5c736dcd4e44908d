import pytest

from grid.duty import DutyTable, street_office
from tests.grid.conftest import CITY_DIR

TABLE = DutyTable.load(CITY_DIR, "青岛市")


def test_every_core_type_has_a_lead_that_exists_and_a_basis():
    assert len(TABLE.types) == 66
    for kind, row in TABLE.types.items():
        assert row["lead"] in TABLE.departments, kind
        assert set(row["co"]) <= set(TABLE.departments), kind
        assert row["level"] in ("city", "district", "township"), kind
        assert row["basis"] or kind == "other_or_out_of_scope"


def test_every_word_rule_names_known_types_and_departments():
    for rule in TABLE._rules:
        assert {rule.lead, *rule.co} <= set(TABLE.departments)
        assert rule.types <= set(TABLE.types), rule.words


@pytest.mark.parametrize(
    ("types", "text", "lead"),
    [
        (["special_operator_no_cert"], "开叉车的没有证", "shichang"),
        (["special_operator_no_cert"], "焊工没有证", "yingji"),
        (["con_crane"], "工地塔吊没验收", "zhujian"),
        (["con_crane"], "车间行车没检验", "shichang"),
        (["se_unregistered_uninspected"], "仓库起重机没登记", "shichang"),
        (["gas_restaurant_no_alarm"], "餐馆煤气罐放在地下室", "chengguan"),
        (["gas_unlicensed"], "气瓶充装过期", "shichang"),
        (["ebike_indoor"], "楼道电动车", "xiaofang"),
        (["dust_explosion"], "木粉", "yingji"),
        (["fireworks_illegal"], "家里存鞭炮", "yingji"),
        (["waterborne_fishing"], "渔船没有救生衣", "haiyang"),
        ([], "", "yingji"),
        (["no_such_type"], "", "yingji"),
        (["other_or_out_of_scope"], "噪音", "hotline"),
        (["other_or_out_of_scope", "gas_leak"], "", "chengguan"),
    ],
)
def test_who_leads(types, text, lead):
    assert TABLE.duty_for(types, text).lead == lead


def test_the_most_urgent_type_leads_and_the_others_are_informed():
    duty = TABLE.duty_for(["no_ppe", "three_in_one", "hazchem_illegal_storage"])
    assert duty.type == "three_in_one" and duty.lead == "xiaofang"
    assert "yingji" in duty.co and "牵头" in duty.why


def test_names_of_departments():
    assert TABLE.name("yingji", "城阳区", None, "district") == "城阳区应急管理局"
    assert TABLE.name("yingji", "城阳区", None, "city") == "青岛市应急管理局"
    assert TABLE.name("xiaofang", "城阳区", None, "district") == "城阳区消防救援大队"
    assert TABLE.name("jiedao", "莱西市", "姜山镇", "district") == "姜山镇人民政府"
    assert TABLE.name("hotline", None, None, "city").startswith("12345")
    assert street_office("流亭街道") == "流亭街道办事处"
