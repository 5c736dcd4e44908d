"""Stock Rasa on the same sentences, tested on the frozen set: what the own classifier is measured against.

    bot/.venv/bin/python bot/compare_stock.py [--epochs 8]

Every violation type and every other intent becomes a plain intent. Prints one JSON line per pipeline; DIET takes about
a minute an epoch on two cores, Rasa's default of 300 would take hours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bot"))
warnings.simplefilter("ignore")
os.environ.update(RASA_TELEMETRY_ENABLED="false", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", LOG_LEVEL="WARNING")

import yaml  # noqa: E402
from addons.sentences import OTHER_TYPE, read_sentences  # noqa: E402
from classify_lines import load_model  # noqa: E402
from model_hash import newest_model  # noqa: E402

FROZEN = ROOT / "nlu_data" / "frozen"
FEATURES: list[dict[str, Any]] = [
    {"name": "JiebaTokenizer", "dictionary_path": str(ROOT / "nlu_data" / "user_dictionary")},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]


def frozen() -> list[dict[str, Any]]:
    files = sorted(FROZEN.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def report(name: str, answers: list[list[str]], rows: list[dict[str, Any]], **figures: Any) -> None:
    """`answers`: for each row the ranked types; anything that is no violation type counts as out of scope."""
    tips = [(answer, row) for answer, row in zip(answers, rows, strict=True) if row["types"]]
    others = [answer for answer, row in zip(answers, rows, strict=True) if not row["types"]]
    types = {type_ for row in rows for type_ in row["types"]}
    print(
        json.dumps(
            {
                "pipeline": name,
                "top1": round(sum(answer[0] in row["types"] for answer, row in tips) / len(tips), 4),
                "top3": round(sum(bool(set(answer[:3]) & set(row["types"])) for answer, row in tips) / len(tips), 4),
                "out_of_scope_recall": round(sum(answer[0] not in types for answer in others) / len(others), 4),
                "tips_lost": round(sum(answer[0] not in types for answer, _ in tips) / len(tips), 4),
                **figures,
            }
        ),
        flush=True,
    )


def own(rows: list[dict[str, Any]]) -> None:
    model = load_model(newest_model())
    answers = []
    for row in rows:
        in_scope, _, violations = model.classify(row["text"])
        ranked = [found.type for found in violations]
        answers.append(ranked if in_scope else [OTHER_TYPE, *ranked])
    report("own", answers, rows)


def stock(name: str, classifier: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    import rasa.model_training
    from rasa.core.agent import load_agent

    by_intent: dict[str, list[str]] = {}
    for sentence in read_sentences(ROOT / "nlu_data"):
        intent = sentence.types[0] if sentence.types else sentence.intent
        by_intent.setdefault(intent, []).append(" ".join(sentence.text.split()))
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
        answers = asyncio.run(_parse(load_agent, str(model), rows))
    report(name, answers, rows, training_s=round(seconds))


async def _parse(load_agent: Any, model: str, rows: list[dict[str, Any]]) -> list[list[str]]:
    agent = await load_agent(model_path=model)
    answers = []
    for row in rows:
        parsed = await agent.parse_message(row["text"])
        answers.append([each["name"] for each in parsed["intent_ranking"]] or [OTHER_TYPE])
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description="Stock Rasa on the same sentences, tested on the frozen set.")
    parser.add_argument("--epochs", type=int, default=8, help="training rounds of DIET")
    epochs = parser.parse_args().epochs
    rows = frozen()
    own(rows)
    stock("LogisticRegressionClassifier", {"name": "LogisticRegressionClassifier"}, rows)
    stock(f"DIETClassifier, {epochs} epochs", {"name": "DIETClassifier", "epochs": epochs}, rows)


if __name__ == "__main__":
    main()
