import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.coordinates import SYSTEMS, BadCoordinate, Point, convert, convert_array, distance_m, to_wgs84

IN_CHINA = {"lng": st.floats(74, 134), "lat": st.floats(18, 53)}


@given(**IN_CHINA, source=st.sampled_from(SYSTEMS), target=st.sampled_from(SYSTEMS))
def test_a_round_trip_comes_back_within_a_tenth_of_a_metre(lng, lat, source, target):
    there = convert(lng, lat, source, target)
    back = convert(*there, target, source)
    assert distance_m(lng, lat, *back) < 0.1


@pytest.mark.parametrize(("system", "least", "most"), [("gcj02", 350, 650), ("bd09", 900, 1600)], ids=["gcj02", "bd09"])
def test_a_wrong_system_moves_a_point_in_qingdao_by_the_known_distance(system, least, most):
    lng, lat = convert(120.38, 36.07, "wgs84", system)
    assert least < distance_m(120.38, 36.07, lng, lat) < most


def test_known_values_of_the_public_formula():
    assert convert(116.404, 39.915, "wgs84", "gcj02") == pytest.approx(
        (116.41024449916938, 39.91640428150164), abs=1e-9
    )
    assert convert(116.404, 39.915, "gcj02", "bd09") == pytest.approx((116.41036949371029, 39.92133699351022), abs=1e-9)


def test_arrays_are_converted_like_single_points():
    points = np.array([[120.1, 36.1], [119.9, 36.9], [120.6, 35.7]])
    for source in SYSTEMS:
        expected = [convert(x, y, source, "wgs84") for x, y in points]
        assert convert_array(points, source, "wgs84") == pytest.approx(np.array(expected), abs=1e-9)


def test_outside_china_nothing_is_shifted():
    assert convert(2.35, 48.85, "wgs84", "gcj02") == (2.35, 48.85)


@pytest.mark.parametrize(
    ("lng", "lat", "said"),
    [
        (36.07, 120.38, "写反"),
        (36.07, 80.0, "写反"),
        (math.nan, 36, "NaN"),
        (120, math.inf, "NaN"),
        (200, 36, "超出范围"),
        (120, -91, "超出范围"),
        ("abc", 36, "数字"),
        (None, 36, "数字"),
        (True, 36, "数字"),
        ([], {}, "数字"),
        (10**400, 36, "数字"),
    ],
)
def test_what_is_no_coordinate_is_refused_with_the_reason(lng, lat, said):
    with pytest.raises(BadCoordinate, match=said):
        to_wgs84(lng, lat)


def test_a_point_knows_its_system_and_refuses_others():
    assert Point(120.38, 36.07, "GCJ-02").system == "gcj02"
    assert Point("120.38", "36.07").lng == 120.38
    with pytest.raises(BadCoordinate, match="坐标系"):
        Point(120.38, 36.07, "utm")
