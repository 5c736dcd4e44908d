"""The duty table: which department leads, which are informed, at which level, and on what legal basis.

Data: duty.yml (violation type and words → department) and departments.yml of the city. The most urgent type of a tip
leads; the others' departments are informed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OTHER = "other_or_out_of_scope"
LEVELS = {"city": "市级", "district": "区市级", "township": "镇街级"}
_MAX_TEXT = 5_000


@dataclass(frozen=True, slots=True)
class Duty:
    """Who answers for a violation at a place; department codes, not yet names."""

    type: str | None
    type_name: str
    lead: str
    co: tuple[str, ...]
    level: str
    legal_basis: tuple[str, ...]
    why: str
    urgency: int


@dataclass(frozen=True, slots=True)
class _WordRule:
    words: tuple[str, ...]
    also: tuple[str, ...]
    types: frozenset[str]
    lead: str
    co: tuple[str, ...]
    why: str
    basis: tuple[str, ...]

    def fits(self, kind: str, text: str) -> str | None:
        """The word that makes the rule apply, or None."""
        if self.types and kind not in self.types:
            return None
        if self.also and not any(word in text for word in self.also):
            return None
        return next((word for word in self.words if word in text), None)


class DutyTable:
    """duty.yml and departments.yml of one city."""

    def __init__(
        self, city: str, types: dict[str, Any], words: list[dict[str, Any]], departments: dict[str, Any]
    ) -> None:
        self._city = city
        self.types = types
        self._rules = [
            _WordRule(
                tuple(rule["words"]), tuple(rule.get("also", ())), frozenset(rule.get("types", ())), rule["lead"],
                tuple(rule["co"]), rule["why"], tuple(rule["basis"]),
            )
            for rule in words
        ]  # fmt: skip
        self.departments = departments

    @classmethod
    def load(cls, city_dir: Path | str, city: str) -> DutyTable:
        duty = yaml.safe_load((Path(city_dir) / "duty.yml").read_text(encoding="utf-8"))
        departments = yaml.safe_load((Path(city_dir) / "departments.yml").read_text(encoding="utf-8"))
        return cls(city, duty["types"], duty["words"], departments["departments"])

    def duty_for(self, types: Sequence[str], text: str = "") -> Duty:
        """The duty of a tip with these violation types (likeliest first); unknown types are ignored."""
        known = [t for t in types if t in self.types]
        if not known:
            return Duty(None, "未分类", "yingji", (), "district", (), "违法类型还没有确定，先由应急管理部门分派", 1)
        if len(known) > 1:
            known = [t for t in known if t != OTHER] or known
        # max() keeps the first of equals, and the likeliest type comes first
        first = max(known, key=lambda t: self.types[t]["urgency"])
        duty = self._single(first, text[:_MAX_TEXT])
        informed = list(duty.co)
        for other in known:
            if other != first:
                informed.append(self._single(other, text[:_MAX_TEXT]).lead)
        co = tuple(c for c in dict.fromkeys(informed) if c != duty.lead)
        why = duty.why
        if len(known) > 1:
            why += f"；同时涉及{len(known) - 1}类其他问题，由最紧急的一类牵头"
        return Duty(duty.type, duty.type_name, duty.lead, co, duty.level, duty.legal_basis, why, duty.urgency)

    def _single(self, kind: str, text: str) -> Duty:
        row = self.types[kind]
        for rule in self._rules:
            word = rule.fits(kind, text)
            if word:
                why = f"文中提到“{word}”，{rule.why}"
                return Duty(kind, row["name"], rule.lead, rule.co, row["level"], rule.basis, why, row["urgency"])
        why = f"“{row['name']}”由该部门牵头"
        return Duty(
            kind, row["name"], row["lead"], tuple(row["co"]), row["level"], tuple(row["basis"]), why, row["urgency"]
        )

    def name(self, code: str, district: str | None, street: str | None, level: str) -> str:
        """A department's name for people: 城阳区应急管理局, 青岛市应急管理局, 流亭街道办事处."""
        department = self.departments.get(code)
        if department is None:
            return code
        if department["scope"] == "plain":
            return str(department["name"])
        if department["scope"] == "street":
            if code == "jiedao" and street:
                return street_office(street)
            return f"{district or ''}{department['name']}"
        if district and level != "city":
            return district + str(department.get("district_name", department["name"]))
        return self._city + str(department["name"])


def street_office(street: str) -> str:
    """流亭街道 → 流亭街道办事处, 姜山镇 → 姜山镇人民政府."""
    if street.endswith("街道"):
        return f"{street}办事处"
    return f"{street}人民政府" if street.endswith(("镇", "乡")) else f"{street}管理机构"
