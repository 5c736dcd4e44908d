"""Staff log in, log out, and see where they are logged in."""

from datetime import UTC, datetime

from aiohttp import web

from access import audit, sessions
from access.accounts import authenticate
from access.actors import Actor
from access.permissions import Permission, allows
from handlers.keys import NAVIGATION, SERVICES
from handlers.middlewares.sessions import clear_session, set_session
from handlers.middlewares.throttle import slow_down, succeeded
from handlers.pages import local_path, render
from store.errors import Refusal


async def login_page(request: web.Request) -> web.StreamResponse:
    following = local_path(request.query.get("next"), "")
    if request["actor"] is not None:
        raise web.HTTPSeeOther(following or home_of(request, request["actor"]))
    return render(request, "login.html", next=following, login="", problem="")


async def login(request: web.Request) -> web.StreamResponse:
    services, form = request.app[SERVICES], await request.post()
    name, password, following = (str(form.get(field, "")) for field in ("login", "password", "next"))
    name = name.strip()[:40]
    try:
        slow_down(request, "login", name.lower())
        actor = await authenticate(services.store, name, password)
    except Refusal as refusal:
        context = {"next": local_path(following, ""), "login": name, "problem": refusal.message}
        response = render(request, "login.html", status=refusal.status, **context)
        if wait := getattr(refusal, "retry_after_s", None):
            response.headers["Retry-After"] = str(wait)
        return response
    succeeded(request, "login", name.lower())
    # Always a new id: one that somebody planted before the login is worth nothing.
    token = await sessions.start(services.store, actor)
    await audit.append(services.store, None, f"account:{actor.id}", "login", actor.id, {})
    answer = web.HTTPSeeOther(local_path(following, home_of(request, actor)))
    set_session(answer, services.settings, token)
    raise answer


async def logout(request: web.Request) -> web.StreamResponse:
    services, session = request.app[SERVICES], request["session"]
    await sessions.end(services.store, session.id, session.actor.id)
    answer = web.HTTPSeeOther("/login")
    clear_session(answer, services.settings)
    # A shared computer keeps nothing of the pages that were open.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    raise answer


async def my_sessions(request: web.Request) -> web.StreamResponse:
    rows = await sessions.listed(request.app[SERVICES].store, request["actor"].id)
    return render(request, "sessions.html", rows=rows, current=request["session"].id, now=datetime.now(UTC))


async def end_session(request: web.Request) -> web.StreamResponse:
    """Form field `session` names one of the own sessions, "all" ends every one."""
    services, actor = request.app[SERVICES], request["actor"]
    chosen = str((await request.post()).get("session", ""))
    if chosen == "all":
        await sessions.end_all(services.store, actor.id)
    else:
        await sessions.end(services.store, chosen, actor.id)
    raise web.HTTPSeeOther("/sessions")


def home_of(request: web.Request, actor: Actor) -> str:
    """The first page of the menu that this person may see."""
    for path, _, permission in request.app.get(NAVIGATION, []):
        if permission != Permission.PUBLIC and allows(Permission(permission), actor):
            return path
    return "/"
