"""Sessions of staff, on the server: the browser holds a random id, the database only its SHA-256.

So a dump of the database opens no session, and every session can be listed and ended.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from access.accounts import actor_of
from access.actors import Actor
from access.second_factor import has_one
from store.mongo import Document, Store

LIFETIME = timedelta(hours=12)
IDLE = timedelta(hours=2)
# Noting every request would write once per page; a minute is precise enough for a two-hour limit.
NOTE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class StaffSession:
    """`id` is the stored hash, good for listing and ending; `csrf` is the token this session's forms must carry.

    `second_factor`: whether the account has one, so that it was asked for at the login.
    """

    id: str
    actor: Actor
    csrf: str
    second_factor: bool = False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_token(secret: str) -> str:
    """The form token that belongs to a cookie's value; computing it needs the cookie, which no other site can read."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


async def start(store: Store, actor: Actor, now: datetime | None = None) -> str:
    """The cookie value of a new session."""
    token = secrets.token_urlsafe(32)
    moment = now or datetime.now(UTC)
    await store["sessions"].insert_one(
        {"_id": _hash(token), "account": actor.id, "created_at": moment, "seen_at": moment, "expires_at": moment + IDLE}
    )
    return token


async def find(store: Store, token: str, now: datetime | None = None) -> StaffSession | None:
    """The session of a cookie; None when there is none, it ended, or its account is disabled."""
    moment = now or datetime.now(UTC)
    session = await store["sessions"].find_one({"_id": _hash(token), "expires_at": {"$gt": moment}})
    if session is None:
        return None
    account = await store["accounts"].find_one({"_id": session["account"], "disabled": False}, {"password_hash": 0})
    if account is None:
        return None
    if moment - session["seen_at"] >= NOTE_EVERY:
        expires = min(moment + IDLE, session["created_at"] + LIFETIME)
        change = {"$set": {"seen_at": moment, "expires_at": expires}}
        await store["sessions"].update_one({"_id": session["_id"]}, change)
    return StaffSession(session["_id"], actor_of(account), csrf_token(token), has_one(account))


async def listed(store: Store, account_id: str, now: datetime | None = None) -> list[Document]:
    """The open sessions of one account, newest first: `_id`, `created_at`, `seen_at`, `expires_at`."""
    query = {"account": account_id, "expires_at": {"$gt": now or datetime.now(UTC)}}
    return [row async for row in store["sessions"].find(query).sort("created_at", -1)]


async def end(store: Store, session_id: str, account_id: str) -> bool:
    """End one session of this account by its stored id."""
    return (await store["sessions"].delete_one({"_id": session_id, "account": account_id})).deleted_count == 1


async def end_all(store: Store, account_id: str) -> int:
    return (await store["sessions"].delete_many({"account": account_id})).deleted_count
