"""The training sentences are written, enough for each type, and free of what would spoil the form."""

from __future__ import annotations

from pathlib import Path

import yaml
from addons.sentences import read_sentences
from check_sentences import over_limits, report

ROOT = Path(__file__).resolve().parents[2]
SENTENCES = read_sentences(ROOT / "nlu_data")


def test_variation_comes_from_writing() -> None:
    found = report(SENTENCES)
    assert over_limits(found) == [], found["examples"]


def test_a_template_would_be_found() -> None:
    from addons.sentences import Sentence

    filled = [
        Sentence(f"领导你好我要反映{thing}有重大安全隐患请来处理", "report", "gas_leak", ("gas_leak",))
        for thing in ("饭店", "旅馆", "工厂", "学校", "医院")
    ]
    assert {"near_duplicates", "templates", "openings"} <= {line.split()[0] for line in over_limits(report(filled))}


def test_types_and_intents_are_the_known_ones() -> None:
    taxonomy = yaml.safe_load((ROOT / "nlu_data" / "violations.yml").read_text(encoding="utf-8"))
    core = {row["id"] for row in taxonomy["types"] if row["rolls_up_to"] == row["id"]}
    domain = yaml.safe_load((ROOT / "bot" / "domain.yml").read_text(encoding="utf-8"))
    assert len(core) == 66
    assert {type_ for sentence in SENTENCES for type_ in sentence.types} == core
    assert {sentence.intent for sentence in SENTENCES} == set(domain["intents"])
    assert not [sentence.text for sentence in SENTENCES if sentence.text.startswith("/")]


def test_every_row_of_the_taxonomy_leads_to_a_core_type() -> None:
    taxonomy = yaml.safe_load((ROOT / "nlu_data" / "violations.yml").read_text(encoding="utf-8"))
    rows = {row["id"]: row for row in taxonomy["types"]}
    groups = {group["id"] for group in taxonomy["groups"]}
    for row in rows.values():
        assert rows[row["rolls_up_to"]]["rolls_up_to"] == row["rolls_up_to"], row["id"]
        assert row["group"] in groups and row["urgency"] in (1, 2, 3) and row["lead"]
