import hashlib
from datetime import UTC, datetime, timedelta, timezone

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from rewards.accounts import Kind
from rewards.entries import Entry, LedgerRequest, canonical, read_entry, request_of

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
ENTRIES = st.builds(
    Entry,
    seq=WHOLE, at=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])),
    kind=st.sampled_from(Kind), key=TEXT, request=TEXT, jurisdiction=TEXT, year=WHOLE, claim=st.none() | TEXT,
    amount=WHOLE, target=st.none() | WHOLE, postings=st.lists(st.tuples(TEXT, WHOLE), max_size=3).map(tuple),
    memo=TEXT, actor=TEXT, prev=TEXT, hash=TEXT,
)  # fmt: skip


@given(ENTRIES)
def test_the_hashed_bytes_are_those_of_rfc_8785(entry):
    body = {"seq": entry.seq, **entry.document()}
    del body["_id"], body["hash"]
    body["at"] = entry.at.astimezone(UTC).isoformat(timespec="milliseconds")
    assert canonical(entry) == rfc8785.dumps(body)


@given(ENTRIES)
def test_what_is_stored_is_read_back(entry):
    assert read_entry(entry.document()) == entry


@given(st.sampled_from(Kind), st.none() | TEXT, st.none() | WHOLE, st.none() | TEXT, st.none() | WHOLE)
def test_the_content_of_a_request_is_hashed_as_rfc_8785(kind, jurisdiction, year, claim, amount):
    request = LedgerRequest(kind, "k", "a", jurisdiction, year, claim, amount, 7)
    content = rfc8785.dumps([kind.value, jurisdiction, year, claim, amount, 7])
    assert request.content_hash() == hashlib.sha256(content).hexdigest()


@given(ENTRIES)
def test_another_memo_or_officer_is_the_same_request(entry):
    request = request_of(entry)
    assert request.content_hash() == request._replace(memo="x", actor="y", key="z").content_hash()
    assert request.content_hash() != request._replace(target=-1, year=-1).content_hash()


def test_a_naive_time_has_another_hash():
    at = datetime(2026, 1, 1)
    entry = Entry(1, at, Kind.CLOSED, "k", "r", "q", 2026, None, 1, None, (), "", "a", "p", "h")
    assert canonical(entry) != canonical(entry._replace(at=at.replace(tzinfo=UTC)))
