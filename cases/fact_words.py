"""The vocabulary of `fact_words.yml` with look-ups whose cost depends on the length of the text only."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import yaml

SOURCE = Path(__file__).with_name("fact_words.yml")


@cache
def words(*names: str) -> frozenset[str]:
    """All words of the named lists."""
    table = _table()
    return frozenset(word for name in names for word in table[name].split())


def either(*names: str) -> str:
    """The named lists as one alternative of a regular expression, longest word first."""
    return "|".join(map(re.escape, sorted(words(*names), key=lambda word: (-len(word), word))))


class Vocabulary:
    """A set of words that finds itself in a text: one look-up per possible length at each position."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._lengths = sorted({len(word) for word in self._known}, reverse=True)

    def __contains__(self, word: str) -> bool:
        return word in self._known

    def longest_at(self, text: str, start: int, end: int) -> int:
        """Length of the longest word that begins at `start` and ends by `end`; 0 when there is none."""
        for length in self._lengths:
            if start + length <= end and text[start : start + length] in self._known:
                return length
        return 0

    def spans(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The longest word at every position; they may overlap."""
        for at in range(start, end):
            if length := self.longest_at(text, at, end):
                yield at, at + length

    def parts(self, text: str) -> str:
        """What is left of a text when its words are taken out from left to right, longest first."""
        at, left = 0, []
        while at < len(text):
            length = self.longest_at(text, at, len(text))
            if not length:
                left.append(text[at])
            at += length or 1
        return "".join(left)


@cache
def _table() -> dict[str, str]:
    table: dict[str, str] = yaml.safe_load(SOURCE.read_text("utf-8"))
    return table
