"""规律可循: which violations come where, when and at whom. For staff; cases only, nothing that leads to a reporter."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from access.actors import Actor
from cases import tallies
from cases.quarters import SEASONS, month_of, months_between, next_month, read_month, season_of
from cases.queries import district_limit
from cases.states import State
from cases.tables import Table
from cases.violations import name_of, violations
from store.mongo import Document, Store

SHOWN = 20
# A grid is hot when its last three months bring at least this many, and twice what the year before would let expect.
HOT_CASES, HOT_TIMES = 3, 2.0
HOT_MONTHS = 3
REPEATED = 2


@dataclass(frozen=True)
class Period:
    """What is looked at; "" does not narrow. Months as "2026-11", both included."""

    first: str
    last: str
    district: str = ""
    type: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str], today: date) -> "Period":
        """From an address line; the last twelve months when nothing is said."""
        this = month_of(today)
        last = min(read_month(query.get("last", ""), this), this)
        first = min(read_month(query.get("first", ""), next_month(last, -11)), last)
        kind = query.get("type", "")
        return cls(
            max(first, next_month(last, -119)),
            last,
            query.get("district", "")[:20],
            kind if kind in violations() else "",
        )

    @property
    def months(self) -> list[str]:
        return months_between(self.first, self.last)


@dataclass
class TypeRow:
    """How often a type was reported, by season and by district, and how often it was verified."""

    type: str
    received: int = 0
    verified: int = 0
    penalty_fen: int = 0
    seasons: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SEASONS, 0))
    districts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def share(self) -> str:
        return f"{self.verified / self.received:.0%}" if self.received else "—"


@dataclass(frozen=True)
class GridRow:
    """`recent` cases of the last three months, `expected` what the twelve before would let expect."""

    grid: str
    district: str
    street: str
    received: int
    verified: int
    recent: int = 0
    expected: float = 0.0

    @property
    def hot(self) -> bool:
        return self.recent >= HOT_CASES and self.recent >= HOT_TIMES * self.expected


@dataclass(frozen=True)
class Regularities:
    period: Period
    types: list[TypeRow]
    grids: list[GridRow]
    repeated: list[Document]

    @property
    def districts(self) -> list[str]:
        return sorted({name for row in self.types for name in row.districts})


async def look(store: Store, actor: Actor, period: Period) -> Regularities:
    return Regularities(
        period,
        await _types(store, actor, period),
        await _grids(store, actor, period),
        await repeated(store, actor, period.district),
    )


async def _types(store: Store, actor: Actor, period: Period) -> list[TypeRow]:
    only = tallies.district_only(actor, period.district) | ({"type": period.type} if period.type else {})
    months, sums = [period.first, period.last], ["received", "verified", "penalty_fen"]
    by_month, by_district = await asyncio.gather(
        tallies.read(store, "type", months, {"type": "$type", "month": "$month"}, sums, only),
        tallies.read(store, "type", months, {"type": "$type", "district": "$district"}, ["received"], only),
    )
    rows: dict[str, TypeRow] = {}
    for found in by_month:
        row = rows.setdefault(found["type"], TypeRow(found["type"]))
        row.received += found["received"]
        row.verified += found["verified"]
        row.penalty_fen += found["penalty_fen"]
        row.seasons[season_of(found["month"])] += found["received"]
    for found in by_district:
        rows[found["type"]].districts[found["district"]] += found["received"]
    return sorted(rows.values(), key=lambda row: (-row.received, row.type))


async def _grids(store: Store, actor: Actor, period: Period) -> list[GridRow]:
    only = tallies.district_only(actor, period.district)
    keys = {"grid": "$grid", "district": "$district", "street": "$street"}
    rows = await tallies.read(store, "grid", [period.first, period.last], keys, ["received", "verified"], only)
    rows = sorted(rows, key=lambda row: (-row["received"], row["grid"]))
    since = next_month(period.last, 1 - HOT_MONTHS)
    recent = await _by_grid(store, [since, period.last], only)
    before = await _by_grid(store, [next_month(since, -12), next_month(since, -1)], only)
    made = [
        GridRow(**row, recent=recent.get(row["grid"], 0), expected=before.get(row["grid"], 0) * HOT_MONTHS / 12)
        for row in rows
    ]
    return sorted(made, key=lambda row: (not row.hot, -row.received, row.grid))[:SHOWN]


async def _by_grid(store: Store, months: list[str], only: Document) -> dict[str, int]:
    rows = await tallies.read(store, "grid", months, {"grid": "$grid"}, ["received"], only)
    return {row["grid"]: row["received"] for row in rows}


async def repeated(store: Store, actor: Actor, district: str = "") -> list[Document]:
    """Enterprises with several verified cases, the worst first."""
    query: Document = {"verified": {"$gte": REPEATED}}
    if wanted := actor.district or district:
        query["district"] = wanted
    found = store["enterprises"].find(query, {"grams": 0}).sort([("verified", -1), ("name", 1)])
    return await found.limit(SHOWN).to_list(SHOWN)


@dataclass(frozen=True)
class GridDetail:
    """One grid: type × season, and who was reported there. `rows`: (type, season → cases)."""

    grid: str
    types: list[TypeRow]
    enterprises: list[tuple[str, str, int, int]]


async def grid_detail(store: Store, actor: Actor, grid: str, period: Period) -> GridDetail:
    """Counted afresh: a grid has few cases, and its index finds them."""
    match: dict[str, Any] = {
        "location.grid": grid, "state": {"$ne": State.MERGED},
        "opened_on": {"$gte": f"{period.first}-01", "$lt": f"{next_month(period.last)}-01"}, **district_limit(actor),
    }  # fmt: skip
    fields = {
        "opened_on": 1,
        "decided_types": 1,
        "finding.result": 1,
        "enterprise": 1,
        "penalty_fen": 1,
        "location.district": 1,
    }
    types: dict[str, TypeRow] = {}
    firms: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    async for case in store["cases"].find(match, fields).sort("created_at", -1).limit(5000):
        verified = (case.get("finding") or {}).get("result") in ("substantiated", "partly")
        for kind in case["decided_types"]:
            row = types.setdefault(kind, TypeRow(kind))
            row.received += 1
            row.verified += verified
            row.penalty_fen += case["penalty_fen"]
            row.seasons[season_of(case["opened_on"][:7])] += 1
        if case.get("enterprise"):
            firms[case["enterprise"]][0] += 1
            firms[case["enterprise"]][1] += verified
    worst = sorted(firms.items(), key=lambda each: (-each[1][1], -each[1][0], each[0]))[:SHOWN]
    names = {}
    async for row in store["enterprises"].find({"_id": {"$in": [code for code, _ in worst]}}, {"name": 1}):
        names[row["_id"]] = row["name"]
    listed = [(code, names.get(code, code), cases, verified) for code, (cases, verified) in worst]
    return GridDetail(grid, sorted(types.values(), key=lambda row: (-row.received, row.type)), listed)


def tables(found: Regularities) -> list[Table]:
    """What the page shows, for CSV and XLSX."""
    when = f"{found.period.first}至{found.period.last}收到的案件（不含已并案的）。内部资料。"
    seasons, districts = tuple(SEASONS), tuple(found.districts)
    return [
        Table(
            "类型和季节", ("违法类型", *seasons, "合计", "查实", "查实率", "罚款（元）"),
            [
                (name_of(row.type), *(row.seasons[each] for each in seasons), row.received, row.verified, row.share,
                 row.penalty_fen // 100)
                for row in found.types
            ],
            when,
        ),
        Table(
            "类型和区市", ("违法类型", *districts, "合计"),
            [
                (name_of(row.type), *(row.districts.get(each, 0) for each in districts), row.received)
                for row in found.types
            ],
            when,
        ),
        Table(
            "热点网格", ("网格", "区市", "镇街", "案件", "查实", "近三个月", "按上年应有", "是否升高"),
            [
                (row.grid, row.district, row.street, row.received, row.verified, row.recent, round(row.expected, 1),
                 "升高" if row.hot else "")
                for row in found.grids
            ],
            f"{when}升高：近三个月不少于{HOT_CASES}件，且不少于上年同期平均的{HOT_TIMES:.0f}倍。",
        ),
        Table(
            "屡次查实的单位", ("单位", "统一社会信用代码", "区市", "镇街", "行业", "查实", "举报", "最近查实"),
            [
                (row["name"], row["_id"], row["district"], row["street"], row["industry"], row["verified"], row["cases"],
                 row["last_verified_on"] or "")
                for row in found.repeated
            ],
            "登记以来。内部资料。",
        ),
    ]  # fmt: skip
