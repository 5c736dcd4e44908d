"""The order: all that an inspector gets to know of a case, and the texts the program drafts for its answer.

The order never holds the reporter's words, photos, number, channel or time of day: what the inspector does not know
cannot be told to the company.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from access.actors import Actor
from cases import actions, clock_changes, extension, review
from cases.inputs import FINDINGS, MEASURE_KINDS, InvalidInput, Measure, explain
from cases.states import State
from cases.violations import name_of
from store.errors import NotFound
from store.mongo import Document, Store

_SHOWN = (
    "_id", "version", "state", "urgent", "opened_on", "decided_types", "summary", "company", "department",
    "inspector_id", "finding", "measures", "penalty_fen", "reply", "recheck", "extension",
)  # fmt: skip
_PLACE = ("district", "street", "grid", "grid_name")


def order(case: Document) -> Document:
    """The case as an inspector may see it. A list of what is shown, so that a new field is hidden until listed here."""
    place = case.get("location") or {}
    return {
        **{key: case.get(key) for key in _SHOWN},
        "returns": case.get("returns", []),
        "decisions": case.get("decisions", []),
        "clocks": [clock for clock in case["clocks"] if clock["id"] != "accept_decision"],
        "location": {key: place.get(key) for key in _PLACE},
    }


async def order_for(store: Store, case_id: str, actor: Actor) -> Document:
    """The order if it is this inspector's own, or waits for a re-check in the own district. Raises `NotFound`."""
    case = await store["cases"].find_one({"_id": case_id})
    if case is None or not _may_see(case, actor):
        raise NotFound("没有这张单，或不是派给您的。")
    return order(case)


def _may_see(case: Document, actor: Actor) -> bool:
    if case.get("inspector_id") == actor.id:
        return True
    recheck = case["state"] in ("replied", "rectified") and case.get("finding") is not None
    return recheck and actor.may_see_district((case.get("location") or {}).get("district"))


def offered(case: Document, actor: Actor) -> dict[str, actions.Action]:
    """The buttons: what the table allows, without what the action itself would refuse in this case."""
    finding, proven = case["finding"], actions.is_substantiated(case)
    hidden = set() if proven else {"decide_measures", "recheck"}
    if proven and case["state"] == State.CONCLUDED:
        hidden.add("reply")  # 两个必罚: first the measures
    if finding and finding["recorded_by"] == actor.id:
        hidden.add("recheck")  # by another person
    hidden |= _hidden_by_clocks(case) | _hidden_by_appeals(case, actor)
    return {action.name: action for action in actions.allowed(case, actor) if action.name not in hidden}


def _hidden_by_clocks(case: Document) -> set[str]:
    clocks, hidden = clock_changes.copies(case["clocks"]), {"answer_supervision"}  # asked for by its own form
    check = clock_changes.running(clocks, "verify_close")
    if not check or check[0]["extended_days"]:
        hidden |= {"extend", "ask_extension"}
    hidden |= {"ask_extension"} if extension.waiting(case) else {"grant_extension", "refuse_extension"}
    stopped = any(clock["suspended_at"] for clock in clock_changes.running(clocks))
    hidden |= {"suspend"} if stopped else {"resume"}
    if any(clock["due_at"] > datetime.now(UTC) for clock in clock_changes.running(clocks, "objection")):
        hidden.add("archive")
    return hidden


def _hidden_by_appeals(case: Document, actor: Actor) -> set[str]:
    hidden: set[str] = set()
    taken = (case.get("review") or {}).get("by")
    if not review.open_appeals(case, "objection"):
        hidden |= {"take_review", "uphold_review", "dismiss_review"}
    else:
        hidden.add("archive")
    if taken == actor.id or actor.id in review.deciders(case):
        hidden.add("take_review")
    if taken != actor.id:
        hidden |= {"uphold_review", "dismiss_review"}
    if not review.open_appeals(case, "retaliation"):
        hidden.add("forward_retaliation")
    return hidden


def reply_draft(case: Document) -> str:
    """The answer to the reporter in the usual form; the officer completes what only the officer knows."""
    finding = case["finding"]
    done = "、".join(measure_words(measure) for measure in case["measures"]) or "无"
    reward = "符合奖励条件的，将另行通知您凭编号和查询码领取"
    if not actions.is_substantiated(case):
        done, reward = "核查未查实，不作处理", "核查未查实，不符合奖励条件"
    return (
        f"您反映的事项，核查结论：{FINDINGS[finding['result']]}。核查情况：{finding['checked_on']}已到现场核查。"
        f"处理：{done}。奖励：{reward}。如有异议，请于收到之日起10日内提出。"
    )


def measure_words(measure: dict[str, Any]) -> str:
    """One measure in a few words; 罚款 with its amount, 整改 with its last day."""
    words = MEASURE_KINDS[measure["kind"]]
    if measure["penalty_fen"]:
        whole, rest = divmod(measure["penalty_fen"], 100)
        return f"{words}{whole}元" if rest == 0 else f"{words}{whole}.{rest:02d}元"
    return f"{words}（至{measure['rectify_by']}）" if measure["rectify_by"] else words


def checked_measures(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the measures form, each checked by itself so that the error names its row ("law-1": second row).

    Raises `InvalidInput`.
    """
    if not rows:
        raise InvalidInput("处理措施：至少填写一项（两个必罚）。", field="kind-0")
    for number, row in enumerate(rows):
        try:
            Measure.model_validate(row)
        except ValidationError as error:
            problem = explain(error)
            field = f"{problem.field or 'kind'}-{number}"
            raise InvalidInput(f"第{number + 1}项 {problem.message}", field=field) from None
    return list(rows)


def headline(case: Document) -> str:
    """One line for lists: what and where, in decided words if there are any."""
    types = case.get("decided_types") or [row["type"] for row in case.get("types", [])[:2]]
    return "、".join(name_of(kind) for kind in types) or "未分类"
