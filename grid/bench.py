"""Measurements of this room, one JSON line each: `python -m grid.bench`. Seconds are CPU seconds of one core.

`python -m grid.bench FILE.csv …` measures only how places are read, on other sentences (columns text, district, street).
"""

from __future__ import annotations

import asyncio
import csv
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import shapely

from grid import bench_routing
from grid.compare import compare
from grid.coordinates import known_system
from grid.layer_export import as_geojson, as_shapefile
from grid.layer_version import GridRow, as_grids
from grid.layers import import_layer
from grid.polygons import Grid, GridIndex, OutsideCity
from grid.service import Locator

CITY_DIR = Path(__file__).parent / "qingdao"
TABLE = Path(__file__).parent.parent / "tests" / "grid" / "addresses.csv"
_SEED = 12350


def main() -> None:
    """All measurements, or the reading of the files that are named."""
    files = [Path(name) for name in sys.argv[1:]]
    wanted = map(reading, files) if files else (work() for work in (reading, texts, points, layer_import, routing))
    for row in chain.from_iterable(wanted):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def reading(table: Path = TABLE) -> Iterator[dict[str, Any]]:
    """Right, none and wrong over a table of sentences, by us and by others; none is an honest answer, wrong is not."""
    gazetteer = Locator.for_demonstration(CITY_DIR).gazetteer
    rows = _table(table)
    answers = [(row, gazetteer.locate(row["text"])) for row in rows]
    certain = [(row, place) for row, place in answers if place.certain]
    invented = [place for row, place in answers if not row["street"] and place.street]
    yield {
        "measure": "places.reading", "table": table.name, "rows": len(rows), "certain": len(certain),
        "certain_and_wrong": sum((p.district, p.street) != (row["district"], row["street"]) for row, p in certain),
        "streets_beyond_the_table": len(invented),
    }  # fmt: skip
    yield from compare(rows, gazetteer)


def texts() -> Iterator[dict[str, Any]]:
    """Texts per second and core, with and without the search by sound; one text of 100,000 characters."""
    gazetteer = Locator.for_demonstration(CITY_DIR).gazetteer
    rows = _table()
    for title, wanted in (("without_repair", False), ("with_repair", True)):
        chosen = [r["text"] for r in rows if (r["kind"] in ("homophone", "none")) == wanted and r["kind"] != "road"]
        rate = _per_second(lambda: [gazetteer.locate(t) for t in chosen], len(chosen))  # noqa: B023
        yield {"measure": f"places.texts_per_second.{title}", "value": rate}
    long = ("城阳区流亭街道有个工地，王家庄超市北侧。" * 5000)[:100_000]
    yield {"measure": "places.100000_characters_s", "value": round(_seconds(lambda: gazetteer.locate(long)), 3)}


def points() -> Iterator[dict[str, Any]]:
    """Points per second against 10,000 grids."""
    index = GridIndex(_squares(100))
    dice = random.Random(_SEED)  # noqa: S311  test data
    chosen = [(dice.uniform(120.0, 121.0), dice.uniform(36.0, 37.0)) for _ in range(20_000)]

    def single() -> None:
        for lng, lat in chosen:
            try:
                index.find(lng, lat)
            except OutsideCity:
                pass

    yield {"measure": "grids.points_per_second.single", "value": _per_second(single, len(chosen))}
    lngs, lats = [p[0] for p in chosen], [p[1] for p in chosen]
    bulk = _per_second(lambda: index.find_many(lngs, lats), len(chosen))
    yield {"measure": "grids.points_per_second.bulk", "value": bulk}


def layer_import() -> Iterator[dict[str, Any]]:
    """10,000 polygons of about 50 corners: read, checked, reported on and drawn, from each format; and indexed."""
    rows = [
        GridRow(
            number, g.code, g.name, g.district, g.street, False, shapely.to_wkb(shapely.segmentize(g.geometry, 0.0007))
        )
        for number, g in enumerate(_squares(100, x=119.7, y=36.0, step=0.008), start=1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        for format, write in (("geojson", as_geojson), ("shapefile", as_shapefile)):
            for system in ("wgs84", "gcj02"):
                path = Path(folder) / format
                path.write_bytes(write(rows, known_system(system)))
                started = _children_s()
                report = asyncio.run(import_layer(None, path, system, dry_run=True))
                yield {
                    "measure": f"grids.import_10000_s.{format}.{system}", "value": round(_children_s() - started, 2),
                    "grids": report.grids, "ok": report.ok,
                }  # fmt: skip
    started = time.process_time()
    GridIndex(as_grids(rows))
    yield {"measure": "grids.index_10000_s", "value": round(time.process_time() - started, 2)}


def _children_s() -> float:
    """CPU seconds of the processes that read files."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def routing() -> Iterator[dict[str, Any]]:
    """Who gets a tip: see grid/bench_routing.py."""
    yield from bench_routing.routing(Locator.for_demonstration(CITY_DIR), [row["text"] for row in _table()])


def _squares(side: int, x: float = 120.0, y: float = 36.0, step: float = 0.01) -> list[Grid]:
    return [
        Grid(
            f"g{i:03d}{j:03d}", f"{i}-{j}网格", "城阳区", "流亭街道",
            shapely.box(x + i * step, y + j * step, x + (i + 1) * step, y + (j + 1) * step),
        )
        for i in range(side)
        for j in range(side)
    ]  # fmt: skip


def _table(path: Path = TABLE) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _per_second(work: Callable[[], object], count: int) -> int:
    """The best of a second's passes: what other programs take from the caches of the machine is not ours to count."""
    work()
    best, until = _seconds(work), time.monotonic() + 1
    while time.monotonic() < until:
        best = min(best, _seconds(work))
    return round(count / best)


if __name__ == "__main__":
    main()
