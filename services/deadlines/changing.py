"""Calendars and ladders as kinds of rules: what is checked before they come into force, and loading the days of years."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.catalogue.queries import present_definition
from services.deadlines.calendar import seed_days
from services.deadlines.calendars import calendars_from, merged, seed_definition, years_from_days
from services.deadlines.ladders import ladders_from, never_matching
from services.deadlines.queries import forget_clock_rules
from services.organization.queries import read_unit_tree
from services.platform.clock import day_start, local_day
from services.platform.database import Json
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.policies.actions import Kind, activate, definition_of, draft, hold, moment_of
from services.policies.findings import MALFORMED, SHADOWED, UNIT_ENDED, UNKNOWN_UNIT, Finding
from services.policies.queries import timetable_of

EVER = day_start(date(2000, 1, 1))
"""From when on the first calendar counts: a day was worked, or was not, before anybody wrote it down here."""


async def check_calendars(session: AsyncSession, definition: Json) -> list[Finding]:
    """Return what must be put right in calendars: what cannot be read, and units with a calendar that are not there."""
    try:
        calendars = calendars_from(0, definition)
    except Invalid as faulty:
        return _malformed(faulty)
    tree = await read_unit_tree(session)
    if tree.root is None:
        return []
    findings = []
    for code in calendars.by_unit:
        unit = tree.by_code.get(code)
        if unit is None:
            findings.append(Finding(UNKNOWN_UNIT, f"units/{code}", f"There is no unit {code}.", unit=code))
        elif not unit.active:
            findings.append(Finding(UNIT_ENDED, f"units/{code}", f"{unit.name} ({code}) has ended.", unit=code))
    return findings


async def check_ladders(session: AsyncSession, definition: Json) -> list[Finding]:
    """Return what must be put right in ladders: what cannot be read, and rules that no clock can ever follow."""
    try:
        ladders = ladders_from(0, definition)
    except Invalid as faulty:
        return _malformed(faulty)
    codes = {category.code for category in (await present_definition(session)).categories}
    return [
        Finding(SHADOWED, found.code, _why_never(found.covered_by), by=found.covered_by) for found in never_matching(ladders, codes or None)
    ]


CALENDAR_KIND = Kind("calendar", seed_definition([]), check_calendars, since=EVER)
"""Calendars as a kind of rules; version 0 is the plain week."""
LADDER_KIND = Kind("ladder", {"rules": []}, check_ladders)
"""Ladders as a kind of rules; behind a county's own stand those the product comes with."""


async def load_calendar(work: Work, years: Iterable[int], *, only_better: bool = False) -> int:
    """Bring the days of `years` to what the installed `holidays` library knows, see :func:`load_years`; return how many days changed.

    With `only_better` a year that was announced stays as it is, whoever listed it.
    """
    wanted = years_from_days(seed_days(years))
    return await load_years(work, wanted, only_better=only_better)


async def load_years(work: Work, years: Any, *, only_better: bool = False) -> int:
    """Bring the lists of some years into the calendars, as a new version in force at once; return how many days changed.

    A year whose announced list is loaded is not replaced by an estimate. Loading the same again changes nothing. Versions that are dated
    later learn of the years too, so that none of them takes the list back. Raises 422 ``calendar.faulty`` where a list cannot be read.
    """
    calendars_from(0, {**seed_definition([]), "years": years})
    await hold(work, CALENDAR_KIND.name)
    timetable, moment = await timetable_of(work.session, CALENDAR_KIND.name), await moment_of(work, CALENDAR_KIND.name)
    now = timetable.version_at(moment)
    changed = await _load_into(work, now, years, None, only_better=only_better)
    for instant, version in timetable.timetable:
        if instant > moment and timetable.version_at(instant) == version:
            await _load_into(work, version, years, instant, only_better=only_better)
    if changed:
        forget_clock_rules()
    return changed


async def ensure_calendar(work: Work) -> int:
    """Load last year, this year and the next where they are missing or better known by now; return how many days changed."""
    this_year = local_day(work.now).year
    return await load_calendar(work, range(this_year - 1, this_year + 2), only_better=True)


async def _load_into(work: Work, version: int, years: Mapping[str, Any], at: datetime | None, *, only_better: bool) -> int:
    """Make of a version the next one, with these years in it, where that changes anything; return how many days it changes."""
    before = await definition_of(work.session, CALENDAR_KIND, version)
    kept = before["years"]
    wanted = {number: year for number, year in years.items() if not (only_better and kept.get(number, {}).get("official"))}
    after = merged(before, wanted)
    changed = sum(_changes(kept.get(number), after["years"][number]) for number in wanted)
    if changed:
        policy = await draft(work, CALENDAR_KIND.name, after)
        # a unit that has ended since must not keep an announced year out
        excused = await check_calendars(work.session, before)
        await activate(work, CALENDAR_KIND, policy.version, at=at, go_on=True, excused=excused)
    return changed


def _changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> int:
    """Return how many days of a year are said otherwise; a year that is announced just as it was expected counts as one."""
    if before is None:
        return len(_said(after)) or 1
    differing = set(_said(before).items()) ^ set(_said(after).items())
    return len({day for day, _said_of_it in differing}) or int(before["official"] != after["official"])


def _said(year: Mapping[str, Any]) -> dict[str, bool]:
    return dict.fromkeys(year["off"], False) | dict.fromkeys(year["on"], True)


def _malformed(faulty: Invalid) -> list[Finding]:
    return [Finding(MALFORMED, fault.pointer or "/", fault.detail) for fault in faulty.errors]


def _why_never(by: tuple[str, ...]) -> str:
    return (
        f"No clock can ever follow this rule: all it would take is taken by {', '.join(by)}." if by else "This rule is for nothing at all."
    )
