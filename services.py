"""Everything a handler may call, opened and closed in order. No HTTP here: the commands and the tests use it too."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from access import vault_keys
from access.vault import Vault
from cases import checks, found_by, rounds
from cases.evidence import EvidenceFiles
from cases.intake import Intake
from cases.rasa import RasaClient
from cases.receipts import Receipts
from cases.understanding import Understanding
from cases.violations import name_of
from grid.service import Locator, open_locator
from notify.worker import mail_handlers
from rewards.ledger import Ledger
from settings import Settings, gateway_secret
from store.errors import Conflict
from store.jobs import Worker, Workers
from store.keys import Keys
from store.migrations import migrate
from store.mongo import Store
from store.sealing import Cipher

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Services:
    """One per process. `cipher(purpose)` gives the seal for one kind of record."""

    settings: Settings
    keys: Keys
    store: Store
    receipts: Receipts
    evidence: EvidenceFiles
    vault: Vault
    rasa: RasaClient
    locator: Locator
    intake: Intake
    ledger: Ledger
    workers: Workers

    def cipher(self, purpose: str) -> Cipher:
        return Cipher(self.keys.derive(purpose))


@asynccontextmanager
async def open_services(settings: Settings, mongodb_uri: str) -> AsyncIterator[Services]:
    """Connect, migrate, load the map, start the writers and the job worker; undo all of it at the end."""
    async with AsyncExitStack() as stack:
        keys = Keys.load(settings.data_dir)
        store = await Store.connect(mongodb_uri, settings.mongodb_name)
        stack.push_async_callback(store.close)
        await migrate(store)
        await found_by.fill(store)
        receipts = Receipts(keys.derive("filing"), keys.derive("receipt"))
        await _set_up_vault(store, settings)
        vault = await Vault.open(store)
        evidence = EvidenceFiles(settings.data_dir / "evidence", Cipher(keys.derive("evidence")))
        stack.callback(evidence.close)
        rasa = await stack.enter_async_context(RasaClient(settings.rasa_url, gateway_secret(settings, keys)))
        locator = await open_locator(store, settings.city_dir)
        ledger = await stack.enter_async_context(Ledger(store))
        intake = await stack.enter_async_context(Intake(store, receipts, vault, keys.derive("filing content")))
        # Two queues, so that an alert or an order never waits behind a flood of tips to be understood.
        understanding = {"understand": Understanding(store, rasa, locator).run}
        workers = Workers(
            Worker(store, understanding, lanes=2, crowded=lambda: intake.crowded),
            Worker(
                store, {**mail_handlers(store, settings, name_of), "plan_check": partial(checks.plan, store)}, lanes=2
            ),
        )
        if settings.embedded_workers:
            for work in (workers.run(), rounds.run(store)):
                stack.push_async_callback(_stop, asyncio.create_task(work))
        yield Services(settings, keys, store, receipts, evidence, vault, rasa, locator, intake, ledger, workers)


def escrow_file(settings: Settings) -> Path:
    """Where the first start leaves the escrow key until the operator takes it off this machine."""
    return settings.data_dir / "secrets" / "escrow.key"


async def _set_up_vault(store: Store, settings: Settings) -> None:
    if await vault_keys.exist(store):
        return
    try:
        escrow = await vault_keys.create_vault_keys(store, [])
    except Conflict:
        return  # another process was first
    descriptor = os.open(escrow_file(settings), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(escrow + "\n")
    log.warning("vault.escrow_key_written", file=str(escrow_file(settings)), todo="move it off this machine")


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
