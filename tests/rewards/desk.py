"""A finance office for tests: the steps of a reward with the arguments that stay the same."""

import secrets
from datetime import UTC, datetime

from access import audit
from access.actors import Actor, Role
from rewards import approval, claims, endings, payments, proposals, record, rule_book
from rewards.assess import assess
from rewards.money import Fen
from rewards.record import State
from rewards.rules import rule_set

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # already March 3 in China
PAYEE = {"name": "王五", "bank": "青岛银行", "account": "6222 0200 0000 0000 123"}


def officer(name: str, *roles: Role) -> Actor:
    return Actor(name, f"财务{name}", frozenset(roles or {Role.FINANCE}))


ANN, BOB, CAT = officer("ann"), officer("bob"), officer("cat")
BOSS = officer("boss", Role.LEADER)
GUEST = officer("guest", Role.INSPECTOR)


class Vault:
    """Stands in for access.vault: keeps payee data in the caller's transaction, as the real one does."""

    def __init__(self, store):
        self.store = store

    async def seal_payee(self, session, tip_id, payee):
        kept = {"_id": f"payee-{tip_id}-{secrets.token_hex(4)}", "payee": payee}
        await self.store["vault"].insert_one(kept, session=session)
        return kept["_id"]


def assessed(penalty_yuan: int = 100_000, **more):
    return assess(rule_set("national_2018"), "major_hazard", penalty_fen=Fen(penalty_yuan * 100), **more)


class Desk:
    def __init__(self, store, ledger, vault=None):
        self.store, self.ledger, self.vault = store, ledger, vault or Vault(store)

    async def propose(self, actor=ANN, assessment=None, version=None, tip="tip1", case="case1", **more):
        return (await self.propose_joint({tip: version}, actor, assessment, case, **more))[0]

    async def propose_joint(self, tips, actor=ANN, assessment=None, case="case1", **more):
        worth = assessment or assessed()
        await rule_book.keep(self.store, worth.rule_digest, NOW)
        return await proposals.propose(
            self.store, audit, actor, case_id=case, tips=tips, assessment=worth, jurisdiction="qingdao", year=2026,
            now=NOW, **more,
        )  # fmt: skip

    async def approve(self, reward, actor=BOB, version=None, **more):
        seen = version or reward["version"]
        return await approval.approve(
            self.store, audit, self.ledger, actor, reward["_id"], version=seen, now=NOW, **more
        )

    async def notify(self, reward, actor=BOB):
        return await claims.notify(self.store, audit, actor, reward["_id"], now=NOW)

    async def claim(self, reward, payee=PAYEE, now=NOW):
        return await claims.claim(self.store, audit, self.vault, reward["_id"], payee, mark_key=b"k" * 32, now=now)

    async def pay(self, reward, actor=CAT):
        return await payments.pay(self.store, audit, self.ledger, actor, reward["_id"], now=NOW)

    async def forfeit(self, reward, now, actor=CAT):
        return await endings.forfeit(self.store, audit, self.ledger, actor, reward["_id"], now=now)

    async def refuse(self, actor=ANN, reason="核查不属实，不予奖励", tip="tip1", case="case1"):
        return await endings.mark_not_eligible(
            self.store, audit, self.ledger, actor, case_id=case, tip_id=tip, reason=reason, now=NOW
        )

    async def reach(self, state: State, **proposal):
        """A reward in that state of the regular way."""
        reward = await self.propose(**proposal)
        for target, next_step in (
            (State.APPROVED, self.approve),
            (State.NOTIFIED, self.notify),
            (State.CLAIMED, self.claim),
            (State.PAID, self.pay),
        ):
            if reward["state"] == state:
                break
            reward = await next_step(reward)
            assert reward["state"] == target
        return reward

    async def again(self, reward):
        return await record.find(self.store, reward["_id"])

    async def balance(self, account):
        return (await self.ledger.balances()).get(account, 0)
