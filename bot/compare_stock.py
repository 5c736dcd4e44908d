"""Stock Rasa on the same sentences, tested on the frozen set: what the own classifier is measured against.

    bot/.venv/bin/python bot/compare_stock.py [--share 0.33] [--epochs 10]

Every violation type and every other intent becomes a plain intent. Prints one JSON line per pipeline. DIET needs minutes
for each round over all sentences (Rasa's default is 300 rounds): `--share` trains all of them, ours too, on the same
random part.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bot"))
warnings.simplefilter("ignore")
os.environ.update(RASA_TELEMETRY_ENABLED="false", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", LOG_LEVEL="WARNING")

import structlog  # noqa: E402
import yaml  # noqa: E402
import numpy as np  # noqa: E402
from addons.sentences import OTHER_TYPE, Sentence, read_sentences  # noqa: E402
from addons.violation_model import TipModel  # noqa: E402
from compare_models import AIDS  # noqa: E402
from governance import Reader, measure, read_frozen  # noqa: E402

# Rasa logs every message at debug level on standard output, which belongs to the figures.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

FEATURES: list[dict[str, Any]] = [
    {"name": "JiebaTokenizer", "dictionary_path": str(ROOT / "nlu_data" / "user_dictionary")},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]


@dataclass(frozen=True)
class Ranked:
    type: str


class StockReader:
    """A trained pipeline as `governance.measure` reads it: out of scope is whatever is no violation type."""

    def __init__(self, model: str, types: set[str]) -> None:
        from rasa.core.agent import load_agent

        self._agent = asyncio.run(load_agent(model_path=model))
        self._types = types

    def classify(self, text: str) -> tuple[bool, float, list[Ranked]]:
        parsed = asyncio.run(self._agent.parse_message(text))
        ranked = [row["name"] for row in parsed["intent_ranking"]]
        return ranked[0] in self._types, 0.0, [Ranked(name) for name in ranked if name in self._types]


def report(name: str, model: Reader, **figures: Any) -> None:
    print(json.dumps({"pipeline": name, **asdict(measure(model, read_frozen())), **figures}), flush=True)


def own(sentences: Sequence[Sentence]) -> None:
    begun = time.monotonic()
    model = TipModel.fit(sentences, AIDS)
    report("own", model, training_s=round(time.monotonic() - begun), sentences=len(sentences))


def stock(name: str, classifier: dict[str, Any], sentences: Sequence[Sentence]) -> None:
    import rasa.model_training

    by_intent: dict[str, list[str]] = {}
    types: set[str] = set()
    for sentence in sentences:
        intent = sentence.types[0] if sentence.types else sentence.intent
        by_intent.setdefault(intent, []).append(" ".join(sentence.text.split()))
        types |= {*sentence.types} - {OTHER_TYPE}
    with tempfile.TemporaryDirectory() as folder:
        data, config = Path(folder) / "nlu.yml", Path(folder) / "config.yml"
        nlu = [
            {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)} for intent, texts in by_intent.items()
        ]
        data.write_text(yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True), "utf-8")
        pipeline = {"recipe": "default.v1", "language": "zh", "pipeline": [*FEATURES, classifier]}
        config.write_text(yaml.safe_dump(pipeline), "utf-8")
        begun = time.monotonic()
        model = rasa.model_training.train_nlu(str(config), str(data), folder)
        seconds = time.monotonic() - begun
        report(name, StockReader(str(model), types), training_s=round(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description="Stock Rasa on the same sentences, tested on the frozen set.")
    parser.add_argument("--epochs", type=int, default=10, help="training rounds of DIET")
    parser.add_argument("--share", type=float, default=1.0, help="part of the sentences that is trained on")
    arguments = parser.parse_args()
    sentences = read_sentences(ROOT / "nlu_data")
    order = np.random.RandomState(7).permutation(len(sentences))[: round(arguments.share * len(sentences))]
    chosen = [sentences[index] for index in sorted(order)]
    own(chosen)
    stock("LogisticRegressionClassifier", {"name": "LogisticRegressionClassifier"}, chosen)
    diet = {"name": "DIETClassifier", "epochs": arguments.epochs, "entity_recognition": False}
    stock(f"DIETClassifier, {arguments.epochs} epochs", diet, chosen)


if __name__ == "__main__":
    main()
