"""What a reporter takes back: 不是一号楼是二号楼, 地址写错了."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Correction:
    """不是 `wrong` 是 `right`; `slot` when the words name the answer that was wrong ("地址写错了"), else empty."""

    wrong: str
    right: str
    slot: str = ""


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
