"""Versions in the database: kept, used, rolled back, followed by running services, exported and imported again."""

import asyncio
import json
import zipfile

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access import audit
from grid import layer_watch
from grid.coordinates import Point
from grid.layer_export import as_geojson, as_shapefile, export_version
from grid.layer_store import NoSuchVersion, active_version, keep, listed_versions, use
from grid.layers import LayerRefused, import_layer, try_layer
from grid.service import open_locator
from store.errors import Conflict, NotFound, Refusal
from tests.grid.conftest import CITY_DIR
from tests.grid.layer_files import SQUARE, feature, geojson, moved, read, row_of, shapefile, zipped

HERE = Point(120.385, 36.305)


async def kept(store, tmp_path, *features):
    return await keep(store, read(geojson(tmp_path, *features)), by="admin")


async def test_an_import_is_a_version_and_the_locator_follows(store, tmp_path):
    path = geojson(tmp_path, *row_of(3))
    first = await import_layer(store, path, actor="admin")
    second = await import_layer(store, path, actor="admin")
    versions = {row["_id"]: row["active"] for row in await listed_versions(store)}
    assert versions == {first.version: False, second.version: True}
    assert "已导入 3 个网格" in second.text()
    locator = await open_locator(store, CITY_DIR)
    found = locator.locate(point=HERE)
    assert (found.grid, found.grid_name, found.layer) == ("g0", "g0网格", second.version) and found.certain


async def test_a_version_knows_from_when_until_when_it_was_in_use_and_the_audit_trail_tells(store, tmp_path):
    old = await kept(store, tmp_path, feature("a"))
    await use(store, old, by="admin")
    new = await kept(store, tmp_path, feature("b"))
    await use(store, new, by="admin")
    await use(store, old, by="chief")
    by_id = {row["_id"]: row for row in await listed_versions(store)}
    assert [u["by"] for u in by_id[old]["uses"]] == ["admin", "chief"]
    first, again = by_id[old]["uses"]
    (between,) = by_id[new]["uses"]
    assert first["until"] == between["from"] and between["until"] == again["from"] and again["until"] is None
    entries = await store["audit"].find({"subject": "grid_layer"}).sort("seq", 1).to_list(10)
    assert [e["action"] for e in entries] == ["import_layer", "import_layer", "use_layer"]
    assert entries[2]["detail"]["before"] == new and entries[2]["actor"] == "chief"
    assert await audit.verify(store) == (3, None)


async def test_a_case_keeps_the_grid_it_got_when_the_layer_changes(store, tmp_path):
    await import_layer(store, geojson(tmp_path, feature("a")), actor="admin")
    locator = await open_locator(store, CITY_DIR)
    before = locator.locate(point=HERE)
    await import_layer(store, geojson(tmp_path, feature("z")), actor="admin")
    await locator.reload(store)
    after = locator.locate(point=HERE)
    assert (before.grid, after.grid) == ("a", "z") and before.layer != after.layer
    assert locator.locate("平度市").layer is None, "no grid, no version"


async def test_a_tried_layer_is_not_used_and_goes_away_after_a_day(store, tmp_path):
    report, picture = await try_layer(store, geojson(tmp_path, *row_of(2)), "wgs84", by="admin")
    assert report.version and picture.startswith("<svg") and await active_version(store) is None
    await store["grid_layers"].update_one({"_id": report.version}, {"$set": {"imported_at": _long_ago()}})
    other = await kept(store, tmp_path, feature("x"))
    assert [row["_id"] for row in await listed_versions(store)] == [other]
    assert await store["grids"].distinct("layer") == [other]
    with pytest.raises(NoSuchVersion):
        await use(store, report.version, by="admin")


def _long_ago():
    from datetime import UTC, datetime, timedelta

    return datetime.now(UTC) - timedelta(hours=25)


async def test_a_version_once_used_never_goes_away(store, tmp_path):
    old = await kept(store, tmp_path, feature("a"))
    await use(store, old, by="admin")
    await use(store, await kept(store, tmp_path, feature("b")), by="admin")
    await store["grid_layers"].update_one({"_id": old}, {"$set": {"imported_at": _long_ago()}})
    await kept(store, tmp_path, feature("c"))
    assert (await use(store, old, by="admin"))["active"]


async def test_exactly_what_was_shown_is_used(store, tmp_path):
    version = await kept(store, tmp_path, feature("a"))
    with pytest.raises(Conflict, match="不一致"):
        await use(store, version, by="admin", content="0" * 64)
    await store["grids"].update_one({"code": "a"}, {"$set": {"name": "改过"}})
    with pytest.raises(Conflict, match="不一致"):
        await use(store, version, by="admin")
    assert await active_version(store) is None


async def test_using_the_version_in_use_again_is_said_and_changes_nothing(store, tmp_path):
    version = await kept(store, tmp_path, feature("a"))
    await use(store, version, by="admin")
    with pytest.raises(Conflict, match="正在使用"):
        await use(store, version, by="admin")
    assert await store["audit"].count_documents({}) == 1


async def test_two_who_switch_at_once_leave_one_version_in_use(store, tmp_path):
    versions = [await kept(store, tmp_path, feature(f"g{i}")) for i in range(4)]
    await asyncio.gather(*(use(store, version, by="admin") for version in versions), return_exceptions=True)
    assert await store["grid_layers"].count_documents({"active": True}) == 1
    open_uses = await store["grid_layers"].count_documents({"uses": {"$elemMatch": {"until": None}}})
    assert open_uses == 1 and (await audit.verify(store))[1] is None


async def test_a_failure_in_the_switch_leaves_nothing_behind(store, tmp_path, monkeypatch):
    first = await import_layer(store, geojson(tmp_path, *row_of(2)))

    async def fail(callback):
        raise ConnectionError

    monkeypatch.setattr(store, "transaction", fail)
    with pytest.raises(ConnectionError):
        await import_layer(store, geojson(tmp_path, *row_of(15)))
    assert await store["grids"].count_documents({}) == 2
    assert [row["_id"] for row in await listed_versions(store)] == [first.version]


async def test_a_faulty_layer_is_refused_and_nothing_written(store, tmp_path):
    with pytest.raises(LayerRefused, match="重复") as refused:
        await import_layer(store, geojson(tmp_path, feature(), feature()))
    report, _ = await try_layer(store, geojson(tmp_path, feature(), feature()), "wgs84", by="admin")
    assert report.version is None and refused.value.report.faults
    assert await store["grids"].count_documents({}) == await store["grid_layers"].count_documents({}) == 0


async def test_grids_without_an_inspector_and_inspectors_without_their_grid_are_told(store, tmp_path):
    await store["inspectors"].insert_one({"_id": "i1", "name": "赵一", "grids": ["g0", "gone"]})
    report, _ = await try_layer(store, geojson(tmp_path, *row_of(2)), "wgs84", by="admin")
    assert "第 2 行 g1：“g1网格”还没有网格员" in report.text() and "g0网格”还没有" not in report.text()
    assert "赵一负责的网格 gone 不在这个文件里" in report.text()


async def test_a_first_start_uses_the_demonstration_and_keeps_its_inspectors(store):
    locator = await open_locator(store, CITY_DIR)
    assert len(locator.grid_index) == 540 and len(locator.roster) == 415 and locator.grid_index.version is None
    again = await open_locator(store, CITY_DIR)
    assert await store["inspectors"].count_documents({"demonstration": True}) == 415 == len(again.roster)


async def test_running_services_take_another_version_over_by_themselves(store, tmp_path, monkeypatch):
    monkeypatch.setattr(layer_watch, "LOOK_EVERY_S", 0.02)
    locators = [await open_locator(store, CITY_DIR) for _ in range(2)]
    tasks = [asyncio.create_task(layer_watch.follow_layer(store, one)) for one in locators]
    try:
        first = await import_layer(store, geojson(tmp_path, feature("a")))
        await _until(lambda: all(one.grid_index.version == first.version for one in locators))
        second = await import_layer(store, geojson(tmp_path, feature("b")))
        await _until(lambda: all(one.grid_index.version == second.version for one in locators))
        await use(store, first.version, by="admin")
        await _until(lambda: all(one.locate(point=HERE).grid == "a" for one in locators))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert layer_watch.LOOK_EVERY_S < 60


async def _until(true):
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("not taken over")


async def test_reading_a_large_file_does_not_hold_up_others(store, tmp_path):
    """The event loop turns all the while; measured against the reading itself, because the machine may be busy."""
    path = geojson(
        tmp_path, *(feature(f"g{i}", moved(0.001 * (i % 100), 0.001 * (i // 100), _small())) for i in range(5_000))
    )
    longest = 0.0

    async def watch():
        nonlocal longest
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.005)
            longest = max(longest, loop.time() - before)

    watching = asyncio.create_task(watch())
    report, _ = await try_layer(store, path, "gcj02", by="admin")
    watching.cancel()
    assert report.ok and report.grids == 5_000
    assert longest < report.seconds / 3


def _small():
    return [list(c) for c in shapely.segmentize(shapely.box(120.3, 36.2, 120.301, 36.201), 0.0001).exterior.coords]


async def test_a_file_that_breaks_its_reader_is_a_message(store, tmp_path, monkeypatch):
    from grid import layer_process

    monkeypatch.setattr(layer_process, "_command", lambda *_: ["/bin/sh", "-c", "kill -9 $$"])
    with pytest.raises(Refusal, match="没有导入"):
        await import_layer(store, geojson(tmp_path, feature()))
    monkeypatch.setattr(layer_process, "_command", lambda *_: ["/bin/sleep", "60"])
    monkeypatch.setattr(layer_process, "TIME_LIMIT_S", 0.1)
    with pytest.raises(Refusal, match="没有读完"):
        await import_layer(store, geojson(tmp_path, feature()))


# ---- export


async def test_a_version_is_exported_by_name_or_the_one_in_use(store, tmp_path):
    with pytest.raises(NotFound, match="还没有导入"):
        await export_version(store, None, "geojson", "wgs84")
    old = (await import_layer(store, geojson(tmp_path, feature("a")))).version
    new = (await import_layer(store, geojson(tmp_path, feature("b")))).version
    name, content = await export_version(store, None, "geojson", "gcj02")
    assert name == f"grids-{new}-gcj02.geojson" and json.loads(content)["features"][0]["properties"]["code"] == "b"
    name, content = await export_version(store, old, "shapefile", "wgs84")
    assert name == f"grids-{old}-wgs84.zip" and content[:2] == b"PK"
    for version, format, system in ((None, "dwg", "wgs84"), (None, "geojson", "mars"), ("none", "geojson", "wgs84")):
        with pytest.raises(Refusal):
            await export_version(store, version, format, system)


def test_only_wgs84_is_exported_with_a_prj(tmp_path):
    rows = read(geojson(tmp_path, feature())).rows
    for system in ("wgs84", "gcj02", "bd09"):
        path = tmp_path / "out.zip"
        path.write_bytes(as_shapefile(rows, system))
        names = zipfile.ZipFile(path).namelist()
        assert ("grids.prj" in names) == (system == "wgs84") and {"grids.shp", "grids.cpg"} <= set(names)


corner = st.tuples(st.floats(0.0005, 0.01), st.floats(0, 2 * np.pi))


@st.composite
def blobs(draw):
    """Polygons round a point, of 3 to 12 corners, at least some hundred square metres large; some with a hole."""
    angles = sorted(draw(st.lists(st.floats(0, 6.2), min_size=3, max_size=12, unique_by=lambda a: round(a, 1))))
    far = draw(st.lists(st.floats(0.001, 0.01), min_size=len(angles), max_size=len(angles)))
    x, y = draw(st.floats(120.0, 120.5)), draw(st.floats(36.0, 36.7))
    shape = shapely.Polygon([(x + r * np.cos(a), y + r * np.sin(a)) for a, r in zip(angles, far, strict=True)])
    return shape


names = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=30)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])
@given(
    st.lists(st.tuples(blobs(), names), min_size=1, max_size=4),
    st.sampled_from(["wgs84", "gcj02", "bd09"]),
    st.booleans(),
)
def test_export_and_import_give_the_same_grids(tmp_path_factory, drawn, system, as_json):
    folder = tmp_path_factory.mktemp("trip")
    features = []
    for i, (shape, name) in enumerate(drawn):
        if shape.is_valid and shape.area > 1e-7 and not name.isspace():
            features.append(feature(f"370214-{i}", [list(c) for c in shape.exterior.coords], name=name))
    if not features:
        return
    first = read(geojson(folder, *features))
    assert first.report.ok, first.report.text()
    path = folder / ("out.geojson" if as_json else "out.zip")
    path.write_bytes((as_geojson if as_json else as_shapefile)(first.rows, system))
    again = read(path, system)
    assert again.report.ok, again.report.text()
    before, after = (sorted(r.rows, key=lambda row: row.code) for r in (first, again))
    assert [_owner(row) for row in before] == [_owner(row) for row in after]
    one, two = (shapely.from_wkb([row.wkb for row in rows]) for rows in (before, after))
    assert shapely.area(two) == pytest.approx(shapely.area(one), rel=1e-6)
    assert (shapely.hausdorff_distance(one, two) * 111_320 < 0.1).all()
    if system == "wgs84":
        assert again.report.content == first.report.content


def _owner(row):
    return row.code, row.name, row.district, row.street, row.approximate


def test_a_grid_of_many_parts_with_a_hole_survives_the_journey(tmp_path):
    hole = [[120.384, 36.304], [120.386, 36.304], [120.386, 36.306], [120.384, 36.306], [120.384, 36.304]]
    two = feature("m")
    two["geometry"] = {"type": "MultiPolygon", "coordinates": [[SQUARE, hole], [moved(0.05)]]}
    first = read(geojson(tmp_path, two))
    for name, content in (("o.geojson", as_geojson(first.rows, "wgs84")), ("o.zip", as_shapefile(first.rows, "wgs84"))):
        (tmp_path / name).write_bytes(content)
        assert read(tmp_path / name).report.content == first.report.content


async def test_a_shapefile_goes_the_whole_way(store, tmp_path):
    report = await import_layer(store, zipped(shapefile(tmp_path, row_of(3), encoding="GBK", cpg=None)))
    locator = await open_locator(store, CITY_DIR)
    assert len(locator.grid_index) == 3 and locator.locate(point=HERE).layer == report.version
