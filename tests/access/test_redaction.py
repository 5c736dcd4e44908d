"""What is taken out of a reporter's words, and what must stay."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.identity_numbers import check_digit
from access.redaction import MARKS, redact
from tests.access.identity_sentences import score

ID_CARD = "37020219900101" + "123"
ID_CARD += check_digit(ID_CARD)

TAKEN = [
    ("phone", "打13812345678找我", "打［电话］找我"),
    ("phone", "138 1234 5678", "［电话］"),
    ("phone", "138-1234-5678", "［电话］"),
    ("phone", "１３８１２３４５６７８", "［电话］"),
    ("phone", "电话一三八一二三四五六七八。", "电话［电话］。"),
    ("phone", "幺三八幺二三四五六七八", "［电话］"),
    ("phone", "1 3 8 1 2 3 4 5 6 7 8", "［电话］"),
    ("phone", "138一二三四5678", "［电话］"),
    ("phone", "13812345678二十分钟后打", "［电话］二十分钟后打"),
    ("phone", "+86 138 1234 5678", "+［电话］"),
    ("phone", "8613812345678", "［电话］"),
    ("phone", "138\u200b1234\u200b5678", "［电话］"),
    ("phone", "0532-83881234", "［电话］"),
    ("phone", "(0532)8388 1234", "［电话］"),
    ("phone", "我家座机83881234", "我家座机［电话］"),
    ("id_card", f"身份证{ID_CARD}", "身份证［身份证］"),
    ("id_card", f"{ID_CARD[:6]} {ID_CARD[6:14]} {ID_CARD[14:]}", "［身份证］"),
    ("id_card", "37020219900101123x", "［身份证］"),
    ("id_card", "370202900101123", "［身份证］"),
    ("bank_card", "工资卡 6222 0212 3456 7890 128", "工资卡 ［银行卡］"),
    ("bank_card", "卡号622202123456", "卡号［银行卡］"),
    ("email", "写信 li.lei@example.com 给我", "写信 ［邮箱］ 给我"),
    ("email", "ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "［邮箱］"),
    ("wechat", "微信号:lilei_2020", "微信号:［微信］"),
    ("wechat", "加我vx abc12345", "加我vx ［微信］"),
    ("qq", "我QQ是12345678", "我QQ是［QQ］"),
    ("plate", "我的车鲁B·12345被堵了", "我的车［车牌］被堵了"),
    ("plate", "我车牌是鲁BD12345", "我车牌是［车牌］"),
    ("name", "我叫王小明，住在李沧", "我叫［姓名］，住在李沧"),
    ("name", "我叫张海在李沧上班", "我叫［姓名］在李沧上班"),
    ("name", "我名字叫欧阳娜娜", "我名字叫［姓名］"),
    ("name", "我叫阿强，厂里漏气", "我叫［姓名］，厂里漏气"),
    ("name", "我是王建国，举报", "我是［姓名］，举报"),
    ("name", "联系人：李先生", "联系人：［姓名］"),
    ("name", "来电人欧阳焱淼，说门锁着", "来电人［姓名］，说门锁着"),
    ("employment", "我是青岛华光机械厂的员工，安全出口锁着", "［身份］青岛华光机械厂，安全出口锁着"),
    ("employment", "我是这里的工人，要举报", "［身份］这里，要举报"),
    ("employment", "我在华光机械厂上班", "［身份］华光机械厂"),
    ("home", "我家住3号楼2单元501,楼上漏气", "我家住［住址］,楼上漏气"),
    ("email", "13573211234@139.com", "［邮箱］"),
    ("phone", "么三八五三二幺二三四五", "［电话］"),
    ("phone", "1️⃣3️⃣8️⃣5️⃣3️⃣2️⃣1️⃣2️⃣3️⃣4️⃣5️⃣", "［电话］"),
]  # fmt: skip

KEPT = [
    "市北区威海路138号一三八弄3号楼2单元501",
    "李沧区九水路二三八号",
    "罚款1500000元，押金12,500.00元",
    "2026年11月23日15:30发生，2026-11-23 15:30",
    "我的编号是3702-1381-2345，查询码 ABCD-EFGH-JKMN-PQRS",
    "编号 1370-2123-4567",
    "打12350没人接，119和120来过",
    "青岛华光机械有限公司的安全出口锁着",
    "有人在厂里动火，工人没戴安全帽",
    "我叫了119，消防还没来",
    "我叫他停他不停",
    "我叫来警察，我叫保安，我叫人去看",
    "我是高工，我是游客。",
    "我是厂子对面的居民",
    "我在工地门口看到的",
    "我是路人，看见的",
    "我是看到工人在高空作业没系安全带",
    "我看到鲁B12345的油罐车在漏油",
    "统一社会信用代码91370200MA3C123456",
    "浓度0.138毫克，压力1.38兆帕，容积20000立方",
    "液氨储罐3个，每个50立方米",
    "微信群里都在传",
    "电梯编号3110370202201",
    "小区有三百五十户一千二百人",
    "［电话］［身份证］［姓名］",
    "老板电话是13969712345，每天卖散装油",
]

# Whose number it is decides: every doubt is decided for the reporter.
DOUBTS = [
    "老板不让说,13812345678找我",
    "我们公司电话0532-83881234",
    "公司电话13812345678是我的",
    "老板跑了，我电话13812345678",
    "联系我公司电话13812345678",
    "他们厂的人打我电话13812345678威胁",
]


@pytest.mark.parametrize(("kind", "text", "after"), TAKEN)
def test_taken_out(kind, text, after):
    result = redact(text)
    assert result.text == after
    assert [found.kind for found in result.found] == [kind]


@pytest.mark.parametrize("text", KEPT)
def test_stays(text):
    result = redact(text)
    assert result.text == text
    assert result.found == []


@pytest.mark.parametrize("text", DOUBTS)
def test_every_doubt_is_decided_for_the_reporter(text):
    assert [found.kind for found in redact(text).found] == ["phone"]


@pytest.mark.parametrize(("name", "recall", "precision"), [("first", 1, 1), ("second", 1, 0.97), ("third", 0.85, 0.85)])
def test_sentences_as_reporters_write_them(name, recall, precision):
    measured = score(name)
    assert measured["recall"] >= recall and measured["precision"] >= precision, measured


def test_values_are_what_was_written_in_order():
    result = redact("我叫王小明,电话１３８ 1234 5678,微信lilei_2020")
    assert [(f.kind, f.value) for f in result.found] == [
        ("name", "王小明"), ("phone", "１３８ 1234 5678"), ("wechat", "lilei_2020"),
    ]  # fmt: skip


SEPARATORS = st.sampled_from(["", " ", "-", "  ", "."])
DIGIT_FORMS = st.sampled_from(["0123456789", "０１２３４５６７８９", "零一二三四五六七八九"])


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), SEPARATORS, DIGIT_FORMS,
    st.text("举报厂里漏气的,。 火", max_size=20), st.text("举报厂里漏气的,。 火", max_size=20),
)  # fmt: skip
def test_no_mobile_number_survives(number, separator, forms, before, after):
    written = separator.join([number[:3], number[3:7], number[7:]]).translate(str.maketrans("0123456789", forms))
    result = redact(before + written + after)
    assert written not in result.text
    assert "phone" in [found.kind for found in result.found]


@given(st.text(max_size=300))
def test_any_text_redacts_once(text):
    once = redact(text)
    assert redact(once.text).text == once.text


@given(st.from_regex(r"[0-9]{4}-[0-9]{4}-[0-9]{4}", fullmatch=True))
def test_tip_numbers_stay(number):
    assert redact(f"编号{number}。").text == f"编号{number}。"


@pytest.mark.parametrize(
    "unit",
    ["1", "一", "1 ", "a", "a.", "@", "我是", "我在", "我叫", "微信", "厂", "1-", "138 1234 567 ", "我的车", "我是厂"],
)
def test_linear_time(unit):
    def seconds(length):
        text = (unit * length)[:length]
        begun = time.process_time()
        redact(text)
        return time.process_time() - begun

    assert seconds(100_000) < 2


def test_every_kind_has_a_mark():
    assert {kind for kind, _, _ in TAKEN} == set(MARKS)
