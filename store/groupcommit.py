"""Group commit: many callers, one writer, one transaction for whatever has arrived meanwhile.

A journaled majority write costs one disk flush however many documents it carries, so the rate grows with the number of
callers while each still waits for its own durable answer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# The writer counts as crowded until so long after a batch of so many callers.
CROWD = 4
CROWD_S = 0.25
# Then it waits a moment for the callers it has just answered, instead of writing the first of them alone
# (PostgreSQL's commit_delay and commit_siblings).
LINGER_S = 0.004


class GroupCommit(Generic[Item, Result]):
    """`commit(items)` writes all items in one transaction and answers one result for each, in order.

    A result may be an exception: only its caller gets it. When the whole batch raises, each item is tried alone, so
    that one bad item cannot fail its neighbours; `commit` must therefore be idempotent per item.
    """

    def __init__(
        self,
        commit: Callable[[list[Item]], Awaitable[list[Result | Exception]]],
        *,
        max_batch: int = 64,
        linger_s: float = LINGER_S,
    ) -> None:
        self._commit = commit
        self._max_batch = max_batch
        self._linger_s = linger_s
        self._queue: asyncio.Queue[tuple[Item, asyncio.Future[Result]]] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None
        self._crowded_at = float("-inf")

    @property
    def crowded(self) -> bool:
        """Many callers wait at this moment: work for which nobody waits should step back."""
        return time.monotonic() - self._crowded_at < CROWD_S

    async def __aenter__(self) -> "GroupCommit[Item, Result]":
        self._writer = asyncio.create_task(self._write(), name="group-commit")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._writer is not None
        await self._queue.join()
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        self._writer = None

    async def submit(self, item: Item) -> Result:
        """Wait until `item` is committed. A caller that goes away does not take its item back."""
        if self._writer is None:
            raise RuntimeError("group commit is not running")
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((item, answer))
        return await asyncio.shield(answer)

    async def _write(self) -> None:
        while True:
            batch = [await self._queue.get()]
            if self.crowded:
                await asyncio.sleep(self._linger_s)
            while len(batch) < self._max_batch and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            if len(batch) >= CROWD:
                self._crowded_at = time.monotonic()
            try:
                await self._settle(batch)
            finally:
                for _ in batch:
                    self._queue.task_done()

    async def _settle(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._commit([item for item, _ in batch])
        except Exception as failure:
            if len(batch) == 1:
                results = [failure]
            else:
                for one in batch:
                    await self._settle([one])
                return
        for (_, answer), result in zip(batch, results, strict=True):
            if answer.done():  # its caller was cancelled
                continue
            if isinstance(result, Exception):
                answer.set_exception(result)
                answer.exception()  # seen: no "never retrieved" noise when the caller has gone
            else:
                answer.set_result(result)
