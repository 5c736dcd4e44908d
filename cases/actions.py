"""The lifecycle as one table: every action, from where to where, who may, what it needs, what the reporter is told.

The table drives the code (`lifecycle.perform`), the permission checks, the buttons on the pages and the documentation.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from access.actors import Actor, Role
from cases import inputs
from cases.inputs import FINDINGS, MEASURE_KINDS, REFUSAL_REASONS, InvalidInput
from cases.states import BEFORE_REPLY, State
from store.errors import Refusal

Case = dict[str, Any]
Change = dict[str, Any]


@dataclass(frozen=True)
class Action:
    """`target` None leaves the state. `told` is what the reporter reads ("" = nothing); `change` gives the new fields."""

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
    law: str = ""
    jobs: tuple[str, ...] = field(default=())


class SecondPersonNeeded(Refusal):
    status = 403


def _understood(case: Case, data: inputs.Understood, actor: Actor, now: datetime) -> Change:
    return {
        "types": data.types, "in_scope": data.in_scope, "model_version": data.model_version,
        "location": data.location, "route": data.route, "duplicates": data.duplicates,
    }  # fmt: skip


def _accept(case: Case, data: inputs.Accept, actor: Actor, now: datetime) -> Change:
    place = {**(case.get("location") or {}), "district": data.district, "street": data.street or None,
             "grid": data.grid or None, "confirmed": True}  # fmt: skip
    return {"decided_types": data.types, "location": place, "company": data.company, "summary": data.summary}


def _assign(case: Case, data: inputs.Assign, actor: Actor, now: datetime) -> Change:
    return {"department": data.department, "inspector_id": data.inspector_id}


def _finding(case: Case, data: inputs.Finding, actor: Actor, now: datetime) -> Change:
    return {"finding": {**data.model_dump(), "checked_on": data.checked_on.isoformat(), "recorded_by": actor.id}}


def _measures(case: Case, data: inputs.Measures, actor: Actor, now: datetime) -> Change:
    if not is_substantiated(case):
        raise Refusal("核查不属实的案件不作处理决定,请直接答复。")
    rows = []
    for measure in data.measures:
        if measure.kind == "none_with_reason" and not actor.has(Role.SUPERVISOR):
            raise SecondPersonNeeded("不予处罚须由督办员写明理由并签字(两个必罚)。", field="kind")
        row = measure.model_dump()
        row["decided_on"] = measure.decided_on.isoformat()
        row["rectify_by"] = measure.rectify_by.isoformat() if measure.rectify_by else None
        rows.append(row)
    return {"measures": rows, "penalty_fen": sum(row["penalty_fen"] for row in rows)}


def _reply(case: Case, data: inputs.Reply, actor: Actor, now: datetime) -> Change:
    if case["state"] == State.CONCLUDED and is_substantiated(case):
        raise Refusal("核查属实的案件必须先作出处罚、限期整改或书面说明(两个必罚),然后才能答复。")
    return {"reply": {"text": data.text, "sent_at": now}}


def _recheck(case: Case, data: inputs.Recheck, actor: Actor, now: datetime) -> Change:
    if actor.id == case["finding"]["recorded_by"]:
        raise SecondPersonNeeded("整改复查须由另一名人员进行,不能由原核查人自己复查。")
    if data.checked_on.isoformat() < case["finding"]["checked_on"]:
        raise InvalidInput("检查日期:复查不能早于核查。", field="checked_on")
    return {"recheck": {"checked_on": data.checked_on.isoformat(), "text": data.text, "recorded_by": actor.id}}


def _settle(case: Case, data: inputs.SettleReward, actor: Actor, now: datetime) -> Change:
    return {"reward_outcome": data.outcome}


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
           stops=("accept_decision", "verify_close"), law="安全生产法第七十三条"),
    Action("merge", "并案", _set(S.TRIAGE), S.MERGED, _by(R.DISPATCHER), inputs.Merge,
           told="与反映同一事项的另一件合并办理,您的编号和查询码照常使用。",
           change=lambda case, data, actor, now: {"merged_into": data.into}, stops=("accept_decision", "verify_close")),
    Action("assign", "派单", _set(S.ACCEPTED, S.RETURNED), S.ASSIGNED, _by(R.DISPATCHER, R.SUPERVISOR), inputs.Assign,
           change=_assign, told="已派给属地检查员。", starts=("sign_order",), jobs=("mail_order",)),
    Action("sign", "签收", _set(S.ASSIGNED), S.SIGNED, _by(R.INSPECTOR), inputs.Nothing,
           told="检查员已签收。", stops=("sign_order",)),
    Action("return", "退回", _set(S.ASSIGNED, S.SIGNED), S.RETURNED, _by(R.INSPECTOR), inputs.Return,
           change=lambda case, data, actor, now: {
               "returns": [*case.get("returns", []), {**data.model_dump(), "by": actor.id, "at": now}]},
           stops=("sign_order",)),
    Action("start_check", "开始核查", _set(S.SIGNED), S.VERIFYING, _by(R.INSPECTOR), inputs.Nothing, told="正在现场核查。"),
    Action("extend", "延长期限", _set(S.SIGNED, S.VERIFYING), None, _by(R.SUPERVISOR), inputs.Extend,
           told=lambda case, data: f"情况复杂,办理期限延长{data.days}日。理由:{data.reason}",
           law="安全生产领域举报奖励办法第十条"),
    Action("record_finding", "填写核查结论", _set(S.VERIFYING), S.CONCLUDED, _by(R.INSPECTOR), inputs.Finding,
           change=_finding, told=_told_finding, starts=("feedback",), stops=("verify_close",), jobs=("plan_check",)),
    Action("decide_measures", "作出处理决定", _set(S.CONCLUDED), S.MEASURES, _by(R.INSPECTOR, R.SUPERVISOR),
           inputs.Measures, change=_measures, told=_told_measures, starts=("penalty_publicity",)),
    Action("reply", "答复举报人", _set(S.CONCLUDED, S.MEASURES), S.REPLIED, _by(R.INSPECTOR, R.SUPERVISOR), inputs.Reply,
           change=_reply, told=lambda case, data: f"答复:{data.text}", starts=("objection", "reward_start"),
           stops=("feedback",), law="应急〔2023〕106号"),
    Action("recheck", "整改复查", _set(S.REPLIED), S.RECTIFIED, _by(R.INSPECTOR, R.SUPERVISOR), inputs.Recheck,
           change=_recheck, told="整改情况已复查。"),
    Action("settle_reward", "奖励办结", _set(S.REPLIED, S.RECTIFIED), S.REWARDED, _by(R.SYSTEM), inputs.SettleReward,
           change=_settle, stops=("reward_start", "objection")),
    Action("disclose", "公开", _set(S.REWARDED), S.DISCLOSED, _by(R.SYSTEM), inputs.Disclose,
           change=lambda case, data, actor, now: {"disclosures": data.public_numbers},
           told="处理结果已向社会公开(不含任何举报人信息)。", stops=("penalty_publicity",)),
    Action("archive", "归档", _set(S.REWARDED, S.DISCLOSED, S.REPLIED, S.RECTIFIED), S.ARCHIVED,
           _by(R.SUPERVISOR), inputs.Nothing,
           stops=("objection", "reward_start", "penalty_publicity")),
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
    """Role, district, and for inspectors that the order is their own."""
    if actor.roles.isdisjoint(action.roles):
        return False
    if not actor.may_see_district((case.get("location") or {}).get("district")):
        return False
    only_as_inspector = actor.roles & action.roles == {Role.INSPECTOR}
    return not only_as_inspector or case.get("inspector_id") == actor.id or action.name == "recheck"
