"""Weighted character pieces of a folded text, with the mean of its word vectors beside them, as sparse rows.

Characters: every single one and every pair, across word borders, so that a wrong cut of jieba cannot hide a term; TF-IDF with
sublinear counts and unit length. Word vectors carry what words mean that no training sentence used. Words themselves as
features were tried and made it worse (`compare_models.py`). Prediction needs numpy and jieba only.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import jieba
import numpy as np

from addons.word_vectors import WordVectors

jieba.setLogLevel(logging.WARNING)

Piece = tuple[str, int, int]  # the piece, its start and end in the folded text
WORD_MARK = "\x01"  # keeps the word 灯 apart from the character piece 灯


@dataclass
class Featurizer:
    """Vocabulary and weights learnt from the training texts. Columns: the pieces, then the vector's dimensions."""

    longest: int = 2
    word_weight: float = 0.0  # words of jieba as pieces of their own; 0 leaves them out
    seen_at_least: int = 2
    vector_weight: float = 0.5
    user_words: Sequence[str] = ()
    vectors: WordVectors | None = None
    vocabulary: dict[str, int] = field(default_factory=dict)
    idf: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    def fit(self, texts: Sequence[str]) -> Featurizer:
        """Learn vocabulary and document frequencies from folded texts."""
        self._teach_jieba()
        seen_in: dict[str, int] = {}
        for text in texts:
            for piece in {name for name, _, _ in self.pieces(text)}:
                seen_in[piece] = seen_in.get(piece, 0) + 1
        kept = sorted(piece for piece, count in seen_in.items() if count >= self.seen_at_least)
        self.vocabulary = {piece: column for column, piece in enumerate(kept)}
        counts = np.array([seen_in[piece] for piece in kept], dtype=np.float32)
        self.idf = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)
        return self

    def pieces(self, text: str) -> Iterator[Piece]:
        """All pieces of a folded text, known or not."""
        length = len(text)
        for size in range(1, self.longest + 1):
            for start in range(length - size + 1):
                yield text[start : start + size], start, start + size
        if self.word_weight:
            for word, start, end in jieba.tokenize(text, mode="search", HMM=False):
                if end - start > 1:
                    yield WORD_MARK + word, start, end

    def row(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Columns and values of one folded text."""
        vocabulary = self.vocabulary
        halves: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for piece, _, _ in self.pieces(text):
            column = vocabulary.get(piece)
            if column is not None:
                half = halves[piece[0] == WORD_MARK]
                half[column] = half.get(column, 0) + 1
        columns = [np.zeros(0, dtype=np.int32)]
        values = [np.zeros(0, dtype=np.float32)]
        for half, weight in zip(halves, (1.0, self.word_weight), strict=True):
            if half:
                half_columns = np.fromiter(half.keys(), dtype=np.int32, count=len(half))
                counts = np.fromiter(half.values(), dtype=np.float32, count=len(half))
                half_values = (1 + np.log(counts)) * self.idf[half_columns]
                half_values *= weight / math.sqrt(float(half_values @ half_values))
                columns.append(half_columns)
                values.append(half_values)
        if self.vectors:
            columns.append(np.arange(len(vocabulary), len(vocabulary) + self.vectors.size, dtype=np.int32))
            values.append(self.vector_weight * self.vectors.of(text))
        return np.concatenate(columns), np.concatenate(values).astype(np.float32)

    def rows(self, texts: Iterable[str]) -> Any:
        """Many folded texts as one scipy.sparse.csr_matrix, for training."""
        from scipy import sparse

        rows = [self.row(text) for text in texts]
        ends = np.cumsum([0] + [len(columns) for columns, _ in rows])
        columns = np.concatenate([columns for columns, _ in rows])
        values = np.concatenate([values for _, values in rows])
        width = len(self.vocabulary) + (self.vectors.size if self.vectors else 0)
        matrix = sparse.csr_matrix((values, columns, ends), shape=(len(rows), width))
        matrix.sort_indices()
        return matrix

    def state(self) -> dict[str, Any]:
        """What `from_state` needs beside the word vectors, as plain data and arrays."""
        return {
            "longest": self.longest,
            "word_weight": self.word_weight,
            "seen_at_least": self.seen_at_least,
            "vector_weight": self.vector_weight,
            "user_words": list(self.user_words),
            "vocabulary": "\n".join(self.vocabulary),
            "idf": self.idf,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], vectors: WordVectors | None) -> Featurizer:
        pieces = state["vocabulary"].split("\n") if state["vocabulary"] else []
        featurizer = cls(**{**state, "vectors": vectors, "vocabulary": {piece: n for n, piece in enumerate(pieces)}})
        featurizer._teach_jieba()
        return featurizer

    def _teach_jieba(self) -> None:
        teach_jieba(self.user_words)


def teach_jieba(words: Sequence[str]) -> None:
    """jieba keeps one dictionary for the whole process; teaching it the same words twice changes nothing."""
    jieba.initialize()
    for word in words:
        if jieba.dt.FREQ.get(word, 0) == 0:
            jieba.add_word(word)
