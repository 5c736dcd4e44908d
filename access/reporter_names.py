"""Where a reporter gives a name ("我叫王小明") or tells that they work there ("我是某厂的员工").

The company's name stays: the case needs it. Only the words around it go, which tell that an insider reports.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_COMPOUND = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|宇文|司徒|夏侯"
_COMMON = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
# Without those that stand after "我叫" as a word of their own (来, 车, 全, …).
_SURNAMES = (
    _COMMON + "常温康施牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴"
    "霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁房滕屈饶牟艾尤阳穆农司卓古吉缪简项连芦麦褚娄窦戚岑景党宫"
    "费卜冷晏席卫米柏宗瞿桂佟臧闵苟邬边卞姬师仇栾隋刁沙荣巫寇桑甄丛仲虞敖巩佘池查麻苑迟邝官封谈匡鞠惠荆乐"
    "冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘闻位厉伊仝区郜海阚花强帅屠豆朴盖练廉禹井祖漆巴丰卿狄平宣晋云"
    "敬扈晁芮普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭"
)
# Letters that stand in sentences and in no given name.
_NO_GIVEN = "昨今每这那哪的了着过在是不没就都也还很太们吗呢吧什么谁怎几被把让给往到里内外号个只您你我他她它何"
_GIVEN = rf"[^\W\da-zA-Z_{_NO_GIVEN}]"
_NAME = rf"(?:{_COMPOUND}|[{_SURNAMES}]){_GIVEN}"
# After a name of surname and one more character, what may follow: not Chinese, or a word that starts the next clause.
_STOP = r"(?=[^㐀-鿿]|$|[住是在电手身今家想要来我现举反报联的有们从和])"
_END = r"(?=[^㐀-鿿\w]|$)"
_FULL_NAME = rf"(?:{_NAME}{_STOP}|{_NAME}{_GIVEN})"
_WHOLE_NAME = rf"{_NAME}{_GIVEN}?"
_LATIN = r"[A-Za-z][A-Za-z.]{1,20}(?: [A-Za-z][A-Za-z.]{1,20}){0,2}"
_TITLE = "师傅|女士|先生|小姐|同志|经理|主任|老师|阿姨|大爷|大叔|大姐|大哥|工|总|姐|哥|叔"
_TITLED = rf"(?:{_COMPOUND}|[{_SURNAMES}])(?:{_TITLE})|[小老阿大][{_SURNAMES}]"
_RELATIVE = (
    "老公|老婆|爱人|妻子|丈夫|对象|男朋友|女朋友|爸爸?|妈妈?|父亲|母亲|儿子|女儿|哥哥?|弟弟?|姐姐?|妹妹?|叔叔?|舅舅?|姑姑?|"
    "表哥|表弟|堂哥|堂弟|岳父|公公|婆婆|侄子|外甥"
)

_CALLED = re.compile(
    r"(?:我的?(?:名字|姓名|真名|大名)(?:就?[叫是为]|[: ])|(?<![帮给替让])我(?:真名|大名)?叫(?:做)?|本人(?:姓名|名叫|叫)|"
    r"(?:留|写|登记)的?(?:名字|姓名)(?:是|叫)|(?:举报人|联系人|姓名|落款|签名|署名|反映人|投诉人)[: ]|我姓名)[: ]{0,2}"
    rf"({_FULL_NAME}|{_TITLED}|{_LATIN}|[阿小老大][㐀-鿿](?=[^㐀-鿿]|$))"
)
_SURNAME_ONLY = re.compile(rf"(?:我姓|免贵姓)[: ]?({_COMPOUND}|[{_SURNAMES}])(?!什么)")
_I_AM = re.compile(
    rf"(?:我是|本人|举报人|反映人|联系人|来电人|投诉人)[: ]?((?:{_COMPOUND}|[{_COMMON}]){_GIVEN}{{1,2}})(?=[,。;!?、\s(]|$)"
)
_I_AM_TITLED = re.compile(
    rf"(?:我是|我叫|叫我|喊我|请?找|请?联系|咨询|(?<![\u4e00-\u9fff])我)[: ]?({_TITLED})(?=就|即可|[吧啊呀哈]|[,。;!?、\s(0-9]|$)"
)
_CALL_ME = re.compile(
    rf"(?:叫我|喊我|称呼我)[: ]?({_WHOLE_NAME}|{_TITLED}|[小老阿大][㐀-鿿])(?=就|即可|吧|[,。;!?、\s(]|$)"
)
# "我是业主曹国庆": what somebody is, and then the name.
_PERSON = (
    "业主|住户|居民|村民|会计|家属|顾客|员工|工人|职工|保安|司机|老师|家长|学生|店员|服务员|电工|焊工|师傅|租户|群众|市民|"
    "志愿者|网格员|志愿兵|退休干部|书记|护士|医生|保洁|邻居"
)
_I_AM_SOMEBODY = re.compile(
    rf"(?:我是|本人是|本人系|我系)[^,。;!?\n我]{{0,14}}?(?:(?:{_PERSON})({_WHOLE_NAME})|的({_TITLED})|的({_NAME}(?![工员者]){_GIVEN})){_END}"
)
_MY_RELATIVE = re.compile(
    rf"我(?:{_RELATIVE})(?:名?叫|是)?({_WHOLE_NAME}?)(?=[,。;!?、\s(在说昨今前去刚就也被从到跟和]|$)"
)
_NAME_IS = re.compile(
    rf"(?:[Mm]y name is|I am called|[Cc]all me) ({_LATIN})|([A-Z][a-z]{{1,15}}(?: [A-Z][a-z]{{1,15}}){{0,2}}), my (?:phone|number)"
)
# Any other name after 我叫 that ends a clause: of another people, or with a rare surname.
_OTHER_CALLED = re.compile(r"(?<![帮给替让])我叫([㐀-鿿]{2,4}(?:·[㐀-鿿]{2,6})?)(?=[,。;!?\s]|$)")
_NOT_CALLED = re.compile(
    r"[他她它你我人停来去了过着不开下上出起醒住]|什么|谁|保安|物业|警察|消防|急救|外卖|快递|电话|报警|老板|领导|经理|房东|门卫|医生|拖车|代驾|"
    r"滴滴|网约|大家|同事|邻居|朋友|孩子|工友|师傅|班长|队长|主管|厂长|组长|家里"
)
# Words that look like a name after those phrases.
_NO_NAMES = frozenset(
    "路人 高工 东方 房东 房客 安全员 管理员 管道工 水工 游客 司机 师傅 成员 "
    "党员 官方 单位 常客 连长 师生 店主 门卫 白领 平民 乐意 安保 安监 "
    "米厂 海边 花钱 关心 边上 项目 项目部 江边 河边 金店 金融 高中 高管 "
    "高层 马上 万分 陈述 严重 方便 何人 任何 尤其 段长 祝您 温馨 安静 "
    "黄金 汽车 石头 毛坯 白天 金属 白班 夏天 陆续 方面 范围 康复 万一 "
    "常年 常住 何时 谢谢 许多 顾客 程序 程序员 余下 孔雀 潘多拉 成天 时常 "
    "从小 全家 全体 全程 安全 安全科 经常 老师 老乡 高温 高空 黄岛 商场 应急 "
    "平时 成绩 方式 双休 高考 幸好 段时间 孔隙 万幸 于是 单身 单独 包工 包工头 计划 计时工 钱工".split()
)
_ROLES = (
    "(?:老|前|离职|离职的|退休|被辞退的|在职|内部|正式|一线|普通|新|女|男)?"
    "(?:员工|职工|工人|雇员|内部人员|内部人|工作人员|打工的|打工仔|临时工|合同工|农民工|劳务工|安全员|技术员|操作工|班组长|班长|"
    "车间主任|工程师|(?:安全|生产|技术|质量|设备|行政|人事|财务)(?:主管|经理|科长|总监|部长|专员|工程师)|实习生|会计|出纳|司机|保安|服务员|厨师|学徒|主管|质检|仓管|保洁|护士|库管|销售|调度|"
    r"(?:安环|检验|巡检|库管|保管|驾驶|收银|售货|押运|调度|化验|理货|分拣|快递|质检|操作)员|(?!高工)[^\W\da-zA-Z_的一名个员职]{1,3}工)"
)
_ORGANISATION = (
    "公司|企业|工厂|厂|厂子|厂里|店|店里|工地|工地上|车间|车间里|集团|酒店|宾馆|医院|学校|项目|项目部|矿|矿上|站|"
    "仓库|码头|饭店|超市|商场|单位|部|局|化工|机械|铸造|造船|幼儿园|养老院|KTV|网吧"
)
_HERE = "这里|这边|那里|里面|他们|他们家|他们厂|这家|该厂|本厂|该公司|贵单位"
_MIDDLE = "[^,。;!?\\n我看见听找替帮代识]"
_WORKS_AS = re.compile(
    r"(?P<head>(?:(?:我|本人)(?:就|以前|原来|原|现在|之前|曾经|曾)?(?:是|系)|作为|身为))"
    rf"(?:(?:{_HERE}|一名|一个|名|个|[^,。;!?\n我]{{1,30}}?(?:{_ORGANISATION})|{_MIDDLE}{{1,30}}?(?=的))?)"
    rf"(?P<tail>(?:的)?(?:一名|一个|名|个)?{_ROLES})(?=[,。;!?、\s]|$|[在我想要举反])"
)
_WORKS_AT = re.compile(
    rf"(?P<head>(?:我(?:{_RELATIVE})?|本人)(?:就|以前|现在|之前|一直)?在)"
    rf"(?:{_HERE}|[^,。;!?\n我]{{0,30}}?(?:{_ORGANISATION}))"
    rf"(?P<tail>(?:里面|里|这里|这边)?(?:上班|工作|打工|干活|做工(?!程)|(?:当|做|干)(?:过)?{_ROLES}))"
)
# "我是工地上扎钢筋的"
_WORKS_WITH = re.compile(
    rf"(?P<head>(?:我|本人)(?:就|以前|原来|现在|之前)?是)(?:{_HERE}|[^,。;!?\n我]{{0,30}}?(?:{_ORGANISATION}))[上里]?(?:面)?"
    r"(?P<tail>(?:开|扎|烧|干|搞|看|做|打|搬|拉|喷|修|管|扛)[\u4e00-\u9fff]{1,4}的)(?=[,。;!?、\s]|$)"
)


@dataclass(frozen=True)
class NameFound:
    """`start:end` is the whole phrase; `parts` are the pieces to take out of it, the first one gets the mark."""

    kind: str
    start: int
    end: int
    parts: tuple[tuple[int, int], ...]


def names_in(text: str) -> Iterator[NameFound]:
    """`text` with full-width letters and punctuation made plain."""
    for expression in (
        _CALLED, _SURNAME_ONLY, _I_AM, _I_AM_TITLED, _CALL_ME, _I_AM_SOMEBODY, _MY_RELATIVE, _NAME_IS, _OTHER_CALLED,
    ):  # fmt: skip
        for match in expression.finditer(text):
            start, end = match.span(match.lastindex or 0)
            called = match.group(match.lastindex or 0)
            if called in _NO_NAMES or (expression is _OTHER_CALLED and _NOT_CALLED.search(called)):
                continue
            yield _name(start, end)
    for expression in (_WORKS_AS, _WORKS_AT, _WORKS_WITH):
        for match in expression.finditer(text):
            yield NameFound("employment", match.start(), match.end(), (match.span("head"), match.span("tail")))


_BEFORE_NUMBER = re.compile(
    rf"(?:^|[,。;!?、:\s(]|联系|找|联系人|来电人|举报人)({_WHOLE_NAME}|(?:{_COMPOUND}|[{_SURNAMES}]){_GIVEN}{{0,2}}(?:{_TITLE})|{_TITLED})"
    r"[,、:\s(]{0,2}(?:的?(?:联系)?(?:电话|手机|微信)号?码?)?[是为:\s]{0,2}$"
)
_AFTER_NUMBER = re.compile(rf"[,、:\s(]{{1,2}}({_WHOLE_NAME}(?={_END})|{_TITLED})(?=[,。;!?、:\s)]|$)")
_OF_THE_REPORTED = re.compile(r"(?:老板|店主|负责人|法人|厂长|经理|房东|中介|包工头|工头|对方|承包人)[^,。;!?\n]{0,6}$")
_NEAR = 24


def names_near(text: str, numbers: Iterable[tuple[int, int]]) -> Iterator[NameFound]:
    """A name directly before or behind one of the reporter's own numbers is the reporter's."""
    for first, last in numbers:
        before = text[max(0, first - _NEAR) : first]
        if (match := _BEFORE_NUMBER.search(before)) and match.group(1) not in _NO_NAMES:
            start, end = (first - len(before) + at for at in match.span(1))
            if not _OF_THE_REPORTED.search(text[max(0, start - _NEAR) : start]):
                yield _name(start, end)
        if (match := _AFTER_NUMBER.match(text[last : last + _NEAR])) and match.group(1) not in _NO_NAMES:
            yield _name(last + match.start(1), last + match.end(1))


def _name(start: int, end: int) -> NameFound:
    return NameFound("name", start, end, ((start, end),))
