"""What dispatchers decided about places, beside the words it was decided on; the ground on which new names are proposed.

The words are a tip's own, without identity, and nothing leads back to a case: only words that several cases share are
shown, with the sentences they stand in.
"""

import asyncio

from cases.intake import case_id_of
from cases.learning import nameless
from grid.places import Gazetteer
from grid.proposals import MIN_CASES, Proposal, Told, propose
from store.mongo import Store

MAX_CASES = 20_000  # the newest; a name that was said last year and not since can wait
_BATCH = 1_000


async def proposed_aliases(store: Store, gazetteer: Gazetteer, at_least: int = MIN_CASES) -> list[Proposal]:
    """New names with the cases that speak for and against them. Counting is done beside the event loop."""
    return await asyncio.to_thread(propose, gazetteer, await _decided(store), at_least)


async def _decided(store: Store) -> list[Told]:
    """Every case whose place a person confirmed, with what its own tip said. Withdrawn tips are left out."""
    corrected = {}
    async for row in store["corrections"].find().sort("at", 1):
        proposed, decided = row["proposed"], row["decided"]
        corrected[row["case_id"]] = any(proposed[key] != decided[key] for key in ("district", "street"))
    confirmed = store["cases"].find({"location.confirmed": True}, {"location": 1}).sort("created_at", -1)
    places = {case["_id"]: case["location"] async for case in confirmed.limit(MAX_CASES)}
    told = []
    ids = list(places)
    for start in range(0, len(ids), _BATCH):
        query = {"case_id": {"$in": ids[start : start + _BATCH]}, "withdrawn": False}
        async for tip in store["tips"].find(query, {"case_id": 1, "client_key": 1, "facts": 1}):
            case_id, facts = tip["case_id"], tip["facts"]
            place, wrong = places[case_id], corrected.get(case_id, False)
            if place["district"] and case_id_of(tip["client_key"]) == case_id:
                text = facts.get("place") or facts["what"]
                # What can be shown to people is gone through once more; the rest is only counted.
                told.append(Told(case_id, nameless(text) if wrong else text, place["district"], place["street"], wrong))
    return told
