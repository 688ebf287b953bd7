"""Reading the definition of calendars strictly: every fault is found and told with its place, and a faulty definition yields nothing. Pure.

``{"years": {"2026": {"official": true, "source": "国务院办公厅通知", "off": {"2026-01-01": "元旦"}, "on": {"2026-01-04": "调休"}}},
"calendars": {"default": {"name": "机关作息", "weekdays": [1,2,3,4,5], "hours": [{"from": "01-01", "to": "12-31", "intervals":
[["08:00","12:00"],["14:30","17:30"]]}], "keeps_holidays": true, "extra": {"2026-10-02": true}}}, "units": {"441624108": "default"}}``

`keeps_holidays` (true) and `extra` (none) of a calendar and `units` (none) may be left out, everything else has to be there. A day is
worked as `extra` says; else, where the calendar keeps the holidays, as its year says; else by the weekday.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, TypeVar

from services.deadlines.calendar import WorkCalendar
from services.deadlines.hours import DayHours, OfficeHours, Season, minutes_of, month_day_of
from services.platform.errors import Fault, Invalid

DEFAULT = "default"
"""The calendar of every place without one of its own."""
_FIELDS = ("years", "calendars", "units")
_YEAR_FIELDS = ("official", "source", "off", "on")
_CALENDAR_FIELDS = ("name", "weekdays", "hours", "keeps_holidays", "extra")
_HOURS_FIELDS = ("from", "to", "intervals")
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_YEAR = re.compile(r"20[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNIT = re.compile(r"[0-9A-Za-z_-]{1,40}")
_WORDS_AT_MOST = 200
_ENTRIES_AT_MOST = 20_000
_FAULTS_AT_MOST = 100

Json = Mapping[str, Any]
Faults = list[Fault]
T = TypeVar("T")


class FaultyCalendars(Invalid, ValueError):  # noqa: N818  a problem, as RFC 9457 names it
    """A definition that cannot be read; `errors` says every place and what is wrong there. Also a ``ValueError``."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        words = "The calendars have faults; see the list, correct them and send all of it again."
        super().__init__("calendar.faulty", words, errors=faults)

    def __str__(self) -> str:
        return "; ".join(f"{fault.pointer}: {fault.detail}" for fault in self.errors)


@dataclass(frozen=True, slots=True)
class ReadYear:
    """One year's list: which days differ from the plain week, and whether it was announced."""

    number: int
    official: bool
    days: Mapping[date, bool]


def calendars_of(definition: object) -> tuple[dict[str, WorkCalendar], dict[str, str]]:
    """Return the calendars by code, and the code of each unit that has one of its own. Raises `FaultyCalendars` with every fault."""
    faults: Faults = []
    given = _fields(definition, "", _FIELDS, faults, optional=("units",))
    years = [year for key, value in _object(given, "years", "", faults).items() if (year := _year(key, value, f"/years/{key}", faults))]
    calendars = {
        code: calendar
        for code, value in _object(given, "calendars", "", faults).items()
        if (calendar := _calendar(code, value, f"/calendars/{_escaped(code)}", years, faults)) is not None
    }
    named = _object(given, "calendars", "", [])
    if DEFAULT not in named:
        faults.append(Fault("/calendars", f'there has to be a calendar "{DEFAULT}": it counts wherever no other does'))
    units = _units(_object(given, "units", "", faults), named, faults)
    if faults:
        raise FaultyCalendars(faults[:_FAULTS_AT_MOST])
    return calendars, units


def _year(key: str, value: object, at: str, faults: Faults) -> ReadYear | None:
    before = len(faults)
    given = _fields(value, at, _YEAR_FIELDS, faults)
    if not _YEAR.fullmatch(key):
        faults.append(Fault(at, "a year is one from 2000 to 2099"))
    official = _truth(given, "official", at, faults)
    _words(given, "source", at, faults)
    days: dict[date, bool] = {}
    for field, working in (("off", False), ("on", True)):
        for text, name in _object(given, field, at, faults).items():
            place = f"{at}/{field}/{_escaped(text)}"
            day = _day(text, place, faults)
            if day is not None and text[:4] != key:
                faults.append(Fault(place, f"this day is not of {key}"))
            elif day in days:
                faults.append(Fault(place, "this day is listed both as free and as worked"))
            elif day is not None:
                days[day] = working
            if not isinstance(name, str) or not name.strip() or len(name) > _WORDS_AT_MOST:
                faults.append(Fault(place, f"say in 1 to {_WORDS_AT_MOST} characters what day it is"))
    if official and not _object(given, "off", at, []):
        faults.append(Fault(f"{at}/off", "an announced year has holidays; while they are not known it is not official"))
    return ReadYear(int(key), bool(official), days) if len(faults) == before else None


def _calendar(code: str, value: object, at: str, years: Sequence[ReadYear], faults: Faults) -> WorkCalendar | None:
    before = len(faults)
    given = _fields(value, at, _CALENDAR_FIELDS, faults, optional=("keeps_holidays", "extra"))
    if not _CODE.fullmatch(code):
        faults.append(Fault(at, "a code is up to 40 small letters, digits, - and _, the first a letter"))
    _words(given, "name", at, faults)
    weekdays = _weekdays(given, at, faults)
    hours = _hours(given, at, faults)
    keeps = _truth({"keeps_holidays": True, **given}, "keeps_holidays", at, faults)
    extra: dict[date, bool] = {}
    for text, working in _object(given, "extra", at, faults).items():
        day = _day(text, f"{at}/extra/{_escaped(text)}", faults)
        if not isinstance(working, bool):
            faults.append(Fault(f"{at}/extra/{_escaped(text)}", "say true where the day is worked, false where it is free"))
        elif day is not None:
            extra[day] = working
    if len(faults) > before or hours is None:
        return None
    listed = {day: working for year in years for day, working in year.days.items()} if keeps else {}
    official = frozenset(year.number for year in years if year.official)
    return WorkCalendar(MappingProxyType(listed | extra), official, weekdays, hours, keeps_holidays=bool(keeps))


def _weekdays(given: Json, at: str, faults: Faults) -> frozenset[int]:
    found = given.get("weekdays", [1])
    if not isinstance(found, list) or not all(type(day) is int and 1 <= day <= 7 for day in found) or len(set(found)) != len(found):  # noqa: PLR2004
        faults.append(Fault(f"{at}/weekdays", "weekdays are different numbers from 1 (Monday) to 7 (Sunday)"))
        return frozenset()
    if not found:
        faults.append(Fault(f"{at}/weekdays", "no time is ever worked by this calendar: nothing would ever be due"))
    return frozenset(found)


def _hours(given: Json, at: str, faults: Faults) -> OfficeHours | None:
    found, before = _list(given, "hours", at, faults), len(faults)
    seasons = [_season(season, f"{at}/hours/{place}", faults) for place, season in enumerate(found)]
    if len(faults) > before or "hours" not in given:
        return None
    try:
        return OfficeHours(tuple(season for season in seasons if season is not None))
    except ValueError as wrong:
        faults.append(Fault(f"{at}/hours", f"{wrong}; the seasons have to hold every day of a year once, 02-29 too"))
        return None


def _season(value: object, at: str, faults: Faults) -> Season | None:
    before = len(faults)
    given = _fields(value, at, _HOURS_FIELDS, faults)
    first_day, last_day = (
        _read(month_day_of, given[field], f"{at}/{field}", faults) if field in given else None for field in ("from", "to")
    )
    intervals = []
    for place, pair in enumerate(_list(given, "intervals", at, faults)):
        if not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004  a from and a to
            faults.append(Fault(f"{at}/intervals/{place}", 'an interval is a pair like ["08:00", "12:00"]'))
            continue
        first, last = (_read(minutes_of, text, f"{at}/intervals/{place}/{end}", faults) for end, text in enumerate(pair))
        if first is not None and last is not None:
            intervals.append((first, last))
    if len(faults) > before or first_day is None or last_day is None:
        return None
    try:
        return Season(first_day, last_day, DayHours(tuple(intervals)))
    except ValueError as wrong:
        faults.append(Fault(f"{at}/intervals", str(wrong)))
        return None


def _units(given: Json, calendars: Json, faults: Faults) -> dict[str, str]:
    for unit, code in given.items():
        at = f"/units/{_escaped(unit)}"
        if not _UNIT.fullmatch(unit):
            faults.append(Fault(at, "this is not the code of a unit"))
        if not isinstance(code, str) or code not in calendars:
            faults.append(Fault(at, "there is no calendar of this code"))
    return dict(given)


def _fields(value: object, at: str, fields: Sequence[str], faults: Faults, *, optional: Sequence[str] = ()) -> Json:
    """Return an object with these fields and no others; what is wrong with it is told."""
    if not isinstance(value, Mapping):
        faults.append(Fault(at, f"this is an object with {', '.join(fields)}"))
        return {}
    faults += [Fault(f"{at}/{_escaped(key)}", "there is no such field") for key in value if key not in fields]
    faults += [Fault(f"{at}/{key}", "this field is missing") for key in fields if key not in value and key not in optional]
    return value


def _object(given: Json, key: str, at: str, faults: Faults) -> Json:
    """Return the object under a key, an empty one where there is none or it is no object."""
    found = given.get(key, {})
    if isinstance(found, Mapping) and all(isinstance(name, str) for name in found) and len(found) <= _ENTRIES_AT_MOST:
        return found
    faults.append(Fault(f"{at}/{key}", f"this is an object with at most {_ENTRIES_AT_MOST} entries"))
    return {}


def _list(given: Json, key: str, at: str, faults: Faults) -> list[Any]:
    found = given.get(key, [])
    if isinstance(found, list) and len(found) <= _ENTRIES_AT_MOST:
        return found
    faults.append(Fault(f"{at}/{key}", "this is a list"))
    return []


def _truth(given: Json, key: str, at: str, faults: Faults) -> bool | None:
    found = given.get(key)
    if isinstance(found, bool):
        return found
    if key in given:
        faults.append(Fault(f"{at}/{key}", "this is true or false"))
    return None


def _words(given: Json, key: str, at: str, faults: Faults) -> None:
    found = given.get(key, "")
    if key in given and (not isinstance(found, str) or not found.strip() or len(found) > _WORDS_AT_MOST):
        faults.append(Fault(f"{at}/{key}", f"this is a text of 1 to {_WORDS_AT_MOST} characters"))


def _day(text: str, at: str, faults: Faults) -> date | None:
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        faults.append(Fault(at, "this is not a day like 2026-01-01"))
        return None


def _read(read: Callable[[str], T], text: object, at: str, faults: Faults) -> T | None:
    """Return what `read` makes of a text; what it refuses is told."""
    try:
        return read(text if isinstance(text, str) else "")
    except ValueError as wrong:
        faults.append(Fault(at, str(wrong)))
        return None


def _escaped(key: object) -> str:
    """Return a key as a part of a JSON pointer, the beginning of it where it is long."""
    return str(key)[:60].replace("~", "~0").replace("/", "~1")
