"""Durable jobs: what must happen after a change, written in the same transaction as the change (outbox).

At least once: a job whose worker died is taken again after its lease, so every handler must be idempotent.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from pymongo.errors import PyMongoError

from store.mongo import Document, Session, Store

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
BACKOFF_BASE_S = 2.0
BACKOFF_CAP_S = 900.0
STEP_BACK_S, LOOK_AGAIN_S = 1.0, 0.05
MAX_TRIES = 40  # with the cap above: about nine hours of a mail server or Rasa that is down


class Postpone(Exception):
    """The handler cannot do it now (a server is down); try again later without counting it as a defect."""


class GiveUp(Exception):
    """The job can never succeed (an address that does not exist); it is kept as dead, for a person to see."""


@dataclass(frozen=True)
class Job:
    id: str
    kind: str
    payload: Document
    tries: int


def job_document(kind: str, key: str, payload: Document, due: datetime | None = None) -> Document:
    """`key` says what the job does, once: two jobs with the same key are the same job."""
    now = datetime.now(UTC)
    return {
        "_id": f"{kind}:{key}", "kind": kind, "payload": payload, "state": "waiting",
        "due": due or now, "tries": 0, "lease": None, "lease_until": None,
    }  # fmt: skip


async def enqueue(
    store: Store, session: Session | None, *, kind: str, key: str, payload: Document, due: datetime | None = None
) -> None:
    """Add a job inside the caller's transaction; nothing happens when the same job is already there."""
    document = job_document(kind, key, payload, due)
    job_id = document.pop("_id")
    await store["jobs"].update_one({"_id": job_id}, {"$setOnInsert": document}, upsert=True, session=session)


Handler = Callable[[Document, Job], Awaitable[None]]


class Worker:
    """Runs jobs until cancelled. `wake()` after a commit saves the wait for the next look at the queue.

    While `crowded()` is true the worker steps back for the people who wait, and does one job a lane and `STEP_BACK_S`.
    """

    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, Handler],
        *,
        lanes: int = 4,
        idle_s: float = 1.0,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._lanes = lanes
        self._idle_s = idle_s
        self._crowded = crowded
        self._news = asyncio.Event()

    def wake(self) -> None:
        self._news.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._lanes):
                group.create_task(self._lane())

    async def _lane(self) -> None:
        while True:
            await self._step_back()
            try:
                worked = await self.run_one()
            except PyMongoError as failure:
                log.warning("jobs.database_unavailable", error=type(failure).__name__)
                worked = False
                await asyncio.sleep(self._idle_s)
            if not worked:
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), self._idle_s)
                except TimeoutError:
                    pass

    async def _step_back(self) -> None:
        waited = 0.0
        while self._crowded() and waited < STEP_BACK_S:
            await asyncio.sleep(LOOK_AGAIN_S)
            waited += LOOK_AGAIN_S

    async def run_one(self) -> bool:
        """Take and do one due job; False when there is none."""
        now = datetime.now(UTC)
        lease = secrets.token_hex(8)
        taken = await self._store["jobs"].find_one_and_update(
            {
                "state": "waiting",
                "due": {"$lte": now},
                "kind": {"$in": list(self._handlers)},
                "$or": [{"lease_until": None}, {"lease_until": {"$lte": now}}],
            },
            {"$set": {"lease": lease, "lease_until": now + LEASE}, "$inc": {"tries": 1}},
            sort=[("due", 1)],
            return_document=True,
        )
        if taken is None:
            return False
        job = Job(taken["_id"], taken["kind"], taken["payload"], taken["tries"])
        try:
            await self._handlers[job.kind](job.payload, job)
        except GiveUp as failure:
            await self._finish(job, lease, {"state": "dead", "error": str(failure)[:200]})
        except Exception as failure:
            # The type only: a message could quote a tip.
            if not isinstance(failure, Postpone):
                log.error("jobs.failed", kind=job.kind, tries=job.tries, error=type(failure).__name__)
            await self._retry(job, lease, failure)
        else:
            await self._finish(job, lease, {"state": "done", "done_at": datetime.now(UTC)})
        return True

    async def _retry(self, job: Job, lease: str, failure: Exception) -> None:
        if job.tries >= MAX_TRIES:
            await self._finish(job, lease, {"state": "dead", "error": type(failure).__name__})
            return
        wait = min(BACKOFF_BASE_S * 2 ** min(job.tries - 1, 12), BACKOFF_CAP_S)
        due = datetime.now(UTC) + timedelta(seconds=wait)
        await self._finish(job, lease, {"due": due, "error": type(failure).__name__})

    async def _finish(self, job: Job, lease: str, change: dict[str, Any]) -> None:
        await self._store["jobs"].update_one(
            {"_id": job.id, "lease": lease}, {"$set": {**change, "lease": None, "lease_until": None}}
        )


class Background(Protocol):
    """What runs beside the pages."""

    def wake(self) -> None: ...

    async def run(self) -> None: ...


class Workers:
    """Several workers with a queue each, run and woken together."""

    def __init__(self, *workers: Background) -> None:
        self._workers = workers

    def wake(self) -> None:
        for worker in self._workers:
            worker.wake()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(worker.run())
