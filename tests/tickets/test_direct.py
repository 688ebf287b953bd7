"""越级直达: whom a matter went past may read it and no more; what they are asked to do stays theirs. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.errors import Problem
from services.tickets.deciding import decide
from services.tickets.lifecycle import TOLD
from tests.tickets.played import COMMAND, ROADS, TOWN, VILLAGE, WATER, Played, person

PASSED = ("town", "village", "grid")
ORDERS = {
    "triage": {"urgency": "normal", "words": "改"},
    "dispatch": {"unit": TOWN, "words": "改"},
    "adjudicate": {"unit": TOWN, "words": "改"},
    "accept": {},
    "return": {"reason": "not_ours", "words": "退"},
    "hand_up": {"reason": "beyond_authority", "words": "报"},
    "transfer": {"unit": TOWN, "words": "转"},
    "join": {"unit": VILLAGE, "task": "看"},
    "log_work": {"words": "记"},
    "suspend": {"reason": "waiting_for_funds", "words": "等"},
    "resume": {"words": "复"},
    "resolve": {"words": "完"},
    "answer": {"words": "答"},
    "close": {"verified_by": "site_check", "words": "结"},
    "reopen": {"words": "重"},
    "reject": {"reason": "outside_duties", "words": "不"},
    "cancel": {"reason": "withdrawn", "words": "撤"},
    "merge": {"into": "20261116-000002-9", "words": "并"},
    "inform": {"words": "告"},
    "seal": {"words": "密"},
    "urge": {"words": "催"},
    "supervise": {"words": "督"},
    "instruct": {"unit": WATER, "words": "示"},
    "acknowledge": {},
    "report_back": {"words": "报"},
    "conclude_whistle": {"words": "毕"},
}
STATUSES = ("received", "dispatched", "accepted", "resolved", "answered", "closed")


@pytest.fixture(scope="module")
def surfaced():
    return Played(WATER, surface_to=WATER)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("login", PASSED)
def test_nobody_it_went_past_may_do_anything_in_any_status(surfaced, login, status):
    played = surfaced.twin()
    played.ticket["status"] = status
    if status == "received":
        played.ticket["lead_unit_id"] = None
    for action, more in ORDERS.items():
        try:
            command = COMMAND.validate_python({"action": action, **more})
        except ValueError as wrong:
            raise AssertionError(action) from wrong
        with pytest.raises(Problem) as refusal:
            decide(played.case(), command, person(login), played.now)
        assert refusal.value.code == "ticket.direct", (action, status)
    assert played.offered(login) == []


def test_the_department_and_the_county_work_on_it_as_ever(surfaced):
    played = surfaced.twin()
    played.does("water", "accept")
    played.does("county", "urge")
    assert played.refused("roads", "accept") in ("ticket.not_yours", "ticket.action_not_allowed"), "an office beside was not passed over"


def test_what_the_department_asks_of_the_village_is_the_villages_to_do_and_nothing_besides(surfaced):
    played = surfaced.twin()
    played.does("county", "join", unit=VILLAGE, task="带路")
    assert played.refused("village", "join", unit=ROADS, task="推") == "ticket.direct"
    assert played.refused("village", "cancel", reason="withdrawn") == "ticket.direct"
    assert played.refused("town", "finish_task") == "ticket.direct"
    played.does("village", "finish_task")


def test_other_matters_are_refused_as_they_were():
    played = Played(WATER)
    assert played.refused("grid", "cancel", reason="withdrawn") == "ticket.not_yours"
    played.does("town", "urge")


@given(st.lists(st.tuples(st.sampled_from(PASSED), st.sampled_from(sorted(ORDERS))), max_size=8))
def test_whatever_is_tried_below_changes_nothing(surfaced, tries):
    played = surfaced.twin()
    before, due = dict(played.ticket), played.due
    for login, action in tries:
        assert played.refused(login, action, **ORDERS[action]) == "ticket.direct"
    assert (played.ticket, played.due) == (before, due)


def test_every_command_is_tried():
    from typing import get_args

    from services.tickets.commands import TicketCommand

    known = {get_args(kind.model_fields["action"].annotation)[0] for kind in get_args(get_args(TicketCommand)[0])}
    untried = known - set(ORDERS) - TOLD
    assert untried <= {"finish_task", "request_extension", "decide_extension", "request_suspension", "decide_suspension", "call_back",
                       "unmerge", "whistle", "respond"}  # fmt: skip
