"""The rules of the ledger as a pure state machine: given a book and a request, the one entry that must follow.

The writer (ledger.py) fills a small book with what a batch touches; `verify` replays the whole ledger through a large
one. Nothing here knows about MongoDB or the clock.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeGuard

from rewards.accounts import KIND_NAMES, Kind, Posting, may_be_negative, postings
from rewards.merkle import Frontier, leaf_hash
from rewards.money import MAX_FEN, Fen, yuan
from store.errors import Conflict, NotFound, Refusal

GENESIS = "0" * 64

# Equal to RFC 8785 for what entries hold (ASCII keys, strings, integers below 2**53, null), and seven times faster.
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,119}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_CLAIM = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PERSONAL = re.compile(r"\d{7,}|@")


class IdempotencyConflict(Conflict):
    """The key was used before for other content."""


class BudgetExhausted(Conflict):
    """An account would fall below zero."""


class ClaimAlreadyReserved(Conflict):
    """There is money reserved or paid for this reward already."""


class AlreadySettled(Conflict):
    """The reserved reward was paid or cancelled before."""


class AlreadyReversed(Conflict):
    pass


class NoSuchEntry(NotFound):
    pass


class WrongRequest(Refusal):
    """A ledger request that no state of the book could accept."""


@dataclass(frozen=True, slots=True)
class LedgerRequest:
    """What a caller wants entered. Made by the five functions below, which say what each kind needs.

    `key` is chosen and stored by the caller before it sends, so that a retry is recognised.
    `target` is the entry that is paid, cancelled or reversed.
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
        content = [self.kind, self.jurisdiction, self.year, self.claim, self.amount, self.target]
        return hashlib.sha256(_canonical(content)).hexdigest()


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
    """Give what entry `pending_seq` reserved back to the budget."""
    return LedgerRequest(Kind.VOIDED, key, actor, target=pending_seq, memo=memo)


def reverse(key: str, target: int, *, actor: str, memo: str) -> LedgerRequest:
    """Undo an appropriation or a payment by a counter-entry; a reversed payment is payable again."""
    return LedgerRequest(Kind.REVERSAL, key, actor, target=target, memo=memo)


@dataclass(frozen=True, slots=True)
class Entry:
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
        body = _body(self)
        body["_id"] = body.pop("seq")
        body["at"] = self.at
        body["hash"] = self.hash
        return body


class ClaimState(NamedTuple):
    """What happened to a reward's money: `state` is open, posted or voided; `by` is the entry that made it so."""

    state: str
    pending: int
    by: int


class Target(NamedTuple):
    """What a later entry needs to know of an earlier one."""

    kind: Kind
    jurisdiction: str
    year: int
    claim: str | None
    amount: int


@dataclass
class Book:
    """As much of the ledger as the next entries need; `apply` grows it."""

    size: int = 0
    prev: str = GENESIS
    at: datetime | None = None
    frontier: Frontier = field(default_factory=Frontier)
    balances: dict[str, int] = field(default_factory=dict)
    claims: dict[str, ClaimState] = field(default_factory=dict)
    targets: dict[int, Target] = field(default_factory=dict)
    reversed: set[int] = field(default_factory=set)
    keys: dict[str, tuple[str, Entry | None]] = field(default_factory=dict)
    """key → (request hash, entry); a replay keeps no entries."""

    def apply(self, request: LedgerRequest, now: datetime) -> Entry:
        """Enter `request` and return its entry; the same request again returns the first one's entry.

        Raises a `Refusal` and leaves the book as it was: `IdempotencyConflict`, `BudgetExhausted`,
        `ClaimAlreadyReserved`, `AlreadySettled`, `AlreadyReversed`, `NoSuchEntry`, `WrongRequest`.
        """
        request_hash = request.content_hash()
        if known := self.keys.get(request.key):
            return self._again(request.key, request_hash, *known)
        check(request)
        meant, legs, claim_state = self._legs(request)
        self._check_balances(legs)
        # A clock that was set back must not make the ledger run backwards.
        at = _milliseconds(now if self.at is None else max(now, self.at))
        entry = Entry(
            self.size + 1, at, request.kind, request.key, request_hash, meant.jurisdiction, meant.year, meant.claim,
            meant.amount, request.target, legs, request.memo, request.actor, self.prev, "",
        )  # fmt: skip
        # The one moment at which an entry is unfinished; dataclasses.replace would cost more than the hash itself.
        object.__setattr__(entry, "hash", hash_of(entry))
        self._enter(entry, meant, claim_state)
        return entry

    @staticmethod
    def _again(key: str, request_hash: str, known_hash: str, entry: Entry | None) -> Entry:
        if known_hash != request_hash or entry is None:
            raise IdempotencyConflict(
                f"流水键“{key}”已经用于另一笔内容不同的账，没有重复记账。请核对后换一个新的流水键。", field="key"
            )
        return entry

    def _legs(self, request: LedgerRequest) -> tuple[Target, tuple[Posting, ...], ClaimState | None]:
        """Who and how much the entry is about, its postings, and what becomes of the reward's money."""
        seq = self.size + 1
        if request.kind in (Kind.APPROPRIATION, Kind.PENDING):
            assert request.jurisdiction and request.year and request.amount
            meant = Target(request.kind, request.jurisdiction, request.year, request.claim, request.amount)
            state = None
            if request.claim is not None:
                before = self.claims.get(request.claim)
                if before is not None and before.state != "voided":
                    raise ClaimAlreadyReserved(f"奖励 {request.claim} 已经预留或支付过奖金，不能再预留一次。")
                state = ClaimState("open", seq, seq)
            return meant, postings(*meant), state
        assert request.target is not None
        target = self.targets.get(request.target)
        if target is None:
            raise NoSuchEntry(f"账本里没有第 {request.target} 号分录。请核对分录号。", field="target")
        if request.kind is Kind.REVERSAL:
            return self._reversal(request.target, target)
        if target.kind is not Kind.PENDING:
            raise WrongRequest(f"第 {request.target} 号分录不是预留奖金，不能支付或取消。", field="target")
        now = self.claims[target.claim or ""]
        if now.pending != request.target or now.state != "open":
            done = "支付" if now.state == "posted" else "取消"
            raise AlreadySettled(f"第 {request.target} 号分录预留的奖金已经{done}过，没有重复处理。", field="target")
        meant = target._replace(kind=request.kind)
        state = ClaimState("posted" if request.kind is Kind.POSTED else "voided", request.target, seq)
        return meant, postings(*meant), state

    def _reversal(self, seq: int, target: Target) -> tuple[Target, tuple[Posting, ...], ClaimState | None]:
        if target.kind not in (Kind.APPROPRIATION, Kind.POSTED):
            raise WrongRequest(
                f"第 {seq} 号分录是“{KIND_NAMES[target.kind]}”，不能冲正。只能冲正下达预算和支付奖金；预留请用取消。",
                field="target",
            )
        if seq in self.reversed:
            raise AlreadyReversed(f"第 {seq} 号分录已经冲正过，没有重复冲正。", field="target")
        legs = tuple((account, -fen) for account, fen in postings(*target))
        state = None
        if target.kind is Kind.POSTED:
            now = self.claims[target.claim or ""]
            assert now.state == "posted" and now.by == seq, "an unreversed payment is its reward's last state"
            state = ClaimState("open", now.pending, self.size + 1)
        return target._replace(kind=Kind.REVERSAL), legs, state

    def _check_balances(self, legs: tuple[Posting, ...]) -> None:
        for account, fen in legs:
            balance = self.balances.get(account, 0)
            if balance + fen < 0 and not may_be_negative(account):
                raise BudgetExhausted(
                    f"余额不足：{account} 现有 {yuan(balance)}，需要 {yuan(-fen)}。"
                    "没有记账。请先下达预算，或核对金额、年度和单位。"
                )
            if abs(balance + fen) > 100 * MAX_FEN:
                raise WrongRequest(f"账户 {account} 的余额会超出账本能记的范围。请核对金额。", field="amount")

    def _enter(self, entry: Entry, meant: Target, claim_state: ClaimState | None) -> None:
        for account, fen in entry.postings:
            self.balances[account] = self.balances.get(account, 0) + fen
        if claim_state is not None:
            assert meant.claim is not None
            self.claims[meant.claim] = claim_state
        if entry.kind is Kind.REVERSAL:
            assert entry.target is not None
            self.reversed.add(entry.target)
        self.targets[entry.seq] = meant
        self.keys[entry.key] = (entry.request, entry)
        self.frontier.push(bytes.fromhex(entry.hash))
        self.size, self.prev, self.at = entry.seq, entry.hash, entry.at


def check(request: LedgerRequest) -> None:
    """Refuse (`WrongRequest`) what cannot be entered in any state of the book."""
    if not _KEY.fullmatch(request.key):
        raise WrongRequest("流水键只能用字母、数字和 . _ : -,最长 120 个字符。", field="key")
    if request.kind in (Kind.APPROPRIATION, Kind.PENDING):
        if request.jurisdiction is None or not _NAME.fullmatch(request.jurisdiction):
            raise WrongRequest("单位代码只能用小写字母、数字和 _ -,例如 qingdao。", field="jurisdiction")
        if not _whole(request.year) or not 2000 <= request.year <= 2100:
            raise WrongRequest("预算年度要在 2000 到 2100 之间。", field="year")
        if not _whole(request.amount) or not 0 < request.amount <= MAX_FEN:
            raise WrongRequest("金额要大于零，单位是分，且不超过一千亿元。", field="amount")
        if (request.claim is not None) != (request.kind is Kind.PENDING):
            raise WrongRequest("预留奖金要写奖励编号，下达预算不能写。", field="claim")
    elif not _whole(request.target) or not 0 < request.target < 2**53:
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


def _whole(value: object) -> TypeGuard[int]:
    """An integer, also as the driver reads large ones (a subclass of int); True is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def read_entry(document: dict[str, Any]) -> Entry:
    """The entry a stored document says it is; nothing is checked. Raises KeyError, TypeError or ValueError."""
    return Entry(
        document["_id"], document["at"], Kind(document["kind"]), document["key"], document["request"],
        document["jurisdiction"], document["year"], document["claim"], document["amount"], document["target"],
        tuple((account, fen) for account, fen in document["postings"]), document["memo"], document["actor"],
        document["prev"], document["hash"],
    )  # fmt: skip


def request_of(entry: Entry) -> LedgerRequest:
    """The request that led to `entry`."""
    if entry.kind in (Kind.APPROPRIATION, Kind.PENDING):
        return LedgerRequest(
            entry.kind, entry.key, entry.actor, entry.jurisdiction, entry.year, entry.claim, Fen(entry.amount),
            memo=entry.memo,
        )  # fmt: skip
    return LedgerRequest(entry.kind, entry.key, entry.actor, target=entry.target, memo=entry.memo)


def hash_of(entry: Entry) -> str:
    """The RFC 9162 leaf hash over the entry's canonical bytes: every field but `hash` itself."""
    body = _body(entry)
    body["at"] = entry.at.astimezone(UTC).isoformat(timespec="milliseconds")
    return leaf_hash(_canonical(body)).hex()


def _body(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq, "at": None, "kind": entry.kind.value, "key": entry.key, "request": entry.request,
        "jurisdiction": entry.jurisdiction, "year": entry.year, "claim": entry.claim, "amount": entry.amount,
        "target": entry.target, "postings": [list(leg) for leg in entry.postings], "memo": entry.memo,
        "actor": entry.actor, "prev": entry.prev,
    }  # fmt: skip


def _milliseconds(moment: datetime) -> datetime:
    """MongoDB keeps milliseconds; what is hashed must be what is read back."""
    return moment - timedelta(microseconds=moment.microsecond % 1000)


def _canonical(value: Any) -> bytes:
    return _ENCODE(value).encode()
