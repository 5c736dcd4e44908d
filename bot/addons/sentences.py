"""The written training sentences, read from the Rasa YAML files without Rasa.

A sentence's intent is `report/<core type>` (with further types in the block's metadata `also`), `out_of_scope/<matter>`
or a plain intent such as `faq_reward`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPORT = "report"
OUT_OF_SCOPE = "out_of_scope"
OTHER_TYPE = "other_or_out_of_scope"  # the core type of everything that is no safety matter (goes on to 12345)
TRAINING_FILES = ("report", "out_of_scope.yml", "intents.yml")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Sentence:
    """One training sentence; `types` are the core types it reports, the first one first, empty when it is no tip."""

    text: str
    intent: str
    detail: str | None = None
    types: tuple[str, ...] = ()
    voice: str = ""


def make_sentence(text: str, full_intent: str, metadata: Mapping[str, Any] | None) -> Sentence:
    """Build a sentence out of Rasa's full intent name (`report/gas_leak`) and its block's metadata."""
    metadata = metadata or {}
    intent, _, detail = full_intent.partition("/")
    if intent == REPORT and detail == OTHER_TYPE:
        intent = OUT_OF_SCOPE
    types: tuple[str, ...] = ()
    if intent == REPORT:
        types = tuple(dict.fromkeys([detail, *metadata.get("also", [])]))
    elif intent == OUT_OF_SCOPE:
        types = (OTHER_TYPE,)
    return Sentence(text.strip(), intent, detail or None, types, str(metadata.get("voice", "")))


def read_sentences(nlu_data: Path) -> list[Sentence]:
    """All training sentences below `nlu_data`, in the order of the files."""
    sentences: list[Sentence] = []
    for path in _training_paths(nlu_data):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - one of the two safe loaders
        for block in document.get("nlu", []):
            if "intent" in block:
                sentences.extend(_block_sentences(block))
    return sentences


def _training_paths(nlu_data: Path) -> Iterable[Path]:
    for name in TRAINING_FILES:
        path = nlu_data / name
        if path.is_dir():
            yield from sorted(path.glob("*.yml"))
        elif path.exists():
            yield path


def _block_sentences(block: dict[str, Any]) -> Iterable[Sentence]:
    for line in (block.get("examples") or "").splitlines():
        if line.startswith("- ") and line[2:].strip():
            yield make_sentence(line[2:], block["intent"], block.get("metadata"))
