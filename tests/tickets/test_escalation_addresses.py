"""Who is late, who is spoken to at each level, and what each unit is told: pure decisions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.deadlines.clocks import ClockState
from services.deadlines.due import StageLimit, TimeUnit
from services.deadlines.models import Escalation
from services.platform.actor import SYSTEM
from services.tickets import timing
from services.tickets.case import Deed
from services.tickets.lateness import escalated
from tests.tickets.test_escalation_machine import BEGIN, COUNTY, GRID, TOWN, VILLAGE, WATER, new_case

LATER = Deed(SYSTEM, BEGIN + timedelta(days=30))


def only(stage, *, blank=False, of=None, status="dispatched"):
    """A case with one clock alone, of two hours, that started when the ticket came."""
    case = new_case(urgency="normal", blank=blank)
    unit_id = case.around.tree.by_code[of].id if of else None
    (row,) = timing.start(case, stage, BEGIN, limit=StageLimit(stage, 120, TimeUnit.MINUTES), unit_id=unit_id)
    return replace(case, clocks=(ClockState(**row.row),), ticket=replace(case.ticket, status=status))


def levels(case, change):
    codes = {unit.id: unit.code for unit in case.around.tree.by_id.values()}
    rows = [insert.row for insert in change.inserts if insert.model is Escalation]
    return [(row["name"], codes[row["late_unit_id"]], codes[row["unit_id"]]) for row in rows]


def told(case, change):
    codes = {str(unit.id): unit.code for unit in case.around.tree.by_id.values()}
    assert all(event.data["tells"] == [] for event in change.events[:-1]), "only the last event tells"
    return {codes[tell["unit_id"]]: tell["as"] for tell in change.events[-1].data["tells"]}


@pytest.mark.parametrize(
    ("stage", "of", "late", "spoken"),
    [
        ("resolve", None, GRID, [GRID, TOWN, VILLAGE, COUNTY]),
        ("verify", None, TOWN, [TOWN, COUNTY, COUNTY, COUNTY]),
        ("review", None, TOWN, [TOWN, COUNTY, COUNTY, COUNTY]),
        ("adjudicate", None, TOWN, [TOWN, COUNTY, COUNTY, COUNTY]),
        ("task", VILLAGE, VILLAGE, [VILLAGE, TOWN, TOWN, COUNTY]),
        ("respond", WATER, WATER, [WATER, COUNTY, COUNTY, COUNTY]),
        ("instruct", WATER, WATER, [WATER, COUNTY, COUNTY, COUNTY]),
    ],
)
def test_each_level_speaks_to_the_one_it_is_for(stage, of, late, spoken):
    case = only(stage, of=of)
    change = escalated(case, LATER)
    expected = zip(("urge", "supervise", "raise", "list"), spoken, strict=True)
    assert levels(case, change) == [(name, late, unit) for name, unit in expected]
    assert set(told(case, change)) == {late, *spoken}, "each unit once"
    assert not change.values, "only what was not accepted or not dispatched moves"


def test_unaccepted_ticket_goes_one_tier_up_and_the_seat_before_hears_only_that():
    case = only("accept")
    change = escalated(case, LATER)
    assert change.values["lead_unit_id"] == case.around.tree.by_code[VILLAGE].id
    assert told(case, change) == {GRID: "relieved", VILLAGE: "holder", TOWN: "above", COUNTY: "above"}
    assert [event.data["moved"] for event in change.events] == [False, False, True, False]


def test_empty_seat_is_passed_over_at_once_and_undispatched_ticket_goes_to_the_desk_above():
    case = only("accept", blank=True)
    change = escalated(case, Deed(SYSTEM, BEGIN + timedelta(hours=2)))
    assert levels(case, change) == [("urge", GRID, VILLAGE)]
    assert change.values["lead_unit_id"] == case.around.tree.by_code[VILLAGE].id
    waiting = only("dispatch", status="received")
    assert escalated(waiting, LATER).values == {"desk_unit_id": waiting.around.tree.by_code[COUNTY].id}


def test_what_is_over_is_on_record_and_tells_nobody():
    case = only("accept")
    (stopped,) = timing.stop(case, ["accept"], BEGIN + timedelta(hours=20))
    over = replace(case, clocks=(replace(case.clocks[0], **stopped.values),))
    change = escalated(over, LATER)
    assert [name for name, _late, _unit in levels(over, change)] == ["urge", "supervise", "raise", "list"]
    assert told(over, change) == {}
    assert not change.values


def test_nothing_is_reached_before_its_time():
    assert escalated(only("accept"), Deed(SYSTEM, BEGIN + timedelta(hours=1))) is None
