"""Questions and answers between staff and the reporter, through number and code instead of an address.

What the reporter writes is treated like the tip itself: identity is taken out and sealed, the own secret code is masked
(people paste it), and staff read the rest. A message is {"id", "from", "kind", "text", "on", "answers"}: `from` "staff"
or "reporter", `kind` "question", "answer", "addition", "objection", "retaliation", "review" (what became of an objection) or
"forwarded" (of a report of retaliation), `on` a day without a time. What one reporter did is told in the tip's own
`progress`: another reporter of the same case could be the company.
"""

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from access.actors import REPORTER, Actor
from access.redaction import redact
from access.vault import Vault
from cases import deadlines, lifecycle, notices, photo_likeness, trail
from cases.found_by import next_due
from cases.model import StoredFile, StoredPhoto, clean_text
from cases.receipts import CODE_LENGTH, MASK, Receipts, plain_code, without_codes
from cases.states import CLOSED, State
from store.errors import Conflict, Refusal
from store.local_time import local_day
from store.mongo import Document, Session, Store

MAX_TEXT = 3000
MAX_MESSAGES = 200
MAX_PHOTOS_OF_TIP = 30
TOLD = {
    "answer": "您回答了工作人员的问题。",
    "addition": "您补充了情况。",
    "objection": "您对办理结果提出了异议,30日内由另一位督办人员复核。",
    "retaliation": "您反映了打击报复的情况,由督办人员处理。",
}

# What may stand between the letters of a code that somebody typed or pasted.
_BETWEEN = frozenset(" \t\n\r\u3000-‐–—_.·,,、")


class InvalidMessage(Refusal):
    status = 422


class TooLate(Conflict):
    """The period for this is over, or the case is closed."""


@dataclass(frozen=True)
class Words:
    """What a reporter wrote, ready to be stored."""

    text: str
    identity: dict[str, list[str]]


async def ask(
    store: Store, case_id: str, actor: Actor, text: str, version: int | None, now: datetime | None = None
) -> Document:
    """A question of an officer to every reporter of the case; answers the case. Raises what `perform` raises."""
    moment = now or datetime.now(UTC)
    message = new_message("staff", "question", text.strip(), moment)

    async def post(session: Session, case: Document, data: Any) -> None:
        await store["tips"].update_many({"case_id": case_id}, {"$push": {"messages": message}}, session=session)

    return await lifecycle.perform(
        store, case_id, "ask_reporter", actor, {"text": text}, version, now=moment, also=post
    )


class Mailbox:
    """The reporter's side. Each call is one transaction."""

    def __init__(self, store: Store, receipts: Receipts, vault: Vault) -> None:
        self._store = store
        self._receipts = receipts
        self._vault = vault

    async def answer(self, tip_id: str, question: str, text: str, now: datetime | None = None) -> None:
        """Answer one of the tip's questions. Raises `InvalidMessage`, `TooLate`."""
        await self._write(tip_id, "answer", text, now, question=question)

    async def add(
        self,
        tip_id: str,
        text: str,
        photos: Sequence[StoredPhoto] = (),
        files: Sequence[StoredFile] = (),
        now: datetime | None = None,
    ) -> None:
        """More facts, photos or files for an open case. Raises `InvalidMessage`, `TooLate`."""
        if (photos or files) and not text.strip():
            text = f"补充照片{len(photos)}张、文件{len(files)}个。"
        await self._write(tip_id, "addition", text, now, photos=photos, files=files)

    async def report_retaliation(self, tip_id: str, text: str, now: datetime | None = None) -> None:
        """安全生产法第七十三条: a reporter who is being punished for the tip says so; possible in every state."""
        await self._write(tip_id, "retaliation", text, now)

    async def object(self, tip_id: str, text: str, now: datetime | None = None) -> None:
        """Object to the reply, once, within 10 days (应急〔2023〕106号). Raises `InvalidMessage`, `TooLate`."""
        await self._write(tip_id, "objection", text, now)

    async def _write(
        self,
        tip_id: str,
        kind: str,
        text: str,
        now: datetime | None,
        *,
        question: str = "",
        photos: Sequence[StoredPhoto] = (),
        files: Sequence[StoredFile] = (),
    ) -> None:
        moment = now or datetime.now(UTC)

        async def write(session: Session) -> None:
            tip = await self._store["tips"].find_one({"_id": tip_id}, session=session)
            assert tip is not None, "the caller holds this tip's session"
            case = await self._store["cases"].find_one({"_id": tip["case_id"]}, session=session)
            assert case is not None, "a tip always has a case"
            refuse_kind(kind, tip, case, question, moment)
            if len(photos) + len(files) + await self._evidence_of(tip_id, session) > MAX_PHOTOS_OF_TIP:
                raise InvalidMessage(f"一件举报最多{MAX_PHOTOS_OF_TIP}张照片和文件。", field="photos")
            words = self.words(text, tip)
            message = new_message("reporter", kind, words.text, moment, answers=question)
            told = lifecycle.progress_line(TOLD[kind], case["audit"]["seq"] + 1, moment)
            news = {"$push": {"messages": message, "progress": told}}
            await self._store["tips"].update_one({"_id": tip_id}, news, session=session)
            if words.identity:
                await self._vault.seal(session, "identity", tip_id, words.identity)
            await self._insert_evidence(tip, message["id"], photos, files, session)
            await self._note(session, case, kind, message, len(photos), moment)

        await self._store.transaction(write)

    def words(self, text: str, tip: Document) -> Words:
        """Clean, without identity and without the tip's own code. Raises `InvalidMessage`."""
        clean = clean_text(text)
        if not clean:
            raise InvalidMessage("请写一句话再提交。", field="text")
        if len(clean) > MAX_TEXT:
            raise InvalidMessage(f"太长了({len(clean)}字),请控制在{MAX_TEXT}字以内,可以分几次写。", field="text")
        redacted = redact(without_codes(mask_code(clean, tip, self._receipts)))
        identity: dict[str, list[str]] = {}
        for found in redacted.found:
            identity.setdefault(found.kind, []).append(found.value)
        return Words(redacted.text, identity)

    async def _evidence_of(self, tip_id: str, session: Session) -> int:
        return await self._store["evidence"].count_documents({"tip_id": tip_id}, session=session)

    async def _insert_evidence(
        self,
        tip: Document,
        message_id: str,
        photos: Sequence[StoredPhoto],
        files: Sequence[StoredFile],
        session: Session,
    ) -> None:
        of = {"tip_id": tip["_id"], "case_id": tip["case_id"]}
        rows = [
            {"_id": f"{message_id}-{n}", **of, "kind": "photo", **asdict(photo),
             "pieces": photo_likeness.pieces(photo.dhash)}
            for n, photo in enumerate(photos)
        ] + [{"_id": f"{message_id}-f{n}", **of, **asdict(file)} for n, file in enumerate(files)]  # fmt: skip
        if rows:
            await self._store["evidence"].insert_many(rows, session=session)

    async def _note(
        self, session: Session, case: Document, kind: str, message: Document, photos: int, now: datetime
    ) -> None:
        """Audit entry (never the words), and what the supervisor looks for. The review is due from the objection on."""
        detail = {"message": message["id"], "photos": photos}
        await trail.append(self._store, session, case["_id"], f"reporter_{kind}", REPORTER.id, detail, now)
        change: Document = {
            "$set": {"reporter_wrote": message["on"]},
            "$inc": {"photos": photos},
        }
        if kind in ("objection", "retaliation"):
            appeal = {"kind": kind, "message": message["id"], "on": message["on"], "decided": None}
            change["$push"] = {"appeals": appeal}
        if kind == "objection":
            clock = deadlines.new_clock("review", now)
            change["$push"]["clocks"] = clock
            change["$min"] = {"watch_at": notices.watch_at([clock])}
            change["$set"]["found_by.due"] = next_due({**case, "clocks": [*case["clocks"], clock]})
        await self._store["cases"].update_one({"_id": case["_id"]}, change, session=session)


def mask_code(text: str, tip: Document, receipts: Receipts) -> str:
    """The text with the tip's own secret code masked, however it is grouped; what only looks like a code stays.

    A number in front of the code must not hide where it begins, so every window of 16 letters is tried.
    """
    pieces, done = [], 0
    for run in _letter_runs(text):
        start = 0
        while start + CODE_LENGTH <= len(run):
            first, last = run[start], run[start + CODE_LENGTH - 1]
            code = plain_code("".join(text[at] for at in run[start : start + CODE_LENGTH]))
            if len(code) == CODE_LENGTH and receipts.matches(tip["receipt"], tip["number"], code):
                pieces.append(text[done:first] + MASK)
                done, start = last + 1, start + CODE_LENGTH
            else:
                start += 1
    return "".join([*pieces, text[done:]])


def _letter_runs(text: str) -> list[list[int]]:
    """Indexes of letters and digits that follow each other with nothing but separators between, 16 or more."""
    runs: list[list[int]] = [[]]
    for index, char in enumerate(text):
        plain = unicodedata.normalize("NFKC", char)
        if len(plain) == 1 and plain.isascii() and plain.isalnum():
            runs[-1].append(index)
        elif char not in _BETWEEN and runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) >= CODE_LENGTH]


def refuse_kind(kind: str, tip: Document, case: Document, question: str, now: datetime) -> None:
    """Raise when a message of this kind cannot be sent now."""
    if len(tip["messages"]) >= MAX_MESSAGES:
        raise TooLate("这件举报的留言太多了,请拨打 12350 补充。")
    if kind == "objection" and not may_object(tip, case, now):
        raise TooLate("提出异议的期限是答复后10日内,每次答复一次。现在不能提出;有新情况可以另行举报。", field="text")
    if kind == "answer" and question not in [row["id"] for row in open_questions(tip)]:
        raise TooLate("这个问题已经回答过了,或已不存在。需要补充的,请写在“补充情况”里。", field="text")
    if kind in ("answer", "addition") and State(case["state"]) in CLOSED:
        raise TooLate("这件举报已经办结,不能再补充。有新情况请另行举报。", field="text")


def open_questions(tip: Document) -> list[Document]:
    answered = {message["answers"] for message in tip["messages"]}
    return [row for row in tip["messages"] if row["kind"] == "question" and row["id"] not in answered]


def objection_until(case: Document) -> datetime | None:
    """The end (exclusive) of the running period for objections; None before the reply and after it was closed."""
    running = [clock for clock in case["clocks"] if clock["id"] == "objection" and clock["ended_at"] is None]
    return running[-1]["due_at"] if running and case.get("reply") else None


def may_object(tip: Document, case: Document, now: datetime) -> bool:
    until = objection_until(case)
    if until is None or now >= until:
        return False
    replied_on = local_day(case["reply"]["sent_at"]).isoformat()
    return not any(row["kind"] == "objection" and row["on"] >= replied_on for row in tip["messages"])


def new_message(sender: str, kind: str, text: str, now: datetime, answers: str = "") -> Document:
    day = local_day(now).isoformat()
    return {"id": f"m{secrets.token_hex(8)}", "from": sender, "kind": kind, "text": text, "on": day, "answers": answers}
