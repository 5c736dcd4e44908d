"""What lists find a case by follows the clocks, whoever writes them, and is made for what an earlier version left."""

from datetime import UTC, datetime, timedelta

import pytest

from access.actors import SYSTEM
from access.vault import Vault
from access.vault_keys import create_vault_keys
from cases import appeals, queries
from cases.found_by import NEVER, fill, found_by
from cases.lifecycle import perform
from cases.mailbox import Mailbox
from cases.receipts import Receipts
from tests.cases.case_factory import DISPATCHER, SUPERVISOR, UNDERSTOOD, WAY, received_case

CASE = "AAAAA-BBBBB"
SUSPEND = {"reason": "appraisal", "text": "等鉴定"}


async def until(store, last: str, days: float = 1) -> dict:
    """The case after `last` of the ordinary way."""
    received = datetime.now(UTC) - timedelta(days=days)
    await received_case(store, CASE, received)
    case = await perform(store, CASE, "understand", SYSTEM, UNDERSTOOD, None, now=received)
    for action, actor, data in WAY:
        case = await perform(store, CASE, action, actor, data, case["version"])
        if action == last:
            break
    return case


async def stored(store) -> dict:
    return await store["cases"].find_one({"_id": CASE})


async def test_a_suspended_case_presses_nobody_and_stands_last(store):
    case = await until(store, "start_check", days=59)
    assert [row["_id"] for row in await queries.pressing(store, SUPERVISOR)] == [CASE]
    case = await perform(store, CASE, "suspend", SUPERVISOR, SUSPEND, case["version"])
    assert case["found_by"]["due"] == NEVER and await queries.pressing(store, SUPERVISOR) == []
    case = await perform(store, CASE, "resume", SUPERVISOR, {"text": "到了"}, case["version"])
    assert case["found_by"]["due"] < NEVER and len(await queries.pressing(store, SUPERVISOR)) == 1


async def test_an_objection_is_due_like_every_other_clock(store):
    await create_vault_keys(store, [])
    await until(store, "reply")
    tip = {"_id": "t-1", "number": "n", "client_key": "k", "receipt": "r", "case_id": CASE, "messages": []}
    await store["tips"].insert_one(tip)
    box = Mailbox(store, Receipts(b"f" * 32, b"l" * 32), await Vault.open(store))
    await box.object("t-1", "门又锁上了", datetime.now(UTC))
    case = await stored(store)
    assert case["found_by"] == found_by(case)
    assert case["found_by"]["due"] <= next(clock["due_at"] for clock in case["clocks"] if clock["id"] == "review")


async def test_a_second_round_moves_the_case_to_no_other_month(store):
    await create_vault_keys(store, [])
    before = (await until(store, "reply"))["found_by"]
    tip = {"_id": "t-1", "number": "n", "client_key": "k", "receipt": "r", "case_id": CASE, "messages": []}
    await store["tips"].insert_one(tip)
    await Mailbox(store, Receipts(b"f" * 32, b"l" * 32), await Vault.open(store)).object(
        "t-1", "门又锁上了", datetime.now(UTC)
    )
    await store["inspectors"].insert_one({"_id": "i-2", "name": "乙"})
    version = (await stored(store))["version"]
    await appeals.take(store, CASE, SUPERVISOR, version, datetime.now(UTC))
    later = datetime.now(UTC) + timedelta(days=40)
    await appeals.uphold(store, CASE, SUPERVISOR, {"inspector_id": "i-2", "text": "重查"}, version + 1, later)
    after = (await stored(store))["found_by"]
    for name in ("concluded_on", "measured_on", "on_time"):
        assert after[name] == before[name]


async def test_what_an_earlier_version_left_is_found_too(store):
    await until(store, "accept")
    await store["cases"].update_one({"_id": CASE}, {"$unset": {"found_by": ""}})
    await store["evidence"].insert_one({"_id": "e", "kind": "photo", "case_id": CASE, "dhash": "a3f0b1c2d4e59687"})
    row = {"_id": "t", "number": "1", "client_key": "1", "case_id": CASE, "merged_from": "BBBBB-AAAAA"}
    await store["tips"].insert_one(row)
    await fill(store)
    case, tip = await stored(store), await store["tips"].find_one({"_id": "t"})
    assert case["found_by"] == found_by(case)
    assert len((await store["evidence"].find_one({"_id": "e"}))["pieces"]) == 4
    assert tip["merge_path"] == ["BBBBB-AAAAA"] and "merged_from" not in tip
    await store["cases"].update_one({"_id": CASE}, {"$unset": {"found_by": ""}})
    await fill(store)
    assert "found_by" not in await stored(store), "once for a database"


@pytest.mark.parametrize("case", [{"state": "triage", "clocks": []}, {"state": "archived", "clocks": []}])
def test_a_case_with_hardly_anything_is_no_trouble(case):
    assert found_by(case) == {"due": None if case["state"] == "archived" else NEVER, "types": [], "company": ""}


async def test_the_desk_shows_what_presses_first_and_what_rests_last(store):
    case = await until(store, "accept")
    await received_case(store, "RESTS-AAAAA")
    rests = {"state": "triage", "found_by.due": NEVER}
    await store["cases"].update_one({"_id": "RESTS-AAAAA"}, {"$set": rests})
    rows, more = await queries.desk(store, queries.Filter(), DISPATCHER)
    assert [row["_id"] for row in rows] == [case["_id"], "RESTS-AAAAA"] and not more
