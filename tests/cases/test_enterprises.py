"""The register: what is checked, versions, import all or nothing, search."""

import pytest

from access import audit
from access.actors import Actor, Role
from cases import enterprises
from cases.credit_codes import check_letter
from cases.enterprise_import import COLUMNS, EXAMPLE, import_sheet
from cases.enterprises import Places, Search
from cases.inputs import InvalidInput
from cases.places import divisions
from cases.spreadsheets import BadSheet
from cases.tables import Table, to_csv, to_xlsx
from grid.polygons import GridIndex
from grid.service import demonstration_grids
from store.errors import Conflict, NotFound

CITY = Actor("sup", "督办员", frozenset({Role.SUPERVISOR}))
LAOSHAN = Actor("sup2", "崂山督办员", frozenset({Role.SUPERVISOR}), "崂山区")


def code(number: int) -> str:
    first17 = f"91370203XX{number:07}"
    return first17 + check_letter(first17)


@pytest.fixture(scope="module")
def places() -> Places:
    from pathlib import Path

    city = Path(__file__).parents[2] / "grid" / "qingdao"
    return Places(divisions(city), GridIndex(demonstration_grids(city)))


def fields(number: int = 1, **changed: str) -> dict[str, str]:
    return {
        "code": code(number), "name": f"青岛兴达{number}木业有限公司", "industry": "轻工", "principal": "张三", "risk": "较大",
        "scheme": "有", "district": "市北区", "street": "台东街道", "grid": "", "address": "威海路1号", **changed,
    }  # fmt: skip


def sheet(*rows: dict[str, str], without: tuple[str, ...] = ()) -> bytes:
    names = [zh for zh, field in COLUMNS.items() if field not in without and any(field in row for row in rows)]
    return to_csv([Table("", tuple(names), [tuple(row.get(COLUMNS[zh], "") for zh in names) for row in rows])])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"code": "91370203XX0000001A"}, "校验位"), ({"name": ""}, "全称"), ({"name": "公" * 101}, "太长"), ({"industry": "做买卖"}, "没有“做买卖”"),
        ({"risk": "很高"}, "重大、较大、一般或低"), ({"scheme": "也许"}, "“有”或“无”"), ({"district": "火星区"}, "请填写区市"),
        ({"street": "沙子口街道"}, "没有“沙子口街道”"), ({"grid": "123"}, "现用的网格里没有"), ({"principal": "甲" * 51}, "太长"),
        ({"grid": "370202001001", "district": "崂山区"}, "不一致"), ({"active": "或许"}, "在营"),
    ],
)  # fmt: skip
def test_every_field_is_checked(places, changed, message):
    with pytest.raises(InvalidInput, match=message):
        enterprises.checked(fields(**changed), places)


def test_a_grid_says_where_it_is(places):
    grid = places.grids.grids[0]
    one = enterprises.checked(fields(grid=grid.code, district="", street=""), places)
    assert (one.district, one.street, one.grid) == (grid.district, grid.street, grid.code)
    assert one.risk == "orange" and one.scheme and one.active


async def test_a_change_makes_a_version_and_keeps_the_old_one(store, places):
    one = enterprises.checked(fields(), places)
    await enterprises.save(store, one, 0, CITY)
    with pytest.raises(InvalidInput, match="已经登记为"):
        await enterprises.save(store, one, 0, CITY)
    other = enterprises.checked(fields(principal="李四"), places)
    await enterprises.save(store, other, 1, CITY)
    with pytest.raises(Conflict):
        await enterprises.save(store, other, 1, CITY)
    row = await enterprises.find(store, code(1), CITY)
    assert (row["version"], row["principal"]) == (2, "李四")
    assert [(old["version"], old["principal"]) for old in await enterprises.versions_of(store, code(1))] == [
        (1, "张三")
    ]
    assert (await audit.verify(store))[1] is None


async def test_saving_the_same_again_is_no_version(store, places):
    one = enterprises.checked(fields(), places)
    await enterprises.save(store, one, 0, CITY)
    await enterprises.save(store, one, 1, CITY)
    assert (await enterprises.find(store, code(1), CITY))["version"] == 1


async def test_a_district_keeps_to_its_own(store, places):
    one = enterprises.checked(fields(), places)
    with pytest.raises(InvalidInput, match="只能管理崂山区"):
        await enterprises.save(store, one, 0, LAOSHAN)
    await enterprises.save(store, one, 0, CITY)
    with pytest.raises(NotFound):
        await enterprises.find(store, code(1), LAOSHAN)
    moved = enterprises.checked(fields(district="崂山区", street="沙子口街道"), places)
    with pytest.raises(InvalidInput, match="只能管理崂山区"):
        await enterprises.save(store, moved, 1, LAOSHAN)
    with pytest.raises(BadSheet, match="别的区市"):
        await import_sheet(store, "a.csv", sheet(fields(district="崂山区", street="沙子口街道")), places, LAOSHAN)
    assert (await enterprises.find(store, code(1), CITY))["district"] == "市北区"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_the_template_can_be_imported_as_it_is(store, places, kind):
    table = Table("模板", tuple(COLUMNS), [EXAMPLE])
    data = to_csv([table]) if kind == "csv" else to_xlsx([table])
    done = await import_sheet(store, f"a.{kind}", data, places, CITY)
    assert (done.rows, done.new) == (1, 1)


async def test_import_counts_what_is_new_changed_and_the_same(store, places):
    await import_sheet(store, "a.csv", sheet(fields(1), fields(2)), places, CITY)
    rows = sheet(fields(1), fields(2, principal="李四"), fields(3))
    tried = await import_sheet(store, "a.csv", rows, places, CITY, dry_run=True)
    assert tried.tried and await store["enterprises"].count_documents({}) == 2
    done = await import_sheet(store, "a.csv", rows, places, CITY)
    assert (done.new, done.changed, done.unchanged) == (1, 1, 1)
    assert (await enterprises.find(store, code(2), CITY))["version"] == 2
    assert (await audit.verify(store))[1] is None


async def test_one_bad_row_and_nothing_is_imported(store, places):
    rows = sheet(fields(1), fields(2, risk="很高"), fields(3, code="123"), fields(1))
    with pytest.raises(BadSheet) as problem:
        await import_sheet(store, "a.csv", rows, places, CITY)
    assert [fault[:4] for fault in problem.value.faults] == ["第3行 ", "第4行 ", "第5行 "]
    assert "与第2行重复" in problem.value.faults[2]
    assert await store["enterprises"].count_documents({}) == 0
    assert await store["audit"].count_documents({}) == 0


async def test_an_import_that_says_nothing_about_it_leaves_a_closed_one_closed(store, places):
    await enterprises.save(store, enterprises.checked(fields(active="否"), places), 0, CITY)
    await import_sheet(store, "a.csv", sheet(fields(1, principal="李四")), places, CITY)
    row = await enterprises.find(store, code(1), CITY)
    assert row["principal"] == "李四" and row["active"] is False
    await import_sheet(store, "a.csv", sheet(fields(1, active="是")), places, CITY)
    assert (await enterprises.find(store, code(1), CITY))["active"] is True


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("兴达", [1, 2]), ("木业", [1]), ("青岛兴达", [1, 2]), ("达", [1, 2]), ("鑫海", [3]), ("91370203XX0000003", [3]),
        ("没有的", []), ("$where", []), ("", [1, 2, 3]), ("ＡＢＣ", [3]), ("abc", [3]),
    ],
)  # fmt: skip
async def test_search_by_part_of_a_name_or_the_beginning_of_a_code(store, places, text, found):
    names = {1: "青岛兴达木业有限公司", 2: "青岛兴达机械厂", 3: "鑫海ABC精密有限公司"}
    for number, name in names.items():
        await enterprises.save(store, enterprises.checked(fields(number, name=name), places), 0, CITY)
    rows, more = await enterprises.search(store, Search.read({"q": text}), CITY)
    assert sorted(row["name"] for row in rows) == sorted(names[number] for number in found) and not more
    assert (await enterprises.search(store, Search.read({"q": text}), LAOSHAN)) == ([], False)


async def test_a_file_cannot_smuggle_a_formula_out_again():
    cells = ("=1+1", "+1", "-1", "@x", "好")
    text = to_csv([Table("", ("a", "b", "c", "d", "e"), [cells])]).decode("utf-8-sig")
    assert text.splitlines()[1] == "'=1+1,'+1,'-1,'@x,好"
