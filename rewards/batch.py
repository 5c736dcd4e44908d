"""`tip12350 reward`: assess rewards from JSON Lines. One line in, one line out, in order; a bad line never stops it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TextIO

from rewards.assess import Assessment, assess
from rewards.money import Fen, parse_yuan
from rewards.rules import rule_set
from store.errors import Refusal

FIELDS = {
    "id", "rule_set", "track", "penalty_yuan", "deaths", "accident_level", "employee", "chosen_yuan", "tier", "reason",
}  # fmt: skip


class WrongLine(Refusal):
    pass


def reward_lines(lines_in: Iterable[str], out: TextIO) -> int:
    """Read {"id","rule_set","track","penalty_yuan","deaths","accident_level","employee"} objects, one a line.

    Writes {"id","amount_fen","rule","article","arithmetic"}, or {"id","error","field"} with a Chinese message for a
    line that cannot be assessed. A range track also reads "chosen_yuan" and "reason", a tier track "tier" and "reason".
    Empty lines are skipped. Returns how many lines were refused.
    """
    refused = 0
    for line in lines_in:
        if not line.strip():
            continue
        answer = reward_line(line)
        refused += "error" in answer
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return refused


def reward_line(line: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    try:
        row = _parse(line)
        return {"id": row.get("id"), **_answer(_assess(row))}
    except Refusal as refusal:
        return {"id": row.get("id"), "error": refusal.message, "field": refusal.field}


def _answer(result: Assessment) -> dict[str, Any]:
    return {
        "amount_fen": result.amount_fen,
        "rule": f"{result.rule_set} {result.rule}",
        "article": result.article,
        "arithmetic": result.arithmetic,
    }


def _parse(line: str) -> dict[str, Any]:
    def no_constant(name: str) -> None:
        raise WrongLine(f"这一行里的 {name} 不是有效的数字。请改成数字。")

    try:
        # Decimal keeps 12000.10 exact; NaN and Infinity are not JSON at all.
        row = json.loads(line, parse_float=Decimal, parse_constant=no_constant)
    except (ValueError, RecursionError):  # a number of more than 4300 digits is a ValueError too
        raise WrongLine("这一行不是有效的 JSON。请检查引号、逗号和括号，每行一个对象。") from None
    if not isinstance(row, dict):
        raise WrongLine('这一行要是一个 JSON 对象，例如 {"id": "1", "rule_set": "national_2018", …}。')
    if isinstance(row.get("id"), Decimal | dict | list):
        row["id"] = None
        raise WrongLine("id 要是文字或整数。", field="id")
    return row


def _assess(row: dict[str, Any]) -> Assessment:
    if unknown := sorted(set(row) - FIELDS):
        raise WrongLine(
            f"不认识这些字段：{'、'.join(unknown)}。可以用：{'、'.join(sorted(FIELDS))}。", field=unknown[0]
        )
    return assess(
        rule_set(_needed(row, "rule_set", "请写奖励规则的编号，例如 national_2018。")),
        _needed(row, "track", "请写奖励类别，例如 major_hazard。"),
        penalty_fen=_money(row, "penalty_yuan"),
        deaths=_whole(row, "deaths"),
        accident_level=_text(row, "accident_level"),
        employee=_yes_no(row, "employee"),
        chosen_fen=_money(row, "chosen_yuan"),
        tier=_whole(row, "tier"),
        reason=_text(row, "reason") or "",
    )


def _text(row: dict[str, Any], field: str) -> str | None:
    value = row.get(field)
    if value is not None and not isinstance(value, str):
        raise WrongLine(f"{field} 要是文字。", field=field)
    return value or None


def _needed(row: dict[str, Any], field: str, what_to_do: str) -> str:
    value = _text(row, field)
    if value is None:
        raise WrongLine(f"缺少 {field}。{what_to_do}", field=field)
    return value


def _money(row: dict[str, Any], field: str) -> Fen | None:
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, str):
        raise WrongLine(f"{field} 要写成以元为单位的数字，不要加引号，也不要写单位。例如 12000。", field=field)
    return parse_yuan(value, field)


def _whole(row: dict[str, Any], field: str) -> int | None:
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 15 and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongLine(f"{field} 要是整数，不要加引号。", field=field)
    return value


def _yes_no(row: dict[str, Any], field: str) -> bool:
    value = row.get(field)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise WrongLine(f"{field} 要写 true 或 false（是不是本单位从业人员）。", field=field)
    return value
