"""Names that stand in a text without being the place it is about: where the boss lives, what a company is called."""

from __future__ import annotations

import re

from grid.lexicon import Kind
from grid.mentions import Aside, Found

# Words before a name that say it is not the place in question.
_ELSEWHERE = tuple(
    "家住 住在 我住 人住 本人住 老家 老家在 老家是 来自 户籍 户籍在 户口在 户口 籍贯 "
    "注册在 注册地 注册地址 注册地是 注册地为 总部 总部在 总部位于 总公司 总公司在 "
    "老板 老板是 老板叫 法人 法人是 负责人 工头 厂长 店主 名叫 姓名 "
    "送往 送到 发往 运往 运到 卖到 销往 拉到 拉去 送货到 运货到 发货到 拉货到 不是 并非 不在 不属于 搬到 搬去 原来在 以前在 之前在 原先在".split()
)
_REACH = 8
# 从莱西运到平度: neither end is where it happens.
_MOVES = re.compile(r"[一-龥]{0,6}?[运拉送发开搬卖][一-龥]?[到往去至]|[一-龥]{0,4}(?:路过|经过|途经)")
# 即墨农商银行, 城阳建设集团: a short name and then, without a break, what companies are called.
_CALLED = (
    r"公司|集团|银行|商行|信用社|建工|建安|置业|地产|股份|实业|控股|"
    r"饭店|酒店|宾馆|酒家|大厦|商城|超市|"
    r"建筑(?!工地|物|垃圾|材料|施工|队)|建设(?!工地|项目|工程|路|的|中)"
)
_COMPANY = re.compile(rf"(?:(?![的有某一家这那个里在是和与区县市镇村街道路号])[一-龥]){{0,6}}?(?:{_CALLED})")
_COMPANY_NAMES = frozenset({Kind.DISTRICT_SHORT, Kind.STREET_SHORT, Kind.OUTSIDE_SHORT})
_HINT = re.compile("|".join((*_ELSEWHERE, *"从由叫住人籍姓", "经理", "师傅", "主任", "队长", _CALLED)))


def set_aside(found: list[Found], text: str) -> bool:
    """Mark the names said to be another place: by the words before, by those after, or by the name they belong to.

    Returns whether there are any.
    """
    if not found or not _HINT.search(text):
        return False
    marked, aside_end = False, -2
    for item in found:
        item.aside = _why_aside(item, text, aside_end)
        if item.aside is not None:
            marked = True
            # What belongs to the name lies where it lies: 家住市南区八大关街道.
            aside_end = item.end if item.aside is Aside.ELSEWHERE else aside_end
    return marked


def _why_aside(item: Found, text: str, aside_end: int) -> Aside | None:
    start, end = item.start, item.end
    if start - aside_end <= 1 and text[aside_end:start] in ("", "的"):
        return Aside.ELSEWHERE
    before = text[max(0, start - _REACH) : start].rstrip(":：")
    if _elsewhere(before) or _people(text, end) or _left(before, text, end):
        return Aside.ELSEWHERE
    if text[end : end + 1] == "住" and before.endswith("在"):
        return Aside.ELSEWHERE
    if item.kind in _COMPANY_NAMES:
        if _GIVEN_NAME.search(before):
            return Aside.ELSEWHERE
        if _COMPANY.match(text, end):
            return Aside.COMPANY
    return None


def _elsewhere(before: str) -> bool:
    # 现在搬到…: there it is now.
    return before.endswith(_ELSEWHERE) and not (before.endswith("搬到") and "现" in before)


def _left(before: str, text: str, end: int) -> bool:
    return before.endswith(("从", "由")) and _MOVES.match(text, end) is not None


# 老板叫王崂山, 他姓李城阳: a family name, and a given name that is also a district.
_GIVEN_NAME = re.compile(
    r"(?:叫|姓|名|是|老板|经理|师傅|厂长|队长|主任|工头)[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕]$"
)


def _people(text: str, end: int) -> bool:
    """即墨人, 李村籍 are people; 即墨人民医院 is a place."""
    after = text[end : end + 2]
    return after[:1] == "籍" or (after[:1] == "人" and after not in ("人民", "人才", "人社"))
