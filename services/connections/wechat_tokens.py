"""The one holder of an official account's access token, for all processes: in PostgreSQL, sealed.

One process at a time asks WeChat for a token. It takes a lease in a transaction of its own, asks, and writes down the answer in another:
nothing inside a transaction waits for the network. The others wait for the answer, or go on with a token that is nearing its end.
A token that WeChat refuses is replaced once. Forcing has a quota (20 a day, 30 s apart), which is counted here for everybody.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.connections.models import WeChatToken
from services.platform.actor import SYSTEM
from services.platform.clock import local_day
from services.platform.ids import new_id
from services.platform.secrets import derived_key, seal, unseal
from services.platform.unit_of_work import unit_of_work

log = structlog.get_logger()

EARLY = timedelta(seconds=300)
"""How long before its end a token is replaced."""
BEARABLE = timedelta(seconds=30)
"""How close to its end a token still serves those who do not fetch the next."""
BETWEEN_FORCED = timedelta(seconds=30)
FORCED_A_DAY = 20
LEASE = timedelta(seconds=15)
"""Longer than asking may take: a process that died while asking holds up the others so long, no longer."""
_LONGEST_ASK = 12.0
AFTER_FAILURE = timedelta(seconds=5)
"""How long nobody asks again after WeChat has given no token."""
_COPY_SECONDS = 5.0
"""How long a process trusts its own copy."""
_PATIENCE = 20.0
_LOOK = 0.1


class WeChatUnreachable(Exception):  # noqa: N818  it is raised like a finding, not like an error of ours
    """WeChat gave no verdict; the text is a short code without secrets: ``token_40164``, ``http_502``, ``ReadTimeout``."""

    def __init__(self, code: str, wait: timedelta | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.wait = wait


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """An access token in clear: no `repr`, so that it cannot slip into a log. `version` tells it from the ones before."""

    text: str
    version: int


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """What the row says. `token` is None where there is none, or none that this installation can open."""

    token: Token | None
    version: int = 0
    fetched_at: datetime | None = None
    good_until: datetime | None = None
    expires_at: datetime | None = None
    lease_until: datetime | None = None
    forced_at: datetime | None = None
    forced_today: int = 0
    failure: str | None = None
    failed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """Use the kept token."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Take the lease and ask WeChat for a token."""

    force: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody else is asking: look again in a moment."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """There is no token to be had now; `code` says why."""

    code: str


Step = Use | Fetch | Wait | GiveUp


def next_step(kept: Kept, now: datetime, refused: int | None) -> Step:
    """Return what somebody in need of a token does at `now`. Pure. `refused`: the version that WeChat refused, if it did."""
    leased = kept.lease_until is not None and now < kept.lease_until
    failing = kept.failed_until is not None and now < kept.failed_until
    if refused is not None and refused == kept.version:
        return _replacement(kept, now, leased=leased, failing=failing)
    if kept.token is not None and kept.good_until is not None and now < kept.good_until:
        return Use()
    bearable = kept.token is not None and kept.expires_at is not None and now < kept.expires_at - BEARABLE
    if leased or failing:
        return Use() if bearable else (Wait() if leased else GiveUp(kept.failure or "token"))
    return Fetch(force=False)


def _replacement(kept: Kept, now: datetime, *, leased: bool, failing: bool) -> Step:
    """Return how a refused token is replaced: by force within the quota, else by asking at most every 30 s, else not at all."""
    if leased:
        return Wait()
    if failing:
        return GiveUp(kept.failure or "token")
    if (kept.forced_at is None or now - kept.forced_at >= BETWEEN_FORCED) and kept.forced_today < FORCED_A_DAY:
        return Fetch(force=True)
    if kept.fetched_at is None or now - kept.fetched_at >= BETWEEN_FORCED:
        return Fetch(force=False)
    return GiveUp("token_refused")


def good_for(seconds: int) -> timedelta:
    """Return how long a token that lives `seconds` is fresh: all but the last five minutes, of a short-lived one half its life."""
    life = timedelta(seconds=seconds)
    return max(life - EARLY, life / 2)


Ask = Callable[[bool], Awaitable[tuple[str, int]]]
"""Ask WeChat: given whether to force, return token and seconds. Raises WeChatUnreachable."""


class TokenHolder:
    """Gives tokens of one official account. Any number of processes may hold one each."""

    def __init__(self, app_id: str, ask: Ask) -> None:
        self._app_id = app_id
        self._ask = ask
        self._lock = asyncio.Lock()
        self._copy: Token | None = None
        self._copied_at = 0.0

    async def token(self, refused: Token | None = None) -> Token:
        """Return a token to use; another one than `refused`. Raises WeChatUnreachable where there is none."""
        async with self._lock:
            copy = self._copy
            if copy is not None and copy != refused and time.monotonic() - self._copied_at < _COPY_SECONDS:
                return copy
            self._copy = await self._shared(refused)
            self._copied_at = time.monotonic()
            return self._copy

    async def _shared(self, refused: Token | None) -> Token:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            lease = new_id()
            step, kept = await self._look(lease, refused)
            if isinstance(step, GiveUp):
                raise WeChatUnreachable(step.code)
            if isinstance(step, Fetch):
                return await self._fetched(lease, force=step.force)
            if isinstance(step, Use) and kept.token is not None:
                return kept.token
            await asyncio.sleep(_LOOK)
        raise WeChatUnreachable("token_busy")

    async def _look(self, lease: UUID, refused: Token | None) -> tuple[Step, Kept]:
        """Decide under the row's lock; where the step is to fetch, the lease and the forcing are counted before anybody else looks."""
        async with unit_of_work(SYSTEM) as work:
            fresh = insert(WeChatToken).values(app_id=self._app_id, version=0, forced_today=0)
            await work.session.execute(fresh.on_conflict_do_nothing())
            row, now = (
                await work.session.execute(
                    select(WeChatToken, func.now()).where(WeChatToken.app_id == self._app_id).with_for_update(of=WeChatToken)
                )
            ).one()
            today = local_day(now)
            kept = self._kept(row, row.forced_today if row.forced_day == today else 0)
            step = next_step(kept, now, refused.version if refused else None)
            if isinstance(step, Fetch):
                row.lease, row.lease_until = lease, now + LEASE
                if step.force:
                    row.forced_at, row.forced_day, row.forced_today = now, today, kept.forced_today + 1
        return step, kept

    def _kept(self, row: WeChatToken, forced_today: int) -> Kept:
        return Kept(
            token=self._opened(row),
            version=row.version,
            fetched_at=row.fetched_at,
            good_until=row.good_until,
            expires_at=row.expires_at,
            lease_until=row.lease_until,
            forced_at=row.forced_at,
            forced_today=forced_today,
            failure=row.failure,
            failed_until=row.failed_until,
        )

    def _opened(self, row: WeChatToken) -> Token | None:
        if row.sealed is None:
            return None
        try:
            return Token(unseal(derived_key("wechat.token"), row.sealed, self._app_id.encode()).decode(), row.version)
        except InvalidTag:  # sealed under another installation secret: as good as none
            return None

    async def _fetched(self, lease: UUID, *, force: bool) -> Token:
        failed: WeChatUnreachable | None = None
        try:
            async with asyncio.timeout(_LONGEST_ASK):
                text, seconds = await self._ask(force)
        except WeChatUnreachable as error:
            failed = error
        except TimeoutError:
            failed = WeChatUnreachable("token_timeout")
        except asyncio.CancelledError:  # this process stops: let somebody else ask at once
            await self._release(lease, {})
            raise
        if failed is not None:
            failure = {"failure": failed.code, "failed_until": func.now() + AFTER_FAILURE}
            await self._release(lease, failure)
            log.warning("wechat.no_token", error=failed.code)
            raise failed
        return Token(text, await self._release(lease, self._answered(text, seconds)) or 0)

    def _answered(self, text: str, seconds: int) -> dict[str, object]:
        return {
            "sealed": seal(derived_key("wechat.token"), text.encode(), self._app_id.encode()),
            "version": WeChatToken.version + 1,
            "fetched_at": func.now(),
            "good_until": func.now() + good_for(seconds),
            "expires_at": func.now() + timedelta(seconds=seconds),
            "failure": None,
            "failed_until": None,
        }

    async def _release(self, lease: UUID, values: Mapping[str, object]) -> int | None:
        """Write down how it went and give the lease back; a lease that has run out belongs to somebody else by now. Returns the version."""
        mine = update(WeChatToken).where(WeChatToken.app_id == self._app_id, WeChatToken.lease == lease)
        async with unit_of_work(SYSTEM) as work:
            written = mine.values(**values, lease=None, lease_until=None).returning(WeChatToken.version)
            version: int | None = await work.session.scalar(written)
        return version
