"""Every route names a permission; a route without one is closed."""

from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from access.permissions import Permission, allows, duties
from handlers.middlewares.errors import wants_json
from settings import Settings
from store.errors import Refusal


class Forbidden(Refusal):
    status = 403


def guarded(permission: Permission, handler: Handler) -> Handler:
    """The handler, marked with who may use it; one handler may stand in several routes with different permissions."""

    async def marked(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    marked.permission = permission  # type: ignore[attr-defined]
    marked.handler = handler  # type: ignore[attr-defined]
    return marked


def permission_of(request: web.Request) -> Permission | None:
    """None for a route that names none, and for a request that matches no route."""
    if isinstance(request.match_info.route.resource, web.StaticResource):
        return Permission.PUBLIC
    return getattr(request.match_info.handler, "permission", None)


# What an officer who still lacks a second factor may do: get one, or leave.
WITHOUT_FACTOR = ("/account", "/logout", "/sessions")


def _lacks_factor(request: web.Request, required: frozenset[str]) -> bool:
    session = request.get("session")
    if session is None or session.second_factor or required.isdisjoint(session.actor.roles):
        return False
    return not request.path.startswith(WITHOUT_FACTOR)


def middleware(settings: Settings) -> Middleware:
    required = frozenset(settings.second_factor_roles)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.http_exception is not None:  # 404, 405
            return await handler(request)
        permission = permission_of(request)
        if permission is None:
            raise Forbidden("这个页面没有开放。")
        actor = request.get("actor")
        if permission is not Permission.PUBLIC and _lacks_factor(request, required):
            if request.method in ("GET", "HEAD") and not wants_json(request):
                raise web.HTTPSeeOther("/account")
            raise Forbidden("您的岗位必须先在“我的账号”里启用动态码。")
        if allows(permission, actor):
            return await handler(request)
        if actor is None:
            if request.method in ("GET", "HEAD") and not wants_json(request):
                raise web.HTTPSeeOther(f"/login?next={quote(request.path_qs, safe='/')}")
            raise Refusal("登录已过期,没有保存。请重新登录后再试。", status=401)
        raise Forbidden(f"您的岗位不能使用这个页面。需要的岗位:{duties(permission)}。")

    return check
