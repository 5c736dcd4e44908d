"""The store against a real server: transactions, the login, the seal."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure

from store import jobs
from store.keys import Keys, UnsafeKeyFile
from store.migrations import SCHEMA_VERSION, NewerDatabase, migrate
from store.periodic import Periodic
from store.sealing import Cipher, SealBroken


async def test_a_failed_transaction_leaves_nothing(store):
    async def change(session):
        await store["cases"].insert_one({"_id": "a", "state": "x", "created_at": datetime.now(UTC)}, session=session)
        await jobs.enqueue(store, session, kind="mail", key="a", payload={})
        raise RuntimeError("the last step")

    with pytest.raises(RuntimeError):
        await store.transaction(change)
    assert await store["cases"].count_documents({}) == 0
    assert await store["jobs"].count_documents({}) == 0


async def test_the_server_refuses_a_client_without_password(mongo_server):
    client = AsyncIOMotorClient(f"mongodb://127.0.0.1:{mongo_server.port}/?directConnection=true")
    with pytest.raises(OperationFailure):
        await client.test.things.find_one({})
    client.close()


async def test_migrating_again_changes_nothing_and_a_newer_database_is_refused(store):
    await migrate(store)
    await store["meta"].update_one({"_id": "schema"}, {"$set": {"version": SCHEMA_VERSION + 1}})
    with pytest.raises(NewerDatabase):
        await migrate(store)


async def test_an_older_database_has_its_running_clocks_watched(store):
    running, ended = {"id": "x", "ended_at": None}, {"id": "x", "ended_at": datetime.now(UTC)}
    for case_id, clocks in (("open", [ended, running]), ("closed", [ended]), ("bare", [])):
        await store["cases"].insert_one({"_id": case_id, "clocks": clocks})
    await migrate(store)
    assert await store["cases"].count_documents({"watch_at": {"$exists": True}}) == 0, (
        "only an older database is filled"
    )
    await store["meta"].update_one({"_id": "schema"}, {"$set": {"version": 1}})
    await migrate(store)
    assert await store["cases"].distinct("_id", {"watch_at": {"$lte": datetime.now(UTC)}}) == ["open"]
    assert (await store["meta"].find_one({"_id": "schema"}))["version"] == SCHEMA_VERSION


async def test_an_older_database_has_the_keys_of_its_records_laid_apart(store):
    await store["vault"].insert_one(
        {"_id": "v1", "tip_id": "t1", "keys": {"finance": b"f", "escrow": b"e"}, "body": b"b"}
    )
    await store["meta"].update_one({"_id": "schema"}, {"$set": {"version": 2}})
    await migrate(store)
    assert await store["vault"].find_one({}) == {"_id": "v1", "tip_id": "t1", "body": b"b"}
    assert await store["reporter_keys"].find_one({}) == {"_id": "v1", "tip_id": "t1", "finance": b"f", "escrow": b"e"}


async def test_what_is_done_again_and_again_survives_its_failures():
    done = []

    async def work():
        done.append(1)
        if len(done) == 2:
            raise RuntimeError("once")

    task = asyncio.create_task(Periodic("test", 0.01, work).run())
    for _ in range(200):
        await asyncio.sleep(0.01)
        if len(done) > 3:
            break
    task.cancel()
    assert len(done) > 3 and not task.done()


async def test_the_same_job_is_done_once(store):
    done = []

    async def handle(payload, job):
        done.append(payload["n"])

    for _ in range(3):
        await jobs.enqueue(store, None, kind="note", key="one", payload={"n": 1})
    worker = jobs.Worker(store, {"note": handle})
    while await worker.run_one():
        pass
    assert done == [1]


async def test_a_job_that_fails_waits_and_is_tried_again(store):
    tries = []

    async def handle(payload, job):
        tries.append(job.tries)
        if len(tries) == 1:
            raise jobs.Postpone

    await jobs.enqueue(store, None, kind="note", key="one", payload={})
    worker = jobs.Worker(store, {"note": handle})
    assert await worker.run_one()
    assert not await worker.run_one(), "it must wait before the second try"
    await store["jobs"].update_one({}, {"$set": {"due": datetime.now(UTC) - timedelta(seconds=1)}})
    assert await worker.run_one()
    assert tries == [1, 2]
    assert (await store["jobs"].find_one({}))["state"] == "done"


async def test_a_job_of_a_dead_worker_is_taken_again_after_its_lease(store):
    await jobs.enqueue(store, None, kind="note", key="one", payload={})
    past = datetime.now(UTC) - timedelta(seconds=5)
    await store["jobs"].update_one({}, {"$set": {"lease": "dead worker", "lease_until": past}})
    done = asyncio.Event()

    async def handle(payload, job):
        done.set()

    assert await jobs.Worker(store, {"note": handle}).run_one()
    assert done.is_set()


async def test_a_worker_steps_back_for_people_but_no_job_waits_for_ever(store):
    for n in range(2):
        await jobs.enqueue(store, None, kind="note", key=str(n), payload={})
    done, crowd = asyncio.Queue(), True

    async def handle(payload, job):
        done.put_nowait(job.id)

    worker = jobs.Worker(store, {"note": handle}, lanes=1, crowded=lambda: crowd)
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(jobs.STEP_BACK_S / 2)
    assert done.empty(), "people first"
    await asyncio.wait_for(done.get(), 5)
    crowd = False
    await asyncio.wait_for(done.get(), 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_one_queue_does_not_wait_behind_another(store):
    told = asyncio.Event()

    async def slow(payload, job):
        await told.wait()

    async def alert(payload, job):
        told.set()

    for n in range(20):
        await jobs.enqueue(store, None, kind="slow", key=str(n), payload={})
    await jobs.enqueue(store, None, kind="alert", key="1", payload={})
    workers = jobs.Workers(jobs.Worker(store, {"slow": slow}), jobs.Worker(store, {"alert": alert}, lanes=1))
    running = asyncio.create_task(workers.run())
    await asyncio.wait_for(told.wait(), 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@given(st.binary(max_size=200), st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_a_sealed_value_opens_only_where_it_belongs(plain, here, there):
    cipher = Cipher(b"k" * 32)
    sealed = cipher.seal(plain, here)
    assert cipher.open(sealed, here) == plain
    if here != there:
        with pytest.raises(SealBroken):
            cipher.open(sealed, there)


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    keys = Keys.load(tmp_path)
    assert Keys.load(tmp_path).derive("receipt") == keys.derive("receipt") != keys.derive("filing")
    (tmp_path / "secrets" / "root.key").chmod(0o644)
    with pytest.raises(UnsafeKeyFile):
        Keys.load(tmp_path)
