"""Was this reported before? Candidates for a person to judge; nothing is ever merged or refused by itself.

Cases are looked up along four ways, each by an index and each bounded, so that a million cases cost no more than ten
thousand: the same grid (else street), within 300 m, the same company, the same photo. What is found is then ranked by
text, company, place, photo and type, with the reasons in words.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cases.companies import alike, normal_company
from cases.likeness import likeness
from cases.photo_likeness import pieces, same
from cases.states import State
from grid.coordinates import METRES_PER_DEGREE
from store.mongo import Document, Store

WINDOW = timedelta(days=90)
NEAR_M = 300.0
# Of each way of looking, the newest.
MAX_OF_PLACE, MAX_OF_COMPANY, MAX_OF_PHOTO = 120, 30, 20
SHOWN = 5
LIKE = 0.35

_READ = {
    "_id": 1, "types.type": 1, "decided_types": 1, "found_by.company": 1, "found_by.spot": 1, "location.grid": 1,
    "created_at": 1,
}  # fmt: skip
# Their tips belong to another case now, or to none.
_GONE = (State.MERGED, State.WITHDRAWN)


@dataclass(frozen=True)
class New:
    """The case that others are compared with. `company` normalised, `spot` as GeoJSON coordinates."""

    case_id: str
    what: str
    company: str
    types: frozenset[str]
    grid: str | None
    spot: tuple[float, float] | None
    photos: tuple[str, ...]


@dataclass
class Candidate:
    """A case with why it may be the same; `score` orders, `enough` says that it is worth showing."""

    case_id: str
    likeness: float
    score: float = 0.0
    reasons: list[str] = field(default_factory=list)
    enough: bool = False

    def add(self, reason: str, score: float, *, enough: bool = False) -> None:
        self.reasons.append(reason)
        self.score += score
        self.enough = self.enough or enough


async def candidates(
    store: Store,
    case_id: str,
    facts: Document,
    location: Document,
    types: Sequence[str],
    photos: Sequence[str] = (),
    now: datetime | None = None,
) -> list[Document]:
    """Up to five earlier cases as {"case_id", "likeness", "reasons"}, the likeliest first. `photos`: their dhashes."""
    point = location.get("point")
    new = New(
        case_id, facts["what"], normal_company(facts["company"]), frozenset(types), location.get("grid"),
        (point["lng"], point["lat"]) if point else None, tuple(photos),
    )  # fmt: skip
    with_photo, *found = await asyncio.gather(
        _by_photo(store, new), *_lookups(store, new, location, (now or datetime.now(UTC)) - WINDOW)
    )
    rows = {row["_id"]: row for rows in found for row in rows if row["_id"] != case_id}
    if missing := [other for other in with_photo if other not in rows]:
        rows |= {row["_id"]: row for row in await _read(store, {"_id": {"$in": missing}}, MAX_OF_PHOTO)}
    if not rows:
        return []
    texts = await _texts(store, list(rows))
    scores = likeness(new.what, [text for _, text in texts])
    best: dict[str, float] = {}
    for (other, _), score in zip(texts, scores, strict=True):
        best[other] = max(best.get(other, 0.0), score)
    ranked = [judged(new, row, best.get(other, 0.0), other in with_photo) for other, row in rows.items()]
    ranked = sorted((each for each in ranked if each.enough), key=lambda each: -each.score)
    return [
        {"case_id": each.case_id, "likeness": round(each.likeness, 3), "reasons": each.reasons}
        for each in ranked[:SHOWN]
    ]


def _lookups(store: Store, new: New, location: Document, since: datetime) -> list[Any]:
    recent = {"created_at": {"$gte": since}, "state": {"$nin": list(_GONE)}}
    looks = []
    if new.grid:
        looks.append(_read(store, {"location.grid": new.grid, **recent}, MAX_OF_PLACE))
    elif location.get("district"):
        place = {"location.district": location["district"], "location.street": location.get("street")}
        looks.append(_read(store, {**place, **recent}, MAX_OF_PLACE))
    if new.spot:
        radius = NEAR_M / METRES_PER_DEGREE * math.pi / 180
        near = {"found_by.spot": {"$geoWithin": {"$centerSphere": [list(new.spot), radius]}}}
        looks.append(_read(store, {**near, **recent}, MAX_OF_PLACE))
    if new.company:
        looks.append(_read(store, {"found_by.company": new.company, **recent}, MAX_OF_COMPANY))
    return looks


async def _read(store: Store, query: Document, limit: int) -> list[Document]:
    return await store["cases"].find(query, _READ).sort("created_at", -1).limit(limit).to_list(limit)


async def _by_photo(store: Store, new: New) -> set[str]:
    """Cases with one of the photos, whenever: the same picture is never a coincidence."""
    wanted = [piece for photo in new.photos for piece in pieces(photo)]
    if not wanted:
        return set()
    fields = {"case_id": 1, "dhash": 1, "_id": 0}
    query = {"pieces": {"$in": wanted}, "case_id": {"$ne": new.case_id}}
    found: set[str] = set()
    async for row in store["evidence"].find(query, fields).limit(2000):
        if len(found) < MAX_OF_PHOTO and any(same(row["dhash"], photo) for photo in new.photos):
            found.add(row["case_id"])
    return found


async def _texts(store: Store, case_ids: list[str]) -> list[tuple[str, str]]:
    fields = {"case_id": 1, "facts.what": 1, "_id": 0}
    query = {"case_id": {"$in": case_ids}, "withdrawn": False}
    return [(tip["case_id"], tip["facts"]["what"]) async for tip in store["tips"].find(query, fields)]


def judged(new: New, row: Document, like: float, same_photo: bool) -> Candidate:
    """What speaks for it, the weightiest first. A place or a type alone is no reason: a street has many cases."""
    found = Candidate(row["_id"], like, score=like)
    keys = row["found_by"]
    if same_photo:
        found.add("照片相同", 0.6, enough=True)
    if like >= LIKE:
        found.add(f"文字相似度{like:.0%}", 0.0, enough=True)
    same_type = bool(new.types & {*row["decided_types"], *(kind["type"] for kind in row["types"])})
    metres = distance_m(new.spot, tuple(keys["spot"]["coordinates"])) if new.spot and keys.get("spot") else None
    grid = (row.get("location") or {}).get("grid")
    same_place = (metres is not None and metres <= NEAR_M) or (bool(new.grid) and new.grid == grid)
    if company := alike(new.company, keys["company"]):
        same_name = company == "单位名称相同"
        found.add(company, 0.3 if same_name else 0.2, enough=same_type or same_place or like >= LIKE / 2)
    if metres is not None and metres <= NEAR_M:
        found.add(f"相距约{max(10, round(metres, -1)):.0f}米", 0.15 * (1 - metres / NEAR_M) + 0.05)
    elif same_place:
        found.add("同一网格", 0.05)
    if same_type:
        found.add("违法类型相同", 0.1)
    return found


def distance_m(one: tuple[float, float], other: tuple[float, ...]) -> float:
    """Metres between two WGS-84 points (lng, lat) of the same city."""
    east = (other[0] - one[0]) * math.cos(math.radians(one[1]))
    return math.hypot(east, other[1] - one[1]) * METRES_PER_DEGREE
