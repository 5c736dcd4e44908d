"""How many are hurt, dead, or there. A text is read clause by clause; counts are summed only when it says 又 or 另外.

-1 means "some" (几个, 有人). What nearly happened, may happen, or happened to sheep counts nothing.
"""

import re
from dataclasses import dataclass

from cases.fact_numbers import ABOUT, AMOUNT, SOME, amount

MAX_CLAUSES = 200

_CLAUSES = re.compile(r"[^，。,;；！!？?\s：:]+")

_WHO = (
    r"(?:工人|人员|人(?!家|头|民|行|均[每收产]|工|参|造)|员工|职工|工友|老?师傅|小伙子?|小青年|年轻人|大?学生|小孩|孩子|娃娃?|小朋友|老人家?|老头子?|老太太|老太|老汉|大爷|大妈|大娘|大叔|大婶子?|大嫂|大姐|妇女|女工|男工|童工|女的|男的|女人|男人"
    r"|住户|租客|房客|住客|客人|顾客|食客|游客|乘客|旅客|观众|船员|渔民|水手|司机|驾驶员|矿工|民工|农民工|焊工|电工|瓦工|木工|钳工|油漆工|架子工|装卸工|绑扎工|临时工|小工|杂工|操作工|维修工|护工|保安|保洁|门卫|厨师|厨子|服务员"
    r"|教练|学员|学徒工?|老师|家长|幼儿|婴儿|行人|路人|村民|居民|业主|伙计|同事|劳力|大学生|病人|患者|亲戚|消防员|检修工|[一-鿿]{1,2}工(?![作程地厂业具序期])|(?:[打喂看值干钓卖修开洗扫捡住送焊]\w{0,2})的(?=[，。,\s被让掉全从]|$))"
)
_MEASURE = r"(?:个(?!月|小时|钟|头|多月|星期|礼拜|罐|桶|班(?!组)|口|坑|洞)|名|位|口子?|号(?!楼|线|门|院|场|码|仓|井|库|机|车|炉|罐))"
# 三个工人, 二十多号人, 七人, 俩人
_COUNTED = re.compile(
    rf"({AMOUNT}){ABOUT}(?:{_MEASURE}多?(?:[男女老小]|年轻|外地|本地|包夜|新来|临时|打工|残疾|未成年|大|小){{0,2}}的?{_WHO}|(?:多)?{_WHO})"
)
# 学生二十多个, 一共七个, 摔了七八个
_BARE = re.compile(
    rf"({AMOUNT}){ABOUT}(?:个|名|位|口(?!井|锅|窑|子)|号(?=[，。,\s]|$))(?:多)?(?=[，。,\s被全都没掉轻重受死伤了在的昏晕中破烧摔砸烫一骨还才跑从]|$)"
)
_PAIR = re.compile(
    r"(?:夫妻|两口子|爷俩|娘俩|父子|母子|母女|父女|兄弟|姐妹|师徒)俩|两口子|爷俩|娘俩|我们俩|他们俩|俺们俩"
)
_SOMEBODY = re.compile(r"有(?:个)?(?:工人|人|员工|学生|孩子|工友)|伤了人|人员受伤|伤人")

_BODY = r"(?:手指头?|手指|指头|手臂|手腕|手背|手掌|手(?![机工续套术下])|胳膊|胳臂|小臂|腿|大腿|小腿|脚(?![手架])|脚脖子|脚面|脚趾|脚腕|膝盖|脑袋|脑门|头(?![盔绳皮儿天发]|年)|脸(?!盆)|眼睛?|眼(?=[了睛，。]|$)|下巴|面门|肋骨|肋条|腰(?!带)|脊椎|颈椎|锁骨|盆骨|牙|耳朵|(?<![线铁电胶表树墙瓜纸])皮(?![带管圈鞋])|眉毛|头发|骨头|肩膀|后背|半身|全身|身上|肚子|胸口|鼻子|额头)"
_HURT_WORDS = r"(?:受(?:了)?(?:重|轻)?伤|重伤|轻伤|[烧砸摔烫夹压撞炸割扎划碰电挤绞灼冻刺甩崩打戳磕扭咬轧刮熏致跌]伤|伤了|伤着|伤到|工伤(?!保险|认定|没|不)|骨折|骨裂|昏迷|[晕昏]倒|[晕昏]了|晕过去|昏过去|晕乎|迷糊|[熏呛]倒|[熏呛]晕|中毒|中暑|缺氧|闷倒|送医|送(?:进|到|去|往)?(?:了)?医院|[拉抬进去住](?:进|到|去)?(?:了)?医院|医院去?了|住院|ICU|icu|重症|抢救|救护车|120拉|急救|头破|出血|淌血|流血|血流|满脸血|缝了|截肢|截了|致残|残了|瘫了|触电|电倒|电晕|烧着的|烧得不轻|伤得不轻|摔得不轻|烫得不轻|尘肺|矽肺|职业病|肺部|查出|灼了|过敏|脱了一层皮|起泡|起了泡|[拉抬]走(?=[一两二三四五六七八九十几\d])|缓过来|救过来|被埋|埋了(?!完)|全倒)"
# Done to somebody: 砸着, 绞进去, 掉下来; a person or a part of a body must be there too.
_HARM = r"(?:[砸压烫烧燎崩扎夹撞电磕碰刮蹭绊抽甩打扫划割切剪绞卷缠轧碾铡挤崴喷溅呛熏带拽弹戳捅撕咬炸轰](?:着|中|倒|到|断|掉|碎|烂|破|坏|残|了|没|伤|晕|进去?|住|飞|折)|[绞卷缠掉夹带吸搅轧碾]进[去了]?|[掉摔跌栽坠滚滑]下[来去了]?|[掉摔跌栽](?:进|到|了|倒|沟)|坠落|高坠|溜下来|正中|保不住|没了|麻了|肿了|破了|断了|裂了|折了|废了|磕了|烂了|糊了|熟了|瞎了|聋了|掉了|骨裂|抽筋|起泡|头疼得|受了伤|夹了|扎了|烫了|卷了|绞了|压了|切了|砸了|电了一下)"
_NEAR = re.compile(
    r"差一?点|险些|幸亏没|幸好没|好在没|没(?:有)?(?:人员?)?(?:受|死|被)?(?:伤|死)|没(?:砸|伤|压|碰|烧|烫|电|撞|夹|崩)着?|没有?人|未造成|无人员|没出事|没事故|没啥大事|没大事|虚惊"
    r"|早晚|迟早|万一|要是|如果|假如|容易|怕|小心|否则|说不定|可能会?(?!已)|会(?!议|所|计|馆)|等着|非得|防止|避免|以防|不敢|担心|危险(?!品|化)|假的|谣|乱说|瞎说|别信|砸断了钢|没人伤"
)
_ANIMALS = re.compile(r"[羊牛猪鸡鸭鱼狗猫虾蟹驴马鹅兔参苗树]|庄稼|鸭子|海参|树苗")

_DEAD_VERB = r"(?:死亡|死了|死在|死掉|身亡|遇难|去世|丧命|丧生|毙命|没了(?![手腿胳眼牙])|没救过来|没抢救过来|没救活|没抢救|没挺过来|没缓过来|不治|走了|不行了|断气|没气了|咽气|没了气|没能救)"
_KILLED = r"(?:[砸压电熏淹烧摔闷毒炸撞轧挤夹埋卷绞憋呛烫打冻累掐]死)"
_DEAD = (
    re.compile(rf"[里中](?:头)?(?:走|死|没)了({AMOUNT})个"),
    re.compile(rf"({AMOUNT})条(?:人)?命"),
    re.compile(
        rf"(?:死亡|死者?|亡|遇难|{_KILLED})(?:了|过|的)?(?:是|有|已)?({AMOUNT}){ABOUT}(?:个|名|位|口)?(?![^，。]{{0,3}}伤)"
    ),
    re.compile(
        rf"({AMOUNT}){ABOUT}(?:(?:个|名|位|口)(?:{_WHO})?|{_WHO})(?:[^，。没未无]{{0,6}}?)?(?:{_DEAD_VERB}|{_KILLED})"
    ),
    re.compile(rf"({AMOUNT})(?:人|个)?死(?![角机胡守活板锁死])"),
)
_ONE_DEAD = re.compile(
    rf"{_KILLED}(?:了|过|在)|(?:人|老[一-鿿]|小[一-鿿]|师傅|孩子|[一-鿿]工)(?:已经?|当场|就|直接|第二天|后来|没到医院|送到医院|到医院|在医院|最后|[当今]晚|拉到医院|送医院)*(?:就|都)?{_DEAD_VERB}"
    rf"|没救过来|没抢救过来|没救活|抢救无效|当场(?:就|人)*(?:不行了|没了|死|身亡|断气)|(?:没到|送到|拉到|到了?)医院[^，。]{{0,4}}(?:没了|不行了|死)|盖(?:了|着)白布|送(?:殡仪馆|火葬场)|^死[者的]是?"
)
_SOME_DEAD = re.compile(r"死了人|死了?人了|出了?人命|闹出人命|死过人|有人死|人死了")
_NO_DEATH = re.compile(
    r"没死人|没有死|没死(?!透)|死没死|无人死亡|没有?人死|未死|没出人命|死(?:角|胡同|机|守|活|板|锁|死)|[锁焊堵封钉卡堆顶绑捂关]死|该死|找死|往死|要死|吓死|急死|气死|臭死|难受死|累死累活"
)
# 又拉走一个: one more of the same event.
_MORE = re.compile(r"又|另外|再加|还有")
_SAME_PERSON = re.compile(
    r"^(?:结果|后来|最后|送到医院|到医院|在医院|当场|拉到医院)?(?:人|当场|没救|抢救|没抢救|就|送)"
)
_RETOLD = re.compile(r"前面报|之前报|刚才报|刚才说|前面说|不对$|说错")
_ALONE = re.compile(
    r"(?:就|只|才|仅|只有|光|我|俺)[^，。]{0,4}一(?:个|名|位)|一个(?:人|老头|老太太|女的)[管看守值烧顶盯操开干负]"
)
_NOT_THERE = re.compile(
    r"(?:每|第|哪|限|核载|载客|定员|能坐|能上|够|允许|只能|罚|最多|额定|招|缺|报的|这|那|上[一个])$|不是$"
)
_TAKEN_IN = re.compile(
    rf"(?:上|坐|挤|塞|装|拉|住|睡|站|吊|关|困|来|去|进|下|跳下来|一共|总共|共|是|有|算)了?(?:着)?({AMOUNT}){ABOUT}(?:个|口|号|名)(?=[，。,\s]|$)"
)
_AFTER_NAMES = re.compile(
    rf"{_WHO}(?:一共|总共|大概|有|得有|共)?({AMOUNT}){ABOUT}(?:个|名|号|口|位)(?:多)?(?=[，。,\s]|$)"
)
_COUNT_ONLY = re.compile(rf"^(?:一共|总共|共|大概|得有|有)?({AMOUNT}){ABOUT}(?:个|口|名|号人)$")
_RATIO_HURT = re.compile(rf"({AMOUNT})伤(?!口|害|者)|伤(?:了|者)?({AMOUNT})(?:个|名|位|人)?")


@dataclass
class People:
    """Counts; -1 means some."""

    injured: int = 0
    dead: int = 0
    people: int = 0


def people_in(text: str) -> People:
    """The counts of one text."""
    told = People()
    clauses = [match.group() for match in _CLAUSES.finditer(text)][:MAX_CLAUSES]
    no_death = any(_NO_DEATH.search(clause) and "没死" in clause for clause in clauses) or "是假的" in text
    waiting = 0  # people of the clause before, whose fate the next clause may tell
    for clause in clauses:
        if _RETOLD.search(clause):
            continue
        dead, rest = (0, clause) if no_death else _dead(clause)
        if dead == 1 and told.injured == 1 and not told.dead and _SAME_PERSON.search(clause):
            told.injured = 0  # 从架子上掉下来了，人没了: one and the same
        told.dead = _joined(told.dead, dead, clause)
        denied = bool(_NEAR.search(clause))
        hurt = 0 if denied else _hurt(rest, waiting, bool(dead))
        if dead and hurt > 1 and re.search(r"[里中]头?(?:走|死|没)了", clause):
            hurt -= dead
        told.injured = _joined(told.injured, hurt, clause)
        there = 0 if (dead or hurt) and not hurt == -2 else _there(clause)
        told.people = max(told.people, there) if told.people > 0 or there > 0 else min(told.people, there)
        waiting = there if there else 0
    if told.people == 1 and not any(_ALONE.search(clause) for clause in clauses):
        told.people = 0
    return told


def _joined(before: int, now: int, clause: str) -> int:
    if before > 0 and now > 0 and _MORE.search(clause):
        return before + now
    return max(before, now) if before > 0 or now > 0 else min(before, now)


def _dead(clause: str) -> tuple[int, str]:
    """(how many died, the clause without the words that say so)."""
    if (
        _NEAR.search(clause)
        or _NO_DEATH.search(clause)
        or (_ANIMALS.search(clause) and not re.search(r"人|工|老[李王刘张]", clause))
    ):
        return 0, clause
    for pattern in _DEAD:
        if match := pattern.search(clause):
            return amount(match.group(1)), clause[: match.start()] + "…" + clause[match.end() :]
    if match := _ONE_DEAD.search(clause):
        if re.search(rf"{_BODY}[^，。]{{0,4}}没了", clause) or (match.group().endswith("走了") and "的人" in clause):
            return 0, clause
        return 1, clause[: match.start()] + "…" + clause[match.end() :]
    if match := _SOME_DEAD.search(clause):
        return SOME, clause[: match.start()] + "…" + clause[match.end() :]
    return 0, clause


_HURT = re.compile(_HURT_WORDS)
_HARMED = re.compile(_HARM)
_BODIES = re.compile(_BODY)
_ONE_PERSON = re.compile(
    rf"{_WHO}|老[李王刘张赵陈杨黄周吴徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾于董袁潘蒋蔡余杜叶程苏魏吕丁任卢姚沈姜崔钟谭陆汪范金石廖贾夏韦方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤]"
    r"|小[李王刘张赵陈杨黄周吴徐孙马朱胡林郭高罗郑梁宋唐许韩冯邓曹董袁潘姜崔丁]|[我俺他她](?:老公|对象|老婆|媳妇|爸|妈|哥|弟|姐|妹|闺女|儿子|老伴|叔|舅|姑|姨|孩子|同事|表[哥弟姐妹]|堂[哥弟]|[一-鿿]?夫)|对象|老伴|老公|车主|一个|着我|着人|了人"
)
_THING_HURT = re.compile(r"(?:砸|压|撞|刮|蹭)[了着坏断扁](?:一)?(?:[辆台]|车|高压线|电线|光缆|墙|门|玻璃)")


def _hurt(clause: str, waiting: int, died: bool) -> int:
    """How many are hurt in one clause."""
    sure = _HURT.search(clause)
    harm = _HARMED.search(clause)
    body = _BODIES.search(clause)
    if ratio := _RATIO_HURT.search(clause):
        return amount(ratio.group(1) or ratio.group(2))
    if not sure and not (harm and (body or _ONE_PERSON.search(clause) or _BARE.search(clause))):
        return 0
    if _ANIMALS.search(clause) and not (body or _ONE_PERSON.search(clause)):
        return 0
    if not sure and not body and _THING_HURT.search(clause):
        return 0
    for pattern in (_COUNTED, _BARE):
        for match in pattern.finditer(clause):
            if not _NOT_THERE.search(clause[: match.start()]):
                return amount(match.group(1))
    if pair := re.search(r"(仨|俩)$", clause):
        return amount(pair.group(1))
    if _PAIR.search(clause):
        return 2
    if _SOMEBODY.search(clause) and not body:
        return SOME
    if body or _ONE_PERSON.search(clause):
        return 0 if died and not body else 1
    return waiting if waiting > 0 else 0


def _there(clause: str) -> int:
    """How many people one clause says are there; -1 for some."""
    most = 0
    for pattern in (_COUNTED, _TAKEN_IN, _AFTER_NAMES, _COUNT_ONLY):
        for match in pattern.finditer(clause):
            if _NOT_THERE.search(clause[: match.start()]):
                continue
            count = amount(match.group(1))
            if count == SOME and pattern is not _COUNTED:
                continue
            most = max(most, count) if most > 0 or count > 0 else SOME
    if few := re.search(r"[我俺咱他你]们(仨|俩)|(仨|俩)人", clause):
        most = max(most, amount(few.group(1) or few.group(2)))
    if family := re.search(rf"一家({AMOUNT})口", clause):
        most = max(most, amount(family.group(1)))
    return max(most, 2) if _PAIR.search(clause) else most
