"""Where a reporter gives a name ("我叫王小明") or tells that they work there ("我是某厂的员工").

The company's name stays: the case needs it. Only the words around it go, which tell that an insider reports.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMPOUND = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|宇文|司徒|夏侯"
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹"
    "孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁"
    "尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷"
    "晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟"
    "冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭"
)
_NAME = rf"(?:{_COMPOUND}|[{_SURNAMES}])[㐀-鿿]"
# After a name of surname and one more character, what may follow: not Chinese, or a word that starts the next clause.
_STOP = r"(?=[^㐀-鿿]|$|[住是在电手身今家想要来我现举反报联的有们从和])"
_FULL_NAME = rf"(?:{_NAME}{_STOP}|{_NAME}[㐀-鿿])"
_LATIN = r"[A-Za-z][A-Za-z.]{1,20}(?: [A-Za-z][A-Za-z.]{1,20}){0,2}"

_CALLED = re.compile(
    r"(?:我的?(?:名字|姓名|真名|大名)(?:就?[叫是为]|[: ])|我(?:真名)?叫(?:做)?|本人(?:姓名|名叫|叫)|(?:举报人|联系人|姓名)[: ]|我姓名)[: ]{0,2}"
    rf"({_FULL_NAME}|{_LATIN}|[阿小老大][㐀-鿿](?=[^㐀-鿿]|$))"
)
_SURNAME_ONLY = re.compile(rf"(?:我姓|免贵姓)[: ]?({_COMPOUND}|[{_SURNAMES}])")
_I_AM = re.compile(rf"(?:我是|本人)[: ]?({_NAME}[㐀-鿿]?)(?=[,。;!?、\s(]|$)")
# Words that look like a name after those phrases.
_NO_NAMES = frozenset(
    "路人 高工 房东 车主 安全员 管理员 水工 游客 司机 师傅 老师 大家 家长 家属 小区 来电 来访 成员 党员 官方 单位 常客 全体 连长 师生 和他 "
    "位居民 名工人 房客 店主 门卫 相邻 边上 明白 商户 商家 国企 原住民 应急 海边 花钱 计划 时候 米厂 关心 安保 安监 白领 车间 车队 平民 乐意 "
    "小孩 大人 老板 老人 小工 大爷 大妈 大哥 老乡 小贩 成年人 支持 容易 权利 都市 向着 简单 解决 项目 项目部 管道工 应该 来自 原来 明明".split()
)
_ROLES = (
    "(?:老|前|离职|在职|内部|正式|一线|普通|新|女|男)?(?:员工|职工|工人|雇员|内部人员|内部人|工作人员|打工的|临时工|合同工|农民工|安全员|技术员|操作工|"
    "班组长|班长|车间主任|实习生|会计|出纳|电工|焊工|司机|保安|服务员|厨师|学徒|主管)"
)
_ORGANISATION = (
    "公司|企业|工厂|厂|厂子|厂里|店|店里|工地|工地上|车间|车间里|集团|酒店|宾馆|医院|学校|项目|项目部|矿|矿上|站|仓库|码头|饭店|超市|商场|单位|部|局"
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
