"""The reporter's words cut into pieces: which of them led to which proposed type."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Piece:
    """`types` are the ids that these words spoke for; empty for the rest of the text."""

    text: str
    types: tuple[str, ...] = ()


def pieces(text: str, types: Sequence[dict[str, Any]]) -> list[Piece]:
    """`text` in order, cut at the `words` spans ([start, end) in characters) of each proposed type.

    Spans may overlap between types; what lies outside the text is ignored, for the text may have been redacted since.
    """
    spans = [
        (start, min(end, len(text)), row["type"])
        for row in types
        for start, end in row.get("words", [])
        if 0 <= start < min(end, len(text))
    ]
    cuts = sorted({0, len(text), *(start for start, _, _ in spans), *(end for _, end, _ in spans)})
    return [
        Piece(text[start:end], tuple(dict.fromkeys(kind for first, last, kind in spans if first <= start < last)))
        for start, end in pairwise(cuts)
    ]
