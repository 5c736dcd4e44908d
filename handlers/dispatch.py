"""The dispatcher's desk: what waits, and one case with everything the program proposes for it."""

from datetime import UTC, date, datetime
from typing import Any

from aiohttp import web

from access.actors import Actor
from cases import (
    actions,
    alerts,
    choices,
    dispatch,
    loads,
    merging,
    orders,
    queries,
    returns,
    timeline,
    unclaimed,
)
from cases.attachments import KINDS
from cases.clocks import next_due, views
from cases.highlight import pieces
from cases.inputs import REFUSAL_REASONS
from cases.model import CHANNELS, ONGOING
from cases.places import divisions, streets_by_district
from cases.states import STATE_NAMES, State
from cases.violations import by_group, name_of, violations
from grid.inspectors import Absence, Inspector
from grid.receivers import standing
from grid.service import Answer
from handlers import case_relations
from handlers.forms import Deed, Form, Problem, acting, ask_reporter, deed, staff_page
from handlers.keys import SERVICES
from services import Services
from store.errors import NotFound
from store.mongo import Document


async def desk(request: web.Request) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    chosen = queries.Filter.read(request.query)
    searched = request.query.get("case", "").strip()[:40]
    if searched and (number := queries.case_number(searched)):
        raise web.HTTPSeeOther(f"/desk/cases/{number}")
    rows, more = await queries.desk(services.store, chosen, actor)
    return staff_page(
        request,
        "staff/desk.html",
        rows=[_row(row) for row in rows],
        more=more,
        filter=chosen,
        state=request.query.get("state", ""),
        searched=searched,
        alerts=await alerts.waiting(services.store),
        districts=divisions(services.settings.city_dir).districts,
        types=[kind for kind in violations().values() if kind.core],
        unclaimed=await unclaimed.count(services.store, actor),
    )


def _row(case: Document) -> dict[str, Any]:
    state = STATE_NAMES[State(case["state"])]
    return {"case": case, "headline": orders.headline(case), "due": next_due(case), "state": state}


async def nobodys(request: web.Request) -> web.Response:
    """Cases that wait for a person: nobody answers for them, they came back, or who has them is no longer there."""
    services, actor = request.app[SERVICES], request["actor"]
    await services.locator.refresh_roster(services.store)
    now, roster = datetime.now(UTC), services.locator.roster
    gone = [each.id for each in roster if not each.active]
    away = [each.id for each in roster if each.absence(now) is Absence.ON_LEAVE]
    left = await loads.stranded(services.store, gone, away, actor)
    return staff_page(
        request,
        "staff/nobodys.html",
        unclaimed=[_row(case) for case in await unclaimed.queue(services.store, actor)],
        returned=[_row(case) for case in await queries.supervised(services.store, actor, (State.RETURNED,))],
        stranded=[{**_row(case), "holder": _holder(roster.get(case["inspector_id"]), now)} for case in left],
        minutes=services.settings.unclaimed_minutes,
        goes_one_level_up=returns.goes_one_level_up,
        reasons=returns.RETURN_REASONS,
    )


def _holder(inspector: Inspector | None, now: datetime) -> str:
    return f"{inspector.name}，{standing(inspector, now) or '账号已停用'}" if inspector else "账号已停用"


async def case_page(request: web.Request) -> web.StreamResponse:
    return await show_case(request, request.match_info["id"])


async def show_case(
    request: web.Request, case_id: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    case = await queries.case_for(services.store, case_id, actor)
    tips = await queries.tips_of(services.store, case_id)
    trail = await queries.audit_of(services.store, case_id)
    names = await queries.names_of(services.store, {entry["actor"] for entry in trail})
    location = case["location"]
    known = divisions(services.settings.city_dir)
    first = merging.earliest_effective(tips)
    to = await choices.receivers(services.store, services.locator, case, datetime.now(UTC))
    return staff_page(
        request,
        "staff/case.html",
        case=case,
        state=STATE_NAMES[State(case["state"])],
        headline=orders.headline(case),
        # The spans were found in the case's own tip; those that a merge brought along were not read with it.
        tips=[
            {
                **tip,
                "pieces": pieces(tip["facts"]["what"], [] if tip.get("merge_path") else case["types"]),
                "earliest": tip["_id"] == first,
            }
            for tip in tips
        ],
        channels=CHANNELS,
        ongoing=ONGOING,
        proposed=[{**row, "zh": name_of(row["type"])} for row in case["types"]],
        draft=dispatch.summary_draft(
            [row["type"] for row in case["types"][:2]], location["district"] or "", location["street"] or "",
            case["company"],
        ),
        buttons={action.name: action for action in actions.allowed(case, actor)},
        photos=await queries.photos_of(services.store, case_id),
        files=await queries.files_of(services.store, case_id),
        file_kinds=KINDS,
        duplicates=case["duplicates"],
        receivers=to,
        answer=_answer(services, case, tips),
        return_reasons=returns.RETURN_REASONS,
        approximate=await queries.approximate_grids(services.store),
        streets=streets_by_district(known),
        districts=[(name, name) for name in known.districts],
        groups=by_group(),
        reasons=REFUSAL_REASONS,
        clocks=views(case),
        lines=timeline.lines(trail, names),
        base="/desk",
        form=form,
        problem=problem,
        **await case_relations.shown(services, case, actor),
    )  # fmt: skip


def _answer(services: Services, case: Document, tips: list[Document]) -> Answer:
    """Who answers for the types as they stand now: those that were decided, else those proposed."""
    facts = tips[0]["facts"] if tips else {"place": "", "company": "", "what": ""}
    text = "\n".join(facts[name] for name in ("place", "company", "what"))
    types = case["decided_types"] or [row["type"] for row in case["types"]]
    location, received = case["location"], date.fromisoformat(case["opened_on"])
    return services.locator.answer(types, text, received, location["district"], location["street"])


def _accept_data(case: Document, form: Form) -> dict[str, Any]:
    district, street = form.text("district"), form.text("street").removeprefix(f"{form.text('district')} ")
    return {
        "types": form.all("types"), "district": district, "street": street,
        "grid": dispatch.grid_for(case, district, street), "company": form.text("company"),
        "summary": form.text("summary"),
    }  # fmt: skip


async def _accept(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    case = await queries.case_for(services.store, case_id, actor)
    known = divisions(services.settings.city_dir)
    return await dispatch.accept(services.store, known, case_id, actor, _accept_data(case, form), form.version)


async def _accept_and_assign(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    case = await queries.case_for(services.store, case_id, actor)
    known = divisions(services.settings.city_dir)
    data = _accept_data(case, form)
    return await dispatch.accept_and_assign(services.store, known, case_id, actor, data, _order(form), form.version)


def giving(action: str, *more: str) -> Deed:
    """派单, 改派 or 移交 from a form; `more` are the fields beside department and inspector."""

    async def do(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
        order = _order(form) | {name: form.text(name) for name in more}
        return await dispatch.give(services.store, case_id, action, actor, order, form.version)

    return do


# The supervisor's page has the same three.
GIVING: dict[str, Deed] = {
    "assign": giving("assign", "decision"),
    "reassign": giving("reassign", "decision", "reason"),
    "hand_over": giving("hand_over", "reason"),
}


def _order(form: Form) -> dict[str, str]:
    return {"department": form.text("department"), "inspector_id": form.text("inspector_id")}


async def _merge(services: Services, case_id: str, actor: Actor, form: Form) -> Document:
    into = queries.case_number(form.text("into")) or form.text("into")
    return await merging.merge(services.store, case_id, actor, into, form.version)


DEEDS: dict[str, Deed] = {
    "accept": _accept,
    "accept_and_assign": _accept_and_assign,
    **GIVING,
    "merge": _merge,
    "refuse": deed("refuse", "reason", "text"),
    "transfer": deed("transfer", "to", "text"),
    "ask_reporter": ask_reporter,
    **case_relations.DEEDS,
}

act = acting(DEEDS, show_case, "/desk/cases/{id}")


async def take_alert(request: web.Request) -> web.Response:
    """Somebody at the desk has taken up a message of immediate danger."""
    services, actor = request.app[SERVICES], request["actor"]
    if not await alerts.take_up(services.store, request.match_info["id"], actor, datetime.now(UTC)):
        raise NotFound("没有这条警报，或已有人接手。请刷新页面。")
    raise web.HTTPSeeOther("/desk")
