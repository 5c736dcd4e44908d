"""Whose telephone is it? A number of the firm or person that is reported is evidence and stays in the text.

It stays only when the words directly before it say so ("老板电话", "广告上写着", "送气热线"). Every doubt is decided for the
reporter: the number goes to the vault.
"""

import re

# How far back the words are looked for, within the same clause.
_FAR = 26
_CLAUSE = re.compile(r"[,。;!?、\n](?=[^,。;!?、\n]*$)")
_PERSON = (
    "老板娘?|老总|店主|店长|负责人|经理|厂长|矿长|队长|工头|包工头|承包人|房东|中介|对方|法人|法人代表|卖家|商家|主任|"
    "他们?|她们?|[卖送收运][^,。我]{1,6}的"
)
_FIRM = (
    "(?<!我)(?<!我们)(?<!本)(?<!咱)(?<!咱们)(?:公司|单位|工厂|厂里|厂家|店里|饭店|酒店|超市|商场|工地|学校|幼儿园|医院|物业|维保|"
    "前台|门卫室|售楼处|加油站|项目部)"
)
_NOTICE = (
    "招牌|门头|门口|墙上|墙面|广告|名片|传单|海报|车身|车上|横幅|条幅|告示|公告|通知|朋友圈|网上|标签|包装|牌子|贴纸"
)
_PURPOSE = (
    "送气|订气|订购|订货|订餐|订|招工|招聘|招租|客服|服务|维修|报修|维保|投诉|值班|销售|售后|租房|办证|预约|预订|外卖|咨询|送油|"
    "送货|加盟|培训|报名|公示|官方|企业|抢修|应急|监督|救援|值守|举报"
)
_DEVICE = "(?:联系)?(?:电话|手机|号码|热线|座机|联系方式|微信|[Vv]信|[Vv][Xx]|[Qq][Qq]|扣扣|邮箱|卡号|账号|账户|支付宝)(?:号码?|上|里)?"
_SAYS = (
    "(?:的|上|里|上面|里面|留的?|留下的?|写着?的?|写明的?|印着?的?|贴着?的?|喷着?的?|说|是|给的?|本人|家|用的?){0,4}"
)
_THEIRS = re.compile(
    rf"(?:(?:{_PERSON}|{_FIRM}|{_NOTICE}){_SAYS}[\u4e00-\u9fff]{{0,4}}?(?:{_PURPOSE})?{_DEVICE}"
    rf"|(?:{_PURPOSE})(?:{_DEVICE}|请?(?:拨打?|致电|打|联系))|(?:找|打给?|联系)(?:他|她|老板|经理|对方))[是为:,(\s]{{0,3}}$"
)
_OURS = re.compile(
    r"(?:我的|我自己|本人|我家|我们家|我[电手微座号邮QqVv扣卡]|联系我|找我|打我|加我|打给我|我是|我叫|我姓|"
    r"我(?:老公|老婆|爱人|妻子|丈夫|爸|妈|儿子|女儿|哥|弟|姐|妹))"
)
_OURS_AFTER = re.compile(r"[号,(\s]{0,2}(?:找我|打我|是我|我的|联系我|加我|我姓|我叫|我接|这是我)")


def belongs_to_the_reported(plain: str, kind: str, start: int, end: int) -> bool:
    """`plain[start:end]` is a number or account; `plain` has full-width forms made plain."""
    if kind not in ("phone", "wechat", "qq", "email", "bank_card"):
        return False
    before = plain[max(0, start - _FAR) : start].rstrip(" :,(")
    if cut := _CLAUSE.search(before):
        before = before[cut.end() :]
    if _OURS.search(before) or _OURS_AFTER.match(plain[end : end + 8]):
        return False
    return _THEIRS.search(before) is not None
