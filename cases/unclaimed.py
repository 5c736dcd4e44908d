"""Cases that nobody answers for: an alarm at once, and again as long as nobody takes them. Never silence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from access.actors import Actor
from cases.queries import LISTED, district_limit, whole
from cases.states import State
from store.jobs import Job, enqueue
from store.mongo import Document, Session, Store

JOB = "unclaimed"
WAITING = (State.TRIAGE, State.ACCEPTED)


def is_unclaimed(case: Mapping[str, Any]) -> bool:
    """The chain of receivers came to its end, and nobody has taken the case since."""
    return case["state"] in WAITING and bool((case.get("route") or {}).get("alarm"))


async def alarms(store: Store, most: int) -> list[Document]:
    """Alarms that nobody has taken up, of cases that are still unclaimed; the newest first."""
    match = {"state": {"$in": list(WAITING)}, "route.alarm": True}
    about = [alarm_id(row["_id"]) async for row in store["cases"].find(match, {"_id": 1}).limit(500)]
    rows = store["alerts"].find({"_id": {"$in": about}, "taken_by": None})
    return await rows.sort("at", -1).to_list(most)


async def count(store: Store, actor: Actor) -> int:
    return await store["cases"].count_documents(_match(actor))


def alarm_id(case_id: str) -> str:
    return f"unclaimed:{case_id}"


async def queue(store: Store, actor: Actor) -> list[Document]:
    """The unclaimed cases, oldest first."""
    return [whole(row) for row in await store["cases"].find(_match(actor), LISTED).sort("created_at", 1).to_list(500)]


def _match(actor: Actor) -> Document:
    return {"state": {"$in": list(WAITING)}, "route.alarm": True, **district_limit(actor)}


@dataclass(frozen=True)
class UnclaimedAlarm:
    """`again`: how long a case may wait before its alarm is raised once more. The mail goes to `duty_mail`."""

    store: Store
    duty_mail: str
    again: timedelta

    async def raise_first(self, session: Session, case_id: str, route: Mapping[str, Any], now: datetime) -> None:
        """In the transaction that finds nobody."""
        row = {"at": now, "kind": JOB, "text": f"无人认领：{route['explanation']}", "case_id": case_id, "number": 1,
               "taken_by": None, "taken_at": None}  # fmt: skip
        await self.store["alerts"].update_one(
            {"_id": alarm_id(case_id)}, {"$setOnInsert": row}, upsert=True, session=session
        )
        await self._tell(session, case_id, 1, now)

    async def run(self, payload: Document, job: Job) -> None:
        """The job that looks again. Each alarm has a number, so one that is run twice is raised once."""
        case_id, number, now = payload["case_id"], payload["number"], datetime.now(UTC)

        async def look(session: Session) -> None:
            case = await self.store["cases"].find_one({"_id": case_id}, session=session)
            if case is None or not is_unclaimed(case):
                return
            # Whoever said “我来接手” did not get it done: the alarm stands on the desk again.
            change = {"at": now, "number": number, "taken_by": None, "taken_at": None}
            raised = await self.store["alerts"].update_one(
                {"_id": alarm_id(case_id), "number": number - 1}, {"$set": change}, session=session
            )
            if raised.modified_count:
                await self._tell(session, case_id, number, now)

        await self.store.transaction(look)

    async def _tell(self, session: Session, case_id: str, number: int, now: datetime) -> None:
        """The mail of this alarm, and the look after it."""
        fields = {"case_id": case_id, "number": str(number)}
        mail = {"to": self.duty_mail, "template": "unclaimed", "fields": fields}
        await enqueue(self.store, session, kind="mail", key=f"unclaimed:{case_id}:{number}", payload=mail)
        look = {"case_id": case_id, "number": number + 1}
        key = f"{case_id}:{number + 1}"
        await enqueue(self.store, session, kind=JOB, key=key, payload=look, due=now + self.again)
