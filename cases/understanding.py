"""The first job of every case: what kind of violation, where, who answers for it, was it reported before."""

from dataclasses import asdict
from datetime import UTC, date, datetime

import structlog

from access.actors import SYSTEM
from cases import duplicates
from cases.lifecycle import WrongState, perform
from cases.loads import open_orders
from cases.places import with_choice_of_place
from cases.rasa import RasaClient, RasaDown
from cases.unclaimed import UnclaimedAlarm
from grid.coordinates import Point
from grid.receivers import load_matters
from grid.service import Locator
from store.jobs import Job, Postpone
from store.mongo import Document, Session, Store

log = structlog.get_logger(__name__)

# Below this the proposal is shown to the dispatcher as "unclassified".
LOW_CONFIDENCE = 0.35
MAX_TYPES = 5


class Understanding:
    """Handler of the job `understand`; safe to run again."""

    def __init__(self, store: Store, rasa: RasaClient, locator: Locator, alarm: UnclaimedAlarm) -> None:
        self._store = store
        self._rasa = rasa
        self._locator = locator
        self._alarm = alarm

    async def run(self, payload: Document, job: Job) -> None:
        case = await self._store["cases"].find_one({"_id": payload["case_id"]})
        if case is None or case["state"] != "received":
            return  # done before this worker got it
        tip = await self._store["tips"].find_one({"case_id": case["_id"]})
        assert tip is not None, "a case is stored together with its tip"
        facts = tip["facts"]
        try:
            (parsed,) = await self._rasa.parse([facts["what"]])
        except RasaDown:
            raise Postpone from None
        photo = await self._store["evidence"].find_one({"tip_id": tip["_id"], "position": {"$ne": None}})
        result = await self._understood(case, facts, parsed, photo)
        hashes = [
            row["dhash"]
            async for row in self._store["evidence"].find({"tip_id": tip["_id"], "kind": "photo"}, {"dhash": 1})
        ]
        result["duplicates"] = await duplicates.candidates(
            self._store, case["_id"], facts, result["location"], [row["type"] for row in result["types"]], hashes
        )

        async def raise_alarm(session: Session, *_: object) -> None:
            if result["route"]["alarm"]:
                await self._alarm.raise_first(session, case["_id"], result["route"], datetime.now(UTC))

        try:
            await perform(self._store, case["_id"], "understand", SYSTEM, result, None, also=raise_alarm)
        except WrongState:
            return
        log.info("case.understood", wait_ms=int((datetime.now(UTC) - case["created_at"]).total_seconds() * 1000))

    async def _understood(self, case: Document, facts: Document, parsed: Document, photo: Document | None) -> Document:
        """The proposal, as the action `understand` wants it."""
        types = _with_choice(parsed["violations"], facts.get("chosen_type", ""))[:MAX_TYPES]
        text = "\n".join(part for part in (facts["place"], facts["company"], facts["what"]) if part)
        location = self._locator.locate(text=text, point=_point(case, photo))
        location = with_choice_of_place(location, facts.get("chosen_place", ""))
        await self._locator.refresh_roster(self._store)
        now = datetime.now(UTC)
        asked = load_matters(self._locator.roster, location.grid, location.district, location.street, now)
        route = self._locator.route(
            location, [row["type"] for row in types], text,
            received=date.fromisoformat(case["opened_on"]), at=now, loads=await open_orders(self._store, asked),
        )  # fmt: skip
        return {
            "types": types,
            "in_scope": parsed["in_scope"],
            "model_version": parsed["model_version"],
            "location": asdict(location),
            "route": asdict(route),
        }


def _with_choice(rows: list[Document], chosen: str) -> list[Document]:
    """The types worth showing; the reporter's own choice first, whatever the model thinks of it."""
    likely = [row for row in rows if row["confidence"] >= LOW_CONFIDENCE and row["type"] != chosen]
    if not chosen:
        return likely
    own = next((row for row in rows if row["type"] == chosen), {"type": chosen, "confidence": 0.0, "words": []})
    return [{**own, "chosen": True}, *likely]


def _point(case: Document, photo: Document | None) -> Point | None:
    """The position the browser sent; else the one in a photo."""
    if case["reported_point"]:
        return Point(**case["reported_point"])
    if photo:
        lng, lat = photo["position"]
        return Point(lng, lat, "wgs84")
    return None
