"""What a dispatcher does with a case: accept and assign at once, and what is learned from a correction."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from access.actors import Actor
from cases.inputs import Accept, InvalidInput
from cases.lifecycle import perform
from cases.places import checked_place
from cases.understanding import LOW_CONFIDENCE
from cases.violations import name_of, violations
from grid.divisions import Divisions
from store.mongo import Document, Session, Store


def summary_draft(types: list[str], district: str, street: str, company: str) -> str:
    """The order's text, from what was decided. Never from the reporter's words: the company would know the writer."""
    place = f"{district}{street}" or "（地点待核实）"
    what = "、".join(name_of(kind) for kind in types) or "安全生产问题"
    return f"群众举报：{place}{company or '某单位'}涉嫌{what}。请到现场核查并依法处理。"


def proposal(case: Document) -> Document:
    """What the program proposed: {types, district, street, grid}. A reporter's choice is no proposal of the program."""
    location = case.get("location") or {}
    return {
        "types": [row["type"] for row in case["types"] if row["confidence"] >= LOW_CONFIDENCE],
        "district": location.get("district") or "",
        "street": location.get("street") or "",
        "grid": location.get("grid") or "",
    }


def decided(data: Accept) -> Document:
    return {"types": data.types, "district": data.district, "street": data.street, "grid": data.grid}


def is_correction(proposed: Document, chosen: Document) -> bool:
    """Another order of the same types corrects nothing."""
    return set(proposed["types"]) != set(chosen["types"]) or any(
        proposed[key] != chosen[key] for key in ("district", "street", "grid")
    )


def grid_for(case: Document, district: str, street: str) -> str:
    """The proposed grid, as long as the place was not corrected: a grid lies in one street."""
    proposed = proposal(case)
    return proposed["grid"] if (proposed["district"], proposed["street"]) == (district, street) else ""


def checked_types(types: list[str]) -> list[str]:
    """Raises `InvalidInput` for a type that is not in the list."""
    if unknown := [kind for kind in types if kind not in violations()]:
        raise InvalidInput(f"违法类型：没有“{unknown[0][:40]}”这一类，请从列表中选择。", field="types")
    return list(dict.fromkeys(types))


async def accept(
    store: Store, known: Divisions, case_id: str, actor: Actor, data: Mapping[str, Any], version: int
) -> Document:
    """Accept the case; what differs from the proposal is kept in `corrections`, in the same transaction.

    `data` as for `inputs.Accept`. Raises `InvalidInput` and what `perform` raises.
    """
    types = checked_types(data.get("types", []))
    checked_place(known, data.get("district", ""), data.get("street", ""))

    async def keep_correction(session: Session, case: Document, clean: Accept) -> None:
        proposed, chosen = proposal(case), decided(clean)
        if is_correction(proposed, chosen):
            row = {
                "_id": f"{case_id}:{case['version']}", "case_id": case_id, "proposed": proposed, "decided": chosen,
                "model_version": case.get("model_version"), "at": datetime.now(UTC),
            }  # fmt: skip
            await store["corrections"].insert_one(row, session=session)

    return await perform(store, case_id, "accept", actor, {**data, "types": types}, version, also=keep_correction)


async def accept_and_assign(
    store: Store,
    known: Divisions,
    case_id: str,
    actor: Actor,
    data: Mapping[str, Any],
    order: Mapping[str, Any],
    version: int,
) -> Document:
    """受理并派单： two entries in the trail, one press of a button.

    `order`: {department, inspector_id}. What can be wrong with it is checked first; should the second step still be
    refused, the case stands accepted and waits for its inspector.
    """
    await checked_order(store, order)
    case = await accept(store, known, case_id, actor, data, version)
    return await perform(store, case_id, "assign", actor, dict(order), case["version"])


async def give(
    store: Store, case_id: str, action: str, actor: Actor, order: Mapping[str, Any], version: int
) -> Document:
    """派单, 改派 or 移交: the case to a department and an inspector. `action` names the row of the lifecycle table."""
    await checked_order(store, order)
    return await perform(store, case_id, action, actor, dict(order), version)


async def checked_order(store: Store, order: Mapping[str, Any]) -> None:
    """Raises `InvalidInput` when department or inspector is missing, nobody has that number, or the person has left."""
    if not str(order.get("department", "")).strip():
        raise InvalidInput("承办部门：没有填写。", field="department")
    await checked_inspector(store, str(order.get("inspector_id", "")).strip())


async def checked_inspector(store: Store, chosen: str) -> None:
    """Raises `InvalidInput` when nobody has that number."""
    if not chosen:
        raise InvalidInput("检查员：请从列表中选择。", field="inspector_id")
    inspector = await store["inspectors"].find_one({"_id": chosen}, {"active": 1})
    if inspector and not inspector.get("active", True):
        raise InvalidInput("检查员：这个人已停用，请另选一名。", field="inspector_id")
    if inspector is None:
        account = await store["accounts"].find_one({"_id": chosen, "roles": "inspector", "disabled": False}, {"_id": 1})
        if account is None:
            raise InvalidInput("检查员：名单里没有这个人，请从列表中选择。", field="inspector_id")
