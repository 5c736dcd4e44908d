"""The administrator's pages of the roster."""

import pytest
from aiohttp import FormData

from tests.handlers.office import office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

GOOD = {
    "id": "w-1", "name": "欧阳海燕", "kind": "inspector", "place": "市北区 辽宁路街道", "grids": "G1 G2", "deputy": "",
    "email": "zhao@example.gov.cn", "phone": "053285912350", "robot": "辽宁路群",
}  # fmt: skip


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


@pytest.fixture
async def admin(house):
    return await house.officer("adm")


async def saved(house, inspector_id="w-1"):
    return await house.services.store["inspectors"].find_one({"_id": inspector_id})


async def test_an_inspector_is_added_and_a_mistake_keeps_what_was_typed(house, admin):
    for name, value, field in [
        ("id", "!", "id"), ("name", "", "name"), ("email", "x", "email"), ("place", "火星区 一街", "place"),
        ("phone", "打我", "phone"), ("deputy", "ghost", "deputy"), ("kind", "king", "kind"), ("place", "市北区", "place"),
    ]:  # fmt: skip
        page = await admin.post("/admin/inspectors", {**GOOD, "robot": "打字 <b>", name: value})
        assert page.status == 422 and f'id="save_inspector-{field}-error"' in page, (name, value)
        assert "打字 &lt;b&gt;" in page
    assert await saved(house) is None
    page = await admin.post("/admin/inspectors", GOOD)
    assert page.status == 200 and page.url.startswith("/admin/inspectors/w-1") and "已完成：保存检查员" in page
    assert (await saved(house))["grids"] == ["G1", "G2"]
    assert house.services.locator.roster.get("w-1").phone == "053285912350", "the running service knows it at once"
    page = await admin.post(
        "/admin/inspectors", {**GOOD, "id": "d-1", "kind": "district_desk", "place": "市北区", "grids": ""}
    )
    assert page.status == 200 and (await saved(house, "d-1"))["street"] == ""


async def test_leave_and_shifts_are_edited_with_an_audit_entry(house, admin):
    await admin.post("/admin/inspectors", GOOD)
    await admin.post("/admin/inspectors", {**GOOD, "id": "w-2", "name": "钱二"})
    at = "/admin/inspectors/w-1"
    page = await admin.post(f"{at}/add_leave", {"first": "2026-12-05", "last": "2026-12-01", "deputy": ""})
    assert page.status == 422 and 'id="add_leave-last-error"' in page
    page = await admin.post(f"{at}/add_leave", {"first": "2020-01-01", "last": "2020-01-02", "deputy": "nobody"})
    assert page.status == 422 and 'id="add_leave-deputy-error"' in page
    page = await admin.post(f"{at}/add_leave", {"first": "2026-12-01", "last": "2026-12-05", "deputy": "w-2"})
    assert "登记休假" in page and "2026-12-01至2026-12-05 代班 w-2" in page and "管理员冯" in page
    page = await admin.post(f"{at}/add_shift", {"start": "20:00", "end": "08:00"})
    assert page.status == 422 and 'id="add_shift-days-error"' in page
    days = [("days", "6"), ("days", "7"), ("days", "9")]
    page = await admin.post(f"{at}/add_shift", [*days, ("start", "20:00"), ("end", "08:00")])
    assert "周六、周日 20:00-08:00" in page
    await admin.post(f"{at}/add_shift", [("days", "1"), ("start", "09:00"), ("end", "12:00")])
    row = await saved(house)
    assert row["leave"] == [{"first": "2026-12-01", "last": "2026-12-05", "deputy": "w-2"}]
    assert row["shifts"][0] == {"days": [6, 7], "start": "20:00", "end": "08:00"} and len(row["shifts"]) == 2
    await admin.post(f"{at}/remove_shift", {"shift": "周一 09:00-12:00"})
    await admin.post(f"{at}/remove_leave", {"first": "2026-12-01", "last": "2026-12-05", "deputy": "w-2"})
    row = await saved(house)
    assert row["leave"] == [] and len(row["shifts"]) == 1
    assert (await admin.post(f"{at}/remove_leave", {"first": "2026-12-01", "last": "2026-12-05"})).status == 404
    trail = [e["action"] async for e in house.services.store["audit"].find({"subject": "inspector:w-1"}).sort("seq", 1)]
    assert trail == ["save_inspector", "add_leave", "set_shifts", "set_shifts", "set_shifts", "remove_leave"]


async def test_who_leaves_keeps_the_orders_for_somebody_to_reassign(house, admin):
    await admin.post("/admin/inspectors", {**GOOD, "id": "ins1"})
    case_id = await house.file()
    await house.accepted_and_assigned(case_id)
    page = await admin.post("/admin/inspectors/ins1/set_active", {"active": "0"})
    assert "已停用" in page and "还有1张单没有办完" in page
    assert (await house.case(case_id))["inspector_id"] == "ins1", "nothing is taken away silently"
    page = await admin.post("/admin/inspectors/ins1/set_active", {"active": "1"})
    assert "在岗" in page and "没有办完" not in page


async def test_the_list_shows_who_is_there_now_and_how_much_they_have_to_do(house, admin):
    await admin.post("/admin/inspectors", GOOD)
    page = await admin.get("/admin/inspectors")
    assert page.status == 200 and "w-1" not in page, "thousands of people are not listed at once"
    for query in ("district=市北区", "q=w-1", "q=欧阳海燕"):
        page = await admin.get(f"/admin/inspectors?{query}")
        assert "w-1" in page and "在岗" in page, query
    assert "没有找到" in await admin.get("/admin/inspectors?q=%00$where")


async def upload(admin, content, step="import"):
    data = FormData()
    data.add_field("csrf", admin.csrf)
    data.add_field("step", step)
    data.add_field("file", content, filename="名单.csv", content_type="text/csv")
    return await admin._page(
        await admin.client.post("/admin/inspectors.csv", data=data, headers={"Accept": "text/html"})
    )


async def test_the_table_goes_out_and_comes_back(house, admin):
    await admin.post("/admin/inspectors", GOOD)
    answer = await admin.client.get("/admin/inspectors.csv")
    table = await answer.read()
    assert answer.headers["Cache-Control"] == "no-store" and "欧阳海燕" in table.decode()
    changed = table.decode().replace("欧阳海燕", "欧阳燕燕") + "w-9,,网格员,市北区,辽宁路街道,,a@b.cn,,,,,,\r\n"
    page = await upload(admin, changed.encode())
    assert "姓名" in page and "没有导入任何一行" in page and (await saved(house))["name"] == "欧阳海燕"
    changed = changed.replace("w-9,,", "w-9,新人,")
    assert "试运行通过" in await upload(admin, changed.encode(), "try") and await saved(house, "w-9") is None
    assert "新增1人，修改1人" in await upload(admin, changed.encode())
    assert (await saved(house))["name"] == "欧阳燕燕" and house.services.locator.roster.get("w-9")
    assert (await upload(admin, b"\x00\x01\x02")).status == 422
    page = await admin.post("/admin/inspectors.csv", {"step": "try"})
    assert page.status == 422 and "请选择" in page


async def test_the_roster_is_the_administrators(house):
    for login in ("disp", "sup", "ins1", "aud", "boss"):
        officer = await house.officer(login)
        for path in ("/admin/inspectors", "/admin/inspectors/ins1", "/admin/inspectors.csv"):
            assert (await officer.client.get(path)).status == 403, (login, path)
