"""Finding a tip by number and code, in a way that tells a guesser nothing.

A wrong number and a wrong code get the same answer after the same work: one step into an index that always finds an
entry, one keyed hash, one comparison in constant time. The caller slows down who tries often; 80 bits of code do the rest.
"""

from cases.receipts import CODE_LENGTH, NUMBER_DIGITS, Receipts, grouped, plain_code, plain_number
from store.errors import Refusal
from store.mongo import Document, Store
from store.schema import BY_RECEIPT

# Compared when there is no such number, so that this takes as long as a wrong code.
_NO_TIP = "0" * 64
_ENTRY = {"_id": 0, "number": 1, "receipt": 1}


class WrongReceipt(Refusal):
    """No tip with this number and code; never says which of the two is wrong."""

    status = 404

    def __init__(self) -> None:
        super().__init__("编号和查询码对不上。请逐个核对(查询码里没有字母 I、L、O、U),再试一次。", field="code")


async def find(store: Store, receipts: Receipts, number: str, code: str) -> Document:
    """The tip, however its number and code were typed. Raises `WrongReceipt`."""
    digits, letters = plain_number(number)[: NUMBER_DIGITS + 1], plain_code(code)[: CODE_LENGTH + 1]
    number = grouped(digits)
    # The entry of this number, or its neighbour: both are read from the index alone, whatever the tip's size.
    entry = await store["tips"].find_one({"number": {"$gte": number}}, _ENTRY, sort=[("number", 1)], hint=BY_RECEIPT)
    there = entry is not None and entry["number"] == number
    right = receipts.matches(entry["receipt"] if entry and there else _NO_TIP, digits, letters)
    tip = await store["tips"].find_one({"number": number}) if right else None
    if tip is None:
        raise WrongReceipt
    return tip
