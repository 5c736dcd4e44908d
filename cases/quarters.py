"""Quarters and months as people and records name them: "2026Q4", "2026-11"."""

import re
from datetime import date, timedelta
from typing import NamedTuple

_QUARTER = re.compile(r"(20[0-9]{2})Q([1-4])")
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
SEASONS = {"春": (3, 4, 5), "夏": (6, 7, 8), "秋": (9, 10, 11), "冬": (12, 1, 2)}


class Quarter(NamedTuple):
    year: int
    number: int

    @property
    def id(self) -> str:
        return f"{self.year}Q{self.number}"

    @property
    def zh(self) -> str:
        return f"{self.year}年第{'一二三四'[self.number - 1]}季度"

    @property
    def first(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        return self.after.first - timedelta(days=1)

    @property
    def after(self) -> "Quarter":
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def before(self) -> "Quarter":
        return Quarter(self.year - (self.number == 1), (self.number - 2) % 4 + 1)


def quarter_of(day: date) -> Quarter:
    return Quarter(day.year, (day.month + 2) // 3)


def read_quarter(text: str, otherwise: date) -> Quarter:
    """ "2026Q4"; what is not understood is the quarter of `otherwise`."""
    match = _QUARTER.fullmatch(text)
    return Quarter(int(match[1]), int(match[2])) if match else quarter_of(otherwise)


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"


def read_month(text: str, otherwise: str) -> str:
    return text if _MONTH.fullmatch(text) else otherwise


def next_month(month: str, step: int = 1) -> str:
    count = int(month[:4]) * 12 + int(month[5:]) - 1 + step
    return f"{count // 12:04}-{count % 12 + 1:02}"


def months_between(first: str, last: str) -> list[str]:
    """Both included; at most ten years."""
    months = [first]
    while months[-1] < last and len(months) < 120:
        months.append(next_month(months[-1]))
    return months


def month_words(month: str) -> str:
    return f"{month[:4]}年{int(month[5:])}月"


def season_of(month: str) -> str:
    return next(season for season, months in SEASONS.items() if int(month[5:]) in months)
