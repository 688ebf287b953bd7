"""Lead and co-handlers: a task and a clock each, and no end over an open one without a word. Pure, but for what the database refuses."""

import asyncpg
import pytest

from services.tickets.models import Assignment
from tests.tickets.played import GRID, ROADS, TOWN, VILLAGE, WATER, Played, tree


def ends(played):
    return [(tree().by_id[row["unit_id"]].code, row["end"]) for row in played.of(Assignment) if row["part"] == "co"]


def test_a_task_has_the_limit_that_was_said_else_the_houses():
    played = Played()
    played.does("village", "join", unit=WATER, task="检测水质")
    played.does("town", "join", unit=ROADS, task="配合开挖", within_working_days=1)
    played.does("town", "join", unit=GRID, task="看守现场", within_minutes=90)
    assert [(row["limit_amount"], row["limit_unit"]) for row in played.clocks("task")] == [
        (3, "working_days"),
        (1, "working_days"),
        (90, "minutes"),
    ]
    assert played.refused("town", "join", unit=ROADS, task="再来", within_working_days=1) == "ticket.already_there"
    assert played.refused("town", "join", unit=TOWN, task="甲", within_working_days=1, within_minutes=60) == "task.limit"


def test_a_category_may_say_how_long_tasks_take():
    from services.catalogue.policy import Limit
    from tests.tickets.played import category

    played = Played()
    played.policy = category("lowest", task=Limit(7, "natural_days"))
    played.does("village", "join", unit=WATER, task="检测水质")
    assert [(row["limit_amount"], row["limit_unit"]) for row in played.clocks("task")] == [(7, "natural_days")]


def test_whoever_helps_by_the_catalogue_has_a_task_and_a_clock_from_the_dispatch_on():
    played = Played(co=(WATER, ROADS))
    assert played.states("task") == [(WATER, "running"), (ROADS, "running")]
    assert [row["turn"] for row in played.clocks("task")] == [1, 2]
    played.does("water", "finish_task")
    assert played.states("task") == [(WATER, "stopped"), (ROADS, "running")], "before the lead has accepted, too"


def test_the_lead_cannot_end_over_an_open_task_without_saying_why():
    played = Played(co=(WATER, ROADS))
    played.does("village", "accept")
    played.does("water", "finish_task")
    assert played.refused("village", "resolve") == "ticket.open_tasks"
    data = played.does("village", "resolve", open_tasks_reason="路面已由施工方恢复")
    assert data["open_tasks_reason"] == "路面已由施工方恢复"
    assert data["unfinished_unit_ids"] == [str(tree().by_code[ROADS].id)]
    assert ends(played) == [(WATER, "done"), (ROADS, "unfinished")]
    assert played.states("task") == [(WATER, "stopped"), (ROADS, "stopped")]
    assert played.refused("roads", "finish_task") == "ticket.action_not_allowed"


def test_whoever_worked_on_it_verifies_nothing_and_whoever_only_had_it_may():
    played = Played(TOWN, co=(WATER,))
    played.does("town", "accept")
    played.does("town", "join", unit=VILLAGE, task="指认现场")
    played.does("village", "log_work")
    played.does("county", "transfer", unit=ROADS)
    played.does("roads", "accept")
    played.does("roads", "resolve", open_tasks_reason="不再需要")
    assert "close" in played.offered("town"), "it had the ticket and did nothing"
    for login in ("village", "roads", "water"):
        assert "close" not in played.offered(login), login
    assert set(played.ticket["helped_by"]) == {str(tree().by_code[code].id) for code in (VILLAGE, ROADS)}
    assert "close" in played.offered("county")


def test_a_township_that_helped_does_not_close_and_the_county_always_can():
    played = Played(VILLAGE)
    played.does("village", "accept")
    for unit, login in ((TOWN, "town"), ("441624", "county")):
        played.does("county", "join", unit=unit, task="协调")
        played.does(login, "finish_task")
    played.does("village", "resolve")
    assert played.refused("town", "close", verified_by="site_check") == "ticket.executor_verifies"
    played.does("county", "close", verified_by="site_check")
    assert played.ticket["status"] == "closed"


async def test_the_database_itself_lets_no_unit_close_what_it_helped_with(county):
    from tests.tickets.test_clock_promises import do
    from tests.tickets.test_dispatch_and_escalation import file

    filed = await file(category=None)
    await county.settle()
    await do("grid", filed.number, "accept")
    await do("pengzhai", filed.number, "join", unit="441624108", task="协调")
    await do("pengzhai", filed.number, "finish_task")
    with pytest.raises(asyncpg.CheckViolationError, match="helper_unit_never_closes"):
        await county.owner.execute(
            "UPDATE tickets SET closed_by_unit_id = (SELECT id FROM units WHERE code = '441624108') WHERE number = $1", filed.number
        )


def test_a_co_handler_that_becomes_the_lead_has_no_task_beside():
    played = Played(co=(WATER,))
    played.does("county", "transfer", unit=WATER)
    assert ends(played) == [(WATER, "became_lead")]
    assert played.states("task") == [(WATER, "stopped")]
    played.does("water", "accept")
    played.does("water", "resolve")


def test_tasks_outlast_a_return_and_end_with_the_round():
    played = Played(co=(WATER,))
    played.does("village", "return", reason="not_ours")
    assert played.states("task") == [(WATER, "running")]
    assert "finish_task" in played.offered("water")
    assert "log_work" in played.offered("water")
    played.does("county", "dispatch", unit=ROADS)
    played.does("roads", "accept")
    played.does("county", "cancel", reason="withdrawn")
    assert played.states("task") == [(WATER, "cancelled")]
    assert ends(played) == [(WATER, "round_over")]
