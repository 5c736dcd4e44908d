"""Everything a handler may call, opened and closed in order. No HTTP here: the commands and the tests use it too."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from access import vault_keys
from access.vault import FRESH_S, Vault
from cases import (
    calendar_years,
    checks,
    evidence_sweep,
    found_by,
    scan,
    settlement,
    sweep_reminders,
    tallies,
    trail,
)
from cases.conversations import Conversations
from cases.evidence import EvidenceFiles
from cases.intake import Intake
from cases.malware import Scanner
from cases.rasa import RasaClient
from cases.receipts import Receipts
from cases.unclaimed import JOB, UnclaimedAlarm
from cases.understanding import Understanding
from cases.violations import name_of
from grid.aliases import follow_aliases
from grid.layer_watch import follow_layer
from grid.service import Locator, open_locator
from notify.worker import mail_handlers
from rewards import completion
from rewards.checkpoints import Notary
from rewards.ledger import Ledger
from settings import Settings, gateway_secret
from store.errors import Conflict
from store.jobs import Handler, Worker, Workers
from store.keys import Keys
from store.migrations import migrate
from store.mongo import Store
from store.periodic import Periodic
from store.sealing import Cipher

log = structlog.get_logger(__name__)

# How often a process looks for deadlines that have come.
SCAN_S = 60


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
    notary: Notary
    workers: Workers

    def cipher(self, purpose: str) -> Cipher:
        return self.keys.cipher(purpose)


@asynccontextmanager
async def open_services(settings: Settings, mongodb_uri: str) -> AsyncIterator[Services]:
    """Connect, migrate, load the map, start the writers and the job worker; undo all of it at the end."""
    async with AsyncExitStack() as stack:
        keys = Keys.load(settings.data_dir)
        store = await Store.connect(mongodb_uri, settings.mongodb_name)
        stack.push_async_callback(store.close)
        await migrate(store)
        await found_by.fill(store)
        receipts = Receipts(keys.derive("filing"), *keys.derive_all("receipt"))
        await _set_up_vault(store, settings)
        vault = await Vault.open(store)
        scanner = Scanner(settings.malware_scanner) if settings.malware_scanner else None
        files, drafts = settings.data_dir / "evidence", Conversations(store, keys)
        evidence = EvidenceFiles(files, keys.cipher("evidence"), scanner)
        stack.callback(evidence.close)
        rasa = await stack.enter_async_context(RasaClient(settings.rasa_url, gateway_secret(settings, keys)))
        locator = await open_locator(store, settings.city_dir, settings.max_open_orders)
        ledger = await stack.enter_async_context(Ledger(store))
        notary = Notary(store, settings.jurisdiction, keys.derive("checkpoint"))
        intake = await stack.enter_async_context(Intake(store, receipts, vault, keys.derive("filing content")))
        await calendar_years.refresh(store)
        # Two queues, so that an alert or an order never waits behind a flood of tips to be understood.
        alarm = UnclaimedAlarm(store, settings.duty_mail, timedelta(minutes=settings.unclaimed_minutes))
        understanding = {"understand": Understanding(store, rasa, locator, alarm).run}
        own: dict[str, Handler] = {
            JOB: alarm.run, "recount": calendar_years.Recount(store).run, "settle": settlement.Settle(store).run,
            "plan_check": partial(checks.plan, store),
        }  # fmt: skip
        workers = Workers(
            Worker(store, understanding, lanes=2, crowded=lambda: intake.crowded),
            Worker(store, {**mail_handlers(store, settings, name_of), **own}, lanes=2),
            Periodic("deadlines", SCAN_S, lambda: scan.scan(store)),
            Periodic("rewards", completion.EVERY_S, lambda: completion.look_after(store, trail, ledger, notary)),
            Periodic("evidence", evidence_sweep.EVERY_S, lambda: evidence_sweep.sweep(store, files, drafts)),
            Periodic("tallies", tallies.EVERY_S, lambda: tallies.refresh(store, datetime.now(UTC))),
            Periodic("sweeps", sweep_reminders.EVERY_S, lambda: sweep_reminders.remind(store, datetime.now(UTC))),
        )
        # Every process counts days and reads places, also one that runs no jobs.
        background = {
            "grids": follow_layer(store, locator),
            "place names": follow_aliases(store, locator),
            "vault keys": Periodic("vault keys", FRESH_S, vault.reload).run(),
            "calendars": Periodic("calendars", calendar_years.REFRESH_S, lambda: calendar_years.refresh(store)).run(),
        }
        if settings.embedded_workers:
            background["jobs"] = workers.run()
        for name, work in background.items():
            stack.push_async_callback(_stop, asyncio.create_task(work, name=name))
        yield Services(settings, keys, store, receipts, evidence, vault, rasa, locator, intake, ledger, notary, workers)


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
