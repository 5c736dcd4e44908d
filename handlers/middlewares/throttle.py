"""Slowing down who tries too often. Generous for people, in the memory of this process, and without IP addresses.

A source is an address hashed with a salt that is made anew every day and never leaves the memory.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from aiohttp import web

from handlers.keys import SERVICES
from store.errors import Refusal


class Limit(NamedTuple):
    """A bucket of `burst` tries that fills at `per_minute`."""

    burst: int
    per_minute: float


# All limits in one place. By source: an office or a phone network shares one address. By target (an account, a tip
# number) counts one source's tries only: a limit over all sources would let anybody shut another person out.
LIMITS = {
    "login_source": Limit(60, 30),
    "login_account": Limit(15, 12),
    "receipt_source": Limit(40, 30),
    "receipt_number": Limit(15, 6),
}
MAX_BUCKETS = 50_000
DAY_S = 86_400
# So many wrong codes of one number are answered at once; each is forgotten after a minute.
PATIENT = 10
FORGOTTEN_S = 60
DWELL_S = 0.05
LONGEST_S = 2.0


class TooOften(Refusal):
    status = 429

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"试得太频繁了,请等{wait_s}秒再试。")
        self.retry_after_s = wait_s


class Throttle:
    """Token buckets, the least recently used ones forgotten first."""

    def __init__(self, limits: dict[str, Limit] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits or LIMITS
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, bytes], tuple[float, float]] = OrderedDict()
        self._salt, self._salt_since = secrets.token_bytes(32), clock()

    def _key(self, kind: str, name: str) -> tuple[str, bytes]:
        if self._clock() - self._salt_since > DAY_S:
            self._salt, self._salt_since = secrets.token_bytes(32), self._clock()
            self._buckets.clear()
        return kind, hmac.digest(self._salt, name.encode("utf-8", "replace"), hashlib.sha256)[:16]

    def take(self, kind: str, name: str) -> None:
        """Use up one try. Raises `TooOften`."""
        limit, now, key = self._limits[kind], self._clock(), self._key(kind, name)
        tokens, since = self._buckets.pop(key, (float(limit.burst), now))
        tokens = min(limit.burst, tokens + (now - since) * limit.per_minute / 60)
        self._buckets[key] = (max(tokens - 1, 0) if tokens >= 1 else tokens, now)
        self._forget_oldest()
        if tokens < 1:
            raise TooOften(max(1, round((1 - tokens) * 60 / limit.per_minute)))

    def give_back(self, kind: str, name: str) -> None:
        """A try that succeeded does not count."""
        key = self._key(kind, name)
        if key in self._buckets:
            tokens, since = self._buckets[key]
            self._buckets[key] = (min(tokens + 1, self._limits[kind].burst), since)

    def wrong_tries(self, name: str) -> int:
        """Count one more wrong code for this number, from whatever source; how many there were of late."""
        key, now = self._key("receipt_wrong", name), self._clock()
        count, since = self._buckets.pop(key, (0.0, now))
        count = max(0.0, count - (now - since) / FORGOTTEN_S) + 1
        self._buckets[key] = (count, now)
        self._forget_oldest()
        return int(count)

    def _forget_oldest(self) -> None:
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)


async def dwell(request: web.Request, number: str) -> None:
    """After a wrong number or code: the more wrong codes a number has had from anybody, the later the answer.

    A right code never waits, so nobody can shut a reporter out.
    """
    tries = request.app[THROTTLE].wrong_tries(number)
    await asyncio.sleep(min(DWELL_S * 2 ** max(0, tries - PATIENT), LONGEST_S) if tries > PATIENT else 0)


THROTTLE = web.AppKey("throttle", Throttle)


def source_of(request: web.Request) -> str:
    """The address behind the request, for `Throttle` only: never store or log it.

    X-Forwarded-For is believed from named proxies only, and read from the right: what stands further left the client
    may have written itself. An IPv6 customer has a whole /64.
    """
    trusted = request.app[SERVICES].settings.trusted_proxies
    source = request.remote or "unknown"
    hops = [hop.strip() for hop in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",") if hop.strip()]
    while source in trusted and hops:
        source = hops.pop()
    try:
        address = ip_address(source)
    except ValueError:
        return source[:64]
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else str(address)


def slow_down(request: web.Request, kind: str, target: str) -> None:
    """One try of `kind` ("login", "receipt") at `target` (login, tip number) from this source. Raises `TooOften`."""
    throttle, source = request.app[THROTTLE], source_of(request)
    throttle.take(f"{kind}_source", source)
    throttle.take(f"{kind}_{_TARGETS[kind]}", f"{source}|{target}")


def succeeded(request: web.Request, kind: str, target: str) -> None:
    throttle, source = request.app[THROTTLE], source_of(request)
    throttle.give_back(f"{kind}_source", source)
    throttle.give_back(f"{kind}_{_TARGETS[kind]}", f"{source}|{target}")


_TARGETS = {"login": "account", "receipt": "number"}
