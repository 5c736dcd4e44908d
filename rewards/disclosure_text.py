"""What may be said in public about a case, and how: pure functions from a case to fields and a text.

Three kinds, each with its own fields (中文名 → `TITLES`):
- typical_case 典型案例: month, district, coarse channel, "某企业", facts, law, penalty, reward;
- exposure 曝光: the company by name after a decision, facts, law, penalty, state of rectification; no reward, no tip;
- reward_notice 领奖公告: district, group of violations, amount, last day to claim; no company, no facts.

Only officers' words go in. The reporter's own words, photos, number and the time of day never do: whoever knows the
company can tell an insider by them. Public numbers are random, and a case has another one in each list.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rewards.money import yuan
from store.errors import Conflict, Refusal

REPEATED = 8  # consecutive characters of the reporter's that a public text must not contain


class DisclosureKind(StrEnum):
    TYPICAL_CASE = "typical_case"
    EXPOSURE = "exposure"
    REWARD_NOTICE = "reward_notice"


TITLES = {
    DisclosureKind.TYPICAL_CASE: "典型案例",
    DisclosureKind.EXPOSURE: "曝光",
    DisclosureKind.REWARD_NOTICE: "领奖公告",
}
CHANNELS = {"hotline": "电话", "chat": "网络", "form": "网络", "wechat": "网络", "open311": "网络"}

# What a publisher may change, with its name; the rest follows from the case.
EDITABLE: dict[DisclosureKind, dict[str, str]] = {
    DisclosureKind.TYPICAL_CASE: {
        "office": "机关", "industry": "行业", "matter": "事由", "facts": "查明事实", "law": "法律依据",
        "measures": "处理措施",
    },
    DisclosureKind.EXPOSURE: {
        "company": "企业名称", "credit_code": "统一社会信用代码", "facts": "违法事实", "law": "法律依据",
        "document_no": "处罚决定书文号", "status": "整改状态",
    },
    DisclosureKind.REWARD_NOTICE: {"phone": "咨询电话"},
}  # fmt: skip
_OFFICERS_WORDS = ("industry", "matter", "facts", "measures", "status")
_TRAILING = "。.;,\uff1b\uff0c \n"
_NUMBERS_OF_PEOPLE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dXx](?!\d)")


class NotForPublic(Conflict):
    """The case is not (yet) one that may be disclosed in this way."""


class RepeatsReporter(Refusal):
    """The public text contains the reporter's own words, number, or what names a person."""


@dataclass(frozen=True)
class Words:
    """What the case's type ids mean: titles of the leaves and of their groups."""

    types: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Office:
    """Who publishes: the deciding office and the telephone for claims."""

    name: str = "青岛市应急管理局"
    phone: str = "12350"


@dataclass(frozen=True)
class Public:
    """A generated text: `fields` by name, ready for `render`; `open_words` are names that anybody may use."""

    kind: DisclosureKind
    district: str
    month: str | None
    fields: dict[str, str]
    open_words: tuple[str, ...] = field(default=())
    company: str = ""
    """The company's name in the case, which only an exposure may say."""


def generate(
    kind: DisclosureKind, case: Mapping[str, Any], reward: Mapping[str, Any] | None, words: Words, office: Office
) -> Public:
    """The first draft of a disclosure. Raises `NotForPublic` with what is missing."""
    finding = case.get("finding") or {}
    if finding.get("result") not in ("substantiated", "partly"):
        raise NotForPublic("只有查实（属实或部分属实）的案件可以公开。")
    district = (case.get("location") or {}).get("district") or "青岛市"
    company = case.get("company") or ""
    open_words = tuple(word for word in (company, *words.types, *words.groups, office.name, district) if word)
    month = case["opened_on"][:7]
    match kind:
        case DisclosureKind.TYPICAL_CASE:
            fields = _typical_case(case, reward, words, office, company)
        case DisclosureKind.EXPOSURE:
            fields, month = _exposure(case, company), None
        case DisclosureKind.REWARD_NOTICE:
            fields = _reward_notice(reward, words, office)
    return Public(kind, district, month, fields, open_words, company)


def _typical_case(
    case: Mapping[str, Any], reward: Mapping[str, Any] | None, words: Words, office: Office, company: str
) -> dict[str, str]:
    fields = {
        "received": _month(case["opened_on"]),
        "office": office.name,
        "channel": CHANNELS.get(case.get("channel", ""), "网络"),
        "industry": "",
        "matter": "、".join(words.types) or "安全生产问题",
        "facts": without_company(case["finding"]["text"], company),
        "result": "情况属实" if case["finding"]["result"] == "substantiated" else "情况部分属实",
        "law": _law(case),
        "measures": without_company(_measures(case), company),
        "penalty": _penalty(case),
    }
    if reward is not None and reward.get("state") == "paid":
        fields |= {
            "rule": f"{reward['assessment']['rule'].split(' ')[0]}{reward['assessment']['article']}",
            "rewarded": _month(reward["paid_on"]),
            "amount": yuan(reward["amount_fen"]),
        }
    return fields


def _exposure(case: Mapping[str, Any], company: str) -> dict[str, str]:
    decided = [each for each in case.get("measures") or [] if each.get("kind") != "none_with_reason"]
    if not decided:
        raise NotForPublic("还没有处理决定，不能公开曝光企业名称。")
    if not company:
        raise NotForPublic("案件里没有核实过的企业名称，不能曝光。请先在案件中补上。")
    due = max((each["rectify_by"] for each in decided if each.get("rectify_by")), default="")
    return {
        "company": company,
        "credit_code": "",
        "checked": case["finding"]["checked_on"],
        "facts": case["finding"]["text"],
        "law": _law(case),
        "document_no": "、".join(each["document_no"] for each in decided if each.get("document_no")),
        "penalty": _penalty(case),
        "due": due,
        "status": "已复查" if case.get("recheck") else "整改中",
    }


def _reward_notice(reward: Mapping[str, Any] | None, words: Words, office: Office) -> dict[str, str]:
    if reward is None or reward.get("state") != "notified":
        raise NotForPublic("只有已通知、还没有领取的奖励需要发领奖公告。")
    return {
        "group": "、".join(words.groups) or "安全生产",
        "amount": yuan(reward["amount_fen"]),
        "claim_due": reward["claim_due"],
        "phone": office.phone,
    }


def render(public: Public, public_number: str) -> str:
    """The sentence that is published. A field that is empty takes its clause with it."""
    f, where = public.fields, public.district
    match public.kind:
        case DisclosureKind.TYPICAL_CASE:
            law = f"上述行为违反{f['law']}的规定，" if f["law"] else ""
            done = "、".join(each for each in (f["measures"], f["penalty"] and f"处罚款{f['penalty']}") if each)
            text = (
                f"{f['received']}，{f['office']}接到群众{f['channel']}举报，反映{where}某{f['industry']}企业{f['matter']}。"
                f"经查，{_sentence(f['facts'])}举报{f['result']}。{law}{'依法' + done + '。' if done else ''}"
            )
            if f.get("rewarded"):
                amount = f"人民币{f['amount']}" if f.get("amount") else "现金"
                text += f"根据{f['rule']}，于{f['rewarded']}给予举报人{amount}奖励。"
            return text
        case DisclosureKind.EXPOSURE:
            name = f"{f['company']}({f['credit_code']})" if f["credit_code"] else f["company"]
            parts = [
                f"{name} {f['checked']}检查：{_sentence(f['facts'])}",
                f["law"] and f"依据{f['law']}。",
                f["document_no"] and f"决定书{f['document_no']}。",
                f["penalty"] and f"罚款{f['penalty']}。",
                f["due"] and f"整改期限{f['due']}。",
                f"状态：{f['status']}。",
            ]
            return "".join(part for part in parts if part)
        case DisclosureKind.REWARD_NOTICE:
            amount = f"奖励{f['amount']}" if f.get("amount") else "给予现金奖励，金额凭查询码查看"
            return (
                f"编号{public_number}：关于{where}的{f['group']}类举报已查实，{amount}。请举报人在{f['claim_due']}前，"
                f"凭编号和查询码在本服务“领奖”中办理，或致电{f['phone']}；可银行转账，无须到场。"
                "逾期视为放弃；确有理由可申请延长。"
            )


def without_amount(fields: Mapping[str, str]) -> dict[str, str]:
    """For a group so small that the amount would point at somebody."""
    return {**fields, "amount": ""} if "amount" in fields else dict(fields)


def without_company(text: str, company: str) -> str:
    """A typical case names nobody: the company's name becomes 该企业."""
    if not company:
        return text
    short = re.sub(r"(股份|有限|责任|公司|集团|厂)+$", "", company)
    for name in (company, short if len(short) >= 4 else company):
        text = text.replace(name, "该企业")
    return text


def check_public(public: Public, tips: Iterable[Mapping[str, Any]]) -> None:
    """Everything that must hold before a text is published. Raises `RepeatsReporter` or `NotForPublic`."""
    named = len(public.company) >= 4 and any(public.company in text for text in public.fields.values())
    if named and public.kind is not DisclosureKind.EXPOSURE:
        raise NotForPublic(f"{TITLES[public.kind]}里不能写企业名称，请改成“该企业”。")
    for tip in tips:
        assert_no_reporter_fields(public, tip)


def assert_no_reporter_fields(public: Public, tip: Mapping[str, Any]) -> None:
    """Refuse what repeats 8 or more consecutive characters of the tip's own text, its number, or a person's number.

    Compared are letters and digits only (NFKC, case folded), so that neither spaces nor punctuation hide a repetition.
    Names that anybody may use (company, district, titles of violations) are left out of the comparison.
    """
    said = {name: public.fields.get(name, "") for name in _OFFICERS_WORDS}
    number = str(tip.get("number") or "")
    for name, text in public.fields.items():
        if number and _letters(number) in _letters(text):
            raise RepeatsReporter("公开内容里不能出现举报编号，请删去。", field=name)
        if _NUMBERS_OF_PEOPLE.search(unicodedata.normalize("NFKC", text)) and name not in ("credit_code", "phone"):
            raise RepeatsReporter("公开内容里像有电话号码或证件号，请删去。", field=name)
    theirs = {gram for text in _reporters_texts(tip) for gram in _grams(_masked(text, public.open_words))}
    for name, text in said.items():
        for gram in _grams(_masked(text, public.open_words)):
            if gram in theirs:
                raise RepeatsReporter(
                    f"“{gram}”与举报人的原话相同，公开后可能暴露举报人。请用检查人员自己的话改写。", field=name
                )


def _reporters_texts(tip: Mapping[str, Any]) -> list[str]:
    facts = tip.get("facts") or {}
    messages = [each.get("text") for each in tip.get("messages") or [] if each.get("from", "reporter") == "reporter"]
    return [text for text in (tip.get("text"), *facts.values(), *messages) if isinstance(text, str)]


def _letters(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())


def _masked(text: str, open_words: Iterable[str]) -> list[str]:
    """The letters of a text, cut where an open word stood."""
    pieces = [_letters(text)]
    for word in sorted(map(_letters, open_words), key=len, reverse=True):
        if word:
            pieces = [part for piece in pieces for part in piece.split(word)]
    return pieces


def _grams(pieces: Iterable[str]) -> Iterable[str]:
    for piece in pieces:
        for start in range(len(piece) - REPEATED + 1):
            yield piece[start : start + REPEATED]


def _month(day: str) -> str:
    """ "2026-03-09" → "2026年3月": never the day, which insiders know."""
    return f"{int(day[:4])}年{int(day[5:7])}月"


def _sentence(text: str) -> str:
    return text.rstrip(_TRAILING) + "。"


def _law(case: Mapping[str, Any]) -> str:
    return "、".join(dict.fromkeys(each["law"] for each in case.get("measures") or [] if each.get("law")))


def _measures(case: Mapping[str, Any]) -> str:
    kept = [each["text"] for each in case.get("measures") or [] if each.get("kind") != "fine" and each.get("text")]
    return "、".join(text.rstrip(_TRAILING) for text in kept)


def _penalty(case: Mapping[str, Any]) -> str:
    fine = sum(each.get("penalty_fen") or 0 for each in case.get("measures") or [])
    return yuan(fine) if fine else ""
