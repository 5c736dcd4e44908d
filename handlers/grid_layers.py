"""The administrator's pages about the grid layer: try a file, look at report and picture, use a version, export it."""

import asyncio
import shutil
import tempfile
from base64 import b64encode
from pathlib import Path

from aiohttp import web

from access.actors import SYSTEM, Actor
from access.administration import listed
from grid.layer_choices import CHOICES, FORMAT_NAMES, SYSTEM_NAMES
from grid.layer_export import export_version
from grid.layer_report import LayerReport
from grid.layer_rows import MAX_BYTES
from grid.layer_store import listed_versions, read_version, use
from grid.layers import try_layer
from handlers.forms import Form, Problem, acting, read_form, staff_page
from handlers.keys import SERVICES
from handlers.middlewares.sizes import up_to
from services import Services
from store.errors import Refusal
from store.mongo import Document

_ENVELOPE = 1024 * 1024  # what a form adds to its files
_IMAGE = "image/svg+xml"


async def overview(request: web.Request) -> web.StreamResponse:
    return await _show_overview(request)


async def _show_overview(
    request: web.Request,
    *,
    form: Form | None = None,
    problem: Problem | None = None,
    refused: LayerReport | None = None,
    picture: str = "",
) -> web.Response:
    """`refused`: the report of a file with errors, of which nothing was kept."""
    services = request.app[SERVICES]
    return staff_page(
        request,
        "staff/grids.html",
        versions=await listed_versions(services.store),
        demonstration=len(services.locator.grid_index) if services.locator.grid_index.version is None else 0,
        choices=CHOICES,
        refused=refused,
        picture=f"data:{_IMAGE};base64,{b64encode(picture.encode()).decode()}" if picture else "",
        form=form,
        problem=problem,
    )


async def try_file(request: web.Request) -> web.StreamResponse:
    """Read and check a file. Without errors it becomes a version that waits to be used, and its page is shown."""
    services, form = request.app[SERVICES], await read_form(request)
    files = [f for f in (await request.post()).getall("file", []) if isinstance(f, web.FileField) and f.filename]
    try:
        with tempfile.TemporaryDirectory(prefix="grids-") as folder:
            path = await asyncio.to_thread(_saved, files, Path(folder))
            report, picture = await try_layer(
                services.store, path, form.text("system"), by=request["actor"].id, city_dir=services.settings.city_dir
            )
    except Refusal as refusal:
        return await _show_overview(request, form=form, problem=Problem.of("try_file", refusal))
    if report.version is None:
        problem = Problem("try_file", report.headline(), "file", 422)
        return await _show_overview(request, form=form, problem=problem, refused=report, picture=picture)
    raise web.HTTPSeeOther(f"/admin/grids/{report.version}")


up_to(MAX_BYTES + _ENVELOPE, try_file)


def _saved(files: list[web.FileField], folder: Path) -> Path:
    """The one file, or the .shp among its companions. Only the last part of a name is kept, so it stays in the folder."""
    paths = []
    for file in files:
        name = Path("".join(c for c in file.filename.replace("\\", "/") if c.isprintable())).name or "layer"
        path = folder / (Path(name).stem[:60] + Path(name).suffix[:10])
        with path.open("wb") as out:
            shutil.copyfileobj(file.file, out, 1024 * 1024)
        paths.append(path)
    if not paths:
        raise Refusal("请选择文件：GeoJSON，或 Shapefile 的压缩包（zip）。", status=422, field="file")
    main = paths if len(paths) == 1 else [path for path in paths if path.suffix.lower() == ".shp"]
    if len(main) != 1:
        words = "一次只能导入一个图层：选一个 GeoJSON 或 zip，或同名的 .shp、.shx、.dbf、.prj。"
        raise Refusal(words, status=422, field="file")
    return main[0]


async def version_page(request: web.Request) -> web.StreamResponse:
    return await _show_version(request, request.match_info["id"])


async def _show_version(
    request: web.Request, version: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    services = request.app[SERVICES]
    return staff_page(
        request,
        "staff/grid_version.html",
        version=await read_version(services.store, version),
        names=await _names(services),
        choices=CHOICES,
        systems=list(SYSTEM_NAMES.items()),
        formats=list(FORMAT_NAMES.items()),
        form=form,
        problem=problem,
    )


async def picture(request: web.Request) -> web.Response:
    """The picture by itself, to be looked at closely."""
    version = await read_version(request.app[SERVICES].store, request.match_info["id"])
    return web.Response(text=version["picture"], content_type=_IMAGE, charset="utf-8")


async def _use(services: Services, version: str, actor: Actor, form: Form) -> Document:
    done = await use(services.store, version, by=actor.id, content=form.text("content"))
    await services.locator.reload(services.store)
    return done


change_version = acting({"use_layer": _use}, _show_version, "/admin/grids/{id}")


async def export(request: web.Request) -> web.Response:
    """GET /admin/grids/{id}/export?format=geojson&system=gcj02"""
    services, wanted = request.app[SERVICES], request.query
    name, content = await export_version(
        services.store, request.match_info["id"], wanted.get("format", ""), wanted.get("system", "")
    )
    kind = "application/zip" if name.endswith(".zip") else "application/geo+json"
    return web.Response(
        body=content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def _names(services: Services) -> dict[str, str]:
    """Account ids → names."""
    return {SYSTEM.id: "命令行", **{row["_id"]: row["name"] for row in await listed(services.store)}}
