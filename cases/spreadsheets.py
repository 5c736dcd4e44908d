"""Rows of text out of a CSV or XLSX file that somebody uploads. Nothing in it is ever computed: formulas are refused.

CSV as UTF-8 or GB 18030 (what Excel writes in China), XLSX by openpyxl in its streaming mode, first sheet only.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from openpyxl import load_workbook

from cases.inputs import InvalidInput
from cases.model import clean_text

MAX_BYTES = 8 * 1024 * 1024
MAX_ROWS = 20_000
# An XLSX is a ZIP: a small one can claim to be endless.
MAX_UNPACKED = 200 * 1024 * 1024
MAX_CELL = 500
MAX_COLUMNS = 60
MAX_FAULTS = 50
_OLD_XLS = b"\xd0\xcf\x11\xe0"


class Row(NamedTuple):
    """`number` as the spreadsheet program shows it (the header is row 1); `cells` by column name."""

    number: int
    cells: dict[str, str]


class BadSheet(InvalidInput):
    """Why a file cannot be taken; `faults` are lines that name the row."""

    def __init__(self, message: str, faults: Sequence[str] = ()) -> None:
        super().__init__(message, field="file")
        self.faults = list(faults)


def read_rows(name: str, data: bytes, columns: Sequence[str], required: Sequence[str]) -> list[Row]:
    """The rows below the header. Columns may stand in any order; those not `required` may be missing.

    Raises `BadSheet` for a wrong kind of file, wrong columns, formulas, or too much of anything.
    """
    if not data:
        raise BadSheet("文件是空的，请重新选择。")
    if len(data) > MAX_BYTES:
        raise BadSheet(f"文件太大，最多{MAX_BYTES // 1024 // 1024}MB。请分成几个文件。")
    lines = _xlsx(data) if data[:4] == b"PK\x03\x04" else _csv(name, data)
    try:
        header = next(lines)[1]
    except StopIteration:
        raise BadSheet("文件里没有内容，第一行应当是列名。") from None
    _refuse_columns(header, columns, required)
    rows: list[Row] = []
    faults: list[str] = []
    for number, cells in lines:
        if not any(cells):
            continue
        if len(rows) >= MAX_ROWS:
            raise BadSheet(f"超过{MAX_ROWS}行，请分成几个文件。")
        if any(cells[len(header) :]):
            faults.append(f"第{number}行：比列名多出内容。")
        for column, cell in zip(header, cells, strict=False):
            if fault := _fault(cell):
                faults.append(f"第{number}行 {column}：{fault}")
        rows.append(Row(number, dict(zip(header, [*cells, *[""] * len(header)], strict=False))))
        if len(faults) >= MAX_FAULTS:
            break
    if faults:
        raise BadSheet("文件有错误，没有导入任何一行。请改正后再导入。", faults)
    if not rows:
        raise BadSheet("只有列名，没有内容。")
    return rows


def _refuse_columns(header: list[str], columns: Sequence[str], required: Sequence[str]) -> None:
    faults = []
    if missing := [column for column in required if column not in header]:
        faults.append(f"缺少列：{'、'.join(missing)}。")
    if unknown := [column or "（空）" for column in header if column not in columns]:
        faults.append(f"多出或写错的列：{'、'.join(unknown[:10])}。")
    if len(set(header)) < len(header):
        faults.append("有重复的列名。")
    if faults:
        raise BadSheet("列名不对，没有导入。请下载模板，按模板的列名填写。", faults)


def _fault(cell: str) -> str:
    signed = cell[:1] in ("+", "-") and len(cell) > 1 and not cell[1:].replace(" ", "").isdigit()
    if cell[:1] in ("=", "@") or signed:
        return "是公式，请改成文字（复制后“选择性粘贴—数值”）。"
    if len(cell) > MAX_CELL:
        return f"太长，最多{MAX_CELL}个字。"
    return ""


def _csv(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    if data.startswith(_OLD_XLS) or b"\x00" in data[:4096] or name.lower().endswith((".xls", ".xlsx")):
        raise BadSheet("这不是可用的表格文件。请另存为 XLSX 或 CSV 再上传（不支持旧的 XLS）。")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise BadSheet("看不懂文件的文字编码，请另存为“CSV UTF-8”或 XLSX。") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [clean_text(cell) for cell in cells[:MAX_COLUMNS]]
    except csv.Error:
        raise BadSheet(f"第{reader.line_num}行：引号没有配对，或不是逗号分隔的 CSV。") from None


def _xlsx(data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(info.file_size for info in packed.infolist()) > MAX_UNPACKED:
                raise BadSheet("文件展开后太大，请删去多余的工作表和空行。")
        # data_only=False: a formula comes as itself and is refused; its stored result could be anything.
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            for number, row in enumerate(book.worksheets[0].iter_rows(max_col=MAX_COLUMNS), start=1):
                if number > 20 * MAX_ROWS:
                    raise BadSheet("空行太多，请删去后再上传。")
                yield number, _trimmed([_text(cell, number) for cell in row])
        finally:
            book.close()
    except InvalidInput:
        raise
    except Exception:
        # Damaged files raise whatever they like (KeyError, BadZipFile, ParseError, EntitiesForbidden …).
        raise BadSheet("XLSX 文件已损坏，或不是普通的表格。请用表格软件打开后重新保存。") from None


def _text(cell: Any, number: int) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f" or not isinstance(value, (str, int, float, bool, date)):
        raise BadSheet("文件有错误，没有导入任何一行。请改正后再导入。", [f"第{number}行：有公式，请改成文字。"])
    if cell.data_type == "e":
        raise BadSheet("文件有错误，没有导入任何一行。请改正后再导入。", [f"第{number}行：单元格是错误值 {value}。"])
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) >= 10**15:
        fault = f"第{number}行：长数字被表格软件存成了数值，末位已经不准。请把这一列设为“文本”后重新填写。"
        raise BadSheet("文件有错误，没有导入任何一行。请改正后再导入。", [fault])
    return clean_text(str(value))


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells
