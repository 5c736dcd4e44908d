"""Measure lists, searches, counts and duplicates in a made-up city of 10,000 and 100,000 cases, and of a million if asked.

`python -m tests.city_bench [sizes…]` (e.g. `10000 100000 1000000`) starts a MongoDB of its own in a temporary folder, or uses
MONGODB_URI with databases that are dropped afterwards. It prints one JSON object a line and at last how each grew.
"""

import asyncio
import json
import math
import random
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from access.actors import Actor, Role
from access.vault import Vault
from access.vault_keys import create_vault_keys
from cases import (
    bulletin,
    checks,
    duplicates,
    enterprises,
    queries,
    regularities,
    relations,
    statistics,
    sweeps,
    tallies,
    unclaimed,
)
from cases.bulletin import Week
from cases.credit import events
from cases.enterprises import Search
from cases.intake import Intake
from cases.made_up_city import City, fill
from cases.quarters import month_of, next_month, quarter_of
from cases.queries import Filter
from cases.ranking import ranking
from cases.receipts import Receipts
from cases.regularities import Period
from cases.states import State
from grid.service import Locator
from rewards import disclosures, lists, record
from rewards.disclosures import DisclosureState
from store.local_time import local_day
from store.migrations import migrate
from store.mongo import Document, Store
from store.temporary import temporary_store

CITY = Path(__file__).parent.parent / "grid" / "qingdao"
SIZES = (10_000, 100_000)
TIMES = 60
DISPATCHER = Actor("dispatcher", "", frozenset({Role.DISPATCHER}))
SUPERVISOR = Actor("supervisor", "", frozenset({Role.SUPERVISOR}))
WAITING = (State.RETURNED, State.CONCLUDED, State.REPLIED, State.RECTIFIED, State.REWARDED, State.DISCLOSED)
Query = Callable[[], Awaitable[Any]]


def measured_queries(store: Store, city: City, rng: random.Random, known: list[Document]) -> dict[str, Query]:
    """Name → one query with parameters chosen anew each time. `known`: some cases to ask about."""
    now = city.now
    today, month = local_day(now), month_of(local_day(now))
    districts = sorted({ground.district for ground in city.where})

    def district() -> str:
        return rng.choice(districts)

    def at_home() -> Actor:
        return Actor("s", "", frozenset({Role.SUPERVISOR}), district())

    def inspector() -> Actor:
        one = rng.choice(city.where).inspector
        return Actor(one.id, one.name, frozenset({Role.INSPECTOR}), one.district)

    def desk(**chosen: Any) -> Awaitable[Any]:
        return queries.desk(store, Filter(**chosen), DISPATCHER)

    def kind() -> str:
        return rng.choice(rng.choice(known)["decided_types"] or ["exit_blocked_locked"])

    async def case_page() -> None:
        case = await queries.case_for(store, rng.choice(known)["_id"], DISPATCHER)
        await queries.tips_of(store, case["_id"])
        await queries.photos_of(store, case["_id"])
        await queries.audit_of(store, case["_id"])
        await relations.proposed_enterprises(store, case)
        await relations.earlier_cases(store, case, DISPATCHER)

    async def enterprise_page() -> None:
        code = rng.choice(city.firms).code
        found = await relations.cases_of(store, code, SUPERVISOR)
        await events(store, code, found)
        await sweeps.sweeps_of(store, code)

    async def my_sweeps() -> None:
        await sweeps.listed(store, await sweeps.grids_of(store, inspector()), quarter_of(today))

    def duplicate(photo: bool = False) -> Awaitable[Any]:
        case = rng.choice(known)
        facts = {"what": case["what"], "company": case["company"]}
        photos = [case["dhash"]] if photo and case["dhash"] else []
        return duplicates.candidates(store, "", facts, case["location"], case["decided_types"], photos)

    def search(text: str) -> Awaitable[Any]:
        return enterprises.search(store, Search(text), DISPATCHER)

    every = tuple(State)
    return {
        "desk: waiting": lambda: desk(),
        "desk: waiting, one district": lambda: desk(district=district()),
        "desk: waiting, one type": lambda: desk(type=kind()),
        "desk: unclaimed": lambda: unclaimed.queue(store, DISPATCHER),
        "desk: page 10": lambda: desk(page=10),
        "desk: all, newest": lambda: desk(states=every),
        "desk: archived, one district": lambda: desk(states=(State.ARCHIVED,), district=district()),
        "desk: all of one type": lambda: desk(states=every, type=kind()),
        "desk: all, page 20": lambda: desk(states=every, page=20),
        "case page with relations": case_page,
        "inspector: my orders": lambda: queries.orders(store, inspector()),
        "inspector: re-checks": lambda: queries.rechecks(store, inspector()),
        "inspector: my sweeps": my_sweeps,
        "supervisor: late and nearly late, city": lambda: queries.pressing(store, SUPERVISOR),
        "supervisor: late and nearly late, district": lambda: queries.pressing(store, at_home()),
        "supervisor: waiting for a decision": lambda: queries.supervised(store, SUPERVISOR, WAITING),
        "supervisor: objections": lambda: queries.appeals(store, SUPERVISOR),
        "supervisor: planned checks": lambda: checks.planned(store, SUPERVISOR),
        "finance: verified, without a reward": lambda: lists.without_reward(store),
        "finance: told to come": lambda: record.in_states(store, record.State.NOTIFIED),
        "publisher: what may be published": lambda: lists.disclosable(store),
        "publisher: published": lambda: disclosures.in_states(store, DisclosureState.PUBLISHED),
        "leader: overview": lambda: statistics.overview(store, SUPERVISOR),
        "sweeps done by district": lambda: tallies.sweep_shares(store, quarter_of(today)),
        "monthly ranking": lambda: ranking(store, next_month(month, -rng.randrange(12)), districts),
        "regularities, a year": lambda: regularities.look(store, SUPERVISOR, Period.read({}, today)),
        "regularities of a grid": lambda: regularities.grid_detail(
            store, SUPERVISOR, rng.choice(city.where).code, Period.read({}, today)
        ),
        "weekly bulletin": lambda: bulletin.collect(store, "", districts, Week.read("", today), now),
        "late cases by district": lambda: bulletin.late_by_district(store, now),
        "register: list": lambda: search(""),
        "register: by part of a name": lambda: search(rng.choice(city.firms).name[2:6]),
        "register: by two letters": lambda: search(rng.choice(city.firms).name[2:4]),
        "register: by a common word": lambda: search("有限公司"),
        "register: by code": lambda: search(rng.choice(city.firms).code[:12]),
        "enterprise page": enterprise_page,
        "duplicates: text, place, company": lambda: duplicate(),
        "duplicates: with a photo": lambda: duplicate(photo=True),
    }


async def timed(query: Query, times: int = TIMES) -> tuple[float, float]:
    """(median, 95th percentile) in ms; the first three are for warming up."""
    for _ in range(3):
        await query()
    took = []
    for _ in range(times):
        begun = perf_counter()
        await query()
        took.append((perf_counter() - begun) * 1000)
    took.sort()
    return took[len(took) // 2], took[math.ceil(len(took) * 0.95) - 1]


async def some_cases(store: Store, count: int = 400) -> list[Document]:
    """Cases of all ages with the words of their tip and their photo."""
    fields = {"decided_types": 1, "company": 1, "location": 1, "photos": 1}
    found = await store.aggregate(
        "cases", [{"$match": {"location": {"$ne": None}}}, {"$sample": {"size": count}}, {"$project": fields}]
    )
    for case in found:
        tip = await store["tips"].find_one({"case_id": case["_id"]})
        photo = await store["evidence"].find_one({"case_id": case["_id"]})
        case["what"], case["dhash"] = (tip or {"facts": {"what": ""}})["facts"]["what"], photo["dhash"] if photo else ""
    return found


async def rewards_and_disclosures(store: Store) -> None:
    """What finance and publisher look at: one for most verified cases, made by the database itself."""
    verified: Document = {"finding.result": {"$in": ["substantiated", "partly"]}}
    answered = {"$in": ["$state", ["replied", "rectified"]]}
    reward = {
        "case_id": "$_id", "tip_id": "$_id", "public_number": "$_id", "created_at": 1, "amount_fen": {"$literal": 300_000},
        "state": {"$cond": [answered, "notified", "paid"]},
    }  # fmt: skip
    # Every other of those that wait for a reward has none yet.
    match = {
        **verified,
        "$or": [
            {"state": {"$in": ["rewarded", "archived"]}},
            {"_id": {"$gt": "G"}, "state": {"$in": ["replied", "rectified"]}},
        ],
    }
    await store.aggregate("cases", [{"$match": match}, {"$project": reward}, {"$merge": "rewards"}])
    shown = {
        "case_id": "$_id", "public_number": "$_id", "created_at": 1, "published_at": "$created_at",
        "state": {"$literal": "published"}, "kind": {"$literal": "exposure"},
    }  # fmt: skip
    match = {**verified, "state": "archived", "penalty_fen": {"$gt": 0}}
    await store.aggregate("cases", [{"$match": match}, {"$project": shown}, {"$merge": "disclosures"}])


async def measure(store: Store, cases: int) -> dict[str, float]:
    """Build the city, measure, print; p95 by query."""
    locator = Locator.for_demonstration(CITY)
    await create_vault_keys(store, [])
    begun = perf_counter()
    async with Intake(store, Receipts(b"f" * 32, b"l" * 32), await Vault.open(store), b"c" * 32) as intake:
        firms = max(1000, min(100_000, cases // 10))
        city = await fill(store, intake, locator, cases=cases, firm_count=firms, seed=12350)
    rows = [
        {"_id": one.id, "name": one.name, "email": one.email, "district": one.district, "street": one.street,
         "grids": list(one.grids), "active": True, "deputy": None}
        for one in {ground.inspector.id: ground.inspector for ground in city.where}.values()
    ]  # fmt: skip
    await store["inspectors"].insert_many(rows)
    written = perf_counter()
    await migrate(store)
    await rewards_and_disclosures(store)
    indexed = perf_counter()
    months = await tallies.refresh(store, datetime.now(UTC), every=timedelta(0))
    await tallies.count_enterprises(store, [firm.code for firm in city.firms])
    counted = perf_counter()
    _print(
        {"measure": "made-up city", "cases": cases, "enterprises": firms, "write_s": round(written - begun, 1),
         "index_s": round(indexed - written, 1), "count_all_months_s": round(counted - indexed, 1), "months": len(months)}
    )  # fmt: skip
    rng = random.Random(1)
    known = await some_cases(store)
    results = {}
    for name, query in measured_queries(store, city, rng, known).items():
        median, worst = await timed(query)
        results[name] = worst
        line = {
            "measure": "query",
            "cases": cases,
            "query": name,
            "p50_ms": round(median, 1),
            "p95_ms": round(worst, 1),
        }
        _print(line)
    begun = perf_counter()
    await tallies.write_month(store, next_month(month_of(local_day(city.now)), -1))
    _print({"measure": "count one month again", "cases": cases, "seconds": round(perf_counter() - begun, 2)})
    return results


def grown(results: dict[int, dict[str, float]]) -> list[Document]:
    """How each query grew from the smallest city to the largest, beside the growth of a logarithm."""
    sizes = sorted(results)
    logarithm = round(math.log(sizes[-1]) / math.log(sizes[0]), 2)
    rows = []
    for name, first in results[sizes[0]].items():
        last = results[sizes[-1]][name]
        row: Document = {
            "measure": "growth",
            "query": name,
            **{f"{size:,}": round(results[size][name], 1) for size in sizes},
        }
        rows.append(row | {"times": round(last / max(first, 0.1), 1), "logarithm": logarithm})
    return rows


def _print(line: Document) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


async def main(sizes: list[int]) -> None:
    results: dict[int, dict[str, float]] = {}
    for size in sizes:
        async with temporary_store() as store:
            results[size] = await measure(store, size)
    if len(results) > 1:
        for row in grown(results):
            _print(row)


if __name__ == "__main__":
    asyncio.run(main([int(size) for size in sys.argv[1:]] or list(SIZES)))
