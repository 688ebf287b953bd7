"""How long things took: exact for what it says, the same from cells and over the facts, with what is not counted yet."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.actor import SYSTEM
from services.platform.database import WORKER, Database, use_database
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from services.reports.duration_sums import duration_sums
from services.reports.durations import MEASURES, MEDIAN, P90, quantile
from services.reports.facts import rounded_minutes
from services.reports.figures import known_of, one_snapshot
from services.reports.grouping import GROUPINGS
from services.reports.questions import Asked, Question, understand
from tests.conftest import TestDatabase
from tests.reports import ground


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60), st.sampled_from([MEDIAN, P90, Fraction(1), Fraction(1, 100)]))
def test_a_quantile_is_the_nearest_rank_of_the_durations_themselves(minutes: list[int], share: Fraction) -> None:
    tickets = {value: minutes.count(value) for value in minutes}
    found = quantile(tickets, share)
    rank = -(-share.numerator * len(minutes) // share.denominator)  # the ceiling of share × n
    assert found == sorted(minutes)[rank - 1]


def test_of_nothing_there_is_no_quantile() -> None:
    assert quantile({}, MEDIAN) is None


@given(st.integers(0, 10**7))
def test_minutes_are_kept_to_two_significant_digits(minutes: int) -> None:
    begin = ground.NOON
    kept = rounded_minutes(begin, begin + timedelta(minutes=minutes, seconds=59))
    assert kept is not None
    assert abs(kept - minutes) * 20 <= max(minutes, 1)
    assert len(str(kept).rstrip("0")) <= 2
    assert rounded_minutes(begin, begin + timedelta(minutes=kept)) == kept


def test_a_report_of_the_past_never_takes_less_than_no_time() -> None:
    assert rounded_minutes(ground.NOON, ground.NOON - timedelta(hours=1)) == 0
    assert rounded_minutes(ground.NOON, ground.NOON + timedelta(hours=1), timedelta(hours=2)) == 0
    assert rounded_minutes(None, ground.NOON) is None


@pytest.fixture
async def county(empty: TestDatabase) -> AsyncIterator[TestDatabase]:
    """A county with 250 tickets, thirty of them moved on and not counted since; open under the worker's role."""
    dice = random.Random(8)
    keeper = Database(empty.url, WORKER)
    use_database(keeper)
    units = await ground.plant(empty.owner)
    tickets = await ground.scatter(empty.owner, dice, 250, units)
    for ticket in tickets[::2]:
        settings = "dispatched_at = received_at + $2, accepted_at = received_at + $3"
        at = timedelta(minutes=dice.randrange(200)), timedelta(minutes=dice.randrange(200, 900))
        await empty.owner.execute(f"UPDATE tickets SET {settings} WHERE id = $1", ticket, *at)
    await ground.judge(empty.owner, dice, tickets[:40], units["T1"])
    await ground.tell(tickets, datetime.fromisoformat("2026-11-01T00:00:00Z"))
    async with unit_of_work(SYSTEM) as work:
        await count(work, tickets)
    await empty.owner.execute("DELETE FROM deliveries")
    await ground.stir(empty.owner, dice, tickets[100:130])
    await ground.tell(tickets[100:130])
    yield empty
    await keeper.close()


async def understood(asked: Asked) -> Question:
    async with unit_of_work(SYSTEM) as work:
        return await understand(work, asked)


async def test_cells_and_facts_say_how_long_things_took_and_rows_add_up(county: TestDatabase) -> None:
    dice = random.Random(9)
    period = Asked("received", date(2026, 9, 1), date(2027, 2, 28))
    for by in (None, *GROUPINGS):
        asked = replace(period, by=by, unit=dice.choice([None, None, "T1", "T1V1"]), exclusions=dice.choice(["kept", "removed"]))
        asked = replace(asked, first=dice.choice([period.first, date(2026, 10, 13)]), source=dice.choice([None, "all"]))
        if by == "unit:county":
            asked = replace(asked, unit=None)
        if by == "unit:township" and asked.unit == "T1V1":
            asked = replace(asked, unit="T1")
        for measure in MEASURES.values():
            async with unit_of_work(SYSTEM) as work:
                await one_snapshot(work.session)
                question = await understand(work, asked)
                known = await known_of(work, question)
                told = await duration_sums(work.session, question, measure, known=known)
                assert told == await duration_sums(work.session, question, measure, known=known, by_sums=False)
                whole = await duration_sums(work.session, replace(question, by=None), measure, known=known)
            added: dict[int, int] = {}
            for row in told["kept"].values():
                for minutes, tickets in row.items():
                    added[minutes] = added.get(minutes, 0) + tickets
            assert added == whole["kept"].get("", {})


async def test_what_took_how_long_is_what_the_tickets_say(county: TestDatabase) -> None:
    question = await understood(Asked("received", date(2026, 9, 1), date(2027, 2, 28), source="all"))
    async with unit_of_work(SYSTEM) as work:
        await one_snapshot(work.session)
        told = await duration_sums(work.session, question, MEASURES["close"], known=await known_of(work, question))
    rows = await county.fetch("SELECT received_at, closed_at FROM tickets WHERE status = 'closed'")
    expected: dict[int, int] = {}
    for row in rows:
        minutes = rounded_minutes(row["received_at"], row["closed_at"])
        assert minutes is not None
        expected[minutes] = expected.get(minutes, 0) + 1
    assert told["kept"][""] == expected
