"""Rasa's conversation store: GET and PUT /internal/conversations/{sender} on the internal port."""

import json
import re

from aiohttp import web

from cases.conversations import Trackers
from handlers.keys import SERVICES
from store.errors import NotFound, Refusal

MAX_BODY = 16 * 1024 * 1024
_SENDER = re.compile(r"[A-Za-z0-9_.-]{1,128}")


async def load(request: web.Request) -> web.Response:
    sender = _sender(request)
    body = await _trackers(request).get(sender)
    if body is None:
        raise NotFound("没有这个对话。")
    return web.Response(body=body, content_type="application/json")


async def keep(request: web.Request) -> web.Response:
    sender = _sender(request)
    body = await request.read()
    try:
        known = json.loads(body)
    except ValueError:
        raise Refusal("不是 JSON。") from None
    if not isinstance(known, dict) or not isinstance(known.get("events"), list):
        raise Refusal("缺少 events。", field="events")
    await _trackers(request).put(sender, body)
    return web.Response(status=204)


def _sender(request: web.Request) -> str:
    sender = request.match_info["sender"]
    if not _SENDER.fullmatch(sender):
        raise Refusal("对话标识有误。", field="sender")
    return sender


def _trackers(request: web.Request) -> Trackers:
    services = request.app[SERVICES]
    return Trackers(services.store, services.keys)
