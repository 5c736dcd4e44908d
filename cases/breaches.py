"""Lateness, provably: 黄牌 and 红牌 counted by post and person, and for each breach who held the case when."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from access.actors import Actor
from cases import deadlines, holders
from cases.holders import Holder, Post, posts
from cases.notices import Name
from cases.queries import names_of
from store.local_time import LOCAL, last_day, local_day
from store.mongo import Document, Store

MAX_SHOWN = 200
MAX_EXPORTED = 5000
COLUMNS = ("案件", "区市", "期限", "最后一天", "逾期天数", "岗位", "责任人", "经手", "办结日", "办结人")
# A cell that begins like this would be a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Wanted:
    """Which breaches: those whose period ended in the `month`, of one `post` or (None) all."""

    month: date
    post: Post | None = None

    @classmethod
    def read(cls, query: Mapping[str, str], today: date) -> "Wanted":
        """From an address line; what is not understood is left out, because a list must always open."""
        try:
            month = date.fromisoformat(f"{query.get('month', '')}-01")
        except ValueError:
            month = today.replace(day=1)
        post = query.get("post", "")
        return cls(month, Post(post) if post in list(Post) else None)

    @property
    def month_name(self) -> str:
        return f"{self.month:%Y-%m}"


def months(today: date, count: int = 12) -> list[str]:
    """The last months as "2026-11", the newest first."""
    first = today.year * 12 + today.month - 1
    return [f"{n // 12}-{n % 12 + 1:02d}" for n in range(first, first - count, -1)]


@dataclass(frozen=True)
class Cards:
    """What a post, or a person in it, got in the month."""

    post: str
    person: str
    yellow: int
    red: int
    breaches: int


@dataclass(frozen=True)
class Breach:
    """`held`: (who, since, until or None) one after the other; `done_on`, `done_by` empty while it is still open."""

    case_id: str
    district: str
    clock: str
    last_day: date
    days: int
    post: str
    person: str
    held: list[tuple[str, date, date | None]]
    done_on: str
    done_by: str


def _match(wanted: Wanted, actor: Actor) -> Document:
    after = (wanted.month + timedelta(days=31)).replace(day=1)
    # A period ends at the midnight after its last day: one that ends on the 31st counts for that month.
    span = {"$gt": _midnight(wanted.month), "$lte": _midnight(after)}
    match: Document = {"due_at": span, "void": False}
    if wanted.post:
        match["post"] = wanted.post.value
    if actor.district is not None:
        match["district"] = {"$in": [actor.district, None]}
    return match


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL).astimezone(UTC)


async def cards(store: Store, wanted: Wanted, actor: Actor) -> list[Cards]:
    """By post and person, the most red first."""
    counted = [
        {"$match": _match(wanted, actor)},
        {
            "$group": {
                "_id": {"post": "$post", "person": "$person"},
                "yellow": {"$sum": {"$cond": [{"$eq": ["$card", "yellow"]}, 1, 0]}},
                "red": {"$sum": {"$cond": [{"$eq": ["$card", "red"]}, 1, 0]}},
                "breaches": {"$sum": {"$cond": [{"$eq": ["$level", Name.WARN]}, 1, 0]}},
            }
        },
        {"$sort": {"red": -1, "yellow": -1, "_id": 1}},
    ]
    rows = await store.aggregate("notices", counted)
    names = await people(store, {row["_id"]["person"] for row in rows})
    return [
        Cards(row["_id"]["post"], names.get(row["_id"]["person"], ""), row["yellow"], row["red"], row["breaches"])
        for row in rows
    ]


def by_post(rows: Iterable[Cards]) -> list[Cards]:
    """The sums of each post, also of those without any card."""
    sums = {post: [0, 0, 0] for post in posts()}
    for row in rows:
        sums[row.post] = [a + b for a, b in zip(sums[row.post], (row.yellow, row.red, row.breaches), strict=True)]
    return [Cards(post, "", *counts) for post, counts in sums.items()]


async def breaches(store: Store, wanted: Wanted, actor: Actor, limit: int = MAX_SHOWN) -> list[Breach]:
    """The periods that were not kept, the newest first, with who held the case when by the audit trail."""
    match = {**_match(wanted, actor), "level": Name.WARN}
    rows = await store["notices"].find(match).sort([("due_at", -1), ("_id", 1)]).limit(limit).to_list(limit)
    ids = sorted({row["case_id"] for row in rows})
    clocks = {case["_id"]: case["clocks"] async for case in store["cases"].find({"_id": {"$in": ids}}, {"clocks": 1})}
    trails: dict[str, list[Document]] = {case_id: [] for case_id in ids}
    fields = {"subject": 1, "at": 1, "action": 1, "actor": 1, "detail": 1}
    async for entry in store["audit"].find({"subject": {"$in": ids}}, fields).sort([("subject", 1), ("seq", 1)]):
        trails[entry["subject"]].append(entry)
    found = {row["person"] for row in rows} | {entry["actor"] for trail in trails.values() for entry in trail}
    found |= {(entry["detail"].get("data") or {}).get("inspector_id") for trail in trails.values() for entry in trail}
    names = await people(store, found)
    now = datetime.now(UTC)
    return [breach(row, clocks[row["case_id"]], trails[row["case_id"]], names, now) for row in rows]


def breach(
    row: Mapping[str, Any],
    clocks: list[Document],
    trail: list[Document],
    names: Mapping[str, str],
    now: datetime,
) -> Breach:
    """One row of the list. Pure."""
    same = [clock for clock in clocks if clock["id"] == row["clock"]]
    # When the period was extended afterwards, its clock has another end; it is the last one of its kind.
    clock = next((each for each in same if each["due_at"] == row["due_at"]), same[-1])
    last = last_day(row["due_at"])
    ended = clock["ended_at"]
    done = next((entry for entry in reversed(trail) if ended and entry["at"] <= ended), None)
    return Breach(
        case_id=row["case_id"],
        district=row["district"] or "",
        clock=deadlines.periods()[row["clock"]].zh,
        last_day=last,
        days=max(0, (local_day(ended or now) - last).days),
        post=posts()[row["post"]].zh,
        person=names.get(row["person"] or "", ""),
        held=[
            (who(each.holder, names), local_day(each.since), local_day(each.until) if each.until else None)
            for each in holders.tenures(clock, trail)
        ],
        done_on=local_day(ended).isoformat() if ended else "",
        done_by=names.get(done["actor"], done["actor"]) if done else "",
    )


def who(holder: Holder, names: Mapping[str, str]) -> str:
    """A person by name; a post that has no one person by its own."""
    post = posts()[holder.post].zh
    return f"{post}{names.get(holder.person, holder.person)}" if holder.person else post


async def people(store: Store, ids: set[str | None]) -> dict[str, str]:
    """Names of accounts, and of inspectors who have none."""
    wanted = {each for each in ids if each}
    found = store["inspectors"].find({"_id": {"$in": sorted(wanted)}}, {"name": 1})
    return {row["_id"]: row["name"] async for row in found} | await names_of(store, wanted)


def held_words(row: Breach) -> str:
    return "；".join(f"{name} {since}至{until or '今'}" for name, since, until in row.held)


def to_csv(rows: Iterable[Breach]) -> str:
    """For a spreadsheet: with the mark by which it knows UTF-8."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (
            row.case_id, row.district, row.clock, row.last_day.isoformat(), str(row.days), row.post, row.person,
            held_words(row), row.done_on, row.done_by,
        )  # fmt: skip
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return out.getvalue()
