"""The weekly bulletin (每周通报) for the city's leaders: what came in, what was done, what is late, where it heaps up.

It is printed and passed on, so small numbers are hidden (see `tables.few`) and places are named only when there is
enough of them: nobody must be able to guess who reported.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cases import tallies
from cases.quarters import month_of, quarter_of
from cases.ranking import Ranked, formula_of, ranking
from cases.tables import FEW, Table, few
from cases.tallies import concluded_pipeline, measured_pipeline, received_pipeline, type_pipeline
from cases.violations import name_of
from store.local_time import LOCAL, local_day
from store.mongo import Document, Store

TYPES_SHOWN, PLACES_SHOWN = 10, 10
_COUNTS = ("received", "concluded", "on_time", "verified", "acted", "penalised", "penalty_fen")


@dataclass(frozen=True)
class Week:
    """Monday to Sunday."""

    monday: date

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def zh(self) -> str:
        year, number, _ = self.monday.isocalendar()
        a, b = self.monday, self.sunday
        return f"{year}年第{number}周（{a.month}月{a.day}日至{b.month}月{b.day}日）"

    @classmethod
    def read(cls, text: str, today: date) -> "Week":
        """The week of a day; the last whole week when nothing sensible is said, and never one that has not begun."""
        try:
            day = min(date.fromisoformat(text), today)
        except ValueError:
            day = today - timedelta(days=7)
        return cls(day - timedelta(days=day.weekday()))


@dataclass(frozen=True)
class Bulletin:
    """`districts`: counts by district of the week; `late`: cases past their period now."""

    week: Week
    city: str
    made_on: date
    districts: dict[str, dict[str, int]]
    late: dict[str, int]
    types: list[tuple[str, int]]
    places: list[tuple[str, int]]
    ranking: list[Ranked]
    ranked_month: str
    swept: dict[str, str]

    def total(self, name: str) -> int:
        return sum(row[name] for row in self.districts.values())


async def collect(store: Store, city: str, districts: list[str], week: Week, now: datetime) -> Bulletin:
    days = {"$gte": week.monday.isoformat(), "$lte": week.sunday.isoformat()}
    rows: dict[str, dict[str, int]] = {name: dict.fromkeys(_COUNTS, 0) for name in [*districts, tallies.NO_DISTRICT]}
    for field, pipeline in (
        ("opened_on", received_pipeline), ("found_by.concluded_on", concluded_pipeline),
        ("found_by.measured_on", measured_pipeline),
    ):  # fmt: skip
        for found in await store.aggregate("cases", pipeline({field: days})):
            row = rows.setdefault(found.pop("_id")["district"], dict.fromkeys(_COUNTS, 0))
            row.update({name: found[name] for name in _COUNTS if name in found})
    if not any(rows[tallies.NO_DISTRICT].values()):
        del rows[tallies.NO_DISTRICT]
    month = month_of(week.monday)
    return Bulletin(
        week, city, local_day(now), rows, await late_by_district(store, now), await _types(store, days),
        await _places(store, month), await ranking(store, month, districts), month,
        {share.district: share.percent for share in await tallies.sweep_shares(store, quarter_of(week.sunday))},
    )  # fmt: skip


async def late_by_district(store: Store, now: datetime) -> dict[str, int]:
    """Cases whose next period is over; answered from the index of due dates alone."""
    match = {"found_by.due": {"$lt": now.astimezone(UTC), "$type": "date"}}
    group = {"_id": {"$ifNull": ["$location.district", tallies.NO_DISTRICT]}, "late": {"$sum": 1}}
    return {row["_id"]: row["late"] for row in await store.aggregate("cases", [{"$match": match}, {"$group": group}])}


async def _types(store: Store, days: Document) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for row in await store.aggregate("cases", type_pipeline({"opened_on": days})):
        counts[row["_id"]["type"]] = counts.get(row["_id"]["type"], 0) + row["received"]
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))[:TYPES_SHOWN]


async def _places(store: Store, month: str) -> list[tuple[str, int]]:
    """Streets with the most cases of the month; never one with so few that a reporter could be guessed."""
    rows = await tallies.read(
        store, "grid", [month, month], {"district": "$district", "street": "$street"}, ["received"]
    )
    named = [(f"{row['district']}{row['street'] or ''}", row["received"]) for row in rows if row["received"] >= FEW]
    return sorted(named, key=lambda row: (-row[1], row[0]))[:PLACES_SHOWN]


def sentences(bulletin: Bulletin) -> list[str]:
    """The text above the tables."""
    share = _percent(bulletin.total("on_time"), bulletin.total("concluded"))
    verified = _percent(bulletin.total("verified"), bulletin.total("concluded"))
    late = sum(bulletin.late.values())
    worst = sorted(bulletin.late.items(), key=lambda row: -row[1])[:3]
    said = [
        f"本周全市收到举报案件{bulletin.total('received')}件，作出核查结论{bulletin.total('concluded')}件，"
        f"按期率{share}，查实率{verified}。",
        f"作出处罚或责令整改等处理的{bulletin.total('acted')}件，其中行政处罚{bulletin.total('penalised')}件，"
        f"罚款{bulletin.total('penalty_fen') // 100:,}元。",
    ]
    if late:
        names = "、".join(f"{name}{count}件" for name, count in worst)
        said.append(f"截至{bulletin.made_on.isoformat()}，有{late}件超过办理期限，较多的是{names}。请抓紧办理。")
    else:
        said.append(f"截至{bulletin.made_on.isoformat()}，没有超过办理期限的案件。")
    return said


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "—"


def tables(bulletin: Bulletin) -> list[Table]:
    rows: list[tuple[Any, ...]] = []
    for name, row in bulletin.districts.items():
        rows.append(
            (name, row["received"], row["concluded"], _percent(row["on_time"], row["concluded"]), row["verified"],
             row["penalised"], row["penalty_fen"] // 100, bulletin.late.get(name, 0), bulletin.swept.get(name, "—"))
        )  # fmt: skip
    made = [
        Table(
            "各区市办理情况",
            ("区市", "收到", "核查结论", "按期率", "查实", "处罚", "罚款（元）", "现逾期", "本季排查"),
            rows,
        ),
        Table(
            "主要类型", ("违法类型", "件数"), [(name_of(kind), few(count)) for kind, count in bulletin.types],
            f"按受理时确定的类型，一件可有几类；不足{FEW}件的不显示具体数字。",
        ),
        Table(
            f"{int(bulletin.ranked_month[5:])}月举报较多的镇街", ("镇街", "件数"), list(bulletin.places),
            f"不足{FEW}件的不列出。",
        ),
        ranking_table(bulletin.ranking, bulletin.ranked_month),
    ]  # fmt: skip
    return [table for table in made if table.rows]


def ranking_table(rows: list[Ranked], month: str) -> Table:
    formula = formula_of(month)
    columns = ("名次", "区市", "得分", "收到", "结论", "查实", "处罚", *(part.zh for part in formula.parts))
    lines: list[tuple[Any, ...]] = [
        (
            row.rank or "—", row.district, row.score if row.score is not None else "件数太少",
            row.counts["received"], row.counts["concluded"], row.counts["verified"], row.counts["penalised"],
            *(row.percent(part.id) for part in formula.parts),
        )
        for row in rows
    ]  # fmt: skip
    says = "；".join(f"{part.zh}{part.points}分：{part.says}" for part in formula.parts)
    return Table(
        f"{int(month[5:])}月排名", columns, lines, f"{says}。结论不足{formula.fewest}件的不排名。没有可计的项目不计分。"
    )


def local_minute(moment: datetime) -> str:
    return f"{moment.astimezone(LOCAL):%Y-%m-%d %H:%M}"
