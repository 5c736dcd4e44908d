"""The administrator's pages about the grid layer."""

import json
import re
from html import unescape

import pytest
from aiohttp import FormData

from tests.grid.layer_files import feature, geojson, moved, row_of, shapefile, zipped
from tests.handlers.office import office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path / "data") as opened:
        yield opened


async def upload(admin, *files, system="wgs84"):
    """Choose files on the page and press 试运行; `files`: paths, or pairs (name, content)."""
    page = await admin.get("/admin/grids")
    data = FormData()
    data.add_field("csrf", page.hidden("csrf"))
    data.add_field("system", system)
    for file in files:
        name, content = file if isinstance(file, tuple) else (file.name, file.read_bytes())
        data.add_field("file", content, filename=name, content_type="application/octet-stream")
    return await admin._page(await admin.client.post("/admin/grids", data=data, headers={"Accept": "text/html"}))


async def state(house):
    store = house.services.store
    return [await store[name].count_documents({}) for name in ("grid_layers", "grids")]


async def test_a_file_is_tried_shown_and_then_exactly_that_is_used(house, tmp_path):
    admin = await house.officer("adm")
    assert "近似网格（演示），540 个" in await admin.get("/admin/grids")
    page = await upload(admin, geojson(tmp_path, *row_of(2), feature("c", moved(0.0195))))
    assert page.status == 200 and page.url.startswith("/admin/grids/")
    assert "试运行，未启用" in page and "第 2 行 g1：与第 3 行 c 重叠" in page
    assert house.services.locator.grid_index.version is None
    svg = await admin.client.get(f"{page.url}/picture")
    assert svg.content_type == "image/svg+xml" and "重叠 1" in await svg.text()
    page = await admin.post(f"{page.url}/use_layer", {"content": page.hidden("content")})
    assert "已完成：换用网格版本" in page and "使用中" in page and "管理员冯" in page
    assert len(house.services.locator.grid_index) == 3 and await state(house) == [1, 3]
    assert "正在使用版本" in await admin.get("/admin")


async def test_a_stale_page_cannot_use_other_content(house, tmp_path):
    admin = await house.officer("adm")
    page = await upload(admin, geojson(tmp_path, *row_of(2)))
    again = await admin.post(f"{page.url}/use_layer", {"content": "0" * 64})
    assert again.status == 409 and "不一致" in again
    assert house.services.locator.grid_index.version is None


async def test_an_earlier_version_is_used_again_from_its_page(house, tmp_path):
    admin = await house.officer("adm")
    for count in (1, 2):
        page = await upload(admin, geojson(tmp_path, *row_of(count)))
        await admin.post(f"{page.url}/use_layer", {"content": page.hidden("content")})
    listed = await admin.get("/admin/grids")
    assert "使用中" in listed and "以前用过" in listed
    old = re.findall(r'href="(/admin/grids/[\w-]+)"', listed)[1]
    page = await admin.get(old)
    assert "换回这个版本" in page
    page = await admin.post(f"{page.url}/use_layer", {"content": page.hidden("content")})
    assert "使用中" in page and len(house.services.locator.grid_index) == 1
    trail = await (await house.officer("aud")).get("/audit?subject=grid_layer")
    assert trail.count("导入网格") == 2 and trail.count("换用网格版本") == 1 and "来源文件：layer.geojson" in trail


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("grids.geojson", b"{")], "JSON"),
        ([("grids.geojson", b"")], "JSON"),
        ([("a.geojson", b"{}"), ("b.geojson", b"{}")], "一次只能导入一个"),
        ([], "请选择文件"),
        ([("../../../etc/<b>x</b>.shp", b"\0\0\x27\x0a")], "缺少 .shx、.dbf"),
        ([("名" * 300 + ".geojson", b"{")], "JSON"),
    ],
)
async def test_a_broken_upload_changes_nothing_and_says_why(house, files, said):
    page = await upload(await house.officer("adm"), *files)
    assert page.status == 422 and said in unescape(page) and "field-error" in page and "<b>x" not in page
    assert await state(house) == [0, 0]


async def test_a_layer_with_errors_is_shown_with_report_and_picture_and_not_kept(house, tmp_path):
    page = await upload(await house.officer("adm"), geojson(tmp_path, *row_of(2), feature("g0", moved(0.02))))
    assert page.status == 422 and "第 3 行 g0：编码与第 1 行重复" in page
    assert 'src="data:image/svg+xml;base64,' in page and await state(house) == [0, 0]


async def test_a_wrong_system_is_a_message(house, tmp_path):
    page = await upload(await house.officer("adm"), geojson(tmp_path, feature()), system="mars")
    assert page.status == 400 and "不认识坐标系" in page


async def test_a_shapefile_comes_as_archive_or_as_its_parts(house, tmp_path):
    admin = await house.officer("adm")
    path = shapefile(tmp_path, row_of(3), encoding="GBK", cpg=None)
    parts = [path.with_suffix(suffix) for suffix in (".dbf", ".shp", ".prj", ".shx")]
    for files in ([zipped(path)], parts):
        page = await upload(admin, *files)
        assert page.status == 200 and "3 个" in page, page


async def test_an_upload_larger_than_other_forms_may_be_is_taken_and_one_beyond_the_limit_refused(house, tmp_path):
    admin = await house.officer("adm")
    page = await upload(admin, geojson(tmp_path, *row_of(2), padding="x" * 5_000_000))
    assert page.status == 200 and "试运行，未启用" in page
    answer = await admin.client.post(
        "/admin/grids",
        data=b"",
        headers={"Accept": "text/html", "Content-Length": str(202 * 2**20)},
        skip_auto_headers=["Content-Length"],
    )
    assert answer.status == 413 and "201MB" in await answer.text()


async def test_versions_are_downloaded_in_each_format_and_system(house, tmp_path):
    admin = await house.officer("adm")
    page = await upload(admin, geojson(tmp_path, *row_of(2)))
    for format, kind in (("geojson", "application/geo+json"), ("shapefile", "application/zip")):
        for system in ("wgs84", "gcj02", "bd09"):
            answer = await admin.client.get(f"{page.url}/export?format={format}&system={system}")
            assert answer.status == 200 and answer.content_type == kind
            assert f"-{system}." in answer.headers["Content-Disposition"]
            if format == "geojson":
                assert len(json.loads(await answer.read())["features"]) == 2
    assert (await admin.get(f"{page.url}/export?format=dwg")).status == 422
    assert (await admin.get("/admin/grids/none/export?format=geojson&system=wgs84")).status == 404


async def test_only_the_administrator_sees_or_changes_layers(house, tmp_path):
    for login in ("aud", "disp"):
        officer = await house.officer(login)
        for path in ("/admin/grids", "/admin/grids/x", "/admin/grids/x/export", "/admin/grids/x/picture"):
            assert (await officer.get(path)).status == 403
        assert (await officer.post("/admin/grids/x/use_layer", {"content": ""})).status == 403
    assert (await (await house.officer("adm")).get("/admin/grids/none")).status == 404
