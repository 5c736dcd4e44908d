"""One's own account: a new password, and the second factor."""

import segno
from aiohttp import web

from access import administration
from access.second_factor import Enrolment, SecondFactor
from handlers.forms import Problem, read_form
from handlers.keys import SERVICES
from handlers.middlewares.throttle import slow_down, succeeded
from handlers.pages import render
from store.errors import Refusal

ISSUER = "12350"


async def show(request: web.Request) -> web.StreamResponse:
    return _page(request)


def _page(
    request: web.Request,
    *,
    problem: Problem | None = None,
    enrolment: Enrolment | None = None,
    paper: list[str] | None = None,
    done: str = "",
) -> web.Response:
    """`enrolment` and `paper` are shown in this answer only."""
    settings, session = request.app[SERVICES].settings, request["session"]
    picture = segno.make(enrolment.uri, error="m").svg_data_uri(scale=6, border=3) if enrolment else ""
    return render(
        request,
        "account.html",
        status=problem.status if problem else 200,
        problem=problem,
        has_factor=session.second_factor or bool(paper),
        must_have=bool({role.value for role in session.actor.roles} & set(settings.second_factor_roles)),
        enrolment=enrolment,
        picture=picture,
        paper=paper or [],
        done=done,
    )


async def change_password(request: web.Request) -> web.StreamResponse:
    services, actor, form = request.app[SERVICES], request["actor"], await read_form(request)
    old, new, again = (form.fields.get(name, "") for name in ("old", "new", "again"))
    try:
        if new != again:
            raise Refusal("两次输入的新口令不一样。", status=422, field="again")
        slow_down(request, "login", actor.id)
        await administration.change_own_password(services.store, actor.id, old, new, keep_session=request["session"].id)
    except Refusal as refusal:
        return _page(request, problem=Problem.of("password", refusal))
    succeeded(request, "login", actor.id)
    return _page(request, done="口令已更换,其他地方的登录已结束。")


async def begin_factor(request: web.Request) -> web.StreamResponse:
    services, actor = request.app[SERVICES], request["actor"]
    try:
        enrolment = await SecondFactor(services.store, services.keys).begin(actor.id, ISSUER)
    except Refusal as refusal:
        return _page(request, problem=Problem.of("factor", refusal))
    return _page(request, enrolment=enrolment)


async def confirm_factor(request: web.Request) -> web.StreamResponse:
    services, actor, form = request.app[SERVICES], request["actor"], await read_form(request)
    try:
        paper = await SecondFactor(services.store, services.keys).confirm(actor.id, form.text("code"))
    except Refusal as refusal:
        return _page(request, problem=Problem.of("confirm", refusal))
    return _page(request, paper=paper, done="动态码已启用,下次登录要输入。")


async def remove_factor(request: web.Request) -> web.StreamResponse:
    """With one of its codes, so that an unattended browser cannot take it off. Ends every session, this one too."""
    services, actor, form = request.app[SERVICES], request["actor"], await read_form(request)
    factor = SecondFactor(services.store, services.keys)
    try:
        slow_down(request, "login", actor.id)
        await factor.check(actor.id, form.text("code"))
    except Refusal as refusal:
        return _page(request, problem=Problem.of("remove", refusal))
    await factor.remove(actor.id, actor.id)
    raise web.HTTPSeeOther("/login")
