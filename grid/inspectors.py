"""Who walks which grid, who stands in for them, and whether they are on duty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from grid.polygons import GridIndex
from store.mongo import Store

DEMONSTRATION_DOMAIN = "grid.demo.invalid"  # .invalid can never receive mail (RFC 2606)

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = (
    "海燕 建国 秀英 志强 丽娟 永胜 晓东 桂兰 文博 春梅 立新 雪梅 国栋 玉珍 少华 红霞 家明 淑芳 振宇 爱玲 德胜".split()
)


@dataclass(frozen=True, slots=True)
class Inspector:
    """A grid inspector (网格员). `grids` are grid codes; `deputy` is the id of who stands in."""

    id: str
    name: str
    email: str
    district: str
    street: str
    grids: tuple[str, ...]
    on_duty: bool = True
    deputy: str | None = None
    demonstration: bool = False


class Roster:
    """All inspectors, by grid and by street."""

    def __init__(self, inspectors: Iterable[Inspector]) -> None:
        self._by_id: dict[str, Inspector] = {}
        self._by_grid: dict[str, Inspector] = {}
        self._by_street: dict[tuple[str, str], list[Inspector]] = defaultdict(list)
        for inspector in inspectors:
            self._by_id[inspector.id] = inspector
            self._by_street[inspector.district, inspector.street].append(inspector)
            for code in inspector.grids:
                self._by_grid.setdefault(code, inspector)

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, inspector_id: str | None) -> Inspector | None:
        return self._by_id.get(inspector_id) if inspector_id else None

    def of_grid(self, code: str | None) -> Inspector | None:
        """The inspector who answers for a grid, on duty or not."""
        return self._by_grid.get(code) if code else None

    def of_street(self, district: str, street: str) -> list[Inspector]:
        return self._by_street.get((district, street), [])


def demonstration_inspectors(index: GridIndex) -> list[Inspector]:
    """Two invented inspectors per street, each with half of its grids, deputies of each other. Always the same ones."""
    streets: dict[tuple[str, str], list[str]] = defaultdict(list)
    for grid in index.grids:
        if grid.street:
            streets[grid.district, grid.street].append(grid.code)
    made: list[Inspector] = []
    for (district, street), codes in sorted(streets.items(), key=lambda item: min(item[1])):
        codes.sort()
        half = (len(codes) + 1) // 2
        shares = [s for s in (codes[:half], codes[half:]) if s]
        ids = [f"w{codes[0][:9]}-{n}" for n in range(1, len(shares) + 1)]
        for n, share in enumerate(shares):
            number = len(made)
            name = _SURNAMES[number % len(_SURNAMES)] + _GIVEN[(number // len(_SURNAMES) + number) % len(_GIVEN)]
            deputy = ids[1 - n] if len(ids) == 2 else None
            email = f"{ids[n]}@{DEMONSTRATION_DOMAIN}"
            made.append(Inspector(ids[n], name, email, district, street, tuple(share), True, deputy, True))
    return made


async def load_inspectors(store: Store) -> list[Inspector]:
    """All inspectors of the database."""
    rows = store["inspectors"].find({}).sort("_id", 1)
    return [_from_document(row) async for row in rows]


async def seed_demonstration(store: Store, inspectors: list[Inspector]) -> None:
    """Put the invented inspectors into an empty collection; does nothing when there are any."""
    if await store["inspectors"].find_one({}) is not None:
        return
    rows = [{**asdict(i), "_id": i.id} for i in inspectors]
    for row in rows:
        del row["id"]
        row["grids"] = list(row["grids"])
    if rows:
        await store["inspectors"].insert_many(rows)


def _from_document(row: dict[str, Any]) -> Inspector:
    return Inspector(
        id=str(row["_id"]),
        name=row["name"],
        email=row.get("email", ""),
        district=row.get("district") or "",
        street=row.get("street") or "",
        grids=tuple(row.get("grids", ())),
        on_duty=bool(row.get("on_duty", True)),
        deputy=row.get("deputy"),
        demonstration=bool(row.get("demonstration", False)),
    )
