"""Payment batches: chosen by one officer, approved by another, downloaded for the bank, settled by its result."""

from datetime import UTC, datetime

from aiohttp import hdrs, web

from access.actors import Actor
from cases import queries, settlement, trail
from handlers import finance
from handlers.forms import Deed, Form, Problem, acting, read_form, staff_page, whole_number
from handlers.keys import SERVICES
from rewards import batches, reconciliation
from rewards.bank_files import FORMATS, MAX_BYTES, BankFileRefused
from rewards.batches import Donee
from services import Services
from store.errors import Refusal

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def donee_of(services: Services) -> Donee | None:
    """Where donated rewards go; None when the city has named nobody."""
    settings = services.settings
    if not (settings.donee_name and settings.donee_bank and settings.donee_account):
        return None
    return Donee(settings.donee_name, settings.donee_bank, settings.donee_account)


async def overview(request: web.Request) -> web.StreamResponse:
    store = request.app[SERVICES].store
    rows = await batches.listed(store)
    people = {row[key] for row in rows for key in ("made_by", "approved_by")} - {None}
    return staff_page(
        request,
        "staff/batches.html",
        batches=rows,
        states=batches.STATES,
        summary=batches.summary,
        report=await reconciliation.report(store),
        names=await queries.names_of(store, people),
    )


async def make(request: web.Request) -> web.StreamResponse:
    services, form = request.app[SERVICES], await read_form(request)
    try:
        batch = await batches.make(
            services.store, trail, request["actor"], form.all("reward"), jurisdiction=finance.jurisdiction(services),
            now=datetime.now(UTC),
        )  # fmt: skip
    except Refusal as refusal:
        return await finance.show_overview(request, form=form, problem=Problem.of("batch", refusal))
    raise web.HTTPSeeOther(f"/finance/batches/{batch['_id']}?done=batch.make")


async def batch_page(request: web.Request) -> web.StreamResponse:
    return await show_batch(request, request.match_info["id"])


async def show_batch(
    request: web.Request,
    batch_id: str,
    *,
    form: Form | None = None,
    problem: Problem | None = None,
    wrong_lines: tuple[str, ...] = (),
) -> web.Response:
    store = request.app[SERVICES].store
    batch = await batches.find(store, batch_id)
    people = {batch["made_by"], batch["approved_by"], *(row["by"] for row in batch["downloads"])}
    people |= {part["by"] for part in (batch["result"], batch["cancelled"]) if part}
    return staff_page(
        request,
        "staff/batch.html",
        batch=batch,
        state_zh=batches.STATES[batch["state"]],
        names=await queries.names_of(store, people - {None}),
        summary=batches.summary(batch),
        differences=await reconciliation.differences(store, batch),
        wrong_lines=wrong_lines,
        form=form,
        problem=problem,
    )


async def _approve(services: Services, batch_id: str, actor: Actor, form: Form) -> None:
    total = whole_number(form.text("total_fen"), "total_fen", "页面不完整，请刷新后再试。")
    await batches.approve(
        services.store, trail, actor, batch_id, version=form.version, total_fen=total, now=datetime.now(UTC)
    )


async def _cancel(services: Services, batch_id: str, actor: Actor, form: Form) -> None:
    await batches.cancel(
        services.store, trail, actor, batch_id, reason=form.text("reason"), version=form.version,
        now=datetime.now(UTC),
    )  # fmt: skip


act = acting({"batch.cancel": _cancel}, show_batch, "/finance/batches/{id}")
APPROVAL: dict[str, Deed] = {"batch.approve": _approve}
approve = acting(APPROVAL, show_batch, "/finance/batches/{id}")


async def download(request: web.Request) -> web.StreamResponse:
    """The file for the bank; it is in this answer only and never kept here."""
    services, batch_id, form = request.app[SERVICES], request.match_info["id"], await read_form(request)
    fmt = form.text("format")
    try:
        if fmt not in FORMATS:
            raise Refusal("请选择文件格式。", status=422, field="format")
        data = await batches.download(
            services.store,
            trail,
            request["actor"],
            batch_id,
            # Not `form.text`: a password is taken exactly as typed.
            password=form.fields.get("password", ""),
            fmt=fmt,
            donee=donee_of(services),
            version=form.version,
            now=datetime.now(UTC),
        )
    except Refusal as refusal:
        return await show_batch(request, batch_id, form=form, problem=Problem.of("download", refusal))
    batch = await batches.find(services.store, batch_id)
    headers = {
        hdrs.CONTENT_TYPE: TYPES[fmt],
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{batch["number"]}.{fmt}"',
        hdrs.CACHE_CONTROL: "no-store",
    }
    return web.Response(body=data, headers=headers)


async def import_result(request: web.Request) -> web.StreamResponse:
    services, batch_id = request.app[SERVICES], request.match_info["id"]
    form, uploaded = await read_form(request), (await request.post()).get("file")
    try:
        if not isinstance(uploaded, web.FileField):
            raise Refusal("请选择银行的结果文件。", status=422, field="file")
        batch = await batches.import_result(
            services.store, trail, services.ledger, request["actor"], batch_id, uploaded.file.read(MAX_BYTES + 1),
            version=form.version, now=datetime.now(UTC),
        )  # fmt: skip
    except BankFileRefused as refusal:
        problem = Problem.of("batch.result", refusal)
        return await show_batch(request, batch_id, form=form, problem=problem, wrong_lines=refusal.problems)
    except Refusal as refusal:
        return await show_batch(request, batch_id, form=form, problem=Problem.of("batch.result", refusal))
    for case_id in await batches.cases_of(services.store, batch):
        await settlement.settle_reward(services.store, case_id)
    raise web.HTTPSeeOther(f"/finance/batches/{batch_id}?done=batch.result")
