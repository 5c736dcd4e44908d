"""Leading the conversation about one tip: what a message answers, what is still missing, what to ask next.

Pure: slots and message in, changed slots out. Rasa keeps the slots between turns (bot/domain.yml names them) and decides
when the form speaks; what the words mean for the tip is decided here. At most `MAX_QUESTIONS` questions, each with its
reason; every one may be left open. No identity ever comes here: a phone number is a mark in the text and a flag.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cases.corrections import Correction, correction_in
from cases.danger import danger_in
from cases.fact_company import answered_company
from cases.facts import facts_in
from cases.interview_texts import AGAIN, CURSES, MATTER, MISSING, ONGOING_WORDS, QUESTIONS, SLOTS, Question
from cases.violations import name_of

MAX_QUESTIONS = 5
MAX_WHAT = 4800
MAX_PLACE = 20
SURE = 0.5
# Below this confidence of the best type the reporter is shown so many to choose from; not choosing is fine.
UNSURE_TYPE = 0.5
TYPES_OFFERED = 3
UNKNOWN: dict[str, Any] = {"unknown": True}

# Intents that speak about the tip line, not about the tip: they interrupt the form and are answered by Rasa's rules.
_INTERRUPTIONS = frozenset(
    "faq_reward faq_confidential faq_scope faq_deadline faq_how claim_reward object_finding withdraw_tip ask_progress "
    "talk_to_person restart_talk thanks abuse".split()
)
_DONT_KNOW = re.compile(
    r"^(?:我|俺)?(?:也|都|真)?(?:不知道|不清楚|不晓得|说不清|说不上来|不记得|不太清楚|不了解|不详|没注意|忘了|不想说|不愿意?说|不方便说|不便说|不想讲)"
)
_NO = re.compile(
    r"^(?:那就?|就)?(?:不用|不需要|不要|不留|不方便|没有|没拍|没|无|不|否|算了|拒绝|匿名|跳过|下一个)(?:了|吧|照片|图|谢谢)*[。!！~]*$"
)
_YES = re.compile(r"^(?:有|是|是的|对|好|好的|可以|行|嗯|要|需要|留|愿意)(?:的|啊|呀|吧|照片)*[。!！~]*$")
_ASKS = re.compile(r"[?？]|吗|呢$|多久|多少|怎么|怎样|什么|几天|谁|哪里?(?:查|看|领)|会不会|能不能|可不可以|有没有")
_ANNOUNCES = re.compile(
    r"^(?:你好|您好)?[,，]?(?:我|俺)?(?:现在)?(?:要|想|来|得)?(?:匿名)?(?:举报|反映|投诉|报告|报案|说)(?:一?下|个|一个|一件|点)?(?:事情?|问题|情况|隐患)?"
    r"(?:我们|俺们?|咱们?|这家|那家|一家|这个|那个)?(?:厂子?|工厂|公司|单位|工地|老板|饭店|店)?(?:啊|呀|吧)?[。!！~]*$"
)
_SMALL_TALK = re.compile(
    r"^(?:喂|你好|您好|你们好|在吗|在不在|有人吗|再见|拜拜|哈喽|hello|hi)+[啊呀哦吗。!！?？~,， ]*$", re.IGNORECASE
)
_PLACE_LIKE = re.compile(
    r"[路街村镇区市县乡号巷湾滩桥]|旁边|附近|对面|隔壁|路口|门口|小区|广场|大厦|车站|市场|学校|医院|这边|那边|东|西|南|北"
)
# "旁边还堆着油漆" tells of a thing, not of a place.
_BESIDE_IS = re.compile(r"(?:旁边|附近|对面|隔壁|门口)(?=(?:还|都|也|就|又|全|一直)*(?:堆|放|停|存|摆|有|没|是))")
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Message:
    """One message as Rasa understood it. `metadata`: photos (count so far), point, contact (bool), slot (to change)."""

    text: str
    intent: str = ""
    confidence: float = 1.0
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def payload(self) -> str:
        """The pressed button; typed text never begins with a slash here (the gateway sees to that)."""
        return self.text if self.text.startswith("/") else ""


@dataclass(frozen=True)
class PlaceView:
    """What the locator makes of words or a point. `words` as written, `candidates` full Chinese names."""

    district: str = ""
    street: str = ""
    certain: bool = False
    words: str = ""
    candidates: tuple[str, ...] = ()
    outside: str = ""

    @property
    def name(self) -> str:
        return self.district + self.street


Locate = Callable[[str, dict[str, Any] | None], PlaceView]


class Interview:
    """One tip in the making, over the slots of the conversation."""

    def __init__(self, slots: dict[str, Any]) -> None:
        self.slots = dict(slots)
        for name in ("place", "photo", "contact"):
            # A conversation of an older version kept the bare words.
            if isinstance(self.slots.get(name), str):
                self.slots[name] = {"text": self.slots[name]}
        self.facts: dict[str, Any] = dict(slots.get("facts") or {})
        self.corrected = False  # the message took an answer back

    @property
    def missing(self) -> list[str]:
        return [name for name in SLOTS if self.slots.get(name) is None]

    @property
    def begun(self) -> bool:
        return isinstance(self.slots.get("what"), str)

    # ---- taking an answer

    def take(self, message: Message, locate: Locate) -> dict[str, Any] | None:
        """Slots that the message changes (with `turn` counted up), or None when it is no answer but an interruption."""
        requested = self.slots.get("requested_slot")
        before = dict(self.slots)
        taken = self._take_attachments(message, locate)
        if message.payload:
            taken = self._take_payload(message, requested) or taken
        elif message.text:
            if self._interrupts(message, requested, locate):
                if not self._take_danger(message.text):
                    return None
                taken = True
            else:
                taken = self._take_text(message, requested, locate) or taken
        if not taken:
            return None
        self._close_after_last_question()
        return self._changes(before)

    def _changes(self, before: dict[str, Any]) -> dict[str, Any]:
        self.slots["facts"] = self.facts
        changed = {name: value for name, value in self.slots.items() if value != before.get(name)}
        changed.pop("requested_slot", None)
        return {**changed, "turn": (before.get("turn") or 0) + 1}

    def _take_attachments(self, message: Message, locate: Locate) -> bool:
        meta, taken = message.metadata, False
        if meta.get("photos"):
            self.slots["photo"] = {"count": int(meta["photos"])}
            taken = True
        asked = self.slots.get("requested_slot") == "contact"
        if meta.get("contact") and (asked or MATTER["contact"].search(message.text)):
            self.slots["contact"] = {"given": True}
            taken = True
        seen = meta.get("photo_point")
        if seen and self.slots.get("place") is None and (view := locate("", seen)).district:
            self.slots["place"] = _place(view, view.name, seen)
        if meta.get("point"):
            view = locate("", meta["point"])
            if view.district:
                text = self.slots["place"].get("text", "") if self.slots.get("place") else ""
                self.slots["place"] = _place(view, text or view.name, meta["point"])
            else:
                self.facts["place"] = {"text": "", "point_outside": True}
            taken = True
        if meta.get("chosen_place"):
            self._choose_place(meta["chosen_place"])
            taken = True
        return taken

    def _choose_place(self, chosen: str) -> None:
        """ "区市 镇街", tapped among candidates or on the drawing: the reporter's word, for a person to confirm."""
        heard = (self.facts.pop("place", None) or {}).get("text") or (self.slots.get("place") or {}).get("text")
        name = chosen.replace(" ", "")
        self.slots["place"] = {
            "text": heard or name, "name": name, "certain": False, "point": None, "chosen": chosen,
        }  # fmt: skip

    def take_contact(self, message: Message) -> bool:
        """A number of one's own, told when nobody asked for it."""
        own = MATTER["contact"].search(message.text) or len(_LETTERS.findall(message.text)) < 6
        if not message.metadata.get("contact") or not own:
            return False
        self.slots["contact"] = {"given": True}
        return True

    def _take_payload(self, message: Message, requested: str | None) -> bool:
        name = message.payload
        if name == "/start_report":
            pending = self.facts.pop("pending", None)
            if pending:
                self.slots["what"] = pending
            return bool(pending) or requested is None
        if name == "/correct_answer":
            return self.reopen(message.metadata.get("slot"))
        if name in ("/still_going_on", "/stopped"):
            self.slots["ongoing"] = "yes" if name == "/still_going_on" else "no"
            return True
        if name in ("/skip", "/dont_know", "/deny") and requested in SLOTS and requested != "what":
            self.slots[requested] = self._left_open(requested)
            return True
        if name == "/affirm" and requested == "ongoing":
            self.slots["ongoing"] = "yes"
            return True
        return False

    def _interrupts(self, message: Message, requested: str | None, locate: Locate) -> bool:
        if requested is None:
            return False
        if message.intent == "out_of_scope" and requested == "what":
            return message.confidence >= SURE
        if message.intent == "out_of_scope" and (CURSES.search(message.text) or _SMALL_TALK.match(message.text)):
            return True
        if message.intent not in _INTERRUPTIONS:
            return False
        if message.confidence < SURE and not _ASKS.search(message.text):
            return False
        # "兴达木业" or "南万村" can look like anything to the model; as the answer to its question it is one.
        if requested == "company" and facts_in(message.text).company:
            return False
        return not (requested == "place" and locate(message.text, None).district)

    def _take_text(self, message: Message, requested: str | None, locate: Locate) -> bool:
        text = message.text
        correction = correction_in(text) if self.begun else None
        if correction and self.applies(correction, message):
            taken = self.correct(correction, text, locate)
            self.corrected = taken and bool(correction.right)
            return taken
        known, before = facts_in(text), dict(self.slots)
        self._note(known.happened, known)
        answered = requested in SLOTS and self._answer(requested, message, locate)
        other = self._fill_others(message, requested, locate)
        other = self._take_danger(text) or other
        grown = self.slots != before
        if answered or other or grown or requested not in ("ongoing", "photo", "contact"):
            return answered or other or grown
        # Nothing in it for any question: asked once more, then left open. Nobody is held up by a question.
        if requested in self.facts.get("puzzled", []):
            self.slots[requested] = self._left_open(requested)
        self.facts["puzzled"] = [*self.facts.get("puzzled", []), requested]
        return True

    def _answer(self, slot: str, message: Message, locate: Locate) -> bool:
        """The text as the answer to the question that was asked."""
        text = message.text.strip()
        open_ended = bool(_DONT_KNOW.match(text)) or (message.intent in ("dont_know", "skip") and len(text) < 12)
        if slot == "what":
            if open_ended or len(_LETTERS.findall(text)) < 4 or _ANNOUNCES.match(text):
                return False
            self.slots["what"] = text[:MAX_WHAT]
            return True
        if open_ended or (slot != "ongoing" and _NO.match(text)):
            self.slots[slot] = self._left_open(slot)
            return True
        if slot == "place":
            if self._tells_more(message, locate):
                return False
            self._settle_place(text, locate)
            return True
        if slot == "company":
            if not facts_in(text).company and self._completes_place(text, locate):
                return False
            self.slots["company"] = answered_company(text) or UNKNOWN
            return True
        if slot == "ongoing":
            told = facts_in(text).ongoing or {"still_going_on": "yes", "stopped": "no"}.get(message.intent, "")
            told = told or ("yes" if _YES.match(text) or message.intent == "affirm" else "")
            told = told or ("no" if _NO.match(text) or message.intent == "deny" else "")
            self.slots["ongoing"] = told or None
            return bool(told)
        if self.slots.get(slot) is not None:
            return True  # the number or the photo came with the message itself
        if message.intent in ("deny", "skip") or MATTER["no_photo" if slot == "photo" else "no_contact"].search(text):
            self.slots[slot] = self._left_open(slot)
            return True
        return False  # 有, 可以: the photo or the number itself is wanted

    def _tells_more(self, message: Message, locate: Locate) -> bool:
        """More of the matter instead of the place that was asked for."""
        told = message.intent in ("report", "add_to_report") or danger_in(message.text) is not None
        if not told or "place" in self.facts.get("puzzled", []):
            return False
        view = locate(message.text, None)
        named = bool(view.district or view.candidates or view.outside)
        named = named or bool(_PLACE_LIKE.search(_BESIDE_IS.sub("", message.text)))
        if named or len(_LETTERS.findall(message.text)) < 4:
            return False
        self._grow(message.text)
        # Once: a place that nobody knows must not be asked for again and again.
        self.facts["puzzled"] = [*self.facts.get("puzzled", []), "place"]
        return True

    def _completes_place(self, text: str, locate: Locate) -> bool:
        """A place, told after the place question was over: it is taken when the place was open or known in part."""
        place, view = self.slots.get("place") or {}, locate(text, None)
        known = place.get("text", "")
        if not view.district or place.get("certain") or known == text:
            return False
        told = f"{known}，{text}" if known else text
        both = locate(told, None)
        self.slots["place"] = _place(both if both.district else view, told, place.get("point"))
        self.facts["puzzled"] = [*self.facts.get("puzzled", []), "place"]
        return True

    def _fill_others(self, message: Message, requested: str | None, locate: Locate) -> bool:
        """Everything else the sentence says, for questions that then need not be asked."""
        text, known, taken = message.text, facts_in(message.text), False
        is_report = requested is None or (message.intent in ("report", "add_to_report") and len(text) >= 12)
        if _ANNOUNCES.match(text):
            return requested is None
        if is_report and not _same(self.slots, text) and requested != "what":
            if len(_LETTERS.findall(text)) >= 4:
                self._grow(text)
                taken = True
        if known.company and not self.slots.get("company"):
            self.slots["company"] = known.company
            taken = True
        if known.ongoing and requested != "ongoing" and self.slots.get("ongoing") in (None, "unknown"):
            self.slots["ongoing"] = known.ongoing
            taken = True
        if self.slots.get("place") is None and requested != "place":
            view = locate(text, None)
            if view.certain and view.street:
                self.slots["place"] = _place(view, view.words or view.name, None)
                taken = True
            elif view.district or view.candidates or view.outside:
                self.facts["place"] = {
                    "text": view.words, "name": view.name, "street": view.street, "candidates": list(view.candidates),
                    "outside": view.outside,
                }  # fmt: skip
        if MATTER["no_photo"].search(text) and self.slots.get("photo") is None:
            self.slots["photo"] = dict(UNKNOWN)
        return taken

    def _take_danger(self, text: str) -> bool:
        """A danger told anywhere belongs to the matter, and nobody is asked whether the fire still burns."""
        if danger_in(text) is None or self.slots.get("what") is None:
            return False
        if not _same(self.slots, text):
            self._grow(text)
        if self.slots.get("ongoing") in (None, "unknown"):
            self.slots["ongoing"] = "yes"
        return True

    def add(self, message: Message, locate: Locate) -> bool:
        """More about a tip whose summary is shown already."""
        if _slot_of(message.text, locate) == "happened":
            return self.correct_time(message.text)
        told = facts_in(message.text).ongoing or {"still_going_on": "yes", "stopped": "no"}.get(message.intent, "")
        if told and len(message.text) < 12:
            self.slots["ongoing"] = told
            return True
        if len(message.text) < 12 and MATTER["announces"].search(message.text):
            return False
        self._grow(message.text)
        self._note("", facts_in(message.text))
        if told:
            self.slots["ongoing"] = told
        return True

    def _grow(self, text: str) -> None:
        what = self.slots.get("what")
        self.slots["what"] = f"{what}\n{text}"[:MAX_WHAT] if what else text[:MAX_WHAT]

    def _note(self, happened: str, known: Any) -> None:
        if happened and not self.facts.get("happened"):
            self.facts["happened"] = happened
        for name in ("injured", "dead", "people"):
            if getattr(known, name):
                self.facts[name] = getattr(known, name)
        if known.things:
            self.facts["things"] = list(dict.fromkeys([*self.facts.get("things", []), *known.things]))[:6]

    def _settle_place(self, text: str, locate: Locate) -> None:
        """The answer to the place question is final, whatever it is: nobody is asked for the same thing twice."""
        offered, view = self.facts.get("place") or {}, locate(text, None)
        if text in (*offered.get("candidates", ()), offered.get("name")):
            self._choose_place(f"{view.district} {view.street}".strip())
            return
        before = (self.facts.pop("place", None) or {}).get("text", "")
        if not view.street and before and before not in text:
            both = locate(f"{before}，{text}", None)
            if both.district:
                view, text = both, f"{before}，{text}"
        if len(text) > MAX_PLACE and view.words:
            text = view.words  # a whole report was told: the place is in it
        self.slots["place"] = _place(view, text, None)

    def _left_open(self, slot: str) -> Any:
        if slot == "ongoing":
            return "unknown"
        if slot == "contact":
            return {"given": False}
        if slot == "place" and (heard := (self.facts.pop("place", None) or {}).get("text")):
            return {"text": heard, "certain": False}
        return dict(UNKNOWN)

    def _close_after_last_question(self) -> None:
        if self.begun and len(self.facts.get("asked", [])) >= MAX_QUESTIONS:
            for name in self.missing:
                if name not in self.facts.get("reopened", []):
                    self.slots[name] = self._left_open(name)

    # ---- correcting

    def reopen(self, slot: str | None) -> bool:
        """Ask for one answer again (the 改 buttons)."""
        if slot not in SLOTS:
            return False
        self.slots[slot] = None
        self.facts.pop("place", None) if slot == "place" else None
        self.facts["reopened"] = [*self.facts.get("reopened", []), slot]
        return True

    def consider(self, violations: list[dict[str, Any]]) -> None:
        """What the model makes of the matter, the likeliest first; kept only when it is unsure."""
        self.facts.pop("type", None)
        self.facts.pop("types_offered", None)
        if violations and violations[0]["confidence"] < UNSURE_TYPE:
            self.facts["types_offered"] = [row["type"] for row in violations[:TYPES_OFFERED]]

    @property
    def types_to_choose(self) -> list[str]:
        return [] if self.facts.get("type") else self.facts.get("types_offered", [])

    def choose_type(self, type_: str | None) -> bool:
        """The reporter's own choice; only one that was offered."""
        if type_ not in self.facts.get("types_offered", []):
            return False
        self.facts["type"] = type_
        return True

    def applies(self, correction: Correction, message: Message) -> bool:
        """Is it about this tip? Also when the model took the words for something else."""
        if message.intent == "correct_answer" or (correction.right and correction.slot in ("place", "company")):
            return True
        return bool(correction.wrong) and any(correction.wrong in words for words in self._words().values())

    def _words(self) -> dict[str, str]:
        """The answers given in words."""
        place = self.slots.get("place") or {}
        company = self.slots.get("company")
        return {
            "company": company if isinstance(company, str) else "",
            "place": place.get("text", ""),
            "happened": str(self.facts.get("happened", "")),
            "what": self.slots.get("what") or "",
        }

    def correct_time(self, text: str) -> bool:
        """时间是昨天晚上: the time has no question of its own."""
        told = facts_in(text).happened
        if told:
            self.facts["happened"] = told
        return bool(told)

    def correct(self, correction: Correction, text: str, locate: Locate) -> bool:
        """Apply a correction made in words. False when it does not say enough to change anything."""
        wrong, right, slot = correction.wrong, correction.right, correction.slot
        words = self._words()
        if not right:
            return self.reopen(slot) if slot else False
        if not slot:
            holders = [name for name, said in words.items() if wrong and wrong in said]
            slot = holders[0] if holders else _slot_of(right, locate)
        if slot == "company":
            said = words["company"]
            self.slots["company"] = said.replace(wrong, right) if wrong and wrong in said else answered_company(right)
        elif slot == "place":
            said = words["place"]
            told = said.replace(wrong, right) if wrong and wrong in said else right
            self.slots["place"] = _place(locate(told, None), told, None)
        elif slot == "happened":
            self.facts["happened"] = right
        elif slot in ("ongoing", "photo", "contact"):
            return self.reopen(slot)
        if wrong and wrong in words["what"]:
            self.slots["what"] = words["what"].replace(wrong, right)
        elif slot == "what" or not slot:
            self._grow(f"更正：{text}")
        return True

    # ---- asking

    def question(self, slot: str) -> Question:
        base = QUESTIONS[slot]
        if slot == "place" and (heard := self.facts.get("place")):
            return _place_question(heard, base)
        if slot in AGAIN and slot in self.facts.get("puzzled", []):
            return Question(f"我没有听明白。{AGAIN[slot]}", base.buttons, base.tools)
        if slot == "what" and "what" in self.facts.get("reopened", []):
            return Question("请把情况重新说一遍：哪里、哪家单位、有什么危险？", base.buttons, base.tools)
        return base

    def asked(self, slot: str) -> dict[str, Any]:
        """The fact that the question was asked, to be kept. The invitation to tell (`what`) is no question."""
        asked = self.facts.get("asked", [])
        if slot != "what" and slot not in asked:
            self.facts["asked"] = [*asked, slot]
        return self.facts

    def progress(self, slot: str | None) -> dict[str, Any]:
        """For the page: what is there, what is still wanted."""
        missing = self.missing
        return {
            "done": [MISSING[name] for name in SLOTS if name not in missing],
            "missing": [MISSING[name] for name in missing],
            "asking": slot,
            "tools": list(QUESTIONS[slot].tools) if slot else [],
        }

    def summary(self) -> str:
        """All answers, readable, for confirmation."""
        slots, facts = self.slots, self.facts
        place = slots.get("place") or {}
        photo, company, contact = slots.get("photo") or {}, slots.get("company"), slots.get("contact") or {}
        rows = [
            ("情况", slots.get("what") or ""),
            ("类别", name_of(facts["type"]) if facts.get("type") else ""),
            ("地点", _place_words(place)),
            ("单位", company if isinstance(company, str) else "不清楚"),
            ("时间", facts.get("happened", "")),
            ("现在", ONGOING_WORDS.get(slots.get("ongoing") or "", "不清楚")),
            ("伤亡", _harm(facts)),
            ("照片", f"{photo['count']} 张" if photo.get("count") else "没有"),
            ("联系方式", "已留，单独加密保存" if contact.get("given") else "不留（匿名）"),
        ]
        lines = [f"{name}：{value}" for name, value in rows if value]
        return "我记下的内容如下，请看看对不对：\n" + "\n".join(lines)

    def filing_words(self) -> dict[str, str]:
        """what, place, company, ongoing, happened, chosen_type, chosen_place as `cases.model.Filing` takes them."""
        place, company = self.slots.get("place") or {}, self.slots.get("company")
        return {
            "what": self.slots.get("what") or "",
            "place": place.get("text", "")[:300],
            "company": (company if isinstance(company, str) else "")[:100],
            "ongoing": self.slots.get("ongoing") or "",
            "happened": str(self.facts.get("happened", ""))[:100],
            "chosen_type": str(self.facts.get("type", "")),
            "chosen_place": str(place.get("chosen", "")),
        }


def _place(view: PlaceView, text: str, point: dict[str, Any] | None) -> dict[str, Any]:
    return {"text": text[:300], "name": view.name, "certain": view.certain, "point": point}


def _place_words(place: dict[str, Any]) -> str:
    text, name = place.get("text", ""), place.get("name", "")
    if not text and not name:
        return "不清楚"
    if place.get("point") and text == name:
        return f"{name}（按您发送的位置）"
    return text if not name or name == text or name in text else f"{text}（{name}）"


def _harm(facts: dict[str, Any]) -> str:
    parts = []
    for name, word in (("dead", "死亡"), ("injured", "受伤")):
        count = facts.get(name, 0)
        if count:
            parts.append(f"有人{word}" if count < 0 else f"{count} 人{word}")
    return "，".join(parts)


def _slot_of(right: str, locate: Locate) -> str:
    known = facts_in(right)
    if known.company:
        return "company"
    if known.happened and len(right.removeprefix("时间").lstrip("是在")) - len(known.happened) < 3:
        return "happened"
    return "place" if locate(right, None).district else ""


def _same(slots: dict[str, Any], text: str) -> bool:
    return text in (slots.get("what") or "")


def _place_question(heard: dict[str, Any], base: Question) -> Question:
    if heard.get("point_outside"):
        return Question(
            "您发送的位置不在本市范围内。请用文字说说在哪个区、哪个街道或村，" + base.why, base.buttons, base.tools
        )
    if heard.get("outside"):
        return Question(
            f"您说的地方好像在{heard['outside']}，那里不归本市管。如果就在本市，请说区和街道；" + base.why,
            base.buttons,
            base.tools,
        )
    candidates = heard.get("candidates", [])[:4]
    if len(candidates) > 1 or (candidates and not heard.get("name")):
        buttons = tuple((name, name) for name in candidates)
        said = f"“{heard['text']}”" if 0 < len(heard.get("text") or "") <= MAX_PLACE else "您说的地方"
        return Question(f"{said}是下面哪一处？都不是就直接告诉我。{base.why}", buttons + base.buttons, base.tools)
    where = str(heard.get("name") or heard.get("text") or "")
    if heard.get("street"):
        return Question(
            f"您说的是{where}吗？请再说说是哪个村、哪条路，有门牌、路口、标志物最好。{base.why}",
            ((where, where), *base.buttons),
            base.tools,
        )
    return Question(
        f"在{where}的哪条街道、哪个村或路边？有门牌、路口、标志物最好。{base.why}", base.buttons, base.tools
    )
