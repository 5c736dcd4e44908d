"""Staff log in, log out, and see where they are logged in."""

from datetime import UTC, datetime

from aiohttp import web

from access import audit, sessions
from access.accounts import actor_of, authenticate
from access.actors import Actor
from access.permissions import Permission, allows
from access.second_factor import SecondFactor, has_one
from handlers import cookies, login_step
from handlers.keys import NAVIGATION, SERVICES
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
    account = await services.store["accounts"].find_one({"_id": actor.id}, {"second_factor": 1})
    if account and has_one(account):
        # The try is not given back yet: codes are guessed at the pace of passwords.
        onward = web.HTTPSeeOther("/login/code")
        login_step.start(request, onward, login_step.Step(actor.id, name.lower(), local_path(following, "")))
        raise onward
    raise await _logged_in(request, actor, name.lower(), following)


async def code_page(request: web.Request) -> web.StreamResponse:
    if login_step.current(request) is None:
        raise web.HTTPSeeOther("/login")
    return render(request, "login_code.html", problem="")


async def code(request: web.Request) -> web.StreamResponse:
    """The second factor: six digits of the telephone, or one of the paper codes."""
    services, step = request.app[SERVICES], login_step.current(request)
    if step is None:
        raise web.HTTPSeeOther("/login")
    typed = str((await request.post()).get("code", ""))[:40]
    try:
        slow_down(request, "login", step.login)
        await SecondFactor(services.store, services.keys).check(step.account, typed)
    except Refusal as refusal:
        response = render(request, "login_code.html", status=refusal.status, problem=refusal.message)
        if wait := getattr(refusal, "retry_after_s", None):
            response.headers["Retry-After"] = str(wait)
        return response
    account = await services.store["accounts"].find_one({"_id": step.account}, {"password_hash": 0})
    assert account is not None, "its code was right"
    raise await _logged_in(request, actor_of(account), step.login, step.following)


async def _logged_in(request: web.Request, actor: Actor, login: str, following: str) -> web.HTTPSeeOther:
    services = request.app[SERVICES]
    succeeded(request, "login", login)
    # Always a new id: one that somebody planted before the login is worth nothing.
    token = await sessions.start(services.store, actor)
    await audit.append(services.store, None, f"account:{actor.id}", "login", actor.id, {})
    answer = web.HTTPSeeOther(local_path(following, home_of(request, actor)))
    # Lax, not Strict: the link in an order's e-mail must find the inspector logged in.
    cookies.put(request, answer, cookies.SESSION, token, samesite="Lax")
    login_step.end(request, answer)
    return answer


async def logout(request: web.Request) -> web.StreamResponse:
    services, session = request.app[SERVICES], request["session"]
    await sessions.end(services.store, session.id, session.actor.id)
    answer = web.HTTPSeeOther("/login")
    cookies.drop(request, answer, cookies.SESSION)
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
