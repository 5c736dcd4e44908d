"""Whom a dispatcher or supervisor can give a case to, with what speaks for and against each, and who is proposed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.loads import open_orders
from cases.queries import INSPECTOR_STATES
from grid.inspectors import Inspector, Kind
from grid.receivers import Receiver, standing
from grid.service import Locator
from store.mongo import Store

MOST_LISTED = 1000


@dataclass(frozen=True)
class Choice:
    """`note` says what to know before choosing: 在办3件，休假至12月5日."""

    id: str
    name: str
    place: str
    note: str


@dataclass(frozen=True)
class Receivers:
    """`now` is who takes the case according to the chain at this moment."""

    now: Receiver
    choices: list[Choice]

    def words(self, inspector_id: str | None) -> str:
        """Somebody of the list by name; the number of anybody else."""
        chosen = next((each for each in self.choices if each.id == inspector_id), None)
        return f"{chosen.name}（{chosen.place}）" if chosen else inspector_id or ""


async def receivers(store: Store, locator: Locator, case: Mapping[str, Any], at: datetime) -> Receivers:
    """For a case with a `location`: the people of its district; while that is not known everybody, or of very many the
    offices, since the place has to be settled first anyhow.
    """
    await locator.refresh_roster(store)
    place = case["location"]
    district, street = place.get("district"), place.get("street")
    declined = {row["by"] for row in case.get("returns") or ()}
    holder = case.get("inspector_id") if case["state"] in INSPECTOR_STATES else None
    people = [each for each in locator.roster if each.active and district in (None, "", each.district)]
    if len(people) > MOST_LISTED:
        people = [each for each in people if each.kind is not Kind.INSPECTOR]
    loads = await open_orders(store, [each.id for each in people])
    passed_over = declined | {holder} if holder else declined
    receiver = locator.receiver(place.get("grid"), district, street, at, loads, passed_over)

    def order(each: Inspector) -> tuple[bool, bool, bool, int, str]:
        absent = not locator.roster.on_duty(each, at)
        return each.id in passed_over, absent, each.street != street, loads.get(each.id, 0), each.id

    def choice(each: Inspector) -> Choice:
        notes = [f"在办{loads.get(each.id, 0)}件", standing(each, at), "退回过这张单" if each.id in declined else "",
                 "现在的承办人" if each.id == holder else ""]  # fmt: skip
        return Choice(each.id, each.name, each.district + each.street, "，".join(note for note in notes if note))

    return Receivers(receiver, [choice(each) for each in sorted(people, key=order)])
