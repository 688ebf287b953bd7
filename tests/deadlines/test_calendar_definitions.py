"""Definitions of calendars: what they come to, that no fault gets by, and how a year's list is replaced."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadlines.calendar import CalendarDayRow, WorkCalendar, seed_days
from services.deadlines.calendar_definitions import FaultyCalendars
from services.deadlines.calendars import calendars_from, definition_from_days, merged, seed_definition, years_from_days
from services.deadlines.due import StageLimit, TimeUnit, due_at
from services.platform.clock import SHANGHAI
from tests.deadlines.walker import hours_of

SUMMER = {"from": "05-01", "to": "09-30", "intervals": [["08:00", "12:00"], ["15:00", "18:00"]]}
WINTER = {"from": "10-01", "to": "04-30", "intervals": [["08:00", "12:00"], ["14:30", "17:30"]]}
ALL_YEAR = [{"from": "01-01", "to": "12-31", "intervals": [["09:00", "21:00"]]}]
ROUND_THE_CLOCK = [{"from": "01-01", "to": "12-31", "intervals": [["00:00", "24:00"]]}]


def _made() -> dict[str, Any]:
    definition = seed_definition([2025, 2026, 2027])
    definition["calendars"] = {
        "default": {"name": "机关作息", "weekdays": [1, 2, 3, 4, 5], "hours": [SUMMER, WINTER]},
        "hall": {
            "name": "服务大厅",
            "weekdays": [1, 2, 3, 4, 5, 6],
            "keeps_holidays": True,
            "extra": {"2026-10-02": True, "2026-03-02": False},
            "hours": ALL_YEAR,
        },
        "guard": {"name": "值班室", "weekdays": [1, 2, 3, 4, 5, 6, 7], "keeps_holidays": False, "hours": ROUND_THE_CLOCK},
    }
    definition["units"] = {"441624108": "hall", "441624108213": "guard"}
    return definition


_TEXT = json.dumps(_made())


def _county() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(_TEXT)
    return made


COUNTY = calendars_from(3, _county())


def _faults(definition: object) -> dict[str, str]:
    with pytest.raises(FaultyCalendars) as refused:
        calendars_from(1, definition)
    return {fault.pointer: fault.detail for fault in refused.value.errors}


def test_the_deepest_unit_with_a_calendar_of_its_own_decides() -> None:
    assert COUNTY.version == 3
    assert COUNTY.code_for("/441624/441624100/") == "default"
    assert COUNTY.code_for("/441624/441624108/441624108200/") == "hall"
    assert COUNTY.code_for("/441624/441624108/441624108213/441624108213001/") == "guard"
    assert COUNTY.code_for("/") == "default"
    with pytest.raises(KeyError):
        COUNTY.calendar("no such")


def test_a_calendar_of_its_own_inherits_holidays_and_may_differ_on_single_days() -> None:
    hall = COUNTY.calendar("hall")
    assert hall.is_working(date(2026, 3, 7)), "a Saturday"
    assert not hall.is_working(date(2026, 10, 1)), "a holiday, inherited"
    assert hall.is_working(date(2026, 10, 2)), "a holiday it works on"
    assert not hall.is_working(date(2026, 3, 2)), "a Monday it is closed"
    assert hall.is_working(date(2026, 1, 4)), "a make-up Sunday, inherited"
    assert hall.is_provisional(date(2027, 3, 1))


def test_a_calendar_without_holidays_never_depends_on_a_list() -> None:
    guard = COUNTY.calendar("guard")
    assert guard.is_working(date(2026, 2, 17))
    assert not guard.is_provisional(date(2027, 10, 1))
    due = due_at(datetime(2026, 12, 31, 15, 59, tzinfo=UTC), StageLimit("contain", 3 * 60, TimeUnit.WORKING_MINUTES), guard)
    assert (due.at, due.provisional) == (datetime(2026, 12, 31, 18, 59, tzinfo=UTC), False)


@pytest.mark.parametrize("code", ["default", "hall", "guard"])
def test_every_day_of_three_years_is_worked_as_the_definition_reads(code: str) -> None:
    definition, calendar = _county(), COUNTY.calendar(code)
    for step in range(3 * 365):
        day = date(2025, 1, 1) + timedelta(days=step)
        read = hours_of(definition, code, day)
        assert calendar.is_working(day) is bool(read), day
        assert not read or list(calendar.hours.on(day).intervals) == read, day


def test_summer_hours_begin_and_end_with_their_days() -> None:
    """90 minutes from 11:30: half an hour before the pause, the rest after it, which in summer ends later."""

    def due(month: int, day: int) -> datetime:
        start = datetime(2026, month, day, 11, 30, tzinfo=SHANGHAI)
        return due_at(start, StageLimit("resolve", 90, TimeUnit.WORKING_MINUTES), COUNTY.calendar("default")).at.astimezone(SHANGHAI)

    assert due(4, 30) == datetime(2026, 4, 30, 15, 30, tzinfo=SHANGHAI)
    assert due(5, 6) == datetime(2026, 5, 6, 16, 0, tzinfo=SHANGHAI)
    assert due(9, 30) == datetime(2026, 9, 30, 16, 0, tzinfo=SHANGHAI)
    assert due(10, 8) == datetime(2026, 10, 8, 15, 30, tzinfo=SHANGHAI)


def test_rows_and_their_definition_say_the_same() -> None:
    rows = seed_days([2025, 2026, 2027])
    plain, read = WorkCalendar.from_rows(rows), calendars_from(1, definition_from_days(rows)).calendar("default")
    assert (read, read.version) == (plain, plain.version)
    assert calendars_from(1, definition_from_days([])).calendar("default") == WorkCalendar.from_rows([])


def test_a_definition_is_plain_json() -> None:
    assert json.loads(json.dumps(_made())) == _made()
    assert calendars_from(3, _made()).by_code == COUNTY.by_code


def _official_2027() -> dict[str, Any]:
    return years_from_days(
        [
            CalendarDayRow(date(2027, 1, 1), working=False, name="元旦", official=True, source="国务院办公厅"),
            CalendarDayRow(date(2027, 1, 2), working=True, name="调休上班", official=True, source="国务院办公厅"),
        ]
    )


def test_an_announced_list_replaces_an_estimate_and_leaves_the_rest() -> None:
    before = _county()
    after = merged(before, _official_2027())
    assert before == _county(), "what was given is not changed"
    assert after["years"]["2027"] == _official_2027()["2027"]
    assert {**after, "years": {**after["years"], "2027": before["years"]["2027"]}} == before
    old, new = COUNTY.calendar("default"), calendars_from(4, after).calendar("default")
    assert (new.is_working(date(2027, 1, 2)), new.is_provisional(date(2027, 1, 2))) == (True, False)
    assert old.is_provisional(date(2027, 1, 2))
    assert old.version != new.version


def test_an_estimate_never_replaces_an_announced_list() -> None:
    announced = merged(_county(), _official_2027())
    assert merged(announced, years_from_days(seed_days([2027]))) == announced
    corrected = {"2027": {**_official_2027()["2027"], "on": {}}}
    assert merged(announced, corrected)["years"]["2027"]["on"] == {}, "another announcement does"
    assert merged(_county(), years_from_days(seed_days([2027]))) == _county(), "the same estimate again changes nothing"
    assert list(merged(_county(), years_from_days(seed_days([2024])))["years"]) == ["2024", "2025", "2026", "2027"]


def _with(path: str, value: object) -> dict[str, Any]:
    """The county's definition with one place replaced (`...` takes it away)."""
    definition = _county()
    *way, last = path.strip("/").split("/")
    place: Any = definition
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    key: Any = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return definition


DEFAULT = "/calendars/default"
FAULTS: list[tuple[str, object, str, str]] = [
    ("/calendars/default", ..., "/calendars", "has to be a calendar"),
    ("/years", ..., "/years", "missing"),
    ("/more", 1, "/more", "no such field"),
    ("/units/441624100", "nowhere", "/units/441624100", "no calendar of this code"),
    ("/units/441 624", "hall", "/units/441 624", "not the code of a unit"),
    (f"{DEFAULT}/weekdays", [], f"{DEFAULT}/weekdays", "no time is ever worked"),
    (f"{DEFAULT}/weekdays", [0, 1], f"{DEFAULT}/weekdays", "from 1"),
    (f"{DEFAULT}/weekdays", [1, 1], f"{DEFAULT}/weekdays", "different"),
    (f"{DEFAULT}/weekdays", [True], f"{DEFAULT}/weekdays", "numbers"),
    (f"{DEFAULT}/weekdays", ..., f"{DEFAULT}/weekdays", "missing"),
    (f"{DEFAULT}/hours", [], f"{DEFAULT}/hours", "01-01 is in no season"),
    (f"{DEFAULT}/hours", ..., f"{DEFAULT}/hours", "missing"),
    (f"{DEFAULT}/hours/0/to", "09-29", f"{DEFAULT}/hours", "09-30 is in no season"),
    (f"{DEFAULT}/hours/1/from", "09-30", f"{DEFAULT}/hours", "09-30 is in more than one season"),
    (f"{DEFAULT}/hours/1/from", "09-31", f"{DEFAULT}/hours/1/from", "not a month and day"),
    (f"{DEFAULT}/hours/0/intervals", [], f"{DEFAULT}/hours/0/intervals", "needs hours"),
    (f"{DEFAULT}/hours/0/intervals/0", ["12:00", "08:00"], f"{DEFAULT}/hours/0/intervals", "no stretch of one day"),
    (f"{DEFAULT}/hours/0/intervals/0", ["22:00", "02:00"], f"{DEFAULT}/hours/0/intervals", "part what goes through midnight"),
    (f"{DEFAULT}/hours/0/intervals/1", ["11:59", "18:00"], f"{DEFAULT}/hours/0/intervals", "11:59 lies within or before"),
    (f"{DEFAULT}/hours/0/intervals/1", ["24:01", "25:00"], f"{DEFAULT}/hours/0/intervals/1/0", "not a time of day"),
    (f"{DEFAULT}/hours/0/intervals/1", ["8:00", "12:00"], f"{DEFAULT}/hours/0/intervals/1/0", "not a time of day"),
    (f"{DEFAULT}/hours/0/intervals/1", ["08:00"], f"{DEFAULT}/hours/0/intervals/1", "a pair"),
    (f"{DEFAULT}/name", "  ", f"{DEFAULT}/name", "text of 1 to"),
    (f"{DEFAULT}/keeps_holidays", "no", f"{DEFAULT}/keeps_holidays", "true or false"),
    (f"{DEFAULT}/extra", {"2026-02-30": True}, f"{DEFAULT}/extra/2026-02-30", "not a day"),
    (f"{DEFAULT}/extra", {"2026-02-03": 1}, f"{DEFAULT}/extra/2026-02-03", "say true"),
    ("/calendars/Hall", {"name": "大厅", "weekdays": [1], "hours": ALL_YEAR}, "/calendars/Hall", "small letters"),
    ("/years/26", {"official": False, "source": "x", "off": {}, "on": {}}, "/years/26", "from 2000 to 2099"),
    ("/years/2026/official", ..., "/years/2026/official", "missing"),
    ("/years/2026/official", None, "/years/2026/official", "true or false"),
    ("/years/2026/off", {}, "/years/2026/off", "an announced year has holidays"),
    ("/years/2026/off/2027-01-01", "元旦", "/years/2026/off/2027-01-01", "not of 2026"),
    ("/years/2026/off/20260101", "元旦", "/years/2026/off/20260101", "not a day"),
    ("/years/2026/on/2026-01-01", "调休", "/years/2026/on/2026-01-01", "both as free and as worked"),
    ("/years/2026/on/2026-01-10", "", "/years/2026/on/2026-01-10", "what day it is"),
]


@pytest.mark.parametrize(("path", "value", "pointer", "words"), FAULTS, ids=[f"{path} {value!r:.30}" for path, value, _, _ in FAULTS])
def test_a_fault_is_told_with_its_place(path: str, value: object, pointer: str, words: str) -> None:
    found = _faults(_with(path, value))
    assert words in found[pointer], found


def test_a_calendar_that_forgets_the_leap_day_is_refused() -> None:
    hours = [{**ALL_YEAR[0], "to": "02-28"}, {**ALL_YEAR[0], "from": "03-01"}]
    assert "02-29 is in no season" in _faults(_with(f"{DEFAULT}/hours", hours))[f"{DEFAULT}/hours"]


def test_a_season_may_be_a_single_day() -> None:
    intervals = [["09:00", "10:00"]]
    hours = [{**ALL_YEAR[0], "to": "06-30"}, {"from": "07-01", "to": "07-01", "intervals": intervals}, {**ALL_YEAR[0], "from": "07-02"}]
    read = calendars_from(1, _with(f"{DEFAULT}/hours", hours)).calendar("default").hours
    assert [read.on(date(2026, *place)).intervals for place in ((6, 30), (7, 1), (7, 2))] == [((540, 1260),), ((540, 600),), ((540, 1260),)]


def test_all_faults_are_told_at_once_and_the_refusal_is_a_value_error() -> None:
    definition = _with(f"{DEFAULT}/weekdays", [])
    definition["years"]["2026"]["off"]["2026-13-01"] = "?"
    definition["units"]["441624108"] = "nowhere"
    assert set(_faults(definition)) == {f"{DEFAULT}/weekdays", "/years/2026/off/2026-13-01", "/units/441624108"}
    with pytest.raises(ValueError, match="/units/441624108: there is no calendar"):
        calendars_from(1, definition)


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 9), st.sampled_from(["2026", "2026-01-01", "08:00", "24:00", "05-01", "default", ""])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["2026", "2026-01-01", "hours", "from"]), inner)),
    max_leaves=6,
)
PLACES = st.sampled_from([
    "/years", "/calendars", "/units", "/years/2026", "/years/2026/off", "/years/2026/on", "/calendars/hall", "/calendars/hall/hours",
    "/calendars/hall/hours/0", "/calendars/hall/hours/0/intervals", "/calendars/hall/hours/0/intervals/0", "/calendars/hall/weekdays",
    "/calendars/hall/extra", "/calendars/hall/name", "/calendars/hall/hours/0/from",
])  # fmt: skip


@given(place=PLACES, value=JSON)
def test_whatever_is_sent_is_read_or_refused(place: str, value: object) -> None:
    """And what is read can be counted by: no day that is worked is without hours, and office time never runs out."""
    try:
        read = calendars_from(1, _with(place, value))
    except FaultyCalendars as refused:
        assert refused.errors  # noqa: PT017  either outcome is right, but a refusal names its reasons
    else:
        start = datetime(2026, 12, 31, 9, tzinfo=UTC)
        assert all(due_at(start, StageLimit("resolve", 60, TimeUnit.WORKING_MINUTES), one).at > start for one in read.by_code.values())


@pytest.mark.parametrize("definition", [None, [], "", 3, {}, {"years": [], "calendars": []}, {1: 2}])
def test_what_is_no_definition_is_refused(definition: object) -> None:
    assert _faults(definition)
