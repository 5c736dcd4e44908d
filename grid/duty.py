"""The duty table: which department leads, which are informed, at which level, and on what legal basis.

Data of the city: duty.yml (rows of `grid.duty_rows`, each with its dates) and departments.yml. A tip is judged by the
rows of the day on which it was received. The most urgent type of a tip leads; the others' departments are informed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from grid.duty_rows import DutyRows, TypeRows, WordRow, checked_rows

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


UNCLASSIFIED = Duty(None, "未分类", "yingji", (), "district", (), "违法类型还没有确定，先由应急管理部门分派", 1)


class DutyTable:
    """duty.yml and departments.yml of one city."""

    def __init__(self, city: str, rows: DutyRows, departments: dict[str, Any], titles: dict[str, str]) -> None:
        """`titles`: districts whose bureaus carry another name (黄岛区 → 青岛西海岸新区)."""
        self._city = city
        self.rows = rows
        self.departments = departments
        self._titles = titles

    @classmethod
    def load(cls, city_dir: Path | str, city: str) -> DutyTable:
        """Raises `BadDutyTable` that names the row at fault."""
        duty = yaml.safe_load((Path(city_dir) / "duty.yml").read_text(encoding="utf-8"))
        departments = yaml.safe_load((Path(city_dir) / "departments.yml").read_text(encoding="utf-8"))
        rows = checked_rows(duty, frozenset(departments["departments"]))
        return cls(city, rows, departments["departments"], departments.get("titles", {}))

    def duty_for(self, types: Sequence[str], text: str, day: date, district: str | None = None) -> Duty:
        """The duty of a tip with these violation types (likeliest first); unknown types are ignored.

        `day` is when the tip was received, `district` where it is if that is known.
        """
        text = text[:_MAX_TEXT]
        known = {kind: rows for kind in types if (rows := self.rows.types.get(kind)) and rows.on(day)}
        if len(known) > 1:
            known.pop(OTHER, None)
        if not known:
            return self._with_place(UNCLASSIFIED, text, day, district)
        # max() keeps the first of equals, and the likeliest type comes first
        first = max(known, key=lambda kind: known[kind].urgency)
        duty = self._single(first, known[first], text, day)
        others = [self._single(kind, rows, text, day).lead for kind, rows in known.items() if kind != first]
        if others:
            why = f"{duty.why}；同时涉及{len(others)}类其他问题，由最紧急的一类牵头"
            duty = replace(duty, co=(*duty.co, *others), why=why)
        return self._with_place(self._with_trade(duty, text, day), text, day, district)

    def _single(self, kind: str, rows: TypeRows, text: str, day: date) -> Duty:
        """By the first row of words that fits, else by the type's own row."""
        row = rows.on(day)
        assert row is not None, "only types with a row of that day come here"
        for rule in self.rows.words:
            if rule.valid(day) and (word := rule.fits(kind, text)):
                return Duty(
                    kind, rows.name, rule.lead, rule.co, rule.level or row.level, rule.basis,
                    f"文中提到“{word}”，{_reason(rule)}", rows.urgency,
                )  # fmt: skip
        law = f"依{row.basis[0]}" if row.basis else ""
        why = f"“{rows.name}”{law}由该部门牵头"
        return Duty(kind, rows.name, row.lead, row.co, row.level, row.basis, why, rows.urgency)

    def _with_trade(self, duty: Duty, text: str, day: date) -> Duty:
        """The department of the trade (学校, 医院, 景区) is informed of what another department leads."""
        trades = [row for row in self.rows.trades if row.valid(day) and row.word_in(text)]
        return replace(duty, co=_informed(duty.lead, (*duty.co, *(row.informed for row in trades))))

    def _with_place(self, duty: Duty, text: str, day: date, district: str | None) -> Duty:
        """A functional zone leads in what law gives it, and is informed of the rest."""
        for zone in self.rows.zones:
            word = zone.word_in(text) if zone.valid(day) and district in zone.districts else None
            if word is None:
                continue
            if duty.lead in zone.instead_of:
                co = _informed(zone.zone, (duty.lead, *duty.co))
                why = f"{duty.why}，但地点在{word}，{zone.why}"
                return replace(duty, lead=zone.zone, co=co, legal_basis=(*zone.basis, *duty.legal_basis), why=why)
            why = f"{duty.why}；地点在{word}，同时告知其管理机构"
            return replace(duty, co=_informed(duty.lead, (*duty.co, zone.zone)), why=why)
        return duty

    def name(self, code: str, district: str | None, street: str | None, level: str) -> str:
        """A department's name for people: 城阳区应急管理局, 青岛市应急管理局, 流亭街道办事处."""
        department = self.departments.get(code)
        if department is None:
            return code
        if department["scope"] == "plain":
            return str(department["name"])
        title = self._titles.get(district or "", district)
        if department["scope"] == "street":
            if code == "jiedao" and street:
                return street_office(street)
            return f"{title or ''}{department['name']}"
        if title and level != "city":
            return title + str(department.get("district_name", department["name"]))
        return self._city + str(department["name"])


def _informed(lead: str, codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(code for code in dict.fromkeys(codes) if code != lead)


def _reason(rule: WordRow) -> str:
    return f"{rule.why}（{rule.basis[0]}）" if rule.basis else rule.why


def street_office(street: str) -> str:
    """流亭街道 → 流亭街道办事处, 姜山镇 → 姜山镇人民政府."""
    if street.endswith("街道"):
        return f"{street}办事处"
    return f"{street}人民政府" if street.endswith(("镇", "乡")) else f"{street}管理机构"
