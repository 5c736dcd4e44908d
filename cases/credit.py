"""Credit events (信用记录) of an enterprise: what its verified cases led to, and what an officer enters."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from access import audit
from access.actors import Actor
from cases.inputs import MEASURE_KINDS, InvalidInput
from cases.orders import measure_words
from store.local_time import local_day
from store.mongo import Document, Session, Store

# Entered by an officer; the law is what each is decided by.
KINDS = {
    "serious_list": "列入安全生产严重失信主体名单",
    "removed": "移出安全生产严重失信主体名单",
    "repaired": "信用修复",
    "talk": "约谈",
    "warning": "通报批评",
}
PENAL = frozenset(MEASURE_KINDS) - {"rectify", "none_with_reason"}


async def events(store: Store, code: str, cases: Sequence[Document]) -> list[dict[str, Any]]:
    """Newest first: {on, words, text, case?}. `cases`: the verified cases of the enterprise."""
    found = [
        {"on": row["on"], "words": KINDS[row["kind"]], "text": row["text"], "case": None}
        async for row in store["credit_events"].find({"enterprise": code}).sort("on", -1).limit(100)
    ]
    for case in cases:
        for measure in case.get("measures") or []:
            if measure["kind"] in PENAL:
                text = measure["document_no"] or measure["law"]
                found.append(
                    {"on": measure["decided_on"], "words": measure_words(measure), "text": text, "case": case["_id"]}
                )
    shown = {"case_id": {"$in": [case["_id"] for case in cases]}, "kind": "exposure", "state": "published"}
    async for row in store["disclosures"].find(shown, {"case_id": 1, "published_at": 1}):
        on = local_day(row["published_at"]).isoformat()
        found.append({"on": on, "words": "公开曝光", "text": "", "case": row["case_id"]})
    return sorted(found, key=lambda row: row["on"], reverse=True)


async def record(store: Store, code: str, actor: Actor, *, kind: str, on: str, text: str) -> None:
    """An officer enters an event. Raises `InvalidInput`."""
    if kind not in KINDS:
        raise InvalidInput("事项：请从列表中选择。", field="kind")
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise InvalidInput("日期：请填写日期，例如 2026-11-24。", field="on") from None
    if day > local_day(datetime.now(UTC)):
        raise InvalidInput("日期：不能晚于今天。", field="on")
    if not 2 <= len(text) <= 300:
        raise InvalidInput("文号或说明：请填写2到300个字。", field="text")

    async def write(session: Session) -> None:
        row = {"enterprise": code, "kind": kind, "on": day.isoformat(), "text": text, "by": actor.id}
        await store["credit_events"].insert_one(row, session=session)
        detail = {"kind": kind, "on": day.isoformat()}
        await audit.append(store, session, f"enterprise:{code}", "record_credit", actor.id, detail)

    await store.transaction(write)
