"""The register of enterprises: search, one enterprise with its cases and credit, changes by hand and by spreadsheet."""

from typing import Any

from aiohttp import web

from access.actors import Actor
from access.permissions import Permission, allows
from cases import checks, credit, enterprises, orders, relations, sweeps
from cases.enterprise_import import COLUMNS, EXAMPLE, REQUIRED, Imported, import_sheet
from cases.enterprises import INDUSTRIES, RISKS, Places, Search
from cases.inputs import FINDINGS, InvalidInput
from cases.places import divisions, streets_by_district
from cases.spreadsheets import MAX_BYTES, MAX_ROWS, BadSheet
from cases.states import STATE_NAMES, State
from cases.tables import Table
from handlers.downloads import tables_answer
from handlers.forms import Deed, Form, Problem, acting, read_form, staff_page
from handlers.keys import SERVICES
from handlers.middlewares.sizes import up_to
from services import Services
from store.errors import Refusal

FIELDS = ("code", "name", "industry", "principal", "risk", "scheme", "district", "street", "grid", "address", "active")


def places(services: Services) -> Places:
    return Places(divisions(services.settings.city_dir), services.locator.grid_index)


async def overview(request: web.Request) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    wanted = Search.read(request.query)
    rows, more = await enterprises.search(services.store, wanted, actor)
    return staff_page(
        request,
        "staff/enterprises.html",
        rows=rows,
        more=more,
        search=wanted,
        risks=RISKS,
        districts=[actor.district] if actor.district else divisions(services.settings.city_dir).districts,
        manages=allows(Permission.MANAGE_ENTERPRISES, actor),
        sees_tips=relations.sees_tips(actor),
    )


async def enterprise_page(request: web.Request) -> web.StreamResponse:
    return await show_enterprise(request, request.match_info["id"])


async def show_enterprise(
    request: web.Request, code: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    store = services.store
    row = await enterprises.find(store, code, actor)
    cases = await relations.cases_of(store, row["_id"], actor)
    verified = [case for case in cases if (case.get("finding") or {}).get("result") in ("substantiated", "partly")]
    return staff_page(
        request,
        "staff/enterprise.html",
        row=row,
        shown=enterprises.shown(row),
        cases=[
            {"case": case, "headline": orders.headline(case), "state": STATE_NAMES[State(case["state"])]} for case in cases
        ],
        credit_events=await credit.events(store, row["_id"], verified),
        sweeps=await sweeps.sweeps_of(store, row["_id"]),
        checks=await checks.checks_of(store, row["_id"]),
        versions=[enterprises.shown(each) | {"version": each["version"]} for each in await enterprises.versions_of(store, row["_id"])],
        check_results=checks.RESULTS,
        findings=FINDINGS,
        kinds=credit.KINDS,
        manages=allows(Permission.MANAGE_ENTERPRISES, actor),
        sees_tips=relations.sees_tips(actor),
        form=form,
        problem=problem,
        **_choices(services, actor),
    )  # fmt: skip


def _choices(services: Services, actor: Actor) -> dict[str, Any]:
    known = divisions(services.settings.city_dir)
    districts = [actor.district] if actor.district else list(known.districts)
    return {
        "industries": [(name, name) for name in INDUSTRIES],
        "risks": RISKS,
        "districts": [(name, name) for name in districts],
        "streets": {name: rows for name, rows in streets_by_district(known).items() if name in districts},
    }


async def new_page(request: web.Request) -> web.StreamResponse:
    return await show_new(request)


async def show_new(request: web.Request, *, form: Form | None = None, problem: Problem | None = None) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    blank = {**dict.fromkeys(FIELDS, ""), "scheme": None, "active": True}
    choices = _choices(services, actor)
    return staff_page(request, "staff/enterprise_new.html", blank=blank, form=form, problem=problem, **choices)


def _read(services: Services, form: Form, code: str) -> enterprises.Enterprise:
    fields = {name: form.text(name) for name in FIELDS}
    # The list of streets names its district too: "市北区 台东街道".
    fields["street"] = fields["street"].removeprefix(f"{fields['district']} ")
    return enterprises.checked({**fields, "code": code, "active": fields["active"] or "否"}, places(services))


async def add(request: web.Request) -> web.StreamResponse:
    services, form = request.app[SERVICES], await read_form(request)
    try:
        one = _read(services, form, form.text("code"))
        await enterprises.save(services.store, one, 0, request["actor"])
    except Refusal as refusal:
        return await show_new(request, form=form, problem=Problem.of("save", refusal))
    raise web.HTTPSeeOther(f"/enterprises/{one.code}?done=save_enterprise")


async def _save(services: Services, code: str, actor: Actor, form: Form) -> None:
    await enterprises.find(services.store, code, actor)
    await enterprises.save(services.store, _read(services, form, code), form.version, actor)


async def _credit(services: Services, code: str, actor: Actor, form: Form) -> None:
    row = await enterprises.find(services.store, code, actor)
    await credit.record(
        services.store, row["_id"], actor, kind=form.text("kind"), on=form.text("on"), text=form.text("text")
    )


DEEDS: dict[str, Deed] = {"save_enterprise": _save, "record_credit": _credit}
act = acting(DEEDS, show_enterprise, "/enterprises/{id}")


async def import_page(request: web.Request) -> web.StreamResponse:
    return await show_import(request)


async def show_import(
    request: web.Request,
    *,
    problem: Problem | None = None,
    faults: list[str] | None = None,
    done: Imported | None = None,
) -> web.Response:
    return staff_page(
        request,
        "staff/enterprise_import.html",
        problem=problem,
        faults=faults or [],
        imported=done,
        columns=list(COLUMNS),
        required=REQUIRED,
        industries=INDUSTRIES,
        max_rows=MAX_ROWS,
    )


async def import_file(request: web.Request) -> web.StreamResponse:
    """First a dry run that lists every fault, then the import; all rows or none."""
    services = request.app[SERVICES]
    posted = await request.post()
    upload, dry_run = posted.get("file"), posted.get("step") != "import"
    if not isinstance(upload, web.FileField):
        missing = InvalidInput("请选择 XLSX 或 CSV 文件。", field="file")
        return await show_import(request, problem=Problem.of("import", missing))
    data = upload.file.read(MAX_BYTES + 1)
    try:
        done = await import_sheet(
            services.store, upload.filename, data, places(services), request["actor"], dry_run=dry_run
        )
    except BadSheet as bad:
        return await show_import(request, problem=Problem.of("import", bad), faults=bad.faults)
    return await show_import(request, done=done)


up_to(MAX_BYTES + 1024 * 1024, import_file)


async def template(request: web.Request) -> web.Response:
    """An empty sheet with the columns and one example."""
    table = Table("单位登记", tuple(COLUMNS), [EXAMPLE])
    return await tables_answer([table], request.match_info["kind"], "单位登记模板")
