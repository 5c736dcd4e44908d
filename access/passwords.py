"""Slow hashing of staff passwords (Argon2id, RFC 9106 low-memory: 64 MiB, 3 passes), in a pool of two threads.

Each hash takes 64 MiB and about 160 ms: without a bound, a flood of logins would take the memory of the machine.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import hash_secret_raw
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from store.errors import Refusal, Unavailable

MEMORY_KIB = 64 * 1024
PASSES = 3
THREADS = 2
MAX_WAITING = 24  # about two seconds of work; beyond that an honest "busy" is better than a long wait
MIN_LENGTH = 10
MAX_LENGTH = 200

# No 0/O, 1/l/I: printed passwords are typed from paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

# zxcvbn's list of passwords by frequency in leaks, those that are long enough for us.
COMMON = frozenset(each for each in FREQUENCY_LISTS["passwords"] if len(each) >= MIN_LENGTH)

_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1, type=Type.ID)
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
_waiting = 0
T = TypeVar("T")


class WeakPassword(Refusal):
    status = 422


async def _in_pool(work: Callable[[], T]) -> T:
    global _waiting
    if _waiting >= MAX_WAITING:
        raise Unavailable("现在登录的人太多,请等几秒再试。")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool, work)
    finally:
        _waiting -= 1


def refuse_weak(password: str, login: str = "") -> None:
    """Long, not among the 30,000 that are guessed first, and not made of the login. Raises `WeakPassword`."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPassword(f"口令要有{MIN_LENGTH}到{MAX_LENGTH}个字符。", field="password")
    plain = password.lower()
    if plain in COMMON or len(set(plain)) < 4:
        raise WeakPassword("这个口令太常见,别人几下就能猜到。请用几个不相干的词连起来。", field="password")
    if len(login) >= 4 and login.lower() in plain:
        raise WeakPassword("口令里不要有登录名。", field="password")


async def hash_password(password: str) -> str:
    """The text to store. Raises `WeakPassword`, `Unavailable`."""
    refuse_weak(password)
    return await _in_pool(lambda: _hasher.hash(password))


async def matches(stored: str, password: str) -> bool:
    """Whether `password` belongs to `stored`; takes the same time for yes and no."""
    if len(password) > MAX_LENGTH:
        password = ""

    def work() -> bool:
        try:
            return _hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    return await _in_pool(work)


async def key_from(password: str, salt: bytes) -> bytes:
    """A 32-byte key that only this password gives; `salt` is 16 random bytes stored beside what the key protects."""
    return await _in_pool(
        lambda: hash_secret_raw(
            password.encode("utf-8", "surrogatepass"), salt, time_cost=PASSES, memory_cost=MEMORY_KIB,
            parallelism=1, hash_len=32, type=Type.ID,
        )
    )  # fmt: skip


def typeable(length: int) -> str:
    """Random letters that can be typed from paper, almost five bits each."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def new_password() -> str:
    """79 bits in four groups."""
    return "-".join(typeable(4) for _ in range(4))
