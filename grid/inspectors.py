"""Who walks which grid, who stands in for them, and whether they are on duty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from grid.polygons import GridIndex
from grid.shifts import Leave, Shift, in_shift, leave_at

DEMONSTRATION_DOMAIN = "grid.demo.invalid"  # .invalid can never receive mail (RFC 2606)

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = (
    "海燕 建国 秀英 志强 丽娟 永胜 晓东 桂兰 文博 春梅 立新 雪梅 国栋 玉珍 少华 红霞 家明 淑芳 振宇 爱玲 德胜".split()
)


class Kind(StrEnum):
    """A grid inspector (网格员), or an office that takes what no inspector can take."""

    INSPECTOR = "inspector"
    STREET_OFFICE = "street_office"
    DISTRICT_DESK = "district_desk"


KIND_NAMES = {Kind.INSPECTOR: "网格员", Kind.STREET_OFFICE: "镇街办公室", Kind.DISTRICT_DESK: "区市分派席"}


class Absence(StrEnum):
    """Why somebody gets no order now, in the words that follow the name."""

    LEFT = "已停用"
    ON_LEAVE = "休假"
    OFF_SHIFT = "不在班"


@dataclass(frozen=True, slots=True)
class Inspector:
    """`grids` are grid codes, `deputy` the id of who stands in. `robot` names the group-chat robot that passes orders on.

    `street` is "" for the desk of a district.
    """

    id: str
    name: str
    email: str
    district: str
    street: str
    grids: tuple[str, ...]
    active: bool = True
    deputy: str | None = None
    demonstration: bool = False
    kind: Kind = Kind.INSPECTOR
    phone: str = ""
    robot: str = ""
    leave: tuple[Leave, ...] = ()
    shifts: tuple[Shift, ...] = ()

    def absence(self, at: datetime) -> Absence | None:
        """Why not on duty at the aware time `at`; None on duty."""
        if not self.active:
            return Absence.LEFT
        if self.leave and leave_at(self.leave, at):
            return Absence.ON_LEAVE
        return None if in_shift(self.shifts, at) else Absence.OFF_SHIFT

    def deputy_at(self, at: datetime) -> str | None:
        """Who stands in at that time: the deputy named for a leave, else the usual one."""
        leave = leave_at(self.leave, at)
        return (leave.deputy if leave else None) or self.deputy


class Roster:
    """All inspectors and offices, by id, grid and street. Immutable; a change makes a new one."""

    def __init__(self, inspectors: Iterable[Inspector]) -> None:
        self._by_id: dict[str, Inspector] = {}
        self._by_grid: dict[str, list[Inspector]] = defaultdict(list)
        self._by_street: dict[tuple[str, str], list[Inspector]] = defaultdict(list)
        self._offices: dict[tuple[str, str], list[Inspector]] = defaultdict(list)
        for inspector in inspectors:
            self._by_id[inspector.id] = inspector
            place = inspector.district, inspector.street
            if inspector.kind is not Kind.INSPECTOR:
                self._offices[place].append(inspector)
                continue
            self._by_street[place].append(inspector)
            for code in inspector.grids:
                self._by_grid[code].append(inspector)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Inspector]:
        return iter(self._by_id.values())

    @staticmethod
    def on_duty(inspector: Inspector, at: datetime) -> bool:
        """Active, not on leave, inside a shift."""
        return inspector.absence(at) is None

    def get(self, inspector_id: str | None) -> Inspector | None:
        return self._by_id.get(inspector_id) if inspector_id else None

    def of_grid(self, code: str | None) -> list[Inspector]:
        """Those who answer for a grid, on duty or not."""
        return self._by_grid.get(code, []) if code else []

    def of_street(self, district: str | None, street: str | None) -> list[Inspector]:
        return self._by_street.get((district, street), []) if district and street else []

    def offices(self, district: str | None, street: str | None) -> list[Inspector]:
        """The office of a street, or with `street` "" the desk of a district."""
        return self._offices.get((district, street or ""), []) if district else []


def demonstration_inspectors(index: GridIndex) -> list[Inspector]:
    """Two invented inspectors per street, each with half of its grids, deputies of each other. Always the same ones."""
    made: list[Inspector] = []
    for (district, street), codes in _streets(index).items():
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


def demonstration_offices(index: GridIndex) -> list[Inspector]:
    """An office for each street and a desk for each district, so that the chain of receivers has its end."""
    made: dict[str, Inspector] = {}
    for (district, street), codes in _streets(index).items():
        for office_id, name, kind, place in (
            (f"o{codes[0][:9]}", f"{street}应急办", Kind.STREET_OFFICE, street),
            (f"d{codes[0][:6]}", f"{district}分派席", Kind.DISTRICT_DESK, ""),
        ):
            email = f"{office_id}@{DEMONSTRATION_DOMAIN}"
            made.setdefault(
                office_id, Inspector(office_id, name, email, district, place, (), True, None, True, kind)
            )  # fmt: skip
    return list(made.values())


def _streets(index: GridIndex) -> dict[tuple[str, str], list[str]]:
    """The sorted grid codes of each street, streets in the order of their codes."""
    streets: dict[tuple[str, str], list[str]] = defaultdict(list)
    for grid in index.grids:
        if grid.street:
            streets[grid.district, grid.street].append(grid.code)
    return {place: sorted(codes) for place, codes in sorted(streets.items(), key=lambda item: min(item[1]))}
