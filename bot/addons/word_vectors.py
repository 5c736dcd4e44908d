"""What a text is about in general language: the mean of its words' static vectors (source: nlu_data/word_vectors)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Sequence

import jieba
import numpy as np

COMMON = 1e-4  # words more frequent than this share of all words count little (smooth inverse frequency)


@dataclass
class WordVectors:
    """`table` holds one row per word; `centre` is the mean over the training texts, taken off every text."""

    words: List[str]
    table: np.ndarray  # words by dimensions, whole numbers of one byte
    centre: np.ndarray

    def __post_init__(self) -> None:
        self._row = {word: number for number, word in enumerate(self.words)}
        total = jieba.dt.total or 1
        shares = np.array([jieba.dt.FREQ.get(word, 1) / total for word in self.words], dtype=np.float32)
        self._weights = COMMON / (COMMON + shares)

    @classmethod
    def read(cls, path: Path) -> "WordVectors":
        jieba.initialize()
        with np.load(path, allow_pickle=False) as stored:
            table = stored["table"]
            return cls(str(stored["words"]).split("\n"), table, np.zeros(table.shape[1], dtype=np.float32))

    @property
    def size(self) -> int:
        return int(self.table.shape[1])

    def fit(self, texts: Sequence[str]) -> "WordVectors":
        """The same vectors, centred on these folded texts."""
        means = np.array([self._mean(text) for text in texts])
        return WordVectors(self.words, self.table, means.mean(axis=0).astype(np.float32))

    def of(self, text: str) -> np.ndarray:
        """Unit vector of a folded text; zero when no word is known."""
        vector = self._mean(text)
        if not vector.any():
            return vector
        vector = vector - self.centre
        return vector / (np.linalg.norm(vector) + 1e-6)

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

    def state(self) -> Dict[str, Any]:
        return {"words": "\n".join(self.words), "table": self.table, "centre": self.centre}

    @classmethod
    def from_state(cls, state: Dict[str, Any]) -> "WordVectors":
        return cls(state["words"].split("\n"), state["table"], state["centre"])
