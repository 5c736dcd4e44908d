"""The quarterly sweep and the unannounced checks: the inspector's list, and how far each district is."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from multidict import MultiDict

from access.actors import Actor, Role
from cases import checks, enterprises, sweeps, tallies
from cases.enterprises import RISKS
from cases.inputs import InvalidInput
from cases.quarters import Quarter, quarter_of, read_quarter
from cases.reception import read_photos, store_uploads
from cases.tables import Table
from handlers.case_files import SIZES
from handlers.downloads import tables_answer
from handlers.forms import Form, Problem, read_form, staff_page
from handlers.keys import SERVICES
from handlers.middlewares.sizes import up_to
from handlers.uploads import MAX_BODY, Upload, in_memory, read_posted
from services import Services
from store.errors import NotFound, Refusal
from store.local_time import local_day
from store.sealing import SealBroken


def _today() -> Any:
    return local_day(datetime.now(UTC))


async def overview(request: web.Request) -> web.StreamResponse:
    return await show_overview(request)


async def show_overview(
    request: web.Request, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    store = services.store
    quarter = read_quarter(request.query.get("quarter", ""), _today())
    grids = await sweeps.grids_of(store, actor) if actor.has(Role.INSPECTOR) else []
    lines = await sweeps.listed(store, grids, quarter)
    return staff_page(
        request,
        "staff/sweeps.html",
        quarter=quarter,
        before=quarter.before if quarter.before.year >= 2020 else None,
        after=quarter.after if quarter.after.first <= _today() else None,
        is_inspector=actor.has(Role.INSPECTOR),
        grids=grids,
        lines=lines,
        done_count=sum(line.sweep is not None for line in lines),
        risks=RISKS,
        shares=await _shares(services, actor, quarter),
        counted_at=await tallies.counted_at(store),
        planned=await checks.planned(store, actor, grids if actor.has(Role.INSPECTOR) else None),
        results=checks.RESULTS,
        today=_today().isoformat(),
        form=form,
        problem=problem,
    )


async def _shares(services: Services, actor: Actor, quarter: Quarter) -> list[sweeps.Share]:
    """An inspector's page shows the own list only."""
    if not actor.has(Role.SUPERVISOR, Role.LEADER, Role.AUDITOR):
        return []
    rows = await tallies.sweep_shares(services.store, quarter)
    return [row for row in rows if actor.may_see_district(row.district)]


async def shares_file(request: web.Request) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    quarter = read_quarter(request.query.get("quarter", ""), _today())
    rows = [
        (row.district, row.enterprises, row.done, row.left, row.percent, row.complete, row.nowhere)
        for row in await _shares(services, actor, quarter)
    ]
    columns = ("区市", "在营单位", "已排查", "未排查", "完成率", "资料齐全", "未划网格")
    table = Table(f"{quarter.zh}网格排查", columns, list(rows))
    return await tables_answer([table], request.match_info["kind"], table.title)


async def sweep_page(request: web.Request) -> web.StreamResponse:
    return await show_sweep(request)


async def show_sweep(request: web.Request, *, form: Form | None = None, problem: Problem | None = None) -> web.Response:
    services, actor = request.app[SERVICES], request["actor"]
    quarter = quarter_of(_today())
    row = await sweeps.find(services.store, actor, request.match_info["id"])
    sweep = await services.store["sweeps"].find_one({"_id": f"{quarter.id}:{row['_id']}"})
    photos = services.store["evidence"].find({"sweep": sweep["_id"]}, {"width": 1, "height": 1}) if sweep else None
    return staff_page(
        request,
        "staff/sweep.html",
        row=row,
        shown=enterprises.shown(row),
        quarter=quarter,
        sweep=sweep,
        photos=await photos.sort("_id", 1).to_list(sweeps.MAX_PHOTOS) if photos else [],
        items=sweeps.ITEMS,
        today=_today().isoformat(),
        max_photos=sweeps.MAX_PHOTOS,
        form=form,
        problem=problem,
    )


async def record(request: web.Request) -> web.StreamResponse:
    """The visit with its photos; the words are checked before a photo is stored."""
    with await read_posted(request) as posted:
        return await _record(request, Form(MultiDict(posted.fields)), posted.uploads, posted.problem)


async def _record(
    request: web.Request, form: Form, uploads: list[Upload], too_large: Refusal | None
) -> web.StreamResponse:
    services, actor = request.app[SERVICES], request["actor"]
    quarter = quarter_of(_today())
    try:
        row = await sweeps.find(services.store, actor, request.match_info["id"])
        fields = {name: form.text(name) for name in ("on", "note")}
        items = [item for item in sweeps.ITEMS if form.has(f"item-{item}")]
        visit = sweeps.checked(fields, items, quarter, _today())
        if too_large:
            raise too_large
        stored = await store_uploads(services.evidence, await read_photos(services.evidence, uploads))
        await sweeps.record(services.store, actor, row, quarter, visit, stored.photos)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        shown = refusal if refusal.field else InvalidInput(refusal.message, field="photos")
        return await show_sweep(request, form=form, problem=replace(Problem.of("sweep", shown), status=refusal.status))
    raise web.HTTPSeeOther("/sweeps?done=record_sweep")


up_to(MAX_BODY, in_memory(record))


async def photo(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    field = SIZES.get(request.match_info["size"])
    row = await sweeps.photo(services.store, request.match_info["id"], request["actor"])
    if field is None:
        raise NotFound("没有这张照片。")
    try:
        jpeg = await services.evidence.get(row[field])
    except (OSError, SealBroken):
        raise NotFound("照片文件已损坏或不在了，请通知管理员。") from None
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)


async def record_check(request: web.Request) -> web.StreamResponse:
    services, actor = request.app[SERVICES], request["actor"]
    form, check_id = await read_form(request), request.match_info["id"]
    try:
        await checks.record(
            services.store, check_id, actor, await sweeps.grids_of(services.store, actor),
            on=form.text("on"), result=form.text("result"), text=form.text("text"),
        )  # fmt: skip
    except Refusal as refusal:
        return await show_overview(request, form=form, problem=Problem.of(f"check-{check_id}", refusal))
    raise web.HTTPSeeOther("/sweeps?done=record_check")
