"""Quotas: how much one caller may do in a while, counted together by all processes of an installation.

A quota is a bucket of tokens that fills again evenly. The bucket lies in Redis, where one script takes from it; a process takes a
*portion* at a time and spends it by itself, so a quota of thousands costs a round trip in hundreds of requests and a strict one (a
portion of one) exactly one for each. A portion that is not spent within ten seconds is forgotten: a caller never gets more than the
quota, and a little less where many processes serve them.

Without Redis, and while it is away, each process counts for itself in buckets of its own: there is always a limit, and never a wait.
Redis sees a keyed digest of the caller, never an address or an account.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.platform.secrets import derived_key

log = structlog.get_logger()

_PATIENCE = 0.25
_SILENCE = 5.0
_PORTION_HOLDS = 10.0
_PORTIONS = 100
_MOST_CALLERS = 20_000
_SCRIPT = """
local size, seconds, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or size, tonumber(kept[2]) or now
tokens = math.min(size, tokens + math.max(0, now - at) * size / seconds)
local granted = math.min(want, math.floor(tokens))
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], seconds * 2)
local wait = 0
if granted == 0 then wait = math.ceil((1 - tokens) * seconds * 1000 / size) end
return {granted, math.floor(tokens), wait}
"""


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in so many seconds; all at once, or evenly. Strict ones are counted in Redis one by one."""

    name: str
    size: int
    seconds: int = 60
    strict: bool = False

    @property
    def portion(self) -> int:
        """How much a process takes from Redis at a time."""
        return 1 if self.strict else max(1, self.size // _PORTIONS)


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a request may go on, how many more may follow at once, and for how many seconds there are none."""

    granted: bool
    left: int
    wait: float = 0.0


@dataclass(slots=True)
class Bucket:
    """A bucket of this process alone; `now` is any clock that only moves forward, in seconds."""

    tokens: float
    at: float

    def take(self, quota: Quota, now: float) -> Taken:
        """Take one token, if there is one."""
        elapsed = max(0.0, now - self.at)
        self.tokens = min(float(quota.size), self.tokens + elapsed * quota.size / quota.seconds)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return Taken(granted=True, left=int(self.tokens))
        return Taken(granted=False, left=0, wait=(1 - self.tokens) * quota.seconds / quota.size)


@dataclass(slots=True)
class _Held:
    """What this process knows of one caller."""

    own: Bucket
    portion: int = 0
    portion_ends: float = 0.0
    left: int = 0
    refused_until: float = 0.0
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def at_hand(self, now: float) -> Taken | None:
        """Answer from what Redis said before: None where it must be asked."""
        if now < self.refused_until:
            return Taken(granted=False, left=0, wait=self.refused_until - now)
        if self.portion > 0 and now < self.portion_ends:
            self.portion -= 1
            return Taken(granted=True, left=self.left + self.portion)
        return None


class Quotas:
    """All buckets of one process. `url` is that of Redis; empty counts in this process alone."""

    def __init__(self, url: str) -> None:
        self._redis = _client(url) if url else None
        self._script = self._redis.register_script(_SCRIPT) if self._redis is not None else None
        self._held: OrderedDict[tuple[str, str], _Held] = OrderedDict()
        self._silent_until = 0.0

    async def take(self, quota: Quota, caller: str) -> Taken:
        """Count one request of `caller`. Never fails, and waits for Redis at most a quarter of a second, once in five."""
        held = self._held_of(quota, caller)
        if self._script is None:
            return held.own.take(quota, time.monotonic())
        known = held.at_hand(time.monotonic())
        if known is not None:
            return known
        async with held.asking:  # of many requests at once one asks, the others spend what it brought
            now = time.monotonic()
            if now < self._silent_until:
                return held.own.take(quota, now)
            return held.at_hand(now) or await self._asked(held, quota, caller)

    async def _asked(self, held: _Held, quota: Quota, caller: str) -> Taken:
        assert self._script is not None
        try:
            async with asyncio.timeout(_PATIENCE):
                key = f"daguanjia:quota:{quota.name}:{_digest(caller)}"
                granted, left, wait = await self._script(keys=[key], args=[quota.size, quota.seconds, quota.portion])
        except (RedisError, OSError, TimeoutError) as error:
            now = time.monotonic()
            self._silent_until = now + _SILENCE
            log.warning("quotas.counted_alone", error=type(error).__name__)
            return held.own.take(quota, now)
        now = time.monotonic()
        if not granted:
            held.portion, held.refused_until = 0, now + wait / 1000
            return Taken(granted=False, left=0, wait=wait / 1000)
        held.portion, held.portion_ends, held.left = int(granted) - 1, now + _PORTION_HOLDS, int(left)
        return Taken(granted=True, left=held.left + held.portion)

    def _held_of(self, quota: Quota, caller: str) -> _Held:
        key = (quota.name, caller)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(Bucket(float(quota.size), time.monotonic()))
            if len(self._held) > _MOST_CALLERS:
                self._held.popitem(last=False)
        else:
            self._held.move_to_end(key)
        return held

    async def close(self) -> None:
        """Disconnect."""
        if self._redis is not None:
            await self._redis.aclose()


def _client(url: str) -> Redis:
    made: Redis = Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
    return made


@lru_cache(maxsize=4096)
def _digest(caller: str) -> str:
    return hashlib.blake2b(caller.encode(), key=derived_key("quotas"), digest_size=16).hexdigest()


class _Current:
    quotas: Quotas | None = None


def use_quotas(quotas: Quotas | None) -> None:
    """Make `quotas` those of this process."""
    _Current.quotas = quotas


def quotas() -> Quotas:
    """Return the quotas of this process: where none were set, some that are counted here alone."""
    if _Current.quotas is None:
        _Current.quotas = Quotas("")
    return _Current.quotas
