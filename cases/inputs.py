"""What each action must be given: one model per form. Messages are for the person who filled it in."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from store.errors import Refusal
from store.local_time import LOCAL

Text = Annotated[str, Field(min_length=1, max_length=4000)]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]

REFUSAL_REASONS = {
    "not_safety": "不属于安全生产举报事项",
    "no_object": "没有明确的举报对象或违法事实,无法核查",
    "handled": "同一事项已经受理或办结,且没有新的事实",
    "other_procedure": "应当通过诉讼、仲裁、行政复议或信访等途径解决",
    "suggestion": "属于意见建议或政府信息公开申请",
}
MEASURE_KINDS = {
    "rectify": "责令限期整改",
    "fine": "罚款",
    "suspend": "责令停产停业整顿",
    "revoke": "暂扣或吊销证照",
    "seal": "查封扣押",
    "cut_power": "停止供电",
    "refer_police": "移送公安机关",
    "refer_discipline": "移送纪检监察",
    "none_with_reason": "不予处罚(说明理由)",
}
FINDINGS = {
    "substantiated": "属实",
    "partly": "部分属实",
    "unsubstantiated": "不属实",
    "unverifiable": "无法核实",
}

SUSPEND_REASONS = {
    "appraisal": "检测鉴定",
    "other_authority": "等待其他机关作出决定",
    "force_majeure": "不可抗力",
}
RETALIATION_OFFICES = {
    "labour": "劳动保障监察机构",
    "police": "公安机关",
    "discipline": "纪检监察机关",
}


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Nothing(Input):
    """The action needs no more than the press of its button."""


class Understood(Input):
    """What the understanding job found out; the system only."""

    types: list[dict]
    in_scope: bool
    model_version: str
    location: dict
    route: dict
    duplicates: list[dict]


class Accept(Input):
    types: Annotated[list[str], Field(min_length=1, max_length=5)]
    district: ShortText
    street: str = Field("", max_length=50)
    grid: str = Field("", max_length=50)
    company: str = Field("", max_length=100)
    summary: Annotated[str, Field(min_length=5, max_length=2000)]


class Assign(Input):
    """`decision`: the supervisor's, for a case that was returned twice."""

    department: ShortText
    inspector_id: ShortText
    decision: str = Field("", max_length=1000)


class Reassign(Assign):
    """To somebody else, with the reason."""

    reason: ShortText


class Refuse(Input):
    reason: Literal[tuple(REFUSAL_REASONS)]  # type: ignore[valid-type]
    text: Text


class Transfer(Input):
    to: ShortText
    text: Text


class Merge(Input):
    into: ShortText


class Unmerge(Input):
    text: Text


class LinkEnterprise(Input):
    """`enterprise`: a credit code of the register, "" takes a wrong one back."""

    enterprise: str = Field("", max_length=18)


class LinkRecurrence(Input):
    """`of`: the case in which the same was found before."""

    of: ShortText


class Finding(Input):
    result: Literal[tuple(FINDINGS)]  # type: ignore[valid-type]
    officers: Annotated[list[ShortText], Field(min_length=2, max_length=6)]
    checked_on: date
    text: Text

    @field_validator("officers")
    @classmethod
    def two_people(cls, officers: list[str]) -> list[str]:
        if len(set(officers)) < 2:
            raise ValueError("现场核查须有两名以上不同的执法人员(行政处罚法第四十二条)")
        return officers

    @field_validator("checked_on")
    @classmethod
    def not_in_the_future(cls, day: date) -> date:
        if day > datetime.now(LOCAL).date():
            raise ValueError("检查日期不能晚于今天")
        return day


class Measure(Input):
    """`penalty_fen`: the fine in fen, only with kind "fine"."""

    kind: Literal[tuple(MEASURE_KINDS)]  # type: ignore[valid-type]
    text: Text
    law: str = Field("", max_length=300)
    document_no: str = Field("", max_length=100)
    decided_on: date
    rectify_by: date | None = None
    penalty_fen: int = Field(0, ge=0, le=10**12)

    @model_validator(mode="after")
    def complete(self) -> "Measure":
        if self.kind == "fine" and self.penalty_fen <= 0:
            raise ValueError("罚款须填写大于零的金额")
        if self.kind != "fine" and self.penalty_fen:
            raise ValueError("只有罚款可以填写金额")
        if self.kind == "fine" and not self.law:
            raise ValueError("罚款须写明依据的法律条款")
        if self.kind == "rectify" and self.rectify_by is None:
            raise ValueError("责令整改须写明整改期限")
        if self.decided_on > datetime.now(LOCAL).date():
            raise ValueError("决定日期不能晚于今天")
        return self


class Measures(Input):
    """两个必罚: a penalty, a dated order to rectify, or a written reason; never nothing."""

    measures: Annotated[list[Measure], Field(min_length=1, max_length=20)]


class Reply(Input):
    text: Text


class Recheck(Input):
    checked_on: date
    text: Text


class SettleReward(Input):
    """How the reward ended; sent by the reward room."""

    outcome: Literal["paid", "forfeited", "waived", "not_eligible"]
    reason: str = Field("", max_length=1000)


class Disclose(Input):
    public_numbers: list[str]


class Ask(Input):
    text: Text


class Extend(Input):
    days: int = Field(ge=1, le=30)
    reason: Text


class Refusing(Input):
    """A no with its reason."""

    text: Text


class Suspend(Input):
    reason: Literal[tuple(SUSPEND_REASONS)]  # type: ignore[valid-type]
    text: Text


class Uphold(Input):
    """The objection is right: another inspector checks again."""

    inspector_id: ShortText
    text: Text


class Forward(Input):
    """`appeal`: the message in which a reporter told of retaliation."""

    appeal: ShortText
    office: Literal[tuple(RETALIATION_OFFICES)]  # type: ignore[valid-type]
    text: Text


class AnswerSupervision(Input):
    """`notice`: the supervision order that is answered."""

    notice: ShortText
    text: Text


class Withdraw(Input):
    reason: str = Field("", max_length=1000)


FIELD_NAMES = {
    "types": "违法类型", "district": "区市", "street": "镇街", "grid": "网格", "company": "单位名称", "summary": "转办摘要",
    "department": "承办部门", "inspector_id": "检查员", "reason": "理由", "text": "说明", "to": "转交单位", "into": "并入的案件",
    "enterprise": "被举报单位", "of": "以前的案件",
    "evidence": "退回依据", "named": "应属何处", "photos": "现场照片", "decision": "督办决定", "decision_seen": "阅知督办决定", "result": "核查结论", "officers": "执法人员", "checked_on": "检查日期", "measures": "处理措施",
    "kind": "措施", "law": "法律依据", "decided_on": "决定日期", "rectify_by": "整改期限", "penalty_fen": "罚款金额", "days": "延长天数",
    "office": "转交给", "appeal": "打击报复", "notice": "督办单",
}  # fmt: skip

_PROBLEMS = {
    "missing": "没有填写",
    "string_too_short": "内容太短,请写清楚",
    "string_too_long": "内容太长,请精简",
    "too_short": "至少要填一项",
    "too_long": "项数太多",
    "literal_error": "请从列表中选择",
    "date_from_datetime_parsing": "请填写日期,例如 2026-11-24",
    "date_parsing": "请填写日期,例如 2026-11-24",
    "int_parsing": "请填写整数",
    "greater_than_equal": "数字太小",
    "less_than_equal": "数字太大",
    "extra_forbidden": "多余的项目",
}


class InvalidInput(Refusal):
    """A form that is not filled in right; names the first field at fault."""

    status = 422


def explain(error: ValidationError) -> InvalidInput:
    """The first problem of a pydantic error, in Chinese, with the field's name."""
    first = error.errors()[0]
    names = [part for part in first["loc"] if isinstance(part, str)]
    field = names[-1] if names else None
    if first["type"] == "value_error":
        problem = str(first["ctx"]["error"])
    else:
        problem = _PROBLEMS.get(first["type"], "填写有误,请检查")
    label = FIELD_NAMES.get(field or "", field or "")
    return InvalidInput(f"{label}:{problem}。" if label else f"{problem}。", field=field)
