"""Facts that a reporter's sentence states: company, time, still going on, people, machine or substance.

Character by character, never by cut words: a name must not break because a dictionary cut it. Nothing is guessed: what
is not said stays empty. Places are read by `grid.service.Locator`.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Ongoing = Literal["yes", "no", "unknown", ""]


@dataclass(frozen=True)
class Facts:
    """`period` is (first day, last day or None for "until now"), only when the words and `today` give it.

    `injured`, `dead`, `people` are counts; -1 means "some". `things` are machines and substances as written.
    """

    company: str = ""
    happened: str = ""
    period: tuple[date, date | None] | None = None
    ongoing: Ongoing = ""
    injured: int = 0
    dead: int = 0
    people: int = 0
    things: tuple[str, ...] = ()


@dataclass(frozen=True)
class Correction:
    """不是 `wrong` 是 `right`; `slot` when the words name the answer that was wrong ("地址写错了"), else empty."""

    wrong: str
    right: str
    slot: str = ""


def facts_in(text: str, today: date | None = None) -> Facts:
    """All facts of one text; linear in its length."""
    happened = _happened(text)
    return Facts(
        company=company_in(text),
        happened=happened,
        period=_period(happened, today) if happened and today else None,
        ongoing=ongoing_in(text),
        injured=_count(_INJURED, text),
        dead=_count(_DEAD, text),
        people=_count(_PEOPLE, text),
        things=tuple(dict.fromkeys(_THINGS.findall(text)))[:6],
    )


# ---- company

_NAME = r"[一-鿿A-Za-z0-9·&()（）]"
_TRADE = (
    "木业|化工|纺织|食品|电子|塑料|塑胶|建材|机械|铸造|家具|汽修|汽配|服装|制衣|物流|石材|橡胶|钢构|装饰|建筑|建设|海产|水产|冷链|酿酒"
    "|印刷|包装|五金|电镀|喷涂|玻璃|纸业|制药|药业|能源|燃气|矿业|地产|置业|科技|实业|商贸|贸易|粮油|面粉|模具|锻造|轮胎|船舶|重工"
)
_LEGAL = "有限责任公司|股份有限公司|有限公司|分公司|公司|集团|合作社|个体户"
_SITE = (
    "加油站|加气站|气站|充电站|修理厂|修理铺|修车铺|养殖场|屠宰场|采石场|搅拌站|堆场|砖厂|纸厂|石料厂|工厂|厂|大酒店|酒店|宾馆|旅馆|民宿|饭店"
    "|餐馆|饭馆|饺子馆|茶馆|棋牌室|舞厅|火锅店|烧烤店|面馆|酒楼|酒家|食堂|超市|商场|商厦|广场|大厦|市场|批发城|影院|网吧|KTV|酒吧|歌厅|洗浴中心|洗浴|浴池"
    "|幼儿园|小学|中学|学校|学院|医院|诊所|养老院|敬老院|福利院|健身房|游乐场|工地|项目部|项目|矿|冷库|作坊|店|铺"
)
_SUFFIX = re.compile(rf"(?:{_LEGAL}|(?:{_TRADE})(?:{_LEGAL}|厂)?|{_SITE})")
_MAX_NAME = 22
# What stands before a name and is not part of it.
_CUT = re.compile(
    r"(?:街道办事处|街道|办事处|[区县镇乡]|(?<!新)村|社区|[路街道](?:\d{1,4}(?:号|-\d+))?|\d+号|(?<=[一-鿿])号|附近|旁边|旁|对面|隔壁|楼下|楼上|门口|后面|里面|里"
    r"|那边|这边|边上|有个|有家|有一家|一家|一个|这家|那家|某家|几家|这个|那个|个|名叫|叫做?|在|位于|位于|的|是|从|举报|反映|投诉|发现|看到|我们|俺们|咱们|他们|我|俺|咱|你们?"
    r"|他|某|老板|今天|昨天|前天|晚上|刚才|现在|请问|领导|您好|你好|来电人|市民|称|关于|于|到|去|和|跟|与|及|被)"
)
_PROVINCE = re.compile(r"^(?:山东省)?(?:青岛市|烟台市|潍坊市|日照市)(?=.{3})")
_GENERIC = re.compile(
    rf"^(?:{_TRADE}|木器|木材|大型|小型|小|大|私人|黑|无证|家庭|地下|沿街|路边|村办|乡镇|国营|集体|老|新|本|该|贵|有|化肥|农药|造纸|钢铁|水泥|烟花|鞭炮|液化|快递|外卖|代工"
    r"|早餐|快餐|理发|美容|五金|烧烤|火锅|汽车|电动车|修理|施工|工程|物业|建筑|装修|外包|劳务|安全|生产|加工|门|商|网|开|整个|全|多家|两家|很多|附|民|公|外|分|总|母|子|工|厂|店|单位|不知名|冷冻|食用油|矿|煤|金)+$"
)
_NOT_NAMES = re.compile(r"^(?:安全|消防|没有|没|不|无|违|擅自|私自|非法)")


def company_in(text: str) -> str:
    """The name of the unit that is reported, or "" (我们厂, 一家饭店 are no names). The longest legal name wins."""
    best = ""
    for match in _SUFFIX.finditer(text):
        name = _name_before(text, match.start(), match.end())
        if name and (not best or ("公司" in name and "公司" not in best)):
            best = name
    return best


def _name_before(text: str, suffix_start: int, end: int) -> str:
    start = suffix_start
    while start > 0 and suffix_start - start < _MAX_NAME and re.match(_NAME, text[start - 1]):
        start -= 1
    own = text[start:suffix_start]
    cut = 0
    for match in _CUT.finditer(own):
        # A cut that would leave nothing belongs to the name itself (红星路店).
        cut = match.end()
    own = own[cut:].strip("()（）·&")
    own = _PROVINCE.sub("", own) if "公司" not in text[suffix_start:end] else own
    if len(own) < 2 or _GENERIC.match(own) or _NOT_NAMES.match(own):
        return ""
    return own + text[suffix_start:end]


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


# ---- time

_PART = r"(?:早上|早晨|上午|中午|下午|傍晚|晚上|夜里|夜间|半夜|深夜|凌晨|白天|晚|早)"
_NUMBER = r"(?:\d{1,2}|[一二两三四五六七八九十]{1,3})"
_CLOCK = rf"(?:{_NUMBER}(?:点|时)(?:钟)?(?:半|多|来钟|左右|\d{{1,2}}分?)?(?:到{_NUMBER}点)?(?:多|左右)?)"
_DAY = (
    r"(?:今天|今儿|今早|今晚|昨天|昨晚|昨夜|前天|前晚|大前天|这几天|这两天|最近|近期|近来|刚才|刚刚|上周[一二三四五六日天]?|本周|这周|周末|上个星期|上个?月|这个月"
    r"|本月|去年|今年|前几天|前段时间|前不久|"
    + rf"(?:\d{{4}}年)?{_NUMBER}月(?:{_NUMBER}[日号])?|{_NUMBER}[日号](?!楼|门|线)|(?:星期|周|礼拜)[一二三四五六日天])"
)
_HAPPENED = re.compile(
    rf"(?:从|自)(?:{_DAY}){_PART}?(?:以来|开始|起)?(?:到现在)?|每(?:天|晚|周|逢|到)[^，。,;；]{{0,2}}{_PART}?{_CLOCK}?|天天{_PART}?|{_DAY}的?{_PART}?{_CLOCK}?|{_PART}{_CLOCK}"
    rf"|(?:已经)?(?:快|有)?(?:半|好几|几|{_NUMBER}来?多?)(?:个多?)?(?:年|月|星期|周|天)(?:多)?了"
)
_RELATIVE = {"今": (0, 0), "昨": (1, 1), "前天": (2, 2), "前晚": (2, 2), "大前天": (3, 3), "刚": (0, 0)}


def _happened(text: str) -> str:
    found = [match.group() for match in _HAPPENED.finditer(text)]
    return max(found, key=len) if found else ""


def _period(words: str, today: date) -> tuple[date, date | None] | None:
    if words.startswith(("每", "天天")) or "最近" in words or "这几天" in words or "这两天" in words:
        return (today - timedelta(days=7), None)
    if words.startswith("上周") or words.startswith("上个星期"):
        monday = today - timedelta(days=today.weekday() + 7)
        return (monday, monday + timedelta(days=6))
    month = re.search(rf"({_NUMBER})月", words)
    if month and (number := _chinese_number(month.group(1))) and 1 <= number <= 12:
        year = today.year if number <= today.month else today.year - 1
        last = (date(year + number // 12, number % 12 + 1, 1)) - timedelta(days=1)
        return (date(year, number, 1), None if words.startswith(("从", "自")) else last)
    for key, (first, last_days) in sorted(_RELATIVE.items(), key=lambda item: -len(item[0])):
        if words.removeprefix("从").removeprefix("自").startswith(key):
            start = today - timedelta(days=first)
            return (start, None if words.startswith(("从", "自")) else today - timedelta(days=last_days))
    return None


# ---- still going on

_STOPPED = re.compile(
    r"(?:已经?|早就?|都|现在|刚)(?:停(?:工|了|业|产|止)|不干了|拆了|撤了|搬走|走了|关门了?|改好|修好|整改完|处理好|结束了)"
    r"|不干了|停工了|停了(?!电|水)|没在干|没再|不再(?:干|施工|生产)|结束了|过去了|干完了|(?:没有|不|没)(?:继续|持续)|只有那一次|就那一次|修好了|改好了"
)
_GOING_ON = re.compile(
    r"还在|仍在|仍然|还是(?:这样|坏|没|老样|一样)|现在(?:还|也|正|就|一直)|一直(?:都?是?|在|这样|没)|正在|天天|每天|每晚|经常|长期|常年|到现在|至今|没停|还没(?:停|改|修|拆|处理|整改)|继续(?:干|施工|生产|使用|营业)"
    r"|又(?:开|干|接着|继续|恢复|生产|营业)|没人管|照样|照旧|依旧|老样子|就在(?:干|施工|生产)|在持续|持续中"
)


def ongoing_in(text: str) -> Ongoing:
    """yes/no when the words say so; the later statement counts when both are there."""
    stopped = [
        m.start()
        for m in _STOPPED.finditer(text)
        if text[max(0, m.start() - 2) : m.start()][-1:] not in ("没", "未", "不")
    ]
    going = [m.start() for m in _GOING_ON.finditer(text)]
    if not stopped and not going:
        return ""
    return "yes" if max(going, default=-1) > max(stopped, default=-1) else "no"


# ---- people and things

_AMOUNT = r"(\d{1,4}|[一二两三四五六七八九十百几俩仨好]{1,4}|有(?=人|工))"
_INJURED = re.compile(
    rf"{_AMOUNT}(?:多|来)?(?:个|名|位)?(?:工人|人|员工|工友|师傅|孩子)?(?:被?[^，。,没无]{{0,3}})?(?:受伤|伤了|重伤|轻伤|烧伤|砸伤|摔伤|烫伤)|伤了{_AMOUNT}个?人?"
)
_DEAD = re.compile(
    rf"{_AMOUNT}(?:个|名|位)?(?:工人|人|员工|工友)?(?:当场)?(?:死亡|死了|身亡|遇难|去世)|死了{_AMOUNT}(?:个|名)?人?|亡{_AMOUNT}人"
)
_PEOPLE = re.compile(rf"{_AMOUNT}(?:多|来|几)?(?:个|名|号|口)?(?:多)?(?:工人|人|员工|工友|学生|孩子|住户|租客|老人)")
_DENIED = re.compile(r"(?:没有?|无|未)(?:人|任何人|发生)?$")
_THINGS = re.compile(
    r"液化气罐?|煤气罐?|天然气|液氨|氨气|氯气|汽油|柴油|甲醇|酒精|硫酸|盐酸|硝酸|油漆|稀料|香蕉水|硝化棉|烟花爆竹|烟花|鞭炮|炸药|雷管|氧气瓶|乙炔瓶?|丙烷|煤粉|铝粉|面粉|木粉|粉尘"
    r"|锅炉|压力容器|反应釜|储罐|叉车|行车|天车|吊车|起重机|塔吊|施工电梯|电梯|吊篮|脚手架|冲床|剪板机|注塑机|搅拌机|皮带机|切割机|电焊机?|砂轮机|配电箱|电动车|充电桩|消火栓|消防栓|灭火器|喷淋|防火门"
)


def _count(pattern: re.Pattern[str], text: str) -> int:
    for match in pattern.finditer(text):
        if _DENIED.search(text[max(0, match.start() - 4) : match.start()]) or match.group().startswith(("没", "无")):
            continue
        words = next((group for group in match.groups() if group), "")
        return _chinese_number(words) or -1
    return 0


_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "俩": 2, "仨": 3}


def _chinese_number(words: str) -> int | None:
    """十二 → 12, 三 → 3, 二十多 → 20; None when it is no number (几, 好几)."""
    if words.isdecimal():
        return int(words)
    total, digit = 0, 0
    for char in words:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in "十百":
            total += (digit or 1) * (10 if char == "十" else 100)
            digit = 0
        else:
            return None
    return total + digit or None


# ---- corrections

_NOT_BUT = re.compile(
    r"(?:并?不是|不叫|不在)\s*[“\"]?([^，。,；;!！?？\s“”\"]{1,30}?)[”\"]?\s*[，,。；;\s]?\s*(?:而是|应该是|应当是|是|叫|在)\s*[“\"]?([^，。,；;!！?？“”\"]{1,40})"
)
_CHANGE = re.compile(
    r"(?:把|将)\s*[“\"]?([^，。,“”\"]{1,30}?)[”\"]?\s*(?:改成|改为|换成|更正为)\s*[“\"]?([^，。,；;“”\"]{1,40})"
)
_BUT_NOT = re.compile(
    r"(?:^|[，,。\s])(?:应该)?(?:是|叫|在)\s*([^，。,；;不]{1,20})[，,]?(?:不是|不叫|不在)\s*([^，。,；;!！?？]{1,20})"
)
_SHOULD = re.compile(r"(?:应该是|应当是|应是|正确的是|改成|改为|更正为|换成)\s*[“\"]?([^，。,；;“”\"]{1,40})")
_IS = re.compile(r"(?:不对|错了|有误|弄错|写错|说错|记错)[了啦]?[，,。\s]+(?:是|叫|在)?\s*([^，。,；;]{2,40})")
_NAMED = re.compile(
    r"^(?:他们|这个|那个|我说的)?(?:(单位|公司|厂名|店名|企业|名字)|(地址|地点|位置|地方))(?:名称|名字)?(?:应该)?(?:是|叫|在|:|：)\s*([^，。,；;]{2,40})$"
)
_SLOT_WORDS = (
    ("place", re.compile(r"地址|地点|位置|地方|镇|街道|路名|门牌|楼层|哪里")),
    ("company", re.compile(r"公司|单位|厂名|店名|名字|名称|企业")),
    ("ongoing", re.compile(r"还在|停了|继续|停没停")),
    ("photo", re.compile(r"照片|图片")),
    ("contact", re.compile(r"电话|手机|联系方式|号码|联系")),
    ("what", re.compile(r"描述|内容|情况|问题|事情")),
)
_WRONG = re.compile(r"错|不对|有误|改|更正|不准|修改|重新")


def correction_in(text: str) -> Correction | None:
    """What the person takes back, or None. `wrong` and `right` may be empty ("地址写错了")."""
    slot = ""
    if _WRONG.search(text):
        slot = next((name for name, words in _SLOT_WORDS if words.search(text)), "")
    if match := _NOT_BUT.search(text) or _CHANGE.search(text):
        wrong = match.group(1)
        named = next((name for name, words in _SLOT_WORDS if words.fullmatch(wrong)), "")
        return Correction("" if named else wrong, _tidy(match.group(2)), named or slot)
    if match := _NAMED.search(text.strip()):
        return Correction("", _tidy(match.group(3)), "company" if match.group(1) else "place")
    if match := _BUT_NOT.search(text):
        return Correction(_tidy(match.group(2)), _tidy(match.group(1)), slot)
    if match := _SHOULD.search(text) or _IS.search(text):
        return Correction("", _tidy(match.group(1)), slot)
    return Correction("", "", slot) if slot else None


def _tidy(words: str) -> str:
    return re.sub(r"(?:才对|啊|呀|哈|哦|了)+$", "", words.strip(" “”\"'。"))
