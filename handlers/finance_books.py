"""The budget and the ledger: what was entered, and whether all of it still proves right."""

import secrets

from aiohttp import web

from access.permissions import Permission, allows
from handlers.finance import jurisdiction, this_year
from handlers.forms import Form, Problem, read_form, staff_page, whole_number
from handlers.keys import SERVICES
from rewards import lists
from rewards.accounts import KIND_NAMES
from rewards.money import parse_yuan
from rewards.verify import VerifyReport, verify
from store.errors import Refusal

PAGE = 50


async def ledger_page(request: web.Request) -> web.StreamResponse:
    return await show_ledger(request)


async def show_ledger(
    request: web.Request,
    *,
    form: Form | None = None,
    problem: Problem | None = None,
    report: VerifyReport | None = None,
) -> web.Response:
    services = request.app[SERVICES]
    before = request.query.get("before", "")
    entries = await lists.ledger_entries(services.store, int(before) if before.isdecimal() else None, PAGE + 1)
    return staff_page(
        request,
        "staff/ledger.html",
        entries=entries[:PAGE],
        more=len(entries) > PAGE,
        kinds=KIND_NAMES,
        balances=sorted((await services.ledger.balances()).items()),
        report=report,
        may_appropriate=allows(Permission.HANDLE_REWARDS, request["actor"]),
        year=this_year(),
        # Made with the page: a press of the button that is sent twice appropriates once.
        key=form.text("key") if form else f"budget:{secrets.token_hex(8)}",
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
        return await show_ledger(request, form=form, problem=Problem.of("appropriate", refusal))
    raise web.HTTPSeeOther("/finance/ledger?done=appropriate")


async def verify_ledger(request: web.Request) -> web.StreamResponse:
    report = await verify(request.app[SERVICES].store)
    return await show_ledger(request, report=report)
