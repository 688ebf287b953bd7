"""The life of one ticket in memory: the rows it would have in the database, changed by the product's own decisions.

Every step goes through the functions that the running application goes through: `open_ticket`, `decide`, `escalated`, `owed_before`,
`events_of`. Nothing is stored; what would be is in `rows`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from daguanjia.county.ids import Ids
from daguanjia.county.world import World
from services.deadlines.clocks import ClockState
from services.deadlines.models import Clock
from services.platform.actor import SYSTEM, Actor
from services.platform.database import Base
from services.reports.facts import Fact
from services.reports.folding import TELLING, Seen, steps
from services.tickets.case import AssignmentState, Case, Deed, ExtensionState, SuspensionState, TicketState
from services.tickets.changes import Change, EventDraft, Insert, Update
from services.tickets.deciding import acting_seat, allowed_step, decide
from services.tickets.lateness import escalated, owed_before, put_right
from services.tickets.lifecycle import OPEN
from services.tickets.models import Assignment, CallBack, Extension, Round, Suspension, Ticket, WorkLog
from services.tickets.opening import Opening, open_ticket
from services.tickets.pausing_commands import Resume
from services.tickets.recording import events_of
from services.tickets.resuming import WORDS

Row = dict[str, Any]
Rows = dict[type[Base], dict[UUID, Row]]
SHOWN = frozenset({"before", "after", "evidence"})
"""Pictures are left out: every demand for one counts as met."""
_LOOKS_AFTER = timedelta(seconds=7)
"""How long after a level was reached the worker writes it down."""
_TICKET = tuple(column.name for column in Ticket.__table__.columns if column.name not in ("changed_in", "waited_at_ids"))
_STATE = tuple(TicketState.__dataclass_fields__)


class Life:
    """One ticket, and everything beside it. `now` never goes back."""

    def __init__(self, world: World, ids: Ids) -> None:
        self.world = world
        self.ids = ids
        self.ticket: Row = {}
        self.clocks: dict[UUID, ClockState] = {}
        self.rows: Rows = {}
        self.events: list[Row] = []
        self.owed_answers: list[UUID] = []
        self.absorbed = 0

    @property
    def now(self) -> datetime:
        """When the last thing happened."""
        return self.ids.at

    @property
    def status(self) -> str:
        """The ticket's status."""
        found: str = self.ticket["status"]
        return found

    @property
    def over(self) -> bool:
        """Whether nothing more may happen: the end of the simulation was reached."""
        return self.now >= self.world.until

    def open(self, actor: Actor, at: datetime, opening: Opening, *, ticket_id: UUID, sequence: int) -> None:
        """Begin: the ticket is received, written down at `at`."""
        self.ids.at = at
        opened = open_ticket(actor, at, opening, ticket_id=ticket_id, sequence=sequence)
        self.ticket = {**dict.fromkeys(_TICKET), "helped_by": [], "hand_offs": 0, "returns": 0, "adjudication": False, "designated": False}
        self.ticket |= opened.ticket
        self.clocks[opened.clock["id"]] = ClockState(**opened.clock)
        self.events.append(opened.event)

    def state(self) -> TicketState:
        """Return the ticket as decisions see it."""
        return TicketState(*(self.ticket[name] for name in _STATE))

    def case(self, other: TicketState | None = None) -> Case:
        """Return the case as the application would read it."""
        number, rows = self.ticket["round"], self.rows
        assignments = list(rows.get(Assignment, {}).values())
        category = self.world.policies.category(self.ticket["category_code"], self.ticket["category_version"])
        calls = [row for row in rows.get(CallBack, {}).values() if row["round"] == number]
        leads = [row for row in assignments if row["part"] == "lead"]
        extensions = list(rows.get(Extension, {}).values())
        waiting = next((row for row in extensions if row.get("decided_at") is None), None)
        return Case(
            self.state(),
            self.world.around,
            category=category,
            clocks=tuple(clock for clock in self.clocks.values() if clock.round == number or clock.next_level_at is not None),
            assignments=tuple(_state(AssignmentState, row) for row in assignments if row.get("ended_at") is None),
            extension=_state(ExtensionState, waiting) if waiting else None,
            extensions=sum(row.get("granted") is True and row["round"] == number for row in extensions),
            owed_answers=tuple(self.owed_answers),
            evidence=SHOWN,
            next_sequence=len(assignments) + 1,
            last_solved=next((row["solved"] for row in reversed(calls) if row["solved"] is not None), None),
            other=other,
            absorbed=self.absorbed,
            lead_before=leads[-1]["unit_id"] if leads else None,
            returned=any(row["round"] == number and row.get("end") == "returned" for row in assignments),
            round_id=next((row["id"] for row in rows.get(Round, {}).values() if row["number"] == number), None),
            tries=sum(not row["reached"] for row in calls),
            suspensions=tuple(_state(SuspensionState, row) for row in rows.get(Suspension, {}).values()),
            workers=self._workers(number),
        )

    def _workers(self, number: int) -> frozenset[UUID]:
        logs = self.rows.get(WorkLog, {}).values()
        return frozenset(row["account_id"] for row in logs if row["round"] == number and row["unit_id"] != self.world.root.id)

    def act(self, actor: Actor, command: Any, *, other: TicketState | None = None) -> None:
        """Take `command` now. Raises what the decision raises; nothing is changed then but levels that were owed."""
        case = self.case(other)
        change = decide(case, command, actor, self.now)
        owed = owed_before(case, change.updates, self.now)
        if owed is not None:
            self.apply(owed, SYSTEM, None)
            case = self.case(other)
            change = decide(case, command, actor, self.now)
        seat = acting_seat(case, actor, allowed_step(case, command.action))
        self.apply(change, actor, seat.unit_id if seat else None)

    def note(self, actor: Actor, unit_id: UUID | None, draft: EventDraft, *parts: Insert | Update) -> None:
        """Write down an event that changes nothing of the ticket itself, with rows beside it."""
        inserts = tuple(part for part in parts if isinstance(part, Insert))
        updates = tuple(part for part in parts if isinstance(part, Update))
        self.apply(Change(self.state(), (draft,), inserts=inserts, updates=updates), actor, unit_id)

    def apply(self, change: Change, actor: Actor, unit_id: UUID | None) -> None:
        """Do to the rows in memory what `recording.write` does to those in the database."""
        drafted = events_of(change, actor, self.now, unit_id)
        self.events += drafted
        last = drafted[-1]
        self.ticket |= {**change.values, "version": last["seq"], "chain_head": last["hash"], "updated_at": self.now}
        for insert in change.inserts:
            if insert.model is Clock:
                self.clocks[insert.row["id"]] = ClockState(**insert.row)
            else:
                self.rows.setdefault(insert.model, {})[insert.row["id"]] = dict(insert.row)
        for update in change.updates:
            if update.model is Clock:
                self.clocks[update.id] = replace(self.clocks[update.id], **update.values)
            else:
                self.rows[update.model][update.id] |= update.values

    def advance(self, to: datetime) -> bool:
        """Let time go by until `to`: levels are reached and suspensions end, each written down shortly after. False at the end of all."""
        to = max(to, self.now)
        end = min(to, self.world.until)
        while (due := self._next_due()) is not None and (at := max(due + _LOOKS_AFTER, self.now)) < end:
            self.ids.at = at
            self._look()
        self.ids.at = end
        return to < self.world.until

    def _next_due(self) -> datetime | None:
        levels = (clock.next_level_at for clock in self.clocks.values() if clock.state in ("running", "stopped"))
        due = [at for at in levels if at is not None]
        if self.ticket["suspended_until"] is not None and self.status in OPEN[:3]:
            due.append(self.ticket["suspended_until"])
        return min(due, default=None)

    def _look(self) -> None:
        """Do what the worker does when it looks: end a suspension that is over, write down levels."""
        until = self.ticket["suspended_until"]
        if until is not None and until <= self.now and self.status in OPEN[:3]:
            self.act(SYSTEM, Resume(action="resume", words=WORDS))
            return
        change = escalated(self.case(), Deed(SYSTEM, self.now))
        if change is not None:
            self.apply(change, SYSTEM, None)
            return
        for values in put_right(self.case(), self.now):
            self.clocks[values["id"]] = replace(self.clocks[values["id"]], next_level_at=values["next_level_at"])

    def facts(self) -> list[Fact]:
        """Return the facts that reports make of the journal, the present one last."""
        telling = (_seen(event) for event in self.events if "now" in event["data"] or event["type"] in TELLING)
        return steps(self.ticket["id"], telling, self.world.places)

    def rows_of_clocks(self) -> Iterable[Row]:
        """Return the rows of the clocks."""
        return [clock.row() for clock in self.clocks.values()]


def _seen(event: Row) -> Seen:
    return Seen(event["seq"], event["type"], event["happened_at"], event["recorded_at"], event["data"])


def _state(kind: Any, row: Mapping[str, Any]) -> Any:
    return kind(*(row.get(name) for name in kind.__dataclass_fields__))
