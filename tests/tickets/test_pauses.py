"""More time and time that stands still: asked for before the limit is over, granted by somebody else, capped, and ended by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform import clock as platform_clock
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.unit_of_work import unit_of_work
from services.tickets.models import Extension, Suspension
from services.tickets.rebuilding import check_clocks
from services.tickets.resuming import end_some_suspensions
from tests.tickets.played import MONDAY, TOWN, WATER, Played
from tests.tickets.test_clock_promises import clocks, do
from tests.tickets.test_dispatch_and_escalation import file, ticket

PAUSE = {"reason": "force_majeure"}


def accepted(**more):
    played = Played(**more)
    played.does("village", "accept")
    return played


ACCEPTED = accepted()


def resolve_clock(played):
    (clock,) = played.clocks("resolve")
    return clock


def test_more_time_is_asked_for_before_the_limit_is_over_and_one_at_a_time():
    played = accepted()
    days = {"working_days": 2, "reason": "materials"}
    with pytest.raises(ValueError, match="reason"):
        played.does("village", "request_extension", working_days=2, reason="tired")
    played.does("village", "request_extension", **days)
    assert "request_extension" not in played.offered("village")
    assert played.refused("village", "request_extension", **days) == "extension.pending"
    played.does("town", "decide_extension", granted=False)
    played.now = resolve_clock(played)["due_at"]
    assert played.refused("village", "request_extension", **days) == "extension.too_late"
    assert "request_extension" not in played.offered("village")


def test_more_time_is_granted_by_another_person_of_another_unit_and_twice_at_most():
    played = Played(TOWN)
    played.does("town", "accept")
    before = resolve_clock(played)["due_at"]
    for _ in range(2):
        played.does("town", "request_extension", working_days=2, reason="weather")
        assert played.refused("town", "decide_extension", granted=True) == "ticket.holder_approves"
        assert "decide_extension" not in played.offered("town")
        played.does("county", "decide_extension", granted=True)
    clock = resolve_clock(played)
    assert (clock["first_due_at"], clock["due_at"] > before) == (before, True)
    assert played.refused("town", "request_extension", working_days=2, reason="weather") == "extension.used_up"
    assert played.refused("county", "decide_extension", granted=True) == "extension.none_pending"
    assert [row["granted"] for row in played.of(Extension)] == [True, True]


def test_nobody_grants_their_own_request_from_another_seat():
    from dataclasses import replace

    from services.platform.errors import Forbidden
    from services.tickets.deciding import decide
    from tests.tickets.played import COMMAND, person

    played = accepted()
    played.does("village", "request_extension", working_days=2, reason="funds")
    played.does("village", "request_suspension", review_in_working_days=2, **PAUSE)
    asked = replace(person("village"), seats=person("county").seats)  # the same person, called to the county meanwhile
    for action, code in (("decide_extension", "extension.own_request"), ("decide_suspension", "suspension.own_request")):
        command = COMMAND.validate_python({"action": action, "granted": True, "words": "同意"})
        with pytest.raises(Forbidden) as refused:
            decide(played.case(), command, asked, played.now)
        assert refused.value.code == code
        county = person("county")
        lent = replace(played.case(), lenders={asked.account_id: county.account_id})  # what asked was a key of the county's own
        with pytest.raises(Forbidden) as refused:
            decide(lent, command, county, played.now)
        assert refused.value.code == code


def test_a_pause_is_asked_for_and_granted_by_somebody_else_and_counts_from_then():
    played = accepted()
    data = played.does("village", "request_suspension", review_in_working_days=3, **PAUSE)
    assert resolve_clock(played)["state"] == "running", "nothing stands still by asking"
    assert played.refused("village", "request_suspension", review_in_working_days=3, **PAUSE) == "suspension.pending"
    assert played.refused("county", "suspend", **PAUSE) == "suspension.pending", "decide on what was asked"
    assert played.refused("village", "decide_suspension", granted=True) == "ticket.holder_approves"
    played.later(hours=5)
    played.does("town", "decide_suspension", granted=True)
    assert (resolve_clock(played)["state"], resolve_clock(played)["paused_at"]) == ("paused", played.now)
    assert played.ticket["suspended_until"] == datetime(2026, 11, 19, 16, tzinfo=UTC), "the third working day is over"
    assert [row["id"] for row in played.of(Suspension)] == [
        row["id"] for row in played.of(Suspension) if str(row["id"]) == data["suspension_id"]
    ]


def test_a_refused_pause_stops_nothing_and_does_not_count():
    played = accepted()
    for _ in range(3):
        played.does("village", "request_suspension", review_in_working_days=3, **PAUSE)
        played.does("town", "decide_suspension", granted=False)
    assert resolve_clock(played)["state"] == "running"
    played.does("town", "suspend", review_in_working_days=60, **PAUSE)


def test_what_is_late_stands_still_for_nobody():
    played = accepted()
    played.does("village", "request_suspension", review_in_working_days=3, **PAUSE)
    played.now = resolve_clock(played)["due_at"]
    assert played.refused("town", "decide_suspension", granted=True) == "ticket.overdue"
    played.does("town", "decide_suspension", granted=False)
    assert played.refused("village", "request_suspension", review_in_working_days=3, **PAUSE) == "ticket.overdue"
    assert played.refused("town", "suspend", **PAUSE) == "ticket.overdue"
    assert not {"suspend", "decide_suspension"} & set(played.offered("town"))


def test_two_pauses_a_round_and_sixty_working_days_in_all():
    played = accepted()
    played.does("town", "suspend", review_in_working_days=59, **PAUSE)
    assert played.refused("town", "suspend", **PAUSE) == "ticket.suspended"
    played.later(days=2)
    played.does("village", "resume")
    assert played.refused("town", "suspend", review_in_working_days=59, **PAUSE) == "suspension.days_used_up", "two were used"
    played.does("town", "suspend", review_in_working_days=58, **PAUSE)
    played.does("village", "resume")
    assert played.refused("town", "suspend", review_in_working_days=1, **PAUSE) == "suspension.used_up"
    assert "suspend" not in played.offered("town")
    assert "request_suspension" not in played.offered("village")


def test_the_days_of_earlier_rounds_count_and_the_number_of_pauses_does_not():
    played = accepted()
    played.does("town", "suspend", review_in_working_days=60, **PAUSE)
    played.later(days=120)
    played.does("village", "resume")
    played.does("village", "resolve")
    played.does("county", "reopen")
    played.does("town", "dispatch", unit=WATER)
    played.does("water", "accept")
    assert played.refused("county", "suspend", review_in_working_days=1, **PAUSE) == "suspension.days_used_up"


@given(st.integers(1, 20), st.integers(0, 60), st.integers(0, 20))
def test_a_pause_ends_on_its_last_day_whenever_anybody_notices(days, late, hours):
    played = ACCEPTED.twin()
    played.does("town", "suspend", review_in_working_days=days, **PAUSE)
    prompt = played.twin()
    until = played.ticket["suspended_until"]
    assert played.refused("system", "resume") == "ticket.suspended", "not before"
    prompt.now, played.now = until, until + timedelta(days=late, hours=hours)
    prompt.does("system", "resume")
    played.does("system" if hours else "village", "resume")
    assert resolve_clock(played)["due_at"] == resolve_clock(prompt)["due_at"]
    assert resolve_clock(played)["paused_for"] == until - MONDAY
    assert [row["ended_at"] for row in played.of(Suspension)] == [until]
    (review,) = played.clocks("review")
    assert (review["state"], review["stopped_at"]) == ("stopped", until)


def test_tasks_stand_still_with_the_work_and_a_whistle_does_not():
    played = accepted(co=(WATER,))
    played.does("town", "suspend", **PAUSE)
    assert played.states("task") == [(WATER, "paused")]
    at = (played.now + timedelta(hours=1)).isoformat()
    played.does("town", "whistle", kind="emergency", units=[WATER], meet_at=at, place="路口")
    assert played.states("respond") == [(WATER, "running")]


def test_no_request_and_no_pause_outlives_its_round():
    played = accepted()
    played.does("village", "request_suspension", review_in_working_days=3, **PAUSE)
    played.does("village", "request_extension", working_days=2, reason="funds")
    played.does("village", "resolve")
    assert [row["granted"] for row in (*played.of(Suspension), *played.of(Extension))] == [False, False]
    ended = accepted()
    ended.does("town", "suspend", **PAUSE)
    ended.does("town", "cancel", reason="withdrawn")
    assert (ended.ticket["suspended_at"], ended.ticket["suspended_until"]) == (None, None)
    assert [row["ended_at"] for row in ended.of(Suspension)] == [ended.now]


async def test_the_worker_ends_a_pause_that_is_over_wherever_the_ticket_went_meanwhile(county, monkeypatch):
    filed, other = await file(category="water.canal"), await file(category=None)
    await county.settle()
    for number in (filed.number, other.number):
        await do("grid", number, "accept")
        await do("pengzhai", number, "suspend", reason="waiting_for_season", review_in_working_days=2)
    await do("pengzhai", filed.number, "transfer", unit="441624108213")
    until = (await ticket(county, filed.number))["suspended_until"]

    async def turn():
        async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
            return await end_some_suspensions(work, 100)

    assert await turn() == 0
    later = until + timedelta(days=3)
    monkeypatch.setattr(platform_clock, "now", lambda: later)
    assert (await turn(), await turn()) == (2, 0)
    row = await ticket(county, filed.number)
    assert (row["status"], row["suspended_at"], row["suspended_until"]) == ("dispatched", None, None)
    assert await clocks(county, filed.number, "paused") == []
    told = await county.fetch("SELECT happened_at FROM events WHERE type = 'ticket.resumed'")
    assert [event["happened_at"] for event in told] == [until, until], "at the instant it was over, not when somebody came"
    await an_end_within_the_pause_is_reported_afterwards(county, other.number)


async def an_end_within_the_pause_is_reported_afterwards(county, number):
    """The pause counts up to it: net and due are as if it had been over then, in the row and by the journal alone."""
    pause = (await county.fetch("SELECT began_at FROM suspensions s JOIN tickets t ON t.id = s.ticket_id WHERE t.number = $1", number))[0]
    at = pause["began_at"] + timedelta(hours=1)
    await do("grid", number, "resolve", happened_at=at)
    row = (await county.fetch("SELECT c.* FROM clocks c JOIN tickets t ON t.id = c.ticket_id WHERE t.number = $1 AND stage = 'resolve'",
                              number))[0]  # fmt: skip
    assert (row["stopped_at"], row["paused_for"]) == (at, timedelta(hours=1))
    assert row["due_at"] - row["first_due_at"] in (timedelta(), timedelta(days=1), timedelta(days=3)), "a midnight passed at most"
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        async for checked in check_clocks(work.session):
            assert checked.differences == ()
