"""The audit trail of a case in words: who did what and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.actions import ACTIONS
from cases.inputs import FINDINGS, MEASURE_KINDS, REFUSAL_REASONS, RETURN_REASONS
from cases.violations import name_of

OTHER_ACTIONS = {
    "file": "收到举报",
    "take_in": "并入另一案件的举报",
    "give_back": "撤销并案，交还举报",
    "recurred": "同一问题再次发生",
    "plan_check": "列入突击检查计划",
    "save_enterprise": "保存单位",
    "import_enterprises": "导入单位",
    "record_credit": "记录信用事件",
    "record_sweep": "记录排查",
    "record_check": "记录突击检查",
    "reward.propose": "提出奖励",
    "reward.change": "修改奖励",
    "reward.approve": "批准奖励",
    "reward.reserve": "预留奖金",
    "reward.approval_failed": "奖励批准未完成",
    "reward.notify": "通知领取奖励",
    "reward.claim": "登记领取",
    "reward.pay": "支付奖金",
    "reward.forfeited": "奖励逾期未领",
    "reward.not_eligible": "不予奖励",
    "disclosure.draft": "起草公开内容",
    "disclosure.edit": "修改公开内容",
    "disclosure.review": "审核公开内容",
    "disclosure.publish": "公开",
    "disclosure.withdraw": "撤回公开内容",
    "appropriate": "下达预算",
    "grant_access": "开通保密柜钥匙",
    "grant_by_escrow": "用托管密钥开通保密柜",
    "import_layer": "导入网格",
    "retry_job": "重做任务",
    "save_inspector": "保存检查员",
    "add_account": "新建账号",
    "disable_account": "停用账号",
    "enable_account": "启用账号",
    "reset_password": "重置口令",
    "reporter_answer": "举报人回答",
    "reporter_addition": "举报人补充",
    "reporter_objection": "举报人提出异议",
    "reporter_retaliation": "举报人反映打击报复",
    "accept_and_assign": "受理并派单",
    "take_up": "接手警报",
    "request_opening": "申请打开保密柜",
    "approved_opening": "批准打开保密柜",
    "refused_opening": "拒绝打开保密柜",
    "open_record": "打开保密柜",
    "wrong_password": "口令不对",
}
KNOWN = frozenset(ACTIONS) | frozenset(OTHER_ACTIONS)
_FIELDS = {
    "district": "区市", "street": "镇街", "company": "单位", "department": "部门", "days": "延长天数", "to": "转交",
    "into": "并入", "from_case": "原案件", "to_case": "交还给", "of": "以前的案件", "in_case": "新的案件",
    "enterprise": "统一社会信用代码", "planned_on": "计划日期", "checked_on": "检查日期", "outcome": "结果", "amount_fen": "金额（分）",
    "ledger_seq": "分录号", "claim_due": "领取截止", "photos": "照片数", "rule_set": "规则",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    seq: int
    at: datetime
    who: str
    action: str
    detail: str


def action_name(action: str) -> str:
    return ACTIONS[action].zh if action in ACTIONS else OTHER_ACTIONS.get(action, action)


def lines(entries: list[dict[str, Any]], names: Mapping[str, str]) -> list[Line]:
    """Audit entries (oldest first) as lines; `names` maps account ids to names."""
    return [
        Line(entry["seq"], entry["at"], names.get(entry["actor"], entry["actor"]), action_name(entry["action"]),
             detail_words(entry["detail"]))
        for entry in entries
    ]  # fmt: skip


def detail_words(detail: Mapping[str, Any]) -> str:
    """What was decided. Only fields known here are shown; the rest can be read in the entry itself."""
    # `from` and `to` are the states before and after; inside `data`, `to` is whom a case was transferred to.
    data = {key: value for key, value in detail.items() if key not in ("from", "to", "data")}
    data |= detail.get("data") or {}
    words = []
    if result := data.get("result"):
        words.append(FINDINGS.get(result, result))
    if reason := data.get("reason"):
        words.append(REFUSAL_REASONS.get(reason) or RETURN_REASONS.get(reason) or str(reason))
    if measures := data.get("measures"):
        words.append("、".join(MEASURE_KINDS[row["kind"]] for row in measures))
    if types := data.get("decided_types"):
        words.append("、".join(name_of(kind) for kind in types))
    words += [f"{zh}：{data[key]}" for key, zh in _FIELDS.items() if data.get(key) not in (None, "")]
    return "；".join(words)
