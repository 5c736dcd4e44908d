"""Random operations on the real ledger, two of them side by side, against a model made of plain dicts."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from rewards import entries
from rewards.ledger import Ledger
from rewards.ledger_store import ENTRIES, HEADS
from rewards.money import Fen
from rewards.verify import verify
from store.errors import Refusal
from store.migrations import migrate
from store.mongo import Store

YEARS, CLAIMS = (2025, 2026), [f"r{n}" for n in range(5)]


class Model:
    """What the ledger ought to do, told without looking at how it does it. Amounts in fen."""

    def __init__(self):
        self.entries: list[tuple] = []  # (kind, year, claim, amount, target)
        self.keys: dict[str, tuple[tuple, int]] = {}
        self.budget = dict.fromkeys(YEARS, 0)
        self.granted = dict.fromkeys(YEARS, 0)
        self.paid = dict.fromkeys(YEARS, 0)
        self.open: dict[str, int] = {}  # claim → the entry that reserved it
        self.settled: dict[str, int] = {}  # claim → the entry that paid it
        self.undone: set[int] = set()
        self.closed: set[int] = set()

    def predict(self, key: str, content: tuple) -> int | None:
        """The sequence number the request gets, or None for a refusal."""
        if key in self.keys:
            known, seq = self.keys[key]
            return seq if known == content else None
        kind, year, claim, amount, target = content
        if target is not None:
            if not 0 < target <= len(self.entries):
                return None
            was, year, claim, amount, its_target = self.entries[target - 1]
        if kind == "closed":
            if amount != self.budget[year]:
                return None
            self.budget[year] -= amount
            self.granted[year] -= amount
            self.closed.add(year)
        elif kind in ("appropriation", "pending") and year in self.closed:
            return None
        elif kind == "appropriation":
            self.budget[year] += amount
            self.granted[year] += amount
        elif kind == "pending":
            if claim in self.open or claim in self.settled or self.budget[year] < amount:
                return None
            self.budget[year] -= amount
            self.open[claim] = len(self.entries) + 1
        elif kind in ("posted", "voided", "expired"):
            if was != "pending" or self.open.get(claim) != target:
                return None
            del self.open[claim]
            if kind == "posted":
                self.paid[year] += amount
                self.settled[claim] = len(self.entries) + 1
            else:
                self.budget[year] += amount
        elif was == "appropriation":
            if target in self.undone or self.budget[year] < amount:
                return None
            self.budget[year] -= amount
            self.granted[year] -= amount
            self.undone.add(target)
        elif was == "posted":
            if target in self.undone:
                return None
            self.undone.add(target)
            self.paid[year] -= amount
            del self.settled[claim]
            self.open[claim] = its_target
        else:
            return None
        self.entries.append((kind, year, claim, amount, target))
        self.keys[key] = (content, len(self.entries))
        return len(self.entries)

    def balances(self) -> dict[str, int]:
        expected = {}
        for year in YEARS:
            expected[f"budget:qingdao:{year}"] = self.budget[year]
            expected[f"paid:qingdao:{year}"] = self.paid[year]
        for claim, seq in self.open.items():
            expected[f"payable:{claim}"] = self.entries[seq - 1][3]
        expected["treasury:qingdao"] = -sum(self.granted.values())
        return {account: fen for account, fen in expected.items() if fen}


class LedgerMachine(RuleBasedStateMachine):
    """`store` and `loop` are set by the test."""

    store: Store
    loop: asyncio.AbstractEventLoop
    used = Bundle("used")

    @initialize()
    def start(self):
        self.model, self.number, self.history = Model(), 0, []

        async def opened():
            for name in (ENTRIES, HEADS):
                await self.store[name].delete_many({})
            return [await Ledger(self.store).__aenter__() for _ in range(2)]

        self.ledgers = self.loop.run_until_complete(opened())

    def key(self) -> str:
        self.number += 1
        return f"k{self.number}"

    def post(self, request, which: int = 0):
        """Post and compare with the model; returns (request) for later retries."""
        content = (request.kind.value, request.year, request.claim, request.amount, request.target)
        expected = self.model.predict(request.key, content)
        try:
            answer = self.loop.run_until_complete(self.ledgers[which].post(request)).seq
        except Refusal:
            answer = None
        assert answer == expected, (request, answer, expected)
        return request

    which = st.integers(0, 1)

    @rule(target=used, year=st.sampled_from(YEARS), amount=st.integers(1, 50), which=which)
    def appropriate(self, year, amount, which):
        return self.post(entries.appropriation(self.key(), "qingdao", year, Fen(amount), actor="a"), which)

    @rule(
        target=used, year=st.sampled_from(YEARS), claim=st.sampled_from(CLAIMS), amount=st.integers(1, 40), which=which
    )
    def reserve(self, year, claim, amount, which):
        return self.post(entries.reserve(self.key(), "qingdao", year, claim, Fen(amount), actor="a"), which)

    @rule(target=used, data=st.data(), which=which)
    def resolve(self, data, which):
        """Pay, cancel or reverse some entry, mostly one for which it makes sense."""
        make = data.draw(st.sampled_from([entries.settle, entries.settle, entries.cancel, entries.expire, "reverse"]))
        wanted = {"posted", "appropriation"} if make == "reverse" else {"pending"}
        fitting = [seq for seq, entry in enumerate(self.model.entries, 1) if entry[0] in wanted]
        seq = data.draw(st.sampled_from(fitting) if fitting else st.integers(1, len(self.model.entries) + 2))
        if make == "reverse":
            return self.post(entries.reverse(self.key(), seq, actor="a", memo="错"), which)
        return self.post(make(self.key(), seq, actor="a"), which)

    @rule(target=used, year=st.just(YEARS[0]), off=st.sampled_from([0, 0, 0, 1]), which=which)
    def close(self, year, off, which):
        """Mostly with the right amount."""
        amount = Fen(self.model.budget[year] + off)
        return self.post(entries.close_year(self.key(), "qingdao", year, amount, actor="a"), which)

    @rule(target=used, claim=st.sampled_from(CLAIMS), amount=st.integers(1, 40), which=which, after=st.integers(0, 8))
    def crash(self, claim, amount, which, after):
        """The writer dies at some moment of its work, so that nobody knows what was written; the caller asks again."""
        request = entries.reserve(self.key(), "qingdao", 2026, claim, Fen(amount), actor="a")

        async def die_and_start_again():
            ledger = self.ledgers[which]
            asked = asyncio.create_task(ledger.post(request))
            await asyncio.sleep(after / 1000)
            ledger._commits._writer.cancel()
            await asyncio.gather(ledger._commits._writer, return_exceptions=True)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            self.ledgers[which] = await Ledger(self.store).__aenter__()

        self.loop.run_until_complete(die_and_start_again())
        return self.post(request, which)

    @rule(request=used, which=which)
    def retry(self, request, which):
        self.post(request, which)

    @rule(request=consumes(used), amount=st.integers(1, 60))
    def same_key_other_content(self, request, amount):
        self.post(entries.appropriation(request.key, "qingdao", 2026, Fen(amount), actor="a"))

    @rule(amounts=st.lists(st.integers(1, 30), min_size=2, max_size=6), claim=st.sampled_from(CLAIMS))
    def crowd(self, amounts, claim):
        """Many at once through both ledgers: at most one of them gets the claim, and the rest agree."""

        async def together():
            return await asyncio.gather(
                *(
                    self.ledgers[n % 2].pending(
                        f"crowd{self.number}:{n}", "qingdao", 2026, claim, Fen(amount), actor="a"
                    )
                    for n, amount in enumerate(amounts)
                ),
                return_exceptions=True,
            )

        self.number += 1
        free = claim not in self.model.open and claim not in self.model.settled and 2026 not in self.model.closed
        answers = self.loop.run_until_complete(together())
        got = [each for each in answers if isinstance(each, entries.Entry)]
        assert all(isinstance(each, Refusal) for each in answers if each not in got)
        affordable = [amount for amount in amounts if amount <= self.model.budget[2026]]
        assert len(got) == (1 if free and affordable else 0)
        for entry in got:
            assert self.model.predict(entry.key, ("pending", 2026, claim, entry.amount, None)) == entry.seq

    @rule(data=st.data())
    def as_of(self, data):
        """Balances at any earlier entry are those that were seen then."""
        if self.history:
            seq, then = data.draw(st.sampled_from(self.history))
            assert self.balances(seq) == then

    def balances(self, seq=None) -> dict[str, int]:
        found = self.loop.run_until_complete(self.ledgers[0].balances(seq))
        return {account: fen for account, fen in found.items() if fen}

    @invariant()
    def balances_are_the_models(self):
        now = self.balances()
        assert now == self.model.balances()
        self.history.append((len(self.model.entries), now))

    def teardown(self):
        async def ended():
            for ledger in self.ledgers:
                await ledger.__aexit__(None, None, None)
            return await verify(self.store)

        report = self.loop.run_until_complete(ended())
        assert report.ok, report.text()
        assert report.entries == len(self.model.entries)


def test_the_ledger_does_what_the_model_says(mongo_server):
    loop = asyncio.new_event_loop()

    async def opened() -> Store:
        store = await Store.connect(mongo_server.uri, "test_ledger_model")
        await migrate(store)
        return store

    LedgerMachine.loop = loop
    LedgerMachine.store = loop.run_until_complete(opened())
    try:
        run_state_machine_as_test(
            LedgerMachine, settings=settings(max_examples=20, stateful_step_count=30, deadline=None)
        )
    finally:
        loop.run_until_complete(LedgerMachine.store.close())
        loop.close()
