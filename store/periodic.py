"""Something that every process does again and again; what it does must be harmless when several do it at once."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from pymongo.errors import PyMongoError

log = structlog.get_logger(__name__)


class Periodic:
    """Runs beside the workers until cancelled. A database that is down is waited for; another failure is logged."""

    def __init__(self, name: str, every_s: float, work: Callable[[], Awaitable[object]]) -> None:
        self._name = name
        self._every_s = every_s
        self._work = work

    def wake(self) -> None:
        """Its time comes by itself."""

    async def run(self) -> None:
        while True:
            try:
                await self._work()
            except PyMongoError as failure:
                log.warning("periodic.database_unavailable", work=self._name, error=type(failure).__name__)
            except Exception as failure:
                # The type only: a message could quote a case.
                log.error("periodic.failed", work=self._name, error=type(failure).__name__)
            await asyncio.sleep(self._every_s)
