"""How a model read the sentences it was trained on, each by a machine that has not seen the sentence's family."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from addons.calibration import Calibration, scope_scores, type_confidences
from addons.sentences import OTHER_TYPE, Sentence

CONFUSIONS = 40
BORDERS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
EXAMPLE_LENGTH = 8  # an example of fewer characters explains nothing


@dataclass(frozen=True)
class Outcome:
    """`read` is the core type each sentence was taken for, out of scope decided first. `tips`, `confidence`, `right`
    and `among_three` are over tips only, of the best types whatever the scope."""

    sentences: Sequence[Sentence]
    read: Sequence[str]
    tips: Sequence[Sentence]
    confidence: np.ndarray
    right: np.ndarray
    among_three: np.ndarray


@dataclass(frozen=True)
class Confusion:
    """Sentences written for one type and read as another; the example is the shortest that explains something."""

    told: str
    read: str
    times: int
    share: float
    example: str


def outcome_of(
    margins: np.ndarray, labels: Sequence[str], sentences: Sequence[Sentence], calibration: Calibration
) -> Outcome:
    """From out-of-fold margins (sentences by labels)."""
    real = np.array([index for index, label in enumerate(labels) if label != OTHER_TYPE])
    confidences = type_confidences(margins[:, real], calibration.confidence)
    ranked = real[np.argsort(-confidences, axis=1)[:, :3]]
    scores = scope_scores(margins, real, labels.index(OTHER_TYPE), calibration.scope)
    read = [
        labels[row[0]] if score >= calibration.scope_border else OTHER_TYPE
        for row, score in zip(ranked, scores, strict=True)
    ]
    chosen = [index for index, sentence in enumerate(sentences) if sentence.types[0] != OTHER_TYPE]
    tips = [sentences[index] for index in chosen]
    hits = np.array(
        [[labels[column] in tip.types for column in ranked[index]] for index, tip in zip(chosen, tips, strict=True)]
    )
    return Outcome(sentences, read, tips, confidences[chosen].max(axis=1), hits[:, 0], hits.any(axis=1))


def threshold_curve(confidence: np.ndarray, right: np.ndarray, borders: Sequence[float]) -> list[tuple[float, ...]]:
    """For each border of the best type's confidence: border, share of tips above it, share of errors among them."""
    curve = []
    for border in borders:
        above = confidence >= border
        errors = 1 - right[above].mean() if above.any() else 0.0
        curve.append((float(border), float(above.mean()), float(errors)))
    return curve


def counted(outcome: Outcome) -> Counter[tuple[str, str]]:
    """Sentences by (written type, read type); an accepted further type counts as the first one."""
    return Counter(
        (sentence.types[0], sentence.types[0] if read in sentence.types else read)
        for sentence, read in zip(outcome.sentences, outcome.read, strict=True)
    )


def confusions(outcome: Outcome, count: int = CONFUSIONS) -> list[Confusion]:
    """The most frequent ones."""
    totals = Counter(sentence.types[0] for sentence in outcome.sentences)
    shortest: dict[tuple[str, str], str] = {}
    for sentence, read in zip(outcome.sentences, outcome.read, strict=True):
        pair = (sentence.types[0], read)
        shortest[pair] = min(shortest.get(pair, sentence.text), sentence.text, key=_shortness)
    wrong = [(pair, times) for pair, times in counted(outcome).items() if pair[0] != pair[1]]
    wrong.sort(key=lambda item: (-item[1], item[0]))
    return [
        Confusion(told, read, times, round(times / totals[told], 4), shortest[told, read])
        for (told, read), times in wrong[:count]
    ]


def per_type(counts: Mapping[tuple[str, str], int], types: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """Precision, recall and F1 of each type."""
    told: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for (written, taken), times in counts.items():
        told[written] += times
        read[taken] += times
    scores = {}
    for name in types:
        right = counts.get((name, name), 0)
        precision, recall = right / max(read[name], 1), right / max(told[name], 1)
        scores[name] = (precision, recall, 2 * precision * recall / max(precision + recall, 1e-9))
    return scores


def summary(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON data, kept with the model: what the service's page about the model shows."""
    counts = counted(outcome)
    types = sorted({sentence.types[0] for sentence in outcome.sentences})
    no_tip = np.array([sentence.types[0] == OTHER_TYPE for sentence in outcome.sentences])
    taken_for_none = np.array([read == OTHER_TYPE for read in outcome.read])
    voices = sorted({tip.voice for tip in outcome.tips})
    of_voice = {
        voice: [bool(right) for right, tip in zip(outcome.right, outcome.tips, strict=True) if tip.voice == voice]
        for voice in voices
    }
    return {
        "sentences": len(outcome.sentences),
        "top1": _share(outcome.right),
        "top3": _share(outcome.among_three),
        "scope_recall": _share(taken_for_none[no_tip]),
        "tips_lost": _share(taken_for_none[~no_tip]),
        "top1_by_voice": {voice: _share(values) for voice, values in of_voice.items()},
        "curve": [
            [round(value, 4) for value in row] for row in threshold_curve(outcome.confidence, outcome.right, BORDERS)
        ],
        "types": {
            name: [sum(n for (told, _), n in counts.items() if told == name), *(round(value, 4) for value in scores)]
            for name, scores in per_type(counts, types).items()
        },
        "counts": [[told, read, times] for (told, read), times in sorted(counts.items())],
        "confusions": [vars(confusion) for confusion in confusions(outcome)],
    }


def _share(flags: Any) -> float:
    return round(float(np.mean(flags)), 4) if len(flags) else 0.0


def _shortness(text: str) -> tuple[bool, int]:
    """Short texts first; those of a few characters, which explain nothing, last."""
    return len(text) < EXAMPLE_LENGTH, len(text)
