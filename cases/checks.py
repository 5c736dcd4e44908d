"""“1+N”: besides the planned full check, each verified tip adds an unannounced one to the plan of the enterprise."""

import hashlib
from datetime import UTC, date, datetime, timedelta

from access import audit
from access.actors import SYSTEM, Actor, Role
from cases import trail
from cases.actions import is_substantiated
from cases.deadlines import is_working_day
from cases.inputs import InvalidInput
from store.errors import Conflict, NotFound
from store.jobs import Job
from store.local_time import local_day
from store.mongo import Document, Session, Store

# Late enough that what was ordered should be done, at a day that nobody can guess from the day of the check.
EARLIEST_DAYS, LATEST_DAYS = 20, 75
RESULTS = {"good": "没有发现问题", "fixed": "有问题，当场改正", "bad": "有问题，依法处理"}
MAX_LISTED = 200


def planned_day(case_id: str, checked_on: date) -> date:
    """A working day between the limits, always the same for a case."""
    spread = int.from_bytes(hashlib.sha256(case_id.encode()).digest()[:4], "big") % (LATEST_DAYS - EARLIEST_DAYS)
    day = checked_on + timedelta(days=EARLIEST_DAYS + spread)
    while not is_working_day(day)[0]:
        day += timedelta(days=1)
    return day


async def plan(store: Store, payload: Document, job: Job) -> None:
    """Job `plan_check`, after a finding and after the enterprise was confirmed. One check for a case, however often run."""
    case_id = payload["case_id"]

    async def write(session: Session) -> None:
        case = await store["cases"].find_one({"_id": case_id}, session=session)
        if case is None or not is_substantiated(case) or not case.get("enterprise"):
            return
        if await store["checks"].find_one({"_id": case_id}, {"_id": 1}, session=session):
            return
        enterprise = await store["enterprises"].find_one({"_id": case["enterprise"]}, session=session)
        if enterprise is None:
            return
        day = planned_day(case_id, date.fromisoformat(case["finding"]["checked_on"])).isoformat()
        await store["checks"].insert_one(
            {
                "_id": case_id, "enterprise": enterprise["_id"], "name": enterprise["name"],
                "district": enterprise["district"], "street": enterprise["street"], "grid": enterprise["grid"],
                "types": case["decided_types"], "planned_on": day, "done_on": None, "done_by": None, "result": None,
                "text": "",
            },
            session=session,
        )  # fmt: skip
        detail = {"enterprise": enterprise["_id"], "planned_on": day}
        await trail.append(store, session, case_id, "plan_check", SYSTEM.id, detail)

    await store.transaction(write)


async def planned(store: Store, actor: Actor, grids: list[str] | None = None) -> list[Document]:
    """Checks not yet made, the next first: of these grids, or of the person's district."""
    query: Document = {"done_on": None}
    if grids is not None:
        query["grid"] = {"$in": grids}
    elif actor.district:
        query["district"] = actor.district
    return await store["checks"].find(query).sort("planned_on", 1).limit(MAX_LISTED).to_list(MAX_LISTED)


async def checks_of(store: Store, code: str) -> list[Document]:
    return await store["checks"].find({"enterprise": code}).sort("planned_on", -1).limit(50).to_list(50)


async def record(
    store: Store, check_id: str, actor: Actor, grids: list[str], *, on: str, result: str, text: str
) -> None:
    """The check was made. By the inspector of the grid or a supervisor of the district, once. Raises a `Refusal`."""
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise InvalidInput("检查日期：请填写日期，例如 2026-11-24。", field="on") from None
    if day > local_day(datetime.now(UTC)):
        raise InvalidInput("检查日期：不能晚于今天。", field="on")
    if result not in RESULTS:
        raise InvalidInput("检查结果：请从列表中选择。", field="result")
    if result != "good" and not text:
        raise InvalidInput("说明：发现问题的，请写明问题和处理。", field="text")

    async def write(session: Session) -> None:
        check = await store["checks"].find_one({"_id": check_id}, session=session)
        own = check and (
            check["grid"] in grids or (actor.has(Role.SUPERVISOR) and actor.may_see_district(check["district"]))
        )
        if check is None or not own:
            raise NotFound("没有这项检查，或不在您的网格。")
        if check["done_on"]:
            raise Conflict(f"这项检查已于{check['done_on']}记录过。")
        change = {"done_on": day.isoformat(), "done_by": actor.id, "result": result, "text": text[:2000]}
        await store["checks"].update_one({"_id": check_id}, {"$set": change}, session=session)
        detail = {"checked_on": day.isoformat(), "result": result}
        await audit.append(store, session, f"enterprise:{check['enterprise']}", "record_check", actor.id, detail)

    await store.transaction(write)
