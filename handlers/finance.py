"""Finance: the work list, and a reward from approval to payment. Who proposes never approves; the ledger decides races."""

from datetime import UTC, date, datetime

from aiohttp import web

from access.actors import Actor
from access.vault import request_opening
from cases import orders, queries, settlement, trail
from handlers.forms import Deed, Form, Problem, acting, staff_page
from handlers.keys import SERVICES
from rewards import appeals, approval, batches, claims, endings, lists, month_cap, payments, record
from rewards.ledger_store import budget_state
from rewards.money import Fen
from rewards.record import State
from services import Services
from store.errors import NotFound, Refusal
from store.local_time import local_day
from store.mongo import Document


def jurisdiction(services: Services) -> str:
    """Whose budget pays."""
    return services.settings.jurisdiction


def this_year() -> int:
    return local_day(datetime.now(UTC)).year


def leader_from(services: Services) -> Fen:
    return Fen(services.settings.leader_approves_from_yuan * 100)


def day_of(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("请填日期，例如 2026-01-31。", status=422, field=field) from None


async def overview(request: web.Request) -> web.Response:
    return await show_overview(request)


async def show_overview(
    request: web.Request, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    store = services.store
    waiting = await record.in_states(store, State.PROPOSED)
    today = local_day(datetime.now(UTC)).isoformat()
    notified = await record.in_states(store, State.NOTIFIED)
    return staff_page(
        request,
        "staff/finance.html",
        cases=[{"case": case, "headline": orders.headline(case)} for case in await lists.without_reward(store)],
        for_me=[row for row in waiting if actor.id not in row["proposers"]],
        for_others=[row for row in waiting if actor.id in row["proposers"]],
        approved=await record.in_states(store, State.APPROVED),
        notified=[row for row in notified if row["claim_due"] >= today],
        overdue=[row for row in notified if row["claim_due"] < today],
        claimed=await record.in_states(store, State.CLAIMED),
        appealed=await lists.open_appeals(store),
        unfiled=await lists.unfiled(store),
        openings=await lists.openings(store, "requested"),
        batches=[row for row in await batches.listed(store) if row["state"] not in ("settled", "cancelled")],
        batch_states=batches.STATES,
        budget=await budget_state(store, jurisdiction(services), this_year()),
        year=this_year(),
        today=today,
        leader_from=leader_from(services),
        form=form,
        problem=problem,
    )


async def reward_page(request: web.Request) -> web.StreamResponse:
    return await show_reward(request, request.match_info["id"])


async def show_reward(
    request: web.Request, reward_id: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services = request.app[SERVICES]
    reward = await _reward(services, reward_id, request["actor"])
    openings = await lists.openings_of(services.store, reward["payee_ref"]) if reward["payee_ref"] else []
    shares = []
    if joint := reward["joint"]:
        whole = await record.of_case(services.store, reward["case_id"])
        shares = [row for row in whole if row["joint"] and row["joint"]["id"] == joint["id"]]
    people = {*reward["proposers"], reward["paid_by"], *(row["requested_by"] for row in openings)}
    people |= {part["by"] for part in (reward["approval"], reward["filing"], reward["ended"]) if part}
    people |= {row["by"] for row in reward["extensions"]}
    total = joint["total_fen"] if joint else reward["amount_fen"]
    return staff_page(
        request,
        "staff/reward.html",
        reward=reward,
        shares=shares,
        state_names_of_rewards=record.STATE_NAMES,
        openings=openings,
        names=await queries.names_of(services.store, people - {None}),
        today=local_day(datetime.now(UTC)).isoformat(),
        needs_leader=total >= leader_from(services),
        leader_from=leader_from(services),
        batch=await batches.find(services.store, reward["batch"]) if reward["batch"] else None,
        form=form,
        problem=problem,
    )


async def _reward(services: Services, reward_id: str, actor: Actor) -> Document:
    """The reward, if this person may see the district of its case. Raises `NotFound`."""
    reward = await record.find(services.store, reward_id)
    await queries.case_for(services.store, reward["case_id"], actor)
    return reward


def of_own_district(deed: Deed) -> Deed:
    async def do(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
        await _reward(services, reward_id, actor)
        await deed(services, reward_id, actor, form)

    return do


async def _approve(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await approval.approve(
        services.store, trail, services.ledger, actor, reward_id, version=form.version, now=datetime.now(UTC),
        leader_from=leader_from(services),
    )  # fmt: skip


async def _file(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await approval.file_with_superior(
        services.store, trail, actor, reward_id, to=form.text("to"), document_no=form.text("document_no"),
        on=day_of(form.text("on"), "on"), version=form.version, now=datetime.now(UTC),
    )  # fmt: skip


async def _notify(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await claims.notify(services.store, trail, actor, reward_id, now=datetime.now(UTC))


async def _extend(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await claims.extend(
        services.store, trail, actor, reward_id, until=day_of(form.text("until"), "until"), reason=form.text("reason"),
        version=form.version, now=datetime.now(UTC),
    )  # fmt: skip


async def _unreachable(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await claims.mark_unreachable(
        services.store, trail, actor, reward_id, reason=form.text("reason"), version=form.version,
        now=datetime.now(UTC),
    )  # fmt: skip


async def _pay(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    reward = await payments.pay(services.store, trail, services.ledger, actor, reward_id, now=datetime.now(UTC))
    await settlement.settle_reward(services.store, reward["case_id"])


async def _returned(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await payments.came_back(
        services.store, trail, services.ledger, actor, reward_id, reason=form.text("reason"), version=form.version,
        now=datetime.now(UTC),
    )  # fmt: skip


async def _reduce(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await endings.reduce_to_cap(
        services.store, trail, services.ledger, actor, reward_id, reason=form.text("reason"), version=form.version,
        now=datetime.now(UTC),
    )  # fmt: skip


async def _over_cap(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    await month_cap.pay_whole(
        services.store, trail, actor, reward_id, reason=form.text("reason"), version=form.version,
        now=datetime.now(UTC),
    )  # fmt: skip


async def _forfeit(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    reward = await endings.forfeit(services.store, trail, services.ledger, actor, reward_id, now=datetime.now(UTC))
    await settlement.settle_reward(services.store, reward["case_id"])


async def _not_eligible(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    reward = await record.find(services.store, reward_id)
    await endings.mark_not_eligible(
        services.store, trail, services.ledger, actor, case_id=reward["case_id"], tip_id=reward["tip_id"],
        reason=form.text("reason"), version=form.version, now=datetime.now(UTC),
    )  # fmt: skip
    await settlement.settle_reward(services.store, reward["case_id"])


async def _decide_appeal(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    if form.text("upheld") not in ("yes", "no"):
        raise Refusal("请选择异议成立还是不成立。", status=422, field="upheld")
    await appeals.decide(
        services.store, trail, services.ledger, actor, reward_id, upheld=form.text("upheld") == "yes",
        reason=form.text("reason"), version=form.version, now=datetime.now(UTC),
    )  # fmt: skip


async def _request_opening(services: Services, reward_id: str, actor: Actor, form: Form) -> None:
    reward = await record.find(services.store, reward_id)
    if not reward["payee_ref"]:
        raise NotFound("举报人还没有登记收款信息。")
    await request_opening(services.store, reward["payee_ref"], actor, "pay_reward", form.text("reason"))


DEEDS: dict[str, Deed] = {
    "reward.file": _file,
    "reward.notify": _notify,
    "reward.extend": _extend,
    "reward.unreachable": _unreachable,
    "reward.pay": _pay,
    "reward.returned": _returned,
    "reward.reopen": _reduce,
    "reward.over_cap": _over_cap,
    "reward.forfeited": _forfeit,
    "reward.not_eligible": _not_eligible,
    "request_opening": _request_opening,
}
# What a leader may do too.
DECISIONS: dict[str, Deed] = {"reward.approve": _approve, "reward.appeal_decided": _decide_appeal}

act = acting({name: of_own_district(deed) for name, deed in DEEDS.items()}, show_reward, "/finance/rewards/{id}")
decide = acting({name: of_own_district(deed) for name, deed in DECISIONS.items()}, show_reward, "/finance/rewards/{id}")
