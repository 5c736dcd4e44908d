"""Ties a loaded Rasa agent to the service so that a failure there is seen by the caller.

Rasa swallows two kinds of errors: a tracker store that fails is replaced by memory, and an action that fails is logged
while the turn goes on and is kept. Both would lose a reporter's words quietly. `connect` removes the first and turns
the second into a refusal to keep the turn.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from addons.tracker_store import ServiceTrackerStore, turn_failure

ACTION_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)  # Rasa's own is five minutes
MISSING_SECRET = ("", "${GATEWAY_SECRET}", "${INTERNAL_SECRET}")


class UnsafeConfiguration(RasaException):
    """Rasa would run without the service's conversation store or without a secret."""


class ServiceActions(EndpointConfig):
    """The action endpoint over one kept-open session; remembers failures of the running turn."""

    _session: aiohttp.ClientSession | None = None

    async def request(self, method: str = "post", json: Any = None, **_: Any) -> Any:  # type: ignore[override]
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(headers=self.headers, timeout=ACTION_TIMEOUT)
        name = (json or {}).get("next_action", "?")
        try:
            async with self._session.request(method, self.url, json=json) as response:
                if response.status == 400:  # the action rejects: part of a normal conversation
                    raise ClientResponseError(response.status, response.reason, await response.text())
                if response.status != 200:
                    raise aiohttp.ClientError(f"answered {response.status}")
                return await response.json()
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:  # noqa: UP041 - Python 3.10
            failures = turn_failure.get()
            if failures is not None:
                failures.append(f"{name}: {error or type(error).__name__}")
            raise RasaException(f"action {name} failed at the service") from error


def _validate_answer(_: RemoteAction, result: Any) -> bool:
    """Is the service's answer an action answer? Rasa asks a JSON schema on every call, which took 85 % of a turn's time,
    and 19 % with the schema compiled (measured); the one service that answers here is ours. A wrong answer fails the turn.
    """
    well_formed = (
        isinstance(result, dict)
        and _all_dicts(result.get("events", []))
        and _all_dicts(result.get("responses", []))
        and all(isinstance(event.get("event"), str) for event in result.get("events", []))
    )
    if not well_formed:
        failures = turn_failure.get()
        if failures is not None:
            failures.append("answer of the service is no action answer")
        raise RasaException("the service's answer is no action answer")
    return True


def _all_dicts(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def connect(agent: Agent) -> None:
    """Take off the fail-safe wrapper and put in the watched action endpoint; refuse anything but our own store."""
    RemoteAction._validate_action_result = _validate_answer  # type: ignore[assignment]
    store = agent.tracker_store
    if isinstance(store, FailSafeTrackerStore):
        store = store._tracker_store
    if not isinstance(store, ServiceTrackerStore):
        raise UnsafeConfiguration(f"conversations would be kept by {type(store).__name__}, not by the service")
    if agent.processor is None or agent.action_endpoint is None:
        raise UnsafeConfiguration("no model or no action endpoint: see bot/endpoints.yml")
    agent.tracker_store = store
    agent.processor.tracker_store = store
    if not isinstance(agent.action_endpoint, ServiceActions):
        endpoint = ServiceActions(
            agent.action_endpoint.url, headers=agent.action_endpoint.headers, **agent.action_endpoint.kwargs
        )
        agent.action_endpoint = endpoint
        agent.processor.action_endpoint = endpoint


def require_secret(secret: str | None) -> str:
    """The gateway's secret; refuses an unset one."""
    if secret is None or str(secret) in MISSING_SECRET or len(str(secret)) < 16:
        raise UnsafeConfiguration("GATEWAY_SECRET must be set to at least 16 characters")
    return str(secret)
