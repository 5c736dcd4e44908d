"""The roster as a table that people edit: CSV in and out, every fault named by its row, nothing written with a fault.

Rows are matched by their number (编号); inspectors that are not in the file stay as they are.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pymongo import UpdateOne

from access import audit
from grid.divisions import Divisions
from grid.inspectors import KIND_NAMES, Inspector
from grid.roster_entry import deputies_of, inspector_from
from grid.roster_store import fields_of, load_inspectors, note_change
from grid.shifts import leaves_text, shifts_text
from store.errors import Refusal
from store.mongo import Session, Store

COLUMNS = {
    "编号": "id", "姓名": "name", "岗位": "kind", "区市": "district", "镇街": "street", "网格": "grids", "邮箱": "email",
    "电话": "phone", "机器人": "robot", "代班": "deputy", "在职": "active", "班次": "shifts", "休假": "leave",
}  # fmt: skip
_TITLES = {name: title for title, name in COLUMNS.items()}
_NEEDED = ("编号", "姓名", "区市", "镇街", "邮箱")
MAX_ROWS = 20_000
SHOWN = 200


@dataclass(frozen=True)
class Fault:
    """`row` counts as a table program does: 1 is the line of titles."""

    row: int
    column: str
    message: str

    def text(self) -> str:
        return f"第{self.row}行“{self.column}”：{self.message}"


@dataclass(frozen=True)
class RosterReport:
    """What an import did or, for a dry run or with faults, would have done."""

    added: int
    changed: int
    unchanged: int
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    written: bool = False

    def text(self) -> str:
        if self.faults:
            more = [f"……还有{len(self.faults) - SHOWN}处"] if len(self.faults) > SHOWN else []
            lines = [fault.text() for fault in self.faults[:SHOWN]]
            return "\n".join([f"有{len(self.faults)}处错误，没有导入任何一行：", *lines, *more])
        done = "已导入" if self.written else "试运行通过，没有写入"
        return "\n".join(
            [f"{done}：新增{self.added}人，修改{self.changed}人，{self.unchanged}人没有变化。", *self.notes]
        )


class BadRosterFile(Refusal):
    """Not a table at all, or without the columns that are needed."""

    status = 422


def exported(inspectors: Iterable[Inspector]) -> str:
    """The table with a byte order mark, by which table programs know UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for each in inspectors:
        texts = _texts(each)
        writer.writerow(texts[name] for name in COLUMNS.values())
    return "\ufeff" + out.getvalue()


def _texts(inspector: Inspector) -> dict[str, str]:
    """The opposite of `inspector_from`."""
    return {
        "id": inspector.id, "name": inspector.name, "kind": KIND_NAMES[inspector.kind], "district": inspector.district,
        "street": inspector.street, "grids": " ".join(inspector.grids), "email": inspector.email,
        "phone": inspector.phone, "robot": inspector.robot, "deputy": inspector.deputy or "",
        "active": "是" if inspector.active else "否", "shifts": shifts_text(inspector.shifts),
        "leave": leaves_text(inspector.leave),
    }  # fmt: skip


def read(data: bytes, known: Divisions, present: Mapping[str, Inspector]) -> tuple[dict[int, Inspector], list[Fault]]:
    """The inspectors by row, and every fault of the file by itself. Raises `BadRosterFile`.

    What the file has no column for stays as it is in `present`.
    """
    found: dict[int, Inspector] = {}
    faults: list[Fault] = []
    first: dict[str, int] = {}
    for number, typed in _rows(data):
        before = present.get(typed["id"].strip())
        try:
            inspector = inspector_from(known, {**_texts(before), **typed} if before else typed)
        except Refusal as refusal:
            faults.append(Fault(number, _title(refusal.field), refusal.message))
            continue
        if inspector.id in first:
            faults.append(Fault(number, "编号", f"与第{first[inspector.id]}行重复。"))
            continue
        first[inspector.id] = number
        found[number] = inspector
    return found, faults


async def import_roster(store: Store, data: bytes, known: Divisions, *, by: str, dry_run: bool = False) -> RosterReport:
    """Read, check against the database, and write all or nothing. Raises `BadRosterFile`."""
    present = {each.id: each for each in await load_inspectors(store)}
    # Thousands of rows take long enough to keep everybody else waiting.
    rows, faults = await asyncio.to_thread(read, data, known, present)
    ids = present.keys() | {each.id for each in rows.values()}
    for number, each in rows.items():
        if unknown := deputies_of(each) - ids:
            faults.append(Fault(number, "代班", f"名单里没有编号“{sorted(unknown)[0]}”。"))
    changed = [each for each in rows.values() if each.id in present and each != _real(present[each.id])]
    added = [each for each in rows.values() if each.id not in present]
    report = RosterReport(
        len(added), len(changed), len(rows) - len(added) - len(changed),
        tuple(sorted(faults, key=lambda fault: fault.row)), tuple(await _notes(store, rows)),
    )  # fmt: skip
    if faults or dry_run or not (added or changed):
        return report

    async def write(session: Session) -> None:
        writes = [UpdateOne({"_id": each.id}, {"$set": fields_of(each)}, upsert=True) for each in added + changed]
        await store["inspectors"].bulk_write(writes, ordered=False, session=session)
        await note_change(store, session)
        detail = {"added": len(added), "changed": len(changed), "sha256": hashlib.sha256(data).hexdigest()}
        await audit.append(store, session, "inspectors", "import_inspectors", by, detail)

    await store.transaction(write)
    return replace(report, written=True)


def _real(inspector: Inspector) -> Inspector:
    """Whoever comes from a file is no invention of ours, so that mark alone is no difference."""
    return replace(inspector, demonstration=False)


async def _notes(store: Store, rows: dict[int, Inspector]) -> list[str]:
    """Grids that the layer in use does not have: the order of importing is free, so this is no fault."""
    layer = await store["grid_layers"].find_one({"active": True}, {"_id": 1})
    if layer is None:
        return []
    codes = set(await store["grids"].distinct("code", {"layer": layer["_id"]}))
    missing = [(number, code) for number, each in rows.items() for code in each.grids if code not in codes]
    notes = [f"注意：第{number}行的网格“{code}”不在当前图层里。" for number, code in missing[:20]]
    return notes + ([f"注意：还有{len(missing) - 20}个网格不在当前图层里。"] if len(missing) > 20 else [])


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(_decoded(data), newline=""))
    try:
        titles = [title.strip() for title in next(reader, [])]
        if missing := [title for title in _NEEDED if title not in titles]:
            raise BadRosterFile(f"第1行缺少列：{'、'.join(missing)}。请先导出名单，在导出的表里修改。", field="file")
        if unknown := [title for title in titles if title and title not in COLUMNS]:
            raise BadRosterFile(f"第1行有不认识的列：{'、'.join(unknown)[:100]}。", field="file")
        for count, cells in enumerate(reader):
            if count >= MAX_ROWS:
                raise BadRosterFile(f"最多{MAX_ROWS}行，请分几个文件导入。", field="file")
            if any(cell.strip() for cell in cells):
                # A line that ends early has empty cells there.
                padded = [*cells, *[""] * len(titles)]
                yield count + 2, {COLUMNS[title]: cell for title, cell in zip(titles, padded, strict=False) if title}
    except csv.Error:
        raise BadRosterFile("这不是 CSV 表格，请用表格软件另存为 CSV。", field="file") from None


def _decoded(data: bytes) -> str:
    """UTF-8, or what table programs on Chinese Windows write."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadRosterFile("文件的编码看不懂，请另存为“CSV UTF-8”。", field="file")


def _title(field: str | None) -> str:
    # Parts of leave and shifts are named by the column that they stand in.
    part_of = {"first": "leave", "last": "leave", "days": "shifts", "start": "shifts"}
    return _TITLES.get(part_of.get(field or "", field or ""), "整行")
