import json
from io import StringIO

import pytest

from rewards.assess import Assessment, IncompleteFacts, assess
from rewards.batch import reward_lines
from rewards.rules import AccidentLevel, DraftRuleSet, UnknownRuleSet, UnknownTrack, UpliftOrder, rule_set, rule_sets

# The first two are published cases; the others follow from the rule's text. Amounts in yuan.
CASES = [
    ("河南泌阳瞒报4人", "national_2018", "concealed_accident", {"deaths": 4, "accident_level": "larger"}, 160000),
    ("浙江嵊州电焊无证罚12000", "national_2018", "major_hazard", {"penalty": 12000}, 3000),
    ("上限", "national_2018", "illegal_production", {"penalty": 2_500_000}, 300000),
    ("一般瞒报2人", "national_2018", "concealed_accident", {"deaths": 2, "accident_level": "general"}, 60000),
    ("较大瞒报8人封顶", "national_2018", "concealed_accident", {"deaths": 8, "accident_level": "larger"}, 300000),
    ("山东罚80000", "shandong_2021", "major_or_illegal", {"penalty": 80000}, 40000),
    ("山东罚80000员工", "shandong_2021", "major_or_illegal", {"penalty": 80000, "employee": True}, 48000),
    ("山东罚6000", "shandong_2021", "major_or_illegal", {"penalty": 6000}, 5000),
    ("山东罚1200000员工封顶", "shandong_2021", "major_or_illegal", {"penalty": 1_200_000, "employee": True}, 500000),
    ("刚好到下限", "national_2018", "major_hazard", {"penalty": 20000}, 3000),
    ("刚好到上限", "national_2018", "major_hazard", {"penalty": 2_000_000}, 300000),
    ("没有罚款", "national_2018", "major_hazard", {"penalty": 0}, 3000),
    ("国家规则不上浮", "national_2018", "major_hazard", {"penalty": 100_000, "employee": True}, 15000),
    ("特别重大1人", "national_2018", "concealed_accident", {"deaths": 1, "accident_level": "extra"}, 60000),
    ("重大3人", "national_2018", "concealed_accident", {"deaths": 3, "accident_level": "major"}, 150000),
    ("山东瞒报8人员工", "shandong_2021", "concealed_accident",
     {"deaths": 8, "accident_level": "larger", "employee": True}, 384000),
    ("崂山公共", "laoshan_public", "public_general", {}, 200),
    ("崂山公共严重", "laoshan_public", "public_serious", {}, 2000),
    ("崂山罚款", "laoshan_public", "major_or_illegal", {"penalty": 30000}, 15000),
    ("燃气一般", "laoshan_gas", "general_hazard", {"chosen": 800, "reason": "胶管超长"}, 800),
    ("列明情形二档", "shandong_2021", "listed_case", {"tier": 2, "reason": "附件第3项"}, 300000),
    ("市监一级", "market_supervision_2021", "level1", {"penalty": 1_000_000}, 50000),
    ("市监二级下限", "market_supervision_2021", "level2", {"penalty": 10_000}, 3000),
    ("市监三级无罚没款", "market_supervision_2021", "level3", {"penalty": 0}, 1000),
    ("市监一级封顶", "market_supervision_2021", "level1", {"penalty": 30_000_000}, 1_000_000),
]  # fmt: skip


def run(rule, track, facts, **more) -> Assessment:
    facts = dict(facts)
    for name, field in (("penalty", "penalty_fen"), ("chosen", "chosen_fen")):
        if name in facts:
            facts[field] = facts.pop(name) * 100
    return assess(rule_set(rule), track, **facts, **more)


@pytest.mark.parametrize(("name", "rule", "track", "facts", "expected"), CASES, ids=[case[0] for case in CASES])
def test_cases(name, rule, track, facts, expected):
    result = run(rule, track, facts)
    assert result.amount_fen == expected * 100
    assert result.steps[-1] == f"奖金 ¥{expected:,}.00"
    assert result.article and rule_set(rule).title in result.rule
    json.dumps(result.to_document())


def test_the_arithmetic_can_be_followed_line_by_line():
    result = run("national_2018", "major_hazard", {"penalty": 12000})
    assert result.steps == ("行政处罚金额 ¥12,000.00 × 15% = ¥1,800.00", "低于下限，按下限 ¥3,000.00", "奖金 ¥3,000.00")
    assert result.article == "第十一条第（一）项"


@pytest.mark.parametrize(
    ("order", "penalty", "yuan"),
    [
        (UpliftOrder.BEFORE_FLOOR, 6000, 5000),
        (UpliftOrder.AFTER_FLOOR, 6000, 6000),
        (UpliftOrder.AFTER_CAP, 6000, 6000),
        (None, 6000, 6000),
        (UpliftOrder.AFTER_CAP, 2_000_000, 500_000),
    ],
)
def test_the_order_of_the_workers_extra_is_a_parameter(order, penalty, yuan):
    facts = {"penalty": penalty, "employee": True}
    assert run("shandong_2021", "major_or_illegal", facts, uplift_order=order).amount_fen == yuan * 100


def test_rounding_happens_once_at_the_end():
    result = assess(rule_set("national_2018"), "major_hazard", penalty_fen=2_000_003)  # 15 % = 300,000.45 fen
    assert result.amount_fen == 300_000
    assert result.steps[1] == "¥3,000.0045 四舍五入到分 = ¥3,000.00"
    assert assess(rule_set("national_2018"), "major_hazard", penalty_fen=2_000_010).amount_fen == 300_002


@pytest.mark.parametrize(
    ("rule", "track", "facts", "field"),
    [
        ("national_2018", "major_hazard", {}, "penalty_yuan"),
        ("national_2018", "major_hazard", {"penalty": -1}, "penalty_yuan"),
        ("national_2018", "concealed_accident", {"accident_level": "larger"}, "deaths"),
        ("national_2018", "concealed_accident", {"deaths": 0, "accident_level": "larger"}, "deaths"),
        ("national_2018", "concealed_accident", {"deaths": 10**9, "accident_level": "larger"}, "deaths"),
        ("national_2018", "concealed_accident", {"deaths": 2}, "accident_level"),
        ("national_2018", "concealed_accident", {"deaths": 2, "accident_level": "huge"}, "accident_level"),
        ("laoshan_gas", "general_hazard", {}, "chosen_yuan"),
        ("laoshan_gas", "general_hazard", {"chosen": 499, "reason": "x"}, "chosen_yuan"),
        ("laoshan_gas", "general_hazard", {"chosen": 5001, "reason": "x"}, "chosen_yuan"),
        ("laoshan_gas", "general_hazard", {"chosen": 500, "reason": "  "}, "reason"),
        ("shandong_2021", "listed_case", {}, "tier"),
        ("shandong_2021", "listed_case", {"tier": 4, "reason": "x"}, "tier"),
        ("shandong_2021", "listed_case", {"tier": 1}, "reason"),
    ],
)
def test_missing_or_impossible_facts_name_their_field(rule, track, facts, field):
    with pytest.raises(IncompleteFacts) as refused:
        run(rule, track, facts)
    assert refused.value.field == field


def test_conditions_are_named_with_the_answers_given():
    answers = {"verified": True, "earliest": False}
    result = run("shandong_2021", "listed_case", {"tier": 1, "reason": "x"}, answers=answers)
    met = {each.id: each.met for each in result.conditions}
    assert met["verified"] is True and met["earliest"] is False and met["not_known"] is None
    assert "not_fire" not in met, "a condition of other tracks does not belong here"
    assert [each.id for each in result.unmet] == ["earliest"]
    assert result.amount_fen == 50_000_000, "an unmet condition never changes the amount by itself"


def test_notes_point_at_what_a_person_should_check():
    assert "接替" in run("shandong_2021", "major_or_illegal", {"penalty": 1}).notes[0]
    assert "请核对" in run("national_2018", "concealed_accident", {"deaths": 4, "accident_level": "general"}).notes[0]
    assert "财政" in run("market_supervision_2021", "level1", {"penalty": 10_000_000}).notes[0]
    assert run("national_2018", "major_hazard", {"penalty": 1}).notes == ()


def test_drafts_and_unknown_rules_are_refused_with_a_reason():
    for each in rule_sets().values():
        if each.status == "draft":
            with pytest.raises(DraftRuleSet, match=each.missing[0]):
                assess(each, "major_hazard")
    with pytest.raises(DraftRuleSet, match="草稿"):
        rule_set("shandong_2025")
    with pytest.raises(UnknownRuleSet, match="national_2018"):
        rule_set("shandong_1999")
    with pytest.raises(UnknownTrack, match="concealed_accident"):
        assess(rule_set("national_2018"), "hazard")


def lines(*rows) -> list[dict]:
    out = StringIO()
    reward_lines([row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows], out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_batch_answers_every_line_in_order():
    good = {"id": "a", "rule_set": "national_2018", "track": "major_hazard", "penalty_yuan": 12000, "deaths": None,
            "accident_level": None, "employee": False}  # fmt: skip
    answers = lines(good, "", {**good, "id": 7, "penalty_yuan": 100000.10})
    assert answers[0] == {
        "id": "a",
        "amount_fen": 300000,
        "rule": "national_2018 《安全生产领域举报奖励办法》（安监总财〔2018〕19号） 举报重大事故隐患",
        "article": "第十一条第（一）项",
        "arithmetic": "行政处罚金额 ¥12,000.00 × 15% = ¥1,800.00；低于下限，按下限 ¥3,000.00；奖金 ¥3,000.00",
    }
    assert (answers[1]["id"], answers[1]["amount_fen"]) == (7, 1500002)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"penalty_yuan": "12000"}, "penalty_yuan"),
        ({"penalty_yuan": "一万二"}, "penalty_yuan"),
        ({"penalty_yuan": -5}, "penalty_yuan"),
        ({"penalty_yuan": None}, "penalty_yuan"),
        ({"penalty_yuan": 0.001}, "penalty_yuan"),
        ({"penalty_yuan": 1e300}, "penalty_yuan"),
        ({"penalty_yuan": True}, "penalty_yuan"),
        ({"penalty_yuan": {"$gt": 0}}, "penalty_yuan"),
        ({"track": "concealed_accident"}, "accident_level"),
        ({"track": "concealed_accident", "accident_level": "general", "deaths": -1}, "deaths"),
        ({"track": "concealed_accident", "accident_level": "general", "deaths": 1.5}, "deaths"),
        ({"track": "concealed_accident", "accident_level": "general", "deaths": "2"}, "deaths"),
        ({"track": None}, "track"),
        ({"track": 3}, "track"),
        ({"track": "?"}, "track"),
        ({"rule_set": "shandong_2025"}, "rule_set"),
        ({"rule_set": "nope"}, "rule_set"),
        ({"rule_set": None}, "rule_set"),
        ({"employee": "true"}, "employee"),
        ({"penalty": 3}, "penalty"),
    ],
)
def test_a_bad_line_names_its_field_and_the_next_goes_on(change, field):
    good = {"id": "x", "rule_set": "national_2018", "track": "major_hazard", "penalty_yuan": 12000}
    bad, after = lines({**good, **change}, good)
    assert (bad["id"], bad["field"]) == ("x", field)
    assert any("一" <= letter <= "鿿" for letter in bad["error"])
    assert "amount_fen" not in bad and after["amount_fen"] == 300000


@pytest.mark.parametrize("line", ["{", "[]", "3", "\x00", '{"id":1,"penalty_yuan":NaN}', "[" * 100_000, '{"id":[1]}',
                                  '{"penalty_yuan":' + "9" * 5000 + "}"])  # fmt: skip
def test_a_line_that_is_no_object_is_refused(line):
    (answer,) = lines(line)
    assert answer["id"] is None and answer["error"]


def test_every_rule_file_is_complete():
    sets = rule_sets()
    assert {key for key, each in sets.items() if each.status == "verified"} == {
        "national_2018", "shandong_2021", "laoshan_public", "laoshan_gas", "market_supervision_2021",
    }  # fmt: skip
    for each in sets.values():
        assert each.superseded_by is None or each.superseded_by in sets
        assert each.effective_from or each.dating or each.status == "draft", f"{each.id} does not say when it applies"


def test_levels_have_their_statutory_order():
    amounts = rule_set("national_2018").track("concealed_accident").per_death_yuan
    assert [amounts[level] for level in AccidentLevel] == sorted(amounts.values())
