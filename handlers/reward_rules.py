"""Reward rules for the administrators: one completes a version, another compares and approves it."""

from datetime import UTC, datetime

from aiohttp import web

from access.actors import Actor
from access.permissions import Permission, allows
from cases import queries, trail
from handlers.forms import Deed, Form, Problem, acting, read_form, staff_page
from handlers.keys import SERVICES
from rewards import rule_book
from rewards.rules import bundled_texts
from services import Services
from store.errors import Refusal


async def overview(request: web.Request) -> web.StreamResponse:
    return await show_overview(request)


async def show_overview(
    request: web.Request, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    store = request.app[SERVICES].store
    known, versions = await rule_book.current(store), await rule_book.versions(store)
    start = request.query.get("from", "")
    return staff_page(
        request,
        "staff/rules.html",
        rules=list(known.values()),
        versions=versions,
        states=rule_book.STATES,
        names=await queries.names_of(store, {row["by"] for row in versions}),
        may_manage=allows(Permission.MANAGE_RULES, request["actor"]),
        text=bundled_texts().get(start, ""),
        form=form,
        problem=problem,
    )


async def submit(request: web.Request) -> web.StreamResponse:
    services, form = request.app[SERVICES], await read_form(request)
    try:
        row = await rule_book.submit(
            services.store, trail, request["actor"], form.text("text") + "\n", form.text("note"), now=datetime.now(UTC)
        )
    except Refusal as refusal:
        return await show_overview(request, form=form, problem=Problem.of("submit", refusal))
    raise web.HTTPSeeOther(f"/admin/rules/{row['_id']}?done=rules.submit")


async def version_page(request: web.Request) -> web.StreamResponse:
    return await show_version(request, request.match_info["id"])


async def show_version(
    request: web.Request, digest: str, *, form: Form | None = None, problem: Problem | None = None
) -> web.Response:
    store = request.app[SERVICES].store
    row = await rule_book.find(store, digest)
    return staff_page(
        request,
        "staff/rule_version.html",
        row=row,
        rules=await rule_book.of_digest(store, digest),
        state_zh=rule_book.STATES[row["state"]],
        names=await queries.names_of(store, {row["by"], row["decided_by"]} - {None}),
        may_manage=allows(Permission.MANAGE_RULES, request["actor"]),
        form=form,
        problem=problem,
    )


async def _approve(services: Services, digest: str, actor: Actor, form: Form) -> None:
    await rule_book.approve(services.store, trail, actor, digest, version=form.version, now=datetime.now(UTC))


async def _refuse(services: Services, digest: str, actor: Actor, form: Form) -> None:
    await rule_book.refuse(services.store, trail, actor, digest, version=form.version, now=datetime.now(UTC))


DEEDS: dict[str, Deed] = {"rules.approve": _approve, "rules.refuse": _refuse}
act = acting(DEEDS, show_version, "/admin/rules/{id}")
