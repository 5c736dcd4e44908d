"""Counts for the leader's page. Cases only: nothing here can lead to a reporter."""

from dataclasses import dataclass
from datetime import UTC, datetime

from access.actors import Actor
from cases import tallies
from cases.quarters import month_of, next_month
from cases.states import State
from store.local_time import local_day
from store.mongo import Store

_SUMMED = ("cases", "open", "checked", "on_time")


@dataclass(frozen=True)
class Counted:
    """`on_time` of `checked` closed checks ended within 核查办结； `share` is None while there is nothing to share."""

    name: str
    cases: int
    open: int = 0
    checked: int = 0
    on_time: int = 0

    @property
    def share(self) -> str:
        return f"{self.on_time / self.checked:.0%}" if self.checked else "—"


@dataclass(frozen=True)
class Overview:
    """`types` of the last twelve months; `rewards`: {"count", "fen"} paid; `counted_at` None before the first counting."""

    total: Counted
    districts: list[Counted]
    states: list[Counted]
    types: list[Counted]
    rewards: dict[str, int]
    counted_at: datetime | None


async def overview(store: Store, actor: Actor) -> Overview:
    """From the tallies: as of their last counting, and as quick with a million cases as with ten."""
    only = tallies.district_only(actor)
    counts = ["received", "open", "concluded", "on_time", *(f"in_{state}" for state in State)]
    rows = await tallies.read(store, "district", tallies.ALWAYS, {"district": "$district"}, counts, only)
    rows.sort(key=lambda row: (-row["received"], row["district"]))
    this_month = month_of(local_day(datetime.now(UTC)))
    year = [next_month(this_month, -11), this_month]
    by_type = await tallies.read(store, "type", year, {"type": "$type"}, ["received"], only)
    districts = [Counted(row["district"], *(row[name] for name in counts[:4])) for row in rows]
    by_state = {state.value: sum(row[f"in_{state}"] for row in rows) for state in State}
    return Overview(
        Counted("全市", *(sum(getattr(row, key) for row in districts) for key in _SUMMED)),
        districts,
        sorted((Counted(state, n) for state, n in by_state.items() if n), key=lambda row: (-row.cases, row.name)),
        sorted((Counted(row["type"], row["received"]) for row in by_type), key=lambda row: (-row.cases, row.name)),
        await tallies.paid_rewards(store),
        await tallies.counted_at(store),
    )
