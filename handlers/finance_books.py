"""The budget and the ledger: what was given, what was entered, and whether all of it still proves right."""

import secrets
from datetime import UTC, datetime

from aiohttp import web

from access.permissions import Permission, allows
from cases import queries
from handlers.finance import jurisdiction, this_year
from handlers.forms import Form, Problem, read_form, staff_page, whole_number
from handlers.keys import SERVICES
from rewards import lists
from rewards.accounts import KIND_NAMES
from rewards.check_all import CheckReport, check_all
from rewards.checkpoints import Rewritten
from rewards.ledger_store import budget_state, budget_years, head_of
from rewards.money import Fen, parse_yuan
from rewards.notes import Checkpoint
from services import Services
from store.errors import Refusal

PAGE = 50


async def budget_page(request: web.Request) -> web.StreamResponse:
    return await show_budget(request)


async def show_budget(
    request: web.Request, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services = request.app[SERVICES]
    years = sorted({this_year(), *await budget_years(services.store, jurisdiction(services))}, reverse=True)
    return staff_page(
        request,
        "staff/budget.html",
        budgets=[(year, await budget_state(services.store, jurisdiction(services), year)) for year in years],
        given=await lists.budget_entries(services.store, jurisdiction(services)),
        kinds=KIND_NAMES,
        may_appropriate=allows(Permission.HANDLE_REWARDS, request["actor"]),
        year=this_year(),
        # Made with the page: a press of the button that is sent twice appropriates once.
        key=form.text("key") if form and form.has("key") else f"budget:{secrets.token_hex(8)}",
        form=form,
        problem=problem,
    )


async def appropriate(request: web.Request) -> web.StreamResponse:
    services, form = request.app[SERVICES], await read_form(request)
    try:
        year = whole_number(form.text("year"), "year", "预算年度要填四位数字。")
        amount = parse_yuan(form.text("amount"), "amount")
        await services.ledger.appropriate(
            form.text("key"), jurisdiction(services), year, amount, actor=request["actor"].id, memo=form.text("memo")
        )
    except Refusal as refusal:
        return await show_budget(request, form=form, problem=Problem.of("appropriate", refusal))
    raise web.HTTPSeeOther("/finance/budget?done=appropriate")


async def close_year(request: web.Request) -> web.StreamResponse:
    """Give what is left of a past year back; the amount is the one that the person saw."""
    services, form = request.app[SERVICES], await read_form(request)
    try:
        year = whole_number(form.text("year"), "year", "预算年度要填四位数字。")
        amount = Fen(whole_number(form.text("amount_fen"), "amount_fen", "页面不完整，请刷新后再试。"))
        if year >= this_year():
            raise Refusal("只能结转以前年度的预算。", status=422, field="year")
        if form.text("sure") != "1":
            raise Refusal("请先勾选“我确定结转”。", status=422, field="sure")
        await services.ledger.close_year(
            f"close:{jurisdiction(services)}:{year}:{form.text('key')}", jurisdiction(services), year, amount,
            actor=request["actor"].id, memo=f"结转 {datetime.now(UTC).year} 年",
        )  # fmt: skip
    except Refusal as refusal:
        return await show_budget(request, form=form, problem=Problem.of("close", refusal))
    raise web.HTTPSeeOther("/finance/budget?done=close_year")


async def ledger_page(request: web.Request) -> web.StreamResponse:
    return await show_ledger(request)


async def show_ledger(request: web.Request, *, report: CheckReport | None = None) -> web.Response:
    services = request.app[SERVICES]
    before, kind = request.query.get("before", ""), request.query.get("kind", "")
    kind = kind if kind in KIND_NAMES else ""
    claim = request.query.get("claim", "")[:64]
    last = int(before) if before.isdecimal() and len(before) < 16 else None
    entries = await lists.ledger_entries(services.store, last, PAGE + 1, kind=kind, claim=claim)
    rewards = await lists.public_numbers(services.store, {row["claim"] for row in entries} - {None})
    return staff_page(
        request,
        "staff/ledger.html",
        entries=entries[:PAGE],
        more=len(entries) > PAGE,
        numbers=rewards,
        names=await queries.names_of(services.store, {row["actor"] for row in entries}),
        kinds=KIND_NAMES,
        kind=kind,
        claim=claim,
        head=await head_of(services.store),
        signed=await _signed(services),
        report=report,
    )


async def _signed(services: Services) -> Checkpoint | None:
    """How far the ledger is signed; a forged checkpoint counts as none here, and the check names it."""
    try:
        return await services.notary.newest("ledger")
    except Rewritten:
        return None


async def verify_ledger(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    report = await check_all(services.store, services.notary, datetime.now(UTC))
    return await show_ledger(request, report=report)
