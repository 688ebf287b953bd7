"""Reading versions: the book of one kind, kept in this process, and the rows themselves."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.organization.snapshots import Snapshots
from services.platform.database import Json
from services.platform.errors import NotFound
from services.policies.book import Book
from services.policies.models import KINDS, Policy

T = TypeVar("T")

_STAMP = text("SELECT count(activated_at), count(withdrawn_at), max(version) FROM policies WHERE kind = :kind")
"""A version is activated once and withdrawn once, so their numbers tell whether anything changed."""


class Books(Generic[T]):
    """The versions of one kind as values, read by `read`; at most two seconds behind the database.

    A version that is dated later comes into force by itself: the book decides by the instant it is asked about.
    """

    def __init__(self, kind: str, read: Callable[[int, Json], T], built_in: T) -> None:
        self._kind = kind
        self._read = read
        self._built_in = built_in
        self._kept: Snapshots[Book[T]] = Snapshots(self._stamp, self._load)

    async def get(self, session: AsyncSession) -> Book[T]:
        """Return the book."""
        return await self._kept.get(session)

    async def fresh(self, session: AsyncSession) -> Book[T]:
        """Return the book as this transaction sees it, changes of its own among them."""
        return await self._load(session)

    def at_hand(self, engine: Engine) -> Book[T] | None:
        """Return the book where it needs no look at the database now."""
        return self._kept.at_hand(engine)

    def forget(self) -> None:
        """Look again at the next use: this process has just changed something."""
        self._kept.forget()

    async def _stamp(self, session: AsyncSession) -> Any:
        return tuple((await session.execute(_STAMP, {"kind": self._kind})).one())

    async def _load(self, session: AsyncSession) -> Book[T]:
        # one that was withdrawn at the last moment may have been given to a clock by a process that did not know yet
        activated = (Policy.kind == self._kind) & Policy.activated_at.is_not(None)
        rows = await session.execute(
            select(Policy.version, Policy.effective_at, Policy.definition, Policy.withdrawn_at).where(activated).order_by(*_TIMETABLE)
        )
        versions, timetable = {0: self._built_in}, list[tuple[datetime, int]]()
        for row in rows:
            versions[row.version] = self._read(row.version, row.definition)
            if row.withdrawn_at is None:
                timetable.append((row.effective_at, row.version))
        return Book(versions, tuple(timetable))


async def timetable_of(session: AsyncSession, kind: str) -> Book[int]:
    """Return when which version of a kind is in force, by its number alone, as this transaction sees it."""
    rows = (await session.execute(select(Policy.effective_at, Policy.version).where(_counts(kind)).order_by(*_TIMETABLE))).all()
    return Book({0: 0, **{row.version: row.version for row in rows}}, tuple((row.effective_at, row.version) for row in rows))


async def policy_of(session: AsyncSession, kind: str, version: int, *, lock: bool = False) -> Policy:
    """Return one version; raise 404 ``policy.unknown`` where there is none."""
    require_kind(kind)
    query = select(Policy).where(Policy.kind == kind, Policy.version == version)
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("policy.unknown", f"There is no version {version} of this kind of rules.")
    return found


async def policies_of(session: AsyncSession, kind: str, before: int | None, limit: int) -> Sequence[Policy]:
    """Return versions of a kind, the newest first, at most `limit` below version `before`."""
    require_kind(kind)
    query = select(Policy).where(Policy.kind == kind).order_by(Policy.version.desc()).limit(limit)
    if before is not None:
        query = query.where(Policy.version < before)
    return (await session.scalars(query)).all()


def require_kind(kind: str) -> None:
    """Raise 404 ``policy.kind_unknown`` unless there are rules of this kind."""
    if kind not in KINDS:
        raise NotFound("policy.kind_unknown", f"There are rules of these kinds: {', '.join(KINDS)}.")


def state_of(policy: Policy, timetable: Book[int], now: datetime) -> str:
    """Return how a version stands at `now`: draft, withdrawn, waiting, in_force or superseded."""
    if policy.withdrawn_at is not None:
        return "withdrawn"
    if policy.effective_at is None:
        return "draft"
    if policy.effective_at > now:
        return "waiting"
    return "in_force" if timetable.version_at(now) == policy.version else "superseded"


def _counts(kind: str) -> ColumnElement[bool]:
    return (Policy.kind == kind) & Policy.activated_at.is_not(None) & Policy.withdrawn_at.is_(None)


_TIMETABLE = (Policy.effective_at, Policy.version)
