"""A stand-in for the service: answers actions and keeps conversations over real HTTP.

It follows the contract in tests/bot/recorded/README.md with the simplest possible sense: an answer fills the asked slot
with the message as it is. `calls` holds every action call's body, `conversations` what was stored.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from aiohttp import web

SECRET = "internal-secret-of-the-tests"
SLOTS = ("what", "place", "company", "ongoing", "photo", "contact")
INTERRUPTIONS = {
    "faq_reward", "faq_confidential", "faq_scope", "faq_deadline", "faq_how", "claim_reward", "object_finding", "thanks",
    "abuse", "ask_progress", "talk_to_person", "restart_talk", "withdraw_tip",
}  # fmt: skip
Json = dict[str, Any]


def slot(name: str, value: Any) -> Json:
    return {"event": "slot", "timestamp": None, "name": name, "value": value}


def say(text: str, *buttons: str) -> Json:
    return {"text": text, "buttons": [{"title": button, "payload": button} for button in buttons]}


class FakeService:
    """Runs its own event loop in a thread; `url` is what SERVICE_URL must be."""

    def __init__(self) -> None:
        self.calls: list[Json] = []
        self.conversations: dict[str, Json] = {}
        self.refuse_store = False  # answer every conversation request with 503
        self.refuse_action: str | None = None  # answer this action with 500
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _serve(self) -> None:
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_post("/internal/actions", self._action)
        app.router.add_get("/internal/conversations/{sender}", self._get)
        app.router.add_put("/internal/conversations/{sender}", self._put)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def _check(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            raise web.HTTPUnauthorized()
        if self.refuse_store and "conversations" in request.path:
            raise web.HTTPServiceUnavailable()

    async def _get(self, request: web.Request) -> web.Response:
        self._check(request)
        stored = self.conversations.get(request.match_info["sender"])
        return web.json_response(stored) if stored else web.Response(status=404)

    async def _put(self, request: web.Request) -> web.Response:
        self._check(request)
        self.conversations[request.match_info["sender"]] = await request.json()
        return web.Response(status=204)

    async def _action(self, request: web.Request) -> web.Response:
        self._check(request)
        call = await request.json()
        self.calls.append(call)
        if call["next_action"] == self.refuse_action:
            return web.Response(status=500)
        return web.json_response(answer(call))


def answer(call: Json) -> Json:
    """The response to one action call: {"events": [...], "responses": [...]}."""
    name, tracker = call["next_action"], call["tracker"]
    slots, message = tracker["slots"], tracker["latest_message"]
    if name == "validate_tip_form":
        return {"events": validate(tracker), "responses": []}
    if name.startswith("action_ask_tip_form_"):
        asked = name.rpartition("_")[2]
        return {"events": [], "responses": [say(f"ask {asked}", "/skip", "/dont_know")]}
    if name == "action_confirm_tip":
        return {"events": [], "responses": [say("summary", "/affirm", "/deny")]}
    if name == "action_file_tip":
        if not slots["what"]:
            return {"events": [], "responses": [say("nothing to file")]}
        cleared = [slot(each, None) for each in SLOTS]
        return {
            "events": [slot("receipt", "T0001"), *cleared],
            "responses": [{"text": "filed", "custom": {"receipt": {"number": "T0001", "code": "1234"}}}],
        }
    if name == "action_correct_tip":
        return {"events": [slot("place", None), {"event": "followup", "name": "tip_form"}], "responses": [say("ok")]}
    if name == "action_restart":
        return {"events": [{"event": "restart"}], "responses": [say("restarted")]}
    return {"events": [], "responses": [say(f"{name} on {message['intent']['name']}")]}


def validate(tracker: Json) -> list[Json]:
    slots, message = tracker["slots"], tracker["latest_message"]
    asked, intent = slots.get("requested_slot"), message["intent"]["name"]
    if intent in INTERRUPTIONS:
        return []
    if asked is None:  # the form begins; after a correction it begins with what is known
        begins_with_words = not slots["what"] and message["text"] and not message["text"].startswith("/")
        return [slot("turn", (slots["turn"] or 0) + 1), *([slot("what", message["text"])] if begins_with_words else [])]
    text = message["text"]
    return [slot("turn", (slots["turn"] or 0) + 1), slot(asked, {"unknown": True} if text.startswith("/") else text)]
