"""The rows of duty.yml, checked: every row has dates, a legal basis and departments that exist."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Level = Literal["township", "district", "city"]
Words = tuple[str, ...]

# 学校旁边的工厂, 大学路, 离加油站不远: a word that only says where something is names no trade.
_BESIDE_BEFORE = "".join(f"(?<!{words})" for words in ("离", "靠近", "紧邻", "邻近", "挨着"))
_BESIDE_AFTER = "(?!附近|旁|对面|隔壁|周边|周围|不远|[东西南北]侧|路(?![面边上])|街)"


def _pattern(words: Words) -> re.Pattern[str]:
    return re.compile(f"{_BESIDE_BEFORE}(?:{'|'.join(map(re.escape, words))}){_BESIDE_AFTER}")


class BadDutyTable(ValueError):
    """The file cannot be used; the message names the row and what is wrong with it."""


class Row(BaseModel):
    """In force from `from` to `to`, both included; no `to` means until further notice."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    first: date = Field(alias="from")
    last: date | None = Field(None, alias="to")

    def valid(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


class TypeRow(Row):
    """Who answers for a violation type where nothing below says otherwise."""

    lead: str
    co: Words
    level: Level
    basis: Words


class TypeRows(BaseModel):
    """`urgency` 3 danger to life, 2 the same day, 1 normal."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    urgency: Literal[1, 2, 3]
    duties: tuple[TypeRow, ...] = Field(min_length=1)

    def on(self, day: date) -> TypeRow | None:
        return next((row for row in self.duties if row.valid(day)), None)


class _Worded(Row):
    """`words`: any of them in the text makes the row apply."""

    words: Words = Field(min_length=1)

    @cached_property
    def _words(self) -> re.Pattern[str]:
        return _pattern(self.words)

    def word_in(self, text: str) -> str | None:
        """The first of the words in the text that names a trade or a thing, or None."""
        found = self._words.search(text)
        return found[0] if found else None


class WordRow(_Worded):
    """The same violation belongs to another department in another trade. Needs any of `also`, none of `unless`."""

    also: Words = ()
    unless: Words = ()
    types: frozenset[str] = Field(min_length=1)
    lead: str
    co: Words
    level: Level | None = None
    why: str
    basis: Words = Field(min_length=1)

    @cached_property
    def _also(self) -> re.Pattern[str]:
        return _pattern(self.also)

    def fits(self, kind: str, text: str) -> str | None:
        """The word that makes the row apply, or None."""
        if kind not in self.types or (self.also and not self._also.search(text)):
            return None
        return None if any(word in text for word in self.unless) else self.word_in(text)


class TradeRow(_Worded):
    """The department that answers for a trade is informed, whoever leads."""

    informed: str
    basis: Words = Field(min_length=1)


class ZoneRow(_Worded):
    """A functional zone: leads instead of the departments whose work law gives it, is informed of the rest."""

    districts: Words = Field(min_length=1)
    zone: str
    instead_of: Words = ()
    why: str
    basis: Words = Field(min_length=1)


class DutyRows(BaseModel):
    """The file. Of `words` and `zones` the first row that fits is used."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    types: dict[str, TypeRows]
    words: tuple[WordRow, ...]
    trades: tuple[TradeRow, ...]
    zones: tuple[ZoneRow, ...]


def checked_rows(raw: dict[str, Any], departments: frozenset[str]) -> DutyRows:
    """Raises `BadDutyTable`. `sets` are lists of types that several rows of words share; they are put in here."""
    sets = raw.pop("sets", {})
    for rule in raw.get("words", ()):
        rule["types"] = [kind for each in rule.get("types", ()) for kind in sets.get(each, [each])]
    try:
        rows = DutyRows.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadDutyTable(f"duty.yml {' → '.join(map(str, first['loc']))}: {first['msg']}") from None
    _check_departments(rows, departments)
    for kind, each in rows.types.items():
        _check_dates(kind, each.duties)
    for number, rule in enumerate(rows.words):
        if unknown := rule.types - rows.types.keys():
            raise BadDutyTable(f"duty.yml words → {number}: no type {sorted(unknown)[0]}")
    return rows


def _check_departments(rows: DutyRows, departments: frozenset[str]) -> None:
    named: list[tuple[str, Iterable[str]]] = [
        *((f"types → {kind}", (row.lead, *row.co)) for kind, each in rows.types.items() for row in each.duties),
        *((f"words → {number}", (row.lead, *row.co)) for number, row in enumerate(rows.words)),
        *((f"trades → {number}", (row.informed,)) for number, row in enumerate(rows.trades)),
        *((f"zones → {number}", (row.zone, *row.instead_of)) for number, row in enumerate(rows.zones)),
    ]
    for where, codes in named:
        if unknown := set(codes) - departments:
            raise BadDutyTable(f"duty.yml {where}: no department {sorted(unknown)[0]}")


def _check_dates(kind: str, rows: tuple[TypeRow, ...]) -> None:
    """Rows follow each other without a gap and without an overlap, so that every day has one answer."""
    for before, after in pairwise(rows):
        if before.last is None or after.first != before.last + timedelta(days=1):
            raise BadDutyTable(f"duty.yml types → {kind}: the row from {after.first} does not follow the one before it")
