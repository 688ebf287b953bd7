"""Trying rules on what is in the database: nothing is written, and what is too much is refused."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from intake_api import policies, sessions
from services.complaints.commands import FileComplaint, Place, Telling
from services.complaints.filing_desk import file_complaint
from services.platform.actor import SYSTEM
from services.platform.clock import local_day, now
from services.platform.database import database
from services.platform.errors import Problem
from services.policies.actions import definition_of
from services.simulation.kinds import KINDS, forget_rules
from services.simulation.matters import Period
from services.simulation.simulating import BATCH, read_only, simulate
from tests.county import STAFFED_GRID, sign_in
from tests.web.doors import client_of

MATTERS = 7


@pytest.fixture
async def today(county):
    """A period with some matters in it, that the worker has dispatched."""
    forget_rules()
    for nth in range(MATTERS):
        telling = Telling(words="水渠塌了", category="water.canal", place=Place(unit_code=STAFFED_GRID))
        await file_complaint(FileComplaint("hotline", f"m-{nth}", telling), SYSTEM)
    await county.settle()
    day = local_day(now())
    return Period(day - timedelta(days=1), day)


async def _tried(kind, change, period, monkeypatch, **more):
    """Try the rules in force, as `change` makes them."""
    monkeypatch.setattr("services.simulation.simulating.BATCH", 3)  # several batches of few matters
    async with database().transaction() as session:
        await read_only(session)
        version = 1 if kind in ("calendar", "catalogue") else 0
        definition = change(await definition_of(session, KINDS[kind], version))
        return await simulate(session, KINDS[kind], definition, period, now(), **more)


async def test_every_kind_is_tried_and_nothing_is_written(county, today, monkeypatch):
    before = await _everything(county)
    told = []
    judging = {"assessment", "composite", "retention", "assistance"}
    for kind in judging:
        with pytest.raises(Problem) as refused:
            await _tried(kind, lambda definition: definition, today, monkeypatch)
        assert refused.value.code == "simulation.nothing_to_try"
    for kind in KINDS.keys() - judging:
        same = await _tried(
            kind, lambda definition: definition, today, monkeypatch, progress=lambda done, total: told.append((done, total))
        )
        assert (same.matters, same.moved, same.deadlines.moved, same.levels.gained, same.findings) == (MATTERS, [], 0, {}, []), kind
    assert told == [(3, MATTERS), (6, MATTERS), (7, MATTERS)] * len(KINDS.keys() - judging)
    assert BATCH == 500
    moved = []
    for weekday in (1, 3):
        deadlines = (await _tried("calendar", _only(weekday), today, monkeypatch)).deadlines
        moved.append(deadlines.earlier.get("accept", 0) + deadlines.later.get("accept", 0))
    assert max(moved) == MATTERS, "a working day to sign: one of the two weekdays is not the next working day"
    assert set(moved) <= {0, MATTERS}
    early = {"rules": [{"code": "at-once", "levels": [{"name": "list", "after": {"percent": 0}}]}]}
    never = await _tried("ladder", lambda _: early, today, monkeypatch)
    assert never.levels.after == {}, "nothing is late yet"
    assert await _everything(county) == before
    async with database().sessions() as session:
        await read_only(session)
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await session.execute(text("UPDATE tickets SET urgency = 'normal'"))


def _only(weekday):
    """The calendars in force, but worked on one day of the week alone."""

    def change(definition):
        default = {**definition["calendars"]["default"], "weekdays": [weekday], "keeps_holidays": False}
        return {**definition, "calendars": {"default": default}}

    return change


async def _everything(county):
    """What stands in every table a trial looks at, or could have written to."""
    return [
        await county.value(f"SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM {table} AS t")
        for table in ("tickets", "clocks", "clock_moves", "escalations", "assignments", "events", "deliveries", "policies", "categories")
    ]


async def test_what_is_too_much_or_cannot_be_read_is_refused(county, today, monkeypatch):
    for more, change, code in (
        ({"at_most": MATTERS - 1}, lambda definition: definition, "simulation.too_many"),
        ({}, lambda _: {"rules": 7}, "policy.blocked"),
    ):
        with pytest.raises(Problem) as refused:
            await _tried("ladder", change, today, monkeypatch, **more)
        assert refused.value.code == code
    async with client_of([sessions.router, policies.router]) as client:
        asked = [
            ("county", {}, 403),
            ("admin", {}, 200),
            ("admin", {"first_day": "2026-01-01"}, 422),
            ("admin", {"first_day": "2026-02-01", "last_day": "2026-01-01"}, 422),
            ("admin", {"first_day": "2020-02-01", "last_day": "2026-01-01"}, 422),
            ("admin", {"first_day": "0001-01-01", "last_day": "0001-01-02"}, 422),
        ]
        for login, body, status in asked:
            answer = await client.post("/v1/policies/ladder/0/simulation", json=body, headers=await sign_in(client, login))
            assert answer.status_code == status, answer.text


async def test_a_limit_that_was_corrected_counts_as_the_shorter_one_and_not_twice(county, today, monkeypatch):
    """The limit in its row is the shorter one already; taken off again, it would have been over before it began."""
    clock_id = await county.value("SELECT id FROM clocks WHERE stage = 'resolve' ORDER BY id LIMIT 1")
    await county.owner.execute(
        "INSERT INTO clock_moves (id, clock_id, ticket_id, kind, due_before, due_after, recorded_at) SELECT gen_random_uuid(), id,"
        " ticket_id, 'correction', due_at, due_at - interval '20 days', now() FROM clocks WHERE id = $1",
        clock_id,
    )
    await county.owner.execute("UPDATE clocks SET due_at = due_at - interval '20 days' WHERE id = $1", clock_id)
    found = await _tried("ladder", lambda definition: definition, today, monkeypatch)
    assert found.levels.before == {}
