"""What is said about a layer: faults grouped by kind, each with row and code, short enough to be read."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.errors import Refusal

SHOWN_OF_A_KIND = 8
SHOWN_CHARACTERS = 40


class LayerRefused(Refusal):
    """The layer has faults; nothing was imported. `report` lists them."""

    status = 422

    def __init__(self, report: LayerReport) -> None:
        super().__init__(report.text(), field="file")
        self.report = report


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one row (counted from 1; 0 is the file); `fatal` stops the import. `kind` is a Chinese heading."""

    row: int
    kind: str
    message: str
    fatal: bool = True
    code: str = ""

    def text(self) -> str:
        where = f"第 {self.row} 行" if self.row else ""
        named = f"{where} {self.code}".strip() if self.code else where
        return f"{named}：{self.message}" if named else self.message


@dataclass(frozen=True, slots=True)
class Section:
    """All faults of one kind: how many, and the first lines."""

    kind: str
    fatal: bool
    count: int
    lines: tuple[str, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.lines)


@dataclass
class LayerReport:
    """What was read, repaired, refused and done."""

    source: str
    system: str
    dry_run: bool = True
    rows: int = 0
    grids: int = 0
    repaired: int = 0
    version: str | None = None
    content: str = ""
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not any(f.fatal for f in self.faults)

    def add(self, row: int, kind: str, message: str, *, fatal: bool = True, code: str = "") -> None:
        self.faults.append(Fault(row, kind, message, fatal, shown(code)))

    def sections(self) -> list[Section]:
        """Errors first, then what to look at; within a kind in the order of finding (rows, or the largest first)."""
        kinds: dict[tuple[bool, str], list[Fault]] = {}
        for fault in self.faults:
            kinds.setdefault((not fault.fatal, fault.kind), []).append(fault)
        return [
            Section(kind, not mild, len(found), tuple(f.text() for f in found[:SHOWN_OF_A_KIND]))
            for (mild, kind), found in sorted(kinds.items(), key=lambda item: item[0][0])
        ]

    def headline(self) -> str:
        """One sentence: what happened, or what would."""
        if not self.ok:
            errors = sum(f.fatal for f in self.faults)
            return f"没有导入：{self.source} 共 {self.rows} 行，{errors} 处错误。请改正后重新导入，原来的网格没有变动。"
        if self.dry_run:
            return f"试运行通过：{self.source} 共 {self.rows} 行，可导入 {self.grids} 个网格，正在使用的网格没有变动。"
        return f"已导入 {self.grids} 个网格（版本 {self.version}），来自 {self.source}。"

    def text(self) -> str:
        """The whole report for a terminal."""
        lines = [self.headline()]
        if self.repaired:
            lines.append(f"自动修复了 {self.repaired} 个图形。")
        for section in self.sections():
            lines.append(f"{'错误' if section.fatal else '提示'}　{section.kind}（{section.count} 处）")
            lines += [f"  {line}" for line in section.lines]
            if section.more:
                lines.append(f"  ……另有 {section.more} 处没有列出。")
        return "\n".join(lines)


def shown(text: str) -> str:
    """Text from a file as it may stand in a message: short, and nothing that a screen would hide or turn round."""
    plain = "".join(c if c.isprintable() else "\ufffd" for c in text[: SHOWN_CHARACTERS + 1])
    return plain if len(plain) <= SHOWN_CHARACTERS else plain[:SHOWN_CHARACTERS] + "…"
