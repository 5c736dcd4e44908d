"""What a case has to do with the register and with earlier cases: which enterprise it is about, what was found there
before, and whether this is "reported before, still not fixed" (a new case linked to the old one, never a duplicate).
"""

from datetime import UTC, datetime
from typing import Any

from access.actors import Actor, Role
from cases import tallies, trail
from cases.actions import is_substantiated
from cases.companies import alike, normal_company, searched_grams
from cases.credit_codes import plain_code
from cases.inputs import InvalidInput, LinkRecurrence
from cases.lifecycle import perform
from cases.queries import district_limit
from store.mongo import Document, Session, Store

MAX_PROPOSED = 5
MAX_EARLIER = 20
_READ = {"name": 1, "key": 1, "district": 1, "street": 1, "grid": 1, "address": 1, "active": 1}
_EARLIER = {
    "opened_on": 1, "state": 1, "decided_types": 1, "finding": 1, "measures": 1, "penalty_fen": 1, "recheck": 1,
    "location.district": 1, "location.street": 1, "company": 1, "recurrence_of": 1,
}  # fmt: skip
VERIFIED = {"finding.result": {"$in": ["substantiated", "partly"]}}


async def proposed_enterprises(store: Store, case: Document) -> list[Document]:
    """Up to five of the register that the case's company may be, each with `reasons`; the likeliest first."""
    name = case.get("company") or ""
    location = case.get("location") or {}
    key, code = normal_company(name), plain_code(name)
    if not key:
        return []
    rows = {row["_id"]: row async for row in store["enterprises"].find({"_id": code}, _READ)}
    async for row in store["enterprises"].find({"key": key}, _READ).limit(50):
        rows[row["_id"]] = row
    wanted = searched_grams(key)
    if len(key) > 1:
        # One typing mistake leaves at least one pair at the beginning or at the end.
        ends = {"grams": {"$in": [wanted_pair for wanted_pair in (key[:2], key[-2:]) if wanted_pair in wanted]}}
        near = {**ends, "district": location.get("district")} if location.get("district") else ends
        async for row in store["enterprises"].find(near, _READ).limit(300):
            if alike(key, row["key"]):
                rows[row["_id"]] = row
    ranked = sorted((_judged(row, key, code, location) for row in rows.values()), key=lambda row: -row["score"])
    return ranked[:MAX_PROPOSED]


def _judged(row: Document, key: str, code: str, location: Document) -> Document:
    reasons, score = [], 0.0
    if row["_id"] == code:
        reasons, score = ["信用代码相同"], 3.0
    elif words := alike(key, row["key"]):
        reasons, score = [words], 1.0 if words == "单位名称相同" else 0.6
    if row["grid"] and row["grid"] == location.get("grid"):
        reasons.append("同一网格")
        score += 0.4
    elif row["street"] and (row["district"], row["street"]) == (location.get("district"), location.get("street")):
        reasons.append("同一镇街")
        score += 0.3
    elif row["district"] == location.get("district"):
        reasons.append("同一区市")
        score += 0.1
    return {**row, "reasons": reasons, "score": score}


async def link_enterprise(store: Store, case_id: str, actor: Actor, code: str, version: int) -> Document:
    """The dispatcher confirms which enterprise it is; "" takes it back. Raises `InvalidInput`, and what `perform` does."""
    plain = plain_code(code)
    if plain and await store["enterprises"].find_one({"_id": plain}, {"_id": 1}) is None:
        raise InvalidInput("被举报单位：登记册里没有这个代码，请先登记单位。", field="enterprise")
    before = (await store["cases"].find_one({"_id": case_id}, {"enterprise": 1}) or {}).get("enterprise")
    case = await perform(store, case_id, "link_enterprise", actor, {"enterprise": plain}, version)
    await tallies.count_enterprises(store, [each for each in (before, plain) if each])
    return case


async def earlier_cases(store: Store, case: Document, actor: Actor) -> list[Document]:
    """What was verified before at the same enterprise (else at the same company name in the district), newest first."""
    if case.get("enterprise"):
        query: dict[str, Any] = {"enterprise": case["enterprise"]}
    elif company := normal_company(case.get("company") or ""):
        query = {"found_by.company": company, "location.district": (case.get("location") or {}).get("district")}
    else:
        return []
    query |= {"_id": {"$ne": case["_id"]}, "created_at": {"$lt": case["created_at"]}, **VERIFIED}
    match = {"$and": [query, district_limit(actor)]}
    return await store["cases"].find(match, _EARLIER).sort("created_at", -1).limit(MAX_EARLIER).to_list(MAX_EARLIER)


def sees_tips(actor: Actor) -> bool:
    """Whether this person may know that an enterprise was reported at all. Who visits it must not let it slip."""
    return actor.has(Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER, Role.AUDITOR)


async def cases_of(store: Store, code: str, actor: Actor) -> list[Document]:
    """Cases about an enterprise, newest first. An inspector sees what was verified, not what is only reported."""
    query: dict[str, Any] = {"enterprise": code, **district_limit(actor)}
    if not sees_tips(actor):
        query |= VERIFIED
    return await store["cases"].find(query, _EARLIER).sort("created_at", -1).limit(50).to_list(50)


async def link_recurrence(store: Store, case_id: str, actor: Actor, of: str, version: int) -> Document:
    """Link the case to the earlier one in which the same was verified. Raises `InvalidInput`, and what `perform` does."""
    moment = datetime.now(UTC)

    async def tell_the_old_one(session: Session, case: Document, data: LinkRecurrence) -> None:
        old = await store["cases"].find_one({"_id": data.of}, session=session)
        if old is None or not actor.may_see_district((old.get("location") or {}).get("district")):
            raise InvalidInput("以前的案件：没有这个案件，请检查编号。", field="of")
        if old["_id"] == case_id or old["created_at"] >= case["created_at"]:
            raise InvalidInput("以前的案件：应当是比本案更早收到的案件。", field="of")
        if not is_substantiated(old):
            raise InvalidInput("以前的案件：没有查实，不能算再次发生；同一件事请用“并案”。", field="of")
        change = {"$addToSet": {"recurred_in": case_id}}
        await store["cases"].update_one({"_id": data.of}, change, session=session)
        await trail.append(store, session, data.of, "recurred", actor.id, {"in_case": case_id}, moment)

    return await perform(
        store, case_id, "link_recurrence", actor, {"of": of}, version, now=moment, also=tell_the_old_one
    )
