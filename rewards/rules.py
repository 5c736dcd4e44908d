"""Reward rules as dated data: one file per rule set in `rule_sets/`, every number with its article and its source.

A rule set is `verified` (its numbers were seen on a page we name) or a `draft`: known to exist, but not completely
known. A draft is shown to the administrator and can never produce an amount.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

import rfc8785
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rewards.money import WrongAmount, parse_yuan
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
    raise ValueError(f"比例要写成 15% 这样，不能写 {value!r}")


def _yuan(value: object) -> object:
    try:
        return parse_yuan(value)
    except WrongAmount as problem:
        raise ValueError(problem.message) from None


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
    least_yuan: Yuan | None = None
    """What the extra comes to at least."""
    cap_yuan: Yuan | None = None
    """What the uplifted amount may not exceed, whatever the track."""
    article: str
    source: list[str] = Field(min_length=1)


class SpecialReward(_Data):
    """More for a tip that directly prevented deaths or a great loss; an officer chooses how much and writes down why."""

    cap_yuan: Yuan | None = None
    """The most that can be given on top, None where the text names no limit."""
    employees_only: bool = False
    article: str
    source: list[str] = Field(min_length=1)


class MonthlyCap(_Data):
    """The most that one reporter gets for tips of one track filed in one calendar month."""

    cap_yuan: Yuan
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
    special: SpecialReward | None = None
    monthly_cap: MonthlyCap | None = None
    filing_article: str = ""
    """Where the rule demands that the amount is reported to the superior department (备案)."""
    joint_decision_from_yuan: Yuan | None = None
    """From this amount on the finance department decides together with the paying one."""
    joint_decision_article: str = ""
    conditions: list[Condition] = []
    missing: list[str] = []
    """For a draft: what must be read in the official text before it can be used."""

    @model_validator(mode="after")
    def _hangs_together(self) -> RuleSet:
        if self.status == "verified" and (self.missing or not self.tracks):
            raise ValueError(f"{self.id}：可以使用的规则要有奖励类别，不能还有缺少的内容")
        if self.status == "draft" and not self.missing:
            raise ValueError(f"{self.id}：草稿要写明缺少什么（missing）")
        extras = [each for each in (self.uplift, self.special, self.monthly_cap) if each is not None]
        cited = [key for cites in [*self.tracks, *extras] for key in cites.source]
        if unknown := set(cited) - set(self.sources):
            raise ValueError(f"{self.id}：这些来源没有列在 sources 里：{sorted(unknown)}")
        known = {condition.id for condition in self.conditions}
        for track in self.tracks:
            if lost := set(track.conditions) - known:
                raise ValueError(f"{self.id}/{track.id}：这些条件没有列在 conditions 里：{sorted(lost)}")
        if len({track.id for track in self.tracks}) != len(self.tracks):
            raise ValueError(f"{self.id}：两个奖励类别用了同一个 id")
        return self

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything the rule set says: two versions of it never look the same."""
        return hashlib.sha256(rfc8785.dumps(self.model_dump(mode="json"))).hexdigest()

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

    def in_force(self, on: date, known: Mapping[str, RuleSet] | None = None) -> bool | None:
        """Whether the rule was in force on that day, None when its dates are not known.

        The end is the day before the superseding rule set starts, when that day is known.
        """
        if self.effective_from is None:
            return None
        if on < self.effective_from:
            return False
        if self.superseded_by is None:
            return True
        successor = (rule_sets() if known is None else known).get(self.superseded_by)
        return None if successor is None or successor.effective_from is None else on < successor.effective_from


def ratio(points: int) -> Fraction:
    """Basis points as an exact fraction: 1500 → 3/20."""
    return Fraction(points, 10_000)


def percent(points: int) -> str:
    """1500 → "15%", 1250 → "12.5%"."""
    return f"{(Decimal(points) / 100).normalize():f}%"


def read_rule_set(text: str) -> RuleSet:
    """Parse one rule-set file; raises pydantic's ValidationError naming each wrong entry, or a YAMLError."""
    return RuleSet.model_validate(yaml.safe_load(text))


@cache
def bundled_texts() -> dict[str, str]:
    """The files that come with the program, by the id of the rule set."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(RULE_SETS.glob("*.yml"))}


@cache
def rule_sets() -> dict[str, RuleSet]:
    """All rule sets that come with the program, drafts included, by id."""
    return {rule_set_id: read_rule_set(text) for rule_set_id, text in bundled_texts().items()}


def rule_set(rule_set_id: str) -> RuleSet:
    """The usable rule set with that id. Raises `UnknownRuleSet` or `DraftRuleSet`."""
    found = rule_sets().get(rule_set_id)
    if found is None:
        usable = "、".join(key for key, each in rule_sets().items() if each.status == "verified")
        raise UnknownRuleSet(f"没有编号为“{rule_set_id}”的奖励规则。可以用：{usable}。", field="rule_set")
    return found.usable()
