"""Code, name and owner of one row, out of the columns that customers' files have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from grid.divisions import Divisions
from grid.layer_report import shown
from grid.layer_rows import as_text

MAX_CODE = 50  # as much as an order can carry
MAX_NAME = 80  # 240 bytes of UTF-8: the text column of a Shapefile holds 254
_EXACT = 2**53  # a column of decimals holds whole numbers exactly up to here

# Names of columns seen in exports, ours first; a Shapefile cuts names after 10 bytes.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("code", "grid_code", "gridcode", "id", "网格编码", "网格编", "编码", "代码"),
    "name": ("name", "grid_name", "gridname", "网格名称", "网格名", "名称"),
    "district": ("district", "county", "区市", "区县", "区"),
    "street": ("street", "town", "镇街", "街道", "乡镇"),
    "parent": ("parent_code", "parent_cod", "parent", "上级编码", "上级编"),
    "level": ("level",),
    "approximate": ("approximate", "approx"),
}
_NEEDED = {"code": "编码", "name": "名称"}
_CODE = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff._-]*")


class BadRow(Exception):
    """Why a row cannot be used; `kind` is its heading in the report."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Owner:
    """What the attributes of one row say. `notes`: what is odd but does not stop the import."""

    code: str
    name: str
    district: str
    street: str
    parent: str
    approximate: bool
    notes: tuple[str, ...] = ()


def missing_columns(columns: Iterable[str]) -> list[str]:
    """A message for each needed column that no row has."""
    present = list(dict.fromkeys(columns))
    known = {name.strip().lower() for name in present}
    there = "、".join(shown(name) for name in present[:20]) or "一个也没有"
    return [
        f"没有{title}列，列名可以是 {'、'.join(_COLUMNS[column][:4])}。文件里的列：{there}。"
        for column, title in _NEEDED.items()
        if known.isdisjoint(_COLUMNS[column])
    ]


class AttributeReader:
    """Reads rows of one file; remembers where its columns are."""

    def __init__(self, divisions: Divisions) -> None:
        self._divisions = divisions
        self._places: dict[tuple[str, ...], dict[str, list[str]]] = {}

    def read(self, attributes: Mapping[str, Any] | None) -> Owner:
        """Raises BadRow."""
        if attributes is None:
            raise BadRow("缺少属性", "没有属性表（properties）。")
        texts = self._texts(attributes)
        code, name, parent = texts["code"], texts["name"], texts["parent"]
        missing = [f"{title} {column}" for column, title in _NEEDED.items() if not texts[column]]
        if missing:
            raise BadRow("缺少属性", f"缺少{'、'.join(missing)}。")
        _check_code(code)
        if len(name) > MAX_NAME or not name.isprintable():
            problem = f"太长（{len(name)} 个字，最多 {MAX_NAME} 个）" if len(name) > MAX_NAME else "里有看不见的字符"
            raise BadRow("名称不合格", f"名称“{shown(name)}”{problem}。")
        district, street = self._owner(texts)
        notes: tuple[str, ...] = ()
        if street and (district, street) not in self._divisions.street_set:
            notes = (f"{district}没有名为“{shown(street)}”的镇街，按原样导入。",)
        approximate = texts["approximate"].lower() in ("1", "true")
        return Owner(code, name, district, street, parent, approximate, notes)

    def _texts(self, attributes: Mapping[str, Any]) -> dict[str, str]:
        """For each column of ours the first value that says something, as text."""
        names = tuple(attributes)
        if names not in self._places:
            by_lower = {name.strip().lower(): name for name in names}
            self._places[names] = {
                column: [by_lower[alias] for alias in aliases if alias in by_lower]
                for column, aliases in _COLUMNS.items()
            }
        texts = dict.fromkeys(_COLUMNS, "")
        for column, found in self._places[names].items():
            for name in found:
                value = attributes[name]
                if column == "code" and isinstance(value, float) and abs(value) >= _EXACT:
                    raise BadRow("编码不合格", "编码列是数字，超过 15 位就读不准了。请把编码列改成文本再导出。")
                # The only column that may be yes or no.
                if text := "1" if value is True and column == "approximate" else as_text(value):
                    texts[column] = text
                    break
        return texts

    def _owner(self, texts: Mapping[str, str]) -> tuple[str, str]:
        """District and street: from the columns, the parent's code, or the own name when it is a whole street."""
        divisions = self._divisions
        district, street, level, name = (texts[column] for column in ("district", "street", "level", "name"))
        parent_code = texts["parent"]
        parent = divisions.name_of_code.get(parent_code, "")
        if level == "district" or (not level and name in divisions.districts):
            district = district or name
        elif level == "street":
            district, street = district or parent, street or name
        elif parent in divisions.districts:
            district = district or parent
        elif parent:
            street = street or parent
        if not district and street:
            owners = {d for d, s in divisions.street_set if s == street}
            district = next(iter(owners)) if len(owners) == 1 else ""
        if not district:
            said = f"，上级编码 {shown(parent_code)} 在行政区划里没有" if parent_code and not parent else ""
            raise BadRow("没有所属区市", f"缺少区市（district 列，或能查到的 parent_code）{said}。")
        if district not in divisions.districts:
            raise BadRow("没有所属区市", f"不认识的区市“{shown(district)}”，应为：{'、'.join(divisions.districts)}。")
        return district, street


def _check_code(code: str) -> None:
    if len(code) > MAX_CODE:
        raise BadRow("编码不合格", f"编码太长（{len(code)} 个字），最多 {MAX_CODE} 个。")
    if _CODE.fullmatch(code):
        return
    narrow = unicodedata.normalize("NFKC", code)
    hint = f"含全角字符，请改为“{narrow}”" if _CODE.fullmatch(narrow) else "含表情、空格或其他符号"
    raise BadRow("编码不合格", f"编码“{shown(code)}”{hint}。编码只能用数字、字母、汉字和 - _ .")
