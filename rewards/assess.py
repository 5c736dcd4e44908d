"""What a reward is worth, and why: a pure function from rule and facts to an amount with every step in Chinese.

Arithmetic is exact: rates are whole basis points, amounts are fractions of a fen until the last line, where the result
is rounded once, half up to a whole fen (四舍五入到分). The result is meant to be shown to the reporter as it stands.

Nobody is refused here. A condition that is not met is named; the decision belongs to an officer (see claims.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, assert_never

from rewards import rules
from rewards.money import MAX_FEN, Fen, exact_yuan, round_to_fen, yuan
from rewards.rules import AccidentLevel, EmployeeUplift, RuleSet, Track, UpliftOrder, percent, ratio
from store.errors import Refusal

MAX_DEATHS = 10_000

# 《生产安全事故报告和调查处理条例》 article 3: the fewest deaths that no longer fit the grade.
_DEATHS_BELOW = {AccidentLevel.GENERAL: 3, AccidentLevel.LARGER: 10, AccidentLevel.MAJOR: 30}


class IncompleteFacts(Refusal):
    """A number or choice that this track needs is missing or cannot be right; `field` names it."""


@dataclass(frozen=True)
class Facts:
    """What was found out. Only what the track asks for is read; the rest may stay None.

    `chosen_fen` and `reason` belong to a range, `tier` (from 1) and `reason` to listed cases, `special_fen` and
    `special_reason` to a special reward on top.
    """

    penalty_fen: Fen | None = None
    deaths: int | None = None
    accident_level: AccidentLevel | str | None = None
    employee: bool = False
    chosen_fen: Fen | None = None
    tier: int | None = None
    reason: str = ""
    special_fen: Fen | None = None
    special_reason: str = ""


@dataclass(frozen=True)
class ConditionAnswer:
    """A condition of the rule. `met` is None until a person has answered."""

    id: str
    text: str
    article: str
    met: bool | None = None


@dataclass(frozen=True)
class Assessment:
    """`rule` and `article` say where the amount comes from, `steps` how, in lines of Chinese.

    `rule_digest` is the version of the rule set that was used.
    """

    rule_set: str
    track: str
    amount_fen: Fen
    rule: str
    article: str
    steps: tuple[str, ...]
    conditions: tuple[ConditionAnswer, ...]
    notes: tuple[str, ...] = ()
    facts: Facts = field(default_factory=Facts)
    rule_digest: str = ""
    claim_days: int = 60

    @property
    def arithmetic(self) -> str:
        return "；".join(self.steps)

    @property
    def unmet(self) -> tuple[ConditionAnswer, ...]:
        return tuple(each for each in self.conditions if each.met is False)

    def to_document(self) -> dict[str, Any]:
        """For the store: plain dicts, lists, str, int, bool and None."""
        document = asdict(self)
        for key in ("steps", "notes", "conditions"):
            document[key] = list(document[key])
        level = document["facts"]["accident_level"]
        document["facts"]["accident_level"] = None if level is None else str(level)
        return document


def assess(
    rule_set: RuleSet,
    track: str,
    penalty_fen: Fen | None = None,
    deaths: int | None = None,
    accident_level: AccidentLevel | str | None = None,
    employee: bool = False,
    *,
    chosen_fen: Fen | None = None,
    tier: int | None = None,
    reason: str = "",
    answers: Mapping[str, bool] | None = None,
    uplift_order: UpliftOrder | None = None,
    special_fen: Fen | None = None,
    special_reason: str = "",
    filed_on: date | None = None,
) -> Assessment:
    """Assess one reward.

    `answers` maps ids of the rule's conditions to a person's yes or no. `uplift_order` overrides where the rule set
    puts the workers' extra (before the floor, after it, after the cap). `filed_on` is compared with the rule's dates.
    Raises `DraftRuleSet`, `UnknownTrack`, or `IncompleteFacts` with the field at fault.
    """
    chosen_track = rule_set.usable().track(track)
    facts = Facts(
        penalty_fen, deaths, accident_level, employee, chosen_fen, tier, reason.strip(), special_fen or None,
        special_reason.strip(),
    )  # fmt: skip
    steps: list[str] = []
    base, floor, cap = _standard(chosen_track, facts, steps)
    amount = _bounded(base, floor, cap, rule_set.uplift if employee else None, uplift_order, steps)
    if employee and rule_set.uplift is None:
        steps.append("本规则没有写明从业人员举报的上浮比例，不上浮")
    fen = round_to_fen(amount)
    if fen != amount:
        steps.append(f"{exact_yuan(amount)} 四舍五入到分 = {yuan(fen)}")
    articles = [chosen_track.article]
    if employee and rule_set.uplift is not None:
        articles.append(rule_set.uplift.article)
    if facts.special_fen:
        fen = _with_special(rule_set, facts, fen, steps)
        assert rule_set.special is not None, "a special reward without a rule was refused"
        articles.append(rule_set.special.article)
    steps.append(f"奖金 {yuan(fen)}")
    return Assessment(
        rule_set=rule_set.id,
        track=chosen_track.id,
        amount_fen=fen,
        rule=f"{rule_set.citation} {chosen_track.title}",
        article="；".join(articles),
        steps=tuple(steps),
        conditions=_conditions(rule_set, chosen_track, answers or {}),
        notes=tuple(_notes(rule_set, chosen_track, facts, fen, filed_on)),
        facts=facts,
        rule_digest=rule_set.digest,
        claim_days=rule_set.claim_days,
    )


Bounds = tuple[Fraction, Fen | None, Fen | None]
"""The amount before any bound, the floor and the cap."""


def _standard(track: Track, facts: Facts, steps: list[str]) -> Bounds:
    match track:
        case rules.RateOfPenalty():
            penalty = _penalty(facts, track.base)
            amount = penalty * ratio(track.rate)
            steps.append(f"{track.base} {yuan(penalty)} × {percent(track.rate)} = {exact_yuan(amount)}")
            return amount, Fen(track.floor_yuan), Fen(track.cap_yuan)
        case rules.PerDeath():
            level, deaths = _level(facts), _deaths(facts)
            each = track.per_death_yuan[level]
            steps.append(f"{rules.LEVEL_NAMES[level]}每查实 1 人 {yuan(each)} × {deaths} 人 = {yuan(each * deaths)}")
            return Fraction(each * deaths), None, Fen(track.cap_yuan)
        case rules.FixedAmount():
            steps.append(f"定额 {yuan(track.amount_yuan)}")
            return Fraction(track.amount_yuan), None, None
        case rules.ChosenInRange():
            chosen = _chosen(facts, track)
            steps.append(
                f"幅度 {yuan(track.floor_yuan)} 至 {yuan(track.cap_yuan)}，"
                f"经办人核定 {yuan(chosen)}，理由：{facts.reason}"
            )
            return Fraction(chosen), None, None
        case rules.Tier():
            number = _tier(facts, track)
            amount_fen = track.tiers_yuan[number - 1]
            steps.append(f"列明情形第 {number} 档 {yuan(amount_fen)}，理由：{facts.reason}")
            return Fraction(amount_fen), None, None
        case _:
            assert_never(track)


def _bounded(
    amount: Fraction,
    floor: Fen | None,
    cap: Fen | None,
    uplift: EmployeeUplift | None,
    order: UpliftOrder | None,
    steps: list[str],
) -> Fraction:
    """Apply floor, workers' extra and cap in the order the rule asks for."""
    order = (order or uplift.order) if uplift else None
    if uplift and order is UpliftOrder.BEFORE_FLOOR:
        amount = _raised(amount, uplift, steps)
    if floor is not None and amount < floor:
        steps.append(f"低于下限，按下限 {yuan(floor)}")
        amount = Fraction(floor)
    if uplift and order is UpliftOrder.AFTER_FLOOR:
        amount = _raised(amount, uplift, steps)
    if cap is not None and amount > cap:
        steps.append(f"高于上限，按上限 {yuan(cap)}")
        amount = Fraction(cap)
    if uplift and order is UpliftOrder.AFTER_CAP:
        amount = _raised(amount, uplift, steps)
    if uplift and uplift.cap_yuan is not None and amount > uplift.cap_yuan:
        steps.append(f"上浮后高于最高限额，按最高限额 {yuan(uplift.cap_yuan)}")
        amount = Fraction(uplift.cap_yuan)
    return amount


def _raised(amount: Fraction, uplift: EmployeeUplift, steps: list[str]) -> Fraction:
    raised = amount * (1 + ratio(uplift.rate))
    steps.append(f"本单位从业人员举报上浮 {percent(uplift.rate)}：{exact_yuan(amount)} → {exact_yuan(raised)}")
    if uplift.least_yuan is not None and raised < amount + uplift.least_yuan:
        raised = amount + uplift.least_yuan
        steps.append(f"上浮不足 {yuan(uplift.least_yuan)}，按 {yuan(uplift.least_yuan)} 上浮 = {exact_yuan(raised)}")
    return raised


def _with_special(rule_set: RuleSet, facts: Facts, amount: Fen, steps: list[str]) -> Fen:
    """The standard amount and a special reward on top of it, outside the standard's cap."""
    special, more = rule_set.special, facts.special_fen
    assert more is not None
    if special is None:
        raise IncompleteFacts(
            f"规则“{rule_set.title}”没有写特殊奖励，不能另加。请把特殊奖励清空。", field="special_yuan"
        )
    if special.employees_only and not facts.employee:
        raise IncompleteFacts(f"特殊奖励只给从业人员（{special.article}）。请核对举报人的身份。", field="special_yuan")
    most = Fen(special.cap_yuan) if special.cap_yuan is not None else MAX_FEN
    if not 0 < more <= most:
        raise IncompleteFacts(f"特殊奖励要大于零，最多 {yuan(most)}。请核对金额。", field="special_yuan")
    if not facts.special_reason:
        raise IncompleteFacts("请写明直接避免了什么伤亡或损失，举报人会看到这条理由。", field="special_reason")
    steps.append(f"另给特殊奖励 {yuan(more)}，理由：{facts.special_reason}；{yuan(amount)} + {yuan(more)}")
    return Fen(amount + more)


def _penalty(facts: Facts, base: str) -> Fen:
    if facts.penalty_fen is None:
        raise IncompleteFacts(f"缺少{base}。请填处罚决定书上的金额；没有罚款请填 0。", field="penalty_yuan")
    if not 0 <= facts.penalty_fen <= MAX_FEN:
        raise IncompleteFacts(f"{base}要在 0 到一千亿元之间。请核对处罚决定书。", field="penalty_yuan")
    return facts.penalty_fen


def _deaths(facts: Facts) -> int:
    if facts.deaths is None:
        raise IncompleteFacts("缺少查实的瞒报、谎报死亡人数。请填整数。", field="deaths")
    if not 1 <= facts.deaths <= MAX_DEATHS:
        raise IncompleteFacts("查实的瞒报、谎报死亡人数要是 1 或更大的整数。请核对调查结论。", field="deaths")
    return facts.deaths


def _level(facts: Facts) -> AccidentLevel:
    choices = "、".join(f"{level}({name})" for level, name in rules.LEVEL_NAMES.items())
    if facts.accident_level is None:
        raise IncompleteFacts(f"缺少最终确认的事故等级。可以填：{choices}。", field="accident_level")
    try:
        return AccidentLevel(facts.accident_level)
    except ValueError:
        raise IncompleteFacts(
            f"没有“{facts.accident_level}”这个事故等级。可以填：{choices}。", field="accident_level"
        ) from None


def _chosen(facts: Facts, track: rules.ChosenInRange) -> Fen:
    bounds = f"{yuan(track.floor_yuan)} 至 {yuan(track.cap_yuan)}"
    if facts.chosen_fen is None:
        raise IncompleteFacts(f"这一类由经办人在 {bounds} 之间核定金额。请填核定金额和理由。", field="chosen_yuan")
    if not track.floor_yuan <= facts.chosen_fen <= track.cap_yuan:
        raise IncompleteFacts(f"核定金额要在 {bounds} 之间。请改金额，或换一个类别。", field="chosen_yuan")
    if not facts.reason:
        raise IncompleteFacts("请写明为什么核定这个金额，举报人会看到这条理由。", field="reason")
    return facts.chosen_fen


def _tier(facts: Facts, track: rules.Tier) -> int:
    tiers = "、".join(f"{number}({yuan(each)})" for number, each in enumerate(track.tiers_yuan, 1))
    if facts.tier is None or not 1 <= facts.tier <= len(track.tiers_yuan):
        raise IncompleteFacts(f"请选附件列明情形的档次：{tiers}。", field="tier")
    if not facts.reason:
        raise IncompleteFacts("请写明属于附件列明的哪一种情形，举报人会看到这条理由。", field="reason")
    return facts.tier


def _conditions(rule_set: RuleSet, track: Track, answers: Mapping[str, bool]) -> tuple[ConditionAnswer, ...]:
    """The rule set's common conditions and this track's own; those of other tracks are left out."""
    if unknown := set(answers) - {condition.id for condition in rule_set.conditions}:
        raise IncompleteFacts(f"规则“{rule_set.title}”没有这些条件：{'、'.join(sorted(unknown))}。", field="answers")
    of_tracks = {condition for each in rule_set.tracks for condition in each.conditions}
    return tuple(
        ConditionAnswer(condition.id, condition.text, condition.article, answers.get(condition.id))
        for condition in rule_set.conditions
        if condition.id not in of_tracks or condition.id in track.conditions
    )


def _notes(rule_set: RuleSet, track: Track, facts: Facts, amount: Fen, filed_on: date | None) -> list[str]:
    """What a person should look at; none of it changes the amount."""
    notes = []
    if filed_on is not None and rule_set.in_force(filed_on) is False:
        notes.append(f"举报日期 {filed_on.isoformat()} 不在本规则的施行期间，请核对应当适用哪一个规则")
    if rule_set.superseded_by:
        notes.append(f"本规则已由 {rule_set.superseded_by} 接替，只用于接替之前的举报，请核对举报日期")
    if isinstance(track, rules.PerDeath) and facts.deaths is not None:
        level = _level(facts)
        if facts.deaths >= _DEATHS_BELOW.get(level, MAX_DEATHS + 1):
            notes.append(f"死亡 {facts.deaths} 人超出“{rules.LEVEL_NAMES[level]}”的人数范围，请核对最终确认的事故等级")
    if rule_set.joint_decision_from_yuan is not None and amount >= rule_set.joint_decision_from_yuan:
        notes.append(rule_set.joint_decision_article)
    return notes
