"""Which sums have been made: an upgrade may keep more of them than the database has, and what is not whole must not answer.

What a grain, a counter or a measure means is told by a short text that follows from its declaration. `sums_made` says what each meant
when the sums were last made; those that mean something else now, or were not there, answer nothing: the facts do, more slowly, until
they have been made (`rebuilding.py`). Nothing is missing from sums over no facts at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform.unit_of_work import Work
from services.reports import durations, measures
from services.reports.durations import MEASURES
from services.reports.measures import COUNTERS, GRAINS, Grain
from services.reports.models import SumsMade

_NO_FACTS = text("SELECT to_regclass('sums_made') IS NOT NULL AND NOT EXISTS (SELECT FROM report_facts)")
_MARK = text("INSERT INTO sums_made (name, meaning) VALUES (:name, :meaning) ON CONFLICT (name) DO UPDATE SET meaning = excluded.meaning")
_CERTAIN = timedelta(minutes=1)
"""After so long every snapshot is newer than one that somebody else has read. Transactions that read last no longer."""


@dataclass(frozen=True)
class Made:
    """The grains, counters and measures whose sums are whole."""

    grains: tuple[Grain, ...] = GRAINS
    counters: frozenset[str] = frozenset(COUNTERS)
    measures: frozenset[str] = frozenset(MEASURES)

    @property
    def missing(self) -> int:
        """How many grains, counters and measures are not whole."""
        return len(GRAINS) + len(COUNTERS) + len(MEASURES) - len(self.grains) - len(self.counters) - len(self.measures)


EVERYTHING = Made()


def meanings() -> dict[str, str]:
    """Return what all sums that this release keeps mean, by the name they are marked with."""
    return measures.meanings() | durations.meanings()


def made_of(marked: Mapping[str, str]) -> Made:
    """Return what is whole where `marked` is what the sums meant when they were made."""
    whole = {name for name, meaning in meanings().items() if marked.get(name) == meaning}
    return Made(
        tuple(grain for grain in GRAINS if f"grain {grain.code}" in whole),
        frozenset(code for code in COUNTERS if f"counter {code}" in whole),
        frozenset(code for code in MEASURES if f"duration {code}" in whole),
    )


_complete: WeakKeyDictionary[Engine, datetime] = WeakKeyDictionary()


async def sums_made(work: Work) -> Made:
    """Return what is whole in this snapshot. That nothing is missing is kept in the process: only a release can change it."""
    engine = work.session.get_bind().engine
    since = _complete.get(engine)
    if since is not None and work.now > since + _CERTAIN:
        return EVERYTHING
    found = await read_made(work.session)
    if not found.missing:
        _complete.setdefault(engine, work.now)
    return found


async def read_made(session: AsyncSession) -> Made:
    """Return what is whole, as the database says it now."""
    return made_of({row.name: row.meaning for row in await session.execute(select(SumsMade.name, SumsMade.meaning))})


async def mark(session: AsyncSession, names: Iterable[str] | None = None) -> None:
    """Write down that the sums of these names (all, where none are given) are whole; what is kept no longer is forgotten."""
    told = meanings()
    await session.execute(text("DELETE FROM sums_made WHERE name <> ALL(CAST(:names AS text[]))"), {"names": sorted(told)})
    await session.execute(_MARK, _rows(told if names is None else {name: told[name] for name in names}))


async def forget_grains(session: AsyncSession) -> None:
    """Write down that no grain is whole."""
    await session.execute(text("DELETE FROM sums_made WHERE name LIKE 'grain %'"))


def _rows(told: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "meaning": meaning} for name, meaning in sorted(told.items())]


def mark_empty(connection: Connection) -> None:
    """Write down that nothing is missing where there is no fact yet, and so no sum; after a migration, by the owner."""
    if connection.scalar(_NO_FACTS):
        connection.execute(_MARK, _rows(meanings()))
