"""What dispatchers decided about places, beside the words it was decided on; the ground on which new names are proposed.

The words are a tip's own, without identity, and nothing leads back to a case: only words that several cases share are
shown, with the sentences they stand in.
"""

from collections.abc import AsyncIterator

from cases.learning import facts_that_were_read, nameless
from grid.places import Gazetteer
from grid.proposals import MIN_CASES, Proposal, Told, propose
from store.mongo import Store

MAX_CASES = 20_000  # the newest; a name that was said last year and not since can wait


async def proposed_aliases(store: Store, gazetteer: Gazetteer, at_least: int = MIN_CASES) -> list[Proposal]:
    """New names with the cases that speak for and against them."""
    return propose(gazetteer, [told async for told in _decided(store)], at_least)


async def _decided(store: Store) -> AsyncIterator[Told]:
    """Every case whose place a person confirmed. Withdrawn tips are left out."""
    corrected = {}
    async for row in store["corrections"].find().sort("at", 1):
        proposed, decided = row["proposed"], row["decided"]
        corrected[row["case_id"]] = any(proposed[key] != decided[key] for key in ("district", "street"))
    confirmed = store["cases"].find({"location.confirmed": True}, {"location": 1}).sort("created_at", -1)
    async for case in confirmed.limit(MAX_CASES):
        facts = await facts_that_were_read(store, case["_id"])
        place = case["location"]
        if facts and place["district"]:
            text = nameless(facts.get("place") or facts["what"])
            yield Told(case["_id"], text, place["district"], place["street"], corrected.get(case["_id"], False))
