"""The register, sweeps and relations through the pages, as officers use them."""

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from access.actors import SYSTEM
from cases import enterprises
from cases.enterprise_import import COLUMNS, EXAMPLE
from cases.enterprises import Enterprise
from cases.tables import Table, to_csv, to_xlsx
from store.local_time import local_day
from tests.handlers.office import OFFICERS, office

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
CODE = "91370203XX0000001J"
TODAY = local_day(datetime.now(UTC)).isoformat()
FIELDS = {
    "code": "9137 0203 XX00 0000 1J", "name": "青岛某商场有限公司", "industry": "商贸", "principal": "张三", "risk": "orange", "scheme": "无",
    "district": "市北区", "street": "市北区 台东街道", "grid": "", "address": "威海路1号", "active": "是",
}  # fmt: skip


@pytest.fixture
async def house(mongo_server, tmp_path):
    async with office(mongo_server, tmp_path) as opened:
        yield opened


async def register(house, code=CODE, grid="", name="青岛某商场有限公司") -> None:
    one = Enterprise(code, name, "商贸", "张三", "orange", False, "市北区", "辽宁路街道", grid, "辽宁路80号")

    async def write(session):
        await enterprises.write_all(house.services.store, session, [one], SYSTEM, datetime.now(UTC))

    await house.services.store.transaction(write)


def photo() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 48), 80).convert("RGB").save(out, "JPEG")
    return out.getvalue()


async def upload(officer, path: str, files: list[tuple[str, str, bytes]], **fields):
    from aiohttp import FormData

    form = FormData()
    form.add_field("csrf", officer.csrf)
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            form.add_field(name, each)
    for field, name, data in files:
        form.add_field(field, data, filename=name, content_type="application/octet-stream")
    return await officer._page(await officer.client.post(path, data=form, headers={"Accept": "text/html"}))


async def test_register_find_change_and_read_the_versions(house):
    supervisor = await house.officer("sup")
    page = await supervisor.post("/enterprises/new", FIELDS)
    assert page.url.startswith(f"/enterprises/{CODE}") and "已完成：保存单位" in page
    assert "青岛某商场有限公司" in await supervisor.get("/enterprises?q=商场")
    assert "没有找到" in await supervisor.get("/enterprises?q=没有的")
    version = page.hidden("version", f"/enterprises/{CODE}/save_enterprise")
    changed = {**FIELDS, "principal": "李四", "version": version}
    page = await supervisor.post(f"/enterprises/{CODE}/save_enterprise", changed)
    assert "李四" in page and "以前的登记内容（1）" in page and "第1版" in page
    late = await supervisor.post(f"/enterprises/{CODE}/save_enterprise", {**changed, "principal": "王五"})
    assert late.status == 409 and "刚刚被别人改过" in late and "王五" in late


@pytest.mark.parametrize(
    ("field", "value"), [("code", "123"), ("risk", ""), ("industry", "x"), ("scheme", ""), ("name", "")]
)
async def test_a_mistake_stands_at_its_field_and_what_was_typed_stays(house, field, value):
    supervisor = await house.officer("sup")
    page = await supervisor.post("/enterprises/new", {**FIELDS, "address": "<b>街</b>", field: value})
    assert page.status == 422 and f'id="save-{field}-error"' in page and "&lt;b&gt;街&lt;/b&gt;" in page
    assert await house.services.store["enterprises"].count_documents({}) == 0


async def test_import_first_tries_then_writes_all_or_nothing(house):
    supervisor = await house.officer("sup")
    table = Table("", tuple(COLUMNS), [EXAMPLE])
    good = [("file", "单位.xlsx", to_xlsx([table]))]
    page = await upload(supervisor, "/enterprises/import", good, step="try")
    assert "1行都没有错误" in page and await house.services.store["enterprises"].count_documents({}) == 0
    page = await upload(supervisor, "/enterprises/import", good, step="import")
    assert "新登记1个" in page and await house.services.store["enterprises"].count_documents({}) == 1
    bad = to_csv([Table("", tuple(COLUMNS), [EXAMPLE, ("1", *EXAMPLE[1:])])])
    page = await upload(supervisor, "/enterprises/import", [("file", "a.csv", bad)], step="import")
    assert page.status == 422 and "第3行 统一社会信用代码" in page
    page = await upload(supervisor, "/enterprises/import", [], step="import")
    assert page.status == 422 and "请选择" in page
    for kind in ("csv", "xlsx"):
        answer = await supervisor.client.get(f"/enterprises/template.{kind}")
        assert answer.status == 200 and "attachment" in answer.headers["Content-Disposition"]
    assert (await supervisor.client.get("/enterprises/template.exe")).status == 404


async def test_the_dispatcher_confirms_the_enterprise_and_links_what_happens_again(house):
    await register(house)
    old = await house.file()
    dispatcher = await house.officer("disp")
    page = await dispatcher.get(f"/desk/cases/{old}")
    assert "单位名称相近" in page or "单位名称相同" in page
    version = str((await house.case(old))["version"])
    page = await dispatcher.post(f"/desk/cases/{old}/link_enterprise", {"version": version, "enterprise": CODE})
    assert "已完成：确认被举报单位" in page and "登记单位" in page
    await house.substantiated(old)
    new = await house.file()
    version = str((await house.case(new))["version"])
    page = await dispatcher.post(f"/desk/cases/{new}/link_enterprise", {"version": version, "enterprise": CODE})
    assert old in page and "记为再次发生" in page and "罚款30000元" in page
    version = str((await house.case(new))["version"])
    page = await dispatcher.post(f"/desk/cases/{new}/link_recurrence", {"version": version, "of": old})
    assert "仍未改正或又发生" in page
    assert "又被举报" in await dispatcher.get(f"/desk/cases/{old}")
    supervisor = await house.officer("sup")
    page = await supervisor.get(f"/enterprises/{CODE}")
    assert old in page and new in page and "再次发生" in page
    wrong = await dispatcher.post(f"/desk/cases/{new}/link_enterprise", {"version": "1", "enterprise": "x"})
    assert wrong.status == 422 and "登记册里没有" in wrong


async def test_merged_and_taken_out_again_the_reporter_keeps_number_and_answers(house):
    into, case_id = await house.file(), await house.file(photo=b"jpeg")
    dispatcher = await house.officer("disp")
    version = str((await house.case(case_id))["version"])
    await dispatcher.post(f"/desk/cases/{case_id}/merge", {"version": version, "into": into})
    both = await dispatcher.get(f"/desk/cases/{into}")
    assert both.count("最早的有效举报") == 1
    page = await dispatcher.get(f"/desk/cases/{case_id}")
    assert "撤销并案" in page and into in page
    version = page.hidden("version", f"/desk/cases/{case_id}/unmerge")
    empty = await dispatcher.post(f"/desk/cases/{case_id}/unmerge", {"version": version, "text": ""})
    assert empty.status == 422
    page = await dispatcher.post(f"/desk/cases/{case_id}/unmerge", {"version": version, "text": "不是同一件事。"})
    assert "已完成：撤销并案" in page and "受理并派单" in page
    assert (await house.case(into))["tips"] == (await house.case(case_id))["tips"] == 1


async def test_the_inspector_sweeps_the_own_grid_with_photos(house):
    await register(house, grid="g1")
    await register(house, "91370203XX0000002M", "g9", "别人的单位")
    await house.services.store["inspectors"].update_one(
        {"_id": "ins1"}, {"$set": {"grids": ["g1"], "name": "赵"}}, upsert=True
    )
    inspector = await house.officer("ins1")
    page = await inspector.get("/sweeps")
    assert "还差1家" in page and "别人的单位" not in page
    assert (await inspector.get("/sweeps/91370203XX0000002M")).status == 404
    form = await inspector.get(f"/sweeps/{CODE}")
    assert "做了什么" in form
    items = {f"item-{name}": "1" for name in ("principal", "site", "ledger", "scheme", "hazards")}
    page = await upload(
        inspector, f"/sweeps/{CODE}/record_sweep", [("photos", "a.jpg", b"no photo")], on=TODAY, **items, note="好"
    )
    assert page.status == 400 or page.status == 422
    assert "a.jpg" in page and await house.services.store["sweeps"].count_documents({}) == 0
    page = await upload(
        inspector, f"/sweeps/{CODE}/record_sweep", [("photos", "a.jpg", photo())], on=TODAY, **items, note="好"
    )
    assert "已完成：记录排查" in page and "还差0家" in page and "资料齐全" in page
    form = await inspector.get(f"/sweeps/{CODE}")
    path = form.split('src="/sweeps/photos/')[1].split('"')[0]
    answer = await inspector.client.get(f"/sweeps/photos/{path}")
    assert (
        answer.status == 200 and answer.content_type == "image/jpeg" and answer.headers["Cache-Control"] == "no-store"
    )
    far = await house.officer("sup_other")
    assert (await far.client.get(f"/sweeps/photos/{path}")).status == 404
    page = await upload(inspector, f"/sweeps/{CODE}/record_sweep", [], on="2020-01-01", **items, note="不在本季")
    assert page.status == 422 and "不在本季" in page and 'id="sweep-on-error"' in page


async def test_the_unannounced_check_is_on_the_list_until_it_is_recorded(house):
    await register(house, grid="g1")
    row = {
        "_id": "AAAAA-AAAAA", "enterprise": CODE, "name": "青岛某商场有限公司", "district": "市北区", "street": "辽宁路街道", "grid": "g1",
        "types": ["exit_blocked_locked"], "planned_on": "2026-12-01", "done_on": None, "done_by": None, "result": None, "text": "",
    }  # fmt: skip
    await house.services.store["checks"].insert_one(row)
    await house.services.store["inspectors"].update_one(
        {"_id": "ins1"}, {"$set": {"grids": ["g1"], "name": "赵"}}, upsert=True
    )
    inspector = await house.officer("ins1")
    assert "2026-12-01" in await inspector.get("/sweeps")
    bad = await inspector.post("/checks/AAAAA-AAAAA/record_check", {"on": TODAY, "result": "bad", "text": ""})
    assert bad.status == 422 and "请写明问题" in bad
    page = await inspector.post("/checks/AAAAA-AAAAA/record_check", {"on": TODAY, "result": "good", "text": ""})
    assert "已完成：记录突击检查" in page and "没有计划的突击检查" in page
    assert (
        await (await house.officer("ins2")).post("/checks/AAAAA-AAAAA/record_check", {"on": TODAY, "result": "good"})
    ).status == 404


SEES = {
    "/enterprises": {"disp", "disp2", "ins1", "ins2", "sup", "sup_other", "boss", "aud"},
    "/enterprises/new": {"sup", "sup_other"},
    "/enterprises/import": {"sup", "sup_other"},
    "/sweeps": {"ins1", "ins2", "sup", "sup_other", "boss", "aud"},
    "/regularities": {"sup", "sup_other", "boss", "aud", "adm", "adm2"},
    "/ranking": {"sup", "sup_other", "boss", "aud", "adm", "adm2"},
    "/bulletin": {"sup", "sup_other", "boss", "aud", "adm", "adm2"},
    "/bulletin/paper.pdf": {"sup", "sup_other", "boss", "aud", "adm", "adm2"},
}


async def test_who_sees_which_page(house):
    for login in OFFICERS:
        officer = await house.officer(login)
        for path, known in SEES.items():
            assert (await officer.get(path)).status == (200 if login in known else 403), (login, path)


async def test_tables_and_papers_come_as_files(house):
    await house.file()
    boss = await house.officer("boss")
    for path, kind in (
        ("/regularities/tables.xlsx", "spreadsheetml"), ("/regularities/tables.csv", "text/csv"), ("/ranking/table.xlsx", "spreadsheetml"),
        ("/ranking/table.csv", "text/csv"), ("/bulletin/paper.pdf", "application/pdf"), ("/bulletin/paper.csv", "text/csv"), ("/sweeps/shares.csv", "text/csv"),
    ):  # fmt: skip
        answer = await boss.client.get(path)
        assert answer.status == 200 and kind in answer.headers["Content-Type"], path
        assert (
            "filename*=UTF-8''" in answer.headers["Content-Disposition"]
            and answer.headers["Cache-Control"] == "no-store"
        )
    assert (await boss.client.get("/bulletin/paper.exe")).status == 404


BROKEN = [
    "/regularities?first=x&last=%00&type=$where&district=<b>", "/ranking?month=9999-99", "/bulletin?week=2999-01-01", "/bulletin?week=x",
    "/sweeps?quarter=2026Q9", "/enterprises?q=%00%F0%9F&page=-1&risk=x", "/enterprises?q=((", "/regularities?first=1900-01",
]  # fmt: skip


async def test_a_broken_address_still_opens_a_page(house):
    supervisor = await house.officer("sup")
    for path in BROKEN:
        assert (await supervisor.get(path)).status == 200, path
