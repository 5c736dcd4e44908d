"""The quarterly sweep: lists, records, completeness, reminders, shares."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import audit
from access.actors import SYSTEM, Actor, Role
from cases import enterprises, sweep_reminders, sweeps, tallies
from cases.enterprises import Enterprise
from cases.inputs import InvalidInput
from cases.model import StoredPhoto
from cases.quarters import Quarter, months_between, next_month, quarter_of, read_quarter, season_of
from notify.mails import from_template
from store.errors import NotFound

INSPECTOR = Actor("i-1", "检查员", frozenset({Role.INSPECTOR}), "市北区")
OTHER = Actor("i-2", "检查员乙", frozenset({Role.INSPECTOR}), "市北区")
SUPERVISOR = Actor("s", "督办员", frozenset({Role.SUPERVISOR}))
Q4 = Quarter(2026, 4)
TODAY = date(2026, 11, 24)
ALL = tuple(sweeps.ITEMS)
PHOTO = StoredPhoto("f", "t", "o", "s", "0" * 16, 4, 3)


@pytest.fixture
async def register(store):
    """Three enterprises in the grid of i-1, one elsewhere, one closed down."""
    rows = [
        Enterprise(f"9137020{n}", f"单位{n}", "轻工", "", risk, True, "市北区", "台东街道", grid, "", active)
        for n, risk, grid, active in (
            (1, "blue", "g1", True), (2, "red", "g1", True), (3, "yellow", "g1", True), (4, "red", "g2", True), (5, "red", "g1", False),
        )
    ]  # fmt: skip

    async def write(session):
        await enterprises.write_all(store, session, rows, SYSTEM, datetime.now(UTC))

    await store.transaction(write)
    for who, grids in (("i-1", ["g1"]), ("i-2", ["g2"])):
        await store["inspectors"].insert_one({"_id": who, "name": who, "email": f"{who}@x.invalid", "grids": grids})
    return store


async def visit(store, number: int, items=ALL, photos=(PHOTO,), on="2026-11-20"):
    row = await sweeps.find(store, INSPECTOR, f"9137020{number}")
    found = sweeps.checked({"on": on, "note": ""}, items, Q4, TODAY)
    return await sweeps.record(store, INSPECTOR, row, Q4, found, photos)


async def names(store) -> list[str]:
    return [line.enterprise["name"] for line in await sweeps.listed(store, ["g1"], Q4)]


async def test_the_riskiest_that_is_not_visited_stands_first(register):
    assert await names(register) == ["单位2", "单位3", "单位1"]
    await visit(register, 2)
    assert await names(register) == ["单位3", "单位1", "单位2"]


async def test_a_record_is_complete_with_all_items_and_a_photo(register):
    assert not (await visit(register, 1, photos=()))["complete"]
    assert not (await visit(register, 1, items=ALL[:2]))["complete"]
    done = await visit(register, 1, photos=())  # the photo of the visit before is still there
    assert done["complete"] and done["photos"] == 1
    assert await register["evidence"].count_documents({"sweep": done["_id"]}) == 1
    assert (await audit.verify(register))[1] is None


async def test_too_many_photos_are_refused_and_nothing_is_kept(register):
    await visit(register, 1, photos=(PHOTO,) * 5)
    with pytest.raises(InvalidInput, match="已有5张"):
        await visit(register, 1, photos=(PHOTO,) * 5, items=ALL[:1])
    (kept,) = await register["sweeps"].find().to_list(5)
    assert kept["photos"] == 5 and kept["items"] == list(ALL)


@pytest.mark.parametrize("who", [OTHER, Actor("i-9", "外区", frozenset({Role.INSPECTOR}), "平度市")])
async def test_the_grid_of_another_is_not_theirs(register, who):
    with pytest.raises(NotFound):
        await sweeps.find(register, who, "91370201")


async def test_closed_down_is_not_visited(register):
    with pytest.raises(NotFound):
        await sweeps.find(register, SUPERVISOR, "91370205")


@pytest.mark.parametrize(
    ("on", "items", "message"),
    [
        ("", ALL, "请填写日期"), ("2026-11-25", ALL, "不能晚于今天"), ("2026-09-30", ALL, "第四季度内"), ("2026-11-20", (), "至少勾选一项"),
        ("2026-11-20", ("x",), "没有“x”"),
    ],
)  # fmt: skip
def test_a_record_that_makes_no_sense_is_refused(on, items, message):
    with pytest.raises(InvalidInput, match=message):
        sweeps.checked({"on": on, "note": ""}, items, Q4, TODAY)


async def test_shares_by_district(register):
    await visit(register, 1)
    await visit(register, 2, photos=())
    (share,) = await sweeps.shares(register, Q4)
    assert (share.enterprises, share.done, share.complete, share.left, share.percent) == (4, 2, 1, 2, "50%")
    await tallies.write_sweeps(register, Q4)
    assert await tallies.sweep_shares(register, Q4) == [share]


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 12, 21), None), (date(2026, 12, 22), (Q4, "soon")), (date(2026, 12, 31), (Q4, "soon")),
        (date(2027, 1, 1), (Q4, "late")), (date(2027, 1, 20), (Q4, "late")), (date(2027, 1, 21), None),
    ],
)  # fmt: skip
def test_when_reminders_are_due(day, due):
    assert sweep_reminders.due_now(day) == due


async def test_one_reminder_for_each_inspector_and_level_however_often_it_runs(register):
    await visit(register, 1)
    soon, late = datetime(2026, 12, 28, tzinfo=UTC), datetime(2027, 1, 3, tzinfo=UTC)
    assert await sweep_reminders.remind(register, soon) == 2
    assert await sweep_reminders.remind(register, soon) == 0
    await register["meta"].delete_many({})  # as after a crash before the mark was written
    assert await sweep_reminders.remind(register, soon) == 0
    assert await sweep_reminders.remind(register, late) == 2
    job = await register["jobs"].find_one({"_id": "mail:sweep:2026Q4:late:i-1"})
    mail = from_template(job["payload"]["template"], job["payload"]["fields"], "https://x")
    assert "2 家" in mail.text and "单位" in mail.text and "单位2" not in mail.text and "https://x/sweeps" in mail.text


async def test_who_has_visited_all_is_not_reminded(register):
    for number in (1, 2, 3):
        await visit(register, number)
    await sweep_reminders.remind(register, datetime(2026, 12, 28, tzinfo=UTC))
    assert await register["jobs"].count_documents({"kind": "mail"}) == 1  # the other inspector


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_day_lies_in_its_quarter(day):
    quarter = quarter_of(day)
    assert quarter.first <= day <= quarter.last and quarter.after.before == quarter
    assert read_quarter(quarter.id, date(2020, 1, 1)) == quarter


@given(st.integers(2000, 2900), st.integers(1, 12), st.integers(-30, 30))
def test_months_are_counted(year, month, step):
    first = f"{year}-{month:02}"
    assert next_month(next_month(first, step), -step) == first
    assert season_of(first) in "春夏秋冬"
    assert len(months_between(first, next_month(first, abs(step)))) == abs(step) + 1
