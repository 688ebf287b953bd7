"""What became of a matter in a year, and which follow-ups were missed, against recounts day by day."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.matters.dossiers_rules import Change, Turn, Year, changes_between, fate_of, missed_between
from services.platform.clock import day_end

FIRST = datetime(2024, 6, 1, tzinfo=UTC)
STATES = ("determined", "registered", "struck_off")


@st.composite
def lives(draw):
    """A matter that is registered and struck off again and again."""
    hours = sorted(draw(st.lists(st.integers(1, 24 * 900), min_size=1, max_size=8, unique=True)))
    states = ["registered" if nth % 2 == 0 else "struck_off" for nth in range(len(hours))]
    return [Turn(FIRST, "determined"), *(Turn(FIRST + timedelta(hours=hour), state) for hour, state in zip(hours, states, strict=True))]


@given(lives(), st.integers(0, 24 * 1000), st.sampled_from((2024, 2025, 2026)))
def test_carried_in_and_registered_less_struck_off_is_open_and_one_year_hands_on_to_the_next(turns, hours, number):
    at = FIRST + timedelta(hours=hours)
    known = [turn for turn in turns if turn.at <= at]
    fate = fate_of(known, Year(number, at))
    assert fate.carried_in + fate.registered - fate.struck_off == fate.open
    if Year(number, at).over:
        after = fate_of(known, Year(number + 1, at))
        assert after.carried_in == fate.open
        end = [turn for turn in known if turn.at < day_end(date(number, 12, 31))]
        assert fate.open == (bool(end) and end[-1].state == "registered")
        assert (number in after.years_before) == fate.open


@given(st.integers(1, 40), st.lists(st.integers(0, 400), max_size=8), st.integers(0, 200), st.integers(0, 200))
def test_missed_follow_ups_are_those_a_walk_through_the_days_finds(rhythm, reports, start, length):
    since = date(2025, 1, 1)
    first, last = since + timedelta(days=start), since + timedelta(days=start + length)
    days = {since + timedelta(days=one) for one in reports}
    found, due, day = [], since + timedelta(days=rhythm), since
    while day <= last:
        if day in days:
            due = day + timedelta(days=rhythm)
        elif day == due:
            found.append(day)
            due += timedelta(days=rhythm)
        day += timedelta(days=1)
    assert missed_between(since, days, rhythm, first, last) == [one for one in found if one >= first]


def test_a_year_goes_on_until_its_last_instant_in_shanghai():
    assert not Year(2025, datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC)).over
    ended = Year(2025, datetime(2025, 12, 31, 16, tzinfo=UTC))
    assert (ended.over, ended.last_day) == (True, date(2025, 12, 31))
    assert Year(2025, datetime(2025, 7, 1, tzinfo=UTC)).last_day == date(2025, 7, 1)


def test_changes_name_what_they_are_of_whatever_its_place():
    old = {"counts": {"open": 3}, "matters": [{"number": "甲", "tasks": {"overdue": 1}}, {"number": "乙", "questions": []}]}
    new = {"counts": {"open": 2}, "matters": [{"number": "乙", "questions": [{"id": "q", "words": "为何"}]}]}
    assert changes_between(old, old) == []
    assert changes_between(new, new) == []
    assert set(changes_between(old, new)) == {
        Change("数量 / open", "3", "2"),
        Change("事项 / 乙 / 质询 / q / id", None, "q"),
        Change("事项 / 乙 / 质询 / q / words", None, "为何"),
        Change("事项 / 甲 / number", "甲", None),
        Change("事项 / 甲 / 任务 / overdue", "1", None),
    }
