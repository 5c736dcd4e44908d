"""Number and secret code: what a reporter gets instead of an account.

Both are derived from the filing's client key with a key outside the database. So a retried filing gives the same
number and code without our storing them, a number says nothing about order or time, and nobody without our key can
compute a code. The code has 80 bits, so a keyed hash is enough to look it up: nothing slow stands between a flood of
tips and the disk.
"""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass

# Crockford's base 32: no I, L, O, U; it is read out on the phone and written on paper. 16 letters are 80 bits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOK_ALIKES = str.maketrans("OIL", "011")
CODE_LENGTH = 16
NUMBER_DIGITS = 12


MASK = "［查询码］"
_LETTER = "[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]"
_GROUPS = rf"{_LETTER}{{4}}(?:[ -]?{_LETTER}{{4}}){{3}}"
# A code as we print it, or anything of its length that is said to be one.
_CODE = re.compile(
    rf"(?:查询码|查询密码|密码|验证码)[是为:：\s]{{0,4}}({_GROUPS})(?![0-9A-Za-z])"
    rf"|(?<![0-9A-Za-z-])({_LETTER}{{4}}(?:-{_LETTER}{{4}}){{3}})(?![0-9A-Za-z-])"
)


@dataclass(frozen=True)
class Receipt:
    """`number` like 3702-1234-5678 for people, `code` in groups for reading out."""

    number: str
    code: str


class Receipts:
    """`filing_key` makes numbers and codes, `lookup_key` hashes them for the database; both 32 bytes.

    `older` look-up keys recognise the receipts from before a rotation: their codes are with the reporters alone, so
    nobody can hash them anew.
    """

    def __init__(self, filing_key: bytes, lookup_key: bytes, *older: bytes) -> None:
        self._filing_key = filing_key
        self._lookup_key = lookup_key
        self._older = older

    def issue(self, client_key: str, attempt: int = 0) -> Receipt:
        """The receipt of one filing; `attempt` counts up when a number is taken already."""
        stream = _digest(self._filing_key, f"number|{attempt}|{client_key}")
        number = str(int.from_bytes(stream, "big") % 10**NUMBER_DIGITS).zfill(NUMBER_DIGITS)
        value = int.from_bytes(_digest(self._filing_key, f"code|{client_key}"), "big")
        letters = []
        for _ in range(CODE_LENGTH):
            value, rest = divmod(value, len(ALPHABET))
            letters.append(ALPHABET[rest])
        return Receipt(grouped(number), grouped("".join(letters)))

    def client_key_hash(self, client_key: str) -> str:
        """What the database keeps of a client key: enough to notice a repeat, not enough to make the code."""
        return _digest(self._lookup_key, f"client|{client_key}").hex()

    def lookup_hash(self, number: str, code: str) -> str:
        return self._hashed(self._lookup_key, number, code)

    def matches(self, stored: str, number: str, code: str) -> bool:
        """Always as many hashes as there are keys: the time tells nothing."""
        hashes = [self._hashed(key, number, code) for key in (self._lookup_key, *self._older)]
        return any([hmac.compare_digest(stored, each) for each in hashes])

    @staticmethod
    def _hashed(key: bytes, number: str, code: str) -> str:
        return _digest(key, f"receipt|{plain_number(number)}|{plain_code(code)}").hex()


def without_codes(text: str) -> str:
    """The text with what looks like a secret code masked: people paste it, and whoever reads it could use it.

    For texts of which we do not know whose they are; the mailbox knows, and looks for the tip's own code besides.
    """
    plain = "".join(folded if len(folded := unicodedata.normalize("NFKC", c)) == 1 else c for c in text)
    pieces, at = [], 0
    for match in _CODE.finditer(plain):
        start, end = match.span(match.lastindex or 0)
        if not plain[start:end].replace("-", "").isdigit():  # a bank card is the vault's, not a code
            pieces += [text[at:start], MASK]
            at = end
    return "".join([*pieces, text[at:]])


def plain_number(number: str) -> str:
    """Digits only, full-width ones too."""
    return "".join(c for c in unicodedata.normalize("NFKC", number) if c.isdigit())


def plain_code(code: str) -> str:
    """Capital letters of the alphabet only; a letter that looks like a digit is read as the digit."""
    letters = unicodedata.normalize("NFKC", code).upper().translate(LOOK_ALIKES)
    return "".join(c for c in letters if c in ALPHABET)


def grouped(text: str) -> str:
    """Fours with dashes, as numbers stand in the database and codes on the receipt."""
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def _digest(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
