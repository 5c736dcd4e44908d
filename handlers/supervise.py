"""The supervisor: what is late or about to be, by district; extensions, reasons for no penalty, archive."""

from itertools import groupby
from typing import Any

from aiohttp import web

from cases import orders, queries, timeline
from cases.clocks import Standing, next_due, views
from cases.inputs import FINDINGS, MEASURE_KINDS
from cases.states import STATE_NAMES, State
from handlers import case_relations
from handlers.dispatch import assign
from handlers.forms import Deed, Form, Problem, acting, ask_reporter, deed, staff_page
from handlers.inspect_orders import decide_measures, rows_shown, with_more_rows
from handlers.keys import SERVICES
from store.mongo import Document

WAITING = (State.RETURNED, State.CONCLUDED, State.REPLIED, State.RECTIFIED, State.REWARDED, State.DISCLOSED)


async def overview(request: web.Request) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    pressing = [_row(case) for case in await queries.pressing(services.store, actor)]
    waiting = await queries.supervised(services.store, actor, WAITING)
    return staff_page(
        request,
        "staff/supervise.html",
        districts=[_district(name, list(rows)) for name, rows in groupby(pressing, key=lambda row: row["district"])],
        waiting=[_row(case) for case in waiting],
        appeals=[_row(case) for case in await queries.appeals(services.store, actor)],
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
    return staff_page(
        request,
        "staff/supervised_case.html",
        case=case,
        headline=orders.headline(case),
        buttons=orders.offered(case, actor),
        clocks=views(case),
        lines=timeline.lines(trail, names),
        draft=orders.reply_draft(case) if case["finding"] else "",
        inspectors=await queries.inspectors_of(services.store, case["location"]["district"]),
        appeals=await queries.appeal_words(services.store, case),
        findings=FINDINGS,
        measure_kinds=MEASURE_KINDS,
        measure_words=orders.measure_words,
        rows=rows_shown(form, 1),
        base="/supervise",
        form=form,
        problem=problem,
        **await case_relations.shown(services, case, actor),
    )


DEEDS: dict[str, Deed] = {
    "assign": assign,
    "transfer": deed("transfer", "to", "text"),
    "extend": deed("extend", "days", "reason"),
    "decide_measures": decide_measures,
    "reply": deed("reply", "text"),
    "recheck": deed("recheck", "checked_on", "text"),
    "archive": deed("archive"),
    "ask_reporter": ask_reporter,
    **case_relations.DEEDS,
}

act = with_more_rows(acting(DEEDS, show_case, "/supervise/cases/{id}"), show_case)
