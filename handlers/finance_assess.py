"""Finance: what a substantiated case is worth. First the arithmetic is shown, then it is proposed."""

from datetime import UTC, date, datetime
from typing import Any

from aiohttp import web

from cases import orders, queries, settlement, trail
from cases.inputs import FINDINGS
from handlers.finance import jurisdiction, this_year
from handlers.forms import Form, Problem, read_form, staff_page, whole_number
from handlers.keys import SERVICES
from rewards import endings, lists, proposals, rule_book
from rewards.assess import Assessment, assess
from rewards.money import parse_yuan
from rewards.record import STATE_NAMES
from rewards.rules import LEVEL_NAMES, RuleSet
from services import Services
from store.errors import Refusal
from store.mongo import Document

DEFAULT_RULE_SET = "national_2018"


async def case_page(request: web.Request) -> web.StreamResponse:
    return await show_case(request, request.match_info["id"])


async def show_case(
    request: web.Request,
    case_id: str,
    *,
    form: Form | None = None,
    problem: Problem | None = None,
    assessment: Assessment | None = None,
) -> web.Response:
    """The assessment form. Finance sees the finding and the measures, never what the reporter wrote."""
    services, actor = request.app[SERVICES], request["actor"]
    case = await queries.case_for(services.store, case_id, actor)
    known = await rule_book.current(services.store)
    chosen = form.text("rule_set") if form else request.query.get("rule_set", DEFAULT_RULE_SET)
    rules = known.get(chosen) or known[DEFAULT_RULE_SET]
    if rules.status != "verified":
        rules = known[DEFAULT_RULE_SET]
    return staff_page(
        request,
        "staff/assess.html",
        case=case,
        headline=orders.headline(case),
        tips=await queries.tips_of(services.store, case_id),
        rewards={row["tip_id"]: row for row in await lists.rewards_of(services.store, case_id)},
        rules=rules,
        rule_sets=[each for each in known.values() if each.status == "verified"],
        levels=LEVEL_NAMES,
        findings=FINDINGS,
        measure_words=orders.measure_words,
        reward_states=STATE_NAMES,
        assessment=assessment,
        form=form,
        problem=problem,
    )


def read_assessment(form: Form, rules: RuleSet, case: Document) -> Assessment:
    """Assess what was typed. Raises `Refusal` with the field at fault."""

    def amount(name: str) -> Any:
        return parse_yuan(form.text(name), name) if form.text(name) else None

    def number(name: str, words: str) -> int | None:
        return whole_number(form.text(name), name, words) if form.text(name) else None

    return assess(
        rules,
        form.text("track"),
        penalty_fen=amount("penalty_yuan"),
        deaths=number("deaths", "死亡人数要填整数。"),
        accident_level=form.text("accident_level") or None,
        employee=form.text("employee") == "1",
        chosen_fen=amount("chosen_yuan"),
        tier=number("tier", "档次要填整数。"),
        reason=form.text("reason"),
        special_fen=amount("special_yuan"),
        special_reason=form.text("special_reason"),
        # An unticked condition is a no: nobody is paid because somebody forgot to look.
        answers={condition.id: f"c-{condition.id}" in form.fields for condition in rules.conditions},
        filed_on=date.fromisoformat(case["opened_on"]),
    )


async def assess_case(request: web.Request) -> web.StreamResponse:
    """Compute and show; with `step=propose` propose what was shown."""
    services, actor, case_id = request.app[SERVICES], request["actor"], request.match_info["id"]
    form = await read_form(request)
    case = await queries.case_for(services.store, case_id, actor)
    assessment: Assessment | None = None
    try:
        rules = await rule_book.current_set(services.store, form.text("rule_set"))
        assessment = read_assessment(form, rules, case)
        if form.text("step") != "propose":
            return await show_case(request, case_id, form=form, assessment=assessment)
        if form.text("shown") != f"{assessment.amount_fen}:{assessment.rule_digest}":
            raise Refusal("填写的内容或规则改过，金额变了。请核对下面的新金额，再点“提出奖励”。", status=409)
        now = datetime.now(UTC)
        await rule_book.keep(services.store, assessment.rule_digest, now)
        rewards = await proposals.propose(
            services.store,
            trail,
            actor,
            case_id=case_id,
            tips=await _tips_of(services, case_id, form),
            assessment=assessment,
            jurisdiction=jurisdiction(services),
            year=this_year(),
            exception=form.text("exception"),
            now=now,
        )
    except Refusal as refusal:
        problem = Problem.of("assess", refusal)
        return await show_case(request, case_id, form=form, problem=problem, assessment=assessment)
    await settlement.start_reward(services.store, case_id)
    raise web.HTTPSeeOther(f"/finance/rewards/{rewards[0]['_id']}?done=reward.propose")


async def _tips_of(services: Services, case_id: str, form: Form) -> dict[str, int | None]:
    """The chosen tips, the earliest first, with the version of the reward that the person saw."""
    chosen = form.all("tip")
    known = [tip["_id"] for tip in await queries.tips_of(services.store, case_id)]
    if not chosen or not set(chosen) <= set(known):
        raise Refusal("请选择奖励哪一件举报。", status=422, field="tip")
    versions = {tip: form.text(f"version-{tip}") for tip in known if tip in chosen}
    return {
        tip: whole_number(text, "version", "页面不完整，请刷新后再试。") if text else None
        for tip, text in versions.items()
    }


async def refuse_case(request: web.Request) -> web.StreamResponse:
    """不予奖励 without a proposal, with a reason that the reporter reads."""
    services, actor, case_id = request.app[SERVICES], request["actor"], request.match_info["id"]
    form = await read_form(request)
    await queries.case_for(services.store, case_id, actor)
    try:
        if form.text("tip") not in [tip["_id"] for tip in await queries.tips_of(services.store, case_id)]:
            raise Refusal("请选择哪一件举报。", status=422, field="tip")
        reward = await endings.mark_not_eligible(
            services.store,
            trail,
            services.ledger,
            actor,
            case_id=case_id,
            tip_id=form.text("tip"),
            reason=form.text("reason"),
            now=datetime.now(UTC),
        )
    except Refusal as refusal:
        return await show_case(request, case_id, form=form, problem=Problem.of("not_eligible", refusal))
    await settlement.settle_reward(services.store, case_id)
    raise web.HTTPSeeOther(f"/finance/rewards/{reward['_id']}?done=reward.not_eligible")
