"""The budget and the ledger: what was given, what was entered, and whether all of it still proves right."""

import csv
import io
import secrets
from datetime import UTC, date, datetime

from aiohttp import hdrs, web

from access.permissions import Permission, allows
from cases import queries
from handlers.finance import jurisdiction, this_year
from handlers.forms import Form, Problem, read_form, staff_page, whole_number
from handlers.keys import SERVICES
from rewards import lists, reports, rule_book
from rewards.accounts import KIND_NAMES
from rewards.check_all import CheckReport, check_all
from rewards.checkpoints import Rewritten
from rewards.ledger_store import budget_state, budget_years, head_of
from rewards.money import Fen, decimal_yuan, parse_yuan
from rewards.notes import Checkpoint
from services import Services
from store.errors import Refusal
from store.local_time import local_day

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


async def report_page(request: web.Request) -> web.StreamResponse:
    """By year, district and rule as of a day; `?format=csv` for a spreadsheet."""
    services, today = request.app[SERVICES], local_day(datetime.now(UTC))
    try:
        as_of = date.fromisoformat(request.query.get("as_of", ""))
    except ValueError:
        as_of = today
    seq, rows = await reports.report(services.store, as_of)
    known = await rule_book.current(services.store)
    titles = {key: rules.title for key, rules in known.items()}
    if request.query.get("format") == "csv":
        return _report_csv(as_of, rows, titles)
    return staff_page(request, "staff/report.html", as_of=as_of.isoformat(), seq=seq, rows=rows, titles=titles)


def _report_csv(as_of: date, rows: list[reports.Row], titles: dict[str, str]) -> web.Response:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["截至", "年度", "区市", "规则", "笔数", "已预留（元）", "已支付（元）"])
    for row in rows:
        table.writerow(
            [as_of.isoformat(), row.year, row.district, titles.get(row.rule_set, row.rule_set), row.rewards,
             decimal_yuan(row.reserved), decimal_yuan(row.paid)]
        )  # fmt: skip
    name = f"rewards_{as_of.isoformat()}.csv"
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}
    body = b"\xef\xbb\xbf" + out.getvalue().encode()
    return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)


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
