"""What is asked of the ledger, what an entry is, and the bytes that are hashed. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any, NamedTuple, TypeGuard

from rewards.accounts import Kind, Posting
from rewards.merkle import leaf_hash
from rewards.money import MAX_FEN, Fen
from store.errors import Refusal

GENESIS = "0" * 64

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,119}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_CLAIM = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PERSONAL = re.compile(r"\d{7,}|@")

# Kinds that say themselves whose money it is; the others name the entry they are about.
OF_A_BUDGET = frozenset({Kind.APPROPRIATION, Kind.PENDING, Kind.CLOSED})


class WrongRequest(Refusal):
    """A ledger request that no state of the book could accept."""


class LedgerRequest(NamedTuple):
    """What a caller wants entered. Made by the functions below, which say what each kind needs.

    `key` is chosen and stored by the caller before it sends, so that a retry is recognised.
    `target` is the entry that is paid, cancelled, expired or reversed.
    """

    kind: Kind
    key: str
    actor: str
    jurisdiction: str | None = None
    year: int | None = None
    claim: str | None = None
    amount: Fen | None = None
    target: int | None = None
    memo: str = ""

    def content_hash(self) -> str:
        """Covers what the entry does with money, not who asked: another officer's retry is still the same request."""
        jurisdiction, claim = _text(self.jurisdiction), _text(self.claim)
        year, amount, target = _number(self.year), _number(self.amount), _number(self.target)
        content = f'["{self.kind.value}",{jurisdiction},{year},{claim},{amount},{target}]'
        return hashlib.sha256(content.encode()).hexdigest()


def appropriation(key: str, jurisdiction: str, year: int, amount: Fen, *, actor: str, memo: str = "") -> LedgerRequest:
    """Give a jurisdiction's budget of that year `amount` more."""
    return LedgerRequest(Kind.APPROPRIATION, key, actor, jurisdiction, year, None, amount, memo=memo)


def reserve(
    key: str, jurisdiction: str, year: int, claim: str, amount: Fen, *, actor: str, memo: str = ""
) -> LedgerRequest:
    """Reserve an approved reward; refused when the budget does not hold as much."""
    return LedgerRequest(Kind.PENDING, key, actor, jurisdiction, year, claim, amount, memo=memo)


def settle(key: str, pending_seq: int, *, actor: str, memo: str = "") -> LedgerRequest:
    """Pay what entry `pending_seq` reserved, once."""
    return LedgerRequest(Kind.POSTED, key, actor, target=pending_seq, memo=memo)


def cancel(key: str, pending_seq: int, *, actor: str, memo: str = "") -> LedgerRequest:
    """Give what entry `pending_seq` reserved back to the budget, because somebody decided so."""
    return LedgerRequest(Kind.VOIDED, key, actor, target=pending_seq, memo=memo)


def expire(key: str, pending_seq: int, *, actor: str, memo: str = "") -> LedgerRequest:
    """The same because nobody claimed it in time."""
    return LedgerRequest(Kind.EXPIRED, key, actor, target=pending_seq, memo=memo)


def reverse(key: str, target: int, *, actor: str, memo: str) -> LedgerRequest:
    """Undo an appropriation or a payment by a counter-entry; a reversed payment is payable again."""
    return LedgerRequest(Kind.REVERSAL, key, actor, target=target, memo=memo)


def close_year(key: str, jurisdiction: str, year: int, amount: Fen, *, actor: str, memo: str = "") -> LedgerRequest:
    """Give what is left of a year's budget, exactly `amount`, back to the treasury; nothing new is reserved after."""
    return LedgerRequest(Kind.CLOSED, key, actor, jurisdiction, year, None, amount, memo=memo)


class Entry(NamedTuple):
    """One entry of the ledger, numbered without gaps from 1. `hash` is its RFC 9162 leaf hash and covers `prev`."""

    seq: int
    at: datetime
    kind: Kind
    key: str
    request: str
    jurisdiction: str
    year: int
    claim: str | None
    amount: int
    target: int | None
    postings: tuple[Posting, ...]
    memo: str
    actor: str
    prev: str
    hash: str

    def document(self) -> dict[str, Any]:
        """As stored: `_id` is the sequence number, postings are [account, fen] pairs."""
        return {
            "_id": self.seq, "at": self.at, "kind": self.kind.value, "key": self.key, "request": self.request,
            "jurisdiction": self.jurisdiction, "year": self.year, "claim": self.claim, "amount": self.amount,
            "target": self.target, "postings": [list(leg) for leg in self.postings], "memo": self.memo,
            "actor": self.actor, "prev": self.prev, "hash": self.hash,
        }  # fmt: skip


def read_entry(document: dict[str, Any]) -> Entry:
    """The entry a stored document says it is; nothing is checked. Raises KeyError, TypeError or ValueError."""
    return Entry(
        document["_id"], document["at"], Kind(document["kind"]), document["key"], document["request"],
        document["jurisdiction"], document["year"], document["claim"], document["amount"], document["target"],
        tuple([(account, fen) for account, fen in document["postings"]]), document["memo"], document["actor"],
        document["prev"], document["hash"],
    )  # fmt: skip


def request_of(entry: Entry) -> LedgerRequest:
    """The request that led to `entry`."""
    if entry.kind in OF_A_BUDGET:
        return LedgerRequest(
            entry.kind, entry.key, entry.actor, entry.jurisdiction, entry.year, entry.claim, Fen(entry.amount), None,
            entry.memo,
        )  # fmt: skip
    return LedgerRequest(entry.kind, entry.key, entry.actor, None, None, None, None, entry.target, entry.memo)


def hash_of(entry: Entry) -> str:
    """The RFC 9162 leaf hash over the entry's canonical bytes: every field but `hash` itself."""
    return leaf_hash(canonical(entry)).hex()


def canonical(entry: Entry) -> bytes:
    """RFC 8785 JSON of the entry, where `_id` is called `seq` and the time is written in ISO 8601.

    Written out by hand, three times faster than any encoder: `verify` does it for every entry there is.
    """
    at = entry.at
    moment = (at.astimezone(UTC) if at.utcoffset() else at).isoformat(timespec="milliseconds")
    legs = ",".join([f"[{encode_basestring(account)},{fen:d}]" for account, fen in entry.postings])
    return (
        f'{{"actor":{_text(entry.actor)},"amount":{entry.amount:d},"at":"{moment}","claim":{_text(entry.claim)},'
        f'"jurisdiction":{_text(entry.jurisdiction)},"key":{_text(entry.key)},"kind":"{entry.kind.value}",'
        f'"memo":{_text(entry.memo)},"postings":[{legs}],"prev":{_text(entry.prev)},"request":{_text(entry.request)},'
        f'"seq":{entry.seq:d},"target":{_number(entry.target)},"year":{entry.year:d}}}'
    ).encode()


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def _number(value: int | None) -> str:
    return "null" if value is None else f"{value:d}"


def check(request: LedgerRequest) -> None:
    """Refuse (`WrongRequest`) what cannot be entered in any state of the book."""
    if not _KEY.fullmatch(request.key):
        raise WrongRequest("流水键只能用字母、数字和 . _ : -，最长 120 个字符。", field="key")
    if request.kind in OF_A_BUDGET:
        _check_budget(request)
    elif not is_whole(request.target) or not 0 < request.target < 2**53:
        raise WrongRequest("请写要处理的分录号。", field="target")
    if request.claim is not None and not _CLAIM.fullmatch(request.claim):
        raise WrongRequest("奖励编号只能用字母、数字和 _ -。", field="claim")
    if request.kind is Kind.REVERSAL and not request.memo.strip():
        raise WrongRequest("冲正要写明原因。", field="memo")
    if not 0 < len(request.actor) <= 64 or not request.actor.isprintable():
        raise WrongRequest("缺少经办人编号。", field="actor")
    if len(request.memo) > 200 or not request.memo.isprintable():
        raise WrongRequest("摘要最多 200 个字，不能有换行或特殊字符。", field="memo")
    if _PERSONAL.search(request.memo):
        raise WrongRequest("摘要里不能写电话号码、证件号、卡号或邮箱：账本是公开核对的。", field="memo")


def _check_budget(request: LedgerRequest) -> None:
    if request.jurisdiction is None or not _NAME.fullmatch(request.jurisdiction):
        raise WrongRequest("单位代码只能用小写字母、数字和 _ -，例如 qingdao。", field="jurisdiction")
    if not is_whole(request.year) or not 2000 <= request.year <= 2100:
        raise WrongRequest("预算年度要在 2000 到 2100 之间。", field="year")
    least = 0 if request.kind is Kind.CLOSED else 1  # a year that was spent to the last fen is closed with nothing
    if not is_whole(request.amount) or not least <= request.amount <= MAX_FEN:
        raise WrongRequest("金额要大于零，单位是分，且不超过一千亿元。", field="amount")
    if (request.claim is not None) != (request.kind is Kind.PENDING):
        raise WrongRequest("预留奖金要写奖励编号，其他的不能写。", field="claim")


def is_whole(value: object) -> TypeGuard[int]:
    """An integer, also as the driver reads large ones (a subclass of int); True is none."""
    return isinstance(value, int) and not isinstance(value, bool)
