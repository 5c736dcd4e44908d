"""Danger told in words that no pattern knows: a small linear model over characters, beside `danger_words`.

One machine per kind of danger and one for none, over which 1- to 3-grams of characters a sentence holds. Plain numpy:
it works when everything else is down. `python -m cases.danger_training` writes its file from nlu_data/danger.csv.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "danger_model.npz"
NONE = ""
LONGEST = 3
MAX_SENTENCE = 90  # a longer one is read in pieces; the model learned from short ones


@dataclass(frozen=True)
class Suspicion:
    """`share` is the probability (0-1) that danger is stated; `start` and `end` are of the words that speak most for it.
    `known` is the share of the text that the model has seen before: of another language it knows nothing."""

    kind: str
    share: float
    start: int
    end: int
    known: float


def grams(sentence: str) -> dict[str, int]:
    """The distinct 1- to 3-grams with the place of their first occurrence."""
    found: dict[str, int] = {}
    for length in range(1, LONGEST + 1):
        for start in range(len(sentence) - length + 1):
            found.setdefault(sentence[start : start + length], start)
    return found


class DangerModel:
    """`weights` is grams by kinds, `kinds[0]` is none."""

    def __init__(self, vocabulary: list[str], kinds: list[str], weights: np.ndarray, offsets: np.ndarray) -> None:
        self._place = {gram: place for place, gram in enumerate(vocabulary)}
        self.kinds = kinds
        self._weights = weights.astype(np.float32)
        self._offsets = offsets.astype(np.float32)

    @classmethod
    def read(cls, file: Path = FILE) -> DangerModel:
        with np.load(file, allow_pickle=False) as stored:
            words = str(stored["vocabulary"]).split("\n")
            return cls(words, str(stored["kinds"]).split("\n"), stored["weights"], stored["offsets"])

    def suspect(self, sentence: str) -> Suspicion:
        """What one folded sentence states, the likeliest kind even when it is improbable."""
        pieces = grams(sentence)
        known = [(gram, self._place[gram], start) for gram, start in pieces.items() if gram in self._place]
        if not known:
            return Suspicion(self.kinds[1], 0.0, 0, len(sentence), 0.0)
        rows = self._weights[[place for _, place, _ in known]]
        scores = rows.sum(axis=0) / np.sqrt(len(known)) + self._offsets
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        best = int(shares[1:].argmax()) + 1
        gram, _, start = known[int((rows[:, best] - rows[:, 0]).argmax())]
        return Suspicion(self.kinds[best], float(1 - shares[0]), start, start + len(gram), len(known) / len(pieces))


@cache
def danger_model() -> DangerModel:
    return DangerModel.read()
