"""A multipart form of moderate size, taken apart in one go (RFC 7578).

aiohttp's reader is made for streams and spends about 2 ms on the ten fields of a report, more than all the rest of
filing it; a form without photos is a few kilobytes. Larger bodies and those without a declared length are streamed.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_SMALL = 256 * 1024

_BOUNDARY = re.compile(r'(?i);\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))')
_PARAMETER = re.compile(r'(?i);\s*(name|filename)="([^"]*)"')


class Part(NamedTuple):
    """`filename` None: a text field; "": a file field that was left empty."""

    name: str
    filename: str | None
    data: bytes


def split(body: bytes, content_type: str) -> Iterator[Part]:
    """The parts in order. Raises `ValueError` for anything that no browser sends."""
    found = _BOUNDARY.search(content_type)
    if not found:
        raise ValueError("no boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + (found[1] or found[2]).encode("ascii"))
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("the last boundary is missing")
    for piece in pieces[1:-1]:
        head, separator, data = piece.partition(b"\r\n\r\n")
        if not separator or not head.startswith(b"\r\n"):
            raise ValueError("a part without a head")
        yield _part(head.decode("utf-8", "replace"), data)


def _part(head: str, data: bytes) -> Part:
    for line in head.split("\r\n"):
        if line.lower().startswith("content-disposition: form-data"):
            values = {name.lower(): _unescaped(value) for name, value in _PARAMETER.findall(line)}
            if "name" in values:
                return Part(values["name"], values.get("filename"), data)
    raise ValueError("a part without a name")


def _unescaped(value: str) -> str:
    """Browsers write these three so; nothing else is escaped (HTML, multipart/form-data encoding algorithm)."""
    return value.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
