"""How large a request may be: small, unless its route says more. Counted on what streams in, not on a promise."""

from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from store.errors import Refusal

# 100,000 Chinese characters, percent-encoded, still get an answer that names the field.
SMALL = 2 * 1024 * 1024


class TooLarge(Refusal):
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"内容太大,没有保存。一次最多{limit // (1024 * 1024)}MB,请减少照片张数、压缩照片、精简文件或缩短文字后再提交。"
        )


def up_to(limit: int, handler: Any) -> Any:
    """The handler with another limit in bytes; use it inside `guarded(...)`."""
    handler.body_limit = limit
    return handler


def limit_of(request: web.Request) -> int:
    handler = request.match_info.handler
    return getattr(getattr(handler, "handler", handler), "body_limit", SMALL)


def middleware() -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        limit = limit_of(request)
        if request.content_length is not None and request.content_length > limit:
            raise TooLarge(limit)
        if not request.can_read_body:
            return await handler(request)
        return await handler(request.clone(client_max_size=limit))

    return check
