"""How long the decision who gets a tip takes, and for reference the same points looked up by MongoDB in the same run.

10,000 grids and 5,000 inspectors with leave, shifts, deputies and open orders, spread over the streets of the city.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely

from grid.coordinates import Point
from grid.inspectors import Inspector
from grid.polygons import Grid, GridIndex, OutsideCity
from grid.service import Locator
from grid.shifts import Leave, Shift, shift_of
from store.embedded import NoMongod
from store.local_time import LOCAL
from store.temporary import temporary_store

SEED = 12350
SIDE, STEP = 100, 0.01
INSPECTORS = 5_000
DECISIONS = 4_000
LOOK_UPS = 2_000
TYPES = ["gas_leak", "three_in_one"]
DAY, NIGHT = shift_of(range(1, 6), "08:30", "17:30"), shift_of(range(1, 8), "20:00", "08:00")
Rows = Iterator[dict[str, Any]]


def routing(base: Locator, texts: Sequence[str]) -> Rows:
    """The whole decision: text and point → place, duty of the day, receiver. CPU milliseconds."""
    dice = random.Random(SEED)  # noqa: S311  test data
    grids = squares(base)
    people = inspectors(grids, dice)
    locator = Locator(base.gazetteer, GridIndex(grids), people, base.duty)
    loads = {each.id: dice.randint(0, 25) for each in people}
    begun = datetime(2026, 11, 23, tzinfo=UTC)
    kinds: dict[str, int] = {}
    whole, answer = [], []
    for n in range(DECISIONS):
        text, at = texts[n % len(texts)], begun + timedelta(minutes=7 * n)
        point = Point(dice.uniform(120.0, 121.0), dice.uniform(36.0, 37.0)) if n % 2 else None
        started = time.process_time()
        location = locator.locate(text, point)
        placed = time.process_time()
        route = locator.route(location, TYPES, text, received=at.date(), at=at, loads=loads)
        done = time.process_time()
        whole.append(done - started)
        answer.append(done - placed)
        kinds[route.receiver_kind] = kinds.get(route.receiver_kind, 0) + 1
    yield {"measure": "routing.decision_ms", "grids": len(grids), "inspectors": len(people), **_spread(whole)}
    yield {"measure": "routing.duty_and_receiver_ms", **_spread(answer), "receivers": kinds}
    crowded = Locator(base.gazetteer, locator.grid_index, _one_street(people), base.duty)
    place = crowded.locate("城阳区流亭街道")
    worst = [_seconds(lambda: crowded.route(place, TYPES, at=begun, loads=loads)) for _ in range(200)]
    yield {"measure": "routing.5000_inspectors_in_one_street_ms", **_spread(worst)}
    yield from points(locator.grid_index)


def points(index: GridIndex) -> Rows:
    """The same points in memory and by the database's 2dsphere index, one after the other. Wall-clock milliseconds."""
    dice = random.Random(SEED)  # noqa: S311  test data
    chosen = [(dice.uniform(120.0, 121.0), dice.uniform(36.0, 37.0)) for _ in range(LOOK_UPS)]

    def find(lng: float, lat: float) -> str | None:
        try:
            return index.find(lng, lat).grid_id
        except OutsideCity:
            return None

    found, taken = [], []
    for lng, lat in chosen:
        started = time.perf_counter()
        found.append(find(lng, lat))
        taken.append(time.perf_counter() - started)
    yield {"measure": "points.in_memory_ms", **_spread(taken)}
    try:
        answers, waited = asyncio.run(_by_database(index.grids, chosen))
    except NoMongod as missing:
        yield {"measure": "points.mongodb_2dsphere_ms", "skipped": str(missing)}
        return
    # On the very border of two squares both are right.
    same = sum(mine in theirs for mine, theirs in zip(found, answers, strict=True))
    yield {"measure": "points.mongodb_2dsphere_ms", **_spread(waited), "same_answer": same, "of": len(chosen)}


async def _by_database(
    grids: Sequence[Grid], chosen: Sequence[tuple[float, float]]
) -> tuple[list[set[str]], list[float]]:
    async with temporary_store() as store:
        rows = [{"_id": g.code, "geometry": shapely.geometry.mapping(g.geometry)} for g in grids]
        await store["grids"].insert_many(rows, ordered=False)
        await store["grids"].create_index([("geometry", "2dsphere")])
        answers, waited = [], []
        for lng, lat in chosen:
            point = {"type": "Point", "coordinates": [lng, lat]}
            started = time.perf_counter()
            query = {"geometry": {"$geoIntersects": {"$geometry": point}}}
            answers.append({row["_id"] async for row in store["grids"].find(query, {"_id": 1})})
            waited.append(time.perf_counter() - started)
        return answers, waited


def squares(base: Locator) -> list[Grid]:
    """Ten thousand square grids, about 75 for each street of the city."""
    streets = sorted({(g.district, g.street) for g in base.grid_index.grids if g.street})
    grids = []
    for i in range(SIDE):
        for j in range(SIDE):
            district, street = streets[(i * SIDE + j) * len(streets) // SIDE**2]
            x, y = 120.0 + i * STEP, 36.0 + j * STEP
            box = shapely.box(x, y, x + STEP, y + STEP)
            grids.append(Grid(f"g{i:03d}{j:03d}", f"{i}-{j}网格", district, street, box))
    return grids


def inspectors(grids: Sequence[Grid], dice: random.Random) -> list[Inspector]:
    """Two grids each; one in twenty on leave, most with shifts, deputies of their neighbours."""
    made = []
    today = datetime(2026, 11, 23, tzinfo=LOCAL).date()
    for n in range(INSPECTORS):
        own = grids[2 * n : 2 * n + 2]
        days = dice.randint(0, 30)
        leave = (Leave(today + timedelta(days), today + timedelta(days + 5)),) if dice.random() < 0.2 else ()
        shifts: tuple[Shift, ...] = dice.choice([(), (DAY,), (DAY, NIGHT), (NIGHT,)])
        deputy = f"i{(n + 1) % INSPECTORS}"
        place = own[0].district, own[0].street or ""
        codes = tuple(g.code for g in own)
        made.append(Inspector(f"i{n}", f"检查员{n}", "", *place, codes, deputy=deputy, leave=leave, shifts=shifts))
    return made


def _one_street(people: Sequence[Inspector]) -> list[Inspector]:
    """Everybody in one street and without a grid: the longest list that a choice can have."""
    return [Inspector(p.id, p.name, "", "城阳区", "流亭街道", (), leave=p.leave, shifts=p.shifts) for p in people]


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    taken = sorted(each * 1000 for each in seconds)
    return {
        "p50": round(taken[len(taken) // 2], 3),
        "p99": round(taken[len(taken) * 99 // 100], 3),
        "worst": round(taken[-1], 3),
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
