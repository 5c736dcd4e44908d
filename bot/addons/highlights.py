"""Which characters of a text speak for a type: the weights of its pieces, spread over the characters they cover."""

from __future__ import annotations

import unicodedata
from typing import List, Tuple

import numpy as np

from addons.chinese_text import Folded
from addons.linear_model import LinearTextModel

MOST_SPANS = 4
STRONG = 0.45  # share of the strongest character's weight from which on a character is highlighted


def word_spans(model: LinearTextModel, folded: Folded, label: int) -> List[Tuple[int, int]]:
    """Up to MOST_SPANS (start, end) in the original text, in reading order; empty when nothing speaks for it."""
    strength = _character_strength(model, folded.text, label)
    if not len(strength) or strength.max() <= 0:
        return []
    strong = strength >= STRONG * strength.max()
    runs: List[Tuple[int, int]] = []
    for position in np.flatnonzero(strong):
        if runs and position - runs[-1][1] <= 1:  # one weak character between two strong ones belongs to the word
            runs[-1] = (runs[-1][0], int(position) + 1)
        else:
            runs.append((int(position), int(position) + 1))
    runs = [run for run in (_without_marks(folded.text, *run) for run in runs) if run[1] - run[0] > 1] or runs[:1]
    runs.sort(key=lambda run: -float(strength[run[0] : run[1]].sum()))
    return sorted((folded.origins[start][0], folded.origins[end - 1][1]) for start, end in runs[:MOST_SPANS])


def _character_strength(model: LinearTextModel, text: str, label: int) -> np.ndarray:
    strength = np.zeros(len(text), dtype=np.float64)
    columns, values = model.featurizer.row(text)
    value_of = dict(zip(columns.tolist(), values.tolist()))
    weights = model.weights[:, label]
    for piece, start, end in model.featurizer.pieces(text):
        column = model.featurizer.vocabulary.get(piece)
        if column is not None:
            strength[start:end] += value_of[column] * weights[column] / (end - start)
    return strength


def _without_marks(text: str, start: int, end: int) -> Tuple[int, int]:
    """The run without punctuation at its two ends."""
    while start < end and unicodedata.category(text[start])[0] in "PSZ":
        start += 1
    while end > start and unicodedata.category(text[end - 1])[0] in "PSZ":
        end -= 1
    return start, end
