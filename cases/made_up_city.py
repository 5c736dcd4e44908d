"""A made-up city, always the same for a seed: a few dozen cases to try the program with, or a million to measure it.

Few cases are carried out step by step by the lifecycle's own `plan`, with their whole audit trail. For a million, some
hundred lives are carried out that way and copied with other days, places, types and companies; of their trail only the
first entry is kept, so such a database is for measuring and not for `ledger verify`.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from access.actors import SYSTEM
from cases import checks, enterprises, notices, photo_likeness, sweeps, tallies
from cases.actions import is_substantiated
from cases.enterprises import Enterprise
from cases.found_by import found_by
from cases.intake import Intake
from cases.made_up_firms import Ground, firms, grounds
from cases.made_up_stories import ENDS, Setting, kinds_by_weight, live, location_of, opening_day, steps
from cases.made_up_texts import sentence
from cases.model import Filing
from cases.quarters import quarter_of
from cases.receipts import ALPHABET
from grid.service import Locator
from store.jobs import Job
from store.local_time import local_day
from store.mongo import Document, Session, Store

DAY = timedelta(days=1)
BATCH = 2000
LIVES = 60
_ISO_DAY = re.compile(r"20\d\d-\d\d-\d\d")


@dataclass(frozen=True)
class City:
    """What the cases are made of."""

    where: list[Ground]
    firms: list[Enterprise]
    locator: Locator
    rng: random.Random
    now: datetime

    @classmethod
    def build(
        cls, locator: Locator, seed: int, firm_count: int, now: datetime, most_grids: int | None = None
    ) -> "City":
        rng = random.Random(seed)  # noqa: S311 (invented people, no secrets)
        roster = [inspector for grid in locator.grid_index.grids for inspector in locator.roster.of_grid(grid.code)[:1]]
        where = grounds(locator.grid_index.grids, roster, rng)
        if most_grids and len(where) > most_grids:
            # The demonstration inspectors are the first ones: they should have something to do.
            where = where[:8] + rng.sample(where[8:], most_grids - 8)
        return cls(where, firms(where, firm_count, rng), locator, rng, now)

    def settings(self) -> Iterator[Setting]:
        """Where cases happen: more in some grids, at some firms and of some types than in others."""
        names, weights = kinds_by_weight(self.rng)
        by_place = {ground.code: ground for ground in self.where}
        busy = self.rng.sample(self.where, len(self.where))
        heat = [1 / (place + 4) for place in range(len(busy))]
        crowd = [1 / (place + 10) for place in range(len(self.firms))]
        while True:
            for firm, ground, kind in zip(
                self.rng.choices(self.firms, crowd, k=500), self.rng.choices(busy, heat, k=500),
                self.rng.choices(names, weights, k=500), strict=True,
            ):  # fmt: skip
                known = self.rng.random() < 0.45
                ground = by_place[firm.grid] if known else ground
                point = self.rng.choice(ground.points)
                types = (kind, self.rng.choice(names)) if self.rng.random() < 0.15 else (kind,)
                company = firm.name if known else ""
                yield Setting(ground, point, tuple(dict.fromkeys(types)), company, firm.code if known else None)

    def words(self, setting: Setting) -> str:
        return f"{setting.ground.street}{setting.company}{sentence(setting.types[0], self.rng)}"


# ---- few cases, whole


async def furnish(store: Store, intake: Intake, locator: Locator, *, cases: int, firm_count: int, seed: int) -> None:
    """Write the demonstration: register, sweeps, cases with their trail, planned checks, tallies. Once for a database."""
    if await store["cases"].find_one({}, {"_id": 1}) or await store["enterprises"].find_one({}, {"_id": 1}):
        return
    now = datetime.now(UTC)
    city = City.build(locator, seed, firm_count, now, most_grids=40)
    rows: dict[str, list[Document]] = {"tips": [], "cases": [], "audit": []}
    settings = city.settings()
    for number in range(cases):
        for name, documents in _life(city, intake, next(settings), f"{seed}:{number}").items():
            rows[name] += documents
    rows["sweeps"] = _sweeps(city, now)

    async def write(session: Session) -> None:
        await enterprises.write_all(store, session, city.firms, SYSTEM, now)
        for name, documents in rows.items():
            await store[name].insert_many(documents, session=session, ordered=False)

    await store.transaction(write)
    for case in rows["cases"]:
        if is_substantiated(case) and case.get("enterprise"):
            await checks.plan(store, {"case_id": case["_id"]}, Job("demonstration", "plan_check", {}, 0))
    # What was planned long ago was done; the newest are still to be made.
    long_ago = (local_day(now) - 10 * DAY).isoformat()
    made = {"done_by": "demonstration", "result": "good", "done_on": long_ago}
    await store["checks"].update_many({"planned_on": {"$lt": long_ago}}, {"$set": made})
    await tallies.refresh(store, now, every=timedelta(0))


def _life(city: City, intake: Intake, setting: Setting, key: str) -> dict[str, list[Document]]:
    rng = city.rng
    opened = opening_day(city.now, 200, rng)
    filing = Filing(
        client_key=f"demonstration-{key.replace(':', '-')}-{rng.getrandbits(64):016x}",
        channel=rng.choice(("chat", "form", "hotline", "wechat")), what=city.words(setting),
        place=setting.ground.street, company=setting.company, ongoing="yes",
    )  # fmt: skip
    filed = intake.prepared(filing, opened)
    stages = [(filed.case, filed.audit_entry)]
    end = rng.choices(list(ENDS), list(ENDS.values()))[0]
    story = steps(setting, end, local_day(opened), city.locator, rng)
    stages += live(filed.case, story, opened, city.now)
    case = stages[-1][0]
    tip = {**filed.tip, "withdrawn": case["state"] == "withdrawn"}
    return {"tips": [tip], "cases": [case], "audit": [entry for _, entry in stages]}


def _sweeps(city: City, now: datetime) -> list[Document]:
    """Sweeps of this quarter and the one before; the better part of them done."""
    made = []
    this = quarter_of(local_day(now))
    for quarter, share in ((this.before, 0.9), (this, 0.5)):
        for firm in city.firms:
            if city.rng.random() > share:
                continue
            on = min(local_day(now), quarter.first + timedelta(days=city.rng.randrange(80)))
            items = list(sweeps.ITEMS)[: city.rng.choice((3, 4, 5, 5))]
            made.append(
                {
                    "_id": f"{quarter.id}:{firm.code}", "quarter": quarter.id, "enterprise": firm.code, "name": firm.name,
                    "grid": firm.grid, "district": firm.district, "street": firm.street, "on": on.isoformat(),
                    "by": "demonstration", "items": items, "note": "", "photos": 0, "at": now, "complete": False,
                }
            )  # fmt: skip
    return made


# ---- very many, copied


@dataclass(frozen=True)
class Life:
    """A life carried out once: how long after receipt each stage began, and the case as it stood then."""

    received: datetime
    stages: list[tuple[timedelta, Document]]

    def at_age(self, age: timedelta) -> Document:
        return next(case for after, case in reversed(self.stages) if after <= age)


async def fill(
    store: Store, intake: Intake, locator: Locator, *, cases: int, firm_count: int, seed: int, years: float = 5
) -> City:
    """Write a register and `cases` cases of the last years with their tips and some photos. For an empty database."""
    city = City.build(locator, seed, firm_count, datetime.now(UTC))
    now = city.now
    rows = [
        {**enterprises.document(firm), "version": 1, "cases": 0, "verified": 0, "last_verified_on": None,
         "updated_at": now, "updated_by": SYSTEM.id}
        for firm in city.firms
    ]  # fmt: skip
    await _insert(store, {"enterprises": rows, "sweeps": _sweeps(city, now)})
    lives, tip = _lives(city, intake)
    settings = city.settings()
    batch: dict[str, list[Document]] = {"cases": [], "tips": [], "evidence": [], "audit": []}
    for number, stood in enumerate(_days(city, lives, cases, round(years * 365))):
        copy = _copied(city, stood, next(settings), number)
        batch["cases"].append(copy)
        batch["tips"].append(_tip(city, tip, copy, number))
        batch["audit"].append(_entry(copy))
        if copy["photos"]:
            batch["evidence"].append(_photo(city, copy))
        if len(batch["cases"]) >= BATCH:
            await _insert(store, batch)
            batch = {name: [] for name in batch}
    await _insert(store, batch)
    return city


async def _insert(store: Store, rows: dict[str, list[Document]]) -> None:
    for name, documents in rows.items():
        for start in range(0, len(documents), BATCH):
            await store[name].insert_many(documents[start : start + BATCH], ordered=False)


def _lives(city: City, intake: Intake) -> tuple[list[Life], Document]:
    """Some hundred lives and a tip to copy. Received long ago, so that each came to its end."""
    settings, lives = city.settings(), []
    received = (city.now - 400 * DAY).replace(microsecond=0)
    filed = None
    for number in range(LIVES):
        setting = next(settings)
        filing = Filing(client_key=f"made-up-life-{number:08}", channel="form", what=city.words(setting))
        filed = intake.prepared(filing, received)
        end = city.rng.choices(list(ENDS), list(ENDS.values()))[0]
        story = steps(setting, end, local_day(received), city.locator, city.rng)
        stages = [(timedelta(0), filed.case)]
        stages += [
            (case["last_action"]["at"] - received, case) for case, _ in live(filed.case, story, received, city.now)
        ]
        lives.append(Life(received, stages))
    assert filed is not None
    return lives, filed.tip


def _days(city: City, lives: list[Life], cases: int, days: int) -> Iterator[Document]:
    """Cases as they stand now, the oldest first. Those of one day with the same life are alike until `_copied`."""
    for day in range(days, 0, -1):
        today: dict[int, Document] = {}
        for _ in range(cases * (days - day + 1) // days - cases * (days - day) // days):
            which = city.rng.randrange(len(lives))
            if which not in today:
                life = lives[which]
                # Whole days, so that each life keeps its times of day.
                moved = timedelta(days=(city.now - life.received).days - day + 1)
                if life.received + moved > city.now:
                    moved -= DAY
                stood = life.at_age(city.now - life.received - moved)
                # What it is found by follows from the rest, and is made anew for each copy.
                today[which] = shifted({key: value for key, value in stood.items() if key != "found_by"}, moved)
            yield today[which]


def _copied(city: City, stood: Document, setting: Setting, number: int) -> Document:
    case, ground = dict(stood), setting.ground
    case |= {
        "_id": _case_id(number), "company": setting.company, "enterprise": setting.enterprise,
        "urgent": city.rng.random() < 0.02, "photos": int(city.rng.random() < 0.3),
        "types": [{"type": kind, "confidence": 0.8, "words": []} for kind in setting.types],
    }  # fmt: skip
    if case["location"]:
        case["location"] = asdict(location_of(setting))
    if case["decided_types"]:
        case["decided_types"] = list(setting.types)
    if case["inspector_id"]:
        case["inspector_id"] = ground.inspector.id
    if case["reply"] and city.rng.random() < 0.01:
        # An objection that waits, or one that was decided about.
        fresh = city.now - case["last_action"]["at"] < 20 * DAY
        case["appeals"] = [
            {"kind": "objection", "message": "m", "on": case["opened_on"], "decided": None if fresh else {}}
        ]
    if look := notices.watch_at(case["clocks"]):
        case["watch_at"] = look
    case["found_by"] = found_by(case)
    return case


def shifted(value: Any, by: timedelta) -> Any:
    """The same with every moment and every day moved."""
    if isinstance(value, dict):
        return {key: shifted(inner, by) for key, inner in value.items()}
    if isinstance(value, list):
        return [shifted(inner, by) for inner in value]
    if isinstance(value, datetime):
        return value + by
    if isinstance(value, str) and len(value) == 10 and _ISO_DAY.fullmatch(value):
        return (date.fromisoformat(value) + by).isoformat()
    return value


def _case_id(number: int) -> str:
    """Each number another of the 2^50 ids; neighbours are far apart."""
    value = (number * 0x2545F4914F6CD + 0x1234567) % (1 << 50)
    letters = "".join(ALPHABET[(value >> (5 * place)) & 31] for place in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def _tip(city: City, like: Document, case: Document, number: int) -> Document:
    setting = Setting(city.where[0], (0, 0), tuple(row["type"] for row in case["types"]), case["company"], None)
    facts = {**like["facts"], "what": city.words(setting), "company": case["company"]}
    return {
        **like, "_id": f"t{number:024x}", "number": f"{number:012}", "client_key": f"{number:064x}",
        "case_id": case["_id"], "facts": facts, "filed_at": case["created_at"],
        "withdrawn": case["state"] == "withdrawn",
    }  # fmt: skip


def _entry(case: Document) -> Document:
    return {
        "_id": f"{case['_id']}:1", "subject": case["_id"], "seq": 1, "at": case["created_at"], "action": "file",
        "actor": "reporter", "detail": {"channel": case["channel"]}, "prev": "0" * 64, "hash": "0" * 64,
    }  # fmt: skip


def _photo(city: City, case: Document) -> Document:
    dhash = f"{city.rng.getrandbits(64):016x}"
    return {
        "_id": f"{case['_id']}-0", "tip_id": case["_id"], "case_id": case["_id"], "kind": "photo", "file": "", "thumb": "",
        "original": "", "original_sha256": dhash * 4, "dhash": dhash, "width": 800, "height": 600, "position": None,
        "pieces": photo_likeness.pieces(dhash),
    }  # fmt: skip
