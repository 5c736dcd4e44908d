"""How many stated facts are read, by kind: `python -m tests.fact_scores [--inputs] [--half even|odd]`.

Prints one JSON line for the whole and one for each half. The even lines are there to learn from; the odd lines are
held out: their score is looked at, their sentences are not.

The sentences in cases/annotated_facts.jsonl were annotated by a person who had not seen the rules. A string counts
when it is read exactly as annotated; `overlapping` also counts those that share half of their characters.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from cases.facts import facts_in
from grid.batch import DEFAULT_CITY
from grid.service import Locator

ROWS = Path(__file__).parent / "cases" / "annotated_facts.jsonl"
TODAY = date(2026, 11, 24)
Values = set[str]


def annotated() -> list[dict]:
    return [json.loads(line) for line in ROWS.read_text("utf-8").splitlines()]


def told(row: dict) -> dict[str, Values]:
    return {
        "company": {row["company"]} - {""},
        "time": {row["time"]} - {""},
        "ongoing": {row["ongoing"]} - {""},
        "thing": set(row["things"]),
        **{name: {str(row[name])} - {"0"} for name in ("injured", "dead", "people")},
    }


def read(text: str) -> dict[str, Values]:
    facts = facts_in(text, TODAY)
    return {
        "company": {facts.company} - {""},
        "time": {facts.happened} - {""},
        "ongoing": {facts.ongoing} - {"", "unknown"},
        "thing": set(facts.things),
        "injured": {str(facts.injured)} - {"0"},
        "dead": {str(facts.dead)} - {"0"},
        "people": {str(facts.people)} - {"0"},
    }


def same(a: str, b: str) -> bool:
    return a == b


def overlapping(a: str, b: str) -> bool:
    """One holds the other, and is at most twice as long."""
    short, long = sorted((a, b), key=len)
    return short in long and 2 * len(short) >= len(long)


def scores(rows: list[dict], alike: Callable[[str, str], bool] = same) -> dict[str, dict[str, float]]:
    """kind → precision, recall, f1 and how many are annotated."""
    found: dict[str, list[int]] = {}
    for row in rows:
        said, seen = told(row), read(row["text"])
        for kind in said:
            counts = found.setdefault(kind, [0, 0, 0, 0])
            counts[0] += len(said[kind])
            counts[1] += len(seen[kind])
            counts[2] += sum(any(alike(one, other) for other in seen[kind]) for one in said[kind])
            counts[3] += sum(any(alike(one, other) for other in said[kind]) for one in seen[kind])
    return {
        kind: {
            "f1": round(2 * hit / (stated + seen), 3) if stated + seen else 1.0,
            "precision": round(right / seen, 3) if seen else 1.0,
            "recall": round(hit / stated, 3) if stated else 1.0,
            "annotated": stated,
        }
        for kind, (stated, seen, hit, right) in found.items()
    }


def places(rows: list[dict]) -> dict[str, float]:
    """Share of the annotated places, and of the sentences without one, that the gazetteer takes for what they are."""
    gazetteer = Locator.for_demonstration(DEFAULT_CITY).gazetteer
    placed = [row for row in rows if row["places"]]
    found = sum(gazetteer.locate(row["text"]).district is not None for row in placed)
    return {"sentences_with_place": len(placed), "district_found": round(found / len(placed), 3)}


def halves(rows: list[dict]) -> dict[str, list[dict]]:
    """Every second row, from the first and from the second."""
    return {"even": rows[::2], "odd": rows[1::2]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Score the facts that are read.")
    parser.add_argument("--inputs", action="store_true", help="list what is misread on standard error")
    parser.add_argument("--half", choices=("even", "odd"), default="", help="one half only")
    arguments = parser.parse_args()
    rows, wanted = annotated(), arguments.half
    parts = {"all": rows, **halves(rows)}
    for name, part in parts.items():
        if wanted in ("", name):
            line = {
                "measure": "facts of annotated sentences",
                "lines": name,
                "sentences": len(part),
                "exact": scores(part),
                "overlapping": scores(part, overlapping),
            }
            if name == "all":
                line["places"] = places(part)
            print(json.dumps(line, ensure_ascii=False))
    if arguments.inputs:
        for row in parts[wanted or "even"]:
            said, seen = told(row), read(row["text"])
            for kind in said:
                if said[kind] != seen[kind]:
                    print(kind, sorted(said[kind]), sorted(seen[kind]), row["text"], sep="\t", file=sys.stderr)


if __name__ == "__main__":
    main()
