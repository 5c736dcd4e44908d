"""New names for places, out of decisions that corrected the reader. Pure: sentences and decisions in, proposals out.

A word is proposed when several independent cases that say it were decided for one district (and street) that the reader
did not find, and no more than a few speak against it. A person accepts it or not; nothing here changes how texts are read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from grid.lexicon import Where
from grid.places import Gazetteer
from grid.spelling import plain

MIN_CASES = 2
MAX_EXAMPLES = 3
MAX_PROPOSALS = 100
_SHORTEST, _LONGEST = 2, 8
# Names of places go no farther than to one of these.
_BETWEEN = re.compile(
    r"[^一-龥]+|附近|旁边|对面|隔壁|后面|前面|门口|路口|那边|这边|那里|这里|那个|这个|一家|有人|我们|他们|楼下|里面|上面|下面"
    r"|[的在有是和与到从往去了着过把被就都也还很没不我你他她它们那这某离靠近叫说]"
)


@dataclass(frozen=True)
class Told:
    """What one case said and where it was decided to be. `corrected`: the reader had found something else."""

    case: str
    text: str
    district: str
    street: str | None
    corrected: bool


@dataclass(frozen=True)
class Proposal:
    """`cases` independent cases speak for it, `against` say the word and lie elsewhere; `examples` are their words."""

    word: str
    district: str
    street: str | None
    cases: int
    against: int
    examples: tuple[str, ...]


def propose(gazetteer: Gazetteer, told: Sequence[Told], at_least: int = MIN_CASES) -> list[Proposal]:
    """The proposals, those with most cases behind them first."""
    told = _independent(told)
    saying: dict[str, list[Told]] = defaultdict(list)
    for row in told:
        if row.corrected:
            for word in _words(gazetteer, row.text):
                saying[word].append(row)
    groups = {word: rows for word, rows in saying.items() if len(rows) >= at_least}
    words = _longest(groups)
    found = []
    for word, all_rows in zip(words, _saying(words, told), strict=True):
        proposal = _proposal(word, groups[word], all_rows, at_least)
        if proposal and not _known(gazetteer, proposal):
            found.append(proposal)
    return sorted(found, key=lambda p: (-p.cases, p.against, -len(p.word), p.word))[:MAX_PROPOSALS]


def _independent(told: Iterable[Told]) -> list[Told]:
    """The same words sent twice are one witness."""
    return list({plain(row.text).text: row for row in told}.values())


def _words(gazetteer: Gazetteer, text: str) -> set[str]:
    """All words of a sentence that could be a name: pieces of what lies between function words and official names."""
    spelled = plain(text).text
    divisions = gazetteer.lexicon.divisions
    official = {*divisions.districts, *(s.name for s in divisions.streets), *(d[:-1] for d in divisions.districts)}
    pieces = [spelled]
    for name in sorted(
        (n for n in {*official, divisions.city, divisions.city[:-1]} if n in spelled), key=len, reverse=True
    ):
        pieces = [part for piece in pieces for part in piece.split(name)]
    runs = [run for piece in pieces for run in _BETWEEN.split(piece) if len(run) >= _SHORTEST]
    return {
        run[start : start + length]
        for run in runs
        for length in range(_SHORTEST, min(_LONGEST, len(run)) + 1)
        for start in range(len(run) - length + 1)
    }


def _longest(groups: dict[str, list[Told]]) -> list[str]:
    """A part of a longer word that the very same cases say tells nothing new: 大枣园, not 枣园."""
    cases = {word: frozenset(row.case for row in rows) for word, rows in groups.items()}
    longer: dict[frozenset[str], list[str]] = defaultdict(list)
    for word in sorted(groups, key=len, reverse=True):
        if not any(word in other for other in longer[cases[word]]):
            longer[cases[word]].append(word)
    return [word for words in longer.values() for word in words]


def _saying(words: list[str], told: Sequence[Told]) -> list[list[Told]]:
    """For each word all that say it, in one pass over the texts."""
    saying: list[list[Told]] = [[] for _ in words]
    automaton = AhoCorasick(words)
    for row in told:
        for number in {
            number for number, _, _ in automaton.find_matches_as_indexes(plain(row.text).text, overlapping=True)
        }:
            saying[number].append(row)
    return saying


def _proposal(word: str, rows: list[Told], all_rows: list[Told], at_least: int) -> Proposal | None:
    by_district: dict[str, list[Told]] = defaultdict(list)
    for row in rows:
        by_district[row.district].append(row)
    district, mine = max(by_district.items(), key=lambda item: len(item[1]))
    streets = {row.street for row in mine}
    street = next(iter(streets)) if len(streets) == 1 else None
    against = sum(
        row.district != district or (street is not None and row.street not in (street, None)) for row in all_rows
    )
    if len(mine) < at_least or against >= len(mine):
        return None
    return Proposal(word, district, street, len(mine), against, _examples(mine))


def _examples(rows: list[Told]) -> tuple[str, ...]:
    """The shortest, in an order that says nothing about when they came."""
    return tuple(sorted({row.text for row in rows}, key=lambda text: (len(text), text))[:MAX_EXAMPLES])


def _known(gazetteer: Gazetteer, proposal: Proposal) -> bool:
    read = gazetteer.locate(proposal.word)
    return read.district == proposal.district and (proposal.street is None or read.street == proposal.street)


def aliases_yaml(rows: Iterable[tuple[str, Where]]) -> str:
    """Accepted names in the form of a city's aliases.yml, to be put into its sections."""
    landmarks: dict[str, list[str]] = defaultdict(list)
    streets: dict[str, list[str]] = defaultdict(list)
    for word, (district, street) in sorted(rows):
        landmarks[district].append(word)
        if street:
            streets[street].append(word)
    lines = ["landmarks:", *(f"  {name}: [{', '.join(words)}]" for name, words in landmarks.items()), ""]
    return "\n".join(
        [*lines, "landmark_streets:", *(f"  {name}: [{', '.join(words)}]" for name, words in streets.items()), ""]
    )
