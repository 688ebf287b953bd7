"""首接负责: what a return costs nobody, who decides after the third, and what no county department pushes down. Pure."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tickets.played import BLANK, COUNTY, GRID, ROADS, TOWN, VILLAGE, WATER, Played, tree

HOLDERS = {VILLAGE: "village", TOWN: "town", WATER: "water", ROADS: "roads", COUNTY: "county", GRID: "grid"}


FRESH = Played()


def bounced(times=3, **more):
    """A ticket that was given back so often, by one village and one township in turn."""
    played = Played(**more)
    for nth in range(times):
        played.later(hours=1)
        played.does(HOLDERS[played.holder], "return", reason="not_ours", right_unit=WATER)
        if nth < times - 1:
            played.does("county", "dispatch", unit=WATER if nth % 2 else ROADS)
    return played


def test_a_return_needs_a_coded_reason_and_names_the_right_unit():
    played = Played()
    with pytest.raises(ValueError, match="reason"):
        played.does("village", "return", reason="no_time")
    data = played.does("village", "return", reason="not_ours", right_unit=WATER)
    assert data["right_unit_id"] == str(tree().by_code[WATER].id)
    assert played.refused("village", "return", reason="not_ours") == "ticket.action_not_allowed", "twice is once"


@given(
    st.lists(
        st.tuples(st.sampled_from(["return", "hand_up", "transfer"]), st.sampled_from([ROADS, WATER, TOWN]), st.integers(1, 90)), max_size=6
    )
)
def test_passing_on_in_whatever_order_moves_no_clock(steps):
    played = FRESH.twin()
    before = played.due
    for action, unit, minutes in steps:
        played.later(minutes=minutes)
        holder = HOLDERS.get(played.holder or "")
        if holder is None:
            played.does("county", "adjudicate" if played.ticket["adjudication"] else "dispatch", unit=unit)
        elif action == "return" and not played.ticket["designated"] and played.ticket["returns"] < 3:
            played.does(holder, "return", reason="not_ours")
        elif action == "hand_up" and holder != "county":
            played.does(holder, "hand_up", reason="beyond_authority")
        elif unit != played.holder:
            played.does("county", "transfer", unit=unit)
        assert played.due == before
        assert played.ticket["returns"] <= 3
        assert any(row["state"] == "running" for row in played.clocks("dispatch") + played.clocks("adjudicate") + played.clocks("resolve"))


def test_third_return_goes_to_the_desk_above_against_a_clock_of_one_working_day():
    played = bounced(2)
    assert (played.ticket["desk_unit_id"], played.ticket["adjudication"]) == (tree().by_code[TOWN].id, False)
    played.does("county", "dispatch", unit=WATER)
    played.does("water", "return", reason="not_ours")
    assert (played.ticket["desk_unit_id"], played.ticket["adjudication"]) == (tree().by_code[COUNTY].id, True)
    (clock,) = played.clocks("adjudicate")
    assert (clock["state"], clock["limit_amount"], clock["limit_unit"]) == ("running", 1, "working_days")
    assert clock["due_at"] - played.now < timedelta(days=2)
    assert [row["state"] for row in played.clocks("dispatch")] == ["stopped"] * 3, "a desk that decides hands nothing out meanwhile"


def test_only_the_desk_above_decides_and_what_it_decided_is_not_given_back():
    played = bounced()
    for login in ("county", "town"):
        assert played.refused(login, "dispatch", unit=ROADS, designate=True) == "ticket.adjudication_open"
        assert "dispatch" not in played.offered(login)
    for action, reason in (("reject", "outside_duties"), ("cancel", "withdrawn")):
        assert played.refused("town", action, reason=reason) == "ticket.adjudication_open", "nobody else gets rid of it meanwhile"
    assert not {"reject", "cancel", "merge"} & set(played.offered("town"))
    assert {"reject", "cancel", "merge"} <= set(played.offered("county"))
    assert "adjudicate" in played.offered("county")
    assert "adjudicate" not in played.offered("town")
    assert played.refused("town", "adjudicate", unit=TOWN) == "ticket.not_yours"
    assert played.refused("county", "adjudicate", unit=BLANK) == "unit.blank"
    played.does("county", "adjudicate", unit=ROADS)
    assert (played.ticket["status"], played.holder, played.ticket["designated"]) == ("dispatched", ROADS, True)
    assert played.ticket["adjudication"] is False
    assert [row["state"] for row in played.clocks("adjudicate")] == ["stopped"]
    assert played.refused("roads", "return", reason="not_ours") == "ticket.designated"
    assert "return" not in played.offered("roads")
    played.does("roads", "accept")
    assert "return" not in played.offered("roads")


def test_nobody_adjudicates_what_nobody_gave_back():
    played = Played()
    played.does("village", "return", reason="not_ours")
    assert played.refused("county", "adjudicate", unit=ROADS) == "ticket.not_yours"


@pytest.mark.parametrize("made", ["surfaced", "handler", "row"])
def test_a_county_matter_is_led_by_no_unit_below_the_county(made):
    played = Played(WATER, surface_to=WATER if made == "surfaced" else None, handler="department:water" if made == "handler" else "lowest")
    played.row_unit = WATER if made == "row" else None
    for below in (TOWN, VILLAGE, GRID):
        assert played.refused("county", "transfer", unit=below) == "ticket.county_matter"
    played.does("county", "join", unit=VILLAGE, task="现场指认")
    played.does("county", "transfer", unit=ROADS)
    played.does("roads", "return", reason="not_ours")
    for below in (TOWN, VILLAGE, GRID):
        assert played.refused("county", "dispatch", unit=below) == "ticket.county_matter"
    played.does("county", "dispatch", unit=COUNTY)
    assert played.holder == COUNTY


def test_a_row_that_names_a_township_makes_a_department_category_its_own():
    played = Played(TOWN, handler="department:water")
    played.row_unit = TOWN
    played.does("county", "transfer", unit=VILLAGE)
    assert played.holder == VILLAGE


def test_a_category_whose_department_does_not_exist_is_nobodys_to_push():
    played = Played(TOWN, handler="department:heating")
    played.does("town", "transfer", unit=VILLAGE)


def test_an_adjudication_may_name_a_township_for_a_county_matter_but_no_village():
    played = bounced(3, lead=WATER, surface_to=WATER)
    for below in (VILLAGE, GRID):
        assert played.refused("county", "adjudicate", unit=below) == "ticket.county_matter"
    played.does("county", "adjudicate", unit=TOWN)
    assert played.holder == TOWN
    assert played.refused("county", "transfer", unit=VILLAGE) == "ticket.county_matter"


def test_a_rejected_adjudication_leaves_a_matter_that_is_returned_no_more():
    played = bounced()
    played.does("county", "reject", reason="outside_duties")
    assert {row["state"] for row in played.clocks("adjudicate")} == {"cancelled"}
    played.does("county", "reopen")
    assert (played.ticket["round"], played.ticket["adjudication"]) == (2, False)
    played.does("county", "dispatch", unit=ROADS)
    assert played.refused("roads", "return", reason="not_ours") == "ticket.returns_used_up"
    assert "return" not in played.offered("roads")


@pytest.mark.parametrize(("login", "wished", "end"), [("county", False, "transferred"), ("county", True, "transferred_at_wish")])
def test_a_transfer_counts_against_the_unit_only_where_it_asked_for_it(login, wished, end):
    from services.tickets.models import Assignment

    played = Played()
    played.does(login, "transfer", unit=ROADS, wished=wished)
    assert [row["end"] for row in played.of(Assignment)] == [end, None]


def test_a_desk_that_passes_on_what_it_holds_itself_does_so_at_its_own_wish_but_not_the_countys():
    from services.tickets.models import Assignment

    town, county = Played(TOWN), Played(COUNTY)
    town.does("town", "transfer", unit=VILLAGE)
    county.does("county", "transfer", unit=TOWN)
    assert (town.of(Assignment)[0]["end"], county.of(Assignment)[0]["end"]) == ("transferred_at_wish", "transferred")
