"""One linear model over sentence pieces: a support vector machine per label, all in one weight table."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np

from addons.chinese_text import SENTENCE_END, fold
from addons.features import Featurizer

LONG_TEXT = 60  # folded characters from which on the sentences of a letter are also read one by one
Fitter = Callable[[Any, np.ndarray], "tuple[np.ndarray, np.ndarray]"]


def passages(text: str, size: int = 45) -> List[str]:
    """A long folded text cut at sentence ends into passages of about `size` characters; a short one is one passage."""
    if len(text) < LONG_TEXT:
        return [text]
    cut: List[str] = []
    for part in SENTENCE_END.split(text):
        pieces = part.replace("，", "\n").replace(",", "\n").split("\n") if len(part) > 1.5 * size else [part]
        for piece in pieces:
            if cut and len(cut[-1]) + len(piece) <= size:
                cut[-1] += "，" + piece
            elif piece:
                cut.append(piece)
    return cut or [text]


def support_vectors(cost: float = 0.6) -> Fitter:
    """Fitter of one-against-rest linear support vector machines (squared hinge), balanced a little."""

    def fit(rows: Any, targets: np.ndarray) -> "tuple[np.ndarray, np.ndarray]":
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import LinearSVC

        weights = np.zeros((rows.shape[1], targets.shape[1]), dtype=np.float32)
        offsets = np.zeros(targets.shape[1], dtype=np.float32)
        for label in range(targets.shape[1]):
            positive = targets[:, label]
            balance = min(20.0, (len(positive) / (2.0 * max(1, positive.sum()))) ** 0.5)
            machine = LinearSVC(C=cost, class_weight={0: 1.0, 1: balance}, tol=1e-3, random_state=7)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                machine.fit(rows, positive)
            weights[:, label] = machine.coef_[0]
            offsets[label] = machine.intercept_[0]
        return weights, offsets

    return fit


@dataclass
class LinearTextModel:
    """Margins of texts against labels; several labels may be above zero."""

    labels: List[str]
    featurizer: Featurizer
    weights: np.ndarray  # pieces by labels
    offsets: np.ndarray  # labels
    passage_share: float = 0.0  # how much the best passage of a long text counts beside the whole

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        label_sets: Sequence[Sequence[str]],
        featurizer: Featurizer,
        fitter: Optional[Fitter] = None,
        passage_share: float = 0.0,
    ) -> "LinearTextModel":
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
        return cls(labels, featurizer, weights, offsets, passage_share)

    def margins(self, texts: Sequence[str]) -> np.ndarray:
        """Margins of raw texts (texts by labels)."""
        result = np.empty((len(texts), len(self.labels)), dtype=np.float32)
        for index, text in enumerate(texts):
            result[index] = self.folded_margins(fold(text).text)
        return result

    def folded_margins(self, text: str) -> np.ndarray:
        """Margins of one folded text; a long one is also read passage by passage."""
        whole = self._whole_margins(text)
        if not self.passage_share or len(text) < LONG_TEXT:
            return whole
        best = np.max([self._whole_margins(passage) for passage in passages(text)], axis=0)
        return (1 - self.passage_share) * whole + self.passage_share * best

    def _whole_margins(self, text: str) -> np.ndarray:
        columns, values = self.featurizer.row(text)
        return values @ self.weights[columns] + self.offsets

    def state(self) -> Dict[str, Any]:
        return {
            "labels": self.labels,
            "featurizer": self.featurizer.state(),
            "weights": self.weights.astype(np.float16),
            "offsets": self.offsets,
            "passage_share": self.passage_share,
        }

    @classmethod
    def from_state(cls, state: Dict[str, Any]) -> "LinearTextModel":
        return cls(
            labels=state["labels"],
            featurizer=Featurizer.from_state(state["featurizer"]),
            weights=state["weights"].astype(np.float32),
            offsets=state["offsets"],
            passage_share=state["passage_share"],
        )
