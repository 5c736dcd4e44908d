"""Rasa as the rules of nlu_data/rules.yml make it behave, without its model: it calls the real action webhook.

`intents` says what each text means; what is not listed is a report. Slots are kept like a tracker, by sender. The real
Rasa is tested in tests/journeys and tests/bot.
"""

import re
from typing import Any

from cases.interview_texts import SLOTS
from cases.rasa import RasaDown

OUTSIDE = {
    "affirm": "action_file_tip", "deny": "action_correct_tip", "correct_answer": "action_correct_tip",
    "add_to_report": "action_add_to_tip", "ask_progress": "action_progress", "talk_to_person": "action_handover",
    "out_of_scope": "action_out_of_scope", "restart_talk": "action_restart", "dont_know": "action_unclear",
    "skip": "action_unclear", "still_going_on": "action_add_to_tip", "stopped": "action_add_to_tip",
}  # fmt: skip


class PlayedRasa:
    """`call` runs one action: body in, {"events", "responses"} out."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self.intents: dict[str, str] = {}
        self.matters: dict[str, str] = {}
        self.slots: dict[str, dict[str, Any]] = {}
        self.seen: list[tuple[str, str, str | None, dict[str, Any]]] = []
        self.down = False
        self._said: list[dict[str, Any]] = []

    async def healthy(self) -> bool:
        return not self.down

    async def turn(self, sender: str, text: str, payload: str | None, metadata: dict[str, Any]) -> list[dict[str, Any]]:
        self.seen.append((sender, text, payload, metadata))
        if self.down:
            raise RasaDown
        assert text or payload or metadata, "the gateway refuses an empty message"
        self._said = []
        intent = payload[1:] if payload else self.intents.get(text, "report")
        latest = {
            "text": payload or text, "intent": {"name": intent, "confidence": 0.9}, "metadata": metadata,
            "matter": self.matters.get(text),
        }  # fmt: skip
        if not self._slots(sender)["active"]:
            if intent in ("report", "start_report"):
                await self._form(sender, latest, validate=True)
            elif intent.startswith("faq"):
                self._said.append({"text": f"answer to {intent}"})
            else:
                await self._run(sender, OUTSIDE[intent], latest)
        elif await self._validated(sender, latest):
            await self._form(sender, latest, validate=False)
        elif intent == "restart_talk":
            await self._run(sender, "action_restart", latest)
        else:
            if intent.startswith("faq"):
                self._said.append({"text": f"answer to {intent}"})
            else:
                unclear = intent in ("affirm", "deny", "dont_know", "skip", "report", "still_going_on", "stopped")
                await self._run(sender, "action_unclear" if unclear else OUTSIDE.get(intent, "action_unclear"), latest)
            await self._form(sender, latest, validate=False)
        return self._said

    def _slots(self, sender: str) -> dict[str, Any]:
        empty = dict.fromkeys((*SLOTS, "confirmed", "receipt", "facts", "draft", "turn", "requested_slot", "active"))
        return self.slots.setdefault(sender, empty)

    async def _validated(self, sender: str, latest: dict[str, Any]) -> bool:
        return bool((await self._run(sender, "validate_tip_form", latest))["events"])

    async def _form(self, sender: str, latest: dict[str, Any], *, validate: bool) -> None:
        slots = self._slots(sender)
        slots["active"] = True
        if validate:
            await self._validated(sender, latest)
        missing = [name for name in SLOTS if slots[name] is None]
        slots["requested_slot"] = missing[0] if missing else None
        if missing:
            await self._run(sender, f"action_ask_tip_form_{missing[0]}", latest)
        else:
            slots["active"] = False
            await self._run(sender, "action_confirm_tip", latest)

    async def _run(self, sender: str, action: str, latest: dict[str, Any]) -> dict[str, Any]:
        slots = self._slots(sender)
        tracker = {
            "sender_id": sender, "slots": {k: v for k, v in slots.items() if k != "active"}, "latest_message": latest,
            "active_loop": {"name": "tip_form"} if slots["active"] else {}, "events": [],
        }  # fmt: skip
        answer = await self._call({"next_action": action, "sender_id": sender, "tracker": tracker})
        for event in answer["events"]:
            if event["event"] == "slot":
                slots[event["name"]] = event["value"]
            elif event["event"] == "restart":
                del self.slots[sender]
        for response in answer["responses"]:
            assert not re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", str(response)), "a code in Rasa"
            self._said.append({key: value for key, value in response.items() if value})
        if any(event["event"] == "followup" for event in answer["events"]):
            await self._form(sender, latest, validate=True)
        return answer
