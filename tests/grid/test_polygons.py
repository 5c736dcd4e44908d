import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from grid.polygons import Grid, GridIndex, NoGrids, OutsideCity


def square(code, x, y, size=0.01, approximate=False):
    return Grid(code, f"{code}网格", "城阳区", "流亭街道", shapely.box(x, y, x + size, y + size), approximate)


INDEX = GridIndex([square("a", 120.00, 36.00), square("b", 120.01, 36.00), square("c", 120.03, 36.00)])


@given(st.floats(120.0002, 120.0098), st.floats(36.0002, 36.0098))
def test_a_point_well_inside_is_certain(lng, lat):
    hit = INDEX.find(lng, lat)
    assert (hit.grid_id, hit.certain, hit.distance_m) == ("a", True, 0.0)


@given(st.floats(119.9, 120.2), st.floats(35.9, 36.1))
def test_every_point_gets_the_grid_that_holds_it_or_a_doubt_or_a_refusal(lng, lat):
    point = shapely.Point(lng, lat)
    holding = {g.code for g in INDEX.grids if g.geometry.intersects(point)}
    try:
        hit = INDEX.find(lng, lat)
    except OutsideCity:
        assert not holding
        return
    if holding:
        assert hit.grid_id in holding
    else:
        assert not hit.certain and hit.distance_m > 0


def test_a_border_is_uncertain_and_names_the_rival():
    hit = INDEX.find(120.01, 36.005)
    assert not hit.certain and hit.distance_m == 0 and {hit.grid_id, *hit.rivals} == {"a", "b"}


def test_a_gap_goes_to_the_nearest_with_the_distance():
    hit = INDEX.find(120.0205, 36.005)
    assert (hit.grid_id, hit.certain) == ("b", False)
    assert hit.distance_m == pytest.approx(45, abs=3)


def test_far_away_is_refused_with_the_distance():
    with pytest.raises(OutsideCity, match="公里") as refused:
        INDEX.find(121.0, 36.0)
    assert refused.value.distance_m > 80_000


def test_an_approximate_grid_is_never_certain():
    index = GridIndex([square("a", 120, 36, approximate=True)])
    assert index.approximate and not index.find(120.005, 36.005).certain


def test_no_grids_is_said():
    with pytest.raises(NoGrids, match="还没有导入"):
        GridIndex([]).find(120, 36)


def test_many_points_at_once_agree_with_single_ones():
    lngs, lats = [120.005, 120.015, 121.5], [36.005, 36.005, 36.005]
    assert INDEX.find_many(lngs, lats) == ["a", "b", None]


def test_the_demonstration_grids_hold_every_street_centre(locator):
    index = locator.grid_index
    assert len(index) == 540
    for point in locator.gazetteer.lexicon.divisions.points:
        hit = index.find(point.lng, point.lat)
        assert (hit.district, hit.street) == (point.street.district, point.street.name)
        assert hit.approximate and not hit.certain
