"""Whether an entry can be, and the rows it makes. Pure: what is known in, rows or a problem out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.activities.commands import (
    EnterVisit,
    RecordActivity,
    RecordDispute,
    RecordFunds,
    RecordHelp,
    RecordLabour,
    RecordOpinion,
    RecordThing,
)
from services.households.references import household_key, need_village, person_keys
from services.identity.permissions import PERMISSIONS, area_of, lends
from services.organization.tree import UnitNode, UnitTree
from services.platform.actor import Actor, Seat
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.papers import seal_paper

EARLIEST = date(1949, 10, 1)
WITHIN = {"opinion": "visit", "funds": "thing", "help": "thing", "labour": "thing"}
"""Of what kind the entry is that one of this kind belongs to."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """An entry that is there, as far as others refer to it. `thing_id`: of an opinion, the thing that was done about it."""

    id: UUID
    kind: str
    unit_id: UUID
    fingerprint: bytes
    withdrawn: bool = False
    thing_id: UUID | None = None


@dataclass(frozen=True)
class Doer:
    """Whoever an entry may be of: until when they are here, and the seat they act from."""

    left_on: date | None
    unit_id: UUID | None


@dataclass
class Known:
    """What the entries of one request refer to, as it stands; entries of the same request join it one after another."""

    tree: UnitTree
    today: date
    entries: dict[UUID, Entry]
    tickets: Mapping[str, UUID]
    doers: Mapping[UUID, Doer]


@dataclass
class Rows:
    """Rows to write, by table."""

    activities: list[Row] = field(default_factory=list)
    persons: list[Row] = field(default_factory=list)
    led: list[Row] = field(default_factory=list)
    papers: list[Row] = field(default_factory=list)


def seat_over(actor: Actor, action: str, unit: UnitNode) -> Seat | None:
    """Return the first seat of `actor` that may do `action` and whose area holds `unit`."""
    seats = actor.seats if lends(actor, action) else ()
    return next((seat for seat in seats if seat.role in PERMISSIONS[action] and unit.path.startswith(area_of(seat))), None)


def decide(actor: Actor, now: datetime, said: RecordActivity, mark: bytes, known: Known, *, corrects: UUID | None = None) -> Rows:
    """Return the rows of an entry; raise the first thing that cannot be. `mark` is the entry's fingerprint."""
    require_past(said.happened_on, known.today)
    unit = known.tree.by_code.get(said.unit)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    if unit.kind in ("station", "department"):
        raise Invalid("unit.not_an_area", "Say where it happened; this unit is an office.", errors=[Fault("/unit", "must be an area")])
    seat = seat_over(actor, "activity.record", unit)
    if seat is None:
        raise Forbidden("activity.outside_area", "The place lies outside of your area; let somebody of that area record it.")
    member_id, by_unit_id = _doer(actor, seat, said, unit, known)
    rows = Rows()
    row: Row = {
        "id": said.activity_id,
        "kind": said.kind,
        "unit_id": unit.id,
        "member_id": member_id,
        "by_unit_id": by_unit_id,
        "happened_on": said.happened_on,
        "within_id": _within(said, known),
        "ticket_id": _ticket(said, known),
        "paper_id": None,
        "fingerprint": mark,
        "corrects_id": corrects,
        "recorded_at": now,
        "recorded_by_account_id": actor.account_id,
        **_told(said, unit, known),
    }
    if said.words is not None:
        rows.papers.append(seal_paper("activity", {"words": said.words}, now))
        row["paper_id"] = rows.papers[0]["id"]
    rows.activities.append(row)
    if isinstance(said, RecordHelp) and said.persons:
        village = need_village(known.tree, unit, "/unit")
        rows.persons += [{"activity_id": said.activity_id, "person": key} for key in person_keys(village, said.persons)]
    if isinstance(said, RecordThing):
        rows.led += _led(said, now, known)
    return rows


def require_past(day: date, today: date) -> None:
    """Raise Invalid for a day to come, or one before there was anything to record."""
    if day > today:
        fault = [Fault("/happened_on", "must not be in the future")]
        raise Invalid("activity.day_in_future", "Correct the day: only what has happened is recorded.", errors=fault)
    if day < EARLIEST:
        raise Invalid("activity.day_too_early", f"Days before {EARLIEST} are not taken.", errors=[Fault("/happened_on", "too long ago")])


def join(known: Known, rows: Rows) -> None:
    """Let `rows` be known to the entries after them."""
    for row in rows.activities:
        known.entries[row["id"]] = Entry(row["id"], row["kind"], row["unit_id"], row["fingerprint"])
    for row in rows.led:
        opinion = known.entries[row["opinion_id"]]
        known.entries[opinion.id] = Entry(opinion.id, opinion.kind, opinion.unit_id, opinion.fingerprint, thing_id=row["thing_id"])


def _doer(actor: Actor, seat: Seat, said: RecordActivity, unit: UnitNode, known: Known) -> tuple[UUID, UUID | None]:
    if said.member_id is None or said.member_id == actor.member_id:
        assert actor.member_id is not None  # only members hold seats
        return actor.member_id, seat.unit_id
    if seat_over(actor, "activity.record_for_others", unit) is None:
        raise Forbidden("activity.not_yours", "You record what you did yourself; the village or the township records for others.")
    doer = known.doers.get(said.member_id)
    if doer is None or (doer.left_on is not None and doer.left_on <= said.happened_on):
        raise NotFound("member.unknown", "Nobody of this id was here on that day; see GET /v1/members.")
    return said.member_id, doer.unit_id


def _within(said: RecordActivity, known: Known) -> UUID | None:
    within = getattr(said, "within_id", None)
    if within is None:
        return None
    whole, wanted = known.entries.get(within), WITHIN[said.kind]
    if whole is None or whole.kind != wanted:
        fault = [Fault("/within_id", f"is no {wanted}")]
        raise Conflict("activity.whole_unknown", f"The {wanted} it belongs to is not here yet: send that first.", errors=fault)
    if whole.withdrawn:
        raise Conflict("activity.withdrawn", f"The {wanted} it belongs to was withdrawn.", errors=[Fault("/within_id", "was withdrawn")])
    return whole.id


def _ticket(said: RecordActivity, known: Known) -> UUID | None:
    number = getattr(said, "ticket", None)
    if number is None:
        return None
    found = known.tickets.get(number)
    if found is None:
        raise NotFound("ticket.unknown", "There is no ticket with this number, or none that you may know of. Check the number.")
    return found


def _told(said: RecordActivity, unit: UnitNode, known: Known) -> Row:
    """Return the columns that differ between kinds; all of them, so that rows of all kinds go into one statement."""
    row: Row = dict.fromkeys(("outcome", "household", "stage", "source", "amount"))
    match said:
        case EnterVisit() | RecordDispute():
            row["outcome"] = said.outcome
        case RecordFunds():
            row |= {"stage": said.stage, "source": said.source, "amount": said.amount_fen}
        case RecordHelp():
            row["amount"] = said.people
        case RecordLabour():
            row["amount"] = int(said.days * 2)
        case _:
            pass
    if isinstance(said, EnterVisit | RecordOpinion | RecordThing) and said.household is not None:
        row["household"] = household_key(need_village(known.tree, unit, "/unit"), said.household)
    return row


def _led(said: RecordThing, now: datetime, known: Known) -> list[Row]:
    rows = []
    for place, opinion_id in enumerate(dict.fromkeys(said.opinion_ids)):
        opinion, at = known.entries.get(opinion_id), f"/opinion_ids/{place}"
        if opinion is None or opinion.kind != "opinion" or opinion.withdrawn:
            detail = "An opinion it was done about is not here yet, or was withdrawn: send it first, or leave it out."
            raise Conflict("activity.opinion_unknown", detail, errors=[Fault(at, "is no opinion")])
        if opinion.thing_id is not None:
            detail = "Something was done about this opinion already; an opinion leads to one thing."
            raise Conflict("activity.opinion_taken", detail, errors=[Fault(at, "belongs to another thing")])
        rows.append({"id": new_id(), "opinion_id": opinion_id, "thing_id": said.activity_id, "recorded_at": now})
    return rows
