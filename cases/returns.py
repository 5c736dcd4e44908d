"""Sending an order back: why, with what proof, and who decides then.

The first return goes to the dispatcher. The second goes one level up: from then on only a supervisor gives the case to
somebody, with a written decision, within a working day. Who returns it once more must have read that decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from access.actors import Actor
from cases import clock_changes
from cases.inputs import Input, InvalidInput

MIN_EVIDENCE = 10
MIN_DECISION = 5
# What must be named, by the proof that a reason asks for.
NAMED = {"grid": "应属的网格或镇街", "department": "应当承办的部门", "case": "重复的案件编号"}


@dataclass(frozen=True)
class Reason:
    """`proof`: "photo", a key of `NAMED`, or "" when the text alone will do."""

    zh: str
    proof: str
    hint: str


RETURN_REASONS = {
    "not_my_grid": Reason("不在本网格", "grid", "写明怎样得知，例如门牌、地图上的位置。"),
    "not_my_department": Reason("不属本部门职责", "department", "写明依据的法律条款或职责分工。"),
    "duplicate": Reason("与另一案件重复", "case", "写明两件是同一单位、同一事项。"),
    "place_wrong": Reason("地点有误，现场不是这里", "photo", "附现场照片，写明到了哪里、看到什么。"),
    "no_such_company": Reason("按地址找不到这个单位", "photo", "附现场照片，写明问过谁、查过什么。"),
    "lacks_information": Reason("线索不足，无法核查", "", "写明还缺什么、已经怎样查找。"),
    "conflict_of_interest": Reason("与被举报单位有利害关系，应当回避", "", "写明是什么关系（行政处罚法第四十三条）。"),
}


class Return(Input):
    """`photos` are ids of stored pictures, `decision_seen` that the supervisor's decision was read."""

    reason: Literal[tuple(RETURN_REASONS)]  # type: ignore[valid-type]
    evidence: Annotated[str, Field(max_length=4000)]
    named: str = Field("", max_length=100)
    photos: tuple[str, ...] = ()
    decision_seen: bool = False

    @model_validator(mode="after")
    def proven(self) -> "Return":
        if len(self.evidence) < MIN_EVIDENCE:
            raise InvalidInput(f"退回依据：至少写{MIN_EVIDENCE}个字，说明怎样得知。", field="evidence")
        reason = RETURN_REASONS[self.reason]
        if reason.proof in NAMED and len(self.named) < 2:
            raise InvalidInput(f"请填写{NAMED[reason.proof]}（理由是“{reason.zh}”）。", field="named")
        if reason.proof == "photo" and not self.photos:
            raise InvalidInput(f"理由“{reason.zh}”要附现场照片。", field="photos")
        return self


def start_decision(clocks: list[dict[str, Any]], case: dict[str, Any], data: Any, now: datetime) -> None:
    """The second return is decided one level up within a period of its own."""
    if times_returned(case):
        clock_changes.start(clocks, ("return_decision",), case, now)


def times_returned(case: Mapping[str, Any]) -> int:
    return len(case.get("returns") or ())


def goes_one_level_up(case: Mapping[str, Any]) -> bool:
    """Only a supervisor may give this case to somebody."""
    return times_returned(case) >= 2


def last_decision(case: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the supervisor decided after the second return or a later one."""
    decisions: list[dict[str, Any]] = case.get("decisions") or []
    return decisions[-1] if decisions else None


def returned(case: Mapping[str, Any], data: Return, actor: Actor, now: datetime) -> dict[str, Any]:
    """The change of the action 退回. Raises `InvalidInput` while the supervisor's decision has not been read."""
    decision = last_decision(case)
    if decision and not data.decision_seen:
        raise InvalidInput(
            f"督办员已决定：“{decision['text']}”请先阅知并勾选，确有新的情况才能再次退回。", field="decision_seen"
        )
    row = {
        **data.model_dump(),
        "photos": list(data.photos),
        "by": actor.id,
        "at": now,
        "department": case.get("department"),
    }
    return {"returns": [*(case.get("returns") or []), row]}


def decided(case: Mapping[str, Any], text: str, actor: Actor, now: datetime) -> dict[str, Any]:
    """The supervisor's decision that goes with giving a twice returned case to somebody. Raises `InvalidInput`."""
    if not goes_one_level_up(case):
        return {}
    if len(text) < MIN_DECISION:
        raise InvalidInput("督办决定：请写明决定和理由，承办人会看到。", field="decision")
    row = {"text": text, "by": actor.id, "by_name": actor.name, "at": now}
    return {"decisions": [*(case.get("decisions") or []), row]}
