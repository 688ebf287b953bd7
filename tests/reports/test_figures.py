"""Figures: kept sums, a recount over the facts and the drill-down agree, for whoever asks; parts add up to the total."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from services.platform import clock
from services.platform.actor import SYSTEM, Actor, Seat
from services.platform.clock import day_start, local_day
from services.platform.database import REPORTING, WORKER, Database, use_database
from services.platform.errors import Forbidden, Invalid, NotFound, Problem
from services.platform.unit_of_work import Work, unit_of_work
from services.reports.counting import count
from services.reports.drilldown import counted_tickets
from services.reports.duration_sums import duration_sums
from services.reports.durations import MEASURES
from services.reports.figures import one_snapshot, report, sums_by_row
from services.reports.metrics import METRICS, TIMES
from services.reports.models import ReportFact
from services.reports.questions import GROUPINGS, Asked, Question, Source, understand
from services.reports.selecting import FACT_COLUMNS
from services.reports.times import time_report, timed_tickets
from services.reports.views import Report
from services.tickets.filters import TicketFilter
from services.tickets.queries import count_tickets
from tests.conftest import TestDatabase
from tests.reports import ground

FIRST, LAST = date(2026, 9, 1), date(2027, 1, 31)
NOW = [local_day(clock.now()) + timedelta(days=days) for days in (0, 1)]
"""No question here ends today, or tomorrow where midnight comes meanwhile: the made-up tickets lie on both sides of it."""


@pytest.fixture
async def busy(empty: TestDatabase) -> AsyncIterator[tuple[TestDatabase, dict[str, UUID]]]:
    """A county with 400 tickets of every kind, counted by the worker; open under the reporting role."""
    dice = random.Random(11)
    units = await ground.plant(empty.owner)
    tickets = await ground.scatter(empty.owner, dice, 400, units)
    await ground.stir(empty.owner, dice, dice.sample(tickets, 100))
    await _assign(empty, dice, tickets, units)
    await ground.speak(empty.owner, dice, dice.sample(tickets, 250))
    await ground.judge(empty.owner, dice, dice.sample(tickets, 120), units["T1"])
    keeper, reader = Database(empty.url, WORKER), Database(empty.url, REPORTING)
    use_database(keeper)
    await ground.tell(tickets)
    async with unit_of_work(SYSTEM) as work:
        await count(work, tickets)
        await work.session.execute(text("DELETE FROM deliveries"))
    use_database(reader)
    yield empty, units
    await keeper.close()
    await reader.close()


async def _assign(county: TestDatabase, dice: random.Random, tickets: list[UUID], units: dict[str, UUID]) -> None:
    for ticket in dice.sample(tickets, 200):
        await county.owner.execute(
            "INSERT INTO assignments (id, ticket_id, round, sequence, part, unit_id, assigned_at, why)"
            " VALUES (gen_random_uuid(),$1,1,1,'co',$2,$3,'{}')",
            ticket, dice.choice([units["D-WATER"], units["T1-WATER"], units["T1V1"], units["T2"]]), ground.NOON,
        )  # fmt: skip


def seated(role: str, code: str, units: dict[str, UUID]) -> Actor:
    """Somebody with one post of `role` in the unit `code`."""
    _code, _parent, kind, tier, _name, function = next(row for row in ground.TREE if row[0] == code)
    paths: dict[str, str] = {}
    for unit, parent, *_rest in ground.TREE:
        paths[unit] = (paths[parent] if parent else "/") + f"{unit}/"
    return Actor("member", seats=(Seat(role, units[code], code, paths[code], tier, kind, function),))


SEATS = [
    ("analyst", ground.ROOT),
    ("township_dispatcher", "T1"),
    ("village_secretary", "T1V1"),
    ("department_officer", "D-WATER"),
    ("department_officer", "T1-WATER"),
    ("grid_worker", "T2V2G2"),
]
INSTANTS = st.integers(0, 150 * 86_400).map(lambda seconds: day_start(FIRST) + timedelta(seconds=seconds))
ASKED = st.builds(
    Asked,
    metric=st.sampled_from(list(METRICS)),
    first=st.dates(FIRST, LAST),
    last=st.just(LAST) | st.dates(FIRST, LAST).filter(lambda day: day not in NOW),
    unit=st.sampled_from([None, None, ground.ROOT, "T1", "T1V1", "T1V1G1", "T2"]),
    holder=st.sampled_from([None, None, None, "D-WATER", "T1"]),
    by=st.sampled_from([None, *GROUPINGS]),
    channel=st.sampled_from([None, None, *ground.CHANNELS]),
    category=st.sampled_from([None, None, "water", "water.canal", "disputes"]),
    source=st.sampled_from([None, *get_args(Source)]),
    exclusions=st.sampled_from(["kept", "kept", "removed"]),
    urgency=st.sampled_from([None, None, None, "normal", "urgent"]),
    round=st.sampled_from([None, None, None, 1, 2, 3]),
    tier=st.sampled_from([None, None, None, "township", "village"]),
    since=st.none() | st.none() | INSTANTS,
    until=st.none() | st.none() | INSTANTS,
)


async def _agrees(work: Work, asked: Asked) -> None:
    await one_snapshot(work.session)
    question = await understand(work, asked)
    sums = await sums_by_row(work.session, question)
    assert sums == await sums_by_row(work.session, question, by_sums=False)
    ungrouped = await sums_by_row(work.session, replace(question, by=None))
    added: dict[str, int] = {}
    for row in sums.values():
        for counter, value in row.items():
            added[counter] = added.get(counter, 0) + value
    assert added == ungrouped.get("", {})


async def _drills_down(actor: Actor, asked: Asked, told: Report) -> None:
    parts = {"numerator": told.total.numerator, "excluded": told.exclusions.total}
    if told.total.denominator is not None:
        parts["denominator"] = told.total.denominator
        parts["taken_out_denominator"] = told.total.taken_out.denominator or 0
        metric = METRICS[asked.metric.partition("@")[0]]
        if metric.basis("numerator") == metric.basis("denominator"):
            parts["remainder"] = told.total.denominator - told.total.numerator
    parts["taken_out_numerator"] = told.total.taken_out.numerator
    for part, expected in parts.items():
        assert len(await _numbers(actor, asked, part, None)) == expected
    for row in told.rows[:12]:
        assert len(await _numbers(actor, asked, "numerator", row.key)) == row.numerator
        if row.denominator is not None:
            assert len(await _numbers(actor, asked, "denominator", row.key)) == row.denominator


def _side_by_side(told: Report) -> None:
    """Both figures stand beside each other everywhere, the one that was asked for is one of them, and they differ by what was taken out."""
    for figure in (told.total, *told.rows):
        asked = figure.after_removal if told.unreasonable == "removed" else figure.before_removal
        assert asked.model_dump() == {name: getattr(figure, name) for name in type(asked).model_fields}
        assert figure.before_removal.numerator - figure.after_removal.numerator == figure.taken_out.numerator >= 0
        if figure.before_removal.denominator is not None:
            less = figure.before_removal.denominator - (figure.after_removal.denominator or 0)
            assert less == figure.taken_out.denominator >= 0
    if told.by:
        for name in ("numerator", "denominator"):
            assert sum(getattr(row.taken_out, name) or 0 for row in told.rows) == (getattr(told.total.taken_out, name) or 0)


async def _numbers(actor: Actor, asked: Asked, part: str, key: str | None) -> set[str]:
    """Collect the tickets of all pages."""
    found: list[str] = []
    after = None
    while True:
        async with unit_of_work(actor) as work:
            page = await counted_tickets(work, asked, part, key=key, after=after, limit=150)  # type: ignore[arg-type]
        found += [ticket.number for ticket in page.items]
        after = page.following
        if after is None:
            assert page.total == len(found) == len(set(found))
            return set(found)


async def test_sums_facts_and_tickets_agree_for_any_question_of_anybody(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    dice = random.Random(5)
    asked_questions: list[tuple[Asked, tuple[str, str]]] = []

    @settings(max_examples=220, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(ASKED, st.sampled_from([SEATS[0], *SEATS]))
    def draw(asked: Asked, seat: tuple[str, str]) -> None:
        asked_questions.append((asked, seat))

    draw()
    answered = 0
    for asked, seat in asked_questions:
        actor = seated(*seat, units)
        if seat[0] == "grid_worker":  # somebody with two posts, of which one reaches an area and both were given tickets
            actor = replace(actor, seats=(*actor.seats, *seated("township_dispatcher", "T1", units).seats))
        try:
            async with unit_of_work(actor) as work:
                await _agrees(work, asked)
        except (Forbidden, Invalid):
            continue
        async with unit_of_work(actor) as work:
            told = await report(work, asked)
        answered += 1
        _side_by_side(told)
        if dice.random() < 0.3:
            await _drills_down(actor, asked, told)
    assert answered > 80


async def test_a_ticket_of_midnight_belongs_to_the_day_that_begins(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    county, units = busy
    midnights = await county.value("SELECT count(*) FROM report_facts WHERE (received_at AT TIME ZONE 'Asia/Shanghai')::time = '00:00'")
    assert isinstance(midnights, int)
    assert midnights > 20
    for offset in range(60):
        day = date(2026, 10, 12) + timedelta(days=offset)
        if day in NOW:
            continue
        async with unit_of_work(seated("analyst", ground.ROOT, units)) as work:
            await _agrees(work, Asked("received", day, day, source="all"))


async def test_nobody_counts_a_ticket_they_may_not_list(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    for seat in SEATS:
        actor = seated(*seat, units)
        async with unit_of_work(actor) as work:
            told = await report(work, Asked("received", FIRST, LAST, source="all"))
        async with unit_of_work(actor) as work:
            listed = await count_tickets(work.session, actor, TicketFilter())
        assert told.total.numerator + told.exclusions.total == listed, seat
        assert (listed < 400) == (seat[0] != "analyst"), seat


async def test_parts_of_a_question_are_all_of_it_and_share_no_ticket(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    posts = [*([seat] for seat in SEATS), [SEATS[1], SEATS[5], ("village_secretary", "T3V1")], [SEATS[4], SEATS[2]]]
    several = 0
    for some, unit in product(posts, (None, "T1", "T1V1", "T2V2G2")):
        actor = Actor("member", seats=tuple(seat for post in some for seat in seated(*post, units).seats))
        async with unit_of_work(actor) as work:
            try:
                question = await understand(work, Asked("received", FIRST, LAST, unit=unit, source="all"))
            except Forbidden:
                continue
            ids = [await _selected(work, part) for part in question.parts]
            assert sum(map(len, ids)) == len(set().union(*ids))
            assert set().union(*ids) == await _selected(work, question)
        assert all(part.whole for part in question.parts[:-1])
        several += sum(map(bool, ids)) > 1
    assert several > 3


async def _selected(work: Work, question: Question) -> set[UUID]:
    return set(await work.session.scalars(select(ReportFact.ticket_id).where(*question.conditions(FACT_COLUMNS))))


async def test_filters_mean_the_same_in_lists_and_in_reports(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    filters: list[dict[str, Any]] = [{"round": number} for number in (1, 2, 3)]
    filters += [{"urgency": "normal"}, {"urgency": "urgent"}, {"tier": "township"}, {"tier": "village"}, {"channel": "wechat", "round": 1}]
    for seat, wanted in product(SEATS[:3], filters):
        actor = seated(*seat, units)
        async with unit_of_work(actor) as work:
            told = await report(work, Asked("received", FIRST, LAST, source="all", **wanted))
        async with unit_of_work(actor) as work:
            listed = await count_tickets(work.session, actor, TicketFilter(**{name: [value] for name, value in wanted.items()}))
        assert told.total.numerator + told.exclusions.total == listed, (seat, wanted)


async def test_every_grouping_of_every_metric_adds_up(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    actor = seated("analyst", ground.ROOT, units)
    pairs = list(product(METRICS, GROUPINGS))  # 19 groupings: every fourth pair has each metric and each grouping many times
    for metric, by in pairs[::4]:
        async with unit_of_work(actor) as work:
            told = await report(work, Asked(metric, FIRST, LAST, by=by))  # type: ignore[arg-type]
        assert sum(row.numerator for row in told.rows) == told.total.numerator
        assert sum(row.denominator or 0 for row in told.rows) == (told.total.denominator or 0)
        assert len({row.key for row in told.rows}) == len(told.rows)


async def test_times_from_cells_facts_and_tickets_agree(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    dice = random.Random(7)
    months = (date(2026, 10, 1), date(2026, 11, 30))
    measured = 0
    for metric, by in product(TIMES, (None, "unit:township", "unit:village", "month", "week", "department", "channel")):
        first, last = dice.choice((months, (FIRST, LAST), (date(2026, 10, 17), date(2026, 12, 3))))
        asked = Asked(metric, first, last, unit=dice.choice((None, "T1")), by=by, exclusions=dice.choice(("kept", "removed")))  # type: ignore[arg-type]
        actor = seated(*dice.choice((SEATS[0], SEATS[0], SEATS[1])), units)
        async with unit_of_work(actor) as work:
            await one_snapshot(work.session)
            question = await understand(work, asked, times=True)
            both = [await duration_sums(work.session, question, MEASURES[question.metric.measure], by_sums=kept) for kept in (True, False)]
            told = await time_report(work, asked)
        assert both[0] == both[1]
        assert sum(row.tickets for row in told.rows) == (told.total.tickets if by else 0)
        measured += told.total.tickets
        for key, expected in [(None, told.total), *((row.key, row) for row in told.rows[:3])]:
            async with unit_of_work(actor) as work:
                found = await timed_tickets(work, asked, "measured", key=key, after=None, limit=200)
            assert found.total == expected.tickets
            async with unit_of_work(actor) as work:
                slowest = await timed_tickets(work, asked, "slowest", key=key, after=None, limit=200)
            assert (slowest.total > 0) == (not expected.no_data)
            assert slowest.total <= found.total
    assert measured > 300


async def test_units_without_tickets_are_shown_and_a_rate_of_theirs_is_no_data(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    actor = seated("analyst", ground.ROOT, units)
    async with unit_of_work(actor) as work:
        told = await report(work, Asked("completion_rate_received", FIRST, LAST, by="unit:village"))
    rows = {row.key: row for row in told.rows}
    assert rows["T2V1"].no_data
    assert rows["T2V1"].shown == "—"
    assert rows["T2V1"].percent is None
    assert rows["T1V1"].name == "1镇1村"
    assert rows["-"].name == "未定位到该层级"


async def test_before_the_first_ticket_there_is_no_data_and_not_zero(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    actor = seated("analyst", ground.ROOT, units)
    async with unit_of_work(actor) as work:
        told = await report(work, Asked("received", date(2026, 1, 1), date(2026, 11, 30), by="month"))
    shown = {row.name: row.shown for row in told.rows}
    assert shown["2026-08"] == "—"
    assert shown["2026-10"] not in ("—", "0")
    async with unit_of_work(actor) as work:
        long_ago = await report(work, Asked("received", date(2020, 1, 1), date(2020, 12, 31)))
    assert (long_ago.total.value, long_ago.total.shown, long_ago.total.no_data) == (None, "—", True)


IMPOSSIBLE: list[tuple[Asked, tuple[str, str], type[Problem], str]] = [
    (Asked("nothing"), SEATS[0], NotFound, "metric.unknown"),
    (Asked("received", unit="NOWHERE"), SEATS[0], NotFound, "unit.unknown"),
    (Asked("received", channel="pigeon"), SEATS[0], NotFound, "channel.unknown"),
    (Asked("received", category="fish"), SEATS[0], NotFound, "category.unknown"),
    (Asked("received", unit="D-WATER"), SEATS[0], Invalid, "unit.not_an_area"),
    (Asked("received", LAST, FIRST), SEATS[0], Invalid, "period.invalid"),
    (Asked("received", date(2020, 1, 1), LAST, by="day"), SEATS[0], Invalid, "period.invalid"),
    (Asked("received", unit="T1V1", by="unit:township"), SEATS[0], Invalid, "grouping.too_coarse"),
    (Asked("received", unit="T2"), SEATS[1], Forbidden, "unit.outside_scope"),
    (Asked("received", unit="T1"), SEATS[2], Forbidden, "unit.outside_scope"),
    (Asked("received", holder="D-WATER"), SEATS[1], Forbidden, "unit.outside_scope"),
]


async def test_what_is_unknown_impossible_or_not_theirs_is_said_plainly(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    for asked, seat, problem, code in IMPOSSIBLE:
        with pytest.raises(problem) as caught:
            async with unit_of_work(seated(*seat, units)) as work:
                await report(work, asked)
        assert caught.value.code == code


async def test_a_row_of_which_everything_was_taken_out_still_says_so(busy: tuple[TestDatabase, dict[str, UUID]]) -> None:
    _county, units = busy
    actor, emptied = seated("analyst", ground.ROOT, units), 0
    for week in range(8):
        first = date(2026, 10, 12) + timedelta(weeks=week)
        async with unit_of_work(actor) as work:
            told = await report(work, Asked("completed", first, first + timedelta(days=6), by="department", exclusions="removed"))
        _side_by_side(told)
        emptied += sum(not row.numerator and row.taken_out.numerator > 0 for row in told.rows)
    assert emptied
