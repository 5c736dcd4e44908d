"""The same sentences read by other programs: how many districts and streets are right, none, wrong.

`jionlp` and `cpca` are wanted for this measurement only: `uv sync --group compare` installs them, nothing else does.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from grid.places import Gazetteer

Row = dict[str, str]  # text, district, street; empty where there is none
Reader = Callable[[str], tuple[str, str]]  # text → district, street; a place in another city by that city's name
INSTALL = "uv sync --group compare"


def compare(rows: Sequence[Row], gazetteer: Gazetteer) -> Iterator[dict[str, Any]]:
    """One line for each reader: ours, official names looked up as they stand, and the libraries that are installed."""
    readers: dict[str, Callable[[Gazetteer], Reader]] = {
        "ours": _ours, "plain names": _plain_names, "cpca": _cpca, "jionlp": _jionlp,
    }  # fmt: skip
    for name, make in readers.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
                read = make(gazetteer)
                line = _measured(rows, read, gazetteer.city)
        except ImportError:
            line = {"not_installed": INSTALL}
        yield {"measure": "places.compare", "reader": name, **line}


def _measured(rows: Sequence[Row], read: Reader, city: str) -> dict[str, Any]:
    district, street = Counter[str](), Counter[str]()
    started = time.process_time()
    answers = [read(row["text"]) for row in rows]
    seconds = time.process_time() - started
    for row, (found_district, found_street) in zip(rows, answers, strict=True):
        district[judged(found_district, row["district"])] += 1
        if row["street"]:
            street[judged(found_street, row["street"])] += 1
    return {
        "rows": len(rows), "district": dict(district), "street": dict(street),
        "texts_per_second": round(len(rows) / seconds) if seconds else None,
    }  # fmt: skip


def judged(value: str | None, expected: str) -> str:
    """right, none or wrong. Nothing found is an honest answer."""
    if (value or "") == expected:
        return "right"
    return "wrong" if value else "none"


def _ours(gazetteer: Gazetteer) -> Reader:
    def read(text: str) -> tuple[str, str]:
        place = gazetteer.locate(text)
        return place.district or "", place.street or ""

    return read


def _plain_names(gazetteer: Gazetteer) -> Reader:
    """A list of the official names and no more: the first district and the first street that stand in the text."""
    divisions = gazetteer.lexicon.divisions
    home = {street.name: street.district for street in divisions.streets}
    districts = re.compile("|".join(divisions.districts))
    streets = re.compile("|".join(sorted(home, key=len, reverse=True)))

    def read(text: str) -> tuple[str, str]:
        street = streets.search(text)
        district = districts.search(text)
        name = street.group() if street else ""
        return district.group() if district else home.get(name, ""), name

    return read


def _cpca(gazetteer: Gazetteer) -> Reader:
    transform = importlib.import_module("cpca").transform

    def read(text: str) -> tuple[str, str]:
        row = transform([text]).iloc[0]
        province, city, district = (_word(row[column]) for column in ("省", "市", "区"))
        return _here(gazetteer.city, province, city, district), ""

    return read


def _jionlp(gazetteer: Gazetteer) -> Reader:
    parse = importlib.import_module("jionlp").parse_location

    def read(text: str) -> tuple[str, str]:
        found = parse(text, town_village=True)
        district = _here(gazetteer.city, _word(found["province"]), _word(found["city"]), _word(found["county"]))
        return district, _word(found["town"])

    return read


def _here(our_city: str, province: str, city: str, district: str) -> str:
    """The district of our city, or another city's name."""
    return district if city in ("", our_city) else f"{province}{city}"


def _word(value: object) -> str:
    """These libraries write None or NaN where they found nothing."""
    return value if isinstance(value, str) else ""
