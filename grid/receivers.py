"""Who gets an order at a moment: the chain from the inspector of the grid to the queue that nobody may overlook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from grid.inspectors import Absence, Inspector, Roster
from grid.shifts import leave_at
from store.local_time import LOCAL

ReceiverKind = Literal["inspector", "deputy", "street_inspector", "street_office", "district_desk", "unclaimed"]

OVERLOADED = "在办的单太多"
DECLINED = "已接过这张单"
# More absent people than this are counted instead of named.
MOST_NAMED = 2
UNCLAIMED = "无人认领队列（市值班席）"


@dataclass(frozen=True)
class Receiver:
    """`inspector` is None when nobody was found. `passed` says who was passed over and why, one clause each."""

    kind: ReceiverKind
    label: str
    inspector: Inspector | None
    passed: tuple[str, ...] = ()


def receiver_for(
    roster: Roster,
    grid: str | None,
    district: str | None,
    street: str | None,
    at: datetime,
    loads: Mapping[str, int],
    max_open: int,
    declined: Collection[str] = (),
) -> Receiver:
    """Inspector → deputy → another inspector of the street → street office → district desk → unclaimed queue.

    `loads` is how many orders each inspector (by id) has open; above `max_open` one is passed over. Of several the one
    with the fewest gets it. An office is not spared for its load: behind it there is only the queue. Who `declined`
    (sent this very case back) does not get it again.
    """
    # Once for all: every look at a shift would convert it again.
    search = _Search(at.astimezone(LOCAL), loads, max_open, declined)
    owners = roster.of_grid(grid)
    if owner := search.least_busy(owners):
        return search.found("inspector", f"网格员{owner.name}", owner)
    deputies = [deputy for each in owners if (deputy := roster.get(each.deputy_at(at)))]
    if deputy := search.least_busy(deputies):
        return search.found("deputy", f"代班网格员{deputy.name}", deputy)
    if other := search.least_busy(roster.of_street(district, street)):
        return search.found("street_inspector", f"{street}网格员{other.name}", other)
    for kind, place, words in _offices(street):
        offices = roster.offices(district, place)
        office = next((each for each in offices if each.id not in declined and roster.on_duty(each, at)), None)
        if office:
            return search.found(kind, office.name, office)
        if district:
            search.passed.append(words)
    return search.found("unclaimed", UNCLAIMED, None)


def load_matters(roster: Roster, grid: str | None, district: str | None, street: str | None, at: datetime) -> set[str]:
    """The ids whose number of open orders `receiver_for` may ask for."""
    owners = roster.of_grid(grid)
    deputies = {each.deputy_at(at) for each in owners}
    return {each.id for each in [*owners, *roster.of_street(district, street)]} | {d for d in deputies if d}


def standing(inspector: Inspector, at: datetime) -> str:
    """For lists: "" on duty, else 休假至12月5日, 不在班, 已停用."""
    absence = inspector.absence(at)
    if absence is Absence.ON_LEAVE:
        leave = leave_at(inspector.leave, at)
        assert leave is not None, "on leave means that a leave runs"
        return f"休假至{leave.last.month}月{leave.last.day}日"
    return str(absence or "")


def _offices(street: str | None) -> list[tuple[Literal["street_office", "district_desk"], str, str]]:
    desk: tuple[Literal["district_desk"], str, str] = ("district_desk", "", "区市分派席没有人接单")
    return [("street_office", street, f"{street}办公室没有人接单"), desk] if street else [desk]


class _Search:
    """One walk along the chain. `passed` collects who was passed over and why."""

    def __init__(self, at: datetime, loads: Mapping[str, int], max_open: int, declined: Collection[str]) -> None:
        self._at = at
        self._loads = loads
        self._max_open = max_open
        self._declined = declined
        self._seen: set[str] = set()
        self.passed: list[str] = []

    def least_busy(self, people: Iterable[Inspector]) -> Inspector | None:
        """The one on duty with the fewest open orders; None when all are absent or have too many.

        Whoever has fewer orders and gets none all the same goes into `passed`, with the reason.
        """
        absent: Counter[str] = Counter()
        named: list[str] = []
        free: Inspector | None = None
        for person in sorted((p for p in people if p.id not in self._seen), key=self._rank):
            self._seen.add(person.id)
            reason = self._reason(person)
            if not reason:
                free = person
                break
            absent[reason] += 1
            if len(named) < MOST_NAMED:
                named.append(self._words(person, reason))
        if absent.total() > MOST_NAMED:
            named = ["其他网格员" + "、".join(f"{reason}{count}人" for reason, count in absent.items())]
        self.passed += named
        return free

    def _rank(self, person: Inspector) -> tuple[int, str]:
        return self._loads.get(person.id, 0), person.id

    def found(self, kind: ReceiverKind, label: str, inspector: Inspector | None) -> Receiver:
        return Receiver(kind, label, inspector, tuple(self.passed))

    def _reason(self, person: Inspector) -> str:
        if absence := person.absence(self._at):
            return str(absence)
        if person.id in self._declined:
            return DECLINED
        return OVERLOADED if self._loads.get(person.id, 0) > self._max_open else ""

    def _words(self, person: Inspector, reason: str) -> str:
        if reason == OVERLOADED:
            return f"{person.name}在办{self._loads[person.id]}件，超过{self._max_open}件的上限"
        return person.name + (standing(person, self._at) or reason)
