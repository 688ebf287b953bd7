"""No answer waits for the worker, and every report can be asked for as it was known."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.organization.queries import forget_unit_tree
from services.platform.actor import SYSTEM
from services.platform.database import REPORTING, WORKER, Database, database, use_database
from services.platform.unit_of_work import unit_of_work
from services.reports import known
from services.reports.counting import count
from services.reports.drilldown import counted_tickets
from services.reports.figures import report
from services.reports.metrics import METRICS
from services.reports.questions import Asked
from services.reports.views import Report
from services.tickets.changes import Change, EventDraft
from services.tickets.loading import lock
from services.tickets.recording import write
from tests.conftest import TestDatabase
from tests.reports import ground

FIRST, LAST = date(2026, 9, 1), date(2027, 1, 31)
EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
QUESTIONS = [
    Asked("completion_rate_due", FIRST, LAST),
    Asked("completion_rate_due_less_deferred", FIRST, LAST, by="unit:township"),
    Asked("received", FIRST, date(2026, 11, 15), by="channel"),
    Asked("received", FIRST, LAST, by="month", unit="T1"),
    Asked("satisfaction_rate", FIRST, LAST, by="department"),
    Asked("first_time_fix_rate", FIRST, LAST, by="round", exclusions="removed"),
]


@pytest.fixture
async def county(empty: TestDatabase) -> AsyncIterator[TestDatabase]:
    """An empty county, open under the worker's role."""
    keeper = Database(empty.url, WORKER)
    use_database(keeper)
    yield empty
    await keeper.close()


async def answers(at: datetime | None = None) -> list[Report]:
    """What an analyst is told, of one snapshot; each figure leads to as many tickets as it says."""
    told = []
    async with unit_of_work(SYSTEM) as work:
        for asked in QUESTIONS:
            question = replace(asked, as_of=at)
            found = await report(work, question)
            behind = await counted_tickets(work, question, "numerator", key=None, after=None, limit=1)
            assert behind.total == found.total.numerator
            told.append(found)
    return told


def figures(told: list[Report]) -> list[Any]:
    """Return what must be the same: everything but when it was asked."""
    return [found.model_dump(exclude={"as_of", "stale_seconds"}) for found in told]


async def counted(ids: list[UUID]) -> None:
    async with unit_of_work(SYSTEM) as work:
        await count(work, ids)


async def forget_deliveries(county: TestDatabase, ids: list[UUID]) -> None:
    await county.owner.execute("DELETE FROM deliveries WHERE subject_id = ANY($1)", ids)


async def test_what_is_not_counted_yet_is_in_every_answer(county: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(5)
    units = await ground.plant(county.owner)
    tickets = await ground.scatter(county.owner, dice, 150, units)
    await ground.tell(tickets, EPOCH)
    await counted(tickets[:100])
    await forget_deliveries(county, tickets[:100])
    moved = dice.sample(tickets, 40)
    await ground.stir(county.owner, dice, moved)
    await ground.tell(moved, EPOCH + timedelta(days=1))
    worker, reader = database(), Database(county.url, REPORTING)
    use_database(reader)
    early = await answers()
    await reader.close()
    use_database(worker)
    assert {found.stale_seconds for found in early} == {0}
    monkeypatch.setattr(known, "MOST", 10)  # as where more are owed than anybody who reads should fold
    late = await answers()
    assert {found.as_of for found in late} == {EPOCH}
    assert all(found.stale_seconds > 0 for found in late)
    assert figures(late) != figures(early)
    await counted(tickets)
    await forget_deliveries(county, tickets)
    assert figures(await answers()) == figures(early)


async def test_what_is_too_much_to_fold_is_never_taken_for_all(county: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(7)
    tickets = await ground.scatter(county.owner, dice, 30, await ground.plant(county.owner))
    for hour in range(3):  # several deliveries a ticket: the first 24 are of eight tickets
        for ticket in tickets[:8] if hour < 2 else tickets:
            await ground.stir(county.owner, dice, [ticket])
            await ground.tell([ticket], EPOCH + timedelta(hours=hour))
    later = EPOCH + timedelta(days=1)
    everything = await answers(), await answers(later)
    monkeypatch.setattr(known, "MOST", 12)
    for parked in (False, True):
        told = await answers()
        assert {found.as_of for found in told} == {EPOCH}
        assert all(found.stale_seconds > 0 for found in told), f"parked: {parked}"
        then = await answers(later)
        assert {(found.as_of, found.stale_seconds) for found in then} == {(EPOCH, 86_400)}
        assert figures(told) != figures(everything[0])
        await county.owner.execute("UPDATE deliveries SET parked_at = now() WHERE handler = 'count'")
    before = await answers(EPOCH - timedelta(days=1))
    assert {(found.as_of, found.stale_seconds) for found in before} == {(EPOCH - timedelta(days=1), 0)}
    await counted(tickets)
    await forget_deliveries(county, tickets)
    assert (figures(await answers()), figures(await answers(later))) == tuple(figures(told) for told in everything)


async def test_a_journal_that_cannot_be_read_takes_no_other_ticket_away(county: TestDatabase) -> None:
    dice = random.Random(9)
    tickets = await ground.scatter(county.owner, dice, 20, await ground.plant(county.owner))
    await ground.tell(tickets, EPOCH)
    await counted(tickets)
    await forget_deliveries(county, tickets)
    before = await answers()
    async with unit_of_work(SYSTEM) as work:
        broken, *_rest = await lock(work.session, tickets)
        await write(replace(work, now=EPOCH + timedelta(days=1)), [Change(broken, (EventDraft("ticket.called_back", {}),))])
    told = await answers()
    assert figures(told) == figures(before)
    assert {found.as_of for found in told} == {EPOCH + timedelta(days=1)}
    assert all(found.stale_seconds > 0 for found in told)
    await ground.stir(county.owner, dice, tickets[1:])
    await ground.tell(tickets[1:], EPOCH + timedelta(days=2))
    fresh = figures(await answers())
    assert fresh != figures(before)
    assert figures(await answers(EPOCH + timedelta(hours=1))) == figures(before)
    await counted([ticket for ticket in tickets if ticket != broken.id])
    await county.owner.execute("DELETE FROM deliveries WHERE subject_id <> $1", broken.id)
    assert figures(await answers()) == fresh


async def test_a_ticket_of_an_older_journal_can_be_called_back(county: TestDatabase) -> None:
    await ground.plant(county.owner)
    ticket_id = await ground.put(county.owner)
    await ground.tell([ticket_id], EPOCH)
    async with unit_of_work(SYSTEM) as work:
        (ticket,) = await lock(work.session, [ticket_id])
        words = {"reached": True, "contacted": True, "solved": True, "satisfied": False}
        await write(work, [Change(ticket, (EventDraft("ticket.called_back", words),))])
    await counted([ticket_id])
    assert await county.fetch("SELECT reached, contacted, solved, satisfied FROM report_facts") == [(True, True, True, False)]


async def test_every_report_can_be_asked_for_as_it_was_known(county: TestDatabase) -> None:
    dice = random.Random(6)
    units = await ground.plant(county.owner)
    tickets: list[UUID] = []
    kept: dict[datetime, list[Any]] = {}
    for day in range(5):
        at = EPOCH + timedelta(days=day)
        fresh = await ground.scatter(county.owner, dice, 40, units)
        moved = dice.sample(tickets, min(len(tickets), 30))
        await ground.stir(county.owner, dice, moved)
        tickets += fresh
        await ground.tell(fresh + moved, at)
        if day % 2:  # every other day's deliveries are only counted the day after: what was known does not hang on that
            await counted(tickets)
            await forget_deliveries(county, tickets)
        kept[at + timedelta(hours=12)] = figures(await answers())
    for at, told in kept.items():
        assert figures(await answers(at)) == told, "late facts change later answers only"
    assert all(found.as_of == EPOCH + timedelta(hours=12) for found in await answers(EPOCH + timedelta(hours=12)))
    assert {found.total.numerator for found in await answers(EPOCH - timedelta(days=1))} == {0}


def test_questions_are_of_metrics_there_are() -> None:
    assert {asked.metric for asked in QUESTIONS} <= set(METRICS)


async def test_a_unit_is_asked_for_where_it_stood_then(county: TestDatabase) -> None:
    await ground.plant(county.owner)
    ticket = await ground.put(county.owner)  # in T1V1, which lies in T1
    await ground.tell([ticket], EPOCH)
    asked = Asked("received", FIRST, LAST, unit="T1V1", as_of=EPOCH + timedelta(hours=1))

    async def told(question: Asked) -> int:
        async with unit_of_work(SYSTEM) as work:
            return (await report(work, question)).total.numerator

    assert (await told(asked), await told(replace(asked, unit="T1")), await told(replace(asked, unit="T2"))) == (1, 1, 0)
    moved = ground.path("T2", "T1V1")
    await county.owner.execute("UPDATE units SET path = $1, version = version + 1 WHERE code = 'T1V1'", moved)
    await county.owner.execute("UPDATE tickets SET area_path = $1 WHERE id = $2", moved, ticket)
    forget_unit_tree()
    await ground.tell([ticket])
    assert (await told(asked), await told(replace(asked, unit="T1")), await told(replace(asked, unit="T2"))) == (1, 1, 0)
    assert (await told(replace(asked, as_of=None)), await told(replace(asked, unit="T2", as_of=None))) == (1, 1)
