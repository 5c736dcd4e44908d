"""Reward rules as dated data: one file per rule set in `rule_sets/`, every number with its article and its source.

A rule set is `verified` (its numbers were seen on a page we name) or a `draft`: known to exist, but not completely
known. A draft is shown to the administrator and can never produce an amount.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rewards.money import parse_yuan
from store.errors import NotFound, Refusal

RULE_SETS = Path(__file__).parent / "rule_sets"


class DraftRuleSet(Refusal):
    """The rule set is only partly known and must not produce an amount."""

    status = 409


class UnknownRuleSet(NotFound):
    pass


class UnknownTrack(Refusal):
    pass


class AccidentLevel(StrEnum):
    """Accident grades by 《生产安全事故报告和调查处理条例》 article 3."""

    GENERAL = "general"
    LARGER = "larger"
    MAJOR = "major"
    EXTRA = "extra"


LEVEL_NAMES = {
    AccidentLevel.GENERAL: "一般事故",
    AccidentLevel.LARGER: "较大事故",
    AccidentLevel.MAJOR: "重大事故",
    AccidentLevel.EXTRA: "特别重大事故",
}


def _percent(value: object) -> object:
    """ "15%" → 1500 basis points; the percent sign is required so that nobody wonders whether 15 or 0.15 is meant."""
    if isinstance(value, str) and value.endswith("%"):
        points = Decimal(value[:-1]) * 100
        if points == points.to_integral_value():
            return int(points)
    raise ValueError(f"a rate is written like 15%, not {value!r}")


def _yuan(value: object) -> object:
    return parse_yuan(value)


BasisPoints = Annotated[int, BeforeValidator(_percent), Field(ge=0, le=100_000)]
Yuan = Annotated[int, BeforeValidator(_yuan)]
"""Written in yuan in the file, held in fen."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Track(_Data):
    id: str
    title: str
    article: str
    """Where the number stands; says so when the article's number was not seen."""
    source: list[str] = Field(min_length=1)
    conditions: list[str] = []
    """Ids of extra conditions of this track, beside those of the rule set."""


class RateOfPenalty(_Track):
    """A share of the administrative penalty, between a floor and a cap."""

    kind: Literal["rate_of_penalty"]
    rate: BasisPoints
    base: str = "行政处罚金额"
    floor_yuan: Yuan
    cap_yuan: Yuan


class PerDeath(_Track):
    """So much for each concealed death that was verified, by the accident's final grade."""

    kind: Literal["per_death"]
    per_death_yuan: dict[AccidentLevel, Yuan]
    cap_yuan: Yuan


class FixedAmount(_Track):
    kind: Literal["fixed"]
    amount_yuan: Yuan


class ChosenInRange(_Track):
    """An officer chooses between two bounds and writes down why."""

    kind: Literal["range"]
    floor_yuan: Yuan
    cap_yuan: Yuan


class Tier(_Track):
    """Listed cases in tiers; tier 1 is the first of the list."""

    kind: Literal["tier"]
    tiers_yuan: list[Yuan] = Field(min_length=1)


Track = Annotated[RateOfPenalty | PerDeath | FixedAmount | ChosenInRange | Tier, Field(discriminator="kind")]


class UpliftOrder(StrEnum):
    """No text that we saw says whether a worker's extra comes before or after the minimum; so it is a parameter."""

    BEFORE_FLOOR = "before_floor"
    AFTER_FLOOR = "after_floor"
    AFTER_CAP = "after_cap"


class EmployeeUplift(_Data):
    rate: BasisPoints
    order: UpliftOrder
    cap_yuan: Yuan | None = None
    """What the uplifted amount may not exceed, whatever the track."""
    article: str
    source: list[str] = Field(min_length=1)


class Condition(_Data):
    """Something a person must answer with yes before money is paid."""

    id: str
    text: str
    article: str


class RuleSet(_Data):
    id: str
    title: str
    document: str
    """Number of the official document, or who published the rule."""
    region: str
    status: Literal["verified", "draft"]
    issued_on: date | None = None
    effective_from: date | None = None
    """First day of force; None where no page we saw says so (`dating` then says what is known)."""
    dating: str = ""
    superseded_by: str | None = None
    claim_days: int = Field(default=60, gt=0)
    """Calendar days after the notice in which the reward can be claimed."""
    claim_article: str = ""
    sources: dict[str, str]
    tracks: list[Track] = []
    uplift: EmployeeUplift | None = None
    joint_decision_from_yuan: Yuan | None = None
    """From this amount on the finance department decides together with the paying one."""
    joint_decision_article: str = ""
    conditions: list[Condition] = []
    missing: list[str] = []
    """For a draft: what must be read in the official text before it can be used."""

    @model_validator(mode="after")
    def _hangs_together(self) -> RuleSet:
        if self.status == "verified" and (self.missing or not self.tracks):
            raise ValueError(f"{self.id}: a verified rule set has tracks and nothing missing")
        if self.status == "draft" and not self.missing:
            raise ValueError(f"{self.id}: a draft says what is missing")
        cited = [key for track in self.tracks for key in track.source] + (self.uplift.source if self.uplift else [])
        if unknown := set(cited) - set(self.sources):
            raise ValueError(f"{self.id}: sources not listed: {sorted(unknown)}")
        known = {condition.id for condition in self.conditions}
        for track in self.tracks:
            if lost := set(track.conditions) - known:
                raise ValueError(f"{self.id}/{track.id}: conditions not listed: {sorted(lost)}")
        if len({track.id for track in self.tracks}) != len(self.tracks):
            raise ValueError(f"{self.id}: two tracks with one id")
        return self

    @property
    def citation(self) -> str:
        return f"《{self.title}》（{self.document}）"

    def usable(self) -> RuleSet:
        """This rule set, or `DraftRuleSet` with what is missing."""
        if self.status == "draft":
            raise DraftRuleSet(
                f"规则“{self.title}”（{self.id}）还是草稿，不能用来核定奖金。缺少：{'、'.join(self.missing)}。"
                "请管理员对照正式文本补全并由第二人批准后再用。",
                field="rule_set",
            )
        return self

    def track(self, track_id: str) -> Track:
        for track in self.tracks:
            if track.id == track_id:
                return track
        choices = "、".join(f"{track.id}({track.title})" for track in self.tracks)
        raise UnknownTrack(f"规则“{self.title}”里没有“{track_id}”这一类。可以选：{choices}。", field="track")

    def in_force(self, on: date) -> bool | None:
        """Whether the rule was in force on that day, None when its dates are not known.

        The end is the day before the superseding rule set starts, when that day is known.
        """
        if self.effective_from is None:
            return None
        if on < self.effective_from:
            return False
        if self.superseded_by is None:
            return True
        successor = rule_sets().get(self.superseded_by)
        return None if successor is None or successor.effective_from is None else on < successor.effective_from


def ratio(points: int) -> Fraction:
    """Basis points as an exact fraction: 1500 → 3/20."""
    return Fraction(points, 10_000)


def percent(points: int) -> str:
    """1500 → "15%", 1250 → "12.5%"."""
    return f"{(Decimal(points) / 100).normalize():f}%"


def read_rule_set(text: str) -> RuleSet:
    """Parse one rule-set file; raises pydantic's ValidationError naming each wrong entry."""
    return RuleSet.model_validate(yaml.safe_load(text))


@cache
def rule_sets() -> dict[str, RuleSet]:
    """All rule sets that come with the program, drafts included, by id."""
    found = [read_rule_set(path.read_text(encoding="utf-8")) for path in sorted(RULE_SETS.glob("*.yml"))]
    return {rule_set.id: rule_set for rule_set in found}


def rule_set(rule_set_id: str) -> RuleSet:
    """The usable rule set with that id. Raises `UnknownRuleSet` or `DraftRuleSet`."""
    found = rule_sets().get(rule_set_id)
    if found is None:
        usable = "、".join(key for key, each in rule_sets().items() if each.status == "verified")
        raise UnknownRuleSet(f"没有编号为“{rule_set_id}”的奖励规则。可以用：{usable}。", field="rule_set")
    return found.usable()
