"""The supervisor: what is late or about to be, by district; periods, reviews, supervision orders, archive."""

from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from aiohttp import web

from access.actors import Actor
from cases import appeals, choices, extension, orders, queries, returns, supervision, timeline
from cases.clocks import Standing, next_due, views
from cases.deadlines import periods
from cases.inputs import FINDINGS, MEASURE_KINDS, RETALIATION_OFFICES, SUSPEND_REASONS
from cases.notices import levels
from cases.return_statistics import return_statistics
from cases.states import STATE_NAMES, State
from handlers import case_relations
from handlers.dispatch import GIVING
from handlers.forms import Deed, Form, Problem, acting, ask_reporter, deed, staff_page
from handlers.inspect_orders import decide_measures, rows_shown, with_more_rows
from handlers.keys import SERVICES
from services import Services
from store.mongo import Document

WAITING = (State.RETURNED, State.CONCLUDED, State.REPLIED, State.RECTIFIED, State.REWARDED, State.DISCLOSED)


async def overview(request: web.Request) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    pressing = [_row(case) for case in await queries.pressing(services.store, actor)]
    waiting = await queries.supervised(services.store, actor, WAITING)
    above = [case for case in waiting if case["state"] == State.RETURNED and returns.goes_one_level_up(case)]
    return staff_page(
        request,
        "staff/supervise.html",
        districts=[_district(name, list(rows)) for name, rows in groupby(pressing, key=lambda row: row["district"])],
        above=[_row(case) for case in above],
        waiting=[_row(case) for case in waiting if case not in above],
        reasons=returns.RETURN_REASONS,
        numbers=await return_statistics(services.store, actor),
        appeals=[_row(case) for case in await queries.appeals(services.store, actor)],
        extensions=[_row(case) for case in await queries.extensions(services.store, actor)],
        ordered=await supervision.open_orders(services.store, actor),
        periods=periods(),
        now=datetime.now(UTC),
    )


def _row(case: Document) -> dict[str, Any]:
    district = case["location"]["district"] or "未定区市"
    return {
        "case": case, "headline": orders.headline(case), "due": next_due(case), "district": district,
        "state": STATE_NAMES[State(case["state"])],
    }  # fmt: skip


def _district(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    late = sum(1 for row in rows if row["due"] and row["due"].standing is Standing.LATE)
    return {"name": name, "rows": rows, "late": late, "soon": len(rows) - late}


async def case_page(request: web.Request) -> web.StreamResponse:
    return await show_case(request, request.match_info["id"])


async def show_case(
    request: web.Request, case_id: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    case = await queries.case_for(services.store, case_id, actor)
    trail = await queries.audit_of(services.store, case_id)
    names = await queries.names_of(services.store, {entry["actor"] for entry in trail})
    notices = await supervision.notices_of(services.store, case_id)
    return staff_page(
        request,
        "staff/supervised_case.html",
        case=case,
        headline=orders.headline(case),
        buttons=orders.offered(case, actor),
        clocks=views(case),
        lines=timeline.lines(trail, names),
        draft=orders.reply_draft(case) if case["finding"] else "",
        receivers=await choices.receivers(services.store, services.locator, case, datetime.now(UTC)),
        goes_one_level_up=returns.goes_one_level_up(case),
        return_reasons=returns.RETURN_REASONS,
        appeals=await queries.appeal_words(services.store, case),
        asked=extension.waiting(case),
        notices=notices,
        to_answer=supervision.to_answer(notices, actor),
        level_names={level.level: level.zh for level in levels()},
        periods=periods(),
        suspend_reasons=SUSPEND_REASONS,
        offices=RETALIATION_OFFICES,
        findings=FINDINGS,
        measure_kinds=MEASURE_KINDS,
        measure_words=orders.measure_words,
        rows=rows_shown(form, 1),
        base="/supervise",
        form=form,
        problem=problem,
        **await case_relations.shown(services, case, actor),
    )


async def take_review(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    return await appeals.take(services.store, case_id, actor, form.version)


async def dismiss_review(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    return await appeals.dismiss(services.store, case_id, actor, {"text": form.text("text")}, form.version)


async def uphold_review(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    data = {"inspector_id": form.text("inspector_id"), "text": form.text("text")}
    return await appeals.uphold(services.store, case_id, actor, data, form.version)


async def forward_retaliation(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    data = {name: form.text(name) for name in ("appeal", "office", "text")}
    return await appeals.forward(services.store, case_id, actor, data, form.version)


async def answer_supervision(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    data = {name: form.text(name) for name in ("notice", "text")}
    return await supervision.answer(services.store, case_id, actor, data, form.version)


DEEDS: dict[str, Deed] = {
    **GIVING,
    "transfer": deed("transfer", "to", "text"),
    "extend": deed("extend", "days", "reason"),
    "grant_extension": deed("grant_extension"),
    "refuse_extension": deed("refuse_extension", "text"),
    "suspend": deed("suspend", "reason", "text"),
    "resume": deed("resume", "text"),
    "take_review": take_review,
    "dismiss_review": dismiss_review,
    "uphold_review": uphold_review,
    "forward_retaliation": forward_retaliation,
    "answer_supervision": answer_supervision,
    "decide_measures": decide_measures,
    "reply": deed("reply", "text"),
    "recheck": deed("recheck", "checked_on", "text"),
    "archive": deed("archive"),
    "ask_reporter": ask_reporter,
    **case_relations.DEEDS,
}

act = with_more_rows(acting(DEEDS, show_case, "/supervise/cases/{id}"), show_case)
