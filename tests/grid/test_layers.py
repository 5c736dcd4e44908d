"""What is checked in a customer's layer, whatever its format."""

import random

import pytest
import shapely

from grid.coordinates import convert
from tests.grid.conftest import CITY_DIR
from tests.grid.layer_files import (
    OWNER,
    SQUARE,
    feature,
    geojson,
    moved,
    raw_shapefile,
    read,
    row_of,
    shapefile,
    zipped,
)

BOW_TIE = [[120.38, 36.30], [120.39, 36.31], [120.39, 36.30], [120.38, 36.31], [120.38, 36.30]]
SPIKE = [*SQUARE[:2], [120.39, 36.305], [120.41, 36.305], [120.39, 36.305], *SQUARE[2:]]
UNCLOSED = SQUARE[:-1]
SWAPPED = [[y, x] for x, y in SQUARE]
NAN = [[120.38, float("nan")], *SQUARE[1:]]
BEIJING = [[116.3, 39.9], [116.4, 39.9], [116.4, 40.0], [116.3, 39.9]]
FLAT = [[120, 36], [120.1, 36], [120.2, 36], [120, 36]]
METRES = [[520000, 4020000], [520100, 4020000], [520100, 4020100], [520000, 4020000]]


@pytest.fixture(params=["geojson", "shapefile"])
def written(request, tmp_path):
    """Writes one good ring and the given one, in each format."""

    def write(ring):
        if request.param == "geojson":
            return geojson(tmp_path, feature("g0"), feature("g1", ring))
        return raw_shapefile(tmp_path, [SQUARE, ring])

    return write


@pytest.mark.parametrize("ring", [moved(0.02, ring=SPIKE), moved(0.02, ring=UNCLOSED)], ids=["spike", "unclosed"])
def test_a_safe_repair_is_made_and_told_with_its_row(written, ring):
    reading = read(written(ring))
    assert reading.report.ok and reading.report.repaired == 1 and len(reading.rows) == 2
    assert "已自动修复（1 处）\n  第 2 行" in reading.report.text()
    assert "已修复 1" in reading.picture


@pytest.mark.parametrize(
    ("ring", "said"),
    [
        (BOW_TIE, "8 字形"),
        ([], "空"),
        (SQUARE[:2], "少于三个"),
        (FLAT, "面积"),
        (NAN, "NaN"),
        (SWAPPED, "写反"),
        (METRES, "投影"),
        (BEIJING, "范围"),
    ],
)
def test_a_bad_shape_is_named_with_its_row_and_stops_the_import(written, ring, said):
    reading = read(written(ring))
    (fault,) = [f for f in reading.report.faults if f.fatal and f.row]
    assert fault.row == 2 and said in fault.message
    assert "第 2 行" in reading.report.text() and "没有导入" in reading.report.text()


def test_a_scribble_is_not_repaired(written):
    dice = random.Random(1)
    ring = [[120.3 + dice.random() / 100, 36.2 + dice.random() / 100] for _ in range(30_000)]
    report = read(written([*ring, ring[0]])).report
    assert "第 2 行：边界有误，而且有 30001 个点" in report.text() and report.seconds < 60


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (feature("g1"), "第 1 行重复"),
        (feature("b", name=""), "缺少名称"),
        (feature(""), "缺少编码"),
        (feature(True), "缺少编码"),
        (feature("b", district="", street=""), "缺少区市"),
        (feature("b", district="", street="", parent_code="999"), "上级编码 999"),
        (feature("b", district="朝阳区"), "不认识的区市"),
        (feature("１２３"), "请改为“123”"),
        (feature("g😀"), "表情"),
        (feature("a b"), "空格"),
        (feature("x" * 100_000), "编码太长（100000 个字）"),
        (feature("b", name="名" * 100_000), "太长（100000 个字，最多 80 个）"),
        (feature("b", name="网格\u202e一"), "看不见"),
        (feature("b", name="网格\ud800一"), "看不见"),
        (feature(9.007199254740993e17), "15 位"),
        ({"type": "Feature", "properties": None, "geometry": None}, "属性"),
        ({**feature("b"), "geometry": None}, "空"),
        ({**feature("b"), "geometry": {"type": "Point", "coordinates": [120, 36]}}, "必须是面"),
        ({**feature("b"), "geometry": {"type": "Polygon", "coordinates": 5}}, "空"),
        ({**feature("b"), "geometry": {"type": "MultiPolygon", "coordinates": 5}}, "空"),
        (feature("b", [["x", "y"]] * 4), "数字"),
        (feature("b", [[1], [2], [3], [4]]), "数字"),
        (feature("b", [[[1, 2], [3, 4]]] * 4), "数字"),
        (7, "属性"),
    ],
)
def test_a_bad_row_is_named_and_the_message_can_be_shown(tmp_path, bad, said):
    report = read(geojson(tmp_path, feature(), bad)).report
    faults = [f for f in report.faults if f.fatal and f.row]
    assert any(f.row == 2 and said in f.message for f in faults), report.text()
    text = report.text()
    assert len(text) < 2_000 and text.encode("utf-8") and "\u202e" not in text


def test_missing_columns_are_told_once_with_the_columns_that_are_there(tmp_path):
    features = [{**feature(f"g{i}"), "properties": {"编号": i, "标题": "x"}} for i in range(50)]
    report = read(geojson(tmp_path, *features)).report
    assert len(report.faults) == 2
    assert "没有编码列" in report.text() and "没有名称列" in report.text() and "编号、标题" in report.text()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"[]", "FeatureCollection"),
        (b'{"type":"FeatureCollection","features":[]}', "0 个"),
        (b"[" * 100_000, "JSON"),
        ("区".encode("gbk"), "UTF-8"),
        (b"PK\x03\x04 no archive", "压缩包"),
    ],
)
def test_a_file_that_is_no_layer_is_refused(tmp_path, raw, said):
    path = tmp_path / "layer.geojson"
    path.write_bytes(raw)
    report = read(path).report
    assert not report.ok and said in report.text()


def test_a_missing_and_a_too_large_file_are_said(tmp_path):
    assert "打不开" in read(tmp_path / "none.geojson").report.text()
    large = tmp_path / "large.geojson"
    with large.open("wb") as file:
        file.truncate(201 * 2**20)
    assert "201 MB" in read(large).report.text()


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_a_layer_is_kept_in_wgs84(tmp_path, system):
    ring = [list(convert(x, y, "wgs84", system)) for x, y in SQUARE]
    for path in (geojson(tmp_path, feature(ring=ring)), shapefile(tmp_path, [feature(ring=ring)])):
        (row,) = read(path, system).rows
        (same,) = read(geojson(tmp_path, feature())).rows
        assert _bounds(row.wkb) == pytest.approx(_bounds(same.wkb), abs=1e-7)


def _bounds(wkb):
    return shapely.from_wkb(wkb).bounds


def test_columns_of_other_exports_and_parent_codes_are_understood(tmp_path):
    chinese = feature("b", moved(0.02))
    chinese["properties"] = {"网格编码": "b", "网格名称": "乙", "区市": "城阳区", "镇街": "流亭街道"}
    parent = feature("c", moved(0.04))
    parent["properties"] = {"CODE": "c", "Name": "流亭街道", "level": "street", "parent_code": "370214000000"}
    report = read(geojson(tmp_path, feature(), chinese, parent)).report
    assert report.ok and report.grids == 3, report.text()


def test_orphans_are_told(tmp_path):
    odd = feature("b", moved(0.01), street="没有街道", parent_code="g1")
    lost = feature("c", moved(0.02), parent_code="999")
    text = read(geojson(tmp_path, feature(), odd, lost)).report.text()
    assert "第 2 行 b：城阳区没有名为“没有街道”的镇街" in text
    assert "第 3 行 c：上级编码 999 在行政区划和本文件里都没有" in text
    assert "本文件没有这些区市的网格：市南区" in text and "城阳区有 7 个镇街没有网格" in text
    assert "流亭街道的网格共 1.99 平方公里，只有公布面积" in text


@pytest.mark.parametrize(("true", "named"), [("gcj02", "GCJ-02"), ("bd09", "BD-09"), ("wgs84", "WGS-84")])
@pytest.mark.parametrize("read_as", ["wgs84", "gcj02", "bd09"])
def test_a_layer_in_the_wrong_system_is_noticed_and_the_right_one_named(tmp_path, locator, true, named, read_as):
    """Whole streets round their known centres: a shift against these shows."""
    features = []
    for point in locator.gazetteer.lexicon.divisions.points[:40]:
        ring = [
            (point.lng + x, point.lat + y)
            for x, y in ((-0.001, -0.001), (0.001, -0.001), (0.001, 0.001), (-0.001, 0.001))
        ]
        ring = [list(convert(x, y, "wgs84", true)) for x, y in [*ring, ring[0]]]
        features.append(feature(point.code, ring, district=point.street.district, street=point.street.name))
    text = read(geojson(tmp_path, *features), read_as).report.text()
    assert ("坐标偏移" in text) == (true != read_as)
    if true != read_as:
        assert f"按 {named}" in text


def test_the_demonstration_grids_pass(tmp_path):
    report = read(CITY_DIR / "demonstration_grids.geojson").report
    assert report.ok and report.grids == 540 and "坐标偏移" not in report.text()


def test_a_layer_of_another_city_is_named(tmp_path):
    text = read(geojson(tmp_path, *(feature(f"g{i}", moved(0.1 * i, ring=BEIJING)) for i in range(20)))).report.text()
    assert "多数图形不在本市范围内" in text and "另有 13 处" in text


def test_a_report_stays_short_however_much_is_wrong(tmp_path):
    features = [feature(f"g{i}", [[y, x] for x, y in moved(0.0001 * i)], street="无") for i in range(3_000)]
    report = read(geojson(tmp_path, *features, feature("last", BOW_TIE))).report
    text = report.text()
    assert len(text) < 4_000 and "3001 处错误" in text and "……另有 2992 处没有列出" in text
    assert "第 3001 行" in text, "a rare fault is not hidden by a frequent one"


def test_both_formats_and_any_order_give_the_same_fingerprint(tmp_path):
    rows = row_of(3)
    one = read(geojson(tmp_path, *rows)).report.content
    assert read(geojson(tmp_path, *reversed(rows))).report.content == one
    assert read(zipped(shapefile(tmp_path, rows))).report.content == one
    rows[0]["properties"]["name"] = "另一个"
    assert read(geojson(tmp_path, *rows)).report.content != one


def test_owner_fields_are_kept(tmp_path):
    (row,) = read(geojson(tmp_path, feature("g1", approximate=True))).rows
    assert (row.district, row.street, row.approximate, row.row) == (*OWNER.values(), True, 1)
