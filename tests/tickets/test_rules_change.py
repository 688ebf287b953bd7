"""Rules change while tickets are open: what was promised stays, and nothing stands still because of it."""

from datetime import timedelta

import orjson

from dispatch_worker.handlers import HANDLERS
from services.catalogue.actions import KIND as CATALOGUE_KIND
from services.catalogue.queries import catalogue, present_definition
from services.deadlines.changing import CALENDAR_KIND, LADDER_KIND, load_years
from services.deadlines.queries import clock_rules
from services.journal.draining import drain
from services.organization import snapshots
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import WORKER, use_database
from services.platform.unit_of_work import unit_of_work
from services.policies.actions import activate, definition_of, draft, withdraw
from services.policies.queries import timetable_of
from services.simulation.kinds import forget_rules
from services.tickets.rebuilding import check_clocks
from services.tickets.recalculating import recalculate
from tests.county import SHUIKOU
from tests.tickets.test_dispatch_and_escalation import escalate, file

LISTED = {"2031": {"official": True, "source": "通知", "off": {"2031-01-01": "元旦"}, "on": {}}}
ONE_LEVEL = {"rules": [{"code": "one", "levels": [{"name": "urge", "after": {"percent": 0}}]}]}


async def change(kind, do, **more):
    """Bring into force what `do` makes of the rules of a kind."""
    async with unit_of_work(SYSTEM) as work:
        version = (await timetable_of(work.session, kind.name)).version_at(work.now)
        definition = orjson.loads(orjson.dumps(await definition_of(work.session, kind, version)))
        do(definition)
        policy = await draft(work, kind.name, definition)
        await activate(work, kind, policy.version, **more)
    forget_rules()
    return policy.version


async def announce(years):
    async with unit_of_work(SYSTEM) as work:
        return await load_years(work, years)


async def recalculated(county):
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        return await recalculate(work, 100)


async def differing():
    """Return the columns of clocks that the journal does not give; that one is provisional this page's tests write themselves."""
    async with unit_of_work(SYSTEM) as work:
        found = [page.differences async for page in check_clocks(work.session)]
    return {name for page in found for one in page for name in one.columns or {"all"}} - {"provisional"}


async def resolve(county):
    (row,) = await county.fetch("SELECT * FROM clocks WHERE stage = 'resolve'")
    return row


async def provisional(county):
    """File a ticket whose limit rests on guessed days."""
    filed = await file()
    await county.settle()
    await county.owner.execute("UPDATE clocks SET provisional = true WHERE stage = 'resolve'")
    return filed


def _hall(definition):
    definition["calendars"]["hall"] = {**definition["calendars"]["default"], "name": "服务大厅"}
    definition["units"] = {SHUIKOU: "hall"}


def _no_hall(definition):
    del definition["calendars"]["hall"]
    definition["units"] = {}


def _mondays(definition):
    definition["calendars"]["default"]["weekdays"] = [1]


async def test_hours_that_change_move_no_limit_though_it_rests_on_guessed_days(county):
    await provisional(county)
    before = await resolve(county)
    await change(CALENDAR_KIND, _mondays)
    assert await recalculated(county) == 0
    assert await resolve(county) == before
    assert await announce(LISTED)
    assert await recalculated(county) == 1, "a year was announced"


async def test_a_calendar_that_is_taken_out_and_a_unit_that_ends_keep_no_announced_year_from_anybody(county):
    await change(CALENDAR_KIND, _hall)
    await provisional(county)
    assert (await resolve(county))["calendar_code"] == "hall"
    await county.owner.execute("UPDATE units SET valid_to = '2026-01-01' WHERE code = $1", SHUIKOU)
    assert await announce(LISTED), "a unit that has ended blocks what somebody changes, not what the State Council announces"
    await change(CALENDAR_KIND, _no_hall)
    assert await recalculated(county) == 1
    assert (await resolve(county))["calendar_code"] == "default"
    assert not await differing()


async def test_a_clock_older_than_the_record_of_deeds_keeps_what_it_was_granted(county):
    """A database of before: the journal tells of no clock, and a week of extension stands in the row alone."""
    await provisional(county)
    await county.owner.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    await county.owner.execute("UPDATE events SET data = data - 'clocks'")
    await county.owner.execute("UPDATE clocks SET due_at = due_at + interval '7 days', paused_for = '1 hour' WHERE stage = 'resolve'")
    before = await resolve(county)
    assert await announce(LISTED)
    assert await recalculated(county) == 1
    kept = ("first_due_at", "due_at", "paused_for", "state", "level")
    assert [(await resolve(county))[name] for name in kept] == [before[name] for name in kept]


async def test_a_clock_that_began_under_rules_withdrawn_that_very_second_goes_on(county, monkeypatch):
    later = clock.now() + timedelta(minutes=5)
    version = await change(LADDER_KIND, lambda definition: definition.update(ONE_LEVEL), at=later)
    async with unit_of_work(SYSTEM) as work:
        await clock_rules(work.session)
    monkeypatch.setattr(snapshots, "CHECKED_EVERY", 600.0)  # this process does not look again by itself
    monkeypatch.setattr(clock, "now", lambda: later - timedelta(milliseconds=50))
    async with unit_of_work(SYSTEM) as work:
        await withdraw(work, "ladder", version)
    monkeypatch.setattr(clock, "now", lambda: later + timedelta(milliseconds=50))
    await file()
    forget_rules()
    assert await county.value("SELECT ladder_version FROM clocks") == version
    monkeypatch.setattr(clock, "now", lambda: later + timedelta(days=2))
    assert await escalate(county) == 1
    assert await county.value("SELECT name FROM escalations") == "urge"
    assert not await differing()


async def test_a_process_that_has_not_seen_the_newest_rules_yet_keeps_the_promise(county, monkeypatch):
    """One process brings rules into force and files a ticket; the worker, which looked a moment before, dispatches it."""
    monkeypatch.setattr(snapshots, "CHECKED_EVERY", 600.0)
    async with county.as_role(WORKER) as worker:
        async with unit_of_work(SYSTEM) as work:
            await clock_rules(work.session)
            await catalogue(work.session)
        use_database(county.database)
        async with unit_of_work(SYSTEM) as work:
            ladder = await draft(work, "ladder", ONE_LEVEL)
            await activate(work, LADDER_KIND, ladder.version)
            definition = (await present_definition(work.session)).as_json()
            outage = next(found for found in definition["categories"] if found["code"] == "water.outage")
            outage["limits"]["accept"] = {"amount": 77, "unit": "minutes"}
            await activate(work, CATALOGUE_KIND, (await draft(work, "catalogue", definition)).version)
        await file(category="water.outage")
        use_database(worker)
        while (done := await drain(HANDLERS, batch=200)).taken:
            assert not done.failed
    clocks = {row["stage"]: row for row in await county.fetch("SELECT * FROM clocks")}
    assert clocks["dispatch"]["ladder_version"] == ladder.version
    assert (clocks["accept"]["limit_amount"], clocks["accept"]["ladder_version"]) == (77, ladder.version)
