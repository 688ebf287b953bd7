"""A ticket that is played in memory: the real decisions on frozen values, their rows kept in dictionaries, no database."""

from copy import copy
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.catalogue.policy import CategoryPolicy, Limit
from services.deadlines.calendar import WorkCalendar, seed_days
from services.deadlines.calendars import Calendars
from services.deadlines.clocks import ClockRules, ClockState
from services.deadlines.ladders import BUILT_IN
from services.deadlines.models import Clock
from services.organization.tree import PostNode, UnitNode, UnitTree
from services.platform.actor import SYSTEM, Actor, Seat
from services.platform.errors import Problem
from services.platform.ids import new_id
from services.policies.book import Book
from services.tickets import timing
from services.tickets.case import (
    AssignmentState,
    CallState,
    Case,
    Deed,
    DirectiveState,
    ExtensionState,
    Surroundings,
    SuspensionState,
    TicketState,
    WhistleState,
)
from services.tickets.changes import Change
from services.tickets.commands import TicketCommand
from services.tickets.deciding import allowed_actions, decide
from services.tickets.models import Assignment, Directive, Extension, Suspension, Whistle, WhistleCall
from services.tickets.moving import assign_lead

MONDAY = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai, a working day with three more behind it."""
COUNTY, TOWN, VILLAGE, GRID = "441624", "441624108", "441624108213", "441624108213001"
WATER, ROADS, BLANK, HOTLINE = "441624-D-SLJ", "441624-D-JTJ", "441624-D-KONG", "441624-H-580"
COMMAND: TypeAdapter[Any] = TypeAdapter(TicketCommand)
_PLACES = {COUNTY: "county", TOWN: "township", VILLAGE: "village", GRID: "grid"}
_SEATS = {
    "county": ("county_supervisor", COUNTY),
    "town": ("township_dispatcher", TOWN),
    "village": ("village_secretary", VILLAGE),
    "grid": ("grid_worker", GRID),
    "water": ("department_officer", WATER),
    "roads": ("department_officer", ROADS),
    "hotline": ("hotline_operator", HOTLINE),
}
_NO_WORDS = {"accept", "join", "call_back", "respond", "acknowledge"}


@cache
def tree() -> UnitTree:
    """Return a county of one township, village and grid, two departments where somebody sits, one where nobody does, and the hotline."""
    parents = {TOWN: COUNTY, VILLAGE: TOWN, GRID: VILLAGE} | dict.fromkeys((WATER, ROADS, BLANK, HOTLINE), COUNTY)
    functions = {WATER: "water", ROADS: "roads"}
    units: dict[str, UnitNode] = {}
    for code in (COUNTY, TOWN, VILLAGE, GRID, WATER, ROADS, BLANK, HOTLINE):
        above = units.get(parents.get(code, ""))
        kind = _PLACES.get(code, "station" if code == HOTLINE else "department")
        path = f"{above.path if above else '/'}{code}/"
        above_id = above.id if above else None
        tier = _PLACES.get(code, "county")
        units[code] = UnitNode(new_id(), code, kind, tier, code, (), above_id, path, functions.get(code), None, None, active=True)
    posts = [PostNode(new_id(), new_id(), units[code].id, role, date(2025, 1, 1), None) for role, code in _SEATS.values()]
    return UnitTree(units.values(), posts, MONDAY.date(), COUNTY)


@cache
def person(login: str) -> Actor:
    """Return somebody who sits where their login says; the same person each time."""
    if login == "system":
        return SYSTEM
    role, code = _SEATS[login.rstrip("2")]  # a second person in the same seat has a 2 behind the login
    unit = tree().by_code[code]
    seat = Seat(role, unit.id, unit.code, unit.path, unit.tier, unit.kind, unit.function)
    return Actor("member", new_id(), new_id(), login, (seat,))


@cache
def rules() -> ClockRules:
    """Return the built-in ladders, and the calendar as the library knows it."""
    calendar = WorkCalendar.from_rows(seed_days((2025, 2026, 2027)))
    return ClockRules(Book({0: Calendars(0, {"default": calendar})}), Book({0: BUILT_IN}))


def category(handler: str = "lowest", **limits: Limit) -> CategoryPolicy:
    """Return a category with some limits of its own."""
    given = {
        "code": "water.quality", "parent_code": "water", "name": "水质", "leaf": True, "urgency": "normal", "privacy": "normal",
        "place_needed": True, "evidence": (), "limits": limits, "handler": handler, "co_handler": None, "surfaces_directly": False,
        "urgent_ring": False, "keywords": (), "active": True, "version": 1,
    }  # fmt: skip
    known = {field.name for field in fields(CategoryPolicy)}
    return CategoryPolicy(**{name: value for name, value in given.items() if name in known})  # type: ignore[arg-type]  # by name


class Played:
    """One ticket in the village, dispatched to `lead` at MONDAY; `now` moves when it is told to."""

    def __init__(self, lead: str = VILLAGE, *, handler: str = "lowest", surface_to: str | None = None, co: tuple[str, ...] = ()) -> None:
        units = tree().by_code
        self.now, self.policy, self.row_unit = MONDAY, category(handler), None
        self.rows: dict[type, dict[Any, dict[str, Any]]] = {}
        self.events: list[tuple[str, dict[str, Any]]] = []
        given = {
            "id": new_id(), "number": "20261116-000001-1", "status": "dispatched", "version": 1, "chain_head": b"", "round": 1,
            "source": "complaint", "channel": "hotline", "category_code": "water.quality", "category_version": 1, "urgency": "normal",
            "privacy": "normal", "terms": "usual", "place_unit_id": units[VILLAGE].id, "area_path": units[VILLAGE].path,
            "desk_unit_id": units[COUNTY if surface_to else TOWN].id, "received_at": MONDAY, "hand_offs": 0, "returns": 0,
            "adjudication": False, "designated": False, "helped_by": [],
            "surface_to_id": units[surface_to].id if surface_to else None,
        }  # fmt: skip
        self.ticket: dict[str, Any] = {field.name: given.get(field.name) for field in fields(TicketState)}
        started = timing.start(self.case(), "dispatch", MONDAY, limit=timing.dispatch_limit("normal"))
        self.apply(Change(self.case().ticket, (), inserts=started))
        helpers = tuple(units[code] for code in co)
        outcome = assign_lead(self.case(), units[lead], {"rule": "category"}, Deed(SYSTEM, MONDAY), co_handlers=helpers)
        self.apply(Change(self.case().ticket, (), outcome.values, outcome.inserts, outcome.updates))

    def case(self) -> Case:
        """Return the ticket as a decision sees it now."""
        return Case(
            TicketState(**self.ticket),
            Surroundings(tree(), rules()),
            category=self.policy,
            clocks=tuple(ClockState(**row) for row in self.of(Clock)),
            assignments=tuple(AssignmentState.of(SimpleNamespace(**row)) for row in self.of(Assignment) if row["ended_at"] is None),
            extension=next((_state(ExtensionState, row) for row in self.of(Extension) if row.get("decided_at") is None), None),
            extensions=sum(row.get("granted") is True for row in self.of(Extension)),
            next_sequence=len(self.of(Assignment)) + 1,
            row_unit_id=tree().by_code[self.row_unit].id if self.row_unit else None,
            suspensions=tuple(_state(SuspensionState, row) for row in self.of(Suspension)),
            whistle=next((_state(WhistleState, row) for row in self.of(Whistle) if row.get("ended_at") is None), None),
            calls=tuple(_state(CallState, row) for row in self.of(WhistleCall) if self.open_whistle(row["whistle_id"])),
            instructions=tuple(
                _state(DirectiveState, row) for row in self.of(Directive) if row["kind"] == "instruct" and row.get("followed_at") is None
            ),
        )

    def twin(self) -> "Played":
        """Return another ticket that went the same way so far: quicker than going it again."""
        found = copy(self)
        found.ticket, found.events = dict(self.ticket), list(self.events)
        found.rows = {model: {key: dict(row) for key, row in rows.items()} for model, rows in self.rows.items()}
        return found

    def of(self, model: type) -> list[dict[str, Any]]:
        """Return the rows of a table, oldest first."""
        return list(self.rows.get(model, {}).values())

    def open_whistle(self, whistle_id: Any) -> bool:
        """Tell whether a whistle has not ended."""
        return self.rows[Whistle][whistle_id].get("ended_at") is None

    def apply(self, change: Change) -> None:
        """Keep what a decision came to."""
        self.ticket |= {name: value for name, value in change.values.items() if name in self.ticket}
        for insert in change.inserts:
            self.rows.setdefault(insert.model, {})[insert.row["id"]] = dict(insert.row)
        for update in change.updates:
            self.rows[update.model][update.id].update(update.values)
        self.events += [(event.type, dict(event.data)) for event in change.events]

    def does(self, login: str, action: str, **more: Any) -> dict[str, Any]:
        """Take an action that must be possible; return the data of its first event."""
        words = {} if action in _NO_WORDS else {"words": "照办"}
        change = decide(self.case(), COMMAND.validate_python({"action": action, **words, **more}), person(login), self.now)
        self.apply(change)
        return dict(change.events[0].data)

    def refused(self, login: str, action: str, **more: Any) -> str:
        """Return the code with which an action is refused."""
        with pytest.raises(Problem) as refusal:
            self.does(login, action, **more)
        return refusal.value.code

    def offered(self, login: str) -> list[str]:
        """Return the buttons somebody sees."""
        return allowed_actions(self.case(), person(login), self.now)

    def later(self, **time: int) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def clocks(self, stage: str) -> list[dict[str, Any]]:
        """Return the clocks of a stage, oldest first."""
        return [row for row in self.of(Clock) if row["stage"] == stage]

    def states(self, stage: str) -> list[tuple[str, str]]:
        """Return whose clocks of a stage are in which state."""
        codes = {unit.id: unit.code for unit in tree().by_id.values()}
        return [(codes.get(row["unit_id"], ""), row["state"]) for row in self.clocks(stage)]

    @property
    def due(self) -> dict[str, tuple[datetime, datetime]]:
        """When the clocks that a return must not touch started and are due."""
        kept = ("accept", "first_contact", "resolve")
        return {row["stage"]: (row["started_at"], row["due_at"]) for row in self.of(Clock) if row["stage"] in kept and row["turn"] == 1}

    @property
    def holder(self) -> str | None:
        """Code of the unit that has the ticket."""
        lead = self.ticket["lead_unit_id"]
        return tree().by_id[lead].code if lead else None


def _state(kind: Any, row: dict[str, Any]) -> Any:
    return kind(**{field.name: row.get(field.name) for field in fields(kind)})
