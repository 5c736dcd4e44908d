"""One place where what went wrong becomes an answer: a page for people, JSON for programs, never a trace."""

import json
import secrets
from functools import partial

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pymongo.errors import PyMongoError

from handlers.middlewares.logs import where
from handlers.pages import render
from store.errors import Refusal, Unavailable

log = structlog.get_logger(__name__)

# Chinese as it is written, so that a person at a terminal can read it.
READABLE = partial(json.dumps, ensure_ascii=False)

TITLES = {
    400: "请求有误", 401: "请先登录", 403: "没有权限", 404: "没有这个页面", 405: "不能这样操作", 409: "情况已变化",
    413: "内容太大", 422: "请修改后再提交", 429: "操作太频繁", 500: "出错了", 503: "暂时无法服务",
}  # fmt: skip
MESSAGES = {
    404: "没有找到这个页面。请检查地址,或从首页重新进入。",
    405: "这个地址不支持这种操作。请从页面上的按钮操作。",
    413: "内容太大,没有保存。请减少照片张数、压缩照片、精简文件或缩短文字后再提交。",
}


def middleware(duty_phone: str) -> Middleware:
    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as failure:
            refusal, reference, headers = _as_refusal(request, failure, duty_phone)
        if wants_json(request):
            body = {"message": refusal.message, "field": refusal.field, "reference": reference}
            response = web.json_response({k: v for k, v in body.items() if v}, status=refusal.status, dumps=READABLE)
        else:
            title = TITLES.get(refusal.status, "出错了")
            response = render(
                request, "error.html", status=refusal.status, title=title, message=refusal.message, reference=reference
            )
        response.headers.update(headers)
        return response

    return answer


def json_middleware() -> Middleware:
    """For the internal port: no pages."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as failure:
            refusal, reference, headers = _as_refusal(request, failure, "12350")
            body = {"message": refusal.message, "reference": reference}
            return web.json_response(body, status=refusal.status, headers=headers, dumps=READABLE)

    return answer


def _as_refusal(request: web.Request, failure: Exception, duty_phone: str) -> tuple[Refusal, str, dict[str, str]]:
    """(what to say, reference for the log or "", more headers). Redirects pass through."""
    if isinstance(failure, Refusal):
        wait = getattr(failure, "retry_after_s", None)
        return failure, "", {"Retry-After": str(wait)} if wait else {}
    if isinstance(failure, web.HTTPException):
        if failure.status < 400:
            raise failure
        message = MESSAGES.get(failure.status, "请求有误,没有执行。请返回上一页再试。")
        allow = failure.headers.get("Allow")
        return Refusal(message, status=failure.status), "", {"Allow": allow} if allow else {}
    reference = secrets.token_hex(4)
    route = request.match_info.route.resource.canonical if request.match_info.route.resource else "?"
    if isinstance(failure, PyMongoError):
        log.error("request.database_unavailable", route=route, error=type(failure).__name__, reference=reference)
        words = (
            f"系统暂时无法保存,您刚才提交的内容没有收下。请几分钟后再试;情况紧急请马上拨打119,举报请拨打{duty_phone}。"
        )
        return Unavailable(words), reference, {"Retry-After": "30"}
    # The type and the place in the code; a message could quote what somebody wrote.
    log.error("request.failed", route=route, error=type(failure).__name__, where=where(failure), reference=reference)
    words = f"系统出错,这次操作可能没有完成。请稍后再试;一直不行请拨打{duty_phone},并报上编号 {reference}。"
    return Refusal(words, status=500), reference, {}


def wants_json(request: web.Request) -> bool:
    """A browser asks for text/html first; scripts of ours and other programs ask for JSON."""
    accept = request.headers.get("Accept", "")
    if "text/html" in accept:
        return False
    return "json" in accept or request.content_type == "application/json" or request.path.startswith("/api/")
