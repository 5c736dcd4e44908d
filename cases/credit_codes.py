"""统一社会信用代码 (GB 32100-2015): 18 letters, the last of which checks the others. Letters I, O, S, V and Z are not used.

The first two are office and kind (9 market supervision, N agriculture), then six digits of the division, then the
organisation.
"""

import re
import unicodedata

from cases.inputs import InvalidInput

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SHAPE = re.compile(rf"[1-9ANY][1-9A-Z][0-9]{{6}}[{ALPHABET}]{{10}}")


def check_letter(first17: str) -> str:
    """31 less the sum of each value times 3 to the power of its place, modulo 31 (ISO 7064 style)."""
    total = sum(ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(first17))
    return ALPHABET[-total % 31]


def plain_code(typed: str) -> str:
    """As it is stored: half-width capitals without spaces and hyphens."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed)).upper()


def credit_code(typed: str) -> str:
    """The plain code. Raises `InvalidInput` that says what is wrong with it."""
    code = plain_code(typed)
    if not code:
        raise InvalidInput("统一社会信用代码：没有填写。", field="code")
    if len(code) != 18:
        raise InvalidInput(f"统一社会信用代码：应为18位，现在是{len(code)}位。", field="code")
    if not _SHAPE.fullmatch(code):
        raise InvalidInput("统一社会信用代码：有不该出现的字符（不用 I、O、S、V、Z，第3至8位是数字）。", field="code")
    if code[-1] != check_letter(code[:-1]):
        raise InvalidInput("统一社会信用代码：校验位不对，请对照营业执照核对（GB 32100-2015）。", field="code")
    return code
