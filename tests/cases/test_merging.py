"""Two cases become one and apart again; the reporters keep all that is theirs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import audit
from access.actors import SYSTEM
from cases import notices, queries, scan
from cases.inputs import InvalidInput
from cases.lifecycle import WrongState, perform
from cases.merging import earliest_effective, merge, unmerge
from tests.cases.case_factory import DISPATCHER, SUPERVISOR, UNDERSTOOD, received_case

NOW = datetime.now(UTC)
A, B, C = "AAAAA-AAAAA", "BBBBB-BBBBB", "CCCCC-CCCCC"


async def triage(store, case_id: str, days: float = 1.0) -> None:
    """A case that waits for the dispatcher, with one tip and one photo."""
    received = NOW - timedelta(days=days)
    await received_case(store, case_id, received)
    await perform(store, case_id, "understand", SYSTEM, UNDERSTOOD, None, now=received + timedelta(seconds=1))
    name = case_id[0].lower()
    await store["tips"].insert_one(
        {"_id": f"t{name}", "number": name, "client_key": name, "receipt": f"code-{name}", "case_id": case_id,
         "facts": {"what": "出口锁着"}, "messages": [{"id": name, "text": "回答"}], "withdrawn": False,
         "filed_at": received}
    )  # fmt: skip
    await store["evidence"].insert_one({"_id": f"e{name}", "kind": "photo", "tip_id": f"t{name}", "case_id": case_id})
    await store["cases"].update_one({"_id": case_id}, {"$set": {"photos": 1}})


async def case(store, case_id: str) -> dict:
    return await store["cases"].find_one({"_id": case_id})


async def version(store, case_id: str) -> int:
    return (await case(store, case_id))["version"]


async def do_merge(store, case_id: str, into: str):
    return await merge(store, case_id, DISPATCHER, into, await version(store, case_id))


async def do_unmerge(store, case_id: str):
    return await unmerge(store, case_id, DISPATCHER, "不是同一件事。", await version(store, case_id))


async def homes(store) -> dict[str, str]:
    return {tip["_id"]: tip["case_id"] async for tip in store["tips"].find()}


async def whole(store) -> bool:
    return (await audit.verify(store))[1] is None


async def test_there_and_back_again(store):
    await triage(store, A, 3)
    await triage(store, B)
    before = await case(store, B)
    tip = await store["tips"].find_one({"_id": "tb"})
    await do_merge(store, B, A)
    assert await homes(store) == {"ta": A, "tb": A}
    assert ((await case(store, A))["tips"], (await case(store, A))["photos"]) == (2, 2)
    await do_unmerge(store, B)
    assert await homes(store) == {"ta": A, "tb": B}
    again = await store["tips"].find_one({"_id": "tb"})
    assert {key: again[key] for key in tip} == tip  # number, code, answers
    assert (await store["evidence"].find_one({"_id": "eb"}))["case_id"] == B
    after, other = await case(store, B), await case(store, A)
    assert (after["state"], after["tips"], after["photos"], after["merged_into"]) == ("triage", 1, 1, None)
    assert (other["tips"], other["photos"]) == (1, 1)
    # The periods run from receipt, as if it had never been away.
    assert after["clocks"] == before["clocks"] and after["found_by"]["due"] == before["found_by"]["due"]
    assert "并案已撤销" in after["progress"][-1]["text"]
    assert await whole(store)


async def test_what_came_due_while_it_was_merged_is_noticed_when_it_stands_alone_again(store):
    await triage(store, A, 70)
    await triage(store, B, 70)
    await merge(store, B, DISPATCHER, A, await version(store, B), NOW - timedelta(days=69))
    assert "watch_at" not in await case(store, B)
    await do_unmerge(store, B)
    alone = await case(store, B)
    assert alone["watch_at"] == notices.watch_at(alone["clocks"]) < NOW
    assert B in {row["_id"] for row in await queries.pressing(store, SUPERVISOR)}
    await scan.scan(store, datetime.now(UTC))
    found = {row["level"] async for row in store["notices"].find({"case_id": B, "clock": "verify_close"})}
    assert found == {"remind", "warn", "supervise"}


async def test_out_of_a_chain_each_case_gets_back_its_own(store):
    for place, case_id in enumerate((A, B, C)):
        await triage(store, case_id, 3 - place)
    await do_merge(store, A, B)
    await do_merge(store, B, C)
    assert set((await homes(store)).values()) == {C}
    await do_unmerge(store, B)
    assert await homes(store) == {"ta": B, "tb": B, "tc": C}
    assert ((await case(store, B))["tips"], (await case(store, C))["tips"]) == (2, 1)
    await do_unmerge(store, A)
    assert await homes(store) == {"ta": A, "tb": B, "tc": C}
    assert await whole(store)


async def test_the_first_of_a_chain_comes_out_alone(store):
    for case_id in (A, B, C):
        await triage(store, case_id)
    await do_merge(store, A, B)
    await do_merge(store, B, C)
    await do_unmerge(store, A)
    assert await homes(store) == {"ta": A, "tb": C, "tc": C}
    await do_unmerge(store, B)
    assert await homes(store) == {"ta": A, "tb": B, "tc": C}
    assert [(await case(store, each))["tips"] for each in (A, B, C)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("into", "message"),
    [(A, "不能循环并案"), (B, "不能并入自己"), ("ZZZZZ-ZZZZZ", "没有这个案件")],
)
async def test_circles_and_nonsense_are_refused_and_change_nothing(store, into, message):
    await triage(store, A)
    await triage(store, B)
    await do_merge(store, A, B)
    before = await homes(store)
    with pytest.raises(InvalidInput, match=message):
        await do_merge(store, B, into)
    assert await homes(store) == before and (await case(store, B))["state"] == "triage"


async def test_into_a_merged_case_names_the_one_to_choose(store):
    for case_id in (A, B, C):
        await triage(store, case_id)
    await do_merge(store, A, B)
    with pytest.raises(InvalidInput, match=f"请填写{B}"):
        await do_merge(store, C, A)


async def test_only_a_merged_case_can_be_taken_out(store):
    await triage(store, A)
    with pytest.raises(WrongState):
        await do_unmerge(store, A)


@given(st.lists(st.booleans(), max_size=5))
def test_the_earliest_that_was_not_withdrawn_is_the_effective_one(withdrawn):
    tips = [{"_id": str(place), "withdrawn": gone} for place, gone in enumerate(withdrawn)]
    first = earliest_effective(tips)
    assert first == (str(withdrawn.index(False)) if False in withdrawn else None)
