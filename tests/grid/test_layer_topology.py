"""What the report says about grids that lie wrongly to each other, and what the picture shows of it."""

from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from grid.layer_topology import area_m2
from grid.polygons import GridIndex
from tests.grid.layer_files import SQUARE, feature, geojson, moved, read, row_of


def sections(reading):
    return {section.kind: section for section in reading.report.sections()}


def box(west, south, east, north):
    return [list(corner) for corner in shapely.box(west, south, east, north).exterior.coords]


def test_grids_that_only_touch_are_clean(tmp_path):
    found = sections(read(geojson(tmp_path, *row_of(4))))
    assert not {"重叠", "缝隙", "图形重复"} & found.keys()


def test_the_noise_of_drawing_is_not_told(tmp_path):
    rows = [feature(f"g{i}", moved(0.01 * i + (1e-6 if i % 2 else 0))) for i in range(6)]
    assert not {"重叠", "缝隙"} & sections(read(geojson(tmp_path, *rows))).keys()


def test_overlaps_are_told_with_both_rows_area_and_share_the_largest_first(tmp_path):
    rows = [feature("a"), feature("b", moved(0.009)), feature("c", moved(0.0185))]
    reading = read(geojson(tmp_path, *rows))
    lines = sections(reading)["重叠"].lines
    assert lines[0].startswith("第 1 行 a：与第 2 行 b 重叠 ") and "占" in lines[0] and "10.0%" in lines[0]
    assert lines[1].startswith("第 2 行 b：与第 3 行 c 重叠 ") and "5.0%" in lines[1]
    metres = int(lines[0].split("重叠 ")[1].split(" 平方米")[0])
    assert metres == pytest.approx(0.001 * 111_320 * np.cos(np.radians(36.3)) * 0.01 * 110_960, rel=0.01)
    assert reading.report.ok, "a person decides about overlaps"
    assert "重叠 2" in reading.picture and ">1</text>" in reading.picture


def test_equal_shapes_are_told_as_such_and_not_as_overlaps(tmp_path):
    found = sections(read(geojson(tmp_path, feature("a"), feature("b", moved(0.02)), feature("c"))))
    assert found["图形重复"].lines == ("第 3 行 c：图形与第 1 行 a 完全相同。",)
    assert "重叠" not in found


RING_OF_GRIDS = [
    feature("west", box(120.38, 36.30, 120.39, 36.33)),
    feature("east", box(120.40, 36.30, 120.41, 36.33)),
    feature("south", box(120.39, 36.30, 120.40, 36.31)),
    feature("north", box(120.39, 36.32, 120.40, 36.33)),
]


def test_a_hole_between_grids_is_told_with_its_street_place_and_neighbours(tmp_path):
    reading = read(geojson(tmp_path, *RING_OF_GRIDS))
    (line,) = sections(reading)["缝隙"].lines
    assert "城阳区流亭街道的网格之间有缝隙 1.00 平方公里" in line or "0.99 平方公里" in line
    assert "120.39500, 36.31500" in line and "west、east、south、north" in line
    assert "缝隙 1" in reading.picture


def test_the_picture_is_a_drawing_with_a_chinese_legend_and_a_number_for_each_line_of_the_report(tmp_path):
    rows = [*RING_OF_GRIDS, feature("over", box(120.405, 36.30, 120.42, 36.33)), feature("<&>", moved())]
    rows[-1]["properties"]["code"] = "spike"
    rows[-1]["geometry"]["coordinates"] = [
        moved(0.05, ring=[*SQUARE[:2], [120.39, 36.305], [120.41, 36.305], [120.39, 36.305], *SQUARE[2:]])
    ]
    drawing = ElementTree.fromstring(read(geojson(tmp_path, *rows, name="<&>.geojson")).picture)
    words = [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert words == ["网格 6", "重叠 1", "缝隙 1", "已修复 1", "1", "1"]
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}circle"))) == 3


def test_a_hole_between_streets_names_them(tmp_path):
    other = {**RING_OF_GRIDS[0], "properties": {**RING_OF_GRIDS[0]["properties"], "street": "城阳街道"}}
    (line,) = sections(read(geojson(tmp_path, other, *RING_OF_GRIDS[1:])))["缝隙"].lines
    assert "城阳区城阳街道、城阳区流亭街道之间" in line


@pytest.mark.parametrize(("metres", "told"), [(0.3, False), (2, True), (8, True), (30, False)])
def test_a_slit_open_at_its_ends_is_told_when_it_is_narrow(tmp_path, metres, told):
    east = 0.01 + metres / 111_320 / np.cos(np.radians(36.3))
    found = sections(read(geojson(tmp_path, feature("a"), feature("b", moved(east)))))
    assert ("缝隙" in found) == told


def test_a_grid_as_small_as_a_room_is_told(tmp_path):
    found = sections(read(geojson(tmp_path, feature("a"), feature("b", box(120.395, 36.3, 120.39505, 36.30005)))))
    assert found["面积很小"].lines[0].startswith("第 2 行 b")


def test_a_heap_of_grids_ends_the_search_instead_of_the_machine(tmp_path):
    rows = [feature(f"g{i}", moved(1e-5 * i)) for i in range(1_500)]
    reading = read(geojson(tmp_path, *rows))
    assert reading.report.ok and "重叠太多" in reading.report.text() and reading.report.seconds < 60


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 3), st.integers(1, 3)), min_size=2, max_size=8
    )
)
def test_overlaps_are_those_that_two_by_two_comparison_finds(tmp_path_factory, boxes):
    """Boxes on a grid of 0.001 degrees: the report names exactly the pairs that share ground."""
    shapes = [
        shapely.box(120.3 + x / 1000, 36.2 + y / 1000, 120.3 + (x + w) / 1000, 36.2 + (y + h) / 1000)
        for x, y, w, h in boxes
    ]
    rows = [feature(f"g{i}", [list(c) for c in s.exterior.coords]) for i, s in enumerate(shapes)]
    report = read(geojson(tmp_path_factory.mktemp("boxes"), *rows)).report
    first = [next(j for j, b in enumerate(boxes) if b == a) for a in boxes]
    alone = [i for i, j in enumerate(first) if i == j]
    expected = {
        (i + 1, f"第 {j + 1} 行")
        for i in alone for j in alone
        if i < j and shapely.intersection(shapes[i], shapes[j]).area > 1e-9
    }  # fmt: skip
    assert {(f.row, f.message.split("与")[1].split(" g")[0]) for f in report.faults if f.kind == "重叠"} == expected


def test_areas_agree_with_geodesy():
    from pyproj import Geod

    shapes = np.array([shapely.box(x, y, x + 0.05, y + 0.05) for x, y in ((119.5, 35.5), (120.4, 36.2), (121, 37.2))])
    exact = [abs(Geod(ellps="WGS84").geometry_area_perimeter(shape)[0]) for shape in shapes]
    assert area_m2(shapes) == pytest.approx(exact, rel=1e-3)


def test_the_index_of_a_read_layer_finds_its_grids(tmp_path):
    from grid.layer_version import as_grids

    index = GridIndex(as_grids(read(geojson(tmp_path, *row_of(3))).rows), "v1")
    assert index.find(120.405, 36.305).grid_id == "g2" and index.version == "v1"
