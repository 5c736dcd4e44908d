"""Learns the danger model: `python -m cases.danger_training` writes cases/danger_model.npz, the same bytes each time.

Learned from nlu_data/danger.csv (danger stated and danger only spoken of) and, as examples of none, from the sentences of
nlu_data/report and the talk that states none by the patterns. Logistic regression over the grams of `danger_model`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from cases.danger import KINDS, fold, patterns_find, sentences
from cases.danger_model import FILE, NONE, grams

NLU_DATA = Path(__file__).parent.parent / "nlu_data"
SEEN_AT_LEAST = 2
ROUNDS, BATCH, RATE, DECAY = 12, 128, 0.05, 2e-6
LEAST_WEIGHT = 0.7
HARD_WEIGHT = 3.0  # a sentence written for this purpose counts so much more than one that only states no danger
# Their letters tell of gas that leaks and people who lie there, now: neither examples of danger nor of none.
AMBIGUOUS = frozenset(
    "oh_acute_poisoning gas_leak gas_facility_damage hazchem_leak_smell forest_fire accident_conceal ammonia_refrigeration "
    "confined_space curtain_wall_falling se_amusement con_pit_tunnel".split()
)


def sources_hash() -> str:
    """Tells whether the file belongs to the present sentences."""
    files = [NLU_DATA / "danger.csv", Path(__file__), Path(__file__).with_name("danger_model.py")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def written() -> list[tuple[str, str]]:
    """(sentence, kind) of danger.csv; kind is empty where none is stated."""
    with (NLU_DATA / "danger.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["kind"]) for row in csv.DictReader(file)]


def other_texts() -> Iterator[str]:
    """Tips and talk in which no pattern finds danger."""
    files = [*sorted((NLU_DATA / "report").glob("*.yml")), NLU_DATA / "out_of_scope.yml", NLU_DATA / "intents.yml"]
    for file in files:
        for block in yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)["nlu"]:
            if block["intent"].rpartition("/")[2] in AMBIGUOUS:
                continue
            for line in block["examples"].splitlines():
                text = line.removeprefix("- ")
                if patterns_find(text) is None:
                    yield text


def examples() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Folded sentences, their kind (0 is none) and how much each counts."""
    number = {NONE: 0, **{kind: place for place, kind in enumerate(KINDS, 1)}}
    texts: list[str] = []
    kinds: list[int] = []
    weights: list[float] = []
    for text, kind in written():
        texts.append(fold(text)[0])
        kinds.append(number[kind])
        weights.append(HARD_WEIGHT)
    for text in other_texts():
        folded = fold(text)[0]
        for start, end in sentences(folded):
            texts.append(folded[start:end])
            kinds.append(0)
            weights.append(1.0)
    return texts, np.array(kinds), np.array(weights, dtype=np.float32)


def learn(texts: list[str], kinds: np.ndarray, weights: np.ndarray) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Vocabulary, weights (grams by kinds) and offsets, by Adam over small batches in a fixed order."""
    split = [list(grams(text)) for text in texts]
    counted = Counter(gram for pieces in split for gram in pieces)
    vocabulary = sorted(gram for gram, times in counted.items() if times >= SEEN_AT_LEAST)
    place = {gram: index for index, gram in enumerate(vocabulary)}
    rows = [np.array([place[gram] for gram in pieces if gram in place], dtype=np.int64) for pieces in split]
    classes = len(KINDS) + 1
    matrix = np.zeros((len(vocabulary) + 1, classes), dtype=np.float32)  # the last row holds the offsets
    first, second = np.zeros_like(matrix), np.zeros_like(matrix)
    random, step = np.random.RandomState(12350), 0
    for _ in range(ROUNDS):
        order = random.permutation(len(rows))
        for batch in np.array_split(order, len(rows) // BATCH):
            step += 1
            pieces = [rows[index] for index in batch]
            lengths = np.array([len(row) for row in pieces])
            flat = np.concatenate(pieces)
            owner = np.repeat(np.arange(len(batch)), lengths)
            scale = (1 / np.sqrt(np.maximum(lengths, 1))).astype(np.float32)
            scores = np.zeros((len(batch), classes), dtype=np.float32)
            np.add.at(scores, owner, matrix[flat])
            scores = scores * scale[:, None] + matrix[-1]
            shares = np.exp(scores - scores.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            shares[np.arange(len(batch)), kinds[batch]] -= 1
            slope = shares * (weights[batch] / weights[batch].mean() / len(batch))[:, None]
            used, inverse = np.unique(flat, return_inverse=True)
            change = np.zeros((len(used), classes), dtype=np.float32)
            np.add.at(change, inverse, (slope * scale[:, None])[owner])
            touched = np.append(used, len(vocabulary))
            change = np.vstack([change, slope.sum(axis=0)]) + DECAY * matrix[touched]
            first[touched] = 0.9 * first[touched] + 0.1 * change
            second[touched] = 0.99 * second[touched] + 0.01 * change**2
            rate = RATE * np.sqrt(1 - 0.99**step) / (1 - 0.9**step)
            matrix[touched] -= rate * first[touched] / (np.sqrt(second[touched]) + 1e-6)
    return vocabulary, matrix[:-1], matrix[-1]


def save(vocabulary: list[str], weights: np.ndarray, offsets: np.ndarray, file: Path = FILE) -> None:
    """Grams that say nothing are left out; half precision is enough."""
    kept = np.abs(weights - weights.mean(axis=1, keepdims=True)).max(axis=1) > LEAST_WEIGHT
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        vocabulary=np.array("\n".join(gram for gram, keep in zip(vocabulary, kept, strict=True) if keep)),
        kinds=np.array("\n".join((NONE, *KINDS))),
        weights=weights[kept].astype(np.float16),
        offsets=offsets.astype(np.float32),
        sources=np.array(sources_hash()),
    )
    file.write_bytes(packed.getvalue())


def main() -> None:
    begun = time.monotonic()
    texts, kinds, weights = examples()
    print(f"{len(texts)} sentences, {int((kinds > 0).sum())} of them state danger", file=sys.stderr)
    save(*learn(texts, kinds, weights))
    print(f"{FILE.name}: {FILE.stat().st_size // 1024} kB in {time.monotonic() - begun:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
