"""The administrator's pages of the roster: who there is, one inspector with leave and shifts, the table in and out."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from access.actors import Actor
from cases import queries, timeline
from cases.loads import open_orders
from cases.places import divisions, streets_by_district
from grid.inspectors import KIND_NAMES, Inspector
from grid.receivers import standing
from grid.roster_changes import add_leave, inspector_of, remove_leave, save_inspector, set_active, set_shifts
from grid.roster_csv import RosterReport, exported, import_roster
from grid.roster_store import load_inspectors
from grid.shifts import leave_of, shift_of, shifts_text
from handlers.forms import Deed, Form, Problem, acting, read_form, staff_page
from handlers.keys import SERVICES
from handlers.middlewares.sizes import up_to
from services import Services
from store.errors import Refusal

WEEKDAYS = [(str(n), f"周{sign}") for n, sign in enumerate("一二三四五六日", 1)]
MAX_TABLE = 10 * 1024 * 1024


async def roster(request: web.Request) -> web.StreamResponse:
    return await show_roster(request)


async def show_roster(
    request: web.Request,
    *,
    form: Form | None = None,
    problem: Problem | None = None,
    report: RosterReport | None = None,
) -> web.Response:
    services = request.app[SERVICES]
    known = divisions(services.settings.city_dir)
    district = request.query.get("district", "")
    searched = request.query.get("q", "").strip()[:40]
    people = [
        each for each in await load_inspectors(services.store)
        if (not district or each.district == district) and (not searched or searched in (each.id, each.name))
    ]  # fmt: skip
    shown = people if district or searched else []
    loads = await open_orders(services.store, [each.id for each in shown])
    now = datetime.now(UTC)
    return staff_page(
        request,
        "staff/inspectors.html",
        rows=[{"who": each, "now": standing(each, now), "orders": loads.get(each.id, 0)} for each in shown],
        total=len(people),
        district=district,
        searched=searched,
        districts=known.districts,
        places=_places(services),
        kinds=_kinds(),
        kind_names=KIND_NAMES,
        report=report,
        form=form,
        problem=problem,
    )  # fmt: skip


async def page(request: web.Request) -> web.StreamResponse:
    return await show_inspector(request, request.match_info["id"])


async def show_inspector(
    request: web.Request, inspector_id: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services = request.app[SERVICES]
    who = await inspector_of(services.store, inspector_id)
    trail = await queries.audit_of(services.store, f"inspector:{who.id}")
    names = await queries.names_of(services.store, {entry["actor"] for entry in trail})
    return staff_page(
        request,
        "staff/inspector.html",
        who=who,
        now=standing(who, datetime.now(UTC)),
        orders=(await open_orders(services.store, [who.id])).get(who.id, 0),
        max_open=services.locator.max_open,
        shifts=[shifts_text([each]) for each in who.shifts],
        weekdays=WEEKDAYS,
        places=_places(services),
        kinds=_kinds(),
        kind_names=KIND_NAMES,
        lines=timeline.lines(trail, names),
        form=form,
        problem=problem,
    )


def _places(services: Services) -> list[tuple[str, str]]:
    """A desk answers for a whole district, everybody else for a street."""
    streets = streets_by_district(divisions(services.settings.city_dir))
    choices = [(name, f"{name}（全区市）") for name in streets]
    return choices + [(f"{name} {street}", name + street) for name, known in streets.items() for street in known]


def _kinds() -> list[tuple[str, str]]:
    return [(str(kind), words) for kind, words in KIND_NAMES.items()]


async def add(request: web.Request) -> web.StreamResponse:
    services, form = request.app[SERVICES], await read_form(request)
    inspector_id = form.text("id")
    try:
        await _save(services, inspector_id, request["actor"], form)
    except Refusal as refusal:
        return await show_roster(request, form=form, problem=Problem.of("save_inspector", refusal))
    raise web.HTTPSeeOther(f"/admin/inspectors/{inspector_id}?done=save_inspector")


async def _save(services: Services, inspector_id: str, actor: Actor, form: Form) -> None:
    district, _, street = form.text("place").partition(" ")
    names = ("name", "kind", "grids", "email", "phone", "robot", "deputy")
    fields = {"id": inspector_id, "district": district, "street": street, **{name: form.text(name) for name in names}}
    try:
        await save_inspector(services.store, divisions(services.settings.city_dir), fields, by=actor.id)
    except Refusal as refusal:
        if refusal.field in ("district", "street"):
            refusal.field = "place"
        raise
    await services.locator.refresh_roster(services.store)


async def _active(services: Services, inspector_id: str, actor: Actor, form: Form) -> None:
    await set_active(services.store, inspector_id, form.text("active") == "1", by=actor.id)
    await services.locator.refresh_roster(services.store)


async def _add_leave(services: Services, inspector_id: str, actor: Actor, form: Form) -> None:
    await add_leave(services.store, inspector_id, _leave(form), by=actor.id)
    await services.locator.refresh_roster(services.store)


async def _remove_leave(services: Services, inspector_id: str, actor: Actor, form: Form) -> None:
    await remove_leave(services.store, inspector_id, _leave(form), by=actor.id)
    await services.locator.refresh_roster(services.store)


def _leave(form: Form) -> Any:
    return leave_of(form.text("first"), form.text("last"), form.text("deputy"))


async def _add_shift(services: Services, inspector_id: str, actor: Actor, form: Form) -> None:
    days = [int(day) for day in form.all("days") if day in dict(WEEKDAYS)]
    shift = shift_of(days, form.text("start"), form.text("end"))
    who = await inspector_of(services.store, inspector_id)
    if shift not in who.shifts:
        await _set_shifts(services, (*who.shifts, shift), who, actor)


async def _remove_shift(services: Services, inspector_id: str, actor: Actor, form: Form) -> None:
    who = await inspector_of(services.store, inspector_id)
    kept = tuple(each for each in who.shifts if shifts_text([each]) != form.text("shift"))
    if kept != who.shifts:
        await _set_shifts(services, kept, who, actor)


async def _set_shifts(services: Services, shifts: tuple[Any, ...], who: Inspector, actor: Actor) -> None:
    await set_shifts(services.store, who.id, shifts, by=actor.id)
    await services.locator.refresh_roster(services.store)


DEEDS: dict[str, Deed] = {
    "save_inspector": _save,
    "set_active": _active,
    "add_leave": _add_leave,
    "remove_leave": _remove_leave,
    "add_shift": _add_shift,
    "remove_shift": _remove_shift,
}
act = acting(DEEDS, show_inspector, "/admin/inspectors/{id}")


async def table(request: web.Request) -> web.Response:
    """The whole roster as CSV, to be edited and imported again."""
    people = await load_inspectors(request.app[SERVICES].store)
    text = await asyncio.to_thread(exported, people)
    headers = {"Content-Disposition": 'attachment; filename="inspectors.csv"', "Cache-Control": "no-store"}
    return web.Response(body=text.encode(), content_type="text/csv", charset="utf-8", headers=headers)


async def import_table(request: web.Request) -> web.StreamResponse:
    """First a dry run that lists every fault, then the import."""
    services = request.app[SERVICES]
    posted = await request.post()
    upload, form = posted.get("file"), await read_form(request)
    if not isinstance(upload, web.FileField):
        return await show_roster(request, form=form, problem=Problem("import_table", "请选择 CSV 文件。", "file", 422))
    data = upload.file.read()
    known = divisions(services.settings.city_dir)
    dry_run = form.text("step") != "import"
    try:
        report = await import_roster(services.store, data, known, by=request["actor"].id, dry_run=dry_run)
    except Refusal as refusal:
        return await show_roster(request, form=form, problem=Problem.of("import_table", refusal))
    await services.locator.refresh_roster(services.store)
    return await show_roster(request, form=form, report=report)


up_to(MAX_TABLE, import_table)
