"""Values that would give a reporter away, planted in a journey and then looked for in everything that came of it.

Each is looked for in the forms in which a careless program could keep it: other encodings of text, base64, percent and
JSON escapes, backwards, without its separators, in part, and as a plain hash (a telephone number's SHA-256 is found by
trying all numbers).
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html import escape
from urllib.parse import quote

_SHORTEST = 8  # digits of a number that still lead to its owner
_BETWEEN_DIGITS = re.compile(rb"(?<=[0-9])[ \-.](?=[0-9])")


@dataclass(frozen=True)
class Canary:
    """`parts`: pieces of it that give it away as well."""

    name: str
    text: str
    parts: tuple[str, ...] = ()

    @cached_property
    def forms(self) -> dict[bytes, str]:
        """Bytes to look for → what form that is."""
        found: dict[bytes, str] = {}
        for text in (self.text, *self.parts):
            for form, data in _forms(text):
                found.setdefault(data, f"{form} of {text}")
        return found


def _forms(text: str) -> Iterator[tuple[str, bytes]]:
    plain = text.encode()
    for codec in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030"):
        yield codec, text.encode(codec)
    yield "backwards", text[::-1].encode()
    yield "hex", plain.hex().encode()
    yield "HEX", plain.hex().upper().encode()
    if not text.isascii() or not text.isalnum():
        yield "percent", quote(text, safe="").encode()
        yield "JSON escape", text.encode("unicode_escape").replace(b"\\x", b"\\u00")
        yield "quoted-printable", "".join(f"={byte:02X}" for byte in plain).encode()
        yield "HTML references", "".join(f"&#{ord(c)};" for c in text).encode()
        yield "HTML escape", escape(text).encode()
    for codec in ("utf-8", "utf-16-le"):
        for shift in range(3):
            # Base64 of the text wherever it stands in a longer one: without the letters its neighbours share.
            encoded = base64.b64encode(b"\0" * shift + text.encode(codec)).rstrip(b"=")
            core = encoded[(0, 2, 3)[shift] : -1]
            yield f"base64 of {codec}", core
            yield f"base64url of {codec}", core.replace(b"+", b"-").replace(b"/", b"_")
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(algorithm, plain, usedforsecurity=False)
        yield algorithm, digest.hexdigest().encode()
        yield f"raw {algorithm}", digest.digest()


def number(name: str, text: str) -> Canary:
    """A canary of digits, with every run of eight of them as a part."""
    digits = "".join(c for c in text if c.isdigit())
    runs = {digits[at : at + _SHORTEST] for at in range(len(digits) - _SHORTEST + 1)}
    return Canary(name, text, tuple(sorted({digits, *runs} - {text})))


@dataclass(frozen=True)
class Leak:
    where: str
    canary: str
    form: str


def leaks(where: str, data: bytes | str, canaries: Iterable[Canary]) -> list[Leak]:
    """Every canary that is in `data`, in the first form in which it was found."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    joined = _BETWEEN_DIGITS.sub(b"", raw)
    found = []
    for canary in canaries:
        for form, what in canary.forms.items():
            if form in raw or form in joined:
                found.append(Leak(where, canary.name, what))
                break
    return found
