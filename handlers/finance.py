"""Finance: from a substantiated case to a paid reward. Who proposes never approves; the ledger decides every race."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from access.actors import Actor
from access.vault import request_opening
from cases import orders, queries, settlement, trail
from cases.inputs import FINDINGS
from handlers.forms import Deed, Form, Problem, acting, read_form, staff_page, whole_number
from handlers.keys import SERVICES
from rewards import accounts, claims, lists, record
from rewards.assess import Assessment, assess
from rewards.ledger_store import budget_balances
from rewards.money import parse_yuan
from rewards.record import State
from rewards.rules import LEVEL_NAMES, rule_set, rule_sets
from services import Services
from store.errors import NotFound, Refusal
from store.mongo import Document

DEFAULT_RULE_SET = "national_2018"


def jurisdiction(services: Services) -> str:
    """Whose budget pays."""
    return services.settings.jurisdiction


def this_year() -> int:
    return record.china_date(datetime.now(UTC)).year


async def overview(request: web.Request) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    store = services.store
    waiting = await record.in_states(store, State.PROPOSED)
    balances = await budget_balances(services.store)
    budget = accounts.budget(jurisdiction(services), this_year())
    return staff_page(
        request,
        "staff/finance.html",
        cases=[{"case": case, "headline": orders.headline(case)} for case in await lists.without_reward(store)],
        for_me=[row for row in waiting if actor.id not in row["proposers"]],
        for_others=[row for row in waiting if actor.id in row["proposers"]],
        approved=await record.in_states(store, State.APPROVED),
        notified=await record.in_states(store, State.NOTIFIED),
        claimed=await record.in_states(store, State.CLAIMED),
        openings=await lists.openings(store, "requested"),
        budget=balances.get(budget),
        paid=balances.get(accounts.paid(jurisdiction(services), this_year()), 0),
        year=this_year(),
        today=record.china_date(datetime.now(UTC)).isoformat(),
    )


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
    chosen = form.text("rule_set") if form else request.query.get("rule_set", DEFAULT_RULE_SET)
    rules = rule_sets().get(chosen) or rule_sets()[DEFAULT_RULE_SET]
    return staff_page(
        request,
        "staff/assess.html",
        case=case,
        headline=orders.headline(case),
        tips=await queries.tips_of(services.store, case_id),
        rewards={row["tip_id"]: row for row in await lists.rewards_of(services.store, case_id)},
        rules=rules,
        rule_sets=[each for each in rule_sets().values() if each.status == "verified"],
        levels=LEVEL_NAMES,
        findings=FINDINGS,
        measure_words=orders.measure_words,
        assessment=assessment,
        form=form,
        problem=problem,
    )


def read_assessment(form: Form, case: Document) -> Assessment:
    """Assess what was typed. Raises `Refusal` with the field at fault."""
    rules = rule_set(form.text("rule_set"))

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
        # An unticked condition is a no: nobody is paid because somebody forgot to look.
        answers={condition.id: f"c-{condition.id}" in form.fields for condition in rules.conditions},
    )


async def assess_case(request: web.Request) -> web.StreamResponse:
    """Compute and show; with `step=propose` propose what was shown."""
    services, actor, case_id = request.app[SERVICES], request["actor"], request.match_info["id"]
    form = await read_form(request)
    case = await queries.case_for(services.store, case_id, actor)
    assessment: Assessment | None = None
    try:
        assessment = read_assessment(form, case)
        if form.text("step") != "propose":
            return await show_case(request, case_id, form=form, assessment=assessment)
        if form.text("shown_fen") != str(assessment.amount_fen):
            raise Refusal("填写的内容改过，金额变了。请核对下面的新金额，再点“提出奖励”。", status=409)
        reward = await claims.propose(
            services.store,
            trail,
            actor,
            case_id=case_id,
            tip_id=await _tip_of(services, case_id, form.text("tip")),
            assessment=assessment,
            jurisdiction=jurisdiction(services),
            year=this_year(),
            now=datetime.now(UTC),
            version=form.version if form.text("version") else None,
        )
    except Refusal as refusal:
        problem = Problem.of("assess", refusal)
        return await show_case(request, case_id, form=form, problem=problem, assessment=assessment)
    raise web.HTTPSeeOther(f"/finance/rewards/{reward['_id']}?done=reward.propose")


async def _tip_of(services: Services, case_id: str, tip_id: str) -> str:
    if tip_id not in [tip["_id"] for tip in await queries.tips_of(services.store, case_id)]:
        raise Refusal("请选择奖励哪一件举报。", status=422, field="tip")
    return tip_id


async def refuse_case(request: web.Request) -> web.StreamResponse:
    """不予奖励 without a proposal, with a reason that the reporter reads."""
    services, actor, case_id = request.app[SERVICES], request["actor"], request.match_info["id"]
    form = await read_form(request)
    await queries.case_for(services.store, case_id, actor)
    try:
        reward = await claims.mark_not_eligible(
            services.store,
            trail,
            services.ledger,
            actor,
            case_id=case_id,
            tip_id=await _tip_of(services, case_id, form.text("tip")),
            reason=form.text("reason"),
            now=datetime.now(UTC),
        )
    except Refusal as refusal:
        return await show_case(request, case_id, form=form, problem=Problem.of("not_eligible", refusal))
    await settlement.settle_reward(services.store, case_id)
    raise web.HTTPSeeOther(f"/finance/rewards/{reward['_id']}?done=reward.not_eligible")


async def reward_page(request: web.Request) -> web.StreamResponse:
    return await show_reward(request, request.match_info["id"])


async def show_reward(
    request: web.Request, reward_id: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services = request.app[SERVICES]
    reward = await record.find(services.store, reward_id)
    openings = await lists.openings_of(services.store, reward["payee_ref"]) if reward["payee_ref"] else []
    people = {*reward["proposers"], reward["paid_by"], *(row["requested_by"] for row in openings)} - {None}
    return staff_page(
        request,
        "staff/reward.html",
        reward=reward,
        state_zh=record.STATE_NAMES[State(reward["state"])],
        openings=openings,
        names=await queries.names_of(services.store, people),
        today=record.china_date(datetime.now(UTC)).isoformat(),
        now=datetime.now(UTC),
        form=form,
        problem=problem,
    )


async def _approve(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await claims.approve(
        services.store, trail, services.ledger, actor, reward_id, version=form.version, now=datetime.now(UTC)
    )


async def _notify(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await claims.notify(services.store, trail, actor, reward_id, now=datetime.now(UTC))


async def _pay(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    reward = await claims.pay(services.store, trail, services.ledger, actor, reward_id, now=datetime.now(UTC))
    await settlement.settle_reward(services.store, reward["case_id"])


async def _forfeit(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    reward = await claims.forfeit(services.store, trail, services.ledger, actor, reward_id, now=datetime.now(UTC))
    await settlement.settle_reward(services.store, reward["case_id"])


async def _not_eligible(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    reward = await record.find(services.store, reward_id)
    await claims.mark_not_eligible(
        services.store,
        trail,
        services.ledger,
        actor,
        case_id=reward["case_id"],
        tip_id=reward["tip_id"],
        reason=form.text("reason"),
        now=datetime.now(UTC),
    )
    await settlement.settle_reward(services.store, reward["case_id"])


async def _request_opening(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    reward = await record.find(services.store, reward_id)
    if not reward["payee_ref"]:
        raise NotFound("举报人还没有登记收款信息。")
    await request_opening(services.store, reward["payee_ref"], actor, "pay_reward", form.text("reason"))


DEEDS: dict[str, Deed] = {
    "reward.approve": _approve,
    "reward.notify": _notify,
    "reward.pay": _pay,
    "reward.forfeited": _forfeit,
    "reward.not_eligible": _not_eligible,
    "request_opening": _request_opening,
}

act = acting(DEEDS, show_reward, "/finance/rewards/{id}")
