"""The ledger's accounts and what each kind of entry moves between them.

Postings are signed fen and always add up to zero. No account but the treasury may fall below zero: a budget cannot be
overdrawn, and a reserved reward cannot be paid twice, because the second payment would find nothing in `payable`.

Accounts carry numbers of rewards, never of people: the ledger contains no identity.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    APPROPRIATION = "appropriation"
    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"
    REVERSAL = "reversal"
    CLOSED = "closed"


KIND_NAMES = {
    Kind.APPROPRIATION: "下达预算",
    Kind.PENDING: "预留奖金",
    Kind.POSTED: "支付奖金",
    Kind.VOIDED: "取消预留",
    Kind.EXPIRED: "逾期收回",
    Kind.REVERSAL: "冲正",
    Kind.CLOSED: "年度结转",
}

Posting = tuple[str, int]
"""(account, signed fen)"""


def treasury(jurisdiction: str) -> str:
    """Where budgets come from; the only account that may be negative."""
    return f"treasury:{jurisdiction}"


def budget(jurisdiction: str, year: int) -> str:
    """What is left of a year's appropriation."""
    return f"budget:{jurisdiction}:{year}"


def payable(claim: str) -> str:
    """What is reserved for one reward and not yet paid."""
    return f"payable:{claim}"


def is_payable(account: str) -> bool:
    return account.startswith("payable:")


def paid(jurisdiction: str, year: int) -> str:
    """What was paid out of a year's budget."""
    return f"paid:{jurisdiction}:{year}"


def may_be_negative(account: str) -> bool:
    return account.startswith("treasury:")


def postings(kind: Kind, jurisdiction: str, year: int, claim: str | None, amount: int) -> tuple[Posting, Posting]:
    """The two postings of an entry; a reversal has those of its target with the signs swapped."""
    if kind is Kind.PENDING:
        source, target = budget(jurisdiction, year), payable(claim or "")
    elif kind is Kind.POSTED:
        source, target = payable(claim or ""), paid(jurisdiction, year)
    elif kind is Kind.VOIDED or kind is Kind.EXPIRED:
        source, target = payable(claim or ""), budget(jurisdiction, year)
    elif kind is Kind.APPROPRIATION:
        source, target = treasury(jurisdiction), budget(jurisdiction, year)
    else:
        assert kind is Kind.CLOSED, "a reversal takes its postings from its target"
        source, target = budget(jurisdiction, year), treasury(jurisdiction)
    return (source, -amount), (target, amount)
