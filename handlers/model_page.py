"""How the bot reads: the model in use, what it confuses, every type, and the trainings before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from cases.model_records import model_records
from cases.violations import by_group
from handlers.forms import staff_page

FROZEN_MEASURES = {
    "top1": "首选类型正确", "top3": "前三个中有正确的", "macro_f1": "各类型平均 F1",
    "scope_recall": "非安全事项认出", "tips_lost": "举报被当成非安全事项",
}  # fmt: skip
VOICES = {
    "letter": "群众来信", "chat": "聊天", "worker": "工人口语", "hotline": "热线记录", "voice": "语音输入", "inspector": "检查记录",
}  # fmt: skip
CELL = 10  # units of the picture's own coordinates
CURVE_WIDTH, CURVE_HEIGHT = 600, 260


async def overview(request: web.Request) -> web.Response:
    records = model_records()
    in_use = next((record for record in records if record.accepted), None)
    found = in_use.cross_validation if in_use else None
    return staff_page(
        request,
        "staff/model.html",
        records=records[:20],
        in_use=in_use,
        found=found,
        types=type_rows(found) if found else [],
        voices=VOICES,
        measures=FROZEN_MEASURES,
        cells=cells(found) if found else [],
        size=CELL * len(_core_types()),
        curve=curve(found) if found else [],
        curve_size=(CURVE_WIDTH, CURVE_HEIGHT),
    )


@dataclass(frozen=True)
class Cell:
    """One pair of the confusion picture: place, how dark (0-1), whether the reading was right, and its words."""

    x: int
    y: int
    share: float
    right: bool
    told: str
    read: str
    times: int


def type_rows(found: dict[str, Any]) -> list[tuple[str, int, float, float, float]]:
    """(name, sentences, precision, recall, F1), the worst read first: that is where sentences are needed."""
    names = dict(_core_types())
    rows = [(names.get(type_, type_), *values) for type_, values in found["types"].items()]
    return sorted(rows, key=lambda row: row[4])


def cells(found: dict[str, Any]) -> list[Cell]:
    """The confusion picture: a row for each written type in the order of the groups, a column for each read type."""
    order = {type_: index for index, (type_, _) in enumerate(_core_types())}
    names = dict(_core_types())
    totals = {type_: values[0] for type_, values in found["types"].items()}
    return [
        Cell(
            order[read] * CELL, order[told] * CELL, round((times / totals[told]) ** 0.5, 3), told == read,
            names[told], names[read], times,
        )
        for told, read, times in found["counts"]
        if told in order and read in order
    ]  # fmt: skip


def curve(found: dict[str, Any]) -> list[tuple[float, float, float, float, float]]:
    """(border, share, errors, x, y) of each border; x and y in the picture's coordinates, the worst error at the top."""
    highest = max((errors for _, _, errors in found["curve"]), default=0) or 1
    return [
        (border, share, errors, round(share * CURVE_WIDTH, 1), round((1 - errors / highest) * CURVE_HEIGHT, 1))
        for border, share, errors in found["curve"]
    ]


def _core_types() -> list[tuple[str, str]]:
    return [(kind.id, kind.zh) for kinds in by_group().values() for kind in kinds if kind.core]
