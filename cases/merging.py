"""Two cases about one matter become one, and apart again when that was a mistake. Always a person's decision.

The tips move with their numbers, codes, answers and photos; nobody who reported notices more than a line of progress.
`merge_path` of a tip names the cases it was merged out of, the first one last: the way back.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from access.actors import Actor
from cases import clock_changes, notices, trail
from cases.found_by import next_due
from cases.inputs import InvalidInput, Merge, Unmerge
from cases.lifecycle import perform
from cases.states import CLOSED, STATE_NAMES, State
from store.errors import Refusal
from store.mongo import Document, Session, Store

# A merged case was still before its acceptance: these clocks ran, and run from receipt when it stands alone again.
RESUMED = ("accept_decision", "verify_close")


async def merge(
    store: Store, case_id: str, actor: Actor, into: str, version: int, now: datetime | None = None
) -> Document:
    """Attach this case's tips and photos to another case and close it as merged.

    Raises `InvalidInput` when the other case is none, the same, closed, of a district this person cannot see, or itself
    merged into this one.
    """
    moment = now or datetime.now(UTC)

    async def move_tips(session: Session, case: Document, data: Merge) -> None:
        other = await store["cases"].find_one({"_id": data.into}, session=session)
        await _refuse_target(store, session, case_id, other, actor)
        assert other is not None
        path = {"$concatArrays": [[case_id], {"$ifNull": ["$merge_path", []]}]}
        moved = [{"$set": {"case_id": data.into, "merge_path": path}}]
        await store["tips"].update_many({"case_id": case_id}, moved, session=session)
        await store["evidence"].update_many({"case_id": case_id}, {"$set": {"case_id": data.into}}, session=session)
        await trail.append(store, session, data.into, "take_in", actor.id, {"from_case": case_id}, moment)
        grown = {
            "$inc": {"version": 1, "tips": case["tips"], "photos": case["photos"]},
            # Danger reported by one of the reporters is danger.
            "$set": {"urgent": other["urgent"] or case["urgent"]},
        }
        await store["cases"].update_one({"_id": data.into}, grown, session=session)

    if not into:
        raise Refusal("并入的案件：请填写案件编号。", status=422, field="into")
    return await perform(store, case_id, "merge", actor, {"into": into}, version, now=moment, also=move_tips)


async def _refuse_target(store: Store, session: Session, case_id: str, other: Document | None, actor: Actor) -> None:
    if other is None or not actor.may_see_district((other.get("location") or {}).get("district")):
        raise InvalidInput("并入的案件：没有这个案件，请检查编号。", field="into")
    if other["_id"] == case_id:
        raise InvalidInput("并入的案件：不能并入自己。", field="into")
    if other["state"] == State.MERGED:
        last = await _last_of(store, session, other, case_id)
        if last == case_id:
            raise InvalidInput("并入的案件：对方已经并入本案，不能循环并案。", field="into")
        raise InvalidInput(f"并入的案件：对方已并入{last}，请填写{last}。", field="into")
    if other["state"] in CLOSED:
        name = STATE_NAMES[State(other["state"])]
        raise InvalidInput(f"并入的案件：对方已经是“{name}”，请选还在办理的案件。", field="into")


async def _last_of(store: Store, session: Session, case: Document, own: str) -> str:
    """Where the tips of a merged case are now. Ends at `own`, which this transaction has marked as merged already."""
    while case["_id"] != own and case.get("merged_into") and case["state"] == State.MERGED:
        found = await store["cases"].find_one(
            {"_id": case["merged_into"]}, {"merged_into": 1, "state": 1}, session=session
        )
        assert found is not None, "a case is merged into one that exists"
        case = found
    return str(case["_id"])


async def unmerge(
    store: Store, case_id: str, actor: Actor, text: str, version: int, now: datetime | None = None
) -> Document:
    """Take a merged case out again: its tips come back from wherever they are now, and its clocks run from receipt.

    Raises what `perform` raises.
    """
    moment = now or datetime.now(UTC)

    async def bring_back(session: Session, case: Document, data: Unmerge) -> None:
        fields = {"merge_path": 1, "case_id": 1}
        tips = await store["tips"].find({"merge_path": case_id}, fields, session=session).to_list(None)
        holders = {tip["case_id"] for tip in tips}
        for tip in tips:
            # What was merged into this case before still belongs to it.
            path = tip["merge_path"][tip["merge_path"].index(case_id) + 1 :]
            change = {"$set": {"case_id": case_id, "merge_path": path}}
            await store["tips"].update_one({"_id": tip["_id"]}, change, session=session)
        ids = [tip["_id"] for tip in tips]
        await store["evidence"].update_many({"tip_id": {"$in": ids}}, {"$set": {"case_id": case_id}}, session=session)
        for holder in sorted(holders):
            await trail.append(store, session, holder, "give_back", actor.id, {"to_case": case_id}, moment)
            counts = await _counts(store, session, holder)
            await store["cases"].update_one({"_id": holder}, {"$set": counts, "$inc": {"version": 1}}, session=session)
        clocks = _resumed(case["clocks"], case["last_action"]["at"])
        alone = {
            **await _counts(store, session, case_id), "clocks": clocks, "merged_into": None,
            "found_by.due": next_due({**case, "state": State.TRIAGE, "clocks": clocks}),
            # What came due in the meantime is looked at like everything else.
            "watch_at": notices.watch_at(clocks),
        }  # fmt: skip
        await store["cases"].update_one({"_id": case_id}, {"$set": alone}, session=session)

    return await perform(store, case_id, "unmerge", actor, {"text": text}, version, now=moment, also=bring_back)


def _resumed(clocks: list[Document], merged_at: datetime) -> list[Document]:
    return [
        {**clock, "ended_at": None} if clock["id"] in RESUMED and clock["ended_at"] == merged_at else clock
        for clock in clock_changes.copies(clocks)
    ]


async def _counts(store: Store, session: Session, case_id: str) -> dict[str, int]:
    standing, photos = {"case_id": case_id, "withdrawn": False}, {"case_id": case_id, "kind": "photo"}
    return {
        "tips": await store["tips"].count_documents(standing, session=session),
        "photos": await store["evidence"].count_documents(photos, session=session),
    }


def earliest_effective(tips: Sequence[dict[str, Any]]) -> str | None:
    """The id of the tip that is rewarded (最先有效举报): the first that was not withdrawn. `tips` in order of filing."""
    return next((tip["_id"] for tip in tips if not tip["withdrawn"]), None)
