"""What is known of the trained models: the records that training leaves in models/ (see docs/teaching.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent.parent / "models"


@dataclass(frozen=True)
class ModelRecord:
    """One training. `frozen` are shares on the frozen set (top1, top3, macro_f1, scope_recall, tips_lost); `worse` says
    in Chinese what kept it from being used; `cross_validation` is how it read its own sentences, None for old records."""

    name: str
    trained_at: datetime
    accepted: bool
    forced: bool
    frozen: dict[str, float]
    worse: list[str]
    cross_validation: dict[str, Any] | None


def model_records() -> list[ModelRecord]:
    """Newest first. A file that is no record is passed over: the page must open when a training was cut off."""
    found = []
    for file in MODELS.glob("*.json"):
        try:
            row = json.loads(file.read_text("utf-8"))
            found.append(
                ModelRecord(
                    name=row["model"],
                    trained_at=datetime.fromtimestamp(file.stat().st_mtime, UTC),
                    accepted=row["accepted"],
                    forced=row["forced"],
                    frozen=row["figures"],
                    worse=row["worse"],
                    cross_validation=row.get("cross_validation"),
                )
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda record: record.trained_at, reverse=True)
