"""Sentences for invented tips: those the classifier learns from, by violation type."""

import random
from functools import cache
from itertools import islice
from pathlib import Path

import yaml

from cases.danger import danger_in

SOURCE = Path(__file__).parent.parent / "nlu_data" / "report"
# Enough that few tips of a grid are alike; more would only take longer to read.
MOST = 60
TRIES = 20
OTHERWISE = "这里有安全隐患，没有人管"


def sentence(kind: str, rng: random.Random) -> str:
    """One about this type, without immediate danger: invented tips must not alarm the duty desk."""
    known = sentences().get(kind, [])
    for _ in range(TRIES if known else 0):
        if not _alarms(line := rng.choice(known)):
            return line
    return OTHERWISE


@cache
def _alarms(line: str) -> bool:
    """Looked at only when a sentence is chosen: to judge all of them takes seconds."""
    return danger_in(line) is not None


@cache
def sentences() -> dict[str, list[str]]:
    """Type → sentences."""
    found: dict[str, list[str]] = {}
    for path in sorted(SOURCE.glob("*.yml")):
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for block in yaml.load(path.read_text("utf-8"), loader)["nlu"]:  # noqa: S506 (a safe loader in C)
            kind = block["intent"].removeprefix("report/")
            lines = (line.removeprefix("- ").strip() for line in block["examples"].splitlines())
            found.setdefault(kind, []).extend(islice((line for line in lines if len(line) >= 8), MOST))
    return {kind: lines for kind, lines in found.items() if lines}
