"""Which words of a text speak for a type: the weights of its pieces, spread over the characters they cover."""

from __future__ import annotations

import jieba
import numpy as np

from addons.chinese_text import Folded
from addons.linear_model import LinearTextModel

MOST_SPANS = 4
STRONG = 0.4  # share of the strongest word's weight from which on a word is highlighted


def word_spans(model: LinearTextModel, folded: Folded, label: int) -> list[tuple[int, int]]:
    """Up to MOST_SPANS (start, end) in the original text, in reading order; empty when nothing speaks for it.

    Whole words as jieba cuts them, since half a word explains nothing to an officer; neighbours are one span.
    """
    strength = _character_strength(model, folded.text, label)
    words = [
        (start, end, float(strength[start:end].mean()))
        for word, start, end in jieba.tokenize(folded.text, HMM=False)
        if any(character.isalnum() for character in word)
    ]
    best = max((weight for _, _, weight in words), default=0.0)
    runs: list[tuple[int, int]] = []
    for start, end, weight in words:
        if best > 0 and weight >= STRONG * best:
            if runs and runs[-1][1] == start:
                runs[-1] = (runs[-1][0], end)
            else:
                runs.append((start, end))
    runs.sort(key=lambda run: -float(strength[run[0] : run[1]].sum()))
    return sorted((folded.origins[start][0], folded.origins[end - 1][1]) for start, end in runs[:MOST_SPANS])


def _character_strength(model: LinearTextModel, text: str, label: int) -> np.ndarray:
    strength = np.zeros(len(text), dtype=np.float64)
    columns, values = model.featurizer.row(text)
    value_of = dict(zip(columns.tolist(), values.tolist(), strict=True))
    weights = model.weights[:, label]
    for piece, start, end in model.featurizer.pieces(text):
        column = model.featurizer.vocabulary.get(piece)
        if column is not None:
            strength[start:end] += value_of[column] * weights[column] / (end - start)
    return strength
