"""Finding a tip: the same answer after the same work, whatever is wrong."""

import secrets

import pytest

from cases import lookup
from cases.lookup import WrongReceipt
from cases.receipts import Receipts
from store.schema import BY_RECEIPT

RECEIPTS = Receipts(b"f" * 32, b"l" * 32)
RECEIPT = RECEIPTS.issue("k" * 43)


@pytest.fixture
async def tips(store):
    row = {"_id": "t1", "number": RECEIPT.number, "receipt": RECEIPTS.lookup_hash(RECEIPT.number, RECEIPT.code)}
    await store["tips"].insert_one({**row, "client_key": "x"})
    return store


async def test_the_right_pair_opens(tips):
    assert (await lookup.find(tips, RECEIPTS, RECEIPT.number, RECEIPT.code))["_id"] == "t1"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (RECEIPT.number, "0" * 16),
        ("0000-0000-0000", RECEIPT.code),
        (RECEIPT.number, RECEIPT.code[:-1]),
        (RECEIPT.number, RECEIPT.code + "A"),
        (RECEIPT.number + "1", RECEIPT.code),
        ("", ""),
    ],
)
async def test_anything_else_gets_one_answer(tips, number, code):
    with pytest.raises(WrongReceipt) as refused:
        await lookup.find(tips, RECEIPTS, number, code)
    assert (refused.value.status, refused.value.field) == (404, "code")


class Counting(Receipts):
    """Counts the keyed hashes."""

    compared = 0

    def matches(self, stored: str, number: str, code: str) -> bool:
        self.compared += 1
        return super().matches(stored, number, code)


async def test_both_are_read_from_the_index_alone_whatever_the_size_of_the_tip(tips):
    for number in (RECEIPT.number, "0000-0000-0000"):
        query = {"number": {"$gte": number}}
        plan = await tips.db.command(
            "explain",
            {"find": "tips", "filter": query, "projection": lookup._ENTRY, "sort": {"number": 1}, "limit": 1,
             "hint": dict(BY_RECEIPT)},
            verbosity="executionStats",
        )  # fmt: skip
        stats = plan["executionStats"]
        assert (stats["totalDocsExamined"], stats["totalKeysExamined"], stats["nReturned"]) == (0, 1, 1)


async def test_a_wrong_number_costs_the_same_work_as_a_wrong_code(tips):
    work = []
    for number in (RECEIPT.number, "0000-0000-0000"):
        receipts = Counting(b"f" * 32, b"l" * 32)
        with pytest.raises(WrongReceipt):
            await lookup.find(tips, receipts, number, secrets.token_hex(8))
        work.append(receipts.compared)
    assert work == [1, 1]
