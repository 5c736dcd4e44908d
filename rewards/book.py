"""The rules of the ledger as a pure state machine: given a book and a request, the one entry that must follow.

The writer (ledger.py) fills a small book with what a batch touches; `verify` replays the whole ledger through a large
one. Nothing here knows about MongoDB or the clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from rewards.accounts import KIND_NAMES, Kind, Posting, budget, may_be_negative, payable, postings
from rewards.entries import GENESIS, OF_A_BUDGET, Entry, LedgerRequest, WrongRequest, check, hash_of
from rewards.merkle import Frontier
from rewards.money import MAX_FEN, yuan
from store.errors import Conflict, NotFound


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


class YearClosed(Conflict):
    """The year's budget was closed; nothing new can be reserved or given."""


class NoSuchEntry(NotFound):
    pass


class ClaimState(NamedTuple):
    """What happened to a reward's money: `state` is open, posted, voided or expired; `by` is the entry of it."""

    state: str
    pending: int
    by: int


_FREE = ("voided", "expired")
_DONE = {"posted": "支付", "voided": "取消", "expired": "逾期收回"}
_STATE_AFTER = {Kind.POSTED: "posted", Kind.VOIDED: "voided", Kind.EXPIRED: "expired"}


class Target(NamedTuple):
    """What a later entry needs to know of an earlier one."""

    kind: Kind
    jurisdiction: str
    year: int
    claim: str | None
    amount: int


def target_of(entry: Entry) -> Target:
    return Target(entry.kind, entry.jurisdiction, entry.year, entry.claim, entry.amount)


@dataclass
class Book:
    """As much of the ledger as the next entries need; `apply` grows it."""

    size: int = 0
    prev: str = GENESIS
    at: datetime | None = None
    frontier: Frontier = field(default_factory=Frontier)
    balances: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    """Budget accounts of years that were closed."""
    claims: dict[str, ClaimState] = field(default_factory=dict)
    targets: dict[int, Target] = field(default_factory=dict)
    reversed: set[int] = field(default_factory=set)
    keys: dict[str, tuple[str, Entry | None]] = field(default_factory=dict)
    """key → (request hash, entry); a replay keeps no entries."""

    def apply(self, request: LedgerRequest, now: datetime) -> Entry:
        """Enter `request` and return its entry; the same request again returns the first one's entry.

        Raises a `Refusal` and leaves the book as it was: `IdempotencyConflict`, `BudgetExhausted`, `YearClosed`,
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
        unhashed = Entry(
            self.size + 1, at, request.kind, request.key, request_hash, meant.jurisdiction, meant.year, meant.claim,
            meant.amount, request.target, legs, request.memo, request.actor, self.prev, "",
        )  # fmt: skip
        entry = Entry(*unhashed[:-1], hash_of(unhashed))
        self._enter(entry, meant, claim_state)
        return entry

    def recall(self, entry: Entry) -> None:
        """Take up what an entry that stands in the ledger already did to its reward (not to the balances)."""
        self.targets[entry.seq] = target_of(entry)
        if entry.kind is Kind.REVERSAL and entry.target is not None:
            self.reversed.add(entry.target)
        if entry.claim is not None:
            self.claims[entry.claim] = state = self._claim_after(entry)
            self.balances[payable(entry.claim)] = entry.amount if state.state == "open" else 0

    def _claim_after(self, entry: Entry) -> ClaimState:
        assert entry.claim is not None
        if entry.kind is Kind.PENDING:
            return ClaimState("open", entry.seq, entry.seq)
        before = self.claims[entry.claim]
        return ClaimState(_STATE_AFTER.get(entry.kind, "open"), before.pending, entry.seq)

    @staticmethod
    def _again(key: str, request_hash: str, known_hash: str, entry: Entry | None) -> Entry:
        if known_hash != request_hash or entry is None:
            raise IdempotencyConflict(
                f"流水键“{key}”已经用于另一笔内容不同的账，没有重复记账。请核对后换一个新的流水键。", field="key"
            )
        return entry

    def _legs(self, request: LedgerRequest) -> tuple[Target, tuple[Posting, ...], ClaimState | None]:
        """Who and how much the entry is about, its postings, and what becomes of the reward's money."""
        if request.kind in OF_A_BUDGET:
            return self._of_a_budget(request)
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
            done = _DONE.get(now.state, "取消")
            raise AlreadySettled(f"第 {request.target} 号分录预留的奖金已经{done}过，没有重复处理。", field="target")
        meant = Target(request.kind, target.jurisdiction, target.year, target.claim, target.amount)
        return meant, postings(*meant), ClaimState(_STATE_AFTER[request.kind], request.target, self.size + 1)

    def _of_a_budget(self, request: LedgerRequest) -> tuple[Target, tuple[Posting, ...], ClaimState | None]:
        assert request.jurisdiction and request.year and request.amount is not None
        meant = Target(request.kind, request.jurisdiction, request.year, request.claim, request.amount)
        account = budget(request.jurisdiction, request.year)
        if request.kind is Kind.CLOSED:
            left = self.balances.get(account, 0)
            if request.amount != left:
                raise WrongRequest(
                    f"{account} 的余额现在是 {yuan(left)}，不是 {yuan(request.amount)}。请刷新页面核对后再结转。",
                    field="amount",
                )
            return meant, postings(*meant) if left else (), None
        if account in self.closed:
            raise YearClosed(f"{request.year} 年度的预算已经结转，不能再下达或预留。请用本年度的预算。", field="year")
        if request.claim is None:
            return meant, postings(*meant), None
        before = self.claims.get(request.claim)
        if before is not None and before.state not in _FREE:
            raise ClaimAlreadyReserved(f"奖励 {request.claim} 已经预留或支付过奖金，不能再预留一次。")
        return meant, postings(*meant), ClaimState("open", self.size + 1, self.size + 1)

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
        elif entry.kind is Kind.CLOSED:
            self.closed.add(budget(entry.jurisdiction, entry.year))
        self.targets[entry.seq] = meant
        self.keys[entry.key] = (entry.request, entry)
        self.frontier.push(bytes.fromhex(entry.hash))
        self.size, self.prev, self.at = entry.seq, entry.hash, entry.at


def _milliseconds(moment: datetime) -> datetime:
    """MongoDB keeps milliseconds; what is hashed must be what is read back."""
    surplus = moment.microsecond % 1000
    return moment - timedelta(microseconds=surplus) if surplus else moment
