"""The lists of the finance and audit pages: rewards, ledger entries, openings of the vault."""

from cases.queries import LISTED, whole
from cases.states import State
from store.errors import NotFound, Refusal
from store.mongo import Document, Store


def without_reward_pipeline(limit: int = 200) -> list[Document]:
    """Substantiated and answered cases whose tips have no reward record yet (nor a decision against one)."""
    return [
        {
            "$match": {
                "state": {"$in": [State.REPLIED, State.RECTIFIED]},
                "finding.result": {"$in": ["substantiated", "partly"]},
            }
        },
        {"$sort": {"created_at": 1}},
        {"$lookup": {"from": "rewards", "localField": "_id", "foreignField": "case_id", "as": "rewards"}},
        {"$match": {"rewards": []}},
        {"$limit": limit},
        {"$project": LISTED},
    ]


async def without_reward(store: Store) -> list[Document]:
    return [whole(row) for row in await store.aggregate("cases", without_reward_pipeline())]


async def rewards_of(store: Store, case_id: str) -> list[Document]:
    return await store["rewards"].find({"case_id": case_id}).sort("created_at", 1).to_list(100)


async def open_appeals(store: Store) -> list[Document]:
    """Rewards whose reporter objected and nobody has decided about it, oldest first."""
    query = {"appeal.decided": None, "appeal.on": {"$type": "string"}}
    return await store["rewards"].find(query).sort("appeal.on", 1).to_list(200)


async def unfiled(store: Store) -> list[Document]:
    """Approved rewards that were not filed with the superior yet (备案), oldest first."""
    query = {"state": {"$in": ["approved", "notified", "claimed", "paying", "paid"]}, "filing": None}
    return await store["rewards"].find(query).sort("created_at", 1).to_list(200)


async def opening(store: Store, opening_id: str) -> Document:
    """One request to open the vault. Raises `NotFound`."""
    found = await store["vault_openings"].find_one({"_id": opening_id})
    if found is None:
        raise NotFound("没有这份申请。")
    return found


async def openings(store: Store, state: str) -> list[Document]:
    return await store["vault_openings"].find({"state": state}).sort("requested_at", 1).to_list(200)


async def openings_of(store: Store, ref: str) -> list[Document]:
    """All requests for one record, the newest first."""
    return await store["vault_openings"].find({"ref": ref}).sort("requested_at", -1).to_list(50)


async def recent_openings(store: Store) -> list[Document]:
    return await store["vault_openings"].find().sort("requested_at", -1).to_list(200)


async def key_holders(store: Store) -> set[str]:
    """Account ids of the officers who can open the vault."""
    row = await store["vault_keys"].find_one({"_id": "finance"}, {"officers": 1})
    return set(row["officers"]) if row else set()


async def finance_officers(store: Store) -> list[Document]:
    query = {"roles": "finance", "disabled": False}
    return await store["accounts"].find(query, {"name": 1, "login": 1}).sort("_id", 1).to_list(200)


async def require_finance_officer(store: Store, account_id: str) -> None:
    if account_id not in [row["_id"] for row in await finance_officers(store)]:
        raise Refusal("请从列表中选择一位财务人员。", status=422, field="colleague")


async def ledger_entries(
    store: Store, before: int | None, limit: int, *, kind: str = "", claim: str = ""
) -> list[Document]:
    """Entries below number `before`, the newest first, of one kind or about one reward when asked."""
    query: Document = {} if before is None else {"_id": {"$lt": before}}
    if claim:
        query["claim"] = claim
    if kind:
        query["kind"] = kind
    return await store["ledger_entries"].find(query).sort("_id", -1).to_list(limit)


async def budget_entries(store: Store, jurisdiction: str) -> list[Document]:
    """What was given, taken back and closed, the newest first."""
    query = {"claim": None, "jurisdiction": jurisdiction}
    return await store["ledger_entries"].find(query).sort("_id", -1).to_list(200)


async def public_numbers(store: Store, reward_ids: set[str]) -> dict[str, str]:
    """Reward id → the number by which people know it."""
    found = store["rewards"].find({"_id": {"$in": sorted(reward_ids)}}, {"public_number": 1})
    return {row["_id"]: row["public_number"] async for row in found}


async def disclosable(store: Store) -> list[Document]:
    """Substantiated cases after the reply, the newest first: each may become a draft of some kind."""
    query = {
        "state": {"$in": [State.REPLIED, State.RECTIFIED, State.REWARDED, State.DISCLOSED]},
        "finding.result": {"$in": ["substantiated", "partly"]},
    }
    found = store["cases"].find(query, LISTED).sort("created_at", -1)
    return [whole(row) for row in await found.to_list(200)]


async def to_notice(store: Store) -> list[Document]:
    """Rewards whose reporter could not be reached and that nobody has called in public yet, oldest first."""
    query = {"state": "notified", "unreachable": {"$ne": None}, "notice_on": None}
    return await store["rewards"].find(query).sort("claim_due", 1).to_list(200)


async def reward_to_tell(store: Store, case_id: str, reward_id: str = "") -> Document | None:
    """The reward that a disclosure speaks of: the asked one, else the earliest that waits to be claimed or was paid."""
    query = {"case_id": case_id, "state": {"$in": ["notified", "paid"]}}
    if reward_id:
        query["_id"] = reward_id
    found = await store["rewards"].find(query).sort("created_at", 1).to_list(1)
    return found[0] if found else None
