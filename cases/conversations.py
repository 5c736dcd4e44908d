"""What the service keeps of a chat: the draft of the tip in the making, and the answered turns. Both sealed, one day.

The browser holds a random token. Its keyed hash names the conversation; `<hash>-<n>` is the sender that Rasa knows, with
`n` counted up whenever a tip is filed or given up, so that two tips of one person share nothing. What must never reach
Rasa (identity, a phone number, the photos, the receipt) is here.
"""

import asyncio
import hashlib
import hmac
import json
import re
import secrets
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from pymongo import WriteConcern
from pymongo.errors import DuplicateKeyError

from cases.model import StoredPhoto
from cases.receipts import Receipt, Receipts
from store.errors import Unavailable
from store.jobs import enqueue
from store.keys import Keys
from store.mongo import Document, Session, Store
from store.sealing import SealBroken

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
MAX_WAITING = 20
MAX_HISTORY = 200
SENDER = re.compile(r"([0-9a-f]{32})-(\d{1,6})")


class ConversationBusy(Unavailable):
    """Too many messages of one conversation wait for their answers."""

    def __init__(self) -> None:
        super().__init__("消息发得太快，还在处理前面的消息。请等几秒再发。")


@dataclass
class Draft:
    """The tip in the making. `identity` by kind, `contact` the numbers given to be called back."""

    session: int = 0
    photos: list[dict[str, Any]] = field(default_factory=list)
    identity: dict[str, list[str]] = field(default_factory=dict)
    contact: list[str] = field(default_factory=list)
    point: dict[str, Any] | None = None

    def stored_photos(self) -> tuple[StoredPhoto, ...]:
        return tuple(
            StoredPhoto(**{**photo, "position": tuple(photo["position"]) if photo["position"] else None})
            for photo in self.photos
        )

    def add_photos(self, photos: Sequence[StoredPhoto], most: int) -> int:
        """Keep those that are not there yet (a retry sends them again); the number of photos that did not fit."""
        known = {photo["original_sha256"] for photo in self.photos}
        fresh = [asdict(photo) for photo in photos if photo.original_sha256 not in known]
        room = max(0, most - len(self.photos))
        self.photos += fresh[:room]
        return len(fresh) - min(room, len(fresh))

    def remember(self, found: list[tuple[str, str]], *, own: bool = True) -> bool:
        """Identity taken out of a message; True when there is a way to reach the reporter among it.

        `own` is False for the number of somebody else, whom nobody must call back as the reporter.
        """
        reachable = False
        for kind, value in found:
            values = self.identity.setdefault(kind, [])
            if value not in values and len(values) < 20:
                values.append(value)
            if own and kind in ("phone", "email", "wechat", "qq"):
                reachable = True
                if value not in self.contact:
                    self.contact = [*self.contact, value][-3:]
        return reachable

    def next(self) -> "Draft":
        """The empty draft of the next tip."""
        return Draft(session=self.session + 1)


@dataclass(frozen=True)
class Turn:
    """`said` is {"text"} or {"photos"} …, `messages` the answer; `receipt` in it is a client key, not a code.

    `at` is None until the turn was kept.
    """

    said: dict[str, Any]
    messages: list[dict[str, Any]]
    at: datetime | None = None


# Shared by all requests of the process; gone with the last that waits.
_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


class Conversations:
    """`keys` gives the seals and the hash of the browser's token."""

    _locks: ClassVar[WeakValueDictionary[str, asyncio.Lock]] = WeakValueDictionary()

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._name_key = keys.derive("conversation name")
        self._filing_key = keys.derive("chat filing")
        self._drafts = keys.cipher("draft")
        self._turns = keys.cipher("turn")
        # A lease need not survive a power cut: nothing is acknowledged by it.
        self._leases = store["drafts"].with_options(write_concern=WriteConcern(w=1, j=False))

    def name(self, token: str) -> str:
        """The conversation of a browser's token; nobody gets back from it to the token."""
        return hmac.new(self._name_key, token.encode(), hashlib.sha256).hexdigest()[:32]

    def client_key(self, sender: str) -> str:
        """The filing of one sender: the same for every retry, so that nothing is filed twice."""
        return hmac.new(self._filing_key, sender.encode(), hashlib.sha256).hexdigest()

    # ---- one turn at a time

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[Draft]:
        """The draft, while no other turn of this conversation runs, in this process or another."""
        lock = _locks.setdefault(name, asyncio.Lock())
        if len(getattr(lock, "_waiters", None) or ()) >= MAX_WAITING:
            raise ConversationBusy
        async with lock:
            lease = await self._lease(name)
            try:
                yield await self.draft(name)
            finally:
                await self._leases.update_one({"_id": name, "lease": lease}, {"$set": {"lease": None}})

    async def _lease(self, name: str) -> str:
        lease = secrets.token_hex(8)
        for _ in range(200):
            now = datetime.now(UTC)
            free = {"_id": name, "$or": [{"lease": None}, {"lease_until": {"$lt": now}}]}
            change = {"$set": {"lease": lease, "lease_until": now + LEASE, "expires_at": now + KEPT}}
            try:
                await self._leases.update_one(free, change, upsert=True)
                return lease
            except DuplicateKeyError:
                await asyncio.sleep(0.1)
        raise ConversationBusy

    # ---- drafts

    async def draft(self, name: str) -> Draft:
        row = await self._store["drafts"].find_one({"_id": name})
        if row is None or not row.get("body"):
            return Draft()
        return Draft(**json.loads(self._drafts.open(row["body"], f"draft:{name}")))

    async def save_draft(self, name: str, draft: Draft, session: Session | None = None) -> None:
        body = self._drafts.seal(json.dumps(asdict(draft), ensure_ascii=True).encode(), f"draft:{name}")
        change = {"$set": {"body": body, "expires_at": datetime.now(UTC) + KEPT}}
        await self._store["drafts"].update_one({"_id": name}, change, upsert=True, session=session)

    async def files(self) -> set[str]:
        """The sealed files that drafts name; no tip does yet."""
        named: set[str] = set()
        async for row in self._store["drafts"].find({"body": {"$exists": True}}):
            try:
                draft = Draft(**json.loads(self._drafts.open(row["body"], f"draft:{row['_id']}")))
            except SealBroken:
                continue  # of another root key: nobody can go on with it
            named.update(photo[name] for photo in draft.photos for name in ("file", "thumb", "original"))
        return named

    async def draft_of_sender(self, sender: str) -> tuple[str, Draft] | None:
        """(conversation, draft) of a sender Rasa speaks of; None for one that is over or was never ours."""
        match = SENDER.fullmatch(sender)
        if match is None:
            return None
        draft = await self.draft(match.group(1))
        return (match.group(1), draft) if draft.session == int(match.group(2)) else None

    # ---- turns

    async def turn(self, name: str, message_id: str) -> Turn | None:
        row = await self._store["turns"].find_one({"_id": _turn_id(name, message_id)})
        return self._opened(row) if row else None

    async def finish(self, name: str, message_id: str, turn: Turn, draft: Draft | None) -> None:
        """Keep the answer, and the draft when it changed, together."""
        turn_id, now = _turn_id(name, message_id), datetime.now(UTC)
        kept = {"said": turn.said, "messages": turn.messages}
        plain = zlib.compress(json.dumps(kept, ensure_ascii=True).encode())
        row = {
            "_id": turn_id, "conversation": name, "at": now, "expires_at": now + KEPT,
            "body": self._turns.seal(plain, f"turn:{turn_id}"),
        }  # fmt: skip

        if draft is None:
            await self._store["turns"].insert_one(row)
            return

        async def write(session: Session) -> None:
            await self._store["turns"].insert_one(row, session=session)
            await self.save_draft(name, draft, session)

        await self._store.transaction(write)

    async def history(self, name: str, most: int = MAX_HISTORY) -> list[Turn]:
        """The last turns of the last day, oldest first."""
        rows = await self._store["turns"].find({"conversation": name}).sort("at", -1).to_list(most)
        return [self._opened(row) for row in reversed(rows)]

    def _opened(self, row: Document) -> Turn:
        kept = json.loads(zlib.decompress(self._turns.open(row["body"], f"turn:{row['_id']}")))
        return Turn(**kept, at=row["at"])

    # ---- danger, hand-over

    async def raise_alert(self, sender: str, kind: str, text: str, *, mail: bool) -> None:
        """Tell the duty desk, once for each kind in one tip's talk."""
        digest = hmac.new(self._name_key, f"alert|{sender}|{kind}".encode(), hashlib.sha256).hexdigest()
        alert_id, now = f"a{digest[:24]}", datetime.now(UTC)
        row = {"at": now, "kind": kind, "text": text, "channel": "chat", "taken_by": None, "taken_at": None}

        async def write(session: Session) -> None:
            await self._store["alerts"].update_one(
                {"_id": alert_id}, {"$setOnInsert": row}, upsert=True, session=session
            )
            if mail:
                await enqueue(self._store, session, kind="mail_alert", key=alert_id, payload={"alert_id": alert_id})

        await self._store.transaction(write)

    # ---- receipt

    async def receipt(self, receipts: Receipts, client_key: str) -> Receipt | None:
        """Number and code of a filed tip, derived again: neither is kept with the conversation."""
        tip = await self._store["tips"].find_one({"client_key": receipts.client_key_hash(client_key)}, {"number": 1})
        return Receipt(tip["number"], receipts.issue(client_key).code) if tip else None


class Trackers:
    """Rasa's own record of a conversation, for its store: compressed and sealed, gone after a day."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._cipher = keys.cipher("conversation")

    async def get(self, sender: str) -> bytes | None:
        """The JSON as it was put; None when there is none or it was written with another key."""
        row = await self._store["conversations"].find_one({"_id": sender, "expires_at": {"$gt": datetime.now(UTC)}})
        if row is None:
            return None
        try:
            return zlib.decompress(self._cipher.open(row["body"], f"conversation:{sender}"))
        except SealBroken:
            return None

    async def put(self, sender: str, body: bytes) -> None:
        sealed = self._cipher.seal(zlib.compress(body), f"conversation:{sender}")
        change = {"$set": {"body": sealed, "expires_at": datetime.now(UTC) + KEPT}}
        await self._store["conversations"].update_one({"_id": sender}, change, upsert=True)


def _turn_id(name: str, message_id: str) -> str:
    return f"{name}:{hashlib.sha256(message_id.encode()).hexdigest()[:32]}"
