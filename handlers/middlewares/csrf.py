"""No other site may act in our visitors' names.

First what the browser says about where a request comes from (Sec-Fetch-Site, else Origin). For staff the form token of
the session is needed besides. A citizen's form has no session to abuse: coming from our own page is enough, and an old
browser that tells nothing needs the token only when it carries a conversation.
"""

import hmac
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from access.permissions import Permission
from handlers import cookies
from handlers.middlewares.permissions import permission_of
from handlers.uploads import READ, read_posted, wants_memory
from settings import Settings
from store.errors import Refusal

FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "text/plain"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER = "X-CSRF-Token"
FIELD = "csrf"


class ForeignForm(Refusal):
    status = 403


def middleware(settings: Settings) -> Middleware:
    own = urlsplit(settings.public_url).netloc

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method in SAFE or request.match_info.http_exception is not None:
            return await handler(request)
        known = comes_from_us(request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin"), {request.host, own})
        if known is False:
            raise ForeignForm("这个请求不是从本网站的页面发出的,没有执行。请从本网站的页面操作。")
        staff = request.get("session") is not None and permission_of(request) is not Permission.PUBLIC
        # No origin was told: the cookie's SameSite is the first line, the token the second.
        # JSON is safe: no browser sends it across sites without asking us first.
        doubtful = known is None and cookies.take(request, cookies.CONVERSATION) and request.content_type in FORM_TYPES
        if (staff or doubtful) and not await _has_token(request):
            if READ in request:
                request[READ].__exit__()
            raise ForeignForm("页面已过期,没有保存。请返回上一页,刷新后再提交。")
        return await handler(request)

    return check


def comes_from_us(fetch_site: str | None, origin: str | None, hosts: set[str]) -> bool | None:
    """None: the browser does not say. Our own referrer policy makes it send the origin "null", which says nothing."""
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    if origin is None or origin == "null":
        return None
    return urlsplit(origin).netloc in hosts


def _is_multipart(request: web.Request) -> bool:
    return request.content_type.startswith("multipart/")


async def _has_token(request: web.Request) -> bool:
    given = request.headers.get(HEADER)
    if given is None and wants_memory(request):
        given = (await read_posted(request)).fields.get(FIELD)
    elif given is None and (_is_multipart(request) or request.content_type == "application/x-www-form-urlencoded"):
        # Read once here; the handler's own `request.post()` gets the same result.
        field = (await request.post()).get(FIELD)
        given = field if isinstance(field, str) else None
    expected = request.get("csrf", "")
    if not expected or given is None:
        return False
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
