"""Puts a place or the name of a unit before every third sentence, a greeting or a request round every fifth.

Tips nearly always say where and who; the written sentences seldom do, because a model must not learn that 香港中路 speaks
for one type or against a tip at all. With the same names before tips and before texts that are none, names say nothing.
So it is with 喂是安监局吗 and 你们管不管.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from addons.sentences import Sentence

EVERY = 3
EVERY_FRAME = 5


@dataclass(frozen=True)
class Scenes:
    places: Sequence[str] = ()
    companies: Sequence[str] = ()
    openings: Sequence[str] = ()
    closings: Sequence[str] = ()

    @classmethod
    def read(cls, path: Path) -> Scenes:
        return cls(**yaml.safe_load(path.read_text(encoding="utf-8")))

    def before(self, sentences: Iterable[Sentence]) -> list[Sentence]:
        """The sentences; the same of the typed ones with the same scene and frame in every training."""
        return [self._framed(self._before(sentence)) if sentence.types else sentence for sentence in sentences]

    def _framed(self, sentence: Sentence) -> Sentence:
        number = zlib.crc32(sentence.text[::-1].encode())
        if number % EVERY_FRAME or not self.openings or not self.closings:
            return sentence
        number //= EVERY_FRAME
        opening = self.openings[number % len(self.openings)] if number % 3 else ""
        closing = self.closings[number // 3 % len(self.closings)] if number % 3 != 1 else ""
        return replace(sentence, text=opening + sentence.text + closing)

    def _before(self, sentence: Sentence) -> Sentence:
        number = zlib.crc32(sentence.text.encode())
        if number % EVERY or not self.places or not self.companies:
            return sentence
        number //= EVERY
        place = self.places[number % len(self.places)]
        company = self.companies[number // 7 % len(self.companies)]
        scene = (place, place + company, company, place + "，")[number % 4]
        return replace(sentence, text=scene + sentence.text)
