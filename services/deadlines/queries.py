"""Calendars and ladders as their versions stand in the database, kept in this process."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.deadlines.calendar import WorkCalendar
from services.deadlines.calendars import DEFAULT, Calendars, calendars_from
from services.deadlines.clocks import PLAIN, ClockRules
from services.deadlines.ladders import Ladders, ladders_from
from services.deadlines.models import Clock
from services.policies.book import Book
from services.policies.queries import Books

_CALENDARS: Books[Calendars] = Books("calendar", calendars_from, PLAIN.calendars.version(0))
_LADDERS: Books[Ladders] = Books("ladder", ladders_from, PLAIN.ladders.version(0))


async def calendar_book(session: AsyncSession) -> Book[Calendars]:
    """Return every version of the calendars; at most two seconds behind the database."""
    return await _CALENDARS.get(session)


async def ladder_book(session: AsyncSession) -> Book[Ladders]:
    """Return every version of the ladders; at most two seconds behind the database."""
    return await _LADDERS.get(session)


async def clock_rules(session: AsyncSession) -> ClockRules:
    """Return every version of the calendars and the ladders, for clocks; at most two seconds behind the database."""
    return ClockRules(await calendar_book(session), await ladder_book(session))


async def rules_of(session: AsyncSession, clocks: Iterable[Any]) -> ClockRules:
    """Return the rules that `clocks` (rows of theirs) go by: read afresh where one began under a version this process does not know yet."""
    rules = await clock_rules(session)
    known = rules.calendars.versions.keys(), rules.ladders.versions.keys()
    if all(row.calendar_version in known[0] and row.ladder_version in known[1] for row in clocks):
        return rules
    forget_clock_rules()
    return await clock_rules(session)


def clock_rules_at_hand(engine: Engine) -> ClockRules | None:
    """Return them where that needs no look at the database now."""
    calendars, ladders = _CALENDARS.at_hand(engine), _LADDERS.at_hand(engine)
    return ClockRules(calendars, ladders) if calendars is not None and ladders is not None else None


def forget_clock_rules() -> None:
    """Have calendars and ladders read afresh at their next use; for callers that have just changed them."""
    _CALENDARS.forget()
    _LADDERS.forget()


async def work_calendar(session: AsyncSession) -> WorkCalendar:
    """Return the ordinary calendar in force now, by the database's clock.

    A year of which nothing is loaded follows the plain week, and every deadline that counts its days is provisional.
    """
    now = (await session.execute(select(func.now()))).scalar_one()
    return (await calendar_book(session)).at(now).calendar(DEFAULT)


async def overdue_clocks(session: AsyncSession) -> int:
    """Return how many running clocks are past their due instant."""
    late = select(func.count()).select_from(Clock).where(Clock.state == "running", Clock.due_at < func.now())
    return await session.scalar(late) or 0
