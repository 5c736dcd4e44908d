"""A reporter's sentence made comparable, with the way back to the characters that were typed.

NFKC turns full-width letters and digits into plain ones, every run of digits becomes one `0` (numbers say nothing
about the kind of hazard), white space and invisible characters go. Each kept character remembers where it came from,
so that words found in the folded text can be highlighted in the original.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MAX_CHARACTERS = 4000  # longer texts keep head and tail: letters state the matter at either end


@dataclass(frozen=True)
class Folded:
    """`text` is the folded text; `origins[i]` is the (start, end) in the original of its i-th character."""

    text: str
    origins: Sequence[tuple[int, int]]


def fold(text: str) -> Folded:
    """Fold one text. Lone surrogates, NUL and other invisible characters are dropped, never an error."""
    kept: list[str] = []
    origins: list[tuple[int, int]] = []
    for position, character in enumerate(text):
        if len(text) > MAX_CHARACTERS and MAX_CHARACTERS * 3 // 4 <= position < len(text) - MAX_CHARACTERS // 4:
            continue
        for plain in _plain(character):
            if plain == "0" and kept and kept[-1] == "0" and origins[-1][1] == position:
                origins[-1] = (origins[-1][0], position + 1)
                continue
            kept.append(plain)
            origins.append((position, position + 1))
    return Folded("".join(kept), origins)


def _plain(character: str) -> str:
    if "一" <= character <= "鿿":  # the common case, already in its plain form
        return character
    result = []
    for part in unicodedata.normalize("NFKC", character).lower():
        category = unicodedata.category(part)
        if category == "Nd":
            result.append("0")
        elif category[0] not in "CZ":
            result.append(part)
    return "".join(result)


def clean_message(text: str) -> str:
    """What a person typed, safe to pass on: no NUL, no lone surrogates, and no leading slash.

    Rasa reads a leading `/` as a command (`/restart`, `/report{...}`); typed by a person it is only a character.
    """
    printable = "".join(
        character
        for character in text.encode("utf-8", "ignore").decode("utf-8")
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")
    ).strip()
    return "／" + printable.lstrip("/ \t\n") if printable.startswith("/") else printable
