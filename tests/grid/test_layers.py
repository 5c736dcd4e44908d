import json
from pathlib import Path

import pytest

from grid.coordinates import Point, convert
from grid.layers import LayerRefused, LayerReport, import_layer, read_layer
from grid.polygons import Grid
from grid.service import open_locator
from tests.grid.conftest import CITY_DIR

SQUARE = [[120.38, 36.30], [120.39, 36.30], [120.39, 36.31], [120.38, 36.31], [120.38, 36.30]]


def feature(code="g1", ring=SQUARE, **properties):
    base = {"code": code, "name": f"{code}网格", "district": "城阳区", "street": "流亭街道"}
    return {
        "type": "Feature",
        "properties": {**base, **properties},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


async def dry(tmp_path, *features, system="wgs84", raw=None):
    path = tmp_path / "layer.geojson"
    path.write_text(raw if raw is not None else json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return await import_layer(None, path, system, dry_run=True)


BOW_TIE = [[120.38, 36.30], [120.39, 36.31], [120.39, 36.30], [120.38, 36.31], [120.38, 36.30]]
SPIKE = [*SQUARE[:2], [120.39, 36.305], [120.41, 36.305], [120.39, 36.305], *SQUARE[2:]]
UNCLOSED = SQUARE[:-1]


@pytest.mark.parametrize("ring", [SPIKE, UNCLOSED], ids=["spike", "unclosed"])
async def test_a_safe_repair_is_made_and_counted(tmp_path, ring):
    report = await dry(tmp_path, feature(ring=ring))
    assert report.ok and report.repaired == 1 and report.grids == 1


SWAPPED = [[y, x] for x, y in SQUARE]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (feature("b", BOW_TIE), "8 字形"),
        (feature("b", []), "空"),
        (feature("b", [[120, 36], [120.1, 36]]), "少于三个"),
        (feature("b", [[120, 36], [120.1, 36], [120.2, 36], [120, 36]]), "面积"),
        (feature("b", [[120, float("nan")], *SQUARE]), "NaN"),
        (feature("b", SWAPPED), "写反"),
        (feature("b", [[520000, 4020000], [520100, 4020000], [520100, 4020100]]), "投影"),
        (feature("b", [["x", "y"]] * 4), "数字"),
        (feature("b", [[116.3, 39.9], [116.4, 39.9], [116.4, 40.0], [116.3, 39.9]]), "范围"),
        (feature("g1"), "第 1 行重复"),
        (feature("b", name=""), "缺少名称"),
        (feature(""), "缺少编码"),
        (feature("b", district="", street=""), "缺少区市"),
        (feature("b", district="朝阳区"), "不认识的区市"),
        ({"type": "Feature", "properties": None, "geometry": None}, "属性"),
        ({**feature("b"), "geometry": None}, "空"),
        ({**feature("b"), "geometry": {"type": "Point", "coordinates": [120, 36]}}, "必须是面"),
        ({**feature("b"), "geometry": {"type": "Polygon", "coordinates": 5}}, "空"),
        (7, "属性"),
    ],
)
async def test_a_fault_is_named_with_its_row_and_stops_the_import(tmp_path, bad, said):
    report = await dry(tmp_path, feature(), bad)
    assert not report.ok
    (fault,) = [f for f in report.faults if f.fatal and f.row]
    assert fault.row == 2 and said in fault.message
    assert "第 2 行" in report.text() and "没有导入" in report.text()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "FeatureCollection"),
        ('{"type":"FeatureCollection","features":[]}', "0 个"),
        ("[" * 100_000, "JSON"),
    ],
)
async def test_a_file_that_is_no_layer_is_refused(tmp_path, raw, said):
    report = await dry(tmp_path, raw=raw)
    assert not report.ok and said in report.text()


async def test_a_missing_file_and_an_unknown_system_are_said(tmp_path):
    assert "打不开" in (await import_layer(None, tmp_path / "none.geojson", dry_run=True)).text()
    with pytest.raises(Exception, match="坐标系"):
        await import_layer(None, tmp_path / "none.geojson", system="utm", dry_run=True)


async def test_a_gcj02_layer_is_stored_in_wgs84(locator, tmp_path):
    ring = [list(convert(x, y, "wgs84", "gcj02")) for x, y in SQUARE]
    report = LayerReport("x", "gcj02", True)
    (grid,) = read_layer([feature(ring=ring)], "gcj02", locator.gazetteer.lexicon.divisions, report)
    assert grid.geometry.bounds == pytest.approx((120.38, 36.30, 120.39, 36.31), abs=1e-7)


async def test_columns_of_other_exports_and_parent_codes_are_understood(tmp_path):
    chinese = feature("b", ring=[[x + 0.02, y] for x, y in SQUARE])
    chinese["properties"] = {"网格编码": "b", "网格名称": "乙", "区市": "城阳区", "镇街": "流亭街道"}
    parent = feature("c", ring=[[x + 0.04, y] for x, y in SQUARE])
    parent["properties"] = {"code": "c", "name": "流亭街道", "level": "street", "parent_code": "370214000000"}
    report = await dry(tmp_path, feature(), chinese, parent)
    assert report.ok and report.grids == 3, report.text()


async def test_a_layer_in_the_wrong_system_is_noticed():
    """The demonstration grids are whole streets, so a shift against the street centres shows."""
    right = await import_layer(None, CITY_DIR / "demonstration_grids.geojson", "wgs84", dry_run=True)
    wrong = await import_layer(None, CITY_DIR / "demonstration_grids.geojson", "bd09", dry_run=True)
    assert "偏移" not in right.text()
    assert "偏移" in wrong.text()


def many(count):
    return [feature(f"g{i}", ring=[[x, y + i * 1e-6] for x, y in SQUARE]) for i in range(count)]


def written(tmp_path, *features):
    path = tmp_path / "layer.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return path


async def test_an_import_switches_the_active_version_and_the_locator_follows(store, tmp_path):
    path = written(tmp_path, *many(3))
    first = await import_layer(store, path, actor="admin")
    second = await import_layer(store, path, actor="admin")
    layers = {row["_id"]: row["active"] async for row in store["grid_layers"].find({})}
    assert layers == {first.version: False, second.version: True}
    assert "已导入 3 个网格" in second.text()
    locator = await open_locator(store, CITY_DIR)
    found = locator.locate(point=Point(120.385, 36.305000001))
    assert len(locator.grid_index) == 3 and found.street == "流亭街道" and not found.approximate


async def test_a_first_start_uses_the_demonstration_and_keeps_its_inspectors(store):
    locator = await open_locator(store, CITY_DIR)
    assert len(locator.grid_index) == 540 and len(locator.roster) == 270 + 145
    again = await open_locator(store, CITY_DIR)
    assert await store["inspectors"].count_documents({"demonstration": True}) == 415 == len(again.roster)


async def test_a_failure_in_the_switch_leaves_nothing_behind(store, tmp_path, monkeypatch):
    first = await import_layer(store, written(tmp_path, *many(2)))

    async def fail(callback):
        raise ConnectionError

    monkeypatch.setattr(store, "transaction", fail)
    with pytest.raises(ConnectionError):
        await import_layer(store, written(tmp_path, *many(1500)))
    assert await store["grids"].count_documents({}) == 2
    assert [row["_id"] async for row in store["grid_layers"].find({"active": True})] == [first.version]


async def test_a_faulty_layer_is_refused_and_nothing_written(store, tmp_path):
    with pytest.raises(LayerRefused, match="重复") as refused:
        await import_layer(store, written(tmp_path, feature(), feature()))
    assert await store["grids"].count_documents({}) == 0 and refused.value.report.faults


def test_grid_carries_the_mark_of_approximation(locator):
    assert all(isinstance(g, Grid) and g.approximate for g in locator.grid_index.grids)
    assert Path(CITY_DIR / "SOURCES.md").read_text(encoding="utf-8").count("OpenStreetMap") >= 2
