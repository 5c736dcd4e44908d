"""The kinds of violation with their names for people, read once from `nlu_data/violations.yml`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).parent.parent / "nlu_data" / "violations.yml"


@dataclass(frozen=True)
class Violation:
    """`lead` is a department code; `core` says that the classifier can propose it (others are for officers only, and
    `rolls_up_to` is the core type that stands for them)."""

    id: str
    zh: str
    group: str
    lead: str
    urgency: int
    basis: tuple[str, ...]
    penalty: str
    core: bool
    rolls_up_to: str


def read_violations(rows: dict[str, Any]) -> dict[str, Violation]:
    """The parsed file as a table by id. Raises KeyError for a group that is not listed."""
    groups = {group["id"]: group["zh"] for group in rows["groups"]}
    return {
        row["id"]: Violation(
            id=row["id"],
            zh=row["zh"],
            group=groups[row["group"]],
            lead=row["lead"],
            urgency=row["urgency"],
            basis=tuple(row["basis"]),
            penalty=row.get("penalty", ""),
            core=row["rolls_up_to"] == row["id"],
            rolls_up_to=row["rolls_up_to"],
        )
        for row in rows["types"]
    }


@cache
def violations() -> dict[str, Violation]:
    return read_violations(yaml.safe_load(SOURCE.read_text("utf-8")))


def name_of(violation_id: str) -> str:
    """The Chinese name; the id itself for one that was dropped from the file since the case was decided."""
    found = violations().get(violation_id)
    return found.zh if found else violation_id


def by_group() -> dict[str, list[Violation]]:
    """For a list to choose from, in the order of the file."""
    grouped: dict[str, list[Violation]] = {}
    for violation in violations().values():
        grouped.setdefault(violation.group, []).append(violation)
    return grouped
