"""Sentence families: texts that say nearly the same thing, so that none is split over training and test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

FAMILY_JACCARD = 0.35  # share of common character 3-grams from which on two sentences are relatives


def trigrams(text: str) -> set[str]:
    """The character 3-grams of a text (the text itself when shorter)."""
    return {text[i : i + 3] for i in range(max(1, len(text) - 2))}


def jaccard_pairs(texts: Sequence[str], at_least: float) -> sparse.coo_matrix:
    """Upper-triangle matrix of the character 3-gram Jaccard similarities that reach `at_least`."""
    vocabulary: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for text in texts:
        columns.extend(vocabulary.setdefault(piece, len(vocabulary)) for piece in sorted(trigrams(text)))
        ends.append(len(columns))
    matrix = sparse.csr_matrix(
        (np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(texts), len(vocabulary))
    )
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    common = sparse.triu(matrix @ matrix.T, k=1).tocoo()
    similarity = common.data / (sizes[common.row] + sizes[common.col] - common.data)
    near = similarity >= at_least
    return sparse.coo_matrix((similarity[near], (common.row[near], common.col[near])), shape=common.shape)


def families(texts: Sequence[str], at_least: float = FAMILY_JACCARD) -> np.ndarray:
    """Family number of each text: connected by Jaccard similarity of at least `at_least`."""
    return connected_components(jaccard_pairs(texts, at_least), directed=False)[1]


def folds(labels: Sequence[str], family_of: np.ndarray, count: int = 5, seed: int = 7) -> np.ndarray:
    """Fold number of each text; no family is split, and each label is spread evenly over the folds."""
    order = np.random.RandomState(seed).permutation(family_of.max() + 1)
    members: dict[int, list[int]] = {}
    for index, family in enumerate(family_of):
        members.setdefault(int(family), []).append(index)
    held: dict[str, np.ndarray] = {label: np.zeros(count) for label in set(labels)}
    total = np.zeros(count)
    fold_of = np.zeros(len(labels), dtype=int)
    for family in sorted(order, key=lambda number: -len(members[int(number)])):
        indices = members[int(family)]
        load = sum(held[labels[index]] for index in indices) + total * 1e-4
        chosen = int(np.argmin(load))
        for index in indices:
            fold_of[index] = chosen
            held[labels[index]][chosen] += 1
            total[chosen] += 1
    return fold_of
