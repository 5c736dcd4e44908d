"""One linear model over sentence pieces: a support vector machine per label, all in one weight table."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from addons.chinese_text import fold
from addons.features import Featurizer
from addons.word_vectors import WordVectors

Fitter = Callable[[Any, np.ndarray], "tuple[np.ndarray, np.ndarray]"]


def support_vectors(cost: float = 0.6) -> Fitter:
    """Fitter of one-against-rest linear support vector machines (squared hinge), balanced a little."""

    def fit(rows: Any, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import LinearSVC

        def machine(label: int) -> LinearSVC:
            positive = targets[:, label]
            balance = min(20.0, (len(positive) / (2.0 * max(1, positive.sum()))) ** 0.5)
            return LinearSVC(C=cost, class_weight={0: 1.0, 1: balance}, tol=1e-3, random_state=7).fit(rows, positive)

        # Threads are enough: the fitting itself runs outside Python's lock.
        with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
            warnings.simplefilter("ignore", ConvergenceWarning)
            machines = list(pool.map(machine, range(targets.shape[1])))
        weights = np.stack([fitted.coef_[0] for fitted in machines], axis=1).astype(np.float32)
        return weights, np.array([fitted.intercept_[0] for fitted in machines], dtype=np.float32)

    return fit


@dataclass
class LinearTextModel:
    """Margins of texts against labels; several labels may be above zero."""

    labels: list[str]
    featurizer: Featurizer
    weights: np.ndarray  # pieces by labels
    offsets: np.ndarray  # labels

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        label_sets: Sequence[Sequence[str]],
        featurizer: Featurizer,
        fitter: Fitter | None = None,
    ) -> LinearTextModel:
        """Train on raw texts; each has one or more labels (none: a negative example of every label)."""
        labels = sorted({label for label_set in label_sets for label in label_set})
        column = {label: index for index, label in enumerate(labels)}
        targets = np.zeros((len(texts), len(labels)), dtype=np.int8)
        for index, label_set in enumerate(label_sets):
            for label in label_set:
                targets[index, column[label]] = 1
        folded = [fold(text).text for text in texts]
        featurizer.fit(folded)
        weights, offsets = (fitter or support_vectors())(featurizer.rows(folded), targets)
        return cls(labels, featurizer, weights, offsets)

    def margins(self, texts: Sequence[str]) -> np.ndarray:
        """Margins of raw texts (texts by labels)."""
        result = np.empty((len(texts), len(self.labels)), dtype=np.float32)
        for index, text in enumerate(texts):
            result[index] = self.folded_margins(fold(text).text)
        return result

    def folded_margins(self, text: str) -> np.ndarray:
        """Margins of one folded text."""
        columns, values = self.featurizer.row(text)
        return values @ self.weights[columns] + self.offsets

    def state(self) -> dict[str, Any]:
        return {
            "labels": self.labels,
            "featurizer": self.featurizer.state(),
            "weights": self.weights.astype(np.float16),
            "offsets": self.offsets,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], vectors: WordVectors | None) -> LinearTextModel:
        return cls(
            labels=state["labels"],
            featurizer=Featurizer.from_state(state["featurizer"], vectors),
            weights=state["weights"].astype(np.float32),
            offsets=state["offsets"],
        )
