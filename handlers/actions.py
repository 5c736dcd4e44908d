"""Rasa's actions: POST /internal/actions {"next_action", "sender_id", "tracker"} → {"events", "responses"}.

Rasa decides which action runs (nlu_data/rules.yml); what it says and which slots change is decided here and in
`cases.interview`. An unknown action gets 400, which Rasa reads as "cannot run now".
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from cases.conversations import Conversations
from cases.corrections import correction_in
from cases.danger import danger_in
from cases.interview import MAX_WHAT, SURE, Interview, Message, PlaceView
from cases.interview_texts import CURSES, MISSING, NUMBER_OF_ALL, NUMBERS, SLOTS, Question
from cases.model import Filing, InvalidFiling
from cases.violations import name_of
from grid.coordinates import BadCoordinate, Point
from grid.service import Locator
from handlers.keys import SERVICES
from services import Services
from store.errors import Refusal

_LETTER, _HAN, _KANA = re.compile(r"[^\W\d_]"), re.compile(r"[㐀-鿿]"), re.compile(r"[ぁ-ゖァ-ヺ]")
Json = dict[str, Any]
Answer = dict[str, list[Json]]
CONFIRM_BUTTONS = (
    ("确认提交", "/affirm"),
    *((f"改{MISSING[slot]}", f"/correct_answer/{slot}") for slot in SLOTS),
    ("不提交了", "/restart_talk"),
)
SHORT = 12  # characters of "我要改单位"
ANGRY = "我听得出您很着急。请告诉我哪里有什么危险，我会马上登记；也可以说“转人工”，由工作人员跟您谈。"
START = (("开始举报", "/start_report"),)


@dataclass(frozen=True)
class Call:
    """One action call. `interview` holds the slots, `message` the latest words."""

    services: Services
    sender: str
    slots: Json
    message: Message
    matter: str
    violations: list[Json]
    active: bool

    @property
    def interview(self) -> Interview:
        return Interview(self.slots)

    @property
    def conversations(self) -> Conversations:
        return Conversations(self.services.store, self.services.keys)

    def locate(self, text: str, point: Json | None) -> PlaceView:
        return place_view(self.services.locator, text, point)


Action = Callable[[Call], Awaitable[Answer]]


async def run(request: web.Request) -> web.Response:
    try:
        body = await request.json()
        name, tracker = body["next_action"], body["tracker"]
        latest = tracker.get("latest_message") or {}
        intent = latest.get("intent") or {}
        call = Call(
            services=request.app[SERVICES],
            sender=str(body.get("sender_id") or tracker["sender_id"]),
            slots=tracker["slots"],
            message=Message(
                text=latest.get("text") or "",
                intent=intent.get("name") or "",
                confidence=float(intent.get("confidence") or 0),
                metadata=latest.get("metadata") or {},
            ),
            matter=latest.get("matter") or "",
            violations=latest.get("violations") or [],
            active=bool((tracker.get("active_loop") or {}).get("name")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return web.json_response({"error": "body: action call of Rasa expected", "action_name": ""}, status=400)
    if isinstance(name, str) and name.startswith("action_ask_tip_form_"):
        slot = name.removeprefix("action_ask_tip_form_")
        if slot in SLOTS:
            return web.json_response(await _ask(call, slot))
    action = ACTIONS.get(name)
    if action is None:
        return web.json_response({"error": f"no action {name}", "action_name": name}, status=400)
    answer = await _at_summary(call) if name in NOT_THE_SUMMARYS else None
    return web.json_response(answer or await action(call))


def place_view(locator: Locator, text: str, point: Json | None) -> PlaceView:
    """The locator's finding in the few words that the conversation needs."""
    known = None
    if point:
        try:
            known = Point(point["lng"], point["lat"], point.get("system", "wgs84"))
        except (BadCoordinate, KeyError):
            known = None
    found = locator.locate(text=text or None, point=known)
    spoken = sorted(found.stated, key=lambda mention: mention.start)
    names = dict.fromkeys(f"{c.district}{c.street or ''}" for c in found.candidates)
    return PlaceView(
        district=found.district or "",
        street=found.street or "",
        certain=found.certain,
        words=text[spoken[0].start : spoken[-1].end] if spoken and text else "",
        candidates=tuple(names),
        outside=found.outside_city or "",
    )


# ---- answers


def _say(text: str, buttons: tuple[tuple[str, str], ...] = (), custom: Json | None = None) -> list[Json]:
    """Rasa sends text and custom as two messages; the page takes them together."""
    message: Json = {"text": text, "buttons": [{"title": title, "payload": payload} for title, payload in buttons]}
    return [message, {"custom": custom}] if custom else [message]


def _set(changed: Json) -> list[Json]:
    return [{"event": "slot", "timestamp": None, "name": name, "value": value} for name, value in changed.items()]


def _then(action: str) -> Json:
    return {"event": "followup", "timestamp": None, "name": action}


def _answer(events: list[Json], responses: list[Json]) -> Answer:
    return {"events": events, "responses": responses}


# ---- the form


async def _validate(call: Call) -> Answer:
    interview = call.interview
    changed = interview.take(call.message, call.locate)
    if changed and "what" in changed and not call.message.payload:
        interview.consider(call.violations)
        changed["facts"] = interview.facts
    said = _say("好的，已经改了。") if changed and interview.corrected else []
    return _answer(_set(changed) if changed else [], said)


async def _ask(call: Call, slot: str) -> Answer:
    interview = call.interview
    question: Question = interview.question(slot)
    facts = interview.asked(slot)
    return _answer(
        _set({"facts": facts}), _say(question.text, question.buttons, {"progress": interview.progress(slot)})
    )


async def _confirm(call: Call) -> Answer:
    if not call.interview.begun:
        return await _nothing_yet(call)
    return _summary(call.interview)


def _summary(interview: Interview, first: str = "") -> Answer:
    # Never as a follow-up action: Rasa's rules say what comes after a message, not after an action we choose.
    text, choices = f"{first}\n{interview.summary()}".strip(), interview.types_to_choose
    if choices:
        text += "\n我拿不准这属于哪一类。下面有一样对的就点一下，不点也照样提交。"
    buttons = (*CONFIRM_BUTTONS, *((name_of(type_), f"/choose_type/{type_}") for type_ in choices))
    return _answer(_set({"confirmed": "shown"}), _say(text, buttons, {"progress": interview.progress(None)}))


def _changed_summary(call: Call, interview: Interview, first: str) -> Answer:
    """The summary once more, after an answer was changed while it was shown."""
    shown = _summary(interview, first)
    return _answer(_changed(call, interview) + shown["events"], shown["responses"])


async def _file(call: Call) -> Answer:
    """File what was confirmed. A retry of the same sender gets the same receipt and files nothing."""
    if call.slots.get("receipt"):
        return _filed()
    interview = call.interview
    if not interview.begun:
        return await _nothing_yet(call)
    if interview.missing:
        return _answer([_then("tip_form")], [])
    if call.slots.get("confirmed") != "shown":
        return _summary(interview)
    known = await call.conversations.draft_of_sender(call.sender)
    if known is None:
        return _answer([], _say("这次对话已经结束。请刷新页面重新开始；已提交的举报可以凭编号和查询码查询。"))
    _, draft = known
    words, place = interview.filing_words(), call.slots.get("place") or {}
    contact = call.slots.get("contact") or {}
    point = place.get("point") or draft.point
    filing = Filing(
        client_key=call.conversations.client_key(call.sender),
        channel="chat",
        what=words["what"],
        place=words["place"],
        company=words["company"],
        ongoing=words["ongoing"],
        happened=words["happened"],
        chosen_type=words["chosen_type"],
        chosen_place=words["chosen_place"],
        contact="，".join(draft.contact)[:100] if contact.get("given") else "",
        point=Point(point["lng"], point["lat"], point.get("system", "wgs84")) if point else None,
        photos=draft.stored_photos(),
        identity=draft.identity,
    )
    try:
        await call.services.intake.receive(filing)
    except InvalidFiling as problem:
        slot = problem.field if problem.field in SLOTS else "what"
        return _answer([*_set({slot: None, "confirmed": None}), _then("tip_form")], _say(problem.message))
    except Refusal as problem:
        if problem.status >= 500:
            raise
        return _answer([], _say(problem.message))
    call.services.workers.wake()
    return _filed()


def _filed() -> Answer:
    """The receipt itself never passes through Rasa: the chat handler puts number and code in place of the mark."""
    cleared: Json = dict.fromkeys((*SLOTS, "facts", "draft"), None)
    return _answer(
        _set({**cleared, "confirmed": None, "receipt": "filed"}),
        _say(
            "举报已收到，谢谢您。请保存下面的编号和查询码：查进度、补充情况、领奖励都只凭它们，丢了谁也补不出来。",
            (),
            {"receipt": True},
        ),
    )


# ---- correcting, adding


async def _correct(call: Call) -> Answer:
    interview, message = call.interview, call.message
    if not interview.begun:
        return _about_filed() if correction_in(message.text) else await _nothing_yet(call)
    if interview.choose_type(message.metadata.get("type")):
        return _changed_summary(call, interview, "好的，记下了。")
    if interview.reopen(message.metadata.get("slot")):
        return _answer(_changed(call, interview) + _form(call), [])
    correction = correction_in(message.text)
    if correction and correction.slot == "contact" and message.metadata.get("contact"):
        interview.slots["contact"], done = {"given": True}, True
    elif correction:
        done = interview.correct(correction, message.text, call.locate)
    else:
        done = interview.correct_time(message.text)
    if done:
        if call.active or interview.missing:
            # With nothing right told, the question that follows says enough; else validation has said it.
            return _answer(_changed(call, interview) + _form(call), [])
        return _changed_summary(call, interview, "好的，已经改了。")
    buttons = tuple((f"改{MISSING[slot]}", f"/correct_answer/{slot}") for slot in SLOTS)
    return _answer([], _say("哪一项不对？点一下，或直接说“不是……是……”。", buttons))


async def _at_summary(call: Call) -> Answer | None:
    """单位是兴旺木业, or a phone number, said when the summary is shown: the model may take it for anything."""
    interview, message = call.interview, call.message
    if not interview.begun or call.active or message.payload:
        return None
    correction = correction_in(message.text)
    if correction:
        change = correction.right and interview.applies(correction, message)
        if change or (correction.slot and len(message.text) < SHORT):
            return await _correct(call)
    if not interview.missing and interview.take_contact(message):
        return _changed_summary(call, interview, "好的，已经加上了。")
    return None


def _form(call: Call) -> list[Json]:
    # Inside the form Rasa's rule goes back to it by itself.
    return [] if call.active else [_then("tip_form")]


def _changed(call: Call, interview: Interview) -> list[Json]:
    interview.slots["facts"] = interview.facts
    names = (*SLOTS, "facts")
    return _set(
        {name: interview.slots.get(name) for name in names if interview.slots.get(name) != call.slots.get(name)}
    )


def _about_filed() -> Answer:
    return _answer(
        [],
        _say(
            "要补充或更正已经提交的举报，请填写编号和查询码，打开后点“补充情况”。要报新的问题，请点“开始举报”。",
            START,
            {"form": "progress"},
        ),
    )


async def _add(call: Call) -> Answer:
    interview, message = call.interview, call.message
    if not interview.begun:
        return _about_filed()
    if message.payload:
        if message.payload == "/add_to_report":
            return _answer([], _say("请直接说要补充什么，也可以发照片。"))
        interview.slots["ongoing"] = "yes" if message.payload == "/still_going_on" else "no"
    else:
        taken = interview.add(message, call.locate)
        if not taken:
            return _answer([], _say("请直接说要补充什么，也可以发照片。"))
    if interview.missing:
        return _answer([*_changed(call, interview), _then("tip_form")], [])
    return _changed_summary(call, interview, "好的，已经加上了。")


# ---- the rest


async def _nothing_yet(call: Call) -> Answer:
    if call.interview.facts.get("pending"):
        return _answer([], _say("要把刚才说的提交举报吗？", (("仍要举报", "/start_report"),)))
    return _answer([], _say("还没有要提交的内容。请用一句话告诉我哪里有什么危险，或点“开始举报”。", START))


async def _progress(call: Call) -> Answer:
    return _answer([], _say("请在下面填写编号和查询码。它们直接查询，不会留在对话里。", (), {"form": "progress"}))


async def _handover(call: Call) -> Answer:
    text = call.slots["what"] if call.interview.begun else call.message.text
    shown = "" if text.startswith("/") else text[:500]
    await call.conversations.raise_alert(call.sender, "handover", shown or "对话中请求人工", mail=False)
    phone = call.services.settings.duty_phone
    return _answer(
        [],
        _say(
            f"已经告诉值班人员。这里看不到您是谁，他们没法主动找您；想马上和人说话请打 {phone}（24小时）。您也可以继续在这里说，我都会记下。"
        ),
    )


async def _restart(call: Call) -> Answer:
    return _answer(
        [{"event": "restart", "timestamp": None}],
        _say("好的，前面的内容都不要了，没有提交。要重新举报，直接说就行。", START, {"restarted": True}),
    )


async def _out_of_scope(call: Call) -> Answer:
    """The right number, and always the way to report it all the same."""
    interview = call.interview
    if not call.active and danger_in(call.message.text):
        # Whatever else it may be: a danger that is happening is taken down.
        return _answer([_then("tip_form")], [])
    if not interview.begun and _is_foreign(call.message.text):
        interview.facts["pending"] = call.message.text[:MAX_WHAT]
        return _answer(
            _set({"facts": interview.facts}),
            _say(
                "这段文字我读不懂，可以照原文登记，由工作人员看。\nI cannot read this, but our staff can: press the button to report it.",
                (("仍要举报 Report", "/start_report"),),
            ),
        )
    if call.matter in ("greeting", "chitchat"):
        return _answer(
            [], _say("您好，这里是安全生产举报。发现哪里有危险，直接告诉我就行。", () if interview.begun else START)
        )
    if call.matter == "abuse" or CURSES.search(call.message.text):
        return _answer([], _say(ANGRY, (("转人工", "/talk_to_person"),)))
    if interview.begun and call.message.confidence < SURE:
        return _answer([], _say("我没有听懂。"))
    text = NUMBERS.get(call.matter, NUMBER_OF_ALL)
    if interview.begun or call.message.payload:
        return _answer([], _say(text))
    before = interview.facts.get("pending")
    interview.facts["pending"] = f"{before}\n{call.message.text}"[:MAX_WHAT] if before else call.message.text
    return _answer(
        _set({"facts": interview.facts}),
        _say(f"{text}\n如果这件事有人身安全的危险，请点“仍要举报”。", (("仍要举报", "/start_report"),)),
    )


def _is_foreign(text: str) -> bool:
    """A sentence without a Chinese character (or with Japanese syllables)."""
    letters = _LETTER.findall(text)
    return len(letters) >= 8 and (not _HAN.search(text) or bool(_KANA.search(text)))


async def _unclear(call: Call) -> Answer:
    if call.active:
        hint = {"photo": "请点下面的“发送照片”。", "contact": "请直接发电话号码。"}
        return _answer([], _say(hint.get(call.slots.get("requested_slot") or "", "我没有听明白，请再说一次。")))
    if call.interview.begun:
        return _answer([], _say("我没有听懂。"))
    buttons = (*START, ("查进度", "/ask_progress"), ("转人工", "/talk_to_person"))
    return _answer([], _say("我没有听懂。请用一句话说说哪里有什么危险，或选一项：", buttons))


ACTIONS: dict[str, Action] = {
    "validate_tip_form": _validate,
    "action_confirm_tip": _confirm,
    "action_file_tip": _file,
    "action_correct_tip": _correct,
    "action_add_to_tip": _add,
    "action_progress": _progress,
    "action_handover": _handover,
    "action_restart": _restart,
    "action_out_of_scope": _out_of_scope,
    "action_unclear": _unclear,
}
# What the model may take a correction for, when the summary is shown.
NOT_THE_SUMMARYS = ("action_add_to_tip", "action_handover", "action_out_of_scope", "action_progress", "action_unclear")
