"""All calendars of one version of the rules: the ordinary one, and those of units with hours of their own. Pure.

They come from a definition (JSON, see `calendar_definitions`): the lists of years, which all calendars share, and what is a calendar's own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.deadlines.calendar import PLAIN_WEEK, CalendarDayRow, WorkCalendar, seed_days
from services.deadlines.calendar_definitions import DEFAULT, calendars_of
from services.deadlines.hours import DEFAULT_HOURS, shown_hours

__all__ = ["DEFAULT", "Calendars", "calendars_from", "definition_from_days", "merged", "seed_definition", "years_from_days"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Calendars:
    """`by_code` has every calendar, "default" among them; `by_unit` says which unit (by code) has one of its own."""

    version: int
    by_code: Mapping[str, WorkCalendar]
    by_unit: Mapping[str, str] = field(default_factory=dict)

    def code_for(self, path: str) -> str:
        """Return the code of the calendar that counts at a place: that of the deepest unit on its tree path which has one."""
        if self.by_unit:
            for unit in reversed(path.strip("/").split("/")):
                if unit in self.by_unit:
                    return self.by_unit[unit]
        return DEFAULT

    def calendar(self, code: str) -> WorkCalendar:
        """Return a calendar by its code. Raises ``KeyError`` where there is none."""
        return self.by_code[code]


def calendars_from(version: int, definition: object) -> Calendars:
    """Return the calendars of a definition. Raises `FaultyCalendars`, a ``ValueError`` whose `errors` name every faulty place."""
    by_code, by_unit = calendars_of(definition)
    return Calendars(version, by_code, by_unit)


def years_from_days(rows: Iterable[CalendarDayRow]) -> Json:
    """Return rows of listed days as the `years` of a definition. A year is official when none of its rows is an estimate."""
    years: Json = {}
    for row in sorted(rows, key=lambda row: row.day):
        year = years.setdefault(str(row.day.year), {"official": True, "source": row.source, "off": {}, "on": {}})
        year["official"] = year["official"] and row.official
        year["on" if row.working else "off"][row.day.isoformat()] = row.name
    return years


def definition_from_days(rows: Iterable[CalendarDayRow]) -> Json:
    """Return a definition with these days and one calendar: Monday to Friday, 08:00–12:00 and 14:30–17:30."""
    default = {"name": "机关作息", "weekdays": sorted(PLAIN_WEEK), "hours": shown_hours(DEFAULT_HOURS)}
    return {"years": years_from_days(rows), "calendars": {DEFAULT: default}, "units": {}}


def seed_definition(years: Iterable[int]) -> Json:
    """Return the definition the product comes with, its `years` as the installed `holidays` library knows them."""
    return definition_from_days(seed_days(years))


def merged(definition: Mapping[str, Any], years: Mapping[str, Any]) -> Json:
    """Return a definition with the lists of some `years` ({"2027": {...}}) in place of its own, everything else as it was.

    A year that was announced is not replaced by an estimate. Nothing given is changed; with nothing better known the outcome is equal to
    `definition`.
    """
    kept = dict(definition["years"])
    for number, year in years.items():
        if year["official"] or not kept.get(number, year)["official"]:
            kept[number] = year
    return {**definition, "years": dict(sorted(kept.items()))}
