"""The register out of a spreadsheet: every row is checked first, and either all rows are taken or none."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from access import audit
from access.actors import Actor
from cases import enterprises
from cases.enterprises import FIELDS, Enterprise, Places
from cases.inputs import InvalidInput
from cases.spreadsheets import MAX_FAULTS, BadSheet, Row, read_rows
from store.mongo import Session, Store

COLUMNS = {
    "统一社会信用代码": "code",
    **{zh: field for field, zh in FIELDS.items()},
}
REQUIRED = ("统一社会信用代码", "单位名称", "行业", "风险等级", "内部报告奖励制度", "区市")
EXAMPLE = (
    "91370203MA3C0000AX", "青岛某某木业有限公司", "轻工", "张某某", "较大", "有", "市北区", "台东街道", "", "威海路1号",
    "是",
)  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """`tried`: only checked, nothing was written."""

    rows: int
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    tried: bool = False


def read_enterprises(rows: list[Row], places: Places, actor: Actor) -> list[Enterprise]:
    """Raises `BadSheet` whose faults name row and column."""
    found: list[Enterprise] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    for row in rows:
        try:
            one = enterprises.checked({COLUMNS[zh]: cell for zh, cell in row.cells.items()}, places)
            enterprises.refuse_foreign(actor, one.district)
        except InvalidInput as fault:
            faults.append(f"第{row.number}行 {fault.message}")
            continue
        if one.code in seen:
            faults.append(f"第{row.number}行 统一社会信用代码：与第{seen[one.code]}行重复。")
        seen.setdefault(one.code, row.number)
        found.append(one)
    if faults:
        more = [f"……还有{len(faults) - MAX_FAULTS}处错误。"] if len(faults) > MAX_FAULTS else []
        message = f"{len(faults)}处错误，没有导入任何一行。请改正后再导入。"
        raise BadSheet(message, faults[:MAX_FAULTS] + more)
    return found


async def import_sheet(
    store: Store, name: str, data: bytes, places: Places, actor: Actor, *, dry_run: bool = False
) -> Imported:
    """Raises `BadSheet`; then nothing was written."""

    def read() -> tuple[list[Enterprise], set[str]]:
        rows = read_rows(name, data, list(COLUMNS), REQUIRED)
        found = read_enterprises(rows, places, actor)
        return found, {one.code for one, row in zip(found, rows, strict=True) if not row.cells.get("在营")}

    # Thousands of rows take seconds to read; other people's pages must not wait for that.
    found, silent = await asyncio.to_thread(read)
    if dry_run:
        return Imported(len(found), tried=True)
    moment = datetime.now(UTC)

    async def write(session: Session) -> Imported:
        await _refuse_taken(store, session, found, actor)
        closed = await store["enterprises"].distinct(
            "_id", {"_id": {"$in": list(silent)}, "active": False}, session=session
        )
        # A file that says nothing about it does not open a closed enterprise again.
        kept = [replace(one, active=False) if one.code in closed else one for one in found]
        counts = await enterprises.write_all(store, session, kept, actor, moment)
        done = Imported(len(found), *counts)
        detail = {
            "rows": done.rows, "new": done.new, "changed": done.changed,
            "sha256": hashlib.sha256(data).hexdigest(),
        }  # fmt: skip
        await audit.append(store, session, "enterprises", "import_enterprises", actor.id, detail, moment)
        return done

    return await store.transaction(write)


async def _refuse_taken(store: Store, session: Session, found: list[Enterprise], actor: Actor) -> None:
    """A district cannot take over another district's enterprise by writing its own name into a file."""
    if actor.district is None:
        return
    query = {"_id": {"$in": [one.code for one in found]}, "district": {"$ne": actor.district}}
    taken = await store["enterprises"].find(query, {"district": 1}, session=session).to_list(MAX_FAULTS)
    if taken:
        faults = [f"{row['_id']}：已登记在{row['district']}，请由市级调整。" for row in taken]
        raise BadSheet("有单位登记在别的区市，没有导入任何一行。", faults)
