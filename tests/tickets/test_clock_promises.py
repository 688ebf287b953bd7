"""No clock is stopped before it started, forgotten, or made to move a ticket that nobody holds: against the real database."""

from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter

from services.complaints.reading import owed_answers
from services.organization.actions import give_post
from services.organization.commands import GivePost
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.tickets.actions import act
from services.tickets.commands import TicketCommand
from tests.county import BLANK_GRID, PENGZHAI, SHUIKOU, STAFFED_GRID, WATER, actor
from tests.tickets.test_dispatch_and_escalation import escalate, file, ticket

COMMAND = TypeAdapter(TicketCommand)


async def do(login, number, action, **more):
    """Take `action` on the ticket as `login`; words are added to what has some."""
    words = {} if action in ("accept", "join", "call_back") else {"words": "照办"}
    command = COMMAND.validate_python({"action": action, **words, **more})
    async with unit_of_work(await actor(login)) as work:
        await act(work, number, command, None, owed_answers)


async def refusal(login, number, action, **more):
    """Return the code with which the action is refused."""
    with pytest.raises(Problem) as refused:
        await do(login, number, action, **more)
    return refused.value.code


async def clocks(county, number, state="running"):
    rows = await county.fetch(
        "SELECT c.stage FROM clocks c JOIN tickets t ON t.id = c.ticket_id WHERE t.number = $1 AND c.state = $2 ORDER BY c.stage",
        number,
        state,
    )
    return [row["stage"] for row in rows]


async def long_ago(county, stage, days=9):
    await county.owner.execute(
        "UPDATE clocks SET started_at = started_at - $2::interval, due_at = due_at - $2::interval,"
        " first_due_at = first_due_at - $2::interval, next_level_at = next_level_at - $2::interval WHERE stage = $1 AND state = 'running'",
        stage,
        timedelta(days=days),
    )


async def test_ticket_given_back_unaccepted_stays_with_the_desk_however_late_its_acceptance_is(county):
    filed = await file()
    await county.settle()
    await do("grid", filed.number, "return", reason="not_ours")
    await long_ago(county, "accept")
    assert await escalate(county) == 1
    row = await ticket(county, filed.number)
    assert (row["status"], row["holder"]) == ("received", None)
    assert "dispatch" in await clocks(county, filed.number), "the desk is still watched"
    levels = await county.fetch(
        "SELECT e.name FROM escalations e JOIN clocks c ON c.id = e.clock_id WHERE c.stage = 'accept' ORDER BY e.level"
    )
    assert [level["name"] for level in levels] == ["urge", "supervise", "raise", "list"], "the lateness is on record all the same"
    await do("pengzhai", filed.number, "dispatch", unit=SHUIKOU)
    assert (await ticket(county, filed.number))["status"] == "dispatched"


async def test_unaccepted_ticket_that_is_at_the_top_already_is_not_given_to_the_same_seat_again(county):
    filed = await file(category=None, unit=None)
    await county.settle()
    await long_ago(county, "accept")
    await escalate(county)
    assert await county.value("SELECT count(*) FROM assignments") == 1
    assert (await ticket(county, filed.number))["holder"] == "441624"


async def test_work_cannot_have_been_done_before_the_seat_had_the_ticket(county):
    filed = await file(category=None, ago=timedelta(hours=9))
    await county.settle()
    await do("grid", filed.number, "accept")
    early = clock.now() - timedelta(hours=3)
    for action in ({"action": "resolve"}, {"action": "log_work", "contacted": True}):
        assert await refusal("grid", filed.number, **action, happened_at=early) == "happened_at.too_early"
    await do("grid", filed.number, "log_work", contacted=True, happened_at=clock.now())


async def test_second_round_is_not_resolved_in_the_first(county):
    filed = await file(category=None)
    await county.settle()
    first = clock.now()
    await do("grid", filed.number, "accept")
    await do("grid", filed.number, "resolve", words="修好了")
    await do("pengzhai", filed.number, "reopen")
    await county.settle()
    await do("grid", filed.number, "accept")
    assert await refusal("grid", filed.number, "resolve", happened_at=first) == "happened_at.too_early"


async def test_clock_stopped_after_it_was_put_off_keeps_the_level_it_owes(county):
    filed = await file()
    await county.settle()
    await long_ago(county, "accept")
    await county.owner.execute("UPDATE clocks SET next_level_at = now() + interval '10 minutes' WHERE stage = 'accept'")
    await do("grid", filed.number, "accept")
    await escalate(county)
    levels = await county.fetch(
        "SELECT e.name FROM escalations e JOIN clocks c ON c.id = e.clock_id WHERE c.stage = 'accept' ORDER BY e.level"
    )
    assert [level["name"] for level in levels] == ["urge", "supervise", "raise", "list"]


async def test_undone_merge_of_a_suspended_ticket_leaves_no_acceptance_unwatched(county):
    filed, other = await file(), await file()
    await county.settle()
    await do("grid", filed.number, "accept")
    await do("pengzhai", filed.number, "suspend", reason="force_majeure")
    await do("pengzhai", filed.number, "transfer", unit=SHUIKOU)
    await do("pengzhai", filed.number, "merge", into=other.number)
    await do("pengzhai", filed.number, "unmerge")
    assert await clocks(county, filed.number) == ["accept", "review"]
    assert await clocks(county, filed.number, "paused") == ["contain", "first_contact", "repair", "resolve"]


async def test_further_round_is_not_suspended_and_has_no_request_of_the_round_before(county):
    filed = await file()
    await county.settle()
    await do("grid", filed.number, "accept")
    await do("grid", filed.number, "request_extension", working_days=2, reason="materials")
    await do("pengzhai", filed.number, "suspend", reason="force_majeure")
    await do("grid", filed.number, "return", reason="not_ours")
    await do("pengzhai", filed.number, "reject", reason="outside_duties")
    await do("pengzhai", filed.number, "reopen")
    await county.settle()
    row = await ticket(county, filed.number)
    assert (row["round"], row["suspended_at"], row["suspension"]) == (2, None, None)
    await do("grid", filed.number, "accept")
    assert await refusal("pengzhai", filed.number, "decide_extension", granted=True) == "extension.none_pending"
    await do("grid", filed.number, "request_extension", working_days=2, reason="materials")


@pytest.mark.parametrize(("action", "reason"), [("cancel", "withdrawn"), ("reject", "outside_duties")])
async def test_ticket_that_others_were_merged_into_is_not_ended_over_their_heads(county, action, reason):
    filed, other = await file(), await file()
    await county.settle()
    await do("pengzhai", filed.number, "merge", into=other.number)
    await do("grid", other.number, "return", reason="not_ours")
    assert await refusal("pengzhai", other.number, action, reason=reason) == "ticket.has_merged"
    await do("pengzhai", filed.number, "unmerge")
    await do("pengzhai", other.number, action, reason=reason)


async def test_correcting_the_category_takes_no_confidence_back(county):
    filed = await file(confidential=True)
    await county.settle()
    await do("pengzhai", filed.number, "triage", category="water.pipe_burst")
    assert (await ticket(county, filed.number))["privacy"] == "confidential"


async def test_matter_surfaced_to_the_county_is_watched_by_the_county(county):
    filed = await file(surface_to=WATER)
    await county.settle()
    row = await ticket(county, filed.number)
    assert (row["holder"], row["desk"]) == (WATER, "441624")


async def test_whoever_also_sits_in_the_unit_that_did_the_work_verifies_from_no_seat(county):
    filed = await file(category=None, unit=SHUIKOU)
    await county.settle()
    member = await county.value("SELECT member_id FROM accounts WHERE login = 'pengzhai'")
    async with unit_of_work(SYSTEM) as work:
        await give_post(work, member, GivePost(unit_code=SHUIKOU, role="village_secretary", valid_from=date(2024, 1, 1)))
    for login, action in (("shuikou", "accept"), ("shuikou", "resolve"), ("hotline", "answer")):
        await do(login, filed.number, action)
    assert await refusal("pengzhai", filed.number, "call_back", reached=True, solved=True) == "ticket.executor_verifies"
    assert await refusal("pengzhai", filed.number, "close", verified_by="site_check") == "ticket.executor_verifies"
    await do("county", filed.number, "close", verified_by="site_check")


async def test_writing_beside_a_locked_ticket_waits_for_nobody(county):
    """Messages and figures refer to tickets; a dispatch or an escalation that holds one must not hold them up, nor they it."""
    from services.tickets.loading import lock

    filed = await file()
    ticket_id = await county.value("SELECT id FROM tickets WHERE number = $1", filed.number)
    async with county.as_role(WORKER), unit_of_work(await actor("grid")) as work:
        await lock(work.session, [ticket_id])
        await county.owner.execute("SET lock_timeout = '1s'")
        await county.owner.execute(
            "INSERT INTO work_logs (id, ticket_id, round, kind, words, happened_at, recorded_at)"
            " VALUES (gen_random_uuid(), $1, 1, 'work', '照办', now(), now())",
            ticket_id,
        )


async def test_suspended_ticket_is_watched_until_somebody_has_looked_again(county):
    filed = await file()
    await county.settle()
    await do("grid", filed.number, "accept")
    await do("pengzhai", filed.number, "suspend", reason="waiting_for_season", review_in_working_days=10)
    assert await clocks(county, filed.number) == ["review"]
    await long_ago(county, "review", days=40)
    await escalate(county)
    late = await county.fetch(
        "SELECT u.code FROM escalations e JOIN clocks c ON c.id = e.clock_id JOIN units u ON u.id = e.unit_id"
        " WHERE c.stage = 'review' ORDER BY e.level"
    )
    assert [row["code"] for row in late] == [PENGZHAI, "441624", "441624", "441624"], "the desk that suspended it is late, then the county"
    await do("pengzhai", filed.number, "resume")
    assert await clocks(county, filed.number) == ["contain", "first_contact", "repair", "resolve"]


async def test_whoever_holds_a_ticket_neither_suspends_it_nor_grants_it_time(county):
    filed = await file()
    await county.settle()
    await do("pengzhai", filed.number, "transfer", unit=PENGZHAI)
    await do("pengzhai", filed.number, "accept")
    assert await refusal("pengzhai", filed.number, "suspend", reason="force_majeure") == "ticket.holder_approves"
    await do("pengzhai", filed.number, "request_extension", working_days=2, reason="materials")
    assert await refusal("pengzhai", filed.number, "decide_extension", granted=True) == "ticket.holder_approves"
    await do("county", filed.number, "decide_extension", granted=True)


async def test_nobody_is_given_a_ticket_on_an_empty_seat(county):
    filed = await file()
    await county.settle()
    for action in ("transfer", "join"):
        more = {"task": "协助"} if action == "join" else {}
        assert await refusal("pengzhai", filed.number, action, unit=BLANK_GRID, **more) == "unit.blank"


async def test_seat_that_loses_a_ticket_is_told(county):
    filed = await file()
    await county.settle()
    await do("pengzhai", filed.number, "transfer", unit=SHUIKOU)
    await county.settle()
    told = await county.fetch("SELECT u.code FROM messages m JOIN units u ON u.id = m.unit_id WHERE m.template = 'relieved'")
    assert [row["code"] for row in told] == [STAFFED_GRID]
