"""The questions of the interview in plain words, each with the reason why it is asked."""

import re
from dataclasses import dataclass

SLOTS = ("what", "place", "company", "ongoing", "photo", "contact")
MISSING = {
    "what": "情况",
    "place": "地点",
    "company": "单位",
    "ongoing": "是否还在继续",
    "photo": "照片",
    "contact": "联系方式",
}
ONGOING_WORDS = {"yes": "还在继续", "no": "已经停止", "unknown": "不清楚"}


@dataclass(frozen=True)
class Question:
    """`buttons` are (title, payload); a payload without a slash is sent as if typed. `tools`: position, map, photo."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    tools: tuple[str, ...] = ()
    why: str = ""


_PLACE_WHY = "（知道地点才能派最近的检查人员；不知道也可以不说）"

QUESTIONS = {
    "what": Question(
        "请用一句话告诉我：哪里、哪家单位、有什么危险？例如“城阳区某某厂的安全出口锁着，里面有几十个工人”。想到什么说什么，我来整理。",
        (), ("photo", "position"),
    ),
    "place": Question(
        "这件事在什么地方？请说区、街道或村，再加路名或附近的标志，也可以点“发送位置”或“在图上点”。" + _PLACE_WHY,
        (("不知道", "/dont_know"),), ("position", "map"), _PLACE_WHY,
    ),
    "company": Question(
        "是哪家单位？招牌上的名字、大家怎么叫它都可以。（检查人员要找对门）", (("不知道", "/dont_know"),),
    ),
    "ongoing": Question(
        "现在还在继续吗？（决定要多快去查）",
        (("还在继续", "/still_going_on"), ("已经停了", "/stopped"), ("不清楚", "/dont_know")),
    ),
    "photo": Question(
        "有照片吗？有就点“发送照片”，可以发几张；没有也能举报。请先保证自己安全，不要为了拍照冒险。（照片能帮检查人员找准位置，拍摄信息会清除）",
        (("没有照片", "/skip"),), ("photo",),
    ),
    "contact": Question(
        "需要核实时可以联系您吗？愿意就直接发电话号码，会单独加密保存，办案的人和被举报单位都看不到；不留也照样办理。（只在说不清地点等情况时才用）",
        (("不留，匿名举报", "/skip"),),
    ),
}  # fmt: skip

AGAIN = {
    "ongoing": "这个情况现在还在继续吗？点一下就行，不清楚也没关系。",
    "photo": "有照片就点“发送照片”，没有就点“没有照片”。",
    "contact": "愿意留电话就直接发号码，不留就点“不留”。",
}

MATTER = {
    "contact": re.compile(r"联系我|打给我|回电|回访|我的?(?:电话|手机|号码|微信)|电话是|手机号?是|可以联系"),
    "their_contact": re.compile(
        r"(?:老板|老总|他|她|他们|负责人|经理|厂长|店主|房东|工头|单位|公司|厂里|店里)(?:家|本人)?的?(?:联系)?(?:电话|手机|号码|微信)"
    ),
    "announces": re.compile(r"补充|追加|再说|再加|添加"),
    "no_contact": re.compile(r"不(?:用|要|想|愿|方便|需要|必)?(?:留|联系|告诉|透露)|匿名|保密"),
    "no_photo": re.compile(r"没(?:有)?(?:拍|照片|图片?)|不让拍|没法拍|拍不了|不会拍|不敢拍"),
}

CURSES = re.compile(r"傻[逼比叉缺]|废物|蠢货|混蛋|王八|他妈|你妈|妈的|操你|草泥马|滚[吧蛋!！]|去死")

# Whose matter it is, by the matter the model names (nlu_data/out_of_scope.yml). None: nothing to report at all.
NUMBERS = {
    "wages": "欠薪、社保、劳动合同等问题请打 12333（人力资源和社会保障）。",
    "consumer": "买东西、退款、价格等消费问题请打 12315（市场监管）。",
    "traffic": "违章、停车、交通事故请打 122；道路运输和公交出租问题请打 12328。",
    "noise": "噪音扰民请打 12345（政务服务热线）；夜里吵闹也可以打 110。",
    "property": "物业、漏水、邻里问题请打 12345（政务服务热线）。",
    "refuse": "垃圾、卫生问题请打 12345（政务服务热线）。",
    "education": "学校、培训问题请打 12345（政务服务热线）。",
    "environment": "污水、废气等污染问题请打 12369 或 12345。",
    "planning": "违建、规划问题请打 12345（政务服务热线）。",
    "government": "政府办事、政策咨询请打 12345（政务服务热线）。",
    "suggestion": "意见和建议请打 12345（政务服务热线）。",
    "near_miss": "这件事看起来不属于安全生产举报，可以打 12345（政务服务热线）问问。",
}
NUMBER_OF_ALL = "这里受理安全生产方面的举报。其他问题请打 12345；着火打 119，有人受伤打 120，违法犯罪打 110。"
