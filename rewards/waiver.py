"""The reporter gives up a reward that waits to be claimed: the reserved money goes back to the budget at once."""

from datetime import datetime

from access.actors import REPORTER
from rewards.ledger import Ledger
from rewards.record import AuditTrail, State, advance, china_date, find, in_state
from store.mongo import Document, Store

REASON = "举报人放弃领取"


async def waive(store: Store, audit: AuditTrail, ledger: Ledger, reward_id: str, *, now: datetime) -> Document:
    """Close the reward as not taken (state `forfeited`, with the reason above). A retry answers the closed reward.

    The ledger comes first, under a key made from the reward's id, as in `claims`. Raises `WrongState`,
    `AlreadySettled`, `StaleProposal`.
    """
    reward = await find(store, reward_id)
    if reward["state"] == State.FORFEITED and reward["ended"]["reason"] == REASON:
        return reward
    in_state(reward, State.NOTIFIED)
    seq = reward["pending_seq"]
    entry = await ledger.void(f"void:{reward_id}:{seq}", seq, actor=REPORTER.id)
    ended = {"by": REPORTER.id, "reason": REASON, "on": china_date(now).isoformat()}
    changes = {"$set": {"state": State.FORFEITED.value, "ended": ended}}
    return await advance(store, audit, REPORTER, reward, changes, "reward.waive", {"ledger_seq": entry.seq}, now)
