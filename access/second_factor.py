"""The second factor of staff: a six-digit code of the telephone (TOTP, RFC 6238), and eight codes on paper for its loss.

The shared secret is sealed with a key outside the database: a dump of the database makes no codes. A code works once.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from access import audit
from access.passwords import typeable
from store.errors import Conflict, Refusal
from store.keys import Keys
from store.mongo import Document, Session, Store
from store.sealing import Cipher

STEP_S = 30
DIGITS = 6
DRIFT = 1  # steps that a telephone's clock may be wrong
PAPER_CODES = 8
PAPER_LENGTH = 10


class WrongCode(Refusal):
    status = 422

    def __init__(self) -> None:
        super().__init__(
            "动态码不对或已经用过。请等手机上换下一个码再输入;手机不在身边,可以用纸上的备用码。", field="code"
        )


@dataclass(frozen=True)
class Enrolment:
    """What is shown once: the secret for the telephone, as an address for its camera and as letters to type."""

    uri: str
    letters: str


class SecondFactor:
    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._cipher: Cipher = keys.cipher("second factor")
        self._paper_keys = keys.derive_all("second factor paper")

    async def begin(self, account_id: str, issuer: str) -> Enrolment:
        """A new secret that counts as soon as `confirm` has seen one of its codes. Raises `Conflict` if there is one."""
        secret = secrets.token_bytes(20)
        sealed = self._cipher.seal(secret, _bound_to(account_id))
        query = {"_id": account_id, "second_factor": {"$exists": False}}
        done = await self._store["accounts"].update_one(query, {"$set": {"second_factor_next": sealed}})
        if done.matched_count == 0:
            raise Conflict("已经有动态码了。换手机请先关闭,再重新绑定。")
        letters = base64.b32encode(secret).decode()
        label = quote(f"{issuer}:{account_id}")
        uri = f"otpauth://totp/{label}?secret={letters}&issuer={quote(issuer)}&digits={DIGITS}&period={STEP_S}"
        return Enrolment(uri, letters)

    async def confirm(self, account_id: str, code: str, now: datetime | None = None) -> list[str]:
        """The telephone has it: from now on it is asked for. Returns the paper codes, once. Raises `WrongCode`."""
        moment = now or datetime.now(UTC)
        account = await self._store["accounts"].find_one({"_id": account_id}, {"second_factor_next": 1}) or {}
        step = self._step(account.get("second_factor_next"), account_id, code, -1, moment)
        paper = [typeable(PAPER_LENGTH) for _ in range(PAPER_CODES)]
        factor = {
            "sealed": account["second_factor_next"], "last": step, "since": moment,
            "paper": [self._paper_hashes(each)[0] for each in paper],
        }  # fmt: skip

        async def write(session: Session) -> None:
            query = {"_id": account_id, "second_factor_next": account["second_factor_next"]}
            change = {"$set": {"second_factor": factor}, "$unset": {"second_factor_next": ""}}
            done = await self._store["accounts"].update_one(query, change, session=session)
            if done.matched_count == 0:
                raise WrongCode
            await audit.append(self._store, session, f"account:{account_id}", "add_second_factor", account_id, {})

        await self._store.transaction(write)
        return [f"{each[:5]}-{each[5:]}" for each in paper]

    async def check(self, account_id: str, code: str, now: datetime | None = None) -> None:
        """Use up one code, of the telephone or of the paper. Raises `WrongCode`."""
        moment = now or datetime.now(UTC)
        account = await self._store["accounts"].find_one({"_id": account_id, "disabled": False}, {"second_factor": 1})
        factor = (account or {}).get("second_factor")
        if factor is None:
            raise WrongCode
        plain = "".join(c for c in code.lower() if c.isalnum() and c.isascii())
        if len(plain) == PAPER_LENGTH:
            await self._use_paper(account_id, plain)
            return
        step = self._step(factor["sealed"], account_id, plain, factor["last"], moment)
        query = {"_id": account_id, "second_factor.last": {"$lt": step}}
        done = await self._store["accounts"].update_one(query, {"$set": {"second_factor.last": step}})
        if done.matched_count == 0:  # the same code at the same moment from somebody else
            raise WrongCode

    async def remove(self, account_id: str, by: str) -> None:
        """By its owner, or by an administrator when telephone and paper are lost; open sessions end."""

        async def write(session: Session) -> None:
            change = {"$unset": {"second_factor": "", "second_factor_next": ""}}
            done = await self._store["accounts"].update_one({"_id": account_id}, change, session=session)
            if done.matched_count == 0:
                raise Refusal("没有这个账号。", status=422)
            await self._store["sessions"].delete_many({"account": account_id}, session=session)
            await audit.append(self._store, session, f"account:{account_id}", "remove_second_factor", by, {})

        await self._store.transaction(write)

    def _step(self, sealed: bytes | None, account_id: str, code: str, last: int, now: datetime) -> int:
        """The step of time that the code belongs to, later than `last`. Raises `WrongCode`."""
        if sealed is None or len(code) != DIGITS or not code.isascii() or not code.isdigit():
            raise WrongCode
        totp = TOTP(self._cipher.open(sealed, _bound_to(account_id)), DIGITS, SHA1(), STEP_S)  # noqa: S303 RFC 6238
        current = int(now.timestamp()) // STEP_S
        for step in range(current - DRIFT, current + DRIFT + 1):
            try:
                totp.verify(code.encode(), step * STEP_S)
            except InvalidToken:
                continue
            if step > last:
                return step
        raise WrongCode

    async def _use_paper(self, account_id: str, code: str) -> None:
        hashes = self._paper_hashes(code)

        async def write(session: Session) -> None:
            query = {"_id": account_id, "second_factor.paper": {"$in": hashes}}
            change = {"$pull": {"second_factor.paper": {"$in": hashes}}}
            done = await self._store["accounts"].update_one(query, change, session=session)
            if done.matched_count == 0:
                raise WrongCode
            await audit.append(self._store, session, f"account:{account_id}", "use_paper_code", account_id, {})

        await self._store.transaction(write)

    def _paper_hashes(self, code: str) -> list[str]:
        return [hmac.new(key, code.encode(), hashlib.sha256).hexdigest() for key in self._paper_keys]


def has_one(account: Document) -> bool:
    return "second_factor" in account


def _bound_to(account_id: str) -> str:
    return f"second factor:{account_id}"
