"""The administrator's page."""

import json

import pytest
from aiohttp import FormData

from tests.handlers.office import office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def test_the_page_tells_how_the_parts_are(house):
    page = await (await house.officer("adm")).get("/admin")
    assert page.status == 200
    for words in ("MongoDB", "没有应答", "没有设置邮件服务器", "剩余", "安全生产领域举报奖励办法", "草稿"):
        assert words in page
    assert "新建账号" not in await (await house.officer("aud")).get("/admin")


async def test_an_account_is_added_its_password_shown_once_and_taken_back(house):
    admin = await house.officer("adm")
    for wrong in (
        {"login": "x"},
        {"login": "ok", "name": ""},
        {"login": "ok", "name": "甲"},
        {"login": "ok", "name": "甲", "roles": "system"},
    ):
        page = await admin.post("/admin/accounts", wrong)
        assert page.status == 422 and "field-error" in page, wrong
    page = await admin.post(
        "/admin/accounts", {"login": "newman", "name": "新人", "roles": "dispatcher", "district": "市北区"}
    )
    assert page.status == 200 and "只显示这一次" in page
    assert "只显示这一次" not in await admin.get("/admin")
    account = await house.services.store["accounts"].find_one({"login": "newman"})
    assert account["district"] == "市北区" and account["roles"] == ["dispatcher"]
    page = await admin.post("/admin/accounts", {"login": "newman", "name": "又一个", "roles": "dispatcher"})
    assert page.status == 409 and "又一个" in page
    page = await admin.post(f"/admin/accounts/{account['_id']}/password")
    assert "只显示这一次" in page
    await admin.post(f"/admin/accounts/{account['_id']}/disable_account")
    assert (await house.services.store["accounts"].find_one({"login": "newman"}))["disabled"]
    assert (await admin.post("/admin/accounts/adm/disable_account")).status == 403


async def upload(admin, text, step):
    data = FormData()
    data.add_field("csrf", admin.csrf)
    data.add_field("system", "wgs84")
    data.add_field("step", step)
    data.add_field("file", text.encode(), filename="../grids.geojson", content_type="application/json")
    return await admin._page(await admin.client.post("/admin/grids", data=data, headers={"Accept": "text/html"}))


async def test_a_layer_is_tried_first_and_a_broken_one_changes_nothing(house):
    admin, store = await house.officer("adm"), house.services.store
    square = [[120.36, 36.07], [120.37, 36.07], [120.37, 36.08], [120.36, 36.08], [120.36, 36.07]]
    feature = {
        "type": "Feature",
        "properties": {"code": "N1", "name": "一网格", "district": "市北区", "street": "辽宁路街道"},
        "geometry": {"type": "Polygon", "coordinates": [square]},
    }
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    assert "试运行通过" in await upload(admin, text, "try")
    before = await store["grid_layers"].count_documents({})
    assert (await upload(admin, "{", "import")).status == 422
    assert await store["grid_layers"].count_documents({}) == before
    assert "已导入" in await upload(admin, text, "import")
    assert (await store["grid_layers"].find_one({"active": True}))["grids"] == 1
    page = await admin.post("/admin/grids", {"step": "try"})
    assert page.status == 422 and "请选择" in page


async def test_a_dead_job_gets_a_second_chance(house):
    admin, jobs = await house.officer("adm"), house.services.store["jobs"]
    await jobs.insert_one(
        {
            "_id": "mail:x:1",
            "kind": "mail",
            "payload": {},
            "state": "dead",
            "due": None,
            "tries": 40,
            "error": "TimeoutError",
        }
    )
    page = await admin.get("/admin")
    assert "mail:x:1" in page and "TimeoutError" in page
    assert (await admin.post("/admin/jobs/mail:x:1/retry_job")).status == 200
    assert (await jobs.find_one({"_id": "mail:x:1"}))["state"] == "waiting"
    assert (await admin.post("/admin/jobs/mail:x:1/retry_job")).status == 404
