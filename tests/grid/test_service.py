import io
import json
from dataclasses import asdict, replace
from datetime import date

import pytest

from grid.batch import locate_lines
from grid.coordinates import Point
from grid.inspectors import DEMONSTRATION_DOMAIN, demonstration_inspectors, demonstration_offices
from grid.polygons import GridIndex, OutsideCity
from grid.service import Locator, invented_people

CHENGYANG = Point(120.40379, 36.31394)


def exact(locator):
    """The same map as if it were a real one."""
    grids = [replace(g, approximate=False) for g in locator.grid_index.grids]
    return Locator(locator.gazetteer, GridIndex(grids), demonstration_inspectors(locator.grid_index), locator.duty)


def without(locator, *absent):
    people = [replace(i, active=i.id not in absent) for i in invented_people(locator.grid_index)]
    return Locator(locator.gazetteer, locator.grid_index, people, locator.duty)


def test_a_point_in_a_demonstration_grid_is_a_suggestion_and_in_a_real_one_certain(locator):
    assert (locator.locate(point=CHENGYANG).street, locator.locate(point=CHENGYANG).certain) == ("城阳街道", False)
    found = exact(locator).locate(point=CHENGYANG)
    assert found.certain and found.basis == "point" and found.grid


def test_text_and_point_that_agree_give_the_grid(locator):
    found = locator.locate("城阳区城阳街道", CHENGYANG)
    assert found.certain and found.basis == "stated" and found.grid and found.conflict is None


def test_text_and_point_that_disagree_are_shown_with_the_distance(locator):
    found = locator.locate("平度市明村镇", CHENGYANG)
    assert not found.certain and found.conflict_m > 40_000 and "公里" in found.conflict
    assert {c.street for c in found.candidates} == {"明村镇", "城阳街道"}


def test_an_inference_gives_way_to_a_point_but_another_district_is_a_conflict(locator):
    assert exact(locator).locate("店子里有煤气罐", CHENGYANG).certain
    assert locator.locate("五四广场", CHENGYANG).conflict


def test_the_source_system_is_kept_and_the_point_is_wgs84(locator):
    found = locator.locate(point=CHENGYANG.to("bd09"))
    assert found.point["source_system"] == "bd09" and found.point["system"] == "wgs84"
    assert found.point["lng"] == pytest.approx(CHENGYANG.lng, abs=1e-6)


def test_outside_is_said_and_the_tip_is_kept(locator):
    beijing = Point(116.4, 39.9)
    found = locator.locate("城阳区流亭街道", beijing)
    assert found.outside and not found.certain and found.street == "流亭街道"
    with pytest.raises(OutsideCity):
        locator.require_inside(beijing)


def test_a_location_and_a_route_can_be_stored_as_plain_data(locator):
    location = locator.locate("城阳区流亭街道", CHENGYANG)
    json.dumps({**asdict(location), **asdict(locator.route(location, ["gas_leak"]))}, ensure_ascii=False)


def test_the_inspector_of_the_grid_gets_the_order(locator):
    location = locator.locate("城阳区城阳街道", CHENGYANG)
    route = locator.route(location, ["gas_leak"], "煤气味很大")
    assert route.receiver_kind == "inspector" and route.certain
    assert location.grid in locator.roster.get(route.inspector).grids
    assert route.department == "城阳区城市管理局" and route.co_departments and route.legal_basis
    assert route.explanation.count("。") == 1 and "城阳区城市管理局" in route.explanation


def test_the_chain_of_receivers_ends_in_a_queue_with_an_alarm(locator):
    """Each time the receiver is taken away, the next of the chain answers, and the sentence names who was passed over."""
    location = locator.locate("城阳区城阳街道", CHENGYANG)
    absent, kinds = [], []
    while True:
        route = without(locator, *absent).route(location, ["gas_leak"])
        kinds.append(route.receiver_kind)
        assert all(locator.roster.get(gone).name in route.explanation for gone in absent if gone.startswith("w"))
        if route.inspector is None:
            break
        absent.append(route.inspector)
    assert kinds == ["inspector", "deputy", "street_office", "district_desk", "unclaimed"]
    assert route.alarm and "城阳街道办公室没有人接单" in route.explanation and route.explanation.count("。") == 1
    district = locator.route(locator.locate("城阳区"), ["gas_leak"])
    assert (district.receiver_kind, district.receiver, district.alarm) == ("district_desk", "城阳区分派席", False)
    nobody = locator.route(locator.locate("有人泄漏"), ["gas_leak"])
    assert (nobody.receiver_kind, nobody.alarm, nobody.department) == ("unclaimed", True, "青岛市城市管理局")


def test_the_duty_table_is_the_one_of_the_day_of_receipt(locator):
    location = locator.locate("城阳区城阳街道", CHENGYANG)
    old = locator.route(location, ["hazchem_unlicensed_trade"], received=date(2026, 4, 30))
    new = locator.route(location, ["hazchem_unlicensed_trade"], received=date(2026, 5, 1))
    assert old.legal_basis[0].startswith("危险化学品安全管理条例") and new.legal_basis[0].startswith("危险化学品安全法")


def test_a_zone_is_informed_when_the_place_is_in_it(locator):
    route = locator.route(locator.locate("城阳区高新区"), ["dust_explosion"], "高新区一家厂粉尘很大")
    assert "青岛高新技术产业开发区管理委员会" in route.co_departments


def test_a_stated_street_without_a_grid_goes_to_an_inspector_of_the_street(locator):
    route = locator.route(locator.locate("城阳区流亭街道"), ["gas_leak"])
    assert route.receiver_kind == "street_inspector" and locator.roster.get(route.inspector).street == "流亭街道"


def test_a_doubtful_place_is_never_a_certain_route(locator):
    route = locator.route(locator.locate("流亭机场"), ["gas_leak"])
    assert not route.certain and "待核对" in route.explanation


def test_demonstration_inspectors_are_the_same_each_time_invented_and_unreachable(locator):
    people = demonstration_inspectors(locator.grid_index)
    assert people == demonstration_inspectors(locator.grid_index) and len(people) == 270
    assert all(p.demonstration and p.email.endswith("@" + DEMONSTRATION_DOMAIN) for p in people)
    assert len({p.id for p in people}) == 270
    codes = [code for p in people for code in p.grids]
    assert len(codes) == len(set(codes)) == len(locator.grid_index)
    offices = demonstration_offices(locator.grid_index)
    assert {o.kind for o in offices} == {"street_office", "district_desk"} and all(o.demonstration for o in offices)
    assert len(offices) == len({(o.district, o.street) for o in offices}) == 135 + 10


def test_the_batch_goes_on_after_bad_lines(locator):
    lines = [
        '{"id": 1, "text": "城阳区流亭街道"}',
        "not json",
        '{"id": 2, "lng": 120.40379, "lat": 36.31394, "system": "wgs84"}',
        '{"id": 3, "lng": 36.3, "lat": 120.4}',
        '{"id": 4}',
        '{"id": 5, "text": 7}',
        '{"id": 6, "lng": 116.4, "lat": 39.9}',
        '{"id": 7, "lng": NaN, "lat": 36}',
        '{"id": 8, "lng": 120}',
        '{"id": 9, "text": "x", "lng": 120, "lat": 36, "system": "utm"}',
        "[1]",
        "",
        '{"id": "last", "text": "\\ud800"}',
    ]
    out = io.StringIO()
    assert locate_lines(lines, out, locator=locator) == 9
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(rows) == 12
    assert rows[0]["street"] == "流亭街道" and rows[0]["certain"] is True and rows[0]["grid"] is None
    assert rows[2]["grid"].startswith("城阳") and rows[2]["candidates"]
    assert {"district", "street", "grid", "certain", "candidates", "id"} <= set(rows[-1])
    assert all(row["error"] for row in rows if "error" in row)
