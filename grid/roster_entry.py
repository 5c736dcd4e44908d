"""One inspector as typed by a person, in a form or a row of a file: checked, and what is wrong said by field."""

from __future__ import annotations

import re
from collections.abc import Mapping

from grid.divisions import Divisions
from grid.inspectors import KIND_NAMES, Inspector, Kind
from grid.shifts import parse_leaves, parse_shifts
from store.errors import Refusal

MAX_GRIDS = 50
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,39}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s]{1,60}")
_PHONE = re.compile(r"[0-9+][0-9 +转-]{4,29}")
_KINDS = {words: kind for kind, words in KIND_NAMES.items()}
_YES, _NO = ("是", "在职", "1", ""), ("否", "停用", "0")


class InvalidInspector(Refusal):
    status = 422


def inspector_from(known: Divisions, fields: Mapping[str, str]) -> Inspector:
    """`fields` by the names of `Inspector`, all as text; `kind` in words or as a code, missing ones count as empty.

    Raises `InvalidInspector` or `BadHours`, each with the field at fault.
    """

    def text(name: str) -> str:
        return fields.get(name, "").strip()

    kind = _KINDS.get(text("kind")) or _kind(text("kind"))
    district, street = text("district"), text("street")
    if not _ID.fullmatch(text("id")):
        raise InvalidInspector("编号要用2到40个字母、数字或 -。", field="id")
    if not 1 <= len(text("name")) <= 30:
        raise InvalidInspector("请填写姓名（最多30个字）。", field="name")
    for name in ("name", "robot"):
        # A table program would run a cell that begins so.
        if text(name).startswith(("=", "+", "-", "@")):
            raise InvalidInspector("不能以 = + - @ 开头。", field=name)
    if not _EMAIL.fullmatch(text("email")):
        raise InvalidInspector("邮箱不对，派单通知会发到这里。例如 zhao@example.gov.cn。", field="email")
    if text("phone") and not _PHONE.fullmatch(text("phone")):
        raise InvalidInspector("电话不对，请只填数字，例如 0532-85912350。", field="phone")
    if len(text("robot")) > 60:
        raise InvalidInspector("机器人名称最多60个字。", field="robot")
    if kind is Kind.DISTRICT_DESK:
        if district not in known.districts:
            raise InvalidInspector("请填写区市。", field="district")
        street = ""
    elif (district, street) not in known.street_set:
        raise InvalidInspector(f"没有“{district[:20]}{street[:20]}”这个镇街，请写全称。", field="street")
    grids = tuple(dict.fromkeys(code for code in re.split(r"[\s,;\uff0c\uff1b、]+", text("grids")) if code))
    if len(grids) > MAX_GRIDS:
        raise InvalidInspector(f"一名检查员最多负责{MAX_GRIDS}个网格。", field="grids")
    if grids and kind is not Kind.INSPECTOR:
        raise InvalidInspector("镇街办公室和区市分派席不填网格。", field="grids")
    if text("deputy") == text("id"):
        raise InvalidInspector("不能由本人代班。", field="deputy")
    return Inspector(
        text("id"), text("name"), text("email"), district, street, grids, _active(text("active")),
        text("deputy") or None, False, kind, text("phone"), text("robot"), parse_leaves(text("leave")),
        parse_shifts(text("shifts")),
    )  # fmt: skip


def deputies_of(inspector: Inspector) -> set[str]:
    """Every id that must exist because it is named as a deputy."""
    named = {inspector.deputy, *(leave.deputy for leave in inspector.leave)}
    return {each for each in named if each}


def _kind(text: str) -> Kind:
    try:
        return Kind(text or Kind.INSPECTOR)
    except ValueError:
        raise InvalidInspector(f"岗位请填{'、'.join(KIND_NAMES.values())}。", field="kind") from None


def _active(text: str) -> bool:
    if text not in _YES + _NO:
        raise InvalidInspector("在职请填 是 或 否。", field="active")
    return text in _YES
