"""Official calendars: what is a whole year, what they change, and what is counted again."""

from datetime import UTC, date, datetime, timedelta

import pytest

from access import audit
from cases import calendar_years, deadlines, scan
from cases.calendar_years import WrongCalendar, read_year
from cases.deadlines import due, is_working_day, new_clock, periods
from store import jobs
from store.schema import LONG_AGO
from tests import hostile
from tests.cases.case_factory import received_case

# Invented for the tests: the shape is that of an official year, the days are not.
ROWS = [
    "2027-01-01,0,元旦", "2027-01-04,0,元旦调整", "2027-02-06,0,春节", "2027-02-08,0,春节", "2027-02-09,0,春节",
    "2027-02-20,1,春节调休", "2027-04-05,0,清明节", "2027-05-01,0,劳动节", "2027-06-09,0,端午节", "2027-09-15,0,中秋节",
    "2027-10-01,0,国庆节", "2027-10-02,0,国庆节", "2027-10-03,0,国庆节", "2027-10-09,1,国庆节调休",
]  # fmt: skip
# Two days before the new year: five working days end on January 6th by weekdays, on the 8th by the calendar above.
START = datetime(2026, 12, 30, 2, 0, tzinfo=UTC)


def file(rows=ROWS, head="date,working,name") -> bytes:
    return "\n".join([head, *rows]).encode()


@pytest.fixture(autouse=True)
def own_calendars():
    yield
    deadlines.use_calendars({})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (file(head="日期,上班,名称"), "第1行必须是"),
        (b"", "第1行必须是"),
        (file([]), "没有日期"),
        (file([*ROWS, "2028-01-01,0,元旦"]), "不在2027年"),
        (file([*ROWS, ROWS[0]]), "2027-01-01写了两次"),
        (file([*ROWS, "2027-13-01,0,x"]), "第16行的日期不对"),
        (file([*ROWS, "=1+1,0,x"]), "第16行的日期不对"),
        (file([*ROWS, "2027-07-03,2,x"]), "只能是 0"),
        (file([*ROWS, "2027-07-05,1,调休"]), "本来就上班"),
        (file([*ROWS, "2027-07-03,1,"]), "没有写名称"),
        (file([*ROWS, "2027-07-03,1"]), "应当有三列"),
        (file([row for row in ROWS if "端午" not in row]), "端午"),
        (file([row for row in ROWS if not row.startswith("2027-10-03")]), "2027-10-03是法定节假日"),
        (file(ROWS * 30), "行数太多"),
        (b"\xff\xfe\x00\x01\x80", "不是文本"),
    ],
)
def test_what_is_no_whole_year_is_refused_with_its_line(content, words):
    with pytest.raises(WrongCalendar, match=words):
        read_year(content)


@pytest.mark.parametrize("text", hostile.TEXTS, ids=range(len(hostile.TEXTS)))
def test_hostile_files_are_only_wrong(text):
    for content in (text, f"date,working,name\n{text},{text},{text}"):
        with pytest.raises(WrongCalendar):
            read_year(content.encode("utf-8", "replace"))


def test_a_file_of_an_older_spreadsheet_is_read_too():
    assert read_year("\r\n".join(["date,working,name", *ROWS]).encode("gb18030")).number == 2027
    assert len(read_year(b"\xef\xbb\xbf" + file()).days) == len(ROWS)


def test_a_loaded_year_goes_before_weekdays_and_before_the_library():
    assert is_working_day(date(2027, 1, 4)) == (True, True)
    deadlines.use_calendars({2027: {date(2027, 1, 4): False, date(2027, 2, 20): True}, 2026: {date(2026, 3, 2): False}})
    assert is_working_day(date(2027, 1, 4)) == (False, False)
    assert is_working_day(date(2027, 2, 20)) == (True, False)
    assert is_working_day(date(2027, 2, 21)) == (False, False)
    assert is_working_day(date(2026, 3, 2)) == (False, False)
    deadlines.use_calendars({})
    assert is_working_day(date(2026, 3, 2)) == (True, False)


async def work(store) -> int:
    """Run the queued recounts, whenever they are due; how many jobs that were."""
    worker = jobs.Worker(store, {"recount": calendar_years.Recount(store).run})
    done = 0
    while True:
        await store["jobs"].update_many({"state": "waiting"}, {"$set": {"due": LONG_AGO}})
        if not await worker.run_one():
            return done
        done += 1


async def test_loading_a_year_counts_its_running_clocks_again(store):
    before = (await received_case(store, now=START))["clocks"][0]
    assert before["provisional"] and due(periods()["accept_decision"], START).at == before["due_at"]
    await calendar_years.load(store, file(), "adm", START)
    assert await work(store) == 1
    case = await store["cases"].find_one({})
    clock = case["clocks"][0]
    assert clock["due_at"] == before["due_at"] + timedelta(days=2) and not clock["provisional"]
    assert case["version"] == 2
    entry = await store["audit"].find_one({"action": "recount"})
    assert entry["detail"]["clocks"][0]["clock"] == "accept_decision" and entry["detail"]["year"] == 2027
    assert (await audit.verify(store))[1] is None
    assert await store["audit"].count_documents({"action": "load_calendar", "actor": "adm"}) == 1


async def test_notices_about_an_end_that_is_none_are_void_and_the_watch_moves(store):
    case = await received_case(store, now=START)
    await scan.scan(store, case["watch_at"])
    await calendar_years.load(store, file(), "adm", START)
    await work(store)
    (row,) = await store["notices"].find({}).to_list(None)
    assert row["void"] and row["level"] == "remind"
    moved = (await store["cases"].find_one({}))["watch_at"]
    assert moved == case["watch_at"] + timedelta(days=2)
    assert (await scan.scan(store, moved)).written == 1


async def test_batches_reach_every_case_once(store, monkeypatch):
    monkeypatch.setattr(calendar_years, "BATCH", 7)
    for n in range(25):
        await received_case(store, f"AAAAA-{n:05d}", now=START)
    await calendar_years.load(store, file(), "adm", START)
    assert await work(store) == 4
    assert await store["audit"].count_documents({"action": "recount"}) == 25
    assert await store["cases"].count_documents({"clocks": {"$elemMatch": {"provisional": True}}}) == 0


async def test_counting_again_changes_nothing_more(store):
    await received_case(store, now=START)
    await calendar_years.load(store, file(), "adm", START)
    assert await calendar_years.count_again(store, "AAAAA-BBBBB", 2027)
    once = await store["cases"].find_one({})
    assert not await calendar_years.count_again(store, "AAAAA-BBBBB", 2027)
    assert await store["cases"].find_one({}) == once


async def test_a_calendar_day_clock_keeps_its_end(store):
    case = await received_case(store, now=START)
    await calendar_years.load(store, file(), "adm", START)
    await work(store)
    assert (await store["cases"].find_one({}))["clocks"][1]["due_at"] == case["clocks"][1]["due_at"]


async def test_another_process_counts_by_it_after_its_next_look(store):
    await calendar_years.load(store, file(), "adm", START)
    deadlines.use_calendars({})  # this process has not looked yet
    assert new_clock("accept_decision", START)["provisional"]
    await calendar_years.refresh(store)
    assert not new_clock("accept_decision", START)["provisional"]


async def test_what_is_known_of_the_years(store):
    await calendar_years.load(store, file(), "adm", START)
    known = await calendar_years.known_years(store, date(2026, 11, 24))
    assert [(year.number, year.source) for year in known] == [
        (2026, "built-in"),
        (2027, "loaded"),
        (2028, "provisional"),
    ]
