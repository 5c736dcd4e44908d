"""How well identity is taken out of sentences: `python -m tests.access.identity_sentences` prints it as JSON lines.

Recall counts the marked pieces of which nothing is left; precision the pieces taken out that are marked (a piece that
takes unmarked letters along is wrong). A piece is what stands together; its kind is not compared, because what must be
gone is gone under any name.
"""

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from access.redaction import spans_in

FOLDER = Path(__file__).parent / "sentences"
_MARKED = re.compile(r"〔([a-z_]+)\|([^〕]+)〕")
_LETTER = re.compile(r"\w")


@dataclass(frozen=True)
class Sentence:
    """`marked` are (kind, start, end) of what must go."""

    text: str
    marked: tuple[tuple[str, int, int], ...]


def sentences(name: str) -> list[Sentence]:
    lines = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return [read(line) for line in lines if line and not line.startswith("#")]


def read(line: str) -> Sentence:
    text, marked, at = "", [], 0
    for match in _MARKED.finditer(line):
        text += line[at : match.start()]
        marked.append((match.group(1), len(text), len(text) + len(match.group(2))))
        text += match.group(2)
        at = match.end()
    return Sentence(text + line[at:], tuple(marked))


@dataclass(frozen=True)
class Verdict:
    """`left` are marked pieces of which something stayed, `wrong` pieces that were taken and should have stayed."""

    sentence: Sentence
    left: tuple[str, ...]
    wrong: tuple[str, ...]
    taken: int


def judge(sentence: Sentence) -> Verdict:
    text = sentence.text
    spans = [(span.start, span.end) for span in spans_in(text)]
    gone = {at for start, end in spans for at in range(start, end)}
    due = {at for _, start, end in sentence.marked for at in range(start, end)}
    left = [
        text[a:b]
        for _, a, b in sentence.marked
        if any(at not in gone and _LETTER.match(text[at]) for at in range(a, b))
    ]
    wrong = [text[a:b] for a, b in spans if any(at not in due and _LETTER.match(text[at]) for at in range(a, b))]
    return Verdict(sentence, tuple(left), tuple(wrong), len(spans))


def score(name: str) -> dict:
    verdicts = [judge(sentence) for sentence in sentences(name)]
    due = sum(len(verdict.sentence.marked) for verdict in verdicts)
    taken = sum(verdict.taken for verdict in verdicts)
    left, wrong = sum(len(v.left) for v in verdicts), sum(len(v.wrong) for v in verdicts)
    return {
        "measure": "identity in words", "set": name, "sentences": len(verdicts), "due": due, "taken": taken,
        "recall": round(1 - left / due, 4), "precision": round(1 - wrong / max(taken, 1), 4),
        "left_by_kind": _left_by_kind(verdicts),
        "whole_sentences_right": round(sum(not v.left and not v.wrong for v in verdicts) / len(verdicts), 4),
    }  # fmt: skip


def _left_by_kind(verdicts: list[Verdict]) -> dict[str, str]:
    """kind → "left/due", for the kinds of which something was left."""
    due: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for verdict in verdicts:
        for kind, start, end in verdict.sentence.marked:
            due[kind] += 1
            left[kind] += verdict.sentence.text[start:end] in verdict.left
    return {kind: f"{count}/{due[kind]}" for kind, count in sorted(left.items()) if count}


def main(names: list[str]) -> None:
    for name in names or sorted(path.stem for path in FOLDER.glob("*.txt")):
        print(json.dumps(score(name), ensure_ascii=False))
        for verdict in map(judge, sentences(name)):
            if verdict.left or verdict.wrong:
                row = {"left": verdict.left, "wrong": verdict.wrong, "text": verdict.sentence.text}
                print(json.dumps(row, ensure_ascii=False), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
