"""Counts that are kept ready are what counting afresh gives; the ranking and the bulletin follow from them."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import audit
from access.actors import SYSTEM, Actor, Role
from access.vault import Vault
from access.vault_keys import create_vault_keys
from cases import bulletin, notices, ranking, regularities, statistics, tallies
from cases.bulletin import Week
from cases.bulletin_pdf import known_letters, pdf, printable
from cases.intake import Intake
from cases.lifecycle import perform
from cases.made_up_city import fill, furnish
from cases.model import Filing
from cases.quarters import month_of
from cases.ranking import formula_of, ranked
from cases.receipts import Receipts
from cases.regularities import Period
from cases.states import State
from cases.sweeps import Share
from cases.tables import Table, few, to_xlsx
from grid.service import Locator
from store.local_time import local_day
from tests.cases.case_factory import ACCEPT, DISPATCHER, UNDERSTOOD, received_case

BOSS = Actor("boss", "领导", frozenset({Role.LEADER}))
NOW = datetime.now(UTC)
COUNTS = dict.fromkeys(
    ("received", "concluded", "on_time", "verified", "measured", "acted", "penalised", "penalty_fen"), 0
)


@pytest.fixture(scope="module")
def locator() -> Locator:
    return Locator.for_demonstration(Path(__file__).parents[2] / "grid" / "qingdao")


@pytest.fixture
async def intake(store):
    await create_vault_keys(store, [])
    async with Intake(store, Receipts(b"f" * 32, b"l" * 32), await Vault.open(store), b"c" * 32) as opened:
        yield opened


@pytest.fixture
async def city(store, intake, locator):
    """The demonstration: some 60 cases with their whole trail."""
    await furnish(store, intake, locator, cases=60, firm_count=20, seed=7)
    return store


async def test_the_made_up_city_is_as_real_as_any(city):
    cases = await city["cases"].find().to_list(None)
    assert len(cases) == 60 and len({case["state"] for case in cases}) >= 5
    assert (await audit.verify(city))[1] is None
    assert await city["jobs"].count_documents({}) == 0  # nobody gets a mail about it
    tip = await city["tips"].find_one({"case_id": cases[0]["_id"]})
    assert set(tip) >= {"number", "receipt", "facts", "messages"}
    assert not any(case["urgent"] for case in cases)
    before = {name: await city[name].count_documents({}) for name in ("cases", "audit", "enterprises")}
    await furnish(city, None, None, cases=60, firm_count=20, seed=7)  # type: ignore[arg-type]
    assert {name: await city[name].count_documents({}) for name in before} == before


async def test_the_big_city_has_the_same_shape_as_cases_of_life(store, intake, locator):
    await fill(store, intake, locator, cases=300, firm_count=30, seed=1, years=1)
    cases = await store["cases"].find().to_list(None)
    assert len(cases) == 300 == await store["tips"].count_documents({})
    real = intake.prepared(Filing("x" * 20, "form", "安全出口锁着很久"), NOW)
    extra = {
        "enterprise",
        "last_action",
        "decided_types",
        "appeals",
        "refusal",
        "transferred_to",
        "reward_outcome",
        "model_version",
        "measured_at",
        "dispatches",
    }
    for case in cases:
        watched = {"watch_at"} if case.get("watch_at") else set()  # a case in which nothing runs is not watched
        assert set(real.case) - {"watch_at"} <= set(case) - watched <= set(real.case) | extra
        assert case.get("watch_at") == notices.watch_at(case["clocks"])
        assert case["created_at"] <= datetime.now(UTC)
        assert case["last_action"]["at"] <= datetime.now(UTC)
    assert len({case["_id"] for case in cases}) == 300


async def test_every_count_is_what_counting_the_cases_gives(city):
    cases = await city["cases"].find().to_list(None)
    numbers = await statistics.overview(city, BOSS)
    assert numbers.total.cases == 60 and numbers.counted_at
    assert {row.name: row.cases for row in numbers.states} == {
        state: sum(case["state"] == state for case in cases) for state in {case["state"] for case in cases}
    }
    assert numbers.total.checked == sum(case["finding"] is not None for case in cases)
    rows = await tallies.read(city, "district", tallies.ALWAYS, {}, ["verified", "penalty_fen", "acted"])
    proven = [case for case in cases if case["finding"] and case["finding"]["result"] != "unsubstantiated"]
    assert rows[0]["verified"] == len(proven)
    assert rows[0]["penalty_fen"] == sum(case["penalty_fen"] for case in cases)
    assert rows[0]["acted"] == sum(bool(case["measures"]) for case in cases)


async def test_only_months_with_changes_are_counted_again(city):
    later = datetime.now(UTC) + timedelta(minutes=2)
    await city["meta"].update_one({"_id": "tallies"}, {"$set": {"counted_at": later}})
    assert await tallies.refresh(city, later) == []  # nothing changed since
    now = later + timedelta(minutes=2)
    await received_case(city, "AAAAA-BBBBB", now)
    await perform(city, "AAAAA-BBBBB", "understand", SYSTEM, UNDERSTOOD, None, now=now)
    assert await tallies.refresh(city, now) == [month_of(local_day(now))]
    assert await tallies.refresh(city, now + timedelta(seconds=5)) == []  # too early to look again
    assert (await statistics.overview(city, BOSS)).total.cases == 61


async def test_a_case_that_changed_hands_is_counted_where_it_is(store):
    await received_case(store, "AAAAA-BBBBB", NOW)
    case = await perform(store, "AAAAA-BBBBB", "understand", SYSTEM, UNDERSTOOD, None)
    await tallies.refresh(store, NOW)
    await perform(
        store, "AAAAA-BBBBB", "accept", DISPATCHER, {**ACCEPT, "district": "崂山区", "street": ""}, case["version"]
    )
    await tallies.refresh(store, NOW + timedelta(minutes=2))
    (row,) = (await statistics.overview(store, BOSS)).districts
    assert (row.name, row.cases, row.open) == ("崂山区", 1, 1)


@given(
    st.dictionaries(
        st.sampled_from(["市南区", "市北区", "崂山区", "平度市"]),
        st.fixed_dictionaries(
            {name: st.integers(0, 40) for name in COUNTS}
        ).map(lambda c: {**c, "on_time": min(c["on_time"], c["concluded"]), "acted": min(c["acted"], c["measured"])}),
        min_size=1,
    )
)  # fmt: skip
def test_a_ranking_is_in_order_and_between_0_and_100(rows):
    formula = formula_of("2026-11")
    found = ranked(rows, {"市南区": Share("市南区", 10, 5)}, formula)
    assert {row.district for row in found} == set(rows)
    scores = [row.score for row in found if row.score is not None]
    assert scores == sorted(scores, reverse=True) and all(0 <= score <= 100 for score in scores)
    for row in found:
        assert (row.rank is None) == (row.counts["concluded"] < formula.fewest) == (row.score is None)
    ranks = [row.rank for row in found if row.rank]
    assert all(ranks[n] == n + 1 or scores[n] == scores[n - 1] for n in range(len(ranks)))


def test_the_formula_by_hand():
    counts = {**COUNTS, "received": 20, "concluded": 10, "on_time": 9, "measured": 4, "acted": 4}
    (row,) = ranked({"市北区": counts}, {"市北区": Share("市北区", 200, 100)}, formula_of("2026-11"))
    # 0.9 × 40 + 1 × 30 + 0.5 × 15 + 0.5 × 15
    assert row.score == 81.0 and row.rank == 1
    (row,) = ranked({"市北区": {**counts, "measured": 0, "acted": 0}}, {}, formula_of("2026-11"))
    assert row.score == round(100 * (0.9 * 40 + 0.5 * 15) / 55, 1)  # what has nothing to count is left out


async def test_regularities_agree_with_the_cases(city):
    cases = (
        await city["cases"].find({"state": {"$ne": State.MERGED}, "decided_types.0": {"$exists": True}}).to_list(None)
    )
    period = Period.read({}, local_day(NOW))
    found = await regularities.look(city, BOSS, period)
    told = {row.type: row.received for row in found.types}
    for kind, count in told.items():
        assert count == sum(kind in case["decided_types"] for case in cases)
    for row in found.types:
        assert sum(row.seasons.values()) == sum(row.districts.values()) == row.received
    in_grids = await city["cases"].count_documents({"location.grid": {"$gt": ""}, "state": {"$ne": State.MERGED}})
    assert sum(row.received for row in found.grids) <= in_grids
    hottest = found.grids[0]
    detail = await regularities.grid_detail(city, BOSS, hottest.grid, period)
    assert sum(row.verified for row in detail.types) >= hottest.verified > 0 or hottest.verified == 0
    for row in found.repeated:
        assert row["verified"] >= 2
        assert row["verified"] == await city["cases"].count_documents(
            {"enterprise": row["_id"], "finding.result": {"$in": ["substantiated", "partly"]}}
        )
    with zipfile.ZipFile(io.BytesIO(to_xlsx(regularities.tables(found)))) as book:
        assert len([name for name in book.namelist() if "worksheets/sheet" in name]) == 4


async def test_a_district_sees_itself_only(city):
    home = Actor("s", "", frozenset({Role.SUPERVISOR}), "市北区")
    found = await regularities.look(city, home, Period.read({"district": "崂山区"}, local_day(NOW)))
    assert set(found.districts) <= {"市北区", tallies.NO_DISTRICT}
    assert {row.district for row in found.grids} <= {"市北区"}


async def test_the_bulletin_counts_the_week_and_hides_small_numbers(city):
    district = {"市北区", "市南区"}
    week = Week(local_day(NOW) - timedelta(days=local_day(NOW).weekday() + 28))
    made = await bulletin.collect(city, "青岛市", sorted(district), week, NOW)
    days = {"$gte": week.monday.isoformat(), "$lte": week.sunday.isoformat()}
    assert made.total("received") == await city["cases"].count_documents({"opened_on": days})
    assert made.total("concluded") == await city["cases"].count_documents({"found_by.concluded_on": days})
    types = next((table for table in bulletin.tables(made) if table.title == "主要类型"), None)
    assert types is None or all(cell not in (1, 2) for _, cell in types.rows)
    assert all(count >= 3 for _, count in made.places)
    paper = pdf("每周通报", week.zh, bulletin.sentences(made), bulletin.tables(made), "内部资料")
    assert paper.startswith(b"%PDF-") and b"/FontFile" in paper and len(paper) < 300_000


@pytest.mark.parametrize(("number", "shown"), [(0, 0), (1, "＜3"), (2, "＜3"), (3, 3), (40, 40)])
def test_few(number, shown):
    assert few(number) == shown


def test_the_font_has_what_we_write_and_marks_what_it_has_not():
    said = "青岛市崂山区胶州镇街〇喆堃＜3％—“”（1+N）：￥"
    assert printable(said) == said and {ord(letter) for letter in said} <= known_letters()
    assert printable("好\U00020000") == "好〓"
    wide = Table("很宽的表", tuple("甲乙丙丁戊己庚辛壬癸"), [("很长的内容" * 8,) * 10] * 60)
    assert pdf("题", "副题", ["话" * 300], [wide], "脚").startswith(b"%PDF-")


@pytest.mark.parametrize(
    "query", [{"first": "2026-13"}, {"last": "9999-01"}, {"type": "$where", "first": "x" * 99}, {"first": "2001-01"}]
)
def test_a_broken_address_still_gives_a_period(query):
    period = Period.read(query, local_day(NOW))
    assert period.first <= period.last and 1 <= len(period.months) <= 120


def test_ranking_totals():
    rows = ranked({"市北区": {**COUNTS, "received": 2}, "市南区": {**COUNTS, "received": 3}}, {}, formula_of("2026-11"))
    assert ranking.total(rows)["received"] == 5
