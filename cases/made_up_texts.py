"""Sentences for invented tips: those the classifier learns from, by violation type."""

from functools import cache
from itertools import islice
from pathlib import Path

import yaml

from cases.danger import danger_in

SOURCE = Path(__file__).parent.parent / "nlu_data" / "report"
# Enough that few tips of a grid are alike; more would only take longer to read.
MOST = 40


@cache
def sentences() -> dict[str, list[str]]:
    """Type → sentences without immediate danger: invented tips must not alarm the duty desk."""
    found: dict[str, list[str]] = {}
    for path in sorted(SOURCE.glob("*.yml")):
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for block in yaml.load(path.read_text("utf-8"), loader)["nlu"]:  # noqa: S506 (a safe loader in C)
            kind = block["intent"].removeprefix("report/")
            lines = (line.removeprefix("- ").strip() for line in block["examples"].splitlines())
            safe = (line for line in lines if len(line) >= 8 and danger_in(line) is None)
            found.setdefault(kind, []).extend(islice(safe, MOST))
    return {kind: lines for kind, lines in found.items() if lines}
