"""The files that go to the bank and come back, as described in docs/bank_files.md. Pure: bytes in, bytes out.

A result file is read to the end and everything wrong with it is told at once, with its line; nothing is guessed.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from rewards.money import WrongAmount, decimal_yuan, parse_yuan, yuan
from store.errors import Refusal

ORDER_COLUMNS = ("序号", "流水号", "收款人姓名", "开户银行", "收款账号", "金额（元）", "用途")
RESULT_COLUMNS = ("流水号", "金额（元）", "结果", "原因")
OUTCOMES = {"成功": True, "失败": False}
PURPOSE = "奖励款"
FORMATS = ("csv", "xlsx")
MAX_BYTES = 1_000_000
MAX_UNPACKED = 100_000_000
MAX_ROWS = 5_000
MAX_TOLD = 200


class BankFileRefused(Refusal):
    """Nothing was entered. `problems` are all that is wrong, each with its line."""

    status = 422

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"银行结果文件有 {len(problems)} 处问题，没有入账：{problems[0]}", field="file")
        self.problems = tuple(problems[:MAX_TOLD])


@dataclass(frozen=True)
class Order:
    """One line to be paid."""

    serial: str
    name: str
    bank: str
    account: str
    amount_fen: int


@dataclass(frozen=True)
class Result:
    """What the bank says of one line; `row` is its line in the file, counted from 1 with the heading."""

    row: int
    serial: str
    amount_fen: int
    paid: bool
    reason: str


def write_orders(orders: Sequence[Order], fmt: str) -> bytes:
    """The payment file; `fmt` is "csv" (UTF-8 with a byte order mark) or "xlsx"."""
    rows = [
        (number, each.serial, each.name, each.bank, each.account, decimal_yuan(each.amount_fen), PURPOSE)
        for number, each in enumerate(orders, 1)
    ]
    if fmt == "csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerows([ORDER_COLUMNS, *rows])
        return b"\xef\xbb\xbf" + out.getvalue().encode()
    assert fmt == "xlsx"
    book = Workbook(write_only=True)
    sheet = book.create_sheet("付款")
    for row in [ORDER_COLUMNS, *rows]:
        # Text throughout: a spreadsheet must not round an account number or an amount.
        sheet.append([str(value) for value in row])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def read_results(data: bytes) -> list[Result]:
    """Every line of the bank's file. Raises `BankFileRefused` with all lines that cannot be read."""
    if len(data) > MAX_BYTES:
        raise BankFileRefused([f"文件太大（最多 {MAX_BYTES // 1_000_000} MB）。请检查是不是选错了文件。"])
    rows = _rows_of_workbook(data) if data[:2] == b"PK" else _rows_of_text(data)
    heading, column = _heading(rows)
    results: list[Result] = []
    problems: list[str] = []
    for number, row in enumerate(rows[heading + 1 :], heading + 2):
        if not any(row):
            continue
        try:
            results.append(_result(number, {name: row[at] if at < len(row) else "" for name, at in column.items()}))
        except ValueError as problem:
            problems.append(f"第 {number} 行：{problem}")
    if not results and not problems:
        problems.append("文件里只有表头，没有一行结果。")
    if problems:
        raise BankFileRefused(problems)
    return results


def compare(results: Iterable[Result], expected: dict[str, int]) -> list[str]:
    """All differences between the bank's lines and what was sent (serial → fen), in words; none when they agree."""
    problems: list[str] = []
    seen: dict[str, int] = {}
    for each in results:
        if each.serial not in expected:
            problems.append(f"第 {each.row} 行：流水号 {each.serial} 不在这个批次里。")
        elif each.serial in seen:
            problems.append(f"第 {each.row} 行：流水号 {each.serial} 与第 {seen[each.serial]} 行重复。")
        elif each.amount_fen != expected[each.serial]:
            problems.append(
                f"第 {each.row} 行：流水号 {each.serial} 的金额是 {yuan(each.amount_fen)}，"
                f"付款文件里是 {yuan(expected[each.serial])}。"
            )
        seen.setdefault(each.serial, each.row)
    problems.extend(
        f"缺少流水号 {serial}（{yuan(amount)}）的结果。" for serial, amount in expected.items() if serial not in seen
    )
    return problems


def _result(number: int, row: dict[str, str]) -> Result:
    """Raises ValueError with what is wrong."""
    if not row["流水号"]:
        raise ValueError("没有流水号。")
    try:
        amount = parse_yuan(row["金额（元）"])
    except WrongAmount as problem:
        raise ValueError(f"金额“{row['金额（元）'][:40]}”不对。{problem.message}") from None
    if row["结果"] not in OUTCOMES:
        raise ValueError(f"结果“{row['结果'][:20]}”不认识，只能是“成功”或“失败”。还在处理的，请等银行处理完再导入。")
    paid = OUTCOMES[row["结果"]]
    if not paid and not row["原因"]:
        raise ValueError("付款失败，没有写原因。")
    if not row["原因"].isprintable() or len(row["原因"]) > 100:
        raise ValueError("原因太长（最多 100 字）或含有特殊字符。")
    return Result(number, row["流水号"], amount, paid, row["原因"])


def _heading(rows: list[list[str]]) -> tuple[int, dict[str, int]]:
    """Where the heading is (banks like to put lines above it) and in which column each name stands."""
    for number, row in enumerate(rows[:20]):
        names = [cell.replace("(", "（").replace(")", "）") for cell in row]
        if "流水号" in names:
            if missing := [name for name in RESULT_COLUMNS if name not in names]:
                raise BankFileRefused([f"表头缺少这些列：{'、'.join(missing)}。"])
            if doubled := [name for name in RESULT_COLUMNS if names.count(name) > 1]:
                raise BankFileRefused([f"表头里这些列出现了两次：{'、'.join(doubled)}。"])
            return number, {name: names.index(name) for name in RESULT_COLUMNS}
    raise BankFileRefused([f"前 20 行里没有找到表头。表头要有这些列：{'、'.join(RESULT_COLUMNS)}。"])


def _rows_of_text(data: bytes) -> list[list[str]]:
    text = _decoded(data)
    if "\0" in text:
        raise BankFileRefused(["这不是文本表格（CSV）也不是 Excel 表格（XLSX）。请检查是不是选错了文件。"])
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error:
        raise BankFileRefused(["文件不是完整的 CSV：有引号没有配对。请从银行重新下载。"]) from None
    return _limited([[cell.strip() for cell in row] for row in rows])


def _decoded(data: bytes) -> str:
    """UTF-8 if it is UTF-8; otherwise what Chinese banks send, GBK (as its superset GB 18030)."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BankFileRefused(["文件的编码不是 UTF-8 也不是 GBK，或文件不完整。请从银行重新下载。"])


def _rows_of_workbook(data: bytes) -> list[list[str]]:
    try:
        if sum(each.file_size for each in zipfile.ZipFile(io.BytesIO(data)).infolist()) > MAX_UNPACKED:
            raise BankFileRefused(["这个 Excel 文件解开后太大。请检查是不是选错了文件。"])
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
        sheets = book.worksheets
        if len(sheets) != 1:
            raise BankFileRefused([f"Excel 文件里有 {len(sheets)} 张表，只能有一张。"])
        rows = [[_cell(cell) for cell in row] for row in sheets[0].iter_rows(max_row=MAX_ROWS + 1, values_only=True)]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError, EOFError, OSError):
        raise BankFileRefused(["这个 Excel 文件（XLSX）打不开或已损坏。请从银行重新下载。"]) from None
    return _limited(rows)


def _cell(value: Any) -> str:
    """What a person sees in the cell; a number keeps two decimals at most, as amounts have."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(round(value, 6)).removesuffix(".0")
    return str(value).strip()


def _limited(rows: list[list[str]]) -> list[list[str]]:
    if len(rows) > MAX_ROWS:
        raise BankFileRefused([f"文件超过 {MAX_ROWS} 行。请检查是不是选错了文件。"])
    return rows
