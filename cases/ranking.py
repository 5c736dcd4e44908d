"""The monthly ranking of districts: cases, on time, verified, penalties, by the dated formula in `ranking.yml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cases import sweeps, tallies
from cases.quarters import Quarter
from store.mongo import Store

_COUNTS = ["received", "concluded", "on_time", "verified", "measured", "acted", "penalised", "penalty_fen"]


@dataclass(frozen=True)
class Part:
    id: str
    points: int
    zh: str
    says: str


@dataclass(frozen=True)
class Formula:
    """`fewest` concluded checks are needed to be ranked at all."""

    effective_from: str
    fewest: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Ranked:
    """One district in one month. `rank` None: too few cases; `shares` by part, None where there was nothing to count."""

    district: str
    counts: Mapping[str, int]
    shares: Mapping[str, float | None]
    score: float | None
    rank: int | None = None

    def percent(self, part: str) -> str:
        share = self.shares.get(part)
        return f"{share:.0%}" if share is not None else "—"

    @property
    def verified_share(self) -> str:
        return f"{self.counts['verified'] / self.counts['concluded']:.0%}" if self.counts["concluded"] else "—"


@cache
def formulas() -> tuple[Formula, ...]:
    rows = yaml.safe_load((Path(__file__).parent / "ranking.yml").read_text("utf-8"))["formulas"]
    made = (
        Formula(str(row["effective_from"]), row["fewest"], tuple(Part(**part) for part in row["parts"])) for row in rows
    )
    return tuple(sorted(made, key=lambda formula: formula.effective_from))


def formula_of(month: str) -> Formula:
    """The one in force in a month; for older months the first."""
    return next((each for each in reversed(formulas()) if each.effective_from <= month), formulas()[0])


def _share(part: float, whole: float) -> float | None:
    return min(1.0, part / whole) if whole else None


def shares_of(counts: Mapping[str, int], sweep: sweeps.Share | None) -> dict[str, float | None]:
    return {
        "on_time": _share(counts["on_time"], counts["concluded"]),
        "acted": _share(counts["acted"], counts["measured"]),
        "handled": _share(counts["concluded"], counts["received"]),
        "swept": _share(sweep.done, sweep.enterprises) if sweep else None,
    }


def score_of(shares: Mapping[str, float | None], formula: Formula) -> float | None:
    """Points out of 100; None when there is nothing to count at all."""
    counted = [(part.points, share) for part in formula.parts if (share := shares.get(part.id)) is not None]
    points = sum(weight for weight, _ in counted)
    return round(100 * sum(weight * share for weight, share in counted) / points, 1) if points else None


def ranked(rows: Mapping[str, Mapping[str, int]], swept: Mapping[str, sweeps.Share], formula: Formula) -> list[Ranked]:
    """Best first; equal scores share a rank; those with too few cases stand behind, without one. Pure."""
    made = []
    for district, counts in rows.items():
        shares = shares_of(counts, swept.get(district))
        enough = counts["concluded"] >= formula.fewest
        made.append(Ranked(district, counts, shares, score_of(shares, formula) if enough else None))
    made.sort(key=lambda row: (row.score is None, -(row.score or 0), row.district))
    placed: list[Ranked] = []
    for number, row in enumerate(made, start=1):
        same = placed and placed[-1].score == row.score
        rank = None if row.score is None else placed[-1].rank if same else number
        placed.append(Ranked(row.district, row.counts, row.shares, row.score, rank))
    return placed


async def ranking(store: Store, month: str, districts: Sequence[str]) -> list[Ranked]:
    """Every district of the city, also one without a case."""
    rows: dict[str, dict[str, int]] = {district: dict.fromkeys(_COUNTS, 0) for district in districts}
    for row in await tallies.read(store, "district", [month], {"district": "$district"}, _COUNTS):
        if row["district"] in rows:  # a case without a district counts for nobody
            rows[row.pop("district")] = row
    quarter = Quarter(int(month[:4]), (int(month[5:]) + 2) // 3)
    swept = {share.district: share for share in await tallies.sweep_shares(store, quarter)}
    return ranked(rows, swept, formula_of(month))


def total(rows: Sequence[Ranked]) -> dict[str, Any]:
    return {name: sum(row.counts[name] for row in rows) for name in _COUNTS}
