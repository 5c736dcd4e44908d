"""The audit trail of a case in words: who did what and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.actions import ACTIONS
from cases.inputs import FINDINGS, MEASURE_KINDS, REFUSAL_REASONS, RETALIATION_OFFICES, SUSPEND_REASONS
from cases.returns import RETURN_REASONS
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
    "reward.donate": "捐赠奖金",
    "reward.extend": "延长领取期限",
    "reward.unreachable": "联系不上举报人",
    "reward.notice": "发布领奖公告",
    "reward.remind": "提醒领取",
    "reward.file": "奖励备案",
    "reward.batch": "列入付款批次",
    "reward.unbatch": "移出付款批次",
    "reward.pay": "支付奖金",
    "reward.pay_failed": "银行付款失败",
    "reward.returned": "银行退回付款",
    "reward.over_cap": "决定超过月度上限全额发放",
    "reward.end": "决定结束奖励",
    "reward.reopen": "奖励重新提出",
    "reward.waived": "举报人放弃奖励",
    "reward.appeal": "举报人对奖励提出异议",
    "reward.appeal_decided": "处理奖励异议",
    "batch.make": "做付款批次",
    "batch.approve": "批准付款批次",
    "batch.cancel": "取消付款批次",
    "batch.download": "下载付款文件",
    "batch.result": "导入银行结果",
    "batch.settle": "付款入账",
    "rules.submit": "提交奖励规则",
    "rules.approve": "批准奖励规则",
    "rules.refuse": "退回奖励规则",
    "close_year": "年度结转",
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
    "accept_alias": "采用地名",
    "withdraw_alias": "撤回地名",
    "use_layer": "换用网格版本",
    "retry_job": "重做任务",
    "save_inspector": "保存检查员",
    "set_active": "停用或启用检查员",
    "add_leave": "登记休假",
    "remove_leave": "取消休假",
    "set_shifts": "修改班次",
    "add_shift": "增加班次",
    "remove_shift": "删除班次",
    "import_inspectors": "导入检查员名单",
    "load_calendar": "装入年度日历",
    "recount": "按正式日历重算期限",
    "set_email": "修改邮箱",
    "add_account": "新建账号",
    "disable_account": "停用账号",
    "enable_account": "启用账号",
    "reset_password": "重置口令",
    "change_password": "更换口令",
    "add_second_factor": "启用动态码",
    "remove_second_factor": "关闭动态码",
    "use_paper_code": "用备用码登录",
    "withdraw_access": "收回保密柜钥匙",
    "rotate_finance": "更换保密柜财务钥匙",
    "rotate_escrow": "更换托管密钥",
    "seal_anew": "重新封存保密柜记录",
    "drill": "保密柜演练",
    "forget_reporter": "清除举报人身份",
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
    "download_evidence": "下载证据",
    "sweep_evidence": "清理无主的证据文件",
}
KNOWN = frozenset(ACTIONS) | frozenset(OTHER_ACTIONS)
_FIELDS = {
    "district": "区市", "street": "镇街", "company": "单位", "department": "部门", "days": "延长天数", "to": "转交",
    "named": "应属何处", "decision": "督办决定", "into": "并入", "from_case": "原案件", "to_case": "交还给", "of": "以前的案件",
    "in_case": "新的案件", "enterprise": "统一社会信用代码", "planned_on": "计划日期", "checked_on": "检查日期", "outcome": "结果",
    "amount_fen": "金额（分）", "leave": "休假", "shifts": "班次", "ledger_seq": "分录号", "batch": "批次", "document_no": "文号",
    "lines": "笔数", "claim_due": "领取截止", "photos": "照片数", "rule_set": "规则", "source": "来源文件", "before": "此前的版本",
}  # fmt: skip

_REASONS = {**REFUSAL_REASONS, **{key: reason.zh for key, reason in RETURN_REASONS.items()}, **SUSPEND_REASONS}


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
        words.append(_REASONS.get(reason) or str(reason))
    if office := data.get("office"):
        words.append(f"转交：{RETALIATION_OFFICES.get(office, office)}")
    if measures := data.get("measures"):
        words.append("、".join(MEASURE_KINDS[row["kind"]] for row in measures))
    if "active" in data:
        words.append("启用" if data["active"] else "停用")
    if types := data.get("decided_types"):
        words.append("、".join(name_of(kind) for kind in types))
    words += [f"{zh}：{data[key]}" for key, zh in _FIELDS.items() if data.get(key) not in (None, "")]
    return "；".join(words)
