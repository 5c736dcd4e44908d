"""Conversations kept by the service: encrypted and expiring there, nothing here.

    GET  {url}/internal/conversations/{sender_id}   200 {"events": [...]} | 404
    PUT  {url}/internal/conversations/{sender_id}   {"events": [...]} -> any 2xx

Both with `Authorization: Bearer <INTERNAL_SECRET>`. Every other answer raises. Rasa wraps each store in a
FailSafeTrackerStore that would swallow the error and go on in memory; `service_link.connect` takes that wrapper off.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import aiohttp
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsDict, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=10)
KEPT_RANKS = 3

# Set when an action of the turn could not be run. Rasa only logs that and goes on with half a turn.
turn_failure: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("turn_failure", default=None)


class ConversationUnavailable(RasaException):
    """The service did not give or take the conversation; the message was not handled."""


class TurnFailed(RasaException):
    """An action of this turn failed at the service; the turn is not kept, the message may be sent again."""


class ServiceTrackerStore(TrackerStore, SerializedTrackerAsDict):
    """Rasa's tracker store over HTTP. One GET and one PUT per turn."""

    def __init__(
        self,
        domain: Domain | None,
        host: str,
        secret: str,
        event_broker: EventBroker | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(domain, event_broker)
        self._base = host.rstrip("/") + "/internal/conversations/"
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._session: aiohttp.ClientSession | None = None

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        stored = await self._call("GET", sender_id)
        if stored is None:
            return None
        return self.deserialise_tracker(sender_id, json.dumps({"name": sender_id, "events": stored["events"]}))

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        # Unlike Rasa's own: a conversation is stored when its first turn is complete, not before.
        tracker = self.init_tracker(sender_id)
        if append_action_listen:
            from rasa.shared.core.constants import ACTION_LISTEN_NAME
            from rasa.shared.core.events import ActionExecuted

            tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        failures = turn_failure.get()
        if failures:
            raise TurnFailed("; ".join(failures))
        events = [_slim(event) for event in self.serialise_tracker(tracker)["events"]]
        await self._call("PUT", tracker.sender_id, {"events": events})

    async def keys(self) -> Iterable[str]:
        """No list of conversations is given to Rasa: it needs none."""
        return []

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _call(self, method: str, sender_id: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=TIMEOUT)
        try:
            async with self._session.request(method, self._base + quote(sender_id, safe=""), json=body) as response:
                if response.status == 404 and method == "GET":
                    return None
                if not 200 <= response.status < 300:
                    raise ConversationUnavailable(f"{method} conversation: the service answered {response.status}")
                return await response.json() if method == "GET" else None
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:  # noqa: UP041 - two classes in Python 3.10
            raise ConversationUnavailable(f"{method} conversation: {type(error).__name__}") from error
        except ValueError as error:
            raise ConversationUnavailable(f"{method} conversation: answer is no JSON") from error


def _slim(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what nobody reads again: jieba's cuts, the tail of the intent ranking."""
    parse_data = event.get("parse_data")
    if not parse_data:
        return event
    slim = {key: value for key, value in parse_data.items() if key not in ("text_tokens", "response_selector")}
    slim["intent_ranking"] = slim.get("intent_ranking", [])[:KEPT_RANKS]
    return {**event, "parse_data": slim}
