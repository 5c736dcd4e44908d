"""The quarterly sweep (网格排查): every enterprise of a grid is visited once a quarter, with a record and photos.

A record is kept in `sweeps` as "2026Q4:code"; an enterprise without one is still to be visited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from access import audit
from access.actors import Actor, Role
from cases.credit_codes import plain_code
from cases.inputs import InvalidInput
from cases.model import StoredPhoto
from cases.quarters import Quarter, quarter_of
from store.errors import NotFound
from store.local_time import local_day
from store.mongo import Document, Session, Store

# What a complete visit holds; besides, at least one photo.
ITEMS = {
    "principal": "见到主要负责人或安全管理人员",
    "site": "到生产经营现场看过",
    "ledger": "看过隐患排查治理台账",
    "scheme": "看过内部报告奖励制度和公示",
    "hazards": "发现的隐患已记录、已告知整改（没有也要说明）",
}
MAX_PHOTOS = 9
MAX_LISTED = 1000
_RISK_ORDER = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}


@dataclass(frozen=True)
class Line:
    """One enterprise of the list, with its record of the quarter or None."""

    enterprise: Document
    sweep: Document | None

    @property
    def share(self) -> int:
        """Completeness in per cent: the items and one for photos."""
        if self.sweep is None:
            return 0
        return completeness(self.sweep["items"], self.sweep["photos"])


def completeness(items: Sequence[str], photos: int) -> int:
    return round(100 * (len(items) + (photos > 0)) / (len(ITEMS) + 1))


async def grids_of(store: Store, actor: Actor) -> list[str]:
    """The grids that this inspector answers for."""
    row = await store["inspectors"].find_one({"_id": actor.id}, {"grids": 1})
    return list(row["grids"]) if row else []


async def listed(store: Store, grids: Sequence[str], quarter: Quarter) -> list[Line]:
    """The enterprises in business of these grids: first those without a record, the riskiest first."""
    fields = {"grams": 0}
    query = {"grid": {"$in": list(grids)}, "active": True}
    rows = await store["enterprises"].find(query, fields).limit(MAX_LISTED).to_list(MAX_LISTED)
    done = {}
    async for sweep in store["sweeps"].find({"quarter": quarter.id, "grid": {"$in": list(grids)}}):
        done[sweep["enterprise"]] = sweep
    lines = [Line(row, done.get(row["_id"])) for row in rows]
    return sorted(lines, key=lambda line: (line.share, _RISK_ORDER[line.enterprise["risk"]], line.enterprise["name"]))


async def sweeps_of(store: Store, code: str, quarters: int = 8, today: date | None = None) -> list[Document]:
    """The last records of one enterprise, newest first."""
    quarter = quarter_of(today or local_day(datetime.now(UTC)))
    ids = []
    for _ in range(quarters):
        ids.append(f"{quarter.id}:{code}")
        quarter = quarter.before
    return sorted(await store["sweeps"].find({"_id": {"$in": ids}}).to_list(quarters), key=lambda row: row["_id"])[::-1]


async def find(store: Store, actor: Actor, code: str) -> Document:
    """The enterprise, if this person may record its sweep. Raises `NotFound`."""
    row = await store["enterprises"].find_one({"_id": plain_code(code), "active": True}, {"grams": 0})
    if row is None or not actor.may_see_district(row["district"]):
        raise NotFound("没有这个单位，或不在您的网格。")
    if not actor.has(Role.SUPERVISOR) and row["grid"] not in await grids_of(store, actor):
        raise NotFound("没有这个单位，或不在您的网格。")
    return row


@dataclass(frozen=True)
class Visit:
    """What the inspector enters. `items`: keys of `ITEMS`."""

    on: date
    items: tuple[str, ...]
    note: str


def checked(fields: Mapping[str, str], items: Sequence[str], quarter: Quarter, today: date) -> Visit:
    """Raises `InvalidInput`."""
    try:
        on = date.fromisoformat(fields.get("on", ""))
    except ValueError:
        raise InvalidInput("排查日期：请填写日期，例如 2026-11-24。", field="on") from None
    if on > today:
        raise InvalidInput("排查日期：不能晚于今天。", field="on")
    if not quarter.first <= on <= quarter.last:
        words = f"{quarter.first.isoformat()}至{quarter.last.isoformat()}"
        raise InvalidInput(f"排查日期：应在{quarter.zh}内（{words}）。", field="on")
    if unknown := [item for item in items if item not in ITEMS]:
        raise InvalidInput(f"排查内容：没有“{unknown[0][:20]}”这一项。", field="items")
    if not items:
        raise InvalidInput("排查内容：至少勾选一项。", field="items")
    note = fields.get("note", "")
    if len(note) > 1000:
        raise InvalidInput("说明：太长，最多1000个字。", field="note")
    return Visit(on, tuple(item for item in ITEMS if item in items), note)


async def record(
    store: Store, actor: Actor, enterprise: Document, quarter: Quarter, visit: Visit, photos: Sequence[StoredPhoto]
) -> Document:
    """Write or complete the record of the quarter; photos are added to those already there. Raises `InvalidInput`."""
    sweep_id = f"{quarter.id}:{enterprise['_id']}"
    moment = datetime.now(UTC)

    async def write(session: Session) -> Document:
        before = await store["sweeps"].find_one({"_id": sweep_id}, session=session)
        taken = before["photos"] if before else 0
        if taken + len(photos) > MAX_PHOTOS:
            raise InvalidInput(f"照片：每次排查最多{MAX_PHOTOS}张，已有{taken}张。", field="photos")
        row = {
            "quarter": quarter.id, "enterprise": enterprise["_id"], "name": enterprise["name"],
            "grid": enterprise["grid"], "district": enterprise["district"], "street": enterprise["street"],
            "on": visit.on.isoformat(), "by": actor.id, "items": list(visit.items), "note": visit.note,
            "photos": taken + len(photos), "at": moment,
        }  # fmt: skip
        row["complete"] = completeness(row["items"], row["photos"]) == 100
        await store["sweeps"].replace_one({"_id": sweep_id}, row, upsert=True, session=session)
        rows = [
            {"_id": f"{sweep_id}:{taken + n}", "kind": "sweep", "sweep": sweep_id, **asdict(photo)}
            for n, photo in enumerate(photos)
        ]
        if rows:
            await store["evidence"].insert_many(rows, session=session)
        detail = {"quarter": quarter.id, "checked_on": row["on"], "items": row["items"], "photos": row["photos"]}
        await audit.append(store, session, f"enterprise:{enterprise['_id']}", "record_sweep", actor.id, detail, moment)
        return {**row, "_id": sweep_id}

    return await store.transaction(write)


async def photo(store: Store, photo_id: str, actor: Actor) -> Document:
    """One photo of a sweep, for those who may see the enterprise. Raises `NotFound`."""
    row = await store["evidence"].find_one({"_id": photo_id, "kind": "sweep"})
    sweep = await store["sweeps"].find_one({"_id": row["sweep"]}, {"district": 1}) if row else None
    if row is None or sweep is None or not actor.may_see_district(sweep["district"]):
        raise NotFound("没有这张照片。")
    return row


@dataclass(frozen=True)
class Share:
    """`enterprises` in business, `done` with a record, `complete` with all items and a photo, `nowhere` without a grid."""

    district: str
    enterprises: int = 0
    done: int = 0
    complete: int = 0
    nowhere: int = 0

    @property
    def percent(self) -> str:
        return f"{self.done / self.enterprises:.0%}" if self.enterprises else "—"

    @property
    def left(self) -> int:
        return self.enterprises - self.done


def shares_pipeline() -> list[Document]:
    """Over enterprises; every field is in one index, so no record is read."""
    nowhere = {"$cond": [{"$eq": ["$grid", ""]}, 1, 0]}
    return [
        {"$match": {"active": True, "district": {"$gte": ""}}},
        {"$group": {"_id": "$district", "enterprises": {"$sum": 1}, "nowhere": {"$sum": nowhere}}},
    ]


async def shares(store: Store, quarter: Quarter) -> list[Share]:
    """Counted afresh, by district."""
    found = {row["_id"]: row for row in await store.aggregate("enterprises", shares_pipeline())}
    group = {"_id": "$district", "done": {"$sum": 1}, "complete": {"$sum": {"$cond": ["$complete", 1, 0]}}}
    for row in await store.aggregate("sweeps", [{"$match": {"quarter": quarter.id}}, {"$group": group}]):
        found.setdefault(row["_id"], {}).update(done=row["done"], complete=row["complete"])
    rows = []
    for district, row in sorted(found.items()):
        counts = {key: row.get(key, 0) for key in ("enterprises", "done", "complete", "nowhere")}
        # Some were swept and closed down afterwards.
        rows.append(Share(district, **{**counts, "enterprises": max(counts["enterprises"], counts["done"])}))
    return rows
