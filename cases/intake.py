"""Receiving a tip: everything that filing means, in one transaction, shared by all tips that arrive together.

The reporter gets number and code only after the disk has the tip, its case, its first job and its audit entry. Filing
again with the same client key gives the same receipt and writes nothing.
"""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.errors import BulkWriteError

from access import audit
from access.actors import REPORTER
from access.redaction import redact
from access.vault import Vault
from cases import deadlines, notices, photo_likeness
from cases.found_by import found_by
from cases.model import CheckedFiling, Filing, checked
from cases.receipts import ALPHABET, Receipt, Receipts, without_codes
from cases.states import State
from store.errors import Conflict, Unavailable
from store.groupcommit import GroupCommit
from store.jobs import job_document
from store.local_time import local_day
from store.mongo import Document, Session, Store

# How long a retry with the same client key gets the receipt again. Afterwards the key alone is worth nothing.
REPLAY = timedelta(hours=24)
MAX_NUMBERS = 5
DUPLICATE = 11000
BUSY = "系统繁忙,这次没有收下,请稍后再点一次提交。"


class AlreadyFiled(Conflict):
    """The same client key came with another text, or after the time for retries."""


@dataclass(frozen=True)
class Prepared:
    """The documents of one filing, ready to be inserted."""

    receipt: Receipt
    client_key_hash: str
    content: str
    tip: Document
    case: Document
    audit_entry: Document
    evidence: list[Document]
    vault: list[Document]
    jobs: list[Document]


class Intake:
    """Use as an async context manager: leaving it waits for what is being written."""

    def __init__(self, store: Store, receipts: Receipts, vault: Vault, content_key: bytes) -> None:
        self._store = store
        self._receipts = receipts
        self._vault = vault
        self._content_key = content_key
        self._group: GroupCommit[Prepared, Receipt] = GroupCommit(self._commit)

    async def __aenter__(self) -> "Intake":
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._group.__aexit__(*error)

    @property
    def crowded(self) -> bool:
        """Many reporters wait for their receipts at this moment."""
        return self._group.crowded

    async def receive(self, filing: Filing, now: datetime | None = None) -> Receipt:
        """Store the filing and return its receipt. Raises `InvalidFiling` or `AlreadyFiled`; then nothing was kept."""
        clean, moment = checked(filing), now or datetime.now(UTC)
        for attempt in range(MAX_NUMBERS):
            try:
                return await self._group.submit(self._prepare(clean, moment, attempt))
            except BulkWriteError as failure:
                if not _is_duplicate(failure):
                    # The error quotes the documents, so it must not go up to a log.
                    raise Unavailable(BUSY) from None
                # The number is taken (one in a million at a million tips), or another process stores the same filing:
                # the next round takes the next number, or finds the stored tip.
        raise Unavailable(BUSY)

    def prepared(self, filing: Filing, now: datetime) -> Prepared:
        """What `receive` would store, without storing it: for the made-up city. Raises `InvalidFiling`."""
        return self._prepare(checked(filing), now)

    def _prepare(self, filing: CheckedFiling, now: datetime, attempt: int = 0) -> Prepared:
        receipt = self._receipts.issue(filing.client_key, attempt)
        key_hash = self._receipts.client_key_hash(filing.client_key)
        tip_id, case_id = f"t{key_hash[:24]}", case_id_of(key_hash)
        words, identity = _without_identity(filing)
        danger = filing.danger
        opened = local_day(now).isoformat()
        facts = {
            **words, "ongoing": filing.ongoing, "chosen_type": filing.chosen_type, "chosen_place": filing.chosen_place,
        }  # fmt: skip
        vault = [self._vault.sealed_document("identity", tip_id, identity)] if identity else []
        if filing.contact:
            vault.append(self._vault.sealed_document("contact", tip_id, {"contact": filing.contact}))
        evidence = [
            {"_id": f"{tip_id}-{n}", "tip_id": tip_id, "case_id": case_id, "kind": "photo", **asdict(photo),
             "pieces": photo_likeness.pieces(photo.dhash)}
            for n, photo in enumerate(filing.photos)
        ]  # fmt: skip
        files = [
            {"_id": f"{tip_id}-f{n}", "tip_id": tip_id, "case_id": case_id, **asdict(file)}
            for n, file in enumerate(filing.files)
        ]
        tip: Document = {
            "_id": tip_id, "number": receipt.number, "receipt": self._receipts.lookup_hash(receipt.number, receipt.code),
            "case_id": case_id, "channel": filing.channel, "facts": facts, "employee": filing.employee,
            "has_contact": bool(filing.contact), "identity_removed": bool(identity), "filed_at": now,
            "client_key": key_hash, "content": "", "messages": [], "withdrawn": False,
        }  # fmt: skip
        tip["content"] = self._content_hash(filing)
        entry = audit.make_entry(
            audit.Head(), case_id, "file", REPORTER.id, {"channel": filing.channel, "photos": len(evidence)}, now
        )
        # To about ten metres: the gate of a yard, not the bed of who stood there.
        place = filing.point
        point = {"lng": round(place.lng, 4), "lat": round(place.lat, 4), "system": place.system} if place else None
        clocks = [deadlines.new_clock("accept_decision", now), deadlines.new_clock("verify_close", now)]
        case = {
            "_id": case_id, "version": 1, "state": State.RECEIVED, "urgent": danger is not None,
            "danger": danger.kind if danger else None, "created_at": now,
            "opened_on": opened, "channel": filing.channel, "source": "群众举报", "tips": 1, "photos": len(evidence),
            "reported_point": point, "types": [], "decided_types": [], "in_scope": None, "location": None,
            "route": None, "duplicates": [], "company": words["company"], "summary": "", "department": None,
            "inspector_id": None, "finding": None, "measures": [], "penalty_fen": 0, "reply": None, "recheck": None,
            "clocks": clocks, "watch_at": notices.watch_at(clocks),
            "progress": [{"on": opened, "text": "已收到您的举报。"}],
            "audit": {"seq": entry["seq"], "hash": entry["hash"]},
            "last_action": {"name": "file", "actor": REPORTER.id, "actor_name": REPORTER.name, "at": now},
        }  # fmt: skip
        case["found_by"] = found_by(case)
        jobs = [job_document("understand", case_id, {"case_id": case_id})]
        if danger:
            jobs.append(job_document("mail_alert", case_id, {"case_id": case_id}))
        return Prepared(receipt, key_hash, tip["content"], tip, case, entry, [*evidence, *files], vault, jobs)

    def _content_hash(self, filing: Filing) -> str:
        """Tells a retry from another filing under the same key; keyed, so that the database reveals nothing."""
        content: dict[str, Any] = asdict(filing)
        # A retry uploads its photos again, under new file names; the pictures themselves are the same.
        content["photos"] = sorted(photo.original_sha256 for photo in filing.photos)
        content["files"] = sorted(file.original_sha256 for file in filing.files)
        plain = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str).encode()
        return hmac.new(self._content_key, plain, hashlib.sha256).hexdigest()

    async def _commit(self, batch: list[Prepared]) -> list[Receipt | Exception]:
        async def write(session: Session) -> list[Receipt | Exception]:
            known: dict[str, Document] = {}
            keys = [item.client_key_hash for item in batch]
            query = {"client_key": {"$in": keys}}
            fields = {"client_key": 1, "content": 1, "number": 1, "filed_at": 1}
            async for tip in self._store["tips"].find(query, fields, session=session):
                known[tip["client_key"]] = tip
            results: list[Receipt | Exception] = []
            fresh: list[Prepared] = []
            for item in batch:
                if item.client_key_hash in known:
                    results.append(_again(item, known[item.client_key_hash]))
                else:
                    fresh.append(item)
                    known[item.client_key_hash] = item.tip
                    results.append(item.receipt)
            await self._insert("tips", [item.tip for item in fresh], session)
            await self._insert("cases", [item.case for item in fresh], session)
            await self._insert("audit", [item.audit_entry for item in fresh], session)
            await self._insert("jobs", [job for item in fresh for job in item.jobs], session)
            await self._insert("evidence", [row for item in fresh for row in item.evidence], session)
            await self._vault.insert(session, [row for item in fresh for row in item.vault])
            return results

        return await self._store.transaction(write)

    async def _insert(self, collection: str, documents: list[Document], session: Session) -> None:
        if documents:
            await self._store[collection].insert_many(documents, session=session, ordered=False)


def _again(item: Prepared, tip: Document) -> Receipt | Exception:
    if tip["content"] != item.content:
        return AlreadyFiled("这次提交的内容与刚才的不同。如要另报一件,请刷新页面;如要补充,请用编号和查询码。")
    if item.tip["filed_at"] - tip["filed_at"] > REPLAY:
        return AlreadyFiled("这件举报已经提交过了,请用编号和查询码查看进度。")
    return Receipt(tip["number"], item.receipt.code)


def _is_duplicate(failure: BulkWriteError) -> bool:
    return any(error["code"] == DUPLICATE for error in (failure.details or {}).get("writeErrors", []))


def case_id_of(key_hash: str) -> str:
    """50 bits in 10 letters that can be read out; says nothing about order or time."""
    value = int(key_hash[24:48], 16)
    letters = [ALPHABET[(value >> (5 * n)) & 31] for n in range(10)]
    return "".join(letters[:5]) + "-" + "".join(letters[5:])


def _without_identity(filing: Filing) -> tuple[dict[str, str], dict[str, list[str]]]:
    """(the words with marks in place of identity, what was taken out by kind)."""
    words: dict[str, str] = {}
    identity = {kind: list(values) for kind, values in filing.identity.items()}
    for name in ("what", "place", "company", "happened"):
        result = redact(without_codes(getattr(filing, name)))
        words[name] = result.text
        for found in result.found:
            identity.setdefault(found.kind, []).append(found.value)
    return words, identity
