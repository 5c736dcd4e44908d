"""The duty table: written cases, its dates, its departments, and what makes it unusable."""

import copy
import csv
from datetime import date
from pathlib import Path

import pytest
import yaml

from grid.duty import DutyTable, street_office
from grid.duty_rows import BadDutyTable, checked_rows
from tests.grid.conftest import CITY_DIR

TABLE = DutyTable.load(CITY_DIR, "青岛市")
DAY = date(2026, 11, 1)
# Written from the domain facts and the laws themselves before the table was run against it; `source` says which.
CASES = list(csv.DictReader((Path(__file__).parent / "duty_cases.csv").open(encoding="utf-8")))


@pytest.mark.parametrize("row", CASES, ids=[f"{n}-{row['text'][:12]}" for n, row in enumerate(CASES, 2)])
def test_who_answers(row):
    day, district = date.fromisoformat(row["received"]), row["district"] or None
    duty = TABLE.duty_for(row["types"].split(), row["text"], day, district)
    assert (duty.lead, set(duty.co), duty.level) == (row["lead"], set(row["co"].split()), row["level"])
    assert duty.legal_basis or row["lead"] == "hotline" or not row["types"]
    assert "。" not in duty.why, "one sentence"


def test_the_cases_are_many_and_cover_every_type():
    assert len(CASES) >= 120
    assert {kind for row in CASES for kind in row["types"].split()} >= set(TABLE.rows.types)


@pytest.mark.parametrize(
    ("kind", "day", "law"),
    [
        ("hazchem_unlicensed_trade", date(2026, 4, 30), "危险化学品安全管理条例第77条第3款"),
        ("hazchem_unlicensed_trade", date(2026, 5, 1), "危险化学品安全法第100条"),
        ("hazchem_unlicensed_production", date(2026, 5, 1), "危险化学品安全法(2026-05-01施行)"),
        ("ebike_indoor", date(2022, 4, 30), "高层民用建筑消防安全管理规定第37条/第47条"),
    ],
)
def test_a_tip_is_judged_by_the_table_of_its_day(kind, day, law):
    assert TABLE.duty_for([kind], "私卖", day).legal_basis[0] == law


def test_rows_of_words_have_dates_too():
    for day, law in ((date(2026, 4, 30), "危险化学品安全管理条例第77条第3款"), (DAY, "危险化学品安全法第100条")):
        assert TABLE.duty_for(["hazchem_unlicensed_trade"], "私卖柴油", day).legal_basis == (law,)


def test_before_the_table_begins_nothing_is_known():
    assert TABLE.duty_for(["gas_leak"], "", date(2020, 1, 1)).type is None


@pytest.mark.parametrize(("types", "lead"), [([], "yingji"), (["no_such_type"], "yingji")])
def test_an_unknown_type_goes_to_the_emergency_bureau_to_be_sorted(types, lead):
    duty = TABLE.duty_for(types, "", DAY)
    assert duty.lead == lead and duty.type is None


def test_the_most_urgent_type_leads_and_the_others_are_informed():
    duty = TABLE.duty_for(["no_ppe", "three_in_one", "hazchem_illegal_storage"], "", DAY)
    assert duty.type == "three_in_one" and duty.lead == "xiaofang"
    assert "yingji" in duty.co and "牵头" in duty.why


RAW = yaml.safe_load((CITY_DIR / "duty.yml").read_text("utf-8"))
GAS = RAW["types"]["gas_leak"]["duties"][0]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda raw: raw["types"]["gas_leak"]["duties"][0].pop("from"), "gas_leak"),
        (lambda raw: raw["types"]["gas_leak"]["duties"][0].update(lead="nobody"), "no department nobody"),
        (lambda raw: raw["types"]["gas_leak"]["duties"][0].update(level="county"), "gas_leak"),
        (lambda raw: raw["types"]["gas_leak"]["duties"].append({**GAS, "from": date(2026, 1, 1)}), "does not follow"),
        (lambda raw: raw["words"][0].update(types=["no_such_type"]), "words → 0: no type no_such_type"),
        (lambda raw: raw["words"][0].update(basis=[]), "words → 0"),
        (lambda raw: raw["zones"][0].update(zone="atlantis"), "zones → 0: no department atlantis"),
        (lambda raw: raw["trades"][0].update(colour="red"), "trades → 0"),
    ],
)
def test_a_mistake_in_the_file_is_named_by_its_row(broken, words):
    raw = copy.deepcopy(RAW)
    broken(raw)
    with pytest.raises(BadDutyTable) as refused:
        checked_rows(raw, frozenset(TABLE.departments))
    assert words in str(refused.value)


def test_names_of_departments():
    assert TABLE.name("yingji", "城阳区", None, "district") == "城阳区应急管理局"
    assert TABLE.name("yingji", "城阳区", None, "city") == "青岛市应急管理局"
    assert TABLE.name("xiaofang", "城阳区", None, "district") == "城阳区消防救援大队"
    assert TABLE.name("yingji", "黄岛区", None, "district") == "青岛西海岸新区应急管理局"
    assert TABLE.name("jiedao", "莱西市", "姜山镇", "district") == "姜山镇人民政府"
    assert TABLE.name("hotline", None, None, "city").startswith("12345")
    assert street_office("流亭街道") == "流亭街道办事处"
