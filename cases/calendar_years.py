"""Official calendars that the administrator loads, one year each: which days off are off, and which are worked （调休）.

The State Council announces a year at the end of the one before. Until then its days count provisionally, Monday to
Friday; when the year is loaded, the clocks that ran on are counted again.
"""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import chinese_calendar

from access import audit
from cases import clock_changes, deadlines, notices, trail
from cases.found_by import next_due
from store import jobs
from store.errors import Refusal
from store.jobs import Job
from store.local_time import local_day
from store.mongo import Document, Session, Store
from store.schema import LONG_AGO

COLUMNS = ["date", "working", "name"]
MAX_ROWS = 366
# 全国年节及纪念日放假办法: without these a file does not hold the whole year.
HOLIDAYS = ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆")
BATCH = 200
# Every process reads the calendars once a minute; only then are the clocks of the old counting done away with.
REFRESH_S = 60
_SETTLED = timedelta(seconds=2 * REFRESH_S)


class WrongCalendar(Refusal):
    """The file is not a whole year's calendar; names the line."""

    status = 422


@dataclass(frozen=True)
class Special:
    """A day that is not what its weekday says, or a day off that falls on a weekend."""

    day: date
    working: bool
    name: str


@dataclass(frozen=True)
class Year:
    number: int
    days: tuple[Special, ...]


def read_year(content: bytes) -> Year:
    """A CSV file (date,working,name; UTF-8 or GB18030) as a checked year. Raises `WrongCalendar`."""
    rows = list(csv.reader(io.StringIO(_decoded(content))))
    if not rows or [cell.strip().lower() for cell in rows[0]] != COLUMNS:
        raise WrongCalendar("第1行必须是 date,working,name 三列。", field="file")
    if len(rows) > MAX_ROWS + 1:
        raise WrongCalendar(f"行数太多（{len(rows)}），一年只列出节假日和调休上班的日子。", field="file")
    days = tuple(_special(number, row) for number, row in enumerate(rows[1:], start=2) if any(row))
    if not days:
        raise WrongCalendar("文件里没有日期。", field="file")
    _check(days)
    return Year(days[0].day.year, days)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise WrongCalendar("文件不是文本，请另存为 CSV（UTF-8）后再试。", field="file")


def _special(number: int, row: list[str]) -> Special:
    cells = [cell.strip() for cell in row]
    if len(cells) != len(COLUMNS):
        raise WrongCalendar(f"第{number}行应当有三列：date,working,name。", field="file")
    try:
        day = date.fromisoformat(cells[0])
    except ValueError:
        raise WrongCalendar(f"第{number}行的日期不对：{cells[0][:20]}。请写成 2027-01-01。", field="file") from None
    if cells[1] not in ("0", "1"):
        raise WrongCalendar(f"第{number}行的 working 只能是 0（放假）或 1（上班）。", field="file")
    working = cells[1] == "1"
    if working and day.weekday() < 5:
        raise WrongCalendar(f"第{number}行：{day}是星期一至星期五，本来就上班，请检查。", field="file")
    if not cells[2]:
        raise WrongCalendar(f"第{number}行没有写名称，例如 国庆节。", field="file")
    return Special(day, working, cells[2][:30])


def _check(days: tuple[Special, ...]) -> None:
    year = days[0].day.year
    if outside := [each.day for each in days if each.day.year != year]:
        raise WrongCalendar(f"{outside[0]}不在{year}年。一个文件只放一年。", field="file")
    if double := [day for day, count in Counter(each.day for each in days).items() if count > 1]:
        raise WrongCalendar(f"{double[0]}写了两次。", field="file")
    off = "、".join(each.name for each in days if not each.working)
    if missing := [name for name in HOLIDAYS if name not in off]:
        raise WrongCalendar(f"缺少这些节日的放假安排：{'、'.join(missing)}。文件要包含全年的节假日。", field="file")
    for month, day in ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3)):
        if not any(each.day == date(year, month, day) and not each.working for each in days):
            raise WrongCalendar(f"{date(year, month, day)}是法定节假日，文件里没有写成放假。", field="file")


async def load(store: Store, content: bytes, by: str, now: datetime | None = None) -> Year:
    """Put a year into force and have its clocks counted again. Raises `WrongCalendar`; then nothing changed."""
    moment = now or datetime.now(UTC)
    year = read_year(content)
    row = {
        "days": [{"date": each.day.isoformat(), "working": each.working, "name": each.name} for each in year.days],
        "loaded_at": moment, "by": by,
    }  # fmt: skip

    async def write(session: Session) -> None:
        await store["calendars"].update_one({"_id": year.number}, {"$set": row}, upsert=True, session=session)
        detail = {"year": year.number, "days": len(year.days)}
        entry = await audit.append(store, session, f"calendar:{year.number}", "load_calendar", by, detail, moment)
        payload = {"year": year.number, "after": "", "key": f"{year.number}:{entry['seq']}"}
        key = f"{payload['key']}:"
        await jobs.enqueue(store, session, kind="recount", key=key, payload=payload, due=moment + _SETTLED)

    await store.transaction(write)
    await refresh(store)
    return year


async def refresh(store: Store) -> None:
    """Count by what is loaded now, in this process."""
    years: dict[int, dict[date, bool]] = {}
    async for row in store["calendars"].find({}):
        years[row["_id"]] = {date.fromisoformat(each["date"]): each["working"] for each in row["days"]}
    deadlines.use_calendars(years)


@dataclass(frozen=True)
class Known:
    """`source`: "built-in", "loaded" or "provisional"."""

    number: int
    source: str
    days: int
    loaded_at: datetime | None


async def known_years(store: Store, today: date) -> list[Known]:
    """This year and the next two, and every loaded one: by what their days are counted."""
    loaded = {row["_id"]: row async for row in store["calendars"].find({}).sort("_id", 1)}
    found = []
    for number in sorted({*loaded, today.year, today.year + 1, today.year + 2}):
        if row := loaded.get(number):
            found.append(Known(number, "loaded", len(row["days"]), row["loaded_at"]))
        else:
            source = "built-in" if _built_in(number) else "provisional"
            found.append(Known(number, source, 0, None))
    return found


def _built_in(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 6, 1))
    except NotImplementedError:
        return False
    return True


class Recount:
    """The job `recount`: a batch of cases each time, then the next batch as a job of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, payload: Document, job: Job) -> None:
        await refresh(self._store)
        store, provisional = self._store, {"$elemMatch": {"ended_at": None, "provisional": True}}
        affected = {
            "_id": {"$gt": payload["after"]},
            "$or": [{"clocks": provisional}, {"watch_at": {"$gt": LONG_AGO}}],
        }
        ids = [row["_id"] async for row in store["cases"].find(affected, {"_id": 1}).sort("_id", 1).limit(BATCH)]
        for case_id in ids:
            await count_again(store, case_id, payload["year"])
        if len(ids) == BATCH:
            more = {**payload, "after": ids[-1]}
            await jobs.enqueue(store, None, kind="recount", key=f"{payload['key']}:{ids[-1]}", payload=more)


async def count_again(store: Store, case_id: str, year: int, now: datetime | None = None) -> bool:
    """Count the running clocks of a case by the calendar in force; True when an end moved or became official.

    Notices about an end that no longer is one are void: nobody was late. Doing it again changes nothing.
    """
    moment = now or datetime.now(UTC)

    async def write(session: Session) -> bool:
        case = await store["cases"].find_one({"_id": case_id}, session=session)
        assert case is not None, "cases are never deleted"
        clocks = clock_changes.copies(case["clocks"])
        changed = []
        for clock in _counted_by(year, clock_changes.running(clocks)):
            before = (clock["due_at"], clock["provisional"])
            clock_changes.count(clock)
            if before != (clock["due_at"], clock["provisional"]):
                changed.append(_change(clock, before[0]))
        look = notices.watch_at(clocks)
        update: Document = {"$set": {"clocks": clocks, "found_by.due": next_due({**case, "clocks": clocks})}}
        if look:
            update["$set"]["watch_at"] = look
        else:
            update["$unset"] = {"watch_at": ""}
        if changed:
            await trail.append(store, session, case_id, "recount", "system", {"year": year, "clocks": changed}, moment)
            update["$inc"] = {"version": 1}
        await store["cases"].update_one({"_id": case_id}, update, session=session)
        for row in changed:
            moved = {**notices.of_case(case_id), "clock": row["clock"], "due_at": datetime.fromisoformat(row["before"])}
            if row["before"] != row["after"]:
                await store["notices"].update_many(moved, {"$set": {"void": True}}, session=session)
        return bool(changed)

    return await store.transaction(write)


def _counted_by(year: int, clocks: list[Document]) -> list[Document]:
    """Those whose end depends on the calendar of that year."""
    working = [clock for clock in clocks if deadlines.periods()[clock["id"]].unit == "w"]
    return [
        clock for clock in working if local_day(clock["started_at"]).year <= year <= local_day(clock["due_at"]).year
    ]


def _change(clock: Document, before: datetime) -> dict[str, str]:
    return {"clock": clock["id"], "before": before.isoformat(), "after": clock["due_at"].isoformat()}
