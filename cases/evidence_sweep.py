"""Evidence files that no record names: a filing that was given up, a process that died between file and record.

A file is written before the record that names it, so a young one may still get its record; and the draft of a chat names
files that no tip names yet. Both are left alone. What is swept was never part of a tip.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from access import audit
from access.actors import SYSTEM
from cases.conversations import Conversations
from store.mongo import Store

log = structlog.get_logger(__name__)

OLD_S = 48 * 3600.0
EVERY_S = 24 * 3600.0
_NAMES = ("file", "thumb", "original")


@dataclass(frozen=True)
class Swept:
    """`removed` files were nobody's; `missing` are names that a record has and the folder has not."""

    removed: int
    kept: int
    missing: int


async def sweep(store: Store, folder: Path, drafts: Conversations, now: float | None = None) -> Swept:
    """Remove what is nobody's and older than two days. Safe to run again and beside running services."""
    moment = time.time() if now is None else now
    # Files first: one whose record comes while we look is young.
    found = await asyncio.to_thread(_files, folder)
    named = {name async for name in _named(store)}
    waiting = await drafts.files()
    nobodys = [
        path for name, (path, at) in found.items() if moment - at > OLD_S and name not in named and name not in waiting
    ]
    await asyncio.to_thread(_remove, nobodys)
    removed = len(nobodys)
    done = Swept(removed, len(found) - removed, len(named - found.keys()))
    if done.removed or done.missing:
        detail = {"removed": done.removed, "missing": done.missing}
        await audit.append(store, None, "evidence", "sweep_evidence", SYSTEM.id, detail)
        log.info("evidence.swept", removed=done.removed, missing=done.missing)
    return done


def _files(folder: Path) -> dict[str, tuple[Path, float]]:
    """Name → where it is and when it was written (seconds)."""
    found = {}
    for path in folder.glob("??/*"):
        try:
            found[path.name.removesuffix(".part")] = (path, path.stat().st_mtime)
        except FileNotFoundError:  # renamed just now: it is young
            continue
    return found


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


async def _named(store: Store) -> AsyncIterator[str]:
    async for row in store["evidence"].find({}, dict.fromkeys(_NAMES, 1)):
        for field in _NAMES:
            if field in row:
                yield row[field]
