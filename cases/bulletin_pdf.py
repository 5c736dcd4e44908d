"""A printed page (PDF, A4) of sentences and tables in Chinese. The font is embedded, reduced to what the page uses."""

from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, WrapMode
from fpdf.fonts import FontFace

from cases.tables import Table

FONT = Path(__file__).parent.parent / "web" / "fonts" / "NotoSansSC-gb2312.otf"
MISSING = "〓"
_GREY = (238, 238, 238)


@cache
def known_letters() -> frozenset[int]:
    return frozenset(TTFont(FONT, lazy=True).getBestCmap())


def printable(text: object) -> str:
    """The text with a mark for what the font does not have."""
    return "".join(letter if ord(letter) in known_letters() else MISSING for letter in str(text))


class _Paper(FPDF):
    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self.foot = printable(foot)
        self.add_font("text", fname=FONT)
        self.add_font("text", style="B", fname=FONT)
        self.set_margins(18, 18)
        self.set_auto_page_break(True, margin=20)

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("text", size=8)
        self.cell(0, 6, f"{self.foot}　第{self.page_no()}页", align="C")


def pdf(title: str, subtitle: str, sentences: list[str], tables: list[Table], foot: str) -> bytes:
    """Blocks for some tenths of a second: run it in a thread."""
    paper = _Paper(foot)
    paper.set_title(printable(f"{title} {subtitle}"))
    paper.set_lang("zh-CN")
    paper.add_page()
    paper.set_font("text", size=20)
    paper.multi_cell(0, 11, printable(title), align="C", new_x="LMARGIN", new_y="NEXT")
    paper.set_font("text", size=11)
    paper.multi_cell(0, 8, printable(subtitle), align="C", new_x="LMARGIN", new_y="NEXT")
    paper.ln(3)
    for sentence in sentences:
        # Two full-width spaces begin a paragraph; CHAR because Chinese breaks anywhere.
        paper.multi_cell(0, 7, "　　" + printable(sentence), wrapmode=WrapMode.CHAR, new_x="LMARGIN", new_y="NEXT")
    for table in tables:
        _print_table(paper, table)
    return bytes(paper.output())


def _is_number(table: Table, place: int) -> bool:
    """Whether a column holds numbers and shares, however they are written."""
    return all(
        isinstance(cell, (int, float)) or cell[-1:] in "%—" or cell[:1] == "＜"
        for row in table.rows
        for cell in [row[place]]
    )


def _print_table(paper: _Paper, table: Table) -> None:
    if paper.get_y() > 235:
        paper.add_page()
    paper.ln(4)
    paper.set_font("text", size=12)
    paper.multi_cell(0, 8, printable(table.title), new_x="LMARGIN", new_y="NEXT")
    paper.set_font("text", size=9)
    widths = [
        max(len(column), *(len(str(row[place])) for row in table.rows), 2) for place, column in enumerate(table.columns)
    ]
    with paper.table(
        col_widths=[min(width, 16) + 1 for width in widths], line_height=6, wrapmode=WrapMode.CHAR, padding=(0.6, 1),
        headings_style=FontFace(fill_color=_GREY), borders_layout=TableBordersLayout.ALL,
        text_align=["RIGHT" if _is_number(table, place) else "LEFT" for place in range(len(table.columns))],
    ) as drawn:  # fmt: skip
        drawn.row([printable(column) for column in table.columns])
        for row in table.rows:
            drawn.row([printable(f"{cell:,}" if isinstance(cell, int) else cell) for cell in row])
    if table.note:
        paper.set_font("text", size=8)
        paper.multi_cell(0, 5, printable(table.note), wrapmode=WrapMode.CHAR, new_x="LMARGIN", new_y="NEXT")
