"""The words we teach jieba: one per line in every file of the dictionary folder (`word [frequency [tag]]`)."""

from __future__ import annotations

from pathlib import Path


def read_user_words(folder: Path) -> list[str]:
    """All words of the folder, sorted, each once."""
    words = set()
    for path in sorted(folder.glob("*")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                words.add(line.split()[0])
    return sorted(words)
