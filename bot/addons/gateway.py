"""The only channel into Rasa; the service is its only caller.

All under /webhooks/gateway, POST with `Authorization: Bearer <GATEWAY_SECRET>`:

    POST /message  {"sender", "text", "payload"?, "metadata"?}  -> [{"text"?, "buttons"?, "custom"?}, ...]
    POST /parse    {"texts": [...]}  -> [{"in_scope", "scope_confidence", "violations", "matter", "intent", "model_version"}]
    GET  /health   -> {"ready", "model"}   (no secret; tells nothing about anybody)

Errors are JSON {"error", "retry"}: 400 bad body, 401 no secret, 503 service or model not there (nothing was kept, the
same message may be sent again).

What a person typed comes in `text` and is never a command. A pressed button comes in `payload` and must be on the list.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from addons.chinese_text import clean_message
from addons.service_link import UnsafeConfiguration, connect, require_secret
from addons.tip_classifier import TipClassifier, tip_fields
from addons.tracker_store import turn_failure
from addons.violation_model import TipModel

logger = logging.getLogger(__name__)

PAYLOADS = frozenset(
    "/affirm /deny /skip /dont_know /still_going_on /stopped /start_report /correct_answer /ask_progress "
    "/talk_to_person /restart_talk /add_to_report /claim_reward /object_finding /withdraw_tip /faq_reward "
    "/faq_confidential /faq_scope /faq_deadline /faq_how".split()
)
LONGEST_TEXT = 20_000
MOST_TEXTS = 2_000
TEXTS_AT_ONCE = 25  # then the loop takes a breath, so that a batch does not hold up the chats


class BadBody(Exception):
    """The caller's JSON is not what the contract says; the message names the field."""


class Gateway(InputChannel):
    """Custom channel `gateway`."""

    def __init__(self, secret: str) -> None:
        self._expected = f"Bearer {secret}".encode()

    @classmethod
    def name(cls) -> str:
        return "gateway"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> Gateway:
        return cls(require_secret((credentials or {}).get("secret")))

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        routes = Blueprint("gateway", "gateway")

        @routes.listener("after_server_start")
        async def tie_to_service(app: Sanic, _: Any) -> None:
            if not app.ctx.agent.is_ready():
                raise RasaException("no model loaded; run bot/train.py first")
            connect(app.ctx.agent)

        @routes.get("/health")
        async def health(request: Request) -> HTTPResponse:
            agent = request.app.ctx.agent
            return response.json({"ready": agent.is_ready(), "model": agent.model_name})

        @routes.post("/message")
        async def message(request: Request) -> HTTPResponse:
            return await self._guarded(request, _answer_message)

        @routes.post("/parse")
        async def parse(request: Request) -> HTTPResponse:
            return await self._guarded(request, _parse_texts)

        return routes

    async def _guarded(
        self, request: Request, handler: Callable[[Agent, dict[str, Any]], Awaitable[Any]]
    ) -> HTTPResponse:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, self._expected):
            return response.json({"error": "unauthorised", "retry": False}, status=401)
        try:
            body = request.json
            if not isinstance(body, dict):
                raise BadBody("body: JSON object expected")
            return response.json(await handler(request.app.ctx.agent, body))
        except BadBody as error:
            return response.json({"error": str(error), "retry": False}, status=400)
        except RasaException as error:
            logger.error("message not handled: %s", error)
            return response.json({"error": str(error), "retry": True}, status=503)


async def _answer_message(agent: Agent, body: dict[str, Any]) -> list[dict[str, Any]]:
    message = user_message(body)
    token = turn_failure.set([])
    try:
        await agent.handle_message(message)
    finally:
        turn_failure.reset(token)
    return [
        {key: sent[key] for key in ("text", "buttons", "custom") if key in sent}
        for sent in message.output_channel.messages
    ]


def user_message(body: dict[str, Any]) -> UserMessage:
    """Rasa's message out of the caller's body; raises BadBody."""
    sender, text, payload = body.get("sender"), body.get("text") or "", body.get("payload")
    metadata = {} if body.get("metadata") is None else body["metadata"]
    if not isinstance(sender, str) or not 1 <= len(sender) <= 128:
        raise BadBody("sender: 1 to 128 characters expected")
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise BadBody(f"text: string of at most {LONGEST_TEXT} characters expected")
    if not isinstance(metadata, dict):
        raise BadBody("metadata: object expected")
    parse_data = None
    if payload is not None:
        if payload not in PAYLOADS:
            raise BadBody("payload: not on the list")
        text = payload
    else:
        text = clean_message(text)
        if not text and not metadata:
            raise BadBody("text: empty")
        if not text:  # a photo or a position without words belongs to a report
            parse_data = {"text": "", "intent": {"name": "report", "confidence": 1.0}, "entities": []}
    return UserMessage(
        text, CollectingOutputChannel(), sender, parse_data=parse_data, input_channel="gateway", metadata=metadata
    )


async def _parse_texts(agent: Agent, body: dict[str, Any]) -> list[dict[str, Any]]:
    texts = body.get("texts")
    if not isinstance(texts, list) or len(texts) > MOST_TEXTS or not all(isinstance(text, str) for text in texts):
        raise BadBody(f"texts: list of at most {MOST_TEXTS} strings expected")
    model = _tip_model(agent)
    parsed: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        reading = model.read(text)
        intent = {"name": reading.intent, "confidence": reading.intent_confidence}
        parsed.append({**tip_fields(reading, model.version), "intent": intent})
        if number % TEXTS_AT_ONCE == TEXTS_AT_ONCE - 1:
            await asyncio.sleep(0)
    return parsed


def _tip_model(agent: Agent) -> TipModel:
    """The loaded model itself. Rasa's own message graph would strip the text and shift the highlighted words."""
    assert agent.processor is not None
    for node in agent.processor.graph_runner._instantiated_nodes.values():  # type: ignore[attr-defined]
        component = node._component
        if isinstance(component, TipClassifier) and component.model is not None:
            return component.model
    raise UnsafeConfiguration("the loaded model has no TipClassifier")
