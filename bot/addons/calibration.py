"""From margins to decisions: how sure a type is, and whether a text is a safety matter at all.

Everything is fitted on out-of-fold margins (texts by labels): each row by a machine that has not seen the text's family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from addons.sentences import OTHER_TYPE, Sentence

LISTED_TYPES = 5
# Share of tips that may fall out of scope in cross-validation; they are still offered to be sent. Training sentences are
# oblique on purpose: of plainly written tips (the frozen set) a third as many fall out.
TIPS_LOST = 0.05


@dataclass
class Calibration:
    """Plain numbers that turn margins into decisions; all fitted on out-of-fold margins."""

    confidence: tuple[float, ...] = (2.2, 0.8, 2.1, 0.7, 0.0)  # weights of `_confidence_inputs`, constant
    scope: tuple[float, float, float] = (2.0, -2.0, 0.0)  # of best type's margin, of out-of-scope margin, constant
    scope_border: float = 0.0
    intent_temperature: float = 3.0


def calibrate(margins: np.ndarray, labels: Sequence[str], typed: Sequence[Sentence]) -> Calibration:
    """Fit confidences, scope and its border on out-of-fold margins."""
    from sklearn.linear_model import LogisticRegression

    other = labels.index(OTHER_TYPE) if OTHER_TYPE in labels else None
    real = np.array([index for index, label in enumerate(labels) if label != OTHER_TYPE])
    is_tip = np.array([sentence.types[0] != OTHER_TYPE for sentence in typed])
    truth = np.array([[labels[column] in sentence.types for column in real] for sentence in typed])[is_tip]
    inputs = _confidence_inputs(margins[is_tip][:, real])
    # Far down the list nothing is left to learn, but it would drown the rest.
    listed = np.argsort(np.argsort(-inputs[..., 0], axis=1), axis=1) < LISTED_TYPES
    sigmoid = LogisticRegression(C=100.0).fit(inputs[listed], truth[listed])
    calibration = Calibration(confidence=(*map(float, sigmoid.coef_[0]), float(sigmoid.intercept_[0])))
    if other is None or is_tip.all():
        return calibration
    pair = np.stack([margins[:, real].max(axis=1), margins[:, other]], axis=1)
    sigmoid = LogisticRegression(C=100.0, class_weight="balanced").fit(pair, is_tip)
    calibration.scope = (*map(float, sigmoid.coef_[0]), float(sigmoid.intercept_[0]))
    scores = scope_scores(margins, real, other, calibration.scope)
    calibration.scope_border = float(np.quantile(scores[is_tip], TIPS_LOST))
    return calibration


def scope_scores(margins: np.ndarray, real: np.ndarray, other: int, weights: Sequence[float]) -> np.ndarray:
    """Log-odds that each text is a tip, from its best type's margin and its out-of-scope margin."""
    return weights[0] * margins[:, real].max(axis=1) + weights[1] * margins[:, other] + weights[2]


def type_confidences(margins: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Probability of each type (texts by types, out-of-scope column left out)."""
    inputs = _confidence_inputs(margins)
    return 1 / (1 + np.exp(-(inputs @ np.asarray(weights[:-1]) + weights[-1])))


def _confidence_inputs(margins: np.ndarray) -> np.ndarray:
    """Per type: its margin, its lead over the second type, its distance behind the first, whether it is the first."""
    best_two = np.sort(margins, axis=1)[:, -2:]
    lead = margins - np.where(margins == best_two[:, 1:], best_two[:, :1], best_two[:, 1:])
    return np.stack([margins, np.maximum(lead, 0), np.minimum(lead, 0), (lead >= 0) * 1.0], axis=-1)
