"""What is looked after every minute, in every process that does jobs: counts by month, and reminders of sweeps.

Each part may run in several processes at once and does its work once all the same.
"""

import asyncio
from datetime import UTC, datetime

import structlog
from pymongo.errors import PyMongoError

from cases import sweep_reminders, tallies
from store.mongo import Store

log = structlog.get_logger(__name__)
EVERY_S = 60.0


async def go_round(store: Store, now: datetime) -> None:
    """One round."""
    await tallies.refresh(store, now)
    await sweep_reminders.remind(store, now)


async def run(store: Store) -> None:
    """Until cancelled. A database that is away is no reason to stop."""
    while True:
        try:
            await go_round(store, datetime.now(UTC))
        except PyMongoError as failure:
            log.warning("rounds.database_unavailable", error=type(failure).__name__)
        await asyncio.sleep(EVERY_S)
