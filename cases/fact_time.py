"""When it happened, in the reporter's own words. The most exact and longest phrase wins.

Opening hours, the reporter's own calls and questions about office hours are no time of the event.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from cases.fact_numbers import number
from cases.fact_words import either

_N = r"(?:\d{1,2}|[一二两三四五六七八九十]{1,3})"
_DAY = (
    r"(?:大前[天儿]|前儿个?|前[天日]|前晚|昨[天日]|昨儿个?|昨[晚夜]|昨(?=[早下上晌])|今[天日早晚晨夜]|今儿个?|当[天晚日](?![然地])"
    r"|头[两几][天日]|前[两几些][天日]|前阵子|前一?段时间|前不久|前一?阵子?|[这近][几两]天|最近(?:[几两]天|[一几两个]+(?:月|星期|礼拜|周)|一段时间|这段时间)?"
    r"|近期|近来|近日|刚才|刚刚|方才|适才)"
)
_WEEKDAY = (
    r"(?:(?:大?上+|这|本|每|逢)?个?(?:礼拜|星期|周)[一二三四五六日天末](?:周[一二三四五六日天])?"
    r"|(?:大?上+|这|本)(?:个)?(?:礼拜|星期|周(?![围边转密全到期年末岁])))"
)
_DATE = (
    r"(?:(?:\d{4}年|今年|去年|前年)?(?:闰|农历|阴历)?" + _N + r"月份?(?:[底初末中]旬?|[上下]旬|" + _N + r"[号日])?"
    r"|(?:大?上+|这|本|当)个?月(?:[底初末中]旬?|[上下]旬|" + _N + r"[号日])?"
    r"|(?<![\d路街道巷])"
    + _N
    + r"[号日](?![楼门线场码院库栋车机泊厂店井炉棚罐仓桥井塔位员梯桌宿车地])(?=那|早|晚|上|下|夜|凌|中|半|的|就|[，。,\s]|$|左|前|起|"
    + _N
    + r"[点时])"
    r"|(?:大年|正月|腊月)?(?:初(?:十|[一二三四五六七八九])(?![中高级])|(?:大年|正月|腊月)[二三]?十[一二三四五六七八九]?)|正月|腊月)"
)
_YEAR = r"(?:今年|去年|前年|大前年|(?:19|20)\d{2}年)"
_SEASON = rf"(?<![\d一二三四五六七八九十几两半多])(?:{either('festivals')})(?:假期|长假|节|期间|当天|前夕)*"
_EVENT = (
    rf"(?:{either('events')})(?=的时候|那会|那阵|那天|时(?!间)|前(?!面|头|台)|后(?!面|头|院|厨)|以后|之后|之前|期间)"
)
_PART = (
    r"(?:凌晨|清晨|清早|一?大早上?|一?大清早|一早上?|早上|早晨|早起|半?上午|半?头晌午?|晌午头?|中午|正午|午后|午间|半?下午|后晌|过晌|傍晚|傍黑天?|擦黑|黄昏|晚上|晚间|夜里头?|夜间|夜晚|深更半夜"
    r"|三更半夜|[大后前下]?半夜|深夜|午夜|大?白天|大?黑夜|黑下|黑天|天[一刚擦]?黑|天[不刚没]?亮|饭点|[早中晚夜白]班|大夜班|课间|下半夜|一晚上|一下午|一上午|一宿|[早晚](?="
    + _N
    + r"[点时]))"
)
_CLOCK = rf"(?:{_N}(?:点|时(?![候间段常期代不而]))钟?(?:半|[一三]刻|整|过|{_N}分?(?![个名位台辆人岁]))?(?:来钟|多钟|左右|前后|多|许|来)?|\d{{1,2}}[:：]\d{{2}})"
_PIECE = rf"(?:{_DAY}|{_WEEKDAY}|{_SEASON}|{_DATE}|{_YEAR}|{_EVENT}|{_PART}|{_CLOCK}|第[一二三四五六七][天日])"
_TAIL = r"(?:的时候|那会儿?|那阵[子儿]?|那[天晚年](?:晚上|夜里|半夜|下午|上午|早上|中午|傍晚)?|那[几两]天|那个?月|那时候?|左右|前后|以?前(?![面头台门后])|[以之]后|[以之]前|后(?![面头院厨门])|以来|期间|时(?=[，。,\s]|$)|开始|起(?![重火吊来的])|至今|到现在|到今天|为止|[里中](?=[，。,\s差正熏我就有])|期间)"
_HEAD = (
    r"(?:自从?|从|打从|自打|每(?:到|逢|天|晚|日|周|个?月)?|天天|成天|一到|快到|到了?(?=晚|夜|周|半)|接近|截至|[近这前最]{1,2}"
    + _N
    + r"个?(?:月|周|星期|礼拜|年|天)(?:每到)?)"
)
_PHRASE = re.compile(
    # 自八月份断电检修后
    rf"(?:自从?|从|打从?)(?:{_PIECE}){{1,4}}[^，。,;；\s]{{0,6}}?(?:以来|至今|到现在|以?后(?![面门院])|开始|起(?![火重吊来的])(?:至今)?)|"
    rf"(?:{_HEAD})?(?:{_PIECE}(?:的(?={_PIECE}))?){{1,6}}(?:{_TAIL}){{0,3}}"
    rf"(?:(?:[到至~]|一直到|—|-)(?:第二天|现在|今天|{_PIECE}){{1,4}})?(?:{_TAIL}){{0,2}}"
    # 这两个月, 近两周
    rf"|[近这前最]{{1,2}}(?:{_N}|几|半)个?多?(?:月|周|星期|礼拜|年|天)(?:以?来)?"
)
# 坏了半拉月了, 一个多月: how long it lasts, when nothing better is said.
_LASTING = re.compile(
    rf"(?:好几|几|半拉?|{_N}[来多]?)个?多?(?:小时|钟头|分钟|天|星期|礼拜|周|月|年)多?(?=了|都?没|都?不|[，。,\s]|$|以上)"
)
_NOT_LASTING = re.compile(r"第$|[年月周头]$|下个?$|每$|过期|保质")
# Whose hours these are: the clause speaks of opening, or of the reporter's own talk with us.
_OTHER_TIME = re.compile(
    r"营业|开门|关门|打烊|开到|关到|开放时间|几点|上下班|[点时]半?下班|打过?电话|打了?电话|反映过|举报过|投诉过|回我|[天晚早才]报的|说的那|跟你们?说|的电话|你们来|上班吗|吗$|再打|收费|证$"
)
_BARE = re.compile(
    r"(?:每[天晚日]?|天天|成天|今年|第[一二三四五六七][天日]|[一二三四五六七八九十\d]+[点时]|每周|每个?月)$"
)
_BREAK = re.compile(r"[，。,;；!！?？\n]")


def happened_in(text: str) -> str:
    """The words that say when, or ""."""
    best, weight = "", 0
    for start, end in time_spans(text):
        words = text[start:end]
        if _BARE.fullmatch(words) or _OTHER_TIME.search(_clause(text, start, end)):
            continue
        exact = 4 if re.match(rf"(?:自从?|从|打从|自打)?(?:{_DAY}|{_WEEKDAY}|{_DATE})", words) else 0
        if len(words) + exact > weight:
            best, weight = words, len(words) + exact
    return best or _lasting(text)


def time_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the text says times of any kind."""
    for match in _PHRASE.finditer(text):
        yield match.span()


def _lasting(text: str) -> str:
    for match in _LASTING.finditer(text):
        if not _NOT_LASTING.search(text[max(0, match.start() - 3) : match.start()]) and "分钟车程" not in text:
            years = re.match(rf"({_N})年", match.group())
            if not (years and (number(years.group(1)) or 0) >= 10):
                return match.group()
    return ""


def _clause(text: str, start: int, end: int) -> str:
    """The clause around a span, at most 20 characters to each side."""
    before = _BREAK.split(text[max(0, start - 20) : start])[-1]
    return before + text[start:end] + _BREAK.split(text[end : end + 20])[0]


_RELATIVE = {
    "今": (0, 0),
    "昨": (1, 1),
    "前天": (2, 2),
    "前儿": (2, 2),
    "前日": (2, 2),
    "前晚": (2, 2),
    "大前": (3, 3),
    "刚": (0, 0),
}
_WEEKDAYS = "一二三四五六日"


def period_of(words: str, today: date) -> tuple[date, date | None] | None:
    """(first day, last day or None for "until now") of time words, when they and `today` give it."""
    since = words.startswith(("从", "自", "打")) or words.endswith(("至今", "到现在", "以来", "起"))
    if words.startswith(("每", "天天", "一到")) or any(said in words for said in ("最近", "这几天", "这两天", "近日")):
        return (today - timedelta(days=7), None)
    if week := re.match(r"(大?上+)个?(?:周|星期|礼拜)([一二三四五六日天]?)", words):
        monday = today - timedelta(days=today.weekday() + 7 * (len(week.group(1))))
        if week.group(2):
            day = monday + timedelta(days=_WEEKDAYS.index(week.group(2).replace("天", "日")))
            return (day, day)
        return (monday, monday + timedelta(days=6))
    month = re.search(rf"({_N})月", words)
    if month and (told := number(month.group(1))) and 1 <= told <= 12:
        year = today.year if told <= today.month else today.year - 1
        last = (date(year + told // 12, told % 12 + 1, 1)) - timedelta(days=1)
        return (date(year, told, 1), None if since else last)
    plain = words.removeprefix("从").removeprefix("自")
    if plain.startswith(("今年", "刚好")):
        return None
    for key, (first, last_days) in sorted(_RELATIVE.items(), key=lambda item: -len(item[0])):
        if plain.startswith(key):
            return (today - timedelta(days=first), None if since else today - timedelta(days=last_days))
    return None
