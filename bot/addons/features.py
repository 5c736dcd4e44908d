"""Weighted character and word pieces of a folded text, as sparse rows.

Characters: every 1- to 4-gram, across word borders, so that a wrong cut of jieba cannot hide a term. Words: jieba in
search mode with the user dictionary. Each half is TF-IDF with sublinear counts and unit length; `word_weight` says
what the word half weighs beside the character half. Only numpy, scipy and jieba: prediction needs no scikit-learn.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Tuple

import jieba
import numpy as np
from scipy import sparse

jieba.setLogLevel(logging.WARNING)

Piece = Tuple[str, int, int]  # the piece's name in the vocabulary, its start and end in the folded text
WORD_MARK = "\x01"  # keeps the word 灯 apart from the character piece 灯


@dataclass
class Featurizer:
    """Vocabulary and weights learnt from the training texts."""

    longest: int = 4
    word_weight: float = 0.7
    seen_at_least: int = 2
    user_words: Sequence[str] = ()
    vocabulary: Dict[str, int] = field(default_factory=dict)
    idf: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    def fit(self, texts: Sequence[str]) -> "Featurizer":
        """Learn vocabulary and document frequencies from folded texts."""
        self._teach_jieba()
        seen_in: Dict[str, int] = {}
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

    def row(self, text: str) -> Tuple[np.ndarray, np.ndarray]:
        """Columns and values of one folded text."""
        vocabulary = self.vocabulary
        halves: Tuple[Dict[int, int], Dict[int, int]] = ({}, {})
        for piece, _, _ in self.pieces(text):
            column = vocabulary.get(piece)
            if column is not None:
                half = halves[piece[0] == WORD_MARK]
                half[column] = half.get(column, 0) + 1
        columns: List[np.ndarray] = []
        values: List[np.ndarray] = []
        for half, weight in zip(halves, (1.0, self.word_weight)):
            if not half:
                continue
            half_columns = np.fromiter(half.keys(), dtype=np.int32, count=len(half))
            counts = np.fromiter(half.values(), dtype=np.float32, count=len(half))
            half_values = (1 + np.log(counts)) * self.idf[half_columns]
            half_values *= weight / math.sqrt(float(half_values @ half_values))
            columns.append(half_columns)
            values.append(half_values)
        if not columns:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        return np.concatenate(columns), np.concatenate(values).astype(np.float32)

    def rows(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """Many folded texts as one sparse matrix (texts by vocabulary), for training."""
        rows = [self.row(text) for text in texts]
        ends = np.cumsum([0] + [len(columns) for columns, _ in rows])
        columns = np.concatenate([columns for columns, _ in rows]) if rows else np.zeros(0, dtype=np.int32)
        values = np.concatenate([values for _, values in rows]) if rows else np.zeros(0, dtype=np.float32)
        matrix = sparse.csr_matrix((values, columns, ends), shape=(len(rows), len(self.vocabulary)))
        matrix.sort_indices()
        return matrix

    def state(self) -> Dict[str, Any]:
        """What `from_state` needs, as plain data and arrays."""
        return {
            "longest": self.longest,
            "word_weight": self.word_weight,
            "seen_at_least": self.seen_at_least,
            "user_words": list(self.user_words),
            "vocabulary": "\n".join(self.vocabulary),
            "idf": self.idf,
        }

    @classmethod
    def from_state(cls, state: Dict[str, Any]) -> "Featurizer":
        pieces = state["vocabulary"].split("\n") if state["vocabulary"] else []
        featurizer = cls(
            longest=state["longest"],
            word_weight=state["word_weight"],
            seen_at_least=state["seen_at_least"],
            user_words=state["user_words"],
            vocabulary={piece: column for column, piece in enumerate(pieces)},
            idf=state["idf"],
        )
        featurizer._teach_jieba()
        return featurizer

    def _teach_jieba(self) -> None:
        # jieba keeps one dictionary for the whole process; teaching it the same words twice changes nothing.
        jieba.initialize()
        for word in self.user_words:
            if jieba.dt.FREQ.get(word, 0) == 0:
                jieba.add_word(word)
