"""What dispatchers corrected, as candidate rows for the training sentences (docs/teaching.md says what people do then).

A row is {"text", "types", "predicted", "model_version"} and nothing else: no number, no case, no time, no place but what
stands in the text; and rows come in an order that says nothing about when they were filed.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from access import audit
from access.redaction import redact, shadow_of
from cases.intake import case_id_of
from cases.violations import violations
from store.errors import Conflict
from store.mongo import Document, Store

NUMBER_MARK = "［编号］"
# A tip's number (4-4-4), its secret code (4-4-4-4) or a case's id (5-5), of this tip or an earlier one.
_RECEIPT = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9A-Za-z]{4}(?:[-‐–—_ ]?[0-9A-Za-z]{4}){2,3}|[0-9A-Za-z]{5}[-‐–—_ ][0-9A-Za-z]{5})(?![0-9A-Za-z])"
)


class FileExists(Conflict):
    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} 已存在,请换一个文件名。")


async def export_corrections(store: Store, file: Path, actor_id: str) -> int:
    """Write the candidate rows as JSON Lines, readable by the owner only. Returns their number; raises `FileExists`."""
    rows = await candidate_rows(store)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileExists(file) from None
    await audit.append(store, None, "corrections", "export", actor_id, {"rows": len(rows)})
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return len(rows)


async def candidate_rows(store: Store) -> list[Document]:
    """One row for each case whose types were corrected, with what was decided last. Withdrawn tips are left out."""
    last: dict[str, Document] = {}
    async for correction in store["corrections"].find().sort("at", 1):
        last[correction["case_id"]] = correction
    rows = []
    for case_id, correction in last.items():
        predicted, types = (core_types(correction[key]["types"]) for key in ("proposed", "decided"))
        if types and set(types) != set(predicted) and (facts := await facts_that_were_read(store, case_id)):
            row = {"text": nameless(facts["what"]), "types": types, "predicted": predicted}
            rows.append({**row, "model_version": correction["model_version"]})
    return sorted(rows, key=lambda row: (row["text"], row["types"]))


def core_types(types: Iterable[str]) -> list[str]:
    """The types that the classifier knows; one that is no longer in the list is dropped."""
    known = violations()
    return list(dict.fromkeys(known[kind].rolls_up_to for kind in types if kind in known))


def nameless(text: str) -> str:
    """Stored texts are without identity already; what redaction has learned since is taken out now."""
    text = redact(text).text
    plain, _ = shadow_of(text)  # of the same length
    pieces, at = [], 0
    for match in _RECEIPT.finditer(plain):
        pieces += [text[at : match.start()], NUMBER_MARK]
        at = match.end()
    return "".join(pieces) + text[at:]


async def facts_that_were_read(store: Store, case_id: str) -> Document | None:
    """What the tip said that opened the case, also after the case was merged into another; None when withdrawn."""
    home = case_id  # where its tips are now; no case is merged into itself or into a closed one, so the way ends
    while into := (await store["cases"].find_one({"_id": home}, {"merged_into": 1}) or {}).get("merged_into"):
        home = into
    async for tip in store["tips"].find({"case_id": home, "withdrawn": False}, {"client_key": 1, "facts": 1}):
        if case_id_of(tip["client_key"]) == case_id:
            facts: Document = tip["facts"]
            return facts
    return None
