import asyncio

import pytest

from store.groupcommit import GroupCommit


async def test_batches_what_arrived_and_answers_each():
    batches = []

    async def commit(items):
        batches.append(len(items))
        await asyncio.sleep(0.01)
        return [item * 2 for item in items]

    async with GroupCommit(commit, max_batch=8) as group:
        answers = await asyncio.gather(*(group.submit(n) for n in range(20)))
    assert answers == [n * 2 for n in range(20)]
    assert max(batches) <= 8 and len(batches) < 20


async def test_one_bad_item_does_not_fail_its_neighbours():
    async def commit(items):
        if 3 in items:
            raise ValueError("three")
        return items

    async with GroupCommit(commit) as group:
        answers = await asyncio.gather(*(group.submit(n) for n in range(6)), return_exceptions=True)
    assert isinstance(answers[3], ValueError)
    assert [a for a in answers if not isinstance(a, Exception)] == [0, 1, 2, 4, 5]


async def test_a_result_may_be_an_error_for_its_caller_alone():
    async def commit(items):
        return [KeyError(item) if item == "bad" else item for item in items]

    async with GroupCommit(commit) as group:
        good, bad = await asyncio.gather(group.submit("good"), group.submit("bad"), return_exceptions=True)
    assert good == "good" and isinstance(bad, KeyError)


async def test_a_cancelled_caller_does_not_take_its_item_back():
    written = []

    async def commit(items):
        await asyncio.sleep(0.05)
        written.extend(items)
        return items

    async with GroupCommit(commit) as group:
        caller = asyncio.create_task(group.submit("kept"))
        await asyncio.sleep(0.01)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
    assert written == ["kept"]


async def test_it_is_crowded_while_many_callers_wait_and_calm_soon_after():
    async def commit(items):
        await asyncio.sleep(0.01)
        return items

    async with GroupCommit(commit) as group:
        await group.submit("alone")
        assert not group.crowded
        await asyncio.gather(*(group.submit(n) for n in range(20)))
        assert group.crowded
        await asyncio.sleep(0.3)
        assert not group.crowded


async def test_callers_that_come_back_at_once_share_a_batch():
    """Without the short wait, every second batch would be the first of them alone."""
    batches = []

    async def commit(items):
        batches.append(len(items))
        await asyncio.sleep(0.01)
        return items

    async def client(group):
        for _ in range(10):
            await group.submit("x")

    async with GroupCommit(commit) as group:
        await asyncio.gather(*(client(group) for _ in range(16)))
    assert len(batches) <= 12
