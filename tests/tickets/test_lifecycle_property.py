"""Random people take random actions on real tickets in the real database: whatever they do, the promises hold."""

from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.complaints.reading import owed_answers
from services.journal.chain import first_broken
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.reports.backlog_sums import FRESH_OF_SOME
from services.reports.folding import RESTATED, Seen, steps
from services.reports.journals import facts_of, places_for
from services.reports.restating import what_they_are
from services.tickets.actions import act
from services.tickets.commands import TicketCommand
from services.tickets.escalating import escalate_due
from services.tickets.lifecycle import OPEN, STATUS_NAMES, TABLE, TOLD
from services.tickets.rebuilding import check_clocks
from tests.county import LOGINS, PENGZHAI, ROADS, SHUIKOU, STAFFED_GRID, WATER, actor
from tests.tickets.test_dispatch_and_escalation import file

COMMAND = TypeAdapter(TicketCommand)
UNITS = st.sampled_from([PENGZHAI, SHUIKOU, STAFFED_GRID, WATER, "441624"])
EXTRA = {
    "triage": st.fixed_dictionaries({"place": UNITS, "urgency": st.sampled_from(["normal", "urgent"])}),
    "dispatch": st.fixed_dictionaries({"unit": UNITS, "designate": st.booleans()}),
    "adjudicate": st.fixed_dictionaries({"unit": UNITS}),
    "transfer": st.fixed_dictionaries({"unit": UNITS, "designate": st.booleans()}),
    "return": st.just({"reason": "not_ours"}),
    "hand_up": st.just({"reason": "needs_funds"}),
    "join": st.fixed_dictionaries({"unit": UNITS, "task": st.just("协助")}),
    "resolve": st.sampled_from([{}, {"open_tasks_reason": "不再需要"}]),
    "request_suspension": st.just({"reason": "force_majeure", "review_in_working_days": 3}),
    "decide_suspension": st.fixed_dictionaries({"granted": st.booleans()}),
    "whistle": st.fixed_dictionaries(
        {
            "kind": st.just("emergency"),
            "units": st.lists(st.sampled_from([WATER, ROADS]), min_size=1, max_size=2),
            "meet_at": st.sampled_from([2, 90]).map(lambda minutes: clock.now() + timedelta(minutes=minutes)),
            "place": st.just("村口"),
        }
    ),
    "respond": st.sampled_from([{"answer": "coming"}, {"answer": "not_coming", "words": "抢险"}, {"answer": "arrived"}]),
    "conclude_whistle": st.sampled_from([{}, {"lead": WATER}, {"lead": PENGZHAI, "co_handlers": [{"unit": ROADS, "task": "协助"}]}]),
    "request_extension": st.fixed_dictionaries({"working_days": st.integers(1, 5), "reason": st.just("materials")}),
    "decide_extension": st.fixed_dictionaries({"granted": st.booleans()}),
    "suspend": st.just({"reason": "force_majeure"}),
    "call_back": st.sampled_from(
        [{"reached": True, "solved": True}, {"reached": True, "solved": False}, {"reached": False}, {"reached": False, "solved": True}]
    ),
    "close": st.fixed_dictionaries({"verified_by": st.sampled_from(["call_back", "site_check"])}),
    "reject": st.just({"reason": "outside_duties"}),
    "cancel": st.just({"reason": "withdrawn"}),
    "instruct": st.fixed_dictionaries({"unit": UNITS, "report_in_working_days": st.sampled_from([None, 2])}),
}
STRAIGHT = [
    ("grid", {"action": "accept"}),
    ("grid", {"action": "hand_up", "reason": "needs_funds", "words": "村里办"}),
    ("shuikou", {"action": "accept"}),
    ("water", {"action": "finish_task", "words": "配合完成"}),
    ("shuikou", {"action": "resolve", "words": "办好了"}),
    ("hotline", {"action": "answer", "words": "办好了"}),
    ("hotline", {"action": "call_back", "reached": True, "solved": True}),
    ("pengzhai", {"action": "close", "verified_by": "call_back", "words": "办结"}),
]
"""The straight way; each example starts somewhere along it."""
NO_WORDS = {"accept", "join", "call_back", "respond", "acknowledge"}


@st.composite
def commands(draw, status):
    """A command: mostly one that the table knows in this status."""
    known = sorted(
        {row.action for row in TABLE if row.status == status} - ({"reject", "cancel"} if draw(st.integers(0, 4)) else set()) - TOLD
    )
    everything = sorted({row.action for row in TABLE} - TOLD)
    action = draw(st.sampled_from(known if known and draw(st.integers(0, 9)) else everything))
    body = {"action": action} if action in NO_WORDS else {"action": action, "words": "照办"}
    if action == "merge":
        body["into"] = draw(st.sampled_from(["20261122-000001-1", "no number"]))
    return COMMAND.validate_python(body | draw(EXTRA.get(action, st.just({}))))


class Witness:
    """Looks at one ticket before and after each deed."""

    def __init__(self, county, number):
        self.county, self.number = county, number

    async def look(self):
        (ticket,) = await self.county.fetch("SELECT * FROM tickets WHERE number = $1", self.number)
        events = await self.county.fetch("SELECT * FROM events WHERE subject_id = $1 ORDER BY seq", ticket["id"])
        complaint = await self.county.fetch("SELECT * FROM complaints WHERE ticket_id = $1", ticket["id"])
        return ticket, events, complaint

    async def check(self, before, after, *, done):
        (ticket_before, events_before, complaint_before), (ticket, events, complaint) = before, after
        assert complaint == complaint_before, "what was said never changes"
        assert events[: len(events_before)] == events_before, "what happened never changes"
        if not done:
            assert ticket == ticket_before
            assert events == events_before, "a refused deed leaves nothing"
            return
        assert ticket["version"] > ticket_before["version"], "versions strictly rise"
        assert len(events) == ticket["version"], "no event is lost"
        assert events[-1]["hash"] == ticket["chain_head"]
        import json

        assert first_broken([{**row, "data": json.loads(row["data"])} for row in events]) is None
        assert ticket["status"] in STATUS_NAMES
        if ticket["status"] == "closed":
            assert ticket["closed_by_unit_id"] != ticket["resolved_by_unit_id"]
            assert ticket["closed_by_account_id"] != ticket["resolved_by_account_id"]
        await self.check_rows(ticket)

    async def check_rows(self, ticket):
        leads = await self.county.fetch(
            "SELECT unit_id FROM assignments WHERE ticket_id = $1 AND part = 'lead' AND ended_at IS NULL", ticket["id"]
        )
        assert [row["unit_id"] for row in leads] == ([ticket["lead_unit_id"]] if ticket["lead_unit_id"] and leads else [])
        running = await self.county.fetch(
            "SELECT stage, unit_id, count(*) FROM clocks WHERE ticket_id = $1 AND state IN ('running', 'paused') AND stage <> 'instruct'"
            " GROUP BY stage, unit_id",
            ticket["id"],
        )
        assert all(row["count"] == 1 for row in running), "one clock a stage, of each unit that has its own"
        await self.check_asked(ticket)
        if ticket["status"] in ("closed", "rejected", "cancelled"):
            assert not running, "nothing runs on after the end"
        watched = await self.county.value("SELECT count(*) FROM clocks WHERE ticket_id = $1 AND state = 'running'", ticket["id"])
        assert watched or ticket["suspended_at"] or ticket["status"] not in OPEN, "nothing waits unwatched"
        assert ticket["status"] != "received" or ticket["lead_unit_id"] is None, "what nobody was given nobody holds"
        assert not await self.county.fetch("SELECT 1 FROM clocks WHERE due_at < first_due_at"), "no clock is ever due earlier"
        async with unit_of_work(SYSTEM) as work:
            (page,) = [page async for page in check_clocks(work.session)]
        wrong = [found for found in page.differences if set(found.columns or {"all"}) != {"next_level_at"}]  # that one is moved below
        assert not wrong, "the journal alone makes every clock"
        await self.check_fact(ticket["id"])
        rounds = await self.county.fetch("SELECT number FROM rounds WHERE ticket_id = $1 ORDER BY number", ticket["id"])
        assert [row["number"] for row in rounds] == list(range(1, len(rounds) + 1))

    async def check_fact(self, ticket_id):
        async with unit_of_work(SYSTEM) as work:
            journal = (await facts_of(work.session, [ticket_id]))[ticket_id]
            told = Seen(1, RESTATED, work.now, work.now, (await what_they_are(work, [ticket_id]))[ticket_id])
            places = await places_for(work.session, [journal[-1].area_path])
        (rows,) = steps(ticket_id, [told], places)
        past = {"version", "known_at", "settled_tier", "raised"}  # what rows do not keep
        wrong = {name: (row, known) for name, row, known in zip(rows._fields, rows, journal[-1], strict=True) if row != known}
        assert not wrong.keys() - past, "the journal alone makes the figures' fact"
        assert [fact.known_at for fact in journal] == sorted({fact.known_at for fact in journal})

    async def check_kept(self, ticket_id):
        (kept,) = await self.county.fetch("SELECT * FROM report_facts WHERE ticket_id = $1", ticket_id)
        past = await self.county.fetch("SELECT * FROM report_history WHERE ticket_id = $1 ORDER BY known_at", ticket_id)
        async with unit_of_work(SYSTEM) as work:
            facts = (await facts_of(work.session, [ticket_id]))[ticket_id]
        assert [tuple(row)[:-1] for row in past] == facts[:-1], "what it was is kept"
        assert tuple(kept) == facts[-1], "what changed is counted"
        is_open = await self.county.fetch(FRESH_OF_SOME.replace(":ids", "$1"), [ticket_id])
        counted = await self.county.fetch("SELECT * FROM open_matters WHERE ticket_id = $1", ticket_id)
        assert [dict(row) | {"version": 0} for row in counted] == [dict(row) | {"version": 0} for row in is_open], "every deed is counted"

    async def check_asked(self, ticket):
        assert ticket["returns"] <= 3
        deciding = await self.county.value(
            "SELECT count(*) FROM clocks WHERE ticket_id = $1 AND stage = 'adjudicate' AND state IN ('running', 'paused')", ticket["id"]
        )
        assert not deciding or ticket["adjudication"]
        assert ticket["status"] != "received" or not ticket["adjudication"] or deciding, "whoever decides is watched"
        assert (ticket["suspended_until"] is not None) == (ticket["suspended_at"] is not None)
        tasks = "SELECT unit_id FROM clocks WHERE ticket_id = $1 AND stage = 'task' AND state IN ('running', 'paused') ORDER BY 1"
        helpers = "SELECT unit_id FROM assignments WHERE ticket_id = $1 AND part = 'co' AND ended_at IS NULL ORDER BY 1"
        assert await self.county.fetch(tasks, ticket["id"]) == await self.county.fetch(helpers, ticket["id"]), "each task has its clock"
        if ticket["status"] not in OPEN[:3] and ticket["status"] != "merged":
            assert not await self.county.fetch("SELECT 1 FROM whistles WHERE ticket_id = $1 AND ended_at IS NULL", ticket["id"])


def likely(people, ticket):
    """Logins to draw from: whoever holds the ticket, the desks and the hotline weigh more than the rest."""
    holders = [login for login, person in people.items() if any(seat.unit_id == ticket["lead_unit_id"] for seat in person.seats)]
    return holders * 6 + ["pengzhai", "county", "hotline"] * 3 + sorted(people)


async def one_step(county, data, witness, people):
    before = await witness.look()
    if data.draw(st.integers(0, 7)) == 0:
        await county.owner.execute("UPDATE clocks SET next_level_at = next_level_at - interval '1 year' WHERE state = 'running'")
        async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
            await escalate_due(work, 100)
        await county.settle()
        return
    command = data.draw(commands(before[0]["status"]))
    login = data.draw(st.sampled_from(likely(people, before[0])))
    try:
        async with unit_of_work(people[login]) as work:
            await act(work, witness.number, command, before[0]["version"], owed_answers)
    except Problem:
        done = False
    else:
        done = True
    await witness.check(before, await witness.look(), done=done)
    if done:
        await county.settle()
        await witness.check_kept((await witness.look())[0]["id"])


@settings(
    max_examples=14,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_random_people_and_actions_never_break_a_promise(county, data):
    people = {login: await actor(login) for login in LOGINS}
    filed = await file(category="water.outage")
    witness = Witness(county, filed.number)
    so_far = data.draw(st.integers(-1, len(STRAIGHT)))
    if so_far >= 0:
        await county.settle()
    for login, body in STRAIGHT[: max(so_far, 0)]:
        async with unit_of_work(people[login]) as work:
            await act(work, filed.number, COMMAND.validate_python(body), None, owed_answers)
        await county.settle()
    for _ in range(data.draw(st.integers(5, 20))):
        await one_step(county, data, witness, people)
