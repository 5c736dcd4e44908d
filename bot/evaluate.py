"""How well the model reads, in cross-validation over sentence families. One JSON line per measure group.

    bot/.venv/bin/python bot/evaluate.py [--inputs] [--report docs]

`--inputs` adds a table of every misread tip (for writers of sentences) on standard error; `--report FOLDER` writes the
folder's model_report.md and its pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bot"))

from addons.calibration import calibrate, type_confidences  # noqa: E402
from addons.outcome import outcome_of, threshold_curve  # noqa: E402
from addons.sentences import OTHER_TYPE, Sentence, read_sentences  # noqa: E402
from addons.violation_model import fit_intents, out_of_fold_margins, typed_sentences  # noqa: E402
from classify_lines import load_model  # noqa: E402
from compare_models import AIDS, measures  # noqa: E402
from model_hash import content_hash, newest_model  # noqa: E402
from report import write_report  # noqa: E402

SAID_AT = (0.2, 0.3, 0.4, 0.5)  # confidences from which on a type counts as said, for the several-types measure


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Mean distance between confidence and share of right answers over equally filled bins."""
    order = np.array_split(np.argsort(confidence), bins)
    return float(sum(len(part) * abs(confidence[part].mean() - right[part].mean()) for part in order) / len(confidence))


def several_types(confidences: np.ndarray, labels: Sequence[str], tips: Sequence[Sentence]) -> dict[str, Any]:
    """F1 over (text, type) pairs of the tips that report several matters, at several borders."""
    chosen = [index for index, tip in enumerate(tips) if len(tip.types) > 1]
    told = {(index, type_) for index in chosen for type_ in tips[index].types}
    scores: dict[str, Any] = {"texts": len(chosen)}
    for border in SAID_AT:
        said = set()
        for index in chosen:
            above = {labels[column] for column in np.flatnonzero(confidences[index] >= border)}
            above.add(labels[int(confidences[index].argmax())])
            said |= {(index, type_) for type_ in above}
        scores[f"f1_at_{border}"] = round(2 * len(told & said) / (len(told) + len(said)), 4)
    return scores


def intents(sentences: Sequence[Sentence]) -> dict[str, Any]:
    """Accuracy of the conversation's intents (report and out of scope taken together), three parts of every fifth."""
    order = np.random.RandomState(7).permutation(len(sentences))
    right: dict[str, list[bool]] = {}
    for part in range(3):
        test = [sentences[index] for index in order[part::5]]
        known = set(order[part::5].tolist())
        model = fit_intents([s for index, s in enumerate(sentences) if index not in known], AIDS)
        best = model.margins([s.text for s in test]).argmax(axis=1)
        for sentence, column in zip(test, best, strict=True):
            said = model.labels[column].partition("/")[0]
            group = "a tip or out of scope" if sentence.types else sentence.intent
            same = said == sentence.intent or bool(sentence.types and said in ("report", "out_of_scope"))
            right.setdefault(group, []).append(same)
    shares = {name: round(float(np.mean(values)), 3) for name, values in sorted(right.items())}
    return {"mean": round(float(np.mean(list(shares.values()))), 4), **shares}


def reading_times(sentences: Sequence[Sentence]) -> dict[str, float]:
    """One text at a time with the model in use, as in a chat (`read`) and in long lists (`classify`)."""
    model = load_model(newest_model())
    texts = [sentence.text for sentence in sentences[::8]]
    waits = []
    for text in texts:
        begun = time.perf_counter()
        model.read(text)
        waits.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    for text in texts:
        model.classify(text)
    seconds = time.perf_counter() - begun
    p50, p99 = np.percentile(waits, [50, 99]) * 1000
    return {"p50_ms": round(p50, 2), "p99_ms": round(p99, 2), "classified_per_second": round(len(texts) / seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the model in cross-validation over sentence families.")
    parser.add_argument("--inputs", action="store_true", help="list every misread tip on standard error")
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="write model_report.md and pictures there")
    arguments = parser.parse_args()
    started = time.monotonic()
    sentences = AIDS.scenes.before(read_sentences(ROOT / "nlu_data"))
    typed = typed_sentences(sentences)
    margins, labels = out_of_fold_margins(typed, AIDS, say=lambda line: print(line, file=sys.stderr))
    measured = measures(margins, labels, typed)
    print(json.dumps({"types": measured, "sentences": len(typed)}))
    calibration = calibrate(margins, labels, typed)
    real = [index for index, label in enumerate(labels) if label != OTHER_TYPE]
    is_tip = np.array([sentence.types[0] != OTHER_TYPE for sentence in typed])
    names = [labels[column] for column in real]
    confidences = type_confidences(margins[:, real], calibration.confidence)[is_tip]
    outcome = outcome_of(margins, labels, typed, calibration)
    tips, confidence, right = outcome.tips, outcome.confidence, outcome.right
    print(json.dumps({"calibration_error": round(expected_calibration_error(confidence, right), 4)}))
    print(json.dumps({"several_types": several_types(confidences, names, tips)}))
    curve = [
        {"border": border, "share": round(share, 4), "errors": round(errors, 4)}
        for border, share, errors in threshold_curve(confidence, right, (0.3, 0.5, 0.7, 0.8, 0.9))
    ]
    print(json.dumps({"decided_automatically": curve}))
    print(json.dumps({"intents": intents(sentences)}))
    print(json.dumps({"reading": reading_times(sentences)}))
    print(json.dumps({"seconds": round(time.monotonic() - started)}))
    if arguments.inputs:
        for column, tip, good in zip(confidences.argmax(axis=1), tips, right, strict=True):
            if not good:
                print(tip.voice, "/".join(tip.types), names[column], tip.text, sep="\t", file=sys.stderr)
    if arguments.report:
        write_report(arguments.report, outcome, measured, ROOT / "nlu_data" / "violations.yml", content_hash())


if __name__ == "__main__":
    main()
