"""Where a reporter gives a name ("我叫王小明") or tells that they work there ("我是某厂的员工").

The company's name stays: the case needs it. Only the words around it go, which tell that an insider reports.
"""

import re
from collections.abc import Iterator
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
_NAME = rf"(?:{_COMPOUND}|[{_SURNAMES}])[㐀-鿿]"
# After a name of surname and one more character, what may follow: not Chinese, or a word that starts the next clause.
_STOP = r"(?=[^㐀-鿿]|$|[住是在电手身今家想要来我现举反报联的有们从和])"
_FULL_NAME = rf"(?:{_NAME}{_STOP}|{_NAME}[㐀-鿿])"
_LATIN = r"[A-Za-z][A-Za-z.]{1,20}(?: [A-Za-z][A-Za-z.]{1,20}){0,2}"

_CALLED = re.compile(
    r"(?:我的?(?:名字|姓名|真名|大名)(?:就?[叫是为]|[: ])|我(?:真名)?叫(?:做)?|本人(?:姓名|名叫|叫)|"
    r"(?:举报人|联系人|姓名)[: ]|我姓名)[: ]{0,2}"
    rf"({_FULL_NAME}|{_LATIN}|[阿小老大][㐀-鿿](?=[^㐀-鿿]|$))"
)
_SURNAME_ONLY = re.compile(rf"(?:我姓|免贵姓)[: ]?({_COMPOUND}|[{_SURNAMES}])")
_I_AM = re.compile(rf"(?:我是|本人)[: ]?((?:{_COMPOUND}|[{_COMMON}])[㐀-鿿]{{1,2}})(?=[,。;!?、\s(]|$)")
# Words that look like a name after those phrases.
_NO_NAMES = frozenset(
    "路人 高工 房东 房客 安全员 管理员 管道工 水工 游客 司机 师傅 成员 "
    "党员 官方 单位 常客 连长 师生 店主 门卫 白领 平民 乐意 安保 安监 "
    "米厂 海边 花钱 关心 边上 项目 项目部 江边 河边 金店 金融 高中 高管 "
    "高层 马上 万分 陈述 严重 方便 何人 任何 尤其 段长 祝您 温馨 安静 "
    "黄金 汽车 石头 毛坯 白天 金属 白班 夏天 陆续 方面 范围 康复 万一 "
    "常年 常住 何时 谢谢 许多 顾客 程序 程序员 余下 孔雀 潘多拉".split()
)
_ROLES = (
    "(?:老|前|离职|在职|内部|正式|一线|普通|新|女|男)?"
    "(?:员工|职工|工人|雇员|内部人员|内部人|工作人员|打工的|临时工|合同工|农民工|安全员|技术员|操作工|班组长|班长|"
    "车间主任|实习生|会计|出纳|电工|焊工|司机|保安|服务员|厨师|学徒|主管)"
)
_ORGANISATION = (
    "公司|企业|工厂|厂|厂子|厂里|店|店里|工地|工地上|车间|车间里|集团|酒店|宾馆|医院|学校|项目|项目部|矿|矿上|站|"
    "仓库|码头|饭店|超市|商场|单位|部|局"
)
_WORKS_AS = re.compile(
    r"(?P<head>(?:我|本人)(?:就|以前|原来|现在|之前|曾经)?(?:是|系))"
    rf"(?:(?:这里|这边|那里|里面|他们|他们家|这家|该厂|本厂|一名|一个|名|个|[^,。;!?\n我]{{1,30}}?(?:{_ORGANISATION}))?)"
    rf"(?P<tail>(?:的)?(?:一名|一个|名|个)?{_ROLES})(?=[,。;!?、\s]|$|[在我想要举反])"
)
_WORKS_AT = re.compile(
    r"(?P<head>(?:我|本人)(?:就|以前|现在|之前|一直)?在)"
    rf"(?:这里|这边|那里|里面|他们家|他们那|这家|[^,。;!?\n我]{{1,30}}?(?:{_ORGANISATION}))"
    r"(?P<tail>(?:里面|里|这里|这边)?(?:上班|工作|打工|干活|做工))"
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
    for expression in (_CALLED, _SURNAME_ONLY, _I_AM):
        for match in expression.finditer(text):
            start, end = match.span(1)
            if match.group(1) not in _NO_NAMES:
                yield NameFound("name", start, end, ((start, end),))
    for expression in (_WORKS_AS, _WORKS_AT):
        for match in expression.finditer(text):
            yield NameFound("employment", match.start(), match.end(), (match.span("head"), match.span("tail")))
