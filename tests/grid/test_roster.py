"""The roster in the database: changes with their audit entries, and the table that people edit."""

from dataclasses import replace
from datetime import datetime

import pytest

from access import audit
from grid.divisions import Divisions
from grid.inspectors import Inspector, Kind
from grid.roster_changes import add_leave, inspector_of, remove_leave, save_inspector, set_active, set_shifts
from grid.roster_csv import BadRosterFile, exported, import_roster
from grid.roster_entry import InvalidInspector
from grid.roster_store import fields_of, load_inspectors, roster_version
from grid.service import Locator
from grid.shifts import leave_of, shift_of
from store.errors import NotFound
from store.local_time import LOCAL
from tests.grid.conftest import CITY_DIR
from tests.hostile import TEXTS

KNOWN = Divisions.load(CITY_DIR)
FORM = {
    "id": "w-1", "name": "赵海燕", "email": "zhao@example.gov.cn", "district": "城阳区", "street": "流亭街道",
    "grids": "G1 G2，G1", "kind": "inspector", "phone": "0532-8591 2350", "robot": "流亭群",
}  # fmt: skip
PEOPLE = [
    Inspector("w-1", "赵海燕", "a@b.cn", "城阳区", "流亭街道", ("G1", "G2"), deputy="w-2", phone="12350", robot="流亭群",
              leave=(leave_of("2026-12-01", "2026-12-05", "w-2"),), shifts=(shift_of([1, 2, 3], "08:30", "17:30"),)),
    Inspector("w-2", "钱，二", "b@b.cn", "城阳区", "流亭街道", (), active=False),
    Inspector("d-1", "城阳区分派席", "c@b.cn", "城阳区", "", (), kind=Kind.DISTRICT_DESK),
]  # fmt: skip


async def put(store, people):
    await store["inspectors"].insert_many([{"_id": each.id, **fields_of(each)} for each in people])


async def trail(store, subject):
    return [row["action"] async for row in store["audit"].find({"subject": subject}).sort("seq", 1)]


async def test_every_change_is_one_audit_entry_and_news_for_running_services(store):
    await save_inspector(store, KNOWN, FORM, by="adm")
    await save_inspector(store, KNOWN, {**FORM, "id": "w-2", "deputy": "w-1"}, by="adm")
    away = leave_of("2026-12-01", "2026-12-05", "w-2")
    await add_leave(store, "w-1", away, by="adm")
    await set_shifts(store, "w-1", (shift_of([6, 7], "20:00", "08:00"),), by="adm")
    await save_inspector(store, KNOWN, {**FORM, "name": "赵二"}, by="adm")
    kept = await inspector_of(store, "w-1")
    assert (kept.name, kept.grids, kept.leave) == ("赵二", ("G1", "G2"), (away,)), "a form keeps what it does not show"
    assert kept.shifts == (shift_of([6, 7], "20:00", "08:00"),)
    await remove_leave(store, "w-1", away, by="adm")
    await set_active(store, "w-1", False, by="adm")
    assert not (await inspector_of(store, "w-1")).active
    assert await trail(store, "inspector:w-1") == [
        "save_inspector", "add_leave", "set_shifts", "save_inspector", "remove_leave", "set_active",
    ]  # fmt: skip
    assert (await audit.verify(store))[1] is None
    assert await roster_version(store) == 7


async def test_a_running_service_takes_a_change_over(store):
    locator = Locator.for_demonstration(CITY_DIR)
    await locator.refresh_roster(store)
    assert len(locator.roster) > 400, "no change, nothing read"
    await save_inspector(store, KNOWN, FORM, by="adm")
    await locator.refresh_roster(store)
    assert [each.id for each in locator.roster] == ["w-1"]
    found = locator.receiver("G2", "城阳区", "流亭街道", datetime.now(LOCAL), {})
    assert found.inspector and found.inspector.id == "w-1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "!"), ("id", ""), ("name", ""), ("name", "=cmd()"), ("email", "x"), ("phone", "打我"), ("street", "火星街道"),
        ("kind", "king"), ("grids", " ".join(f"G{n}" for n in range(51))), ("deputy", "w-1"), ("deputy", "nobody"),
        ("robot", "x" * 61), ("active", "也许"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_by_field_and_leaves_no_trace(store, field, value):
    with pytest.raises(InvalidInspector) as refused:
        await save_inspector(store, KNOWN, {**FORM, field: value}, by="adm")
    assert refused.value.field == field and refused.value.message
    assert await store["inspectors"].find_one({}) is None and await store["audit"].find_one({}) is None
    assert await roster_version(store) == 0


@pytest.mark.parametrize("text", TEXTS)
async def test_hostile_text_is_stored_as_text_or_refused(store, text):
    for field in ("name", "robot", "phone", "grids", "deputy"):
        try:
            await save_inspector(store, KNOWN, {**FORM, field: text.encode("utf-8", "replace").decode()}, by="adm")
        except InvalidInspector:
            continue
    assert all(each.id == "w-1" for each in await load_inspectors(store))


async def test_changes_of_nobody_are_not_found(store):
    with pytest.raises(NotFound):
        await set_active(store, "nobody", False, by="adm")
    with pytest.raises(NotFound):
        await add_leave(store, "nobody", leave_of("2026-12-01", "2026-12-02"), by="adm")
    await save_inspector(store, KNOWN, FORM, by="adm")
    with pytest.raises(NotFound):
        await remove_leave(store, "w-1", leave_of("2026-12-01", "2026-12-02"), by="adm")
    with pytest.raises(InvalidInspector):
        await add_leave(store, "w-1", leave_of("2026-12-01", "2026-12-02", "ghost"), by="adm")
    assert not (await inspector_of(store, "w-1")).leave


async def test_a_failing_audit_entry_undoes_the_change(store, monkeypatch):
    await save_inspector(store, KNOWN, FORM, by="adm")

    async def fail(*_):
        raise RuntimeError("the last write of the transaction")

    monkeypatch.setattr(audit, "append", fail)
    with pytest.raises(RuntimeError):
        await set_active(store, "w-1", False, by="adm")
    assert (await inspector_of(store, "w-1")).active and await roster_version(store) == 1


# ---- the table


async def test_what_is_exported_is_imported_without_a_change(store):
    await put(store, PEOPLE)
    table = exported(await load_inspectors(store))
    assert table.startswith("\ufeff编号,姓名,") and "周一至周三 08:30-17:30" in table
    report = await import_roster(store, table.encode(), KNOWN, by="adm")
    assert (report.added, report.changed, report.unchanged, report.written) == (0, 0, 3, False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_an_import_adds_changes_and_leaves_the_rest(store, encoding):
    await put(store, PEOPLE[:2])
    people = [replace(PEOPLE[1], active=True, leave=(leave_of("2026-11-30", "2026-12-31"),)), PEOPLE[2]]
    table = exported(people).removeprefix("\ufeff").encode(encoding)
    tried = await import_roster(store, table, KNOWN, by="adm", dry_run=True)
    assert "试运行通过" in tried.text() and len(await load_inspectors(store)) == 2
    done = await import_roster(store, table, KNOWN, by="adm")
    assert (done.added, done.changed, done.written) == (1, 1, True)
    assert {each.id: each for each in await load_inspectors(store)} == {
        each.id: each for each in [PEOPLE[0], *people]
    }  # fmt: skip
    assert await trail(store, "inspectors") == ["import_inspectors"] and await roster_version(store) == 1


async def test_columns_that_are_not_in_the_file_stay_as_they_are(store):
    await put(store, PEOPLE)
    table = "编号,姓名,区市,镇街,邮箱\nw-1,赵新名,城阳区,流亭街道,new@b.cn\n"
    assert (await import_roster(store, table.encode(), KNOWN, by="adm")).changed == 1
    assert await inspector_of(store, "w-1") == replace(PEOPLE[0], name="赵新名", email="new@b.cn")


async def test_every_fault_is_named_by_its_row_and_nothing_is_written(store):
    await put(store, PEOPLE)
    table = "\n".join(
        [
            "编号,姓名,岗位,区市,镇街,网格,邮箱,电话,机器人,代班,在职,班次,休假",
            "n-1,甲,,城阳区,流亭街道,,a@b.cn,,,,,,",
            "n-2,,,城阳区,流亭街道,,a@b.cn,,,,,,",
            "n-3,丙,网格员,城阳区,火星街道,,a@b.cn,,,,,,",
            "",
            "n-1,丁,网格员,城阳区,流亭街道,,a@b.cn,,,,,,",
            "n-5,戊,网格员,城阳区,流亭街道,,a@b.cn,,,ghost,,,",
            "n-6,己,网格员,城阳区,流亭街道,,a@b.cn,,,,,周八 08:00-09:00,",
            "n-7,庚,网格员,城阳区,流亭街道,,a@b.cn,,,,,,2026-12-05至2026-12-01",
            "n-8,辛,网格员,城阳区,流亭街道,,a@b.cn,,,,,,2026-12-01至2026-12-05 代班 n-1",
        ]
    )
    report = await import_roster(store, table.encode(), KNOWN, by="adm")
    assert [(fault.row, fault.column) for fault in report.faults] == [
        (3, "姓名"), (4, "镇街"), (6, "编号"), (7, "代班"), (8, "班次"), (9, "休假"),
    ]  # fmt: skip
    assert "没有导入任何一行" in report.text() and "第4行“镇街”：没有“城阳区火星街道”" in report.text()
    assert not report.written and len(await load_inspectors(store)) == 3 and await roster_version(store) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00\x01\xff",
        "编号,姓名\nw-1,甲\n".encode(),
        "编号,姓名,区市,镇街,邮箱,密码\n".encode(),
        b"PK\x03\x04",
    ],
)
async def test_a_file_that_is_no_roster_is_refused(store, data):
    with pytest.raises(BadRosterFile):
        await import_roster(store, data, KNOWN, by="adm")


async def test_a_grid_that_the_layer_does_not_have_is_pointed_out(store):
    await store["grid_layers"].insert_one({"_id": "L", "active": True})
    await store["grids"].insert_one({"_id": "L/G1", "layer": "L", "code": "G1"})
    report = await import_roster(store, exported(PEOPLE).encode(), KNOWN, by="adm")
    assert report.written and "第2行的网格“G2”不在当前图层里" in report.text() and "G1" not in report.text()
