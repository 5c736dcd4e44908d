"""What anybody may see of the disclosures: search, single entries, never more than `disclosures.PUBLIC`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rewards.disclosure_text import DisclosureKind
from rewards.disclosures import DISCLOSURES, DisclosureState, NoSuchDisclosure, for_public
from store.mongo import Store


@dataclass(frozen=True)
class BoardFilter:
    """What the public asks for; an empty field does not filter. `month` is "YYYY-MM" of publication."""

    kind: DisclosureKind | None = None
    district: str = ""
    group: str = ""
    month: str = ""
    text: str = ""
    page: int = 1
    size: int = 20


@dataclass(frozen=True)
class BoardPage:
    """`entries` hold the names in `PUBLIC`, newest first; `total` counts all that match."""

    entries: list[dict[str, Any]]
    total: int


async def public_board(store: Store, wanted: BoardFilter) -> BoardPage:
    """What anybody may see, newest first."""
    query: dict[str, Any] = {"state": DisclosureState.PUBLISHED.value}
    if wanted.kind:
        query["kind"] = wanted.kind.value
    if wanted.district:
        query["district"] = wanted.district
    if wanted.group:
        query["groups"] = wanted.group
    if wanted.month:
        query["published_month"] = wanted.month
    if wanted.text.strip():
        query["text"] = {"$regex": re.escape(wanted.text.strip()[:50]), "$options": "i"}
    size, page = min(max(wanted.size, 1), 100), min(max(wanted.page, 1), 10_000)
    total = await store[DISCLOSURES].count_documents(query)
    found = store[DISCLOSURES].find(query).sort([("published_at", -1), ("_id", 1)]).skip((page - 1) * size).limit(size)
    return BoardPage([for_public(each) async for each in found], total)


async def public_entry(store: Store, public_number: str) -> dict[str, Any]:
    """One published or withdrawn entry by its permanent number. Raises `NoSuchDisclosure`."""
    states = [DisclosureState.PUBLISHED.value, DisclosureState.WITHDRAWN.value]
    found = await store[DISCLOSURES].find_one({"public_number": public_number, "state": {"$in": states}})
    if found is None:
        raise NoSuchDisclosure("没有这个公开编号。请检查编号，或从公开栏查找。")
    return for_public(found)
