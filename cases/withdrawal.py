"""The reporter takes the tip back, which is possible until somebody has accepted it."""

from datetime import UTC, datetime

from access.actors import REPORTER
from cases import trail
from cases.actions import ACTIONS
from cases.lifecycle import perform
from cases.states import State
from store.errors import Conflict
from store.mongo import Document, Session, Store


class TooLateToWithdraw(Conflict):
    def __init__(self) -> None:
        super().__init__("这件举报已经受理,不能再撤回。如果情况有变化,请写在“补充情况”里。")


def may_withdraw(tip: Document, case: Document) -> bool:
    return not tip["withdrawn"] and State(case["state"]) in ACTIONS["withdraw"].sources


async def withdraw(store: Store, tip: Document, now: datetime | None = None) -> None:
    """Withdraw the tip. Its case ends with it, unless others reported the same. Raises `TooLateToWithdraw`."""
    moment = now or datetime.now(UTC)
    case = await store["cases"].find_one({"_id": tip["case_id"]})
    assert case is not None, "a tip always has a case"
    if not may_withdraw(tip, case):
        raise TooLateToWithdraw

    async def mark(session: Session, *_: object) -> None:
        await store["tips"].update_one({"_id": tip["_id"]}, {"$set": {"withdrawn": True}}, session=session)

    if case["tips"] == 1:
        await perform(store, case["_id"], "withdraw", REPORTER, {}, case["version"], now=moment, also=mark)
        return

    async def leave(session: Session) -> None:
        await mark(session)
        await trail.append(store, session, case["_id"], "withdraw_one_tip", REPORTER.id, {}, moment)
        await store["cases"].update_one({"_id": case["_id"]}, {"$inc": {"tips": -1}}, session=session)

    await store.transaction(leave)
