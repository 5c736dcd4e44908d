"""Forgetting one reporter: what the vault holds of that person becomes noise, here and in every old backup.

The case goes on; it never held who reported. What goes: the sealed records and their keys, and the originals of the photos
(with camera and position), which only the evidence folder has. The cleaned photos and the redacted words are the case's.
"""

from dataclasses import dataclass

from access import audit
from access.vault_keys import SUBJECT
from cases.evidence import EvidenceFiles
from cases.receipts import grouped, plain_number
from store.errors import Conflict, NotFound, Refusal
from store.mongo import Session, Store

# A reward that is on its way needs the payee's data.
SETTLED_REWARDS = ("paid", "forfeited", "waived", "not_eligible")


class RewardOpen(Conflict):
    def __init__(self) -> None:
        super().__init__("这件举报还有没办完的奖励,先付清、放弃或到期后再清除。")


@dataclass(frozen=True)
class Forgotten:
    records: int
    originals: int


async def forget(store: Store, evidence: EvidenceFiles, number: str, reason: str, by: str) -> Forgotten:
    """Shred one tip's identity. `number` as typed. Raises `NotFound`, `RewardOpen`, `Refusal` (no reason)."""
    if not 5 <= len(reason.strip()) <= 300:
        raise Refusal("请用5到300个字写明清除的理由。", field="reason")
    tip = await store["tips"].find_one({"number": grouped(plain_number(number))}, {"_id": 1})
    if tip is None:
        raise NotFound("没有这个编号的举报。")
    of_tip = {"tip_id": tip["_id"]}

    async def write(session: Session) -> tuple[int, list[str]]:
        if await store["rewards"].find_one({**of_tip, "state": {"$nin": SETTLED_REWARDS}}, {"_id": 1}, session=session):
            raise RewardOpen
        photos = store["evidence"].find({**of_tip, "original": {"$gt": ""}}, {"original": 1}, session=session)
        originals = [row["original"] async for row in photos]
        await store["evidence"].update_many(of_tip, {"$unset": {"original": "", "position": ""}}, session=session)
        await store["reporter_keys"].delete_many(of_tip, session=session)
        gone = await store["vault"].delete_many(of_tip, session=session)
        await store["tips"].update_one(
            {"_id": tip["_id"]}, {"$set": {"has_contact": False, "forgotten": True}}, session=session
        )
        detail = {"records": gone.deleted_count, "originals": len(originals), "reason": reason.strip()}
        await audit.append(store, session, SUBJECT, "forget_reporter", by, detail)
        return gone.deleted_count, originals

    records, originals = await store.transaction(write)
    for name in originals:
        await evidence.remove(name)
    return Forgotten(records, len(originals))
