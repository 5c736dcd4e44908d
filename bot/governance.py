"""Is a new model at least as good as the one in use? Measured on the frozen set (nlu_data/frozen), before it is used.

A model that is clearly worse is put aside as models/<hash>.refused, where nobody picks it up; the figures of every
model stand beside it in models/<hash>.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from addons.violation_model import DamagedModel, TipModel
from classify_lines import load_model

FROZEN = Path(__file__).resolve().parent.parent / "nlu_data" / "frozen"
# So many more wrong answers are chance: of 836 tips eight, of 337 texts out of scope three.
ALLOWED_LOSS = 0.01
MEASURES = {
    "top1": "首选类型正确", "top3": "前三个中有正确的", "macro_f1": "各类型平均 F1",
    "scope_recall": "非安全事项认出", "tips_lost": "举报被当成非安全事项",
}  # fmt: skip
DECISIVE = ("top1", "scope_recall")


@dataclass(frozen=True)
class FrozenText:
    """`types`: the best core type first, then what is accepted as well; empty when it is no safety matter."""

    text: str
    types: tuple[str, ...]
    voice: str


@dataclass(frozen=True)
class Figures:
    """Shares from 0 to 1. Types are judged on tips whether or not they were taken for tips."""

    top1: float
    top3: float
    macro_f1: float
    scope_recall: float
    tips_lost: float


class Reader(Protocol):
    """What is measured; `TipModel` is one."""

    def classify(self, text: str) -> tuple[bool, float, Sequence[Any]]: ...


@dataclass(frozen=True)
class Verdict:
    """`worse` says in Chinese what is worse than allowed. `its_figures` are of the model in use, None without one."""

    figures: Figures
    its_figures: Figures | None
    worse: list[str]
    forced: bool

    @property
    def accepted(self) -> bool:
        return self.forced or not self.worse


def read_frozen(folder: Path = FROZEN) -> list[FrozenText]:
    rows = [
        json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()
    ]
    return [FrozenText(row["text"], tuple(row["types"]), row["voice"]) for row in rows]


def frozen_hash(folder: Path = FROZEN) -> str:
    """Figures can be laid side by side when this is the same."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(folder.glob("*.jsonl")))).hexdigest()[:16]


def measure(model: Reader, texts: Sequence[FrozenText]) -> Figures:
    from sklearn.metrics import f1_score

    read = [(text.types, *model.classify(text.text)) for text in texts]
    tips = [(types, in_scope, [found.type for found in ranked]) for types, in_scope, _, ranked in read if types]
    others = [in_scope for types, in_scope, _, _ in read if not types]
    told = [types[0] for types, _, _ in tips]
    guessed = [types[0] if ranked[0] in types else ranked[0] for types, _, ranked in tips]
    return Figures(
        top1=_share(ranked[0] in types for types, _, ranked in tips),
        top3=_share(bool(set(ranked[:3]) & set(types)) for types, _, ranked in tips),
        macro_f1=round(float(f1_score(told, guessed, labels=sorted(set(told)), average="macro", zero_division=0)), 4),
        scope_recall=_share(not in_scope for in_scope in others),
        tips_lost=_share(not in_scope for _, in_scope, _ in tips),
    )


def losses(new: Figures, old: Figures) -> list[str]:
    """What the new model does worse than is allowed."""
    pairs = [(MEASURES[name], getattr(old, name), getattr(new, name)) for name in DECISIVE]
    rounding = 1e-9
    return [f"{name}从 {was:.1%} 降到 {now:.1%}" for name, was, now in pairs if was - now > ALLOWED_LOSS + rounding]


def judge(new: Reader, in_use: Reader | None, texts: Sequence[FrozenText], *, forced: bool = False) -> Verdict:
    """Without a model in use there is nothing to be worse than."""
    figures = measure(new, texts)
    its_figures = measure(in_use, texts) if in_use else None
    return Verdict(figures, its_figures, losses(figures, its_figures) if its_figures else [], forced)


def readable(archive: Path | None) -> TipModel | None:
    """The model in the archive; None when there is none or it is damaged."""
    try:
        return load_model(archive) if archive else None
    except (DamagedModel, OSError):
        return None


def refused_path(target: Path) -> Path:
    """Where a refused model waits; its name is none that `newest_model` looks for."""
    return target.with_name(target.name.replace(".tar.gz", ".refused"))


def settle(
    fresh: Path, target: Path, verdict: Verdict, in_use: Path | None, cross_validation: dict[str, Any] | None
) -> None:
    """Put the fresh model into use or aside, and beside it its figures and how it read its own sentences."""
    told = {
        "model": target.name.removesuffix(".tar.gz"), "accepted": verdict.accepted, **asdict(verdict),
        "compared_with": in_use.name.removesuffix(".tar.gz") if in_use and verdict.its_figures else None,
        "frozen_set": frozen_hash(), "cross_validation": cross_validation,
    }  # fmt: skip
    record = target.with_name(target.name.replace(".tar.gz", ".json"))
    draft = record.with_name(record.name + ".new")
    draft.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    os.replace(draft, record)
    os.replace(fresh, target if verdict.accepted else refused_path(target))
    if verdict.accepted:
        refused_path(target).unlink(missing_ok=True)


def table(verdict: Verdict) -> str:
    """New model, model in use and difference in percent, for a terminal."""
    old = verdict.its_figures
    rows = [["冻结测试集", "新模型", *(["在用模型", "差"] if old else [])]]
    for name, title in MEASURES.items():
        new = getattr(verdict.figures, name)
        before = [f"{getattr(old, name):.1%}", f"{100 * (new - getattr(old, name)):+.1f}"] if old else []
        rows.append([title, f"{new:.1%}", *before])
    title_width = max(_width(row[0]) for row in rows)
    lines = [
        _padded(title, title_width) + "".join(_padded("  " + cell, 11) for cell in cells) for title, *cells in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def advice(verdict: Verdict, target: Path, in_use: Path | None) -> str:
    """What to tell a person about the verdict; empty when there is nothing to say."""
    if verdict.worse and verdict.forced:
        return f"已按 --force 启用比原来差的模型:{';'.join(verdict.worse)}。"
    if not verdict.worse or not in_use:
        return ""
    return (
        f"新模型没有启用:{';'.join(verdict.worse)}(允许下降 {100 * ALLOWED_LOSS:.0f} 个百分点)。\n"
        f"继续使用 models/{in_use.name};新模型放在 models/{refused_path(target).name}。\n"
        "怎么办:运行 bot/.venv/bin/python bot/evaluate.py --inputs 找出读错的句子,改好 nlu_data 再训练;\n"
        "确认可以接受的,运行 tip12350 train --force 启用它(不必重新训练)。"
    )


def _share(values: Any) -> float:
    flags = list(values)
    return round(sum(flags) / len(flags), 4) if flags else 0.0


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
