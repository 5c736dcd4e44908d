"""What a text says about a place, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Basis = Literal["stated", "inferred", "chosen", "point", "none"]  # chosen: by the reporter, from a list
MAX_MENTIONS = 50
MAX_CANDIDATES = 8


@dataclass(slots=True, unsafe_hash=True)
class Mention:
    """A name in the text. `start`/`end` are positions in the original text."""

    text: str
    start: int
    end: int
    kind: str
    district: str | None
    street: str | None


@dataclass(slots=True, unsafe_hash=True)
class Candidate:
    """A place that is possible, and the words that speak for it."""

    district: str
    street: str | None
    words: str


@dataclass(slots=True, unsafe_hash=True)
class Place:
    """What a text says about a place.

    `district`/`street` are filled when there is one answer; `certain` says whether it may be used without a person.
    `district_certain` is True when the district is stated beyond doubt although the street may be open.
    `relation` says where the spot lies beside what is named, as written: 派出所对面, 东侧200米.
    """

    district: str | None
    street: str | None
    certain: bool
    stated: tuple[Mention, ...]
    candidates: tuple[Candidate, ...]
    outside_city: str | None
    basis: Basis
    explanation: str
    district_certain: bool = False
    relation: str | None = None


NOWHERE = Place(None, None, False, (), (), None, "none", "没有说到能识别的地点，请补充区市和镇街、村居或路名门牌。")
