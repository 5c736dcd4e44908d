"""The administrator: accounts, inspectors, the grid layer, and how the parts are."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from aiohttp import web

from access import accounts, administration
from access.actors import ROLE_NAMES, Actor, Role
from access.passwords import new_password
from access.permissions import Permission, allows
from cases.places import divisions, streets_by_district
from grid.layers import LayerReport, import_layer
from grid.roster_changes import listed_inspectors, listed_layers, save_inspector, set_duty
from handlers.forms import Deed, Form, Problem, acting, read_form, staff_page
from handlers.keys import SERVICES
from services import Services
from store.errors import Refusal
from store.outbox import dead_jobs, job_counts, retry_job

LOW_DISK = 2 * 1024**3
SYSTEMS = {"wgs84": "WGS-84(GPS)", "gcj02": "GCJ-02（高德、腾讯）", "bd09": "BD-09（百度）"}


async def overview(request: web.Request) -> web.StreamResponse:
    return await show_overview(request)


async def show_overview(
    request: web.Request,
    _: str = "",
    *,
    form: Form | None = None,
    problem: Problem | None = None,
    password: tuple[str, str] | None = None,
    report: LayerReport | None = None,
) -> web.Response:
    """`password` (account name, password) is shown in this answer only."""
    services, actor = request.app[SERVICES], request["actor"]
    manages = allows(Permission.MANAGE_ACCOUNTS, actor)
    store = services.store
    return staff_page(
        request,
        "staff/admin.html",
        manages=manages,
        accounts=await administration.listed(store) if manages else [],
        roles=[(role.value, ROLE_NAMES[role]) for role in Role if role in accounts.STAFF_ROLES],
        role_names=ROLE_NAMES,
        districts=divisions(services.settings.city_dir).districts,
        streets=streets_by_district(divisions(services.settings.city_dir)),
        layers=await listed_layers(store),
        inspectors=await listed_inspectors(store),
        systems=SYSTEMS,
        health=await health(services),
        jobs=await job_counts(store),
        dead=await dead_jobs(store),
        password=password,
        report=report,
        form=form,
        problem=problem,
    )


async def health(services: Services) -> list[tuple[str, bool, str]]:
    """(part, well, what to know). The page itself proves that MongoDB answers."""
    disk = shutil.disk_usage(services.settings.data_dir)
    free = disk.free / 1024**3
    mail = services.settings.smtp_host
    rasa = await services.rasa.healthy()
    server = await services.store.client.server_info()
    return [
        ("数据库", True, f"MongoDB {server['version']}"),
        ("对话和识别(Rasa)", rasa, "正常" if rasa else "没有应答；新举报照常收下，恢复后自动识别"),
        ("邮件", mail is not None, f"经 {mail} 发送" if mail else "没有设置邮件服务器，邮件留在发件箱"),
        ("磁盘", disk.free > LOW_DISK, f"剩余 {free:.1f} GB"),
    ]


async def add_account(request: web.Request) -> web.StreamResponse:
    services, form = request.app[SERVICES], await read_form(request)
    password = new_password()
    try:
        account = await administration.add(
            services.store,
            login=form.text("login"),
            name=form.text("name"),
            roles=form.all("roles"),
            district=form.text("district") or None,
            inspector=form.text("inspector"),
            password=password,
            by=request["actor"],
        )
    except Refusal as refusal:
        return await show_overview(request, form=form, problem=Problem.of("add_account", refusal))
    return await show_overview(request, password=(account["name"], password))


async def reset_password(request: web.Request) -> web.StreamResponse:
    services, account_id = request.app[SERVICES], request.match_info["id"]
    password = new_password()
    try:
        account = await administration.reset_password(services.store, account_id, password, by=request["actor"])
    except Refusal as refusal:
        return await show_overview(request, problem=Problem.of("accounts", refusal))
    return await show_overview(request, password=(account["name"], password))


async def _disable(services: Services, account_id: str, actor: Actor, form: Form) -> None:
    await administration.set_disabled(services.store, account_id, True, by=actor)


async def _enable(services: Services, account_id: str, actor: Actor, form: Form) -> None:
    await administration.set_disabled(services.store, account_id, False, by=actor)


ACCOUNT_DEEDS: dict[str, Deed] = {"disable_account": _disable, "enable_account": _enable}
change_account = acting(ACCOUNT_DEEDS, show_overview, "/admin")


async def _save_inspector(services: Services, _: str, actor: Actor, form: Form) -> None:
    await save_inspector(
        services.store,
        divisions(services.settings.city_dir),
        inspector_id=form.text("inspector_id"),
        name=form.text("name"),
        email=form.text("email"),
        place=form.text("place"),
        grids=form.text("grids"),
        by=actor.id,
    )
    await services.locator.reload(services.store)


async def _duty(services: Services, inspector_id: str, actor: Actor, form: Form) -> None:
    await set_duty(services.store, inspector_id, form.text("on_duty") == "1", by=actor.id)
    await services.locator.reload(services.store)


INSPECTOR_DEEDS: dict[str, Deed] = {"save_inspector": _save_inspector, "set_duty": _duty}
change_inspector = acting(INSPECTOR_DEEDS, show_overview, "/admin")


async def import_grids(request: web.Request) -> web.StreamResponse:
    """A GeoJSON file: first a dry run that lists every fault, then the import."""
    services = request.app[SERVICES]
    posted = await request.post()
    upload, form = posted.get("file"), await read_form(request)
    if not isinstance(upload, web.FileField):
        problem = Problem("import_layer", "请选择 GeoJSON 文件。", "file", 422)
        return await show_overview(request, form=form, problem=problem)
    with tempfile.TemporaryDirectory() as folder:
        # The name is what the report shows; only its last part, so that it stays inside the folder.
        path = Path(folder) / (Path(upload.filename.replace("\\", "/")).name or "layer.geojson")
        path.write_bytes(upload.file.read())
        try:
            report = await _import(services, path, form, request["actor"])
        except Refusal as refusal:
            return await show_overview(request, form=form, problem=Problem.of("import_layer", refusal))
    return await show_overview(request, form=form, report=report)


async def _import(services: Services, path: Path, form: Form, actor: Actor) -> Any:
    report = await import_layer(
        services.store,
        path,
        form.text("system") or "wgs84",
        dry_run=form.text("step") != "import",
        actor=actor.id,
        city_dir=services.settings.city_dir,
    )
    if not report.dry_run:
        await services.locator.reload(services.store)
    return report


async def _retry(services: Services, job_id: str, actor: Actor, form: Form) -> None:
    await retry_job(services.store, job_id)


change_job = acting({"retry_job": _retry}, show_overview, "/admin")
