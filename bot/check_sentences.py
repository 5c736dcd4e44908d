"""Are the training sentences written, or filled into templates? Also a test (tests/bot/test_sentences.py).

    bot/.venv/bin/python bot/check_sentences.py        prints JSON lines, exit code 1 when over a limit

* Near-duplicates: pairs with a character 3-gram Jaccard similarity above NEAR. The same text in two types is a contradiction.
* Templates: sentences of one type that share both their first and their last FRAME characters with another one.
* Openings: the largest share of one type's sentences that begin with the same FRAME characters.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bot"))

from addons.chinese_text import fold  # noqa: E402
from addons.families import jaccard_pairs  # noqa: E402
from addons.sentences import OTHER_TYPE, Sentence, read_sentences  # noqa: E402

NEAR = 0.6
FRAME = 4
LEAST_PER_TYPE = 60
LEAST_OUT_OF_SCOPE = 800
LIMITS = {"near_duplicates": 0.005, "templates": 0.02, "openings": 0.12, "contradictions": 2}


def report(sentences: Sequence[Sentence]) -> dict[str, Any]:
    """Shares (of all sentences; `openings` of the worst type) and the examples behind them."""
    texts = [fold(sentence.text).text for sentence in sentences]
    near = jaccard_pairs(texts, NEAR)
    pairs = list(zip(near.row.tolist(), near.col.tolist(), strict=True))
    contradictions = [
        (a, b) for a, b in pairs if sentences[a].text == sentences[b].text and _label(sentences[a]) != _label(sentences[b])
    ]
    frames: dict[Any, list[int]] = {}
    openings: dict[str, Counter] = {}
    for index, (sentence, text) in enumerate(zip(sentences, texts, strict=True)):
        openings.setdefault(_label(sentence), Counter())[text[:FRAME]] += 1
        if len(text) > 3 * FRAME:
            frames.setdefault((_label(sentence), text[:FRAME], text[-FRAME:]), []).append(index)
    framed = [indices for indices in frames.values() if len(indices) > 1]
    typed = {label: counts for label, counts in openings.items() if "/" in label}
    worst = max(typed, key=lambda label: max(typed[label].values()) / sum(typed[label].values()))
    per_type = Counter(type_ for sentence in sentences for type_ in sentence.types[:1])
    return {
        "near_duplicates": len({index for pair in pairs for index in pair}) / len(sentences),
        "templates": sum(map(len, framed)) / len(sentences),
        "openings": max(typed[worst].values()) / sum(typed[worst].values()),
        "contradictions": float(len(contradictions)),
        "worst_opening": [worst, *openings[worst].most_common(1)[0]],
        "fewest": per_type.most_common()[-1],
        "out_of_scope": per_type[OTHER_TYPE],
        "examples": [[sentences[a].text, sentences[b].text] for a, b in [*contradictions, *pairs][:10]]
        + [[sentences[index].text for index in indices[:2]] for indices in framed[:10]],
    }


def over_limits(found: dict[str, Any]) -> list[str]:
    """What is wrong, in words; empty when all is well."""
    wrong = [f"{name} {found[name]:.3f}, limit {limit}" for name, limit in LIMITS.items() if found[name] > limit]
    if found["fewest"][1] < LEAST_PER_TYPE:
        wrong.append(f"{found['fewest'][0]} has {found['fewest'][1]} sentences, at least {LEAST_PER_TYPE} wanted")
    if found["out_of_scope"] < LEAST_OUT_OF_SCOPE:
        wrong.append(f"{found['out_of_scope']} sentences out of scope, at least {LEAST_OUT_OF_SCOPE} wanted")
    return wrong


def _label(sentence: Sentence) -> str:
    return f"{sentence.intent}/{sentence.detail}" if sentence.detail else sentence.intent


def main() -> None:
    found = report(read_sentences(ROOT / "nlu_data"))
    print(json.dumps(found, ensure_ascii=False))
    wrong = over_limits(found)
    for line in wrong:
        print(line, file=sys.stderr)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
