"""The chat: a page, and a few JSON calls of its script. What a person types never becomes a command.

A turn in order: size, clean text, danger (answered first, whatever else happens), identity out of the text, Rasa, keep.
`message_id` is made by the page for every message: the same id gets the same answer, however often it is sent.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from aiohttp import web

from access.redaction import redact
from access.sessions import csrf_token
from cases import lookup, mailbox, tip_reading
from cases.conversations import Conversations, Draft, Turn
from cases.danger import Danger, danger_in
from cases.evidence import MAX_PHOTOS
from cases.interview_texts import MATTER, SLOTS
from cases.model import clean_text
from cases.places import checked_choice, divisions
from cases.rasa import RasaDown
from cases.receipts import plain_number, without_codes
from cases.reception import read_photos, store_uploads
from cases.states import STATE_NAMES, State
from cases.violations import name_of, violations
from grid.coordinates import BadCoordinate, Point
from handlers import cookies
from handlers.keys import SERVICES
from handlers.middlewares.throttle import Limit, Throttle, dwell, slow_down, source_of, succeeded
from handlers.pages import render
from handlers.uploads import read_form
from services import Services
from store.errors import Refusal
from store.mongo import Store

log = structlog.get_logger(__name__)

MAX_TEXT = 2000
# A person types one message in two seconds at most; new conversations cost an address something, too.
LIMITS = {"chat_conversation": Limit(30, 60), "chat_source": Limit(600, 1200)}
# Rasa works on one core: more turns at once would only make each wait for all, until its own time limits fire.
TURNS_AT_ONCE = 4
TITLES = {
    "/affirm": "确认提交", "/deny": "不对", "/skip": "跳过", "/dont_know": "不知道", "/still_going_on": "还在继续",
    "/stopped": "已经停了", "/start_report": "开始举报", "/correct_answer": "我要修改", "/ask_progress": "查进度",
    "/talk_to_person": "转人工", "/restart_talk": "重新开始", "/add_to_report": "补充情况", "/claim_reward": "领取奖励",
    "/object_finding": "对结果不认可", "/withdraw_tip": "撤回举报", "/faq_reward": "有什么奖励", "/faq_confidential": "会不会泄露我",
    "/faq_scope": "能举报什么", "/faq_deadline": "多久有结果", "/faq_how": "怎么举报",
}  # fmt: skip


def _button(payload: str) -> dict[str, str]:
    return {"title": TITLES[payload], "payload": payload}


CORRECTIONS = {f"/correct_answer/{slot}": slot for slot in SLOTS}
# The types a reporter may be offered when the model is unsure.
CHOICES = {f"/choose_type/{id_}": id_ for id_, violation in violations().items() if violation.core}
CORRECTING = frozenset([*CORRECTIONS, *CHOICES])  # what Rasa knows as the one intent correct_answer
PAGES = {"claim": ("/claim", "去领取奖励"), "progress": ("/tip", "去查询进度")}
GREETING = {
    "text": "您好，这里是安全生产举报。发现哪里有危险，用一句话告诉我就行：哪里、哪家单位、有什么危险。不用留姓名。\n正在着火、有人受伤或被困，请先打 119、120、110。",
    "buttons": [_button(name) for name in ("/faq_scope", "/faq_reward", "/faq_confidential", "/ask_progress")],
}  # fmt: skip
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_SAYS_SOMETHING = re.compile(r"\w")
# A command of some other program, typed by hand: here it means nothing, and the model must not read a wish into it.
_TYPED_COMMAND = re.compile(r"\s*[/／]+\s*[a-z_]+\s*(?:\{.*)?", re.IGNORECASE | re.DOTALL)
# The code is shown again after a lost connection or a reload, not to who finds the telephone later.
CODE_SHOWN = timedelta(minutes=30)
_LOOKED_BACK = 10  # turns in which the open question is looked for


class BadMessage(Refusal):
    status = 422


class TextTooLong(Refusal):
    status = 413


class Gate:
    """What one application keeps of its chats in memory: who writes too often, and how many turns are with Rasa."""

    def __init__(self) -> None:
        self.throttle = Throttle(LIMITS)
        self.turns = asyncio.Semaphore(TURNS_AT_ONCE)


# One for each store of an application; made when its first message comes.
_gates: WeakKeyDictionary[Store, Gate] = WeakKeyDictionary()


def gate_of(services: Services) -> Gate:
    if services.store not in _gates:
        _gates[services.store] = Gate()
    return _gates[services.store]


@dataclass(frozen=True)
class Incoming:
    """One message, checked. `text` is clean but may hold identity; `metadata` goes to Rasa beside the words."""

    message_id: str
    text: str = ""
    payload: str | None = None
    metadata: dict[str, Any] | None = None
    said: dict[str, Any] | None = None


Prepare = Callable[[Draft], Awaitable[Incoming]]


# ---- the page and its calls


async def show(request: web.Request) -> web.Response:
    token = cookies.take(request, cookies.CONVERSATION)
    known = bool(_TOKEN.fullmatch(token))
    if not known:
        token = secrets.token_urlsafe(32)
    response = render(request, "chat.html", csrf=csrf_token(token), max_text=MAX_TEXT, max_photos=MAX_PHOTOS)
    if not known:
        _give_cookie(request, response, token)
    return response


async def message(request: web.Request) -> web.Response:
    """POST {"message_id", "text" | "payload", "point"?} → {"messages": […]}."""
    body = await _json(request)
    incoming = _incoming(body)

    async def prepare(draft: Draft) -> Incoming:
        if point := (incoming.metadata or {}).get("point"):
            draft.point = point
        return incoming

    return await _turn(request, incoming.message_id, prepare)


async def photos(request: web.Request) -> web.Response:
    """POST multipart: message_id, photos (several). They wait, sealed, until the tip is filed."""
    _slow_down(request)
    services = request.app[SERVICES]
    with await read_form(request) as form:
        message_id = _message_id(form.get("message_id"))
        if form.problem:
            raise form.problem
        if not form.uploads:
            raise BadMessage("没有收到照片，请重新选择。", field="photos")
        read = await read_photos(services.evidence, form.uploads)
        stored = (await store_uploads(services.evidence, read)).photos

    async def prepare(draft: Draft) -> Incoming:
        left_out = draft.add_photos(stored, MAX_PHOTOS)
        metadata: dict[str, Any] = {"photos": len(draft.photos)}
        position = next((photo.position for photo in stored if photo.position), None)
        if position:
            metadata["photo_point"] = {"lng": position[0], "lat": position[1], "system": "wgs84"}
        return Incoming(message_id, metadata=metadata, said={"photos": len(stored), "left_out": left_out})

    return await _turn(request, message_id, prepare, counted=True)


async def position(request: web.Request) -> web.Response:
    """POST {"message_id", "lng", "lat", "system"}, or {"message_id", "place": "区市 镇街"} tapped on the drawing."""
    body = await _json(request)
    message_id = _message_id(body.get("message_id"))
    if "place" in body:
        known = divisions(request.app[SERVICES].settings.city_dir)
        chosen = checked_choice(known, body["place"] if isinstance(body["place"], str) else "")
        if not chosen:
            raise BadMessage("没有收到选的地方，请再点一次。", field="place")
        metadata, said = {"chosen_place": chosen}, {"text": f"［选了{chosen.replace(' ', '')}］"}

        async def choose(draft: Draft) -> Incoming:
            return Incoming(message_id, metadata=metadata, said=said)

        return await _turn(request, message_id, choose)
    point = _point(body)

    async def prepare(draft: Draft) -> Incoming:
        draft.point = point
        return Incoming(message_id, metadata={"point": point}, said={"position": True})

    return await _turn(request, message_id, prepare)


async def history(request: web.Request) -> web.Response:
    """GET → {"turns": [{"said", "messages"}], "greeting"}: the page after a reload."""
    token = cookies.take(request, cookies.CONVERSATION)
    turns: list[dict[str, Any]] = []
    if _TOKEN.fullmatch(token):
        services = request.app[SERVICES]
        talk = Conversations(services.store, services.keys)
        for turn in await talk.history(talk.name(token)):
            turns.append({"said": turn.said, "messages": await _shown(services, talk, turn)})
    return web.json_response({"greeting": GREETING, "turns": turns})


async def leave(request: web.Request) -> web.Response:
    """快速离开: this browser forgets the conversation; what the service keeps of it nobody can read any more."""
    response = web.Response(status=204)
    cookies.drop(request, response, cookies.CONVERSATION)
    return response


async def progress(request: web.Request) -> web.Response:
    """POST {"number", "code"} → {"state", "steps", "promises"}; never seen by Rasa, never kept."""
    body = await _json(request)
    services = request.app[SERVICES]
    number, code = str(body.get("number") or "")[:200], str(body.get("code") or "")[:200]
    slow_down(request, "receipt", plain_number(number))
    try:
        tip = await lookup.find(services.store, services.receipts, number, code)
    except lookup.WrongReceipt:
        await dwell(request, plain_number(number))
        raise
    succeeded(request, "receipt", plain_number(number))
    case = await services.store["cases"].find_one({"_id": tip["case_id"]})
    assert case is not None, "a tip is stored together with its case"
    return web.json_response(
        {
            "state": STATE_NAMES[State(case["state"])],
            "steps": tip_reading.steps(case, tip),
            "promises": tip_reading.promises(case),
            "waiting_for_you": len(mailbox.open_questions(tip)),
        }
    )


# ---- one turn


async def _turn(request: web.Request, message_id: str, prepare: Prepare, *, counted: bool = False) -> web.Response:
    services = request.app[SERVICES]
    if not counted:
        _slow_down(request)
    token = cookies.take(request, cookies.CONVERSATION)
    fresh = not _TOKEN.fullmatch(token)
    if fresh:
        token = secrets.token_urlsafe(32)
    talk = Conversations(services.store, services.keys)
    name = talk.name(token)
    turn = await talk.turn(name, message_id)
    status, retry = 200, False
    if turn is None:
        async with talk.alone(name) as draft:
            turn = await talk.turn(name, message_id)
            if turn is None:
                turn, kept = await _answer(services, talk, name, draft, prepare)
                status, retry = (200, False) if kept else (503, True)
    shown = await _shown(services, talk, turn)
    response = web.json_response({"messages": shown, "said": turn.said, "retry": retry}, status=status)
    if fresh:
        _give_cookie(request, response, token)
    return response


async def _answer(
    services: Services, talk: Conversations, name: str, draft: Draft, prepare: Prepare
) -> tuple[Turn, bool]:
    """The turn, and whether it was kept: False when Rasa is down, so that the same message may come again."""
    before, sender = repr(draft), f"{name}-{draft.session}"
    incoming = await prepare(draft)
    found = redact(without_codes(incoming.text))
    said = incoming.said or {"text": TITLES.get(incoming.payload or "", "") or found.text}
    first: list[dict[str, Any]] = []
    danger = danger_in(incoming.text)
    if danger:
        first.append({"text": danger.advice, "danger": danger.kind})
        await talk.raise_alert(sender, danger.kind, found.text[:500], mail=True)
        services.workers.wake()
    metadata = dict(incoming.metadata or {})
    own = not MATTER["their_contact"].search(found.text)
    if draft.remember([(each.kind, each.value) for each in found.found], own=own):
        metadata["contact"] = True
    if repr(draft) != before:
        # Saved before Rasa is asked: the action that files the tip reads it.
        await talk.save_draft(name, draft)
    if incoming.said and incoming.said.get("left_out"):
        first.append(
            {"text": f"照片最多 {MAX_PHOTOS} 张，有 {incoming.said['left_out']} 张没有收下。提交后可以凭编号再补充。"}
        )
    if not incoming.payload and not metadata and _says_nothing(found.text):
        asked = await _open_question(talk, name)
        hint = (
            "没有看懂，请用文字回答，或点下面的按钮。"
            if asked
            else "请用文字说说哪里有什么危险，一句话就行；也可以发照片。"
        )
        turn = Turn(said, [*first, {"text": hint}, *asked])
        await talk.finish(name, incoming.message_id, turn, None)
        return turn, True
    try:
        payload = "/correct_answer" if incoming.payload in CORRECTING else incoming.payload
        async with gate_of(services).turns:
            answered = await services.rasa.turn(sender, found.text, payload, metadata)
    except RasaDown as down:
        log.warning("chat.rasa_down")
        return Turn(said, [*first, _down(down, found.text, danger)]), False
    messages = [*first, *(_kept(each, talk, sender) for each in answered)]
    if len(messages) == len(first):
        messages.append(
            {
                "text": "我没有听明白，请换个说法再说一次。",
                "buttons": [_button("/start_report"), _button("/talk_to_person")],
            }
        )
    over = _is_over(messages)
    if not over and not any(_asks(each) for each in messages) and (asked := await _open_question(talk, name)):
        # Inside the form Rasa asks again by itself; the summary's buttons would be gone after a question.
        messages = [*(_without(each, "/start_report") for each in messages), *asked]
    turn = Turn(said, messages)
    await talk.finish(name, incoming.message_id, turn, draft.next() if over else None)
    return turn, True


def _says_nothing(text: str) -> bool:
    return not _SAYS_SOMETHING.search(text) or bool(_TYPED_COMMAND.fullmatch(text))


def _asks(message: dict[str, Any]) -> bool:
    payloads = [button["payload"] for button in message.get("buttons", [])]
    return "progress" in message or any(payload in CORRECTIONS for payload in payloads)


def _without(message: dict[str, Any], payload: str) -> dict[str, Any]:
    """The message without one of its buttons."""
    if "buttons" not in message:
        return message
    return {**message, "buttons": [button for button in message["buttons"] if button["payload"] != payload]}


def _is_over(messages: list[dict[str, Any]]) -> bool:
    return any("receipt" in each or each.get("restarted") for each in messages)


async def _open_question(talk: Conversations, name: str) -> list[dict[str, Any]]:
    """What the person was last asked, with its buttons, to be shown again; the summary only by its buttons."""
    for turn in reversed(await talk.history(name, _LOOKED_BACK)):
        if _is_over(turn.messages):
            return []
        asked = [number for number, each in enumerate(turn.messages) if "progress" in each]
        if asked:
            # Rasa sends the words and, after them, what is asked.
            question = turn.messages[max(0, asked[-1] - 1) : asked[-1] + 1]
            if question[-1]["progress"]["asking"] is None:
                question = [
                    {**question[0], "text": "上面的内容还没有提交。都对就点“确认提交”，不对就点要改的一项。"},
                    question[-1],
                ]
            return question
    return []


def _kept(sent: dict[str, Any], talk: Conversations, sender: str) -> dict[str, Any]:
    """One of Rasa's messages as it is kept; the receipt as the key it is made from."""
    kept = {key: sent[key] for key in ("text", "buttons") if sent.get(key)}
    custom = sent.get("custom") or {}
    if custom.get("receipt"):
        kept["receipt"] = talk.client_key(sender)
    if custom.get("open") in PAGES:
        kept["link"] = dict(zip(("href", "title"), PAGES[custom["open"]], strict=True))
    for name in ("progress", "form", "restarted"):
        if name in custom:
            kept[name] = custom[name]
    return kept


async def _shown(services: Services, talk: Conversations, turn: Turn) -> list[dict[str, Any]]:
    """The messages as the page gets them: with number and code in the receipt, as long as the code may be shown."""
    fresh = turn.at is None or datetime.now(UTC) - turn.at < CODE_SHOWN
    shown = []
    for each in turn.messages:
        if "receipt" in each:
            receipt = await talk.receipt(services.receipts, each["receipt"]) if fresh else None
            each = {**each, "receipt": {"number": receipt.number, "code": receipt.code} if receipt else None}
        shown.append(each)
    return shown


def _down(down: RasaDown, text: str, danger: Danger | None) -> dict[str, Any]:
    """The words go to the form by a post: an address is kept in histories and in the logs of proxies."""
    words = down.message if danger is None else "值班人员已经收到您的消息。" + down.message
    return {"text": words, "form_with": {"what": text[:1000], "title": "改用网页表单（带上您写的内容）"}}


# ---- what comes in


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise BadMessage("没有收到完整的消息，请再发一次。") from None
    if not isinstance(body, dict):
        raise BadMessage("没有收到完整的消息，请再发一次。")
    return body


def _incoming(body: dict[str, Any]) -> Incoming:
    message_id, text, payload = _message_id(body.get("message_id")), body.get("text", ""), body.get("payload")
    metadata: dict[str, Any] = {}
    if body.get("point") is not None:
        metadata["point"] = _point(body["point"] if isinstance(body["point"], dict) else {})
    if payload is not None:
        if not isinstance(payload, str):
            payload = ""
        if payload in CORRECTIONS:
            metadata["slot"] = CORRECTIONS[payload]
        elif payload in CHOICES:
            metadata["type"] = CHOICES[payload]
        elif payload not in TITLES:
            raise BadMessage("这个按钮已经不能用了，请直接打字告诉我。", field="payload")
        title = TITLES.get(payload) or (name_of(CHOICES[payload]) if payload in CHOICES else "修改")
        return Incoming(message_id, payload=payload, metadata=metadata, said={"text": title})
    if not isinstance(text, str):
        raise BadMessage("没有收到文字，请再发一次。", field="text")
    if len(text) > MAX_TEXT:
        raise TextTooLong(
            f"这段话有 {len(text)} 字，一次最多 {MAX_TEXT} 字。请分几次发，或改用网页表单（最多 5000 字）。",
            field="text",
        )
    clean = clean_text(text)
    if not clean and not metadata:
        raise BadMessage("请写点什么再发送：哪里有什么危险，一句话就行。", field="text")
    return Incoming(message_id, text=clean, metadata=metadata)


def _message_id(value: Any) -> str:
    if not isinstance(value, str) or not _MESSAGE_ID.fullmatch(value):
        raise BadMessage("页面已过期，请刷新后再发。", field="message_id")
    return value


def _point(body: dict[str, Any]) -> dict[str, Any]:
    try:
        point = Point(body.get("lng"), body.get("lat"), body.get("system") or "wgs84")  # type: ignore[arg-type]
    except BadCoordinate as bad:
        raise BadMessage(f"位置有误：{bad.message}", field="point") from None
    return {"lng": round(point.lng, 4), "lat": round(point.lat, 4), "system": point.system}


def _slow_down(request: web.Request) -> None:
    throttle = gate_of(request.app[SERVICES]).throttle
    throttle.take("chat_conversation", cookies.take(request, cookies.CONVERSATION) or source_of(request))
    throttle.take("chat_source", source_of(request))


def _give_cookie(request: web.Request, response: web.Response, token: str) -> None:
    cookies.put(request, response, cookies.CONVERSATION, token, max_age=86400)
