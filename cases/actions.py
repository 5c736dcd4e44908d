"""The lifecycle as one table: every action, from where to where, who may, what it needs, what the reporter is told.

The table drives the code (`lifecycle.perform`), the permission checks, the buttons on the pages and the documentation.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from access.actors import Actor, Role
from cases import clock_changes, extension, inputs, returns, review
from cases.inputs import FINDINGS, MEASURE_KINDS, REFUSAL_REASONS, SUSPEND_REASONS, InvalidInput
from cases.states import BEFORE_REPLY, State
from store.errors import Refusal

Case = dict[str, Any]
Change = dict[str, Any]


@dataclass(frozen=True)
class Action:
    """`target` None leaves the state. `told` is what the reporter reads ("" = nothing); `change` gives the new fields.

    `one_level_up`: after the second return this is the supervisor's alone. `starts` and `stops` name clocks; `clocks` is
    what the action does to them besides.
    """

    name: str
    zh: str
    sources: frozenset[State]
    target: State | None
    roles: frozenset[Role]
    model: type[inputs.Input]
    told: str | Callable[[Case, Any], str] = ""
    change: Callable[[Case, Any, Actor, datetime], Change] = lambda case, data, actor, now: {}
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    clocks: Callable[[list[dict[str, Any]], Case, Any, datetime], None] = lambda clocks, case, data, now: None
    law: str = ""
    jobs: tuple[str, ...] = field(default=())
    one_level_up: bool = False


class SecondPersonNeeded(Refusal):
    status = 403


def _understood(case: Case, data: inputs.Understood, actor: Actor, now: datetime) -> Change:
    return {
        "types": data.types, "in_scope": data.in_scope, "model_version": data.model_version,
        "location": data.location, "route": data.route, "duplicates": data.duplicates,
    }  # fmt: skip


def _accept(case: Case, data: inputs.Accept, actor: Actor, now: datetime) -> Change:
    proposed = case.get("location") or {}
    place = {**proposed, "district": data.district, "street": data.street or None, "grid": data.grid or None,
             "confirmed": True}  # fmt: skip
    if place["grid"] != proposed.get("grid"):
        place |= {"grid_name": None, "layer": None}  # these belong to the grid that was proposed
    return {"decided_types": data.types, "location": place, "company": data.company, "summary": data.summary}


def _assign(case: Case, data: inputs.Assign, actor: Actor, now: datetime) -> Change:
    """An order to somebody; `dispatches` counts them, because the first should have been right."""
    return {
        "department": data.department, "inspector_id": data.inspector_id,
        "dispatches": case.get("dispatches", 0) + 1, **returns.decided(case, data.decision, actor, now),
    }  # fmt: skip


def _reassign(case: Case, data: inputs.Reassign, actor: Actor, now: datetime) -> Change:
    _refuse_same(case, data)
    return _assign(case, data, actor, now)


def _hand_over(case: Case, data: inputs.Reassign, actor: Actor, now: datetime) -> Change:
    """What is left to do after the check goes to somebody else; the first dispatch was right all the same."""
    _refuse_same(case, data)
    return {"department": data.department, "inspector_id": data.inspector_id}


def _refuse_same(case: Case, data: inputs.Reassign) -> None:
    if data.inspector_id == case["inspector_id"]:
        raise InvalidInput("检查员：还是原来的人，请另选一名。", field="inspector_id")


def _finding(case: Case, data: inputs.Finding, actor: Actor, now: datetime) -> Change:
    return {"finding": {**data.model_dump(), "checked_on": data.checked_on.isoformat(), "recorded_by": actor.id}}


def _measures(case: Case, data: inputs.Measures, actor: Actor, now: datetime) -> Change:
    if not is_substantiated(case):
        raise Refusal("核查不属实的案件不作处理决定,请直接答复。")
    rows = []
    for measure in data.measures:
        if measure.kind == "none_with_reason" and not actor.has(Role.SUPERVISOR):
            raise SecondPersonNeeded("不予处罚须由督办员写明理由并签字(两个必罚)。", field="kind")
        row = {**measure.model_dump(), "by": actor.id}
        row["decided_on"] = measure.decided_on.isoformat()
        row["rectify_by"] = measure.rectify_by.isoformat() if measure.rectify_by else None
        rows.append(row)
    first = case.get("measured_at") or now
    return {"measures": rows, "penalty_fen": sum(row["penalty_fen"] for row in rows), "measured_at": first}


def _reply(case: Case, data: inputs.Reply, actor: Actor, now: datetime) -> Change:
    if case["state"] == State.CONCLUDED and is_substantiated(case):
        raise Refusal("核查属实的案件必须先作出处罚、限期整改或书面说明(两个必罚),然后才能答复。")
    return {"reply": {"text": data.text, "sent_at": now, "by": actor.id}}


def _recheck(case: Case, data: inputs.Recheck, actor: Actor, now: datetime) -> Change:
    if actor.id == case["finding"]["recorded_by"]:
        raise SecondPersonNeeded("整改复查须由另一名人员进行,不能由原核查人自己复查。")
    if data.checked_on.isoformat() < case["finding"]["checked_on"]:
        raise InvalidInput("检查日期:复查不能早于核查。", field="checked_on")
    return {"recheck": {"checked_on": data.checked_on.isoformat(), "text": data.text, "recorded_by": actor.id}}


def _settle(case: Case, data: inputs.SettleReward, actor: Actor, now: datetime) -> Change:
    return {"reward_outcome": data.outcome}


def _archive(case: Case, data: inputs.Nothing, actor: Actor, now: datetime) -> Change:
    if review.open_appeals(case, "objection"):
        raise Refusal("举报人的异议还没有复核，不能归档。")
    for clock in clock_changes.running(case["clocks"], "objection"):
        if now < clock["due_at"]:
            raise Refusal("举报人提出异议的期限还没有过，期满后才能归档。")
    return {}


def is_substantiated(case: Case) -> bool:
    """属实 or 部分属实."""
    return (case.get("finding") or {}).get("result") in ("substantiated", "partly")


def _told_finding(case: Case, data: inputs.Finding) -> str:
    return f"现场核查已有结论:{FINDINGS[data.result]}。正在研究处理。"


def _told_measures(case: Case, data: inputs.Measures) -> str:
    return "已作出处理:" + "、".join(dict.fromkeys(MEASURE_KINDS[m.kind] for m in data.measures)) + "。"


def _set(*states: State) -> frozenset[State]:
    return frozenset(states)


def _by(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


S, R = State, Role
# A reporter may object as long as the case is not filed away.
AFTER_REPLY = _set(S.REPLIED, S.RECTIFIED, S.REWARDED, S.DISCLOSED)

TABLE: tuple[Action, ...] = (
    Action("understand", "自动识别", _set(S.RECEIVED), S.TRIAGE, _by(R.SYSTEM), inputs.Understood,
           change=_understood, told="已登记,正在安排人员查看。"),
    Action("accept", "受理", _set(S.TRIAGE), S.ACCEPTED, _by(R.DISPATCHER), inputs.Accept,
           change=_accept, told="已受理。", stops=("accept_decision",), law="山东省安全生产举报办法"),
    Action("refuse", "不予受理", _set(S.TRIAGE), S.NOT_ACCEPTED, _by(R.DISPATCHER), inputs.Refuse,
           told=lambda case, data: f"不予受理。理由:{REFUSAL_REASONS[data.reason]}。{data.text}",
           change=lambda case, data, actor, now: {"refusal": data.model_dump()},
           stops=("accept_decision", "verify_close")),
    Action("transfer", "转交", _set(S.TRIAGE, S.RETURNED), S.TRANSFERRED, _by(R.DISPATCHER, R.SUPERVISOR),
           inputs.Transfer, told=lambda case, data: f"不属于本单位职责,已转交{data.to}。{data.text}",
           change=lambda case, data, actor, now: {"transferred_to": data.to},
           stops=("accept_decision", "verify_close", "return_decision"), law="安全生产法第七十三条", one_level_up=True),
    Action("merge", "并案", _set(S.TRIAGE), S.MERGED, _by(R.DISPATCHER), inputs.Merge,
           told="与反映同一事项的另一件合并办理,您的编号和查询码照常使用。",
           change=lambda case, data, actor, now: {"merged_into": data.into}, stops=("accept_decision", "verify_close")),
    Action("assign", "派单", _set(S.ACCEPTED, S.RETURNED), S.ASSIGNED, _by(R.DISPATCHER, R.SUPERVISOR), inputs.Assign,
           change=_assign, told="已派给属地检查员。", starts=("sign_order",), stops=("return_decision",),
           jobs=("mail_order",), one_level_up=True),
    Action("reassign", "改派", _set(S.ASSIGNED, S.SIGNED, S.VERIFYING), S.ASSIGNED, _by(R.DISPATCHER, R.SUPERVISOR),
           inputs.Reassign, change=_reassign, told="已改派另一名检查员。", starts=("sign_order",), stops=("sign_order",),
           jobs=("mail_order",), one_level_up=True),
    Action("hand_over", "移交后续办理", _set(S.CONCLUDED, S.MEASURES), None, _by(R.DISPATCHER, R.SUPERVISOR),
           inputs.Reassign, change=_hand_over, jobs=("mail_order",), one_level_up=True),
    Action("sign", "签收", _set(S.ASSIGNED), S.SIGNED, _by(R.INSPECTOR), inputs.Nothing,
           told="检查员已签收。", stops=("sign_order",)),
    Action("return", "退回", _set(S.ASSIGNED, S.SIGNED), S.RETURNED, _by(R.INSPECTOR), returns.Return,
           change=returns.returned, stops=("sign_order",), clocks=returns.start_decision),
    Action("start_check", "开始核查", _set(S.SIGNED), S.VERIFYING, _by(R.INSPECTOR), inputs.Nothing, told="正在现场核查。"),
    Action("extend", "延长期限", _set(S.SIGNED, S.VERIFYING), None, _by(R.SUPERVISOR), inputs.Extend,
           change=extension.close, clocks=lambda clocks, case, data, now: clock_changes.extend(clocks, data.days),
           told=lambda case, data: f"情况复杂,办理期限延长{data.days}日。理由:{data.reason}",
           law="安全生产领域举报奖励办法第十条"),
    Action("ask_extension", "申请延期", _set(S.SIGNED, S.VERIFYING), None, _by(R.INSPECTOR), inputs.Extend,
           change=extension.ask, law="安全生产领域举报奖励办法第十条"),
    Action("grant_extension", "批准延期", _set(S.SIGNED, S.VERIFYING), None, _by(R.SUPERVISOR), inputs.Nothing,
           change=extension.grant, clocks=lambda clocks, case, data, now: extension.count(clocks, case),
           told=lambda case, data: extension.told(case), law="安全生产领域举报奖励办法第十条"),
    Action("refuse_extension", "不同意延期", _set(S.SIGNED, S.VERIFYING), None, _by(R.SUPERVISOR), inputs.Refusing,
           change=extension.refuse),
    Action("suspend", "中止期限", _set(S.SIGNED, S.VERIFYING), None, _by(R.SUPERVISOR), inputs.Suspend,
           clocks=lambda clocks, case, data, now: clock_changes.suspend(clocks, now),
           told=lambda case, data: f"因{SUSPEND_REASONS[data.reason]},办理期限暂停计算,恢复时会告诉您。说明:{data.text}"),
    Action("resume", "恢复期限", _set(S.ASSIGNED, S.SIGNED, S.RETURNED, S.VERIFYING), None, _by(R.SUPERVISOR), inputs.Refusing,
           clocks=lambda clocks, case, data, now: clock_changes.resume(clocks, now),
           told=lambda case, data: f"办理期限恢复计算。说明:{data.text}"),
    Action("record_finding", "填写核查结论", _set(S.VERIFYING), S.CONCLUDED, _by(R.INSPECTOR), inputs.Finding,
           change=_finding, told=_told_finding, starts=("feedback",), stops=("verify_close", "verify_again"),
           jobs=("plan_check",)),
    Action("decide_measures", "作出处理决定", _set(S.CONCLUDED), S.MEASURES, _by(R.INSPECTOR, R.SUPERVISOR),
           inputs.Measures, change=_measures, told=_told_measures, starts=("penalty_publicity",)),
    Action("reply", "答复举报人", _set(S.CONCLUDED, S.MEASURES), S.REPLIED, _by(R.INSPECTOR, R.SUPERVISOR), inputs.Reply,
           change=_reply, told=lambda case, data: f"答复:{data.text}", starts=("objection", "reward_start"),
           stops=("feedback",), jobs=("settle",), law="应急〔2023〕106号"),
    Action("recheck", "整改复查", _set(S.REPLIED), S.RECTIFIED, _by(R.INSPECTOR, R.SUPERVISOR), inputs.Recheck,
           change=_recheck, told="整改情况已复查。"),
    Action("start_reward", "启动奖励", _set(S.REPLIED, S.RECTIFIED), None, _by(R.SYSTEM), inputs.Nothing,
           stops=("reward_start",)),
    Action("settle_reward", "奖励办结", _set(S.REPLIED, S.RECTIFIED), S.REWARDED, _by(R.SYSTEM), inputs.SettleReward,
           change=_settle, stops=("reward_start",)),
    Action("disclose", "公开", _set(S.REWARDED), S.DISCLOSED, _by(R.SYSTEM), inputs.Disclose,
           change=lambda case, data, actor, now: {"disclosures": data.public_numbers},
           told="处理结果已向社会公开(不含任何举报人信息)。", stops=("penalty_publicity",)),
    Action("archive", "归档", _set(S.REWARDED, S.DISCLOSED, S.REPLIED, S.RECTIFIED), S.ARCHIVED,
           _by(R.SUPERVISOR), inputs.Nothing, change=_archive,
           stops=("objection", "reward_start", "penalty_publicity")),
    Action("take_review", "接手复核", AFTER_REPLY, None, _by(R.SUPERVISOR), inputs.Nothing,
           change=lambda case, data, actor, now: review.take(case, actor, now), law="应急〔2023〕106号"),
    Action("dismiss_review", "异议不成立", AFTER_REPLY, None, _by(R.SUPERVISOR), inputs.Refusing,
           change=review.dismiss, stops=("review",), law="应急〔2023〕106号"),
    Action("uphold_review", "异议成立", AFTER_REPLY, S.VERIFYING, _by(R.SUPERVISOR), inputs.Uphold,
           change=review.uphold, told="经复核,由另一名检查员重新核查。",
           starts=("verify_again",), stops=("review", "objection", "reward_start", "feedback"), jobs=("mail_order",),
           law="应急〔2023〕106号"),
    Action("forward_retaliation", "转办打击报复", frozenset(State), None, _by(R.SUPERVISOR), inputs.Forward,
           change=review.forward, law="安全生产法第七十三条"),
    Action("answer_supervision", "答复督办", frozenset(State), None, _by(R.SUPERVISOR, R.LEADER),
           inputs.AnswerSupervision),
    Action("ask_reporter", "询问举报人", BEFORE_REPLY - {S.RECEIVED}, None,
           _by(R.DISPATCHER, R.INSPECTOR, R.SUPERVISOR), inputs.Ask,
           told=lambda case, data: f"工作人员想请您补充:{data.text}"),
    Action("withdraw", "撤回", _set(S.RECEIVED, S.TRIAGE), S.WITHDRAWN, _by(R.REPORTER), inputs.Withdraw,
           told="您已撤回。", stops=("accept_decision", "verify_close")),
    Action("unmerge", "撤销并案", _set(S.MERGED), S.TRIAGE, _by(R.DISPATCHER, R.SUPERVISOR), inputs.Unmerge,
           told="并案已撤销,恢复单独办理。您的编号和查询码照常使用。"),
    Action("link_enterprise", "确认被举报单位", frozenset(State) - {S.RECEIVED, S.MERGED, S.WITHDRAWN}, None,
           _by(R.DISPATCHER, R.SUPERVISOR), inputs.LinkEnterprise,
           change=lambda case, data, actor, now: {"enterprise": data.enterprise or None}, jobs=("plan_check",)),
    Action("link_recurrence", "记为再次发生", BEFORE_REPLY - {S.RECEIVED}, None, _by(R.DISPATCHER, R.SUPERVISOR),
           inputs.LinkRecurrence, change=lambda case, data, actor, now: {"recurrence_of": data.of},
           law="安全生产法第一百零二条"),
)  # fmt: skip

ACTIONS: dict[str, Action] = {action.name: action for action in TABLE}


def allowed(case: Case, actor: Actor) -> list[Action]:
    """The buttons this person gets for this case."""
    return [action for action in TABLE if case["state"] in action.sources and may(actor, action, case)]


def may(actor: Actor, action: Action, case: Case) -> bool:
    """Role, district, for inspectors that the order is their own, and that a second return went one level up."""
    if actor.roles.isdisjoint(action.roles) or is_above(actor, action, case):
        return False
    if not actor.may_see_district((case.get("location") or {}).get("district")):
        return False
    only_as_inspector = actor.roles & action.roles == {Role.INSPECTOR}
    return not only_as_inspector or case.get("inspector_id") == actor.id or action.name == "recheck"


def is_above(actor: Actor, action: Action, case: Case) -> bool:
    """The case was returned twice and this is for a supervisor to decide."""
    return action.one_level_up and returns.goes_one_level_up(case) and not actor.has(Role.SUPERVISOR)
