"""A table for people, and its way into CSV and XLSX. What looks like a formula stays text in whatever opens the file."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

Cell = str | int | float
# Fewer than this in a cell of what leaves the house could be a single person's tip.
FEW = 3


@dataclass(frozen=True)
class Table:
    """`note` stands below the table: what was counted, as of when."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    note: str = ""


def few(number: int) -> Cell:
    """The number as it may leave the house."""
    return f"＜{FEW}" if 0 < number < FEW else number


def plain(cell: Cell) -> Cell:
    """A text that a spreadsheet program would compute gets a quotation mark before it."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def to_csv(tables: Sequence[Table]) -> bytes:
    """UTF-8 with the mark by which Excel knows it; several tables one below the other."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for number, table in enumerate(tables):
        if number:
            writer.writerow([])
        if len(tables) > 1:
            writer.writerow([table.title])
        writer.writerow(table.columns)
        writer.writerows([plain(cell) for cell in row] for row in table.rows)
        if table.note and len(tables) > 1:
            writer.writerow([table.note])
    return out.getvalue().encode("utf-8-sig")


def to_xlsx(tables: Sequence[Table]) -> bytes:
    """One sheet for each table."""
    book = Workbook()
    book.remove(book.active)
    for number, table in enumerate(tables, start=1):
        sheet = book.create_sheet(_sheet_name(table.title, number))
        sheet.append(table.columns)
        for row in table.rows:
            sheet.append([plain(cell) for cell in row])
        if table.note:
            sheet.append([])
            sheet.append([table.note])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for place, column in enumerate(table.columns):
            longest = max([len(column), *(len(str(row[place])) for row in table.rows)])
            sheet.column_dimensions[get_column_letter(place + 1)].width = min(60, 2 * longest + 2)
        sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet_name(title: str, number: int) -> str:
    """At most 31 characters, without those that sheet names cannot have."""
    clean = "".join("" if letter in "[]:*?/\\" else letter for letter in title)
    return f"{number} {clean}"[:31]
