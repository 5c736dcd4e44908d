"""The command `locate`: JSON Lines in, JSON Lines out. A bad line gives an error line and the work goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from grid.coordinates import Point, known_system
from grid.service import Location, Locator
from store.errors import Refusal

DEFAULT_CITY = Path(__file__).parent / "qingdao"


def locate_lines(
    lines: Iterable[str], out: TextIO, city_dir: Path | str = DEFAULT_CITY, locator: Locator | None = None
) -> int:
    """Locate every line {"id","text"} or {"id","lng","lat","system"}; returns how many lines had an error."""
    locator = locator or Locator.for_demonstration(city_dir)
    errors = 0
    for line in lines:
        if not line.strip():
            continue
        row = locate_line(line, locator)
        errors += "error" in row
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return errors


def locate_line(line: str, locator: Locator) -> dict[str, Any]:
    """One line's answer, or {"id","error"}."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {"id": None, "error": "这一行不是有效的 JSON。"}
    if not isinstance(row, dict):
        return {"id": None, "error": '这一行应是 {"id","text"} 或 {"id","lng","lat","system"}。'}
    identity = row.get("id")
    try:
        return {"id": identity, **_answer(_locate(row, locator))}
    except Refusal as refusal:
        return {"id": identity, "error": refusal.message}


def _locate(row: dict[str, Any], locator: Locator) -> Location:
    text = row.get("text")
    point = None
    if row.get("lng") is not None or row.get("lat") is not None:
        if row.get("lng") is None or row.get("lat") is None:
            raise Refusal("经度 lng 和纬度 lat 要同时给出。")
        point = Point(row["lng"], row["lat"], known_system(row.get("system") or "wgs84"))
    if text is None and point is None:
        raise Refusal("缺少 text，或 lng 和 lat。")
    if text is not None and not isinstance(text, str):
        raise Refusal("text 应是文字。")
    location = locator.locate(text=text, point=point)
    if location.outside and not text:
        raise Refusal(location.conflict or "位置不在本市范围内。")
    return location


def _answer(location: Location) -> dict[str, Any]:
    return {
        "district": location.district,
        "street": location.street,
        "grid": location.grid_name,
        "certain": location.certain,
        "candidates": [{"district": c.district, "street": c.street, "words": c.words} for c in location.candidates],
        "grid_code": location.grid,
        "district_certain": location.district_certain,
        "basis": location.basis,
        "outside_city": location.outside_city,
        "relation": location.relation,
        "explanation": location.explanation,
    }
