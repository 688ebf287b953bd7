"""吹哨报到: who may call whom to the site, whose clock it is, and what happens twice, late or for nothing. Pure."""

from datetime import timedelta

import pytest

from services.tickets.models import Assignment, Whistle, WhistleCall
from tests.tickets.played import BLANK, COUNTY, HOTLINE, ROADS, TOWN, VILLAGE, WATER, Played, tree


def blown(*units, lead=TOWN, by="town", hours=3):
    played = Played(lead)
    call(played, by, *(units or (WATER, ROADS)), hours=hours)
    return played


def call(played, by="town", *units, hours=3):
    meet_at = (played.now + timedelta(hours=hours, seconds=17)).isoformat()
    return played.does(by, "whistle", kind="hard_problem", units=list(units), meet_at=meet_at, place="水口村小学门前")


def test_each_unit_called_has_a_clock_due_when_they_meet():
    played = Played(TOWN)
    data = call(played, "town", WATER, ROADS, WATER)
    assert len(data["called_unit_ids"]) == 2, "named twice is called once"
    assert {row["due_at"] for row in played.clocks("respond")} == {played.now + timedelta(hours=3, seconds=17)}
    assert played.states("respond") == [(WATER, "running"), (ROADS, "running")]
    assert "respond" in played.offered("water")
    assert "respond" not in played.offered("village")


def test_saying_that_one_comes_stops_nothing_and_being_there_does():
    played = blown()
    played.does("water", "respond", answer="coming")
    assert played.refused("water", "respond", answer="coming") == "whistle.answered_already"
    assert played.refused("roads", "respond", answer="not_coming") == "whistle.why_not"
    played.does("roads", "respond", answer="not_coming", words="另有抢险任务")
    assert played.states("respond") == [(WATER, "running"), (ROADS, "running")]
    played.later(hours=2)
    played.does("water", "respond", answer="arrived")
    played.does("roads", "respond", answer="coming")
    assert played.states("respond") == [(WATER, "stopped"), (ROADS, "running")]
    assert played.refused("water", "respond", answer="arrived") == "whistle.arrived_already"
    assert "respond" not in played.offered("water")


def test_whoever_arrives_late_is_late_whenever_it_is_written_down():
    played = blown()
    called = played.now
    played.later(hours=5)
    for early in (called - timedelta(minutes=1), played.now + timedelta(minutes=1)):
        assert played.refused("water", "respond", answer="arrived", happened_at=early.isoformat()).startswith("happened_at.")
    played.does("water", "respond", answer="arrived", happened_at=(called + timedelta(hours=2)).isoformat())
    played.does("roads", "respond", answer="arrived")
    on_time = {row["unit_id"]: row["stopped_at"] <= row["due_at"] for row in played.clocks("respond")}
    assert on_time == {tree().by_code[WATER].id: True, tree().by_code[ROADS].id: False}


def test_the_seat_above_comes_for_a_department_where_nobody_sits():
    played = blown(BLANK, WATER)
    assert played.states("respond") == [(COUNTY, "running"), (WATER, "running")]
    played.does("county", "respond", answer="arrived")
    assert played.states("respond") == [(COUNTY, "stopped"), (WATER, "running")]


def test_one_whistle_is_open_at_a_time_and_a_second_has_clocks_of_its_own():
    played = blown()
    assert "whistle" not in played.offered("town")
    at = (played.now + timedelta(hours=1)).isoformat()
    assert played.refused("county", "whistle", kind="emergency", units=[ROADS], meet_at=at, place="路口") == "whistle.open"
    played.does("town", "conclude_whistle")
    call(played, "town", WATER)
    assert [row["turn"] for row in played.clocks("respond")] == [1, 2, 3]
    assert played.states("respond")[-1] == (WATER, "running")


@pytest.mark.parametrize("unit", [TOWN, VILLAGE])
def test_a_whistle_calls_departments_of_the_county_ahead_of_time(unit):
    played = Played(TOWN)
    at = played.now + timedelta(hours=1)
    call = {"kind": "emergency", "place": "路口"}
    assert played.refused("town", "whistle", units=[unit], meet_at=at.isoformat(), **call) == "whistle.not_a_department"
    for wrong in (played.now, played.now - timedelta(hours=1), played.now + timedelta(days=31)):
        assert played.refused("town", "whistle", units=[WATER], meet_at=wrong.isoformat(), **call) == "whistle.meet_at"
    played.does("town", "whistle", units=[WATER, HOTLINE], meet_at=at.isoformat(), **call)


def test_a_village_asks_its_township_to_blow_the_whistle():
    played = Played(VILLAGE)
    assert "whistle" not in played.offered("village")
    at = (played.now + timedelta(hours=1)).isoformat()
    refused = played.refused("village", "whistle", units=[WATER], meet_at=at, kind="emergency", place="路口")
    assert refused == "whistle.township_only"
    call(played, "town", WATER)
    assert "conclude_whistle" not in played.offered("village")


def test_the_outcome_names_who_leads_and_who_helps_with_what():
    played = blown()
    played.does("water", "respond", answer="arrived")
    played.later(hours=4)
    helper = {"unit": TOWN, "task": "修复路面", "within_working_days": 5}
    data = played.does("town", "conclude_whistle", lead=WATER, co_handlers=[helper])
    assert data["absent_unit_ids"] == data["expected_unit_ids"] == [str(tree().by_code[ROADS].id)]
    assert (played.ticket["status"], played.holder, played.ticket["designated"]) == ("dispatched", WATER, True)
    assert [(row["task"], row["end"]) for row in played.of(Assignment) if row["part"] == "co"] == [("修复路面", None)], "who led may help"
    assert played.states("task") == [(TOWN, "running")]
    assert played.states("respond") == [(WATER, "stopped"), (ROADS, "stopped")], "whoever was late by then stays so"
    assert played.refused("water", "return", reason="not_ours") == "ticket.designated"
    assert [row["end_kind"] for row in played.of(Whistle)] == ["concluded"]


def test_the_outcome_cannot_give_a_county_matter_to_a_village_nor_name_a_unit_twice():
    played = Played(WATER, surface_to=WATER)
    call(played, "county", ROADS)
    assert played.refused("county", "conclude_whistle", lead=VILLAGE) == "ticket.county_matter"
    twice = [{"unit": ROADS, "task": "甲"}, {"unit": ROADS, "task": "乙"}]
    assert played.refused("county", "conclude_whistle", co_handlers=twice) == "ticket.already_there"
    assert played.refused("county", "conclude_whistle", co_handlers=[{"unit": WATER, "task": "甲"}]) == "ticket.already_there"
    played.does("county", "conclude_whistle", lead=WATER)
    assert (played.holder, played.ticket["designated"]) == (WATER, True), "a designation of who has it already"


@pytest.mark.parametrize("how", ["resolve", "cancel"])
def test_a_whistle_is_called_off_with_the_work(how):
    played = blown(hours=3)
    played.does("town", "accept")
    played.does("water", "respond", answer="arrived")
    data = played.does("town", "resolve") if how == "resolve" else played.does("county", "cancel", reason="withdrawn")
    assert data["expected_unit_ids"] == [str(tree().by_code[ROADS].id)], "who is not there yet is told"
    assert [state for _unit, state in played.states("respond")] == ["stopped", "cancelled"]
    assert [row["end_kind"] for row in played.of(Whistle)] == ["called_off"]
    assert played.refused("water", "respond", answer="arrived") in ("ticket.action_not_allowed", "ticket.not_yours")


def test_an_adjudication_is_not_forestalled_by_a_whistle():
    played = Played(TOWN)
    for _ in range(3):
        played.does("town", "return", reason="not_ours")
        if not played.ticket["adjudication"]:
            played.does("county", "dispatch", unit=TOWN)
    call(played, "county", WATER)
    assert played.refused("town", "conclude_whistle", lead=WATER) == "ticket.adjudication_open"
    played.does("county", "conclude_whistle")
    played.does("county", "adjudicate", unit=WATER)
    assert all(row["unit_id"] for row in played.of(WhistleCall))
