"""The working calendar as it stands in the database, kept in this process, and filling it."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Engine, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.deadlines.calendar import CalendarDayRow, WorkCalendar, seed_days
from services.deadlines.calendars import DEFAULT, Calendars
from services.deadlines.clocks import ClockRules
from services.deadlines.ladders import BUILT_IN, Ladders
from services.deadlines.models import CalendarDay, Clock
from services.organization.snapshots import Snapshots
from services.platform.clock import local_day
from services.platform.unit_of_work import Work
from services.policies.book import Book

_STAMP = text(
    "SELECT count(*), sum(CASE WHEN working THEN 1 ELSE 0 END), sum(CASE WHEN official THEN 1 ELSE 0 END),"
    " sum(hashtextextended(day || ' ' || working || ' ' || official, 0)) FROM calendar_days"
)


async def work_calendar(session: AsyncSession) -> WorkCalendar:
    """Return the working calendar; at most two seconds behind the database.

    A year of which nothing is loaded follows the plain week, and every deadline that counts its days is provisional.
    """
    return await _calendars.get(session)


async def clock_rules(session: AsyncSession) -> ClockRules:
    """Return every version of the calendars and the ladders, for clocks; at most two seconds behind the database."""
    return ClockRules(await calendar_book(session), await ladder_book(session))


def clock_rules_at_hand(engine: Engine) -> ClockRules | None:
    """Return them where that needs no look at the database now."""
    calendar = _calendars.at_hand(engine)
    return ClockRules(Book({0: Calendars(0, {DEFAULT: calendar})}), Book({0: BUILT_IN})) if calendar is not None else None


async def calendar_book(session: AsyncSession) -> Book[Calendars]:
    """Return every version of the calendars; at most two seconds behind the database."""
    return Book({0: Calendars(0, {DEFAULT: await work_calendar(session)})})


async def ladder_book(_session: AsyncSession) -> Book[Ladders]:
    """Return every version of the ladders; at most two seconds behind the database."""
    return Book({0: BUILT_IN})


async def load_calendar(work: Work, years: Iterable[int]) -> int:
    """Bring the days of `years` to what the installed `holidays` library knows; return how many days changed.

    A year whose announced list is loaded is not replaced by an estimate. Loading the same again changes nothing.
    """
    changed = 0
    for year in sorted(set(years)):
        seeded = {row.day: row for row in seed_days([year])}
        kept = {row.day: row for row in await _days_of(work.session, year)}
        announced = bool(kept) and all(row.official for row in kept.values())
        if announced and not all(row.official for row in seeded.values()):
            continue
        changed += await _replace(work, kept, seeded)
    if changed:
        _calendars.forget()
    return changed


async def ensure_calendar(work: Work) -> int:
    """Load last year, this year and the next where they are missing or better known by now; return how many days changed."""
    this_year = local_day(work.now).year
    return await load_calendar(work, range(this_year - 1, this_year + 2))


async def overdue_clocks(session: AsyncSession) -> int:
    """Return how many running clocks are past their due instant."""
    late = select(func.count()).select_from(Clock).where(Clock.state == "running", Clock.due_at < func.now())
    return await session.scalar(late) or 0


async def _days_of(session: AsyncSession, year: int) -> list[CalendarDayRow]:
    columns = (CalendarDay.day, CalendarDay.working, CalendarDay.name, CalendarDay.official, CalendarDay.source)
    days = select(*columns).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
    return [CalendarDayRow(*row) for row in await session.execute(days)]


async def _replace(work: Work, kept: dict[date, CalendarDayRow], seeded: dict[date, CalendarDayRow]) -> int:
    """Make the rows `kept` say what `seeded` says. Two processes may do so at once: the outcome is the same."""
    gone = [day for day in kept if day not in seeded]
    fresh = [row for day, row in seeded.items() if kept.get(day) != row]
    if gone:
        await work.session.execute(delete(CalendarDay).where(CalendarDay.day.in_(gone)))
    if fresh:
        rows = insert(CalendarDay)
        columns = ("working", "name", "official", "source")
        upsert = rows.on_conflict_do_update(index_elements=["day"], set_={column: rows.excluded[column] for column in columns})
        await work.session.execute(upsert, [asdict(row) for row in sorted(fresh, key=lambda row: row.day)])
    return len(gone) + len(fresh)


async def _stamp(session: AsyncSession) -> Any:
    return tuple((await session.execute(_STAMP)).one())


async def _load(session: AsyncSession) -> WorkCalendar:
    rows = await session.execute(select(CalendarDay.day, CalendarDay.working, CalendarDay.official))
    return WorkCalendar.from_rows(rows.all())


_calendars = Snapshots(_stamp, _load)
