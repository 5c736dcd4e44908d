"""Names that stand in a text without being the place it is about: where the boss lives, what a company is called."""

from __future__ import annotations

import re

from ahocorasick_rs import AhoCorasick

from grid.lexicon import Kind
from grid.mentions import Aside, Found

# Words before a name that say it is not the place in question.
_ELSEWHERE = tuple(
    "家住 住在 我住 人住 本人住 老家 老家在 老家是 来自 "
    "老板 老板叫 负责人 工头 厂长 店主 名叫 姓名 "
    "送往 送到 发往 运往 运到 卖到 销往 拉到 拉去 送货到 运货到 发货到 拉货到 不是 并非 不在 不属于 搬到 搬去 原来在 以前在 之前在 原先在".split()
)
# Who or what sits there has nothing to do with where it happens.
_OTHERS = tuple(
    "户籍 户籍在 户口在 户口 籍贯 注册在 注册地 注册地址 注册地是 注册地为 注册地在 总部 总部在 总部位于 总公司 总公司在 "
    "老板是 法人 法人是 经理是 厂长是 供货商在 供应商在 供货商是 供应商是 供货方在 设计院在 设计院是 监理单位在 监理公司在 办事处在 "
    "货主是 货主在 总包是 分包是 承包商是 承包商在 施工队是 施工方是 装修队是 工头是 包工头是 师傅是 自己是 供货商 供应商 供货的厂子在 产地是 产地在".split()
)
_PEOPLE = (
    "丈母娘 岳父 岳母 婆婆 公公 公婆 姥姥 姥爷 奶奶 爷爷 舅舅 姑姑 叔叔 姐姐 哥哥 弟弟 妹妹 男朋友 女朋友 男友 女友 对象 老公 老婆 媳妇 "
    "爸妈 父母 我妈 我爸 我姐 我哥 我弟 我妹 俺妈 俺爸 俺姐 俺哥 俺弟 俺妹 儿子 女儿 闺女 孩子 同学 朋友 亲戚 同事 我人 俺人 本人"
).replace(" ", "|")
_SOMEBODY = re.compile(f"(?:{_PEOPLE})(?:们|现)?家?(?:是|就?在|就?住在?)$")
_DOING = "上班|打工|租房|租的房|办公|住院|上学|读书|工作|开会|出差|旅游"
_STAYS = re.compile(f"(?:那边|这边)?(?:{_DOING})")
_BEFORE_NOW = ("以前", "之前", "原先", "当年")
# 举报老家…的矿, 老家…的房子: there it is.
_MEANT = ("举报", "我说的是", "反映")
_HOUSE_THERE = re.compile("的(?:房|屋|院|厂|矿|店|地里|邻居)")
_REACH = 8
# 从胶州运来的, 从批发市场进的货, 黄岛买的叉车
_FETCHED = re.compile("[一-龥]{0,6}?(?:[进买拿拉运弄租搬淘](?:来|过来|回来)?的|[运拉搬]来)")
_BOUGHT = re.compile(
    "(?:那边|这边)?(?:(?:买来?|[运拉租送]来|运过来|拉过来|生产|考|过?来)的|的?(?:供应商|供货商|供货方|厂家|老乡|师傅))"
)
# 往莱西送饲料, 给城阳的厂子送零件
_SENT = re.compile("[一-龥]{0,6}?[送运拉发供]")
_CAME = re.compile("(?:那边|这边)?(?:过来|出发|坐车|坐地铁|来的|开出|开过来|发车|出来|回来)")
_ON_THE_WAY = re.compile("[一-龥]{0,5}?(?:的路上|路上|的途中|途中)")
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
_ROLES = ("老板", "经理", "师傅", "厂长", "队长", "主任", "工头")
_FOREMEN = ("班长", "组长", "领导")
# A text without any of these says nothing that sets a name aside: most texts.
_HINTS = AhoCorasick(
    [*_ELSEWHERE, *_OTHERS, *_BEFORE_NOW, *_ROLES, *_FOREMEN, *_PEOPLE.split("|"), *_DOING.split("|"),
     *re.sub(r"\(.*?\)", "", _CALLED).split("|"), *"从由叫住人籍姓往给",
     *"买的 来的 产的 考的 路上 途中 供应商 供货 厂家 老乡".split()]
)  # fmt: skip


def set_aside(found: list[Found], text: str) -> bool:
    """Mark the names said to be another place: by the words before, by those after, or by the name they belong to.

    Returns whether there are any.
    """
    if not found or not _HINTS.find_matches_as_indexes(text):
        return False
    marked, aside_end, reason = False, -2, Aside.ELSEWHERE
    for item in found:
        item.aside = _why_aside(item, text, aside_end, reason)
        if item.aside is not None:
            marked = True
            # What belongs to the name lies where it lies: 家住市南区八大关街道.
            if item.aside is not Aside.COMPANY:
                aside_end, reason = item.end, item.aside
    return marked


def _why_aside(item: Found, text: str, aside_end: int, reason: Aside) -> Aside | None:
    start, end = item.start, item.end
    if start - aside_end <= 1 and text[aside_end:start] in ("", "的"):
        return reason
    before = text[max(0, start - _REACH) : start].rstrip(":：")
    if before.endswith(_OTHERS) or _fetched(before, text, end) or _people(text, end):
        return Aside.OTHERS
    if _elsewhere(before, text, end) or _left(before, text, end):
        return Aside.ELSEWHERE
    if text[end : end + 1] == "住" and before.endswith("在") and text[end : end + 2] != "住院":
        return Aside.ELSEWHERE
    if item.kind in _COMPANY_NAMES:
        if _GIVEN_NAME.search(before) or (
            item.name[0] == "李" and _CALLED_LI.search(before) and not _AS_PLACE.match(text, end)
        ):
            return Aside.OTHERS
        if _COMPANY.match(text, end):
            return Aside.COMPANY
    if _SOMEBODY.search(before) or (before.endswith("在") and _STAYS.match(text, end)):
        return Aside.SOMEBODY
    return None


def _elsewhere(before: str, text: str, end: int) -> bool:
    if before.endswith("在") and before.startswith(_BEFORE_NOW, max(0, len(before) - 4)):
        return True
    if before.endswith(("去", "往", "回")) and _ON_THE_WAY.match(text, end):
        return True
    # 现在搬到…: there it is now.
    if not before.endswith(_ELSEWHERE) or (before.endswith("搬到") and "现" in before):
        return False
    return not ("老家" in before and (_HOUSE_THERE.match(text, end) or any(word in before for word in _MEANT)))


def _fetched(before: str, text: str, end: int) -> bool:
    if before.endswith(("从", "由")):
        return _FETCHED.match(text, end) is not None
    if before.endswith(("往", "给")) and _SENT.match(text, end):
        return True
    return _BOUGHT.match(text, end) is not None


def _left(before: str, text: str, end: int) -> bool:
    if not before.endswith(("从", "由")):
        return False
    return _MOVES.match(text, end) is not None or _CAME.match(text, end) is not None


# 老板叫王崂山, 他姓李城阳: a family name, and a given name that is also a district.
_GIVEN_NAME = re.compile(
    rf"(?:叫|姓|名|是|{'|'.join(_ROLES)})[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕]$"
)


# 班长李沧海: 李沧 is a family name and half of a given name.
_CALLED_LI = re.compile(f"(?:叫|{'|'.join(_ROLES + _FOREMEN)})$")
_AS_PLACE = re.compile("[的区人那这有在]|$|[^一-龥]")


def _people(text: str, end: int) -> bool:
    """即墨人, 李村籍 are people; 即墨人民医院 is a place."""
    after = text[end : end + 2]
    return after[:1] == "籍" or (after[:1] == "人" and after not in ("人民", "人才", "人社"))
