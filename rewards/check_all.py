"""`tip12350 ledger verify`: the ledger, its payments and the public log, against everything that was ever signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rewards import crosscheck
from rewards.checkpoints import Notary, Rewritten
from rewards.notes import BadNote
from rewards.verify import Checkpoint, Wrong, verify
from store.mongo import Store


@dataclass(frozen=True)
class CheckReport:
    """One line for each part, in Chinese; `ok` when all of them are right."""

    ok: bool
    lines: tuple[str, ...]

    def text(self) -> str:
        return "；".join(self.lines)


async def check_all(store: Store, notary: Notary, now: datetime) -> CheckReport:
    """Recompute everything. What our key signed earlier must still be there, whoever rewrote the database."""
    lines: list[str] = []
    wrong: list[Wrong] = []
    known, forged = await _signed_ledger(notary)
    ledger = await verify(store, known)
    lines.append(ledger.text())
    for what, found in (
        ("签名的检查点", forged),
        ("付款", await crosscheck.check_payments(store, now) if ledger.ok else None),
        ("公开记录", await _public_log(store, notary)),
    ):
        if found is not None:
            wrong.append(found)
            lines.append(f"{what}有问题：{found.message}")
        elif what != "付款" or ledger.ok:
            lines.append(f"{what}：没有发现问题")
    return CheckReport(ledger.ok and not wrong, tuple(lines))


async def _signed_ledger(notary: Notary) -> tuple[Checkpoint | None, Wrong | None]:
    try:
        newest = await notary.newest("ledger")
    except Rewritten as problem:
        return None, Wrong(None, f"检查点被改动（{problem}）")
    return (Checkpoint(newest.size, newest.root.hex()), None) if newest else (None, None)


async def _public_log(store: Store, notary: Notary) -> Wrong | None:
    signed: dict[int, str] = {}
    for row in await notary.notes("board", 100_000):
        try:
            checkpoint = notary.signer.verifier.open(row["note"])
        except BadNote as problem:
            return Wrong(None, f"大小为 {row['size']} 的检查点：{problem}")
        signed[checkpoint.size] = checkpoint.root.hex()
    return await crosscheck.check_public_log(store, signed)
