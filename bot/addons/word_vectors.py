"""What a text is about in general language: the mean of its words' static vectors (source: nlu_data/word_vectors)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jieba
import numpy as np

COMMON = 1e-4  # words more frequent than this share of all words count little (smooth inverse frequency)


@dataclass
class WordVectors:
    """`table` holds one row per word; `centre` is the mean over safety texts, taken off every text: what all of them
    have in common tells nothing."""

    words: list[str]
    table: np.ndarray  # words by dimensions, whole numbers of one byte
    centre: np.ndarray

    def __post_init__(self) -> None:
        self._row = {word: number for number, word in enumerate(self.words)}
        total = jieba.dt.total or 1
        shares = np.array([jieba.dt.FREQ.get(word, 1) / total for word in self.words], dtype=np.float32)
        self._weights = COMMON / (COMMON + shares)
        self._last: tuple[str, np.ndarray] = ("", np.zeros(self.size, dtype=np.float32))
        self._remembered: dict[str, np.ndarray] = {}

    @classmethod
    def read(cls, path: Path) -> WordVectors:
        jieba.initialize()
        with np.load(path, allow_pickle=False) as stored:
            return cls(str(stored["words"]).split("\n"), stored["table"], stored["centre"])

    @property
    def size(self) -> int:
        return int(self.table.shape[1])

    def of(self, text: str) -> np.ndarray:
        """Unit vector of a folded text; zero when no word is known. The last one is kept: two models ask for it."""
        if self._last[0] != text:
            known = self._remembered.get(text)
            self._last = (text, self._unit(text) if known is None else known)
        return self._last[1]

    def remember(self, texts: Iterable[str]) -> None:
        """Training asks for the same folded texts half a dozen times. Never in the service: nothing is kept of a tip."""
        self._remembered = {text: self._unit(text) for text in texts}

    def _unit(self, text: str) -> np.ndarray:
        vector = self._mean(text)
        if vector.any():
            vector = vector - self.centre
            vector = vector / (np.linalg.norm(vector) + 1e-6)
        return vector

    def _mean(self, text: str) -> np.ndarray:
        rows = [
            row
            for word, _, _ in jieba.tokenize(text, mode="search", HMM=False)
            if (row := self._row.get(word)) is not None
        ]
        if not rows:
            return np.zeros(self.size, dtype=np.float32)
        weights = self._weights[rows]
        return (weights @ self.table[rows].astype(np.float32)) / (weights.sum() * 254)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> WordVectors:
        return cls(state["words"].split("\n"), state["table"], state["centre"])
