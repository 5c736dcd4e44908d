"""Spreadsheets that people upload: all that can be wrong with them, named by row."""

import io
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from cases.spreadsheets import MAX_ROWS, BadSheet, read_rows

COLUMNS = ["编号", "名称", "说明"]
REQUIRED = ["编号", "名称"]


def csv(text: str, encoding: str = "utf-8-sig") -> bytes:
    return text.encode(encoding)


def xlsx(*rows) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(data: bytes, name: str = "a.csv"):
    return [(row.number, row.cells) for row in read_rows(name, data, COLUMNS, REQUIRED)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_the_encodings_of_the_country(encoding):
    assert read(csv("名称,编号\n兴达,1\n\n镕基,2\n", encoding)) == [
        (2, {"名称": "兴达", "编号": "1"}),
        (4, {"名称": "镕基", "编号": "2"}),
    ]


def test_xlsx_with_numbers_dates_and_empty_rows():
    rows = read(xlsx(["编号", "名称"], [1, "兴达"], [None, None], [2.0, " 鑫海 "]), "a.xlsx")
    assert rows == [(2, {"编号": "1", "名称": "兴达"}), (4, {"编号": "2", "名称": "鑫海"})]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空的"),
        (csv("编号\n1\n"), "缺少列：名称"),
        (csv("编号,名称,密码\n1,2,3\n"), "多出或写错的列：密码"),
        (csv("编号,名称,名称\n1,2,3\n"), "重复的列名"),
        (csv("编号,名称\n"), "没有内容"),
        (csv("编号,名称\n1,=1+1\n"), "第2行 名称：是公式"),
        (csv("编号,名称\n1,好\n2,@SUM(A1)\n"), "第3行 名称：是公式"),
        (csv("编号,名称\n1,+cmd|calc\n"), "第2行 名称：是公式"),
        (csv("编号,名称\n1,二,三\n"), "第2行：比列名多出内容"),
        (csv('编号,名称\n1,"没有配对\n'), "引号没有配对"),
        (csv("编号,名称\n1," + "长" * 600 + "\n"), "第2行 名称：太长"),
        ("编号,名称\n1,\xff".encode("utf-16"), "不是可用的表格"),
        (b"\xd0\xcf\x11\xe0old excel", "编码|不是可用的表格"),
        (xlsx(["编号", "名称"], [1, "=A1"]), "第2行：有公式"),
        (xlsx(["编号", "名称"], [911000001234567890, "兴达"]), "第2行：长数字"),
        (xlsx(["编号", "名称"]), "没有内容"),
        (b"PK\x03\x04 not a zip", "已损坏"),
    ],
)
def test_what_is_wrong_is_named(data, words):
    with pytest.raises(BadSheet) as problem:
        read(data, "a.xlsx" if data[:2] == b"PK" else "a.csv")
    assert re.search(words, "\n".join([problem.value.message, *problem.value.faults]))


def test_too_many_rows_are_refused():
    with pytest.raises(BadSheet, match=f"超过{MAX_ROWS}行"):
        read(csv("编号,名称\n" + "1,二\n" * (MAX_ROWS + 1)))


def test_a_small_file_that_claims_to_be_endless_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 250_000_000)
    with pytest.raises(BadSheet, match="展开后太大"):
        read(out.getvalue(), "a.xlsx")


@given(st.binary(max_size=400), st.booleans())
def test_junk_is_refused_and_never_breaks_anything(junk, zipped):
    with pytest.raises(BadSheet):
        read(b"PK\x03\x04" + junk if zipped else b"\x00" + junk)
