"""What `make run` puts into an empty installation, so that every role can be tried at once. Safe to run again."""

import os
from datetime import UTC, datetime
from pathlib import Path

from access.actors import SYSTEM, Role
from access.demonstration import seed_demo_accounts
from access.vault_keys import grant_by_escrow
from cases.made_up_city import furnish
from rewards.money import Fen
from services import Services, escrow_file
from store.local_time import local_day

BUDGET = Fen(200_000_000)
CASES, FIRMS, SEED = 150, 60, 12350


async def seed(services: Services) -> None:
    """Accounts for each role, vault access for finance, a budget, a small made-up city."""
    made = await seed_demo_accounts(services.store)
    _append_private(services.settings.data_dir / "demo_accounts.txt", "".join("\t".join(row) + "\n" for row in made))
    escrow = escrow_file(services.settings).read_text("ascii").strip()
    for role, login, password in made:
        if role == Role.FINANCE:
            await grant_by_escrow(services.store, escrow, login, password, SYSTEM.id)
    year = local_day(datetime.now(UTC)).year
    await services.ledger.appropriate(
        f"demonstration:budget:{year}", services.settings.jurisdiction, year, BUDGET, actor=SYSTEM.id, memo="演示预算"
    )
    await furnish(services.store, services.intake, services.locator, cases=CASES, firm_count=FIRMS, seed=SEED)


def _append_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as out:
        out.write(text)
