"""Numbers and codes: derived, readable, and useless without our keys."""

import pytest

from cases.receipts import ALPHABET, MASK, Receipts, plain_code, plain_number, without_codes
from tests import hostile

RECEIPTS = Receipts(b"f" * 32, b"l" * 32)


def test_a_receipt_depends_on_client_key_and_our_key_only():
    assert RECEIPTS.issue("a" * 43) == Receipts(b"f" * 32, b"x" * 32).issue("a" * 43)
    assert RECEIPTS.issue("a" * 43) != RECEIPTS.issue("b" * 43)
    assert RECEIPTS.issue("a" * 43) != Receipts(b"g" * 32, b"l" * 32).issue("a" * 43)


def test_another_attempt_changes_the_number_and_keeps_the_code():
    first, second = RECEIPTS.issue("a" * 43), RECEIPTS.issue("a" * 43, attempt=1)
    assert first.number != second.number and first.code == second.code


def test_receipts_do_not_repeat_and_use_every_letter():
    issued = [RECEIPTS.issue(f"key-{n:040}") for n in range(2000)]
    assert len({receipt.number for receipt in issued}) == len({receipt.code for receipt in issued}) == 2000
    assert set("".join(receipt.code for receipt in issued)) == set(ALPHABET) | {"-"}
    assert {len(plain_number(receipt.number)) for receipt in issued} == {12}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("abcd-efgh-jkmn-pqrs", "ABCDEFGHJKMNPQRS"),
        ("ABCD EFGH　JKMN_PQRS", "ABCDEFGHJKMNPQRS"),
        ("ABCDEFGHJKMNPQRS", "ABCDEFGHJKMNPQRS"),
        ("oIl0", "0110"),
        ("查询码:AB12。", "AB12"),
    ],
)
def test_a_code_is_read_however_it_is_typed(typed, read):
    assert plain_code(typed) == read


CODE = "AB12-CD34-EF56-GH78"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"我的查询码是{CODE}", f"我的查询码是{MASK}"),
        (f"3702-1381-2345 {CODE}", f"3702-1381-2345 {MASK}"),
        ("查询码:ab12cd34ef56gh78,快看", f"查询码:{MASK},快看"),
        ("查询码 AB12 CD34 EF56 GH78", f"查询码 {MASK}"),
        ("查询码ＡＢ１２-ＣＤ３４-ＥＦ５６-ＧＨ７８", f"查询码{MASK}"),
        ("编号3702-1381-2345", "编号3702-1381-2345"),
        ("卡号6222-0212-3456-7890", "卡号6222-0212-3456-7890"),
        ("设备AB12-CD34-EF56-GH78-JK90", "设备AB12-CD34-EF56-GH78-JK90"),
        ("FIRE-EXIT-DOOR-LOCK", "FIRE-EXIT-DOOR-LOCK"),
        ("ab12cd34ef56gh78", "ab12cd34ef56gh78"),
    ],
)
def test_a_pasted_code_is_masked_wherever_it_comes_from(text, masked):
    assert without_codes(text) == masked


@pytest.mark.parametrize(("typed", "read"), [("1234-5678-9012", "123456789012"), (" 1234 ", "1234"), ("编号12", "12")])
def test_a_number_is_read_however_it_is_typed(typed, read):
    assert plain_number(typed) == read


def test_the_stored_hash_opens_for_its_receipt_only():
    receipt = RECEIPTS.issue("a" * 43)
    stored = RECEIPTS.lookup_hash(receipt.number, receipt.code)
    assert receipt.code not in stored and RECEIPTS.matches(stored, receipt.number, receipt.code.lower())
    assert not RECEIPTS.matches(stored, receipt.number, receipt.code[:-1] + ("0" if receipt.code[-1] != "0" else "1"))
    assert not RECEIPTS.matches(stored, "1" + receipt.number[1:] if receipt.number[0] != "1" else "2", receipt.code)
    assert not Receipts(b"f" * 32, b"x" * 32).matches(stored, receipt.number, receipt.code)


@pytest.mark.parametrize("text", hostile.TEXTS, ids=range(len(hostile.TEXTS)))
def test_hostile_texts_match_nothing(text):
    assert not RECEIPTS.matches("0" * 64, text.replace("\ud800", ""), text.replace("\ud800", ""))
    assert set(plain_code(text)) <= set(ALPHABET)
