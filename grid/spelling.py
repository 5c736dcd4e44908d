"""Text as people type it → one plain spelling, with a way back to the original positions. Linear in the text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Traditional characters that occur in the city's names; a tip typed on a phone from elsewhere has them.
_TRADITIONAL = dict(
    zip(
        "區縣鎮鄉島嶗陽墨膠萊樓臺灣東韓門濱風龍雲錢莊義興華農馬灘戶興關湖橋號樓廠廣場義紅崗嶺靈鰲岡蘭潔鋪",
        "区县镇乡岛崂阳墨胶莱楼台湾东韩门滨风龙云钱庄义兴华农马滩户兴关湖桥号楼厂广场义红岗岭灵鳌冈兰洁铺",
        strict=True,
    )
)


def _table() -> dict[int, str]:
    table = {ord(a): b for a, b in _TRADITIONAL.items()}
    for code in range(0xFF01, 0xFF5F):  # full-width letters and digits; punctuation may stay as it is
        if (narrow := unicodedata.normalize("NFKC", chr(code))).isalnum():
            table[code] = narrow
    for code in list(range(0x2F00, 0x2FD6)):  # radicals that look like characters, from copied PDFs
        table[code] = unicodedata.normalize("NFKC", chr(code))
    for code in range(0xD800, 0xE000):  # half a character, of a cut-off message
        table[code] = "\ufffd"
    return table


_TABLE = _table()
_REPLACED = re.compile("[" + "".join(map(chr, _TABLE)) + "]")
# Most texts need nothing done: one look for anything that does.
_UNUSUAL = re.compile(
    r"[ \t·•\-_/\x00\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0f\ufeff\u3000" + "".join(map(chr, _TABLE)) + "]"
)
# What to drop: invisible marks anywhere, and blanks, dots and dashes between two Chinese characters.
_DROPPED = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0f\ufeff\x00]+|(?<=[一-龥])[ \t\u3000·•\-_/]+(?=[一-龥])"
)


@dataclass(slots=True)
class Plain:
    """The plain spelling; `origin[i]` is where plain character i stood, None when nothing was dropped."""

    text: str
    origin: list[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Positions in the original text."""
        if self.origin is None or start >= end:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def plain(text: str) -> Plain:
    """Full-width to half-width, traditional to simplified, blanks between Chinese characters dropped."""
    if not _UNUSUAL.search(text):
        return Plain(text, None)
    if _REPLACED.search(text):
        text = text.translate(_TABLE)
    if not _DROPPED.search(text):
        return Plain(text, None)
    origin: list[int] = []
    parts: list[str] = []
    position = 0
    for gap in _DROPPED.finditer(text):
        parts.append(text[position : gap.start()])
        origin.extend(range(position, gap.start()))
        position = gap.end()
    parts.append(text[position:])
    origin.extend(range(position, len(text)))
    return Plain("".join(parts), origin)
