"""批示, 下抓一级: addressed, acknowledged against a clock, followed, and told to whoever was passed over. Pure."""

from datetime import timedelta

import pytest

from services.tickets.models import Directive
from tests.tickets.played import BLANK, COUNTY, GRID, TOWN, VILLAGE, Played, tree


def codes(ids):
    return [tree().by_id[unit].code for unit in tree().by_id if str(unit) in ids]


def test_an_instruction_reaches_down_past_the_tiers_and_they_are_told():
    played = Played()
    data = played.does("county", "instruct", unit=GRID)
    assert set(codes(data["passed_over"])) == {TOWN, VILLAGE}
    assert played.states("instruct") == [(GRID, "running")]
    (clock,) = played.clocks("instruct")
    assert (clock["limit_amount"], clock["limit_unit"]) == (1, "working_days")


def test_it_is_acknowledged_and_followed_by_the_unit_addressed_alone_and_once():
    played = Played()
    played.does("county", "instruct", unit=GRID)
    for login in ("village", "town", "water"):
        assert "acknowledge" not in played.offered(login)
        assert played.refused(login, "acknowledge") == "ticket.not_yours"
    played.later(hours=1)
    played.does("grid", "acknowledge")
    assert played.states("instruct") == [(GRID, "stopped")]
    assert played.refused("grid", "acknowledge") == "directive.acknowledged"
    assert "acknowledge" not in played.offered("grid")
    assert "report_back" in played.offered("grid")
    data = played.does("grid", "report_back")
    assert codes([data["to_unit_id"]]) == [COUNTY], "whoever gave it learns of it"
    assert played.refused("grid", "report_back") == "ticket.not_yours"
    (row,) = played.of(Directive)
    assert row["acknowledged_at"] <= row["followed_at"]
    assert row["report"] == "照办"


def test_a_report_that_was_set_a_day_has_a_clock_of_its_own():
    played = Played()
    played.does("county", "instruct", unit=VILLAGE, report_in_working_days=2)
    played.later(days=2)
    played.does("village", "acknowledge")
    late, report = played.clocks("instruct")
    assert late["stopped_at"] > late["due_at"]
    assert (report["state"], report["limit_amount"], report["turn"]) == ("running", 2, 2)
    played.does("village", "report_back")
    assert [row["state"] for row in played.clocks("instruct")] == ["stopped", "stopped"]


def test_whoever_reports_has_taken_note():
    played = Played()
    played.does("county", "instruct", unit=VILLAGE)
    played.does("village", "report_back")
    (row,) = played.of(Directive)
    assert row["acknowledged_at"] == row["followed_at"] == played.now
    assert played.states("instruct") == [(VILLAGE, "stopped")]


def test_of_two_instructions_each_has_its_own_clock_and_the_oldest_is_meant():
    played = Played()
    played.does("county", "instruct", unit=VILLAGE)
    played.later(minutes=5)
    second = played.does("town", "instruct", unit=VILLAGE)["directive_id"]
    played.later(minutes=5)
    played.does("village", "acknowledge", directive=second)
    assert [row["state"] for row in played.clocks("instruct")] == ["running", "stopped"]
    first = str(played.of(Directive)[0]["id"])
    assert played.does("village", "acknowledge")["directive_id"] == first
    stranger = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44"
    assert played.refused("village", "report_back", directive=stranger) == "directive.unknown"
    assert played.does("village", "report_back", directive=second)["directive_id"] == second


def test_for_a_seat_where_nobody_sits_the_seat_above_answers():
    played = Played()
    assert played.refused("county", "instruct", unit=BLANK) == "unit.blank", "the seat above is the leader's own"
    played.does("county", "instruct", unit=GRID)
    assert played.refused("town", "instruct", unit=TOWN) == "ticket.outside_scope"
    assert played.refused("town", "instruct", unit=COUNTY) == "ticket.outside_scope"


@pytest.mark.parametrize("acknowledged", [False, True])
def test_an_instruction_ends_with_the_ticket_and_its_lateness_stays(acknowledged):
    played = Played()
    played.does("county", "instruct", unit=TOWN)
    if acknowledged:
        played.does("town", "acknowledge")
    played.later(days=9)
    played.does("village", "accept")
    played.does("village", "resolve")
    assert "report_back" in played.offered("town"), "until it is closed"
    played.does("county", "close", verified_by="site_check")
    (clock,) = played.clocks("instruct")
    assert clock["state"] == "stopped"
    assert (clock["stopped_at"] > clock["due_at"]) is not acknowledged
    assert played.refused("town", "report_back") == "ticket.action_not_allowed"
    assert played.of(Directive)[0].get("followed_at") is None
    assert clock["due_at"] - clock["started_at"] < timedelta(days=2)
