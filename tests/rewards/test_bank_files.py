import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from rewards.bank_files import (
    ORDER_COLUMNS,
    BankFileRefused,
    Order,
    Result,
    compare,
    read_results,
    write_orders,
)
from rewards.money import decimal_yuan, parse_yuan

ORDERS = [
    Order("F20261124AB0001", "王五", "青岛银行", "6222020000000000123", 450_000),
    Order("F20261124AB0002", "欧阳,“小”", "中国银行青岛分行", "0012345678901234567", 300_001),
]
HEADING = "流水号,金额（元）,结果,原因"
GOOD = f"{HEADING}\r\nF20261124AB0001,4500.00,成功,\r\nF20261124AB0002,3000.01,失败,账户已销户\r\n"
EXPECTED = {"F20261124AB0001": 450_000, "F20261124AB0002": 300_001}
READ = [
    Result(2, "F20261124AB0001", 450_000, True, ""),
    Result(3, "F20261124AB0002", 300_001, False, "账户已销户"),
]


def workbook(rows, sheets=1) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for _ in range(sheets - 1):
        book.create_sheet()
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def problems(text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(BankFileRefused) as refused:
        read_results(text if isinstance(text, bytes) else text.encode())
    return refused.value.problems


def test_the_csv_file_says_what_is_documented():
    data = write_orders(ORDERS, "csv")
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert tuple(rows[0]) == ORDER_COLUMNS
    assert rows[1] == ["1", "F20261124AB0001", "王五", "青岛银行", "6222020000000000123", "4500.00", "奖励款"]
    assert rows[2][2] == "欧阳,“小”" and len(rows) == 3


def test_the_workbook_holds_text_so_that_no_digit_is_lost():
    sheet = load_workbook(io.BytesIO(write_orders(ORDERS, "xlsx"))).active
    cells = list(sheet.iter_rows(values_only=True))
    assert cells[2][4] == "0012345678901234567" and cells[2][5] == "3000.01"
    assert all(isinstance(cell, str) for row in cells for cell in row)


@given(st.integers(0, 10**13))
def test_amounts_are_written_as_they_are_read(fen):
    assert parse_yuan(decimal_yuan(fen)) == fen


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_every_encoding_that_banks_use_is_read(encoding):
    assert read_results(GOOD.encode(encoding)) == READ


@pytest.mark.parametrize(
    "rows",
    [
        [["流水号", "金额（元）", "结果", "原因"], ["F20261124AB0001", "4500.00", "成功", None],
         ["F20261124AB0002", 3000.01, "失败", "账户已销户"]],
        [["结果", "原因", "备注", "金额(元)", "流水号"], ["成功", "", "x", 4500, "F20261124AB0001"],
         ["失败", "账户已销户", None, 3000.01, "F20261124AB0002"]],
    ],
)  # fmt: skip
def test_a_workbook_is_read_whatever_the_order_of_its_columns(rows):
    assert read_results(workbook(rows)) == READ


def test_lines_above_the_heading_and_empty_lines_do_not_disturb():
    text = "某某银行批量代发结果,,,\n\n" + GOOD.replace("\r\n", "\n") + "\n,,,\n"
    assert [each.row for each in read_results(text.encode())] == [4, 5]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("4500.00", "四千五"), ["第 2 行：金额“四千五”不对"]),
        (GOOD.replace("4500.00", "-4500"), ["第 2 行：金额“-4500”不对"]),
        (GOOD.replace("4500.00", "4500.001"), ["第 2 行：金额“4500.001”不对"]),
        (GOOD.replace("4500.00", ""), ["第 2 行：金额“”不对"]),
        (GOOD.replace("成功", "处理中"), ["第 2 行：结果“处理中”不认识"]),
        (GOOD.replace("账户已销户", ""), ["第 3 行：付款失败，没有写原因"]),
        (GOOD.replace("F20261124AB0001", ""), ["第 2 行：没有流水号"]),
        (GOOD.replace("4500.00", "x").replace("失败", "?"), ["第 2 行：金额", "第 3 行：结果"]),
        (HEADING, ["没有一行结果"]),
        ("", ["没有找到表头"]),
        ("流水号,结果,原因\nF1,成功,\n", ["缺少这些列：金额（元）"]),
        ("流水号,金额（元）,金额（元）,结果,原因\n", ["出现了两次"]),
        ('流水号,金额（元）,结果,原因\n"F1,1', ["引号没有配对"]),
        (b"\x00\x01\x02", ["不是文本表格"]),
        (b"\xff\xff\x81", ["编码"]),
        (b"PK\x03\x04nonsense", ["打不开"]),
        (b"x" * 1_000_001, ["文件太大"]),
        ("a\n" * 6_000, ["超过 5000 行"]),
    ],
)
def test_every_wrong_line_is_told_with_its_number(text, told):
    found = problems(text)
    assert len(found) == len(told)
    assert all(part in problem for part, problem in zip(told, found, strict=True)), found


def test_a_workbook_with_two_sheets_or_a_bomb_inside_is_refused():
    assert "2 张表" in problems(workbook([["流水号"]], sheets=2))[0]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 200_000_000)
    assert "解开后太大" in problems(out.getvalue())[0]


def test_what_agrees_has_no_differences():
    assert compare(READ, EXPECTED) == []


@pytest.mark.parametrize(
    ("results", "told"),
    [
        (READ[:1], ["缺少流水号 F20261124AB0002（¥3,000.01）"]),
        ([*READ, READ[0]], ["第 2 行：流水号 F20261124AB0001 与第 2 行重复"]),
        ([READ[0], Result(3, "F20261124AB0002", 300_000, True, "")], ["金额是 ¥3,000.00，付款文件里是 ¥3,000.01"]),
        ([*READ, Result(4, "F1", 1, True, "")], ["第 4 行：流水号 F1 不在这个批次里"]),
        ([Result(2, "F1", 1, True, "")], ["F1 不在", "缺少流水号 F20261124AB0001", "缺少流水号 F20261124AB0002"]),
    ],
)
def test_every_difference_is_told(results, told):
    found = compare(results, EXPECTED)
    assert len(found) == len(told)
    assert all(part in problem for part, problem in zip(told, found, strict=True)), found


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode) | st.text(max_size=200).map(lambda t: (HEADING + "\n" + t).encode()))  # fmt: skip
def test_any_bytes_are_read_or_refused_in_words(data):
    try:
        read_results(data)
    except BankFileRefused as refused:
        assert refused.problems and refused.message
