"""The audit trail shows every kind of tampering."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import audit


def chain(length: int) -> list[dict]:
    head, entries = audit.Head(), []
    for n in range(length):
        entries.append(audit.make_entry(head, "case", f"step {n}", "u1", {"n": n}, datetime.now(UTC)))
        head = audit.head_of(entries[-1])
    return entries


@given(st.integers(2, 8), st.data())
def test_any_change_is_found_at_its_place(length, data):
    entries = chain(length)
    assert audit.first_break(entries) is None
    index = data.draw(st.integers(0, length - 1))
    field, value = data.draw(
        st.sampled_from(
            [
                ("action", "other"),
                ("actor", "u2"),
                ("detail", {"n": 99}),
                ("hash", "f" * 64),
                ("prev", "e" * 64),
                ("at", datetime(2020, 1, 1, tzinfo=UTC)),
            ]
        )
    )
    entries[index] = {**entries[index], field: value}
    found = audit.first_break(entries)
    assert found is not None and found.seq == index + 1


@given(st.integers(3, 8), st.data())
def test_a_dropped_entry_is_found(length, data):
    entries = chain(length)
    index = data.draw(st.integers(0, length - 2))
    del entries[index]
    found = audit.first_break(entries)
    assert found is not None and found.seq == index + 1


async def test_chains_are_kept_per_subject(store):
    for n in range(3):
        for subject in ("case 1", "case 2"):
            await audit.append(store, None, subject, "step", "u1", {"n": n})
    assert await audit.verify(store) == (6, None)
    await store["audit"].update_one({"_id": "case 2:2"}, {"$set": {"actor": "someone else"}})
    _, broken = await audit.verify(store)
    assert broken == audit.Break("case 2", 2, "记录被改动")


async def test_an_entry_that_takes_a_taken_place_is_refused(store):
    entry = await audit.append(store, None, "case", "step", "u1", {})
    from pymongo.errors import DuplicateKeyError

    with pytest.raises(DuplicateKeyError):
        await store["audit"].insert_one({**entry, "_id": "other"})
