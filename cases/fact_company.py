"""The name of the unit that is reported: 兴达木业, 济南路修理部, 鲁青渔60123; "" for 我们厂 and 一家饭店.

A name is read backward from its ending (公司, 加油点, 精密). What stands before it — the place, the talk, the time — is
cut away. Of several names the one the sentence speaks of is taken: what is denied, or is only the neighbour, is not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cases.fact_time import time_spans
from cases.fact_words import Vocabulary, either, words

MAX_CORE = 16
MAX_CHAIN_GAP = 6

_LEGAL = Vocabulary(word for word in words("units") if word.endswith(("公司", "集团", "合作社")))
_UNITS = Vocabulary(words("units"))
_THIN = words("thin_units")
_TRADES = Vocabulary(words("trades"))
_ENDINGS = Vocabulary(words("units", "trades"))
_THINGS = Vocabulary(words("machines", "substances"))
_PUBLIC = words("public_units")
_PLAIN = Vocabulary(words("plain_words", "trades", "units"))
_NAME_CHARACTERS = frozenset("".join(words("name_characters")))

_FRAGMENT = re.compile(r"[0-9A-Za-z㐀-鿿○〇·&]+")
_COUNT_WORD = r"[一二两三四五六七八九十几多半\d]+(?:个|台|家(?!宴|居)|辆|户|名|间|栋|层|桶|箱|袋|只|块|张|吨|公斤|米|次|遍|回|根|块|把|股|片|堆|排|道|批|种|阵|套|支|瓶|盆)"
# After these the name begins, whatever stands before.
_CUT = re.compile(
    rf"(?:{either('cuts')}|{_COUNT_WORD}|(?<=[路街道桥船楼墙山地])上(?!合)|(?<=[村厂院屋店园区街巷市])里(?!河)|(?<=[为])有|不是|不叫|或|、)"
)
# Left of these stands a place. It is cut off when a name of its own is left: 热河路|修理部 keeps the road.
_PLACE = re.compile(
    r"(?:街道办事处|街道办?|(?<![超门夜早城都股])市(?![场政部民集区南北中])|市[南北中]区?|(?<![社景厂校小])区|县|(?<![古小])镇(?![静流])|(?<![渔假山新农])村[东西南北]?头?|社区"
    r"|(?:路|大街|大道|(?<![条业食行])街|巷|胡同)(?:\d+(?:号|-\d+)(?:院|楼|库|附近)?|[一二三四五六七八九十]{1,4}号)?(?:上|口|边|中段|东段|西段|南段|北段|东侧|西侧|南侧|北侧|东头|西头|南头|北头)?|(?:\d+|[一二三四五六七八九十]{1,4})号(?!码头|线)|工业园区?|开发区|示范区|高新区|保税区|园区|港区|车站|国道|省道|路口|交叉口|[东西南北]门|广场|大厦|[东西南北]侧|以[东西南北])"
)
_PROVINCE = re.compile(r"^(?:山东省?)?(?:青岛市|烟台市|潍坊市|日照市|威海市|青岛的)(?=.{3})")
_ADMIN_END = re.compile(r"(?:街道|区|市|县|镇|村|社区|乡)$")
_HEAD = re.compile(
    r"^(?:新开|那|这|为|有|系|于|到|来|还|又|已|其|该|本|向|自|由|就|也|都|再|老说|喂|哦|嗯|哎|隔|求|关停|号|的|以及|另外|另|并|跟着|打|做|搞|干|开|过|了|人称)(?=.{2})"
)
# What shows that the characters before an ending are running text and no name.
_RUNNING = re.compile(
    r"[的是在了着过被把给让吗呢吧啊没就这那哪我俺咱你您他她它们个些啥很却么堆存放卸搬偷焊拆掉漏冒喷排扔倒挖烂坏脏臭吃喝睡]|不(?!锈)|已经|开始|继续|根本|随便|到处|随意|私自|擅自|违规|非法|没有|不能|需要|负责|进行|私开|虚惊"
)
_SHIP = re.compile(r"[鲁辽冀津沪苏浙闽粤桂琼][一-鿿]{0,3}(?:渔|船|货|拖|油|港|客)[一-鿿]{0,2}\d{2,6}号?")
_METRO = re.compile(
    r"地铁(?:\d{1,3}|[一二三四五六七八九十]{1,4})号线[一-鿿]{1,8}?(?:站(?:工地|项目部|项目)?|标段?|工地|项目部|车辆段)"
)
# 望月楼, 听雨轩
_HOUSE = re.compile(r"([一-鿿]{2})[楼阁轩居斋苑](?![房栋号宿业梯])")
_BLOCK = re.compile(
    r"[A-Za-z]座|[一二三四五六七八九十\d]+标段?|第?[一二三四五六七八九十](?:号)?(?:厂|店|分店|分公司|分厂|部|公司项目部)|(?:[一-鿿]{2,3})(?:分?店|分公司|分厂|总店)"
)
_BAD_BLOCK = re.compile(r"[里外上下前后门口对旁的是在了着过有那这老小个]")
_WORKER = re.compile(r"^(?:工(?![业艺程厂贸具])|车间|库|柜|线(?!缆)|间|室|桶|罐|炉|机(?![械电床])|味|废|房(?!产))")
_NAMED = re.compile(
    r"(?:叫做?|叫啥|名叫|名称|名字|改名|改叫|名为|写的?|写着|招牌|牌子|关于|举报|反映|涉事|出事的是|货主是|干的是|而是|就是|应该是|，是|^是|自述为)$"
)
_LIVES = re.compile(r"(?:在|给|帮|替)$")
_DENIED_BEFORE = re.compile(
    r"(?:不是|不叫|并非|不在|原来叫|原先叫|以前叫|早先叫|曾用名|离|挨着|紧挨着?|靠近|毗邻|紧邻|掉到|吹到|飘到|隔壁是|对面是|旁边是)$"
)
_SUPPLIED = re.compile(r"^(?:的)?(?:供货|送货|供料|配送|送餐|代工|供应)")
_DENIED_AFTER = re.compile(
    r"^(?:[^，。,;；]{0,3}(?:没啥?事|啥事没|没毛病|没问题|没责任)|早?就?已?经?(?:搬走|搬家|关门|倒闭|黄了)|那边没|那家不是)"
)
_REFERENCE = re.compile(
    r"^(?:的)?(?:旁边?|附近|对面|斜?对过|对门|隔壁|边上|后身|南墙|北墙|东墙|西墙|[东西南北][门侧邻墙边头面]|往[东西南北]|以[东西南北]|后边|路口|周边|西门|正门对|后巷)"
)
# 有限公司冷库: the firm is reported, not its cold store.
_PART_OF_FIRM = re.compile(r"^(.{2,30}?有限(?:责任)?公司)(?:冷库|仓库|车间|厂区|食堂|宿舍|工地|院|码头|加油站)$")
# 兴城 of 兴城路街道 is a road.
_ROAD_AFTER = re.compile(r"路|街道|大街|社区居委|[东西南北中]路")
_PHRASE_CUES = re.compile(r"[0-9]{7,}")
_TALK = re.compile(r"^(?:干|为|去|上|打)?[^，。]{0,2}(?:检查|整改|举报|处罚|投诉|反映)")


@dataclass(frozen=True)
class Name:
    """A name in the text; `weight` says how sure it is that the sentence is about it."""

    start: int
    end: int
    weight: float


def names_in(text: str) -> list[Name]:
    """All names of units, in the order of the text; linear in its length."""
    blanked = _without_times(text)
    found: list[Name] = []
    for fragment in _FRAGMENT.finditer(blanked):
        found += _names_of(text, blanked, fragment.start(), fragment.end())
    return found


def company_in(text: str) -> str:
    """The name of the unit that is reported, or "" (我们厂, 一家饭店 are no names)."""
    return reported_of(names_in(text), text)


def reported_of(names: list[Name], text: str) -> str:
    """Which of the names in `text` is the reported unit's: the first of the weightiest."""
    best = max(names, key=lambda name: name.weight, default=None)
    return _PART_OF_FIRM.sub(r"\1", text[best.start : best.end]) if best else ""


def answered_company(text: str) -> str:
    """The name when the text answers "哪家单位": the words themselves, without the talk around them."""
    found = company_in(text)
    if found:
        return found
    plain = re.sub(
        r"^(?:就?是|叫做?|名字(?:是|叫)?|单位(?:是|叫)?|公司(?:是|叫)?|那家?|就)+", "", text.strip(" 。,，!！~")
    )
    plain = re.sub(r"(?:那里|那儿|这家|那家|吧|啊|呀|哦|的)+$", "", plain)
    return plain[:60]


def _without_times(text: str) -> str:
    """The text with times blanked, so that 春节前后宏图烟花专营店 begins with 宏."""
    parts, at = [], 0
    for start, end in time_spans(text):
        after = _ENDINGS.longest_at(text, end, len(text))
        before = text[start - 1 : start]
        inside = before and _FRAGMENT.fullmatch(before) and not _CUT.search(text[max(0, start - 3) : start])
        if end - start < 2 or after or (inside and end - start < 3):
            continue
        parts += [text[at:start], "，" * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


def _names_of(text: str, blanked: str, start: int, end: int) -> Iterator[Name]:
    for pattern in (_SHIP, _METRO):
        if match := pattern.search(blanked, start, end):
            yield Name(*match.span(), 3 + _context(text, *match.span()))
            if pattern is _METRO:
                return
    if (
        (match := _HOUSE.match(blanked, start, end))
        and _own(match.group(1), "楼", "thin")
        and not _RUNNING.search(match.group())
    ):
        if any(char in _NAME_CHARACTERS for char in match.group(1)):
            yield Name(*match.span(), 1.2 + _context(text, *match.span()))
    floor = start
    for starts, last in _chains(blanked, start, end):
        if starts[0] < floor:
            continue
        begin = None
        # 店 of 店埠胡萝卜合作社 is no ending: the first that leaves a name before it is one.
        for first in starts:
            kind = _kind(blanked[first:last])
            begin = _begin(blanked, floor, first, last, kind)
            if begin is not None:
                break
        if begin is None:
            if last - first > 1:
                floor = last
            continue
        floor = last
        if _ROAD_AFTER.match(text, last):
            continue
        weight = _weight(text, blanked, (start, end), begin, first, last, kind)
        if weight > 0:
            yield Name(begin, last, weight)


def _chains(text: str, start: int, end: int) -> list[tuple[list[int], int]]:
    """Runs of endings: (where each begins, end of the run): 船舶|配套|有限公司."""
    chains: list[list[tuple[int, int]]] = []
    for first, last in _ENDINGS.spans(text, start, end):
        reached = chains[-1][-1][1] if chains else -1
        if last <= reached or (first == reached and _only_a_yard(text, chains[-1][-1], last)):
            continue
        if chains and (first <= reached or _bridged(text, reached, first, last)):
            chains[-1].append((first, last))
        else:
            chains.append([(first, last)])
    result = []
    for chain in chains:
        if not _worked_in(text, chain[-1], end):
            chain = chain[:-1] if len(chain) > 1 else chain
        first, last = chain[0][0], _without_trade_behind(text, chain)
        if _inside_thing(text, start, first, last):
            continue
        if block := _BLOCK.match(text, last, min(end, last + 8)):
            if not _BAD_BLOCK.search(block.group()):
                last = block.end()
        if last > first:
            result.append(([at for at, _ in chain if at < last], last))
    return result


def _only_a_yard(text: str, before: tuple[int, int], last: int) -> bool:
    """驾校|院(里): one more character after a complete unit is where it happened."""
    return last - before[1] == 1 and text[before[0] : before[1]] in _UNITS


def _without_trade_behind(text: str, chain: list[tuple[int, int]]) -> int:
    """Where a chain ends: in 商场|消防(通道) the unit is complete before the trade."""
    units = [last for first, last in chain if last - first > 1 and text[first:last] in _UNITS]
    return units[-1] if units else chain[-1][1]


def _bridged(text: str, before: int, first: int, last: int) -> bool:
    """Whether few characters between two endings belong to one name: 瑞科|化工|青岛|有限公司."""
    gap = text[before:first]
    if (
        len(gap) > MAX_CHAIN_GAP
        or _RUNNING.search(gap)
        or _CUT.search(gap)
        or _REFERENCE.match(gap)
        or _BAD_BLOCK.search(gap)
    ):
        return False
    ending = text[first:last]
    if ending in ("分店", "二店", "店", "三标", "二标"):
        return len(gap) <= 3
    return ending in _LEGAL or ending in ("分公司", "项目部", "项目", "工地")


def _worked_in(text: str, piece: tuple[int, int], end: int) -> bool:
    """False for the last word of 启航修船|油漆(工): a trade that belongs to what follows."""
    first, last = piece
    return text[first:last] not in _TRADES or not _WORKER.match(text[last:end])


def _inside_thing(text: str, start: int, first: int, last: int) -> bool:
    """Whether an ending is the tail of a machine or a substance: 电机 of 柴油发电机, 气站 of 氢气站."""
    for at in range(max(start, first - 4), first):
        length = _THINGS.longest_at(text, at, len(text))
        if at + length > first:
            return True
    return False


def _kind(chain: str) -> str:
    for at in range(len(chain)):
        ending = chain[at:]
        if ending in _LEGAL:
            return "legal"
        if ending in _THIN:
            return "thin"
        if ending in _UNITS:
            return "unit"
        if ending in _TRADES:
            return "trade"
    return "unit"


def _begin(text: str, floor: int, first: int, last: int, kind: str) -> int | None:
    """Where the name begins whose ending begins at `first`; None when it has no name of its own."""
    low = max(floor, first - 2 * MAX_CORE)
    hard = low
    for match in _CUT.finditer(text, low, first):
        hard = match.end()
    places = [match.end() for match in _PLACE.finditer(text, hard, first) if match.start() >= hard]
    for begin in [*reversed(places), hard]:
        begin = _skip_head(text, begin, first)
        core = text[begin:first]
        if not _own(core, text[first:last], kind) or _THINGS.longest_at(core, 0, len(core)):
            continue
        if begin <= hard + 1 and places and _ADMIN_END.search(core) and text[first:last] not in _PUBLIC:
            continue
        if len(core) > MAX_CORE:
            return None
        if province := _PROVINCE.match(core):
            if text[first:last] not in _LEGAL and not text[first:last].endswith("公司"):
                begin += province.end()
        return begin
    return None


def _skip_head(text: str, begin: int, first: int) -> int:
    while begin < first and (match := _HEAD.match(text[begin:first])):
        begin += match.end()
    # 联众物流和快捷货运, but 和顺居家宴酒店
    if begin and text[begin] in "和跟与及" and _FRAGMENT.match(text[begin - 1]):
        begin += 1
    return begin


def _own(core: str, ending: str, kind: str) -> bool:
    """Whether characters before an ending are a name: two at least, and not words of the language alone."""
    if len(core) < 2 or core.isdigit():
        return False
    if re.fullmatch(r"[一二两三四五六七八九十\d]+[号楼层期栋座]*", core):
        return ending.startswith("码头")
    if len(core) > 2 and re.search(r"(?:路|大街|大道|广场|站)$", core):
        return kind in ("unit", "thin")
    return bool(_PLAIN.parts(core)) or (ending in _PUBLIC and core[-1] in "村镇乡")


def _weight(text: str, blanked: str, fragment: tuple[int, int], begin: int, first: int, last: int, kind: str) -> float:
    """How sure: by the ending, by how the name stands in its fragment, by what is said around it."""
    core = blanked[begin:first]
    alone = (begin, last) == fragment
    leading = begin == fragment[0] or blanked[begin - 1] in "的在"
    named = bool(_NAMED.search(blanked[max(0, begin - 6) : begin]))
    if kind != "legal" and _RUNNING.search(core):
        return 0
    auspicious = sum(char in _NAME_CHARACTERS for char in core)
    weight = {"legal": 5.0, "unit": 3.0, "trade": 2.5, "thin": 1.5}[kind]
    if kind in ("trade", "thin") and not (alone or named):
        if len(core) > (6 if kind == "trade" else 10) or not (auspicious or begin == fragment[0]):
            return 0
        weight -= 1 if kind == "thin" and not leading else 0
    if kind == "trade" and not auspicious and not alone and not named:
        weight -= 1
    weight += 0.6 * alone + 1.2 * named
    return weight + _context(text, begin, last)


def _context(text: str, start: int, end: int) -> float:
    before, after = text[max(0, start - 8) : start], text[end : end + 8]
    weight = 0.0
    if _DENIED_BEFORE.search(before):
        weight -= 3
    if _LIVES.search(before) and not _SUPPLIED.match(after):
        weight += 0.3
    if _SUPPLIED.match(after):
        weight -= 2
    if _DENIED_AFTER.match(after):
        weight -= 2
    if _REFERENCE.match(after):
        weight -= 4
    if re.match(r"的[，。,\s]", after):
        weight -= 0.4
    return weight
