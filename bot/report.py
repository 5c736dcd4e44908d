"""What the evaluation found, for people: docs/model_report.md with two pictures. Called by evaluate.py --report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from addons.outcome import BORDERS, CONFUSIONS, EXAMPLE_LENGTH, Outcome, confusions, counted, per_type, threshold_curve

FONT = "Noto Sans CJK"  # Debian: fonts-noto-cjk
INK, ACCENT = "#1f2937", "#b91c1c"


@dataclass(frozen=True)
class Type:
    id: str
    zh: str
    group: str


def read_types(taxonomy: Path) -> list[Type]:
    """The core types, by group in the order of the file."""
    rows = yaml.safe_load(taxonomy.read_text(encoding="utf-8"))
    groups = [group["id"] for group in rows["groups"]]
    names = {group["id"]: group["zh"] for group in rows["groups"]}
    core = [row for row in rows["types"] if row["rolls_up_to"] == row["id"]]
    core.sort(key=lambda row: groups.index(row["group"]))
    return [Type(row["id"], row["zh"], names[row["group"]]) for row in core]


def write_report(folder: Path, outcome: Outcome, measures: Mapping[str, Any], taxonomy: Path, sources: str) -> None:
    """`measures` are those of compare_models; `sources` is the hash that names the model of the same sources."""
    types = read_types(taxonomy)
    counts = counted(outcome)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    _draw_confusion(folder / "pictures" / "confusion.png", _matrix(counts, types), types)
    _draw_curve(folder / "pictures" / "thresholds.png", outcome)
    page = _page(outcome, measures, types, counts, sources)
    (folder / "model_report.md").write_text(page, encoding="utf-8")


# ---- words


def _page(
    outcome: Outcome, found: Mapping[str, Any], types: Sequence[Type], counts: Counter[tuple[str, str]], sources: str
) -> str:
    head = [
        ("best type right", found["top1"]), ("right one among the first three", found["top3"]),
        ("macro-F1 over types", found["macro_f1"]),
        ("out of scope caught when 1 % of tips are lost", found["scope_recall_at_0.01"]),
        ("out of scope caught when 3 % of tips are lost", found["scope_recall_at_0.03"]),
    ]  # fmt: skip
    voices = [f"{voice} {share:.1%}" for voice, share in found["top1_by_voice"].items()]
    curve = threshold_curve(outcome.confidence, outcome.right, BORDERS)
    parts = [
        "# How the violation model reads\n",
        f"Written by `bot/evaluate.py --report docs` on {len(outcome.sentences):,} sentences (model `{sources}`). Every"
        " sentence was\nread by a model that had seen none of its family. What the numbers mean for use:"
        " [model_card.md](model_card.md).\n",
        _table(("measure", "share"), [(name, f"{value:.1%}") for name, value in head], "lr"),
        f"Best type right by voice: {', '.join(voices)}.\n",
        "## Decided automatically against error\n",
        "Were a tip's best type taken without a look whenever its confidence reaches a border. (The program never does:"
        " a\ndispatcher decides every tip.)\n",
        _table(
            ("border", "share of tips decided", "errors among them"),
            [(f"{border:.2f}", f"{share:.1%}", f"{errors:.1%}") for border, share, errors in curve], "rrr",
        ),
        "![Share decided automatically against error](pictures/thresholds.png)\n",
        f"## The {CONFUSIONS} most frequent confusions\n",
        f"Share: of the sentences written for the type. The example is the shortest of {EXAMPLE_LENGTH} characters or more.\n",
        _table(("written for", "read as", "times", "share", "example"), _confusion_rows(outcome, types), "llrrl"),
        "![Written type against read type](pictures/confusion.png)\n",
        "## Every type\n",
        "Scope is decided first: a tip taken for out of scope counts against its type.\n",
        _table(("type", "id", "sentences", "precision", "recall", "F1"), _type_rows(types, counts), "llrrrr"),
    ]  # fmt: skip
    return "\n".join(parts)


def _confusion_rows(outcome: Outcome, types: Sequence[Type]) -> list[tuple[str, ...]]:
    names = {type_.id: type_.zh for type_ in types}
    return [
        (
            names[row.told],
            names[row.read],
            str(row.times),
            f"{row.share:.1%}",
            _short(row.example.replace("|", "/"), 40),
        )
        for row in confusions(outcome)
    ]


def _type_rows(types: Sequence[Type], counts: Counter[tuple[str, str]]) -> list[tuple[str, ...]]:
    scores = per_type(counts, [type_.id for type_ in types])
    totals: Counter[str] = Counter()
    for (told, _), times in counts.items():
        totals[told] += times
    return [
        (type_.zh, f"`{type_.id}`", str(totals[type_.id]), *(f"{value:.3f}" for value in scores[type_.id]))
        for type_ in types
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> str:
    marks = ["---:" if side == "r" else "---" for side in sides]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, marks, *rows]) + "\n"


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


# ---- pictures


def _matrix(counts: Counter[tuple[str, str]], types: Sequence[Type]) -> np.ndarray:
    """Sentences by written type (row) and read type (column)."""
    place = {type_.id: index for index, type_ in enumerate(types)}
    matrix = np.zeros((len(types), len(types)), dtype=int)
    for (told, read), times in counts.items():
        matrix[place[told], place[read]] += times
    return matrix


def _pyplot() -> tuple[Any, bool]:
    """matplotlib without a screen, and whether it can write Chinese here."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import font_manager, pyplot

    fonts = [font.name for font in font_manager.fontManager.ttflist if font.name.startswith(FONT)]
    if fonts:
        matplotlib.rcParams["font.family"] = min(fonts, key=lambda name: not name.endswith("SC"))
    matplotlib.rcParams["text.color"] = matplotlib.rcParams["axes.labelcolor"] = INK
    return pyplot, bool(fonts)


def _draw_confusion(file: Path, counts: np.ndarray, types: Sequence[Type]) -> None:
    from matplotlib.colors import PowerNorm

    pyplot, chinese = _pyplot()
    names = [_short(type_.zh, 12) if chinese else type_.id for type_ in types]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = pyplot.subplots(figsize=(19, 18))
    axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.45, 0, 1))
    for row, column in np.argwhere(counts >= 2):
        if row != column:
            axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=7, color=ACCENT)
    axes.set_xticks(range(len(types)), names, rotation=90, fontsize=9)
    axes.set_yticks(range(len(types)), names, fontsize=9)
    axes.tick_params(length=0)
    start = 0
    for group in dict.fromkeys(type_.group for type_ in types):
        end = start + sum(type_.group == group for type_ in types)
        for line in (axes.axhline, axes.axvline):
            line(end - 0.5, color=INK, linewidth=0.6, alpha=0.5)
        if chinese:
            axes.text(len(types), (start + end - 1) / 2, group, va="center", fontsize=10)
        start = end
    title = (
        "每行:为该类型写的语句被读成了什么(颜色为占比,红字为读错的条数)"
        if chinese
        else "written for (row), read as (column)"
    )
    axes.set_title(title, fontsize=13, pad=12)
    figure.savefig(file, dpi=100, bbox_inches="tight", metadata={"Software": None})
    pyplot.close(figure)


def _draw_curve(file: Path, outcome: Outcome) -> None:
    pyplot, chinese = _pyplot()
    curve = np.array(threshold_curve(outcome.confidence, outcome.right, np.linspace(0.02, 0.99, 98)))
    figure, axes = pyplot.subplots(figsize=(7, 4))
    axes.plot(100 * curve[:, 1], 100 * curve[:, 2], color="#1d4ed8", linewidth=2)
    for border, share, errors in threshold_curve(outcome.confidence, outcome.right, (0.3, 0.5, 0.7, 0.8, 0.9)):
        axes.plot(100 * share, 100 * errors, "o", color=ACCENT)
        axes.annotate(f"≥{border}", (100 * share, 100 * errors), (-4, 7), textcoords="offset points", ha="right")
    axes.set_xlabel("自动确定的举报占比(%)" if chinese else "share of tips decided automatically (%)")
    axes.set_ylabel("其中判错的占比(%)" if chinese else "errors among them (%)")
    axes.grid(alpha=0.3)
    axes.set_xlim(0, 101)
    axes.set_ylim(bottom=0)
    figure.savefig(file, dpi=110, bbox_inches="tight", metadata={"Software": None})
    pyplot.close(figure)
