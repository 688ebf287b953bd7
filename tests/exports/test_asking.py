"""Questions as people write them, and periods that move with the day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exports.asking import names_of, read
from services.exports.facts_source import UNTOLD
from services.exports.known_columns import KNOWN
from services.exports.periods import NAMES, resolve
from services.exports.sources import SOURCES
from services.platform.errors import Invalid
from services.reports.models import ReportFact
from services.reports.questions import Asked
from services.tickets.filters import TicketFilter

TODAY = date(2026, 11, 22)  # a Sunday


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-11-22", "2026-11-22"),
        ("yesterday", "2026-11-21", "2026-11-21"),
        ("this_week", "2026-11-16", "2026-11-22"),
        ("last_week", "2026-11-09", "2026-11-15"),
        ("this_month", "2026-11-01", "2026-11-22"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("this_quarter", "2026-10-01", "2026-11-22"),
        ("last_quarter", "2026-07-01", "2026-09-30"),
        ("this_year", "2026-01-01", "2026-11-22"),
        ("last_year", "2025-01-01", "2025-12-31"),
        ("last_7_days", "2026-11-15", "2026-11-21"),
        ("last_366_days", "2025-11-21", "2026-11-21"),
    ],
)
def test_a_period_is_what_people_call_it(name, first, last):
    assert resolve(name, TODAY) == (date.fromisoformat(first), date.fromisoformat(last))


@given(st.dates(date(2001, 1, 1), date(2090, 1, 1)), st.sampled_from(NAMES))
def test_periods_end_when_they_say_and_follow_each_other_without_a_gap(day, name):
    first, last = resolve(name, day)
    assert first <= last <= day
    which, _, unit = name.partition("_")
    if which == "last":
        assert last + timedelta(days=1) == resolve(f"this_{unit}", day)[0]
        assert resolve(f"this_{unit}", last) == (first, last)  # seen from its own last day it is the whole of it


@pytest.mark.parametrize("name", ["last_0_days", "last_367_days", "next_month", "this_", "LAST_MONTH", "last_days", ""])
def test_a_period_nobody_knows_is_refused(name):
    with pytest.raises(Invalid) as refused:
        resolve(name, TODAY)
    assert refused.value.code == "period.unknown"


def test_a_question_is_read_as_the_address_of_a_report_is():
    found = read(Asked, {"metric": "received", "by": "unit:township", "from": "2026-11-01", "to": "2026-11-02"}, TODAY)
    assert found == Asked("received", date(2026, 11, 1), date(2026, 11, 2), by="unit:township")
    assert read(Asked, {"metric": "received", "period": "last_month"}, TODAY).first == date(2026, 10, 1)


def test_a_filter_is_read_as_the_address_of_a_list_is():
    found = read(TicketFilter, {"status": "open,closed", "category": "water", "period": "today"}, TODAY)
    assert (found.status, found.category) == (["open", "closed"], ["water"])
    assert (found.received_from, found.received_to) == (datetime(2026, 11, 21, 16, tzinfo=UTC), datetime(2026, 11, 22, 16, tzinfo=UTC))


@pytest.mark.parametrize(
    ("kind", "said", "code"),
    [
        (Asked, {"metric": "received", "by": "moon"}, "question.invalid"),
        (Asked, {"metric": "received", "from": "yesterday"}, "question.invalid"),
        (Asked, {"metric": "received", "first": "2026-11-01"}, "question.parameter_unknown"),
        (Asked, {"metric": "received", "surprise": "1"}, "question.parameter_unknown"),
        (TicketFilter, {"status": "lost"}, "question.invalid"),
        (TicketFilter, {"received_from": "2026-11-01"}, "question.invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_its_place_named(kind, said, code):
    with pytest.raises(Invalid) as refused:
        read(kind, said, TODAY)
    assert refused.value.code == code
    assert refused.value.errors


def test_everything_a_report_or_list_can_be_asked_can_be_asked_of_its_export():
    assert {"metric", "from", "to", "period", "by", "unit", "holder", "channel", "category", "source", "exclusions"} <= set(names_of(Asked))
    assert {"status", "unit", "holder", "received_from", "period"} <= set(SOURCES["tickets"].parameters)


def test_every_column_of_the_facts_is_described_or_left_out_on_purpose():
    """A new column of `report_facts` goes into known_columns.py, or into UNTOLD with the others that nobody is told."""
    told = set(KNOWN) | UNTOLD
    assert {name for name in ReportFact.__table__.c.keys() if name not in told} == set()  # noqa: SIM118  no dictionary


def test_every_source_describes_each_column_once():
    for source in SOURCES.values():
        codes, headings = [column.code for column in source.columns], [column.heading for column in source.columns]
        assert len(codes) == len(set(codes)), source.code
        assert len(headings) == len(set(headings)), source.code
        assert all(column.meaning and column.english for column in source.columns), source.code
