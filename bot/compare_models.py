"""Rivals for the types model, compared in cross-validation over sentence families. One JSON line per rival.

    bot/.venv/bin/python bot/compare_models.py [NAME …]

Top-1 and top-3 are over tips only (out-of-scope sentences train along); a type named in `also` counts as right.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bot"))

from addons.calibration import calibrate, scope_scores  # noqa: E402
from addons.features import Featurizer  # noqa: E402
from addons.linear_model import Fitter, LinearTextModel, support_vectors  # noqa: E402
from addons.sentences import OTHER_TYPE, Sentence, read_sentences  # noqa: E402
from addons.violation_model import Aids, out_of_fold_margins, typed_sentences  # noqa: E402

NLU_DATA = ROOT / "nlu_data"
AIDS = Aids.read(NLU_DATA / "user_dictionary", NLU_DATA / "word_vectors" / "wikipedia_zh.npz", NLU_DATA / "scenes.yml")


def logistic(cost: float) -> Fitter:
    """One-against-rest logistic regression."""

    def fit(rows: Any, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.linear_model import LogisticRegression

        weights = np.zeros((rows.shape[1], targets.shape[1]), dtype=np.float32)
        offsets = np.zeros(targets.shape[1], dtype=np.float32)
        for label in range(targets.shape[1]):
            machine = LogisticRegression(C=cost, solver="liblinear", tol=1e-2).fit(rows, targets[:, label])
            weights[:, label], offsets[label] = machine.coef_[0], machine.intercept_[0]
        return weights, offsets

    return fit


def complement_bayes(smoothing: float) -> Fitter:
    """Complement naive Bayes on the weighted pieces; several types count as several examples."""

    def fit(rows: Any, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        counts = np.asarray((rows.T @ targets).T) + 0.0
        complement = counts.sum(axis=0, keepdims=True) - counts + smoothing
        logs = np.log(complement / complement.sum(axis=1, keepdims=True))
        weights = -(logs / np.abs(logs).sum(axis=1, keepdims=True)).T
        return (weights / np.abs(weights).mean()).astype(np.float32), np.zeros(targets.shape[1], dtype=np.float32)

    return fit


def bayes_weighted(cost: float, share: float = 0.3) -> Fitter:
    """Support vectors over pieces scaled by their naive Bayes log-count ratio (Wang and Manning 2012)."""

    def fit(rows: Any, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from scipy import sparse
        from sklearn.svm import LinearSVC

        weights = np.zeros((rows.shape[1], targets.shape[1]), dtype=np.float32)
        offsets = np.zeros(targets.shape[1], dtype=np.float32)
        total = np.asarray(rows.sum(axis=0)).ravel()
        for label in range(targets.shape[1]):
            inside = np.asarray(rows[targets[:, label] == 1].sum(axis=0)).ravel()
            odds = np.log((inside + 1) / (inside + 1).sum()) - np.log((total - inside + 1) / (total - inside + 1).sum())
            scale = (1 - share) + share * np.abs(odds)
            machine = LinearSVC(C=cost, tol=1e-3, class_weight={0: 1, 1: 5}).fit(
                rows @ sparse.diags(scale), targets[:, label]
            )
            weights[:, label], offsets[label] = (machine.coef_[0] * scale, machine.intercept_[0])
        return weights, offsets

    return fit


def one(fitter: Fitter, vectors: bool = True, **features: Any) -> Callable[..., LinearTextModel]:
    """A rival: features and a fitter."""

    def fit(typed: Sequence[Sentence], aids: Aids) -> LinearTextModel:
        return LinearTextModel.fit(
            [sentence.text for sentence in typed],
            [sentence.types for sentence in typed],
            Featurizer(user_words=aids.user_words, vectors=aids.vectors if vectors else None, **features),
            fitter,
        )

    return fit


RIVALS: dict[str, Callable[..., LinearTextModel]] = {
    "svm": one(support_vectors()),
    "svm, no word vectors": one(support_vectors(), vectors=False),
    "svm, heavy word vectors": one(support_vectors(), vector_weight=1.0),
    "svm, characters 1-3": one(support_vectors(), longest=3),
    "svm, characters 1-4": one(support_vectors(), longest=4),
    "svm, words beside characters": one(support_vectors(), word_weight=0.7),
    "svm, pieces seen once": one(support_vectors(), seen_at_least=1),
    "svm, cost 0.25": one(support_vectors(0.25)),
    "svm, cost 1.5": one(support_vectors(1.5)),
    "logistic": one(logistic(20.0)),
    "complement naive bayes": one(complement_bayes(0.3), vectors=False),
    "bayes-weighted svm": one(bayes_weighted(0.5), vectors=False),
}


def measures(margins: np.ndarray, labels: Sequence[str], typed: Sequence[Sentence]) -> dict[str, Any]:
    """Top-1, top-3 and macro-F1 over types, and out-of-scope recall at 1 % and 3 % of tips lost."""
    from sklearn.metrics import f1_score

    other = labels.index(OTHER_TYPE)
    real = np.array([index for index in range(len(labels)) if index != other])
    is_tip = np.array([sentence.types[0] != OTHER_TYPE for sentence in typed])
    tips = [sentence for sentence in typed if sentence.types[0] != OTHER_TYPE]
    ranked = real[np.argsort(-margins[is_tip][:, real], axis=1)[:, :3]]
    first = [labels[row[0]] in tip.types for row, tip in zip(ranked, tips, strict=True)]
    third = [any(labels[column] in tip.types for column in row) for row, tip in zip(ranked, tips, strict=True)]
    told = [tip.types[0] for tip in tips]
    guessed = [tip.types[0] if right else labels[row[0]] for right, row, tip in zip(first, ranked, tips, strict=True)]
    scores = scope_scores(margins, real, other, calibrate(margins, labels, typed).scope)
    caught = {
        f"scope_recall_at_{lost}": round(float((scores[~is_tip] < np.quantile(scores[is_tip], lost)).mean()), 4)
        for lost in (0.01, 0.03)
    }
    voices = sorted({tip.voice for tip in tips})
    by_voice = {
        voice: round(float(np.mean([right for right, tip in zip(first, tips, strict=True) if tip.voice == voice])), 3)
        for voice in voices
    }
    return {
        "top1": round(float(np.mean(first)), 4),
        "top3": round(float(np.mean(third)), 4),
        "macro_f1": round(float(f1_score(told, guessed, average="macro")), 4),
        **caught,
        "top1_by_voice": by_voice,
    }


def rank_average(margins: list[np.ndarray]) -> np.ndarray:
    """Mean of several models' margins, each brought to the same spread."""
    return np.mean([m / m.std() for m in margins], axis=0)


def main() -> None:
    typed = typed_sentences(AIDS.scenes.before(read_sentences(ROOT / "nlu_data")))
    kept: dict[str, np.ndarray] = {}
    labels: list[str] = []
    for name in sys.argv[1:] or RIVALS:
        started = time.monotonic()
        kept[name], labels = out_of_fold_margins(typed, AIDS, fit=RIVALS[name])
        line = {"model": name, **measures(kept[name], labels, typed), "seconds": round(time.monotonic() - started)}
        print(json.dumps(line, ensure_ascii=False), flush=True)
    for pair in (("svm", "logistic"), ("svm", "complement naive bayes"), ("svm", "logistic", "complement naive bayes")):
        if all(name in kept for name in pair):
            line = {"model": " + ".join(pair), **measures(rank_average([kept[n] for n in pair]), labels, typed)}
            print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
