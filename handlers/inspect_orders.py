"""The inspector's phone: my orders, the check, what was ordered, the answer. Nothing here comes from the reporter."""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from multidict import MultiDict

from access.actors import Actor
from cases import orders, queries
from cases.clocks import next_due, views
from cases.inputs import FINDINGS, MEASURE_KINDS
from cases.lifecycle import perform
from cases.returns import MIN_EVIDENCE, NAMED, RETURN_REASONS, last_decision
from cases.send_back import send_back
from cases.states import STATE_NAMES, State
from handlers.forms import Deed, Form, Problem, acting, ask_reporter, deed, read_form, staff_page, whole_number
from handlers.keys import SERVICES
from handlers.middlewares.sizes import up_to
from handlers.uploads import MAX_BODY, Upload, in_memory, read_posted
from rewards.money import parse_yuan
from services import Services
from store.errors import Refusal
from store.mongo import Document

MAX_ROWS = 20


async def my_orders(request: web.Request) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    return staff_page(
        request,
        "staff/orders.html",
        rows=[_row(case) for case in await queries.orders(services.store, actor)],
        rechecks=[_row(case) for case in await queries.rechecks(services.store, actor)],
    )


def _row(case: Document) -> dict[str, Any]:
    shown = orders.order(case)
    state = STATE_NAMES[State(case["state"])]
    return {"case": shown, "headline": orders.headline(shown), "due": next_due(shown), "state": state}


async def order_page(request: web.Request) -> web.StreamResponse:
    return await show_order(request, request.match_info["id"])


async def show_order(
    request: web.Request, case_id: str, *, form: Form | None = None, problem: Problem | None = None, rows: int = 2
) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    order = await orders.order_for(services.store, case_id, actor)
    return staff_page(
        request,
        "staff/order.html",
        case=order,
        headline=orders.headline(order),
        buttons=orders.offered(order, actor),
        clocks=views(order),
        approximate=await queries.approximate_grids(services.store),
        asked=order["extension"],
        draft=orders.reply_draft(order) if order["finding"] else "",
        findings=FINDINGS,
        return_reasons=RETURN_REASONS,
        named=NAMED,
        min_evidence=MIN_EVIDENCE,
        decision=last_decision(order),
        measure_kinds={key: words for key, words in MEASURE_KINDS.items() if key != "none_with_reason"},
        measure_words=orders.measure_words,
        rows=rows_shown(form, rows),
        base="/orders",
        form=form,
        problem=problem,
    )


async def give_back(request: web.Request) -> web.StreamResponse:
    """退回, a form of its own because it may carry photos."""
    services, case_id = request.app[SERVICES], request.match_info["id"]
    with await read_posted(request) as posted:
        return await _give_back(request, services, case_id, Form(MultiDict(posted.fields)), posted.uploads)


async def _give_back(
    request: web.Request, services: Services, case_id: str, form: Form, uploads: list[Upload]
) -> web.StreamResponse:
    data = {name: form.text(name) for name in ("reason", "evidence", "named")}
    data["decision_seen"] = form.text("decision_seen") or "0"
    try:
        await send_back(
            services.store, services.evidence, case_id, request["actor"], data, uploads, form.version
        )  # fmt: skip
    except Refusal as refusal:
        return await show_order(request, case_id, form=form, problem=Problem.of("return", refusal))
    # The case is the dispatcher's again, and this page no longer the inspector's business.
    raise web.HTTPSeeOther("/orders?done=return")


up_to(MAX_BODY, in_memory(give_back))


def rows_shown(form: Form | None, otherwise: int) -> int:
    """How many rows of measures the form has: as many as were sent, so that nothing typed is lost."""
    sent = form.text("rows") if form else ""
    return min(int(sent), MAX_ROWS) if sent.isascii() and sent.isdigit() and len(sent) < 4 else otherwise


async def record_finding(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    data = {
        "result": form.text("result"), "officers": form.all("officers"), "checked_on": form.text("checked_on"),
        "text": form.text("text"),
    }  # fmt: skip
    return await perform(services.store, case_id, "record_finding", actor, data, form.version)


async def decide_measures(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    data = {"measures": orders.checked_measures(measure_rows(form))}
    return await perform(services.store, case_id, "decide_measures", actor, data, form.version)


def measure_rows(form: Form) -> list[dict[str, Any]]:
    """The filled-in rows of the measures form; a fine is typed in yuan. Raises `WrongAmount` with its row."""
    count = whole_number(form.text("rows"), "kind-0", "页面不完整，请刷新后再试。")
    rows = []
    for n in range(min(count, MAX_ROWS)):
        kind, text = form.text(f"kind-{n}"), form.text(f"text-{n}")
        if not kind and not text:
            continue
        row: dict[str, Any] = {
            "kind": kind, "text": text, "law": form.text(f"law-{n}"), "document_no": form.text(f"document_no-{n}"),
            "decided_on": form.text(f"decided_on-{n}"), "rectify_by": form.text(f"rectify_by-{n}") or None,
        }  # fmt: skip
        if amount := form.text(f"penalty_fen-{n}"):
            row["penalty_fen"] = parse_yuan(amount, f"penalty_fen-{n}")
        rows.append(row)
    return rows


DEEDS: dict[str, Deed] = {
    "sign": deed("sign"),
    "start_check": deed("start_check"),
    "record_finding": record_finding,
    "ask_extension": deed("ask_extension", "days", "reason"),
    "decide_measures": decide_measures,
    "reply": deed("reply", "text"),
    "recheck": deed("recheck", "checked_on", "text"),
    "ask_reporter": ask_reporter,
}

_act = acting(DEEDS, show_order, "/orders/{id}")


def with_more_rows(act: Callable[..., Any], show: Callable[..., Any]) -> Callable[..., Any]:
    """“再加一项” without JavaScript: the measures form comes back one row longer and nothing is decided."""

    async def handle(request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        if not form.has("more"):
            return await act(request)
        case_id = request.match_info["id"]
        longer = Form(form.fields.copy())
        longer.fields["rows"] = str(min(rows_shown(form, 2) + 1, MAX_ROWS))
        problem = Problem("decide_measures", "已加一项，请继续填写。", None, 200)
        return await show(request, case_id, form=longer, problem=problem)

    return handle


act = with_more_rows(_act, show_order)
