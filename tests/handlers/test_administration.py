"""The administrator's page."""

import pytest

from tests.handlers.office import office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def test_the_page_tells_how_the_parts_are(house):
    page = await (await house.officer("adm")).get("/admin")
    assert page.status == 200
    for words in ("MongoDB", "没有应答", "没有设置邮件服务器", "剩余"):
        assert words in page
    rules = await (await house.officer("adm")).get("/admin/rules")
    assert "安全生产领域举报奖励办法" in rules and "草稿" in rules
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
