"""Who may have an unreasonable demand (不合理诉求) left out of the rates, when, and who may not. Pure.

Three different people: one proposes from the desk, one at county level decides, and where it is appealed a third decides again. None of
them sits in a unit that worked on the ticket. It changes nothing for the complainant: the ticket, its answer and every right stay.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.identity.permissions import area_of
from services.platform.actor import Actor, Seat
from services.platform.errors import Conflict, Forbidden
from services.tickets.case import Case
from services.tickets.lifecycle import Relation
from services.tickets.relations import relations
from services.tickets.verifying import did_it, worked

ANSWERED = ("answered", "closed")


@dataclass(frozen=True, slots=True)
class Adjudication:
    """A row of `demand_exclusions`, as far as rules look at it."""

    state: str
    proposed_by: UUID
    decided_by: UUID | None
    taken_by: UUID | None
    appeal_until: datetime | None


@dataclass(frozen=True, slots=True)
class Executors:
    """The units and accounts that worked on a ticket in any of its rounds, but from the jurisdiction's own desk."""

    units: frozenset[UUID]
    accounts: frozenset[UUID]


def proposing_seat(case: Case, actor: Actor, did: Executors) -> Seat:
    """Return the seat of the desk from which `actor` may propose; raise where the complainant was not answered, or they may not."""
    _refuse_executor(case, actor, did)
    seat = relations(case, actor).get(Relation.DESK)
    if seat is None:
        raise Forbidden("exclusion.not_the_desk", "Only the desk that watches over the ticket proposes this.")
    if case.ticket.source != "complaint":
        raise Conflict("exclusion.no_demand", "Nobody demanded anything here: the matter was found by the grid.")
    if case.ticket.status not in ANSWERED:
        raise Conflict("exclusion.not_answered", "The complainant must have been answered first; that is owed whatever was demanded.")
    return seat


def deciding_seat(case: Case, actor: Actor, found: Adjudication, did: Executors) -> Seat:
    """Return the seat from which `actor` may decide on a proposal of somebody else."""
    if found.state != "proposed":
        raise Conflict("exclusion.decided", "This was decided already.", extra={"state": found.state})
    if case.is_person(actor.account_id, found.proposed_by):
        raise Forbidden("exclusion.own_proposal", "Whoever proposed it cannot decide on it; somebody else at county level must.")
    return _county_seat(case, actor, did)


def require_same_round(case: Case, number: int) -> None:
    """Raise Conflict where the next round began since it was proposed: what is worked on again is not unreasonable."""
    if case.ticket.round != number:
        detail = "The next round has begun since, and is judged anew. Refuse this proposal; propose again once that round was answered."
        raise Conflict("exclusion.round_over", detail, extra={"round": case.ticket.round})


def closing_seat(case: Case, actor: Actor, found: Adjudication, did: Executors) -> Seat:
    """Return the seat from which `actor`, who had no part so far, may decide on an appeal."""
    if found.state != "appealed":
        raise Conflict("exclusion.no_appeal", "There is no appeal to decide on.", extra={"state": found.state})
    if any(case.is_person(actor.account_id, doer) for doer in (found.proposed_by, found.decided_by, found.taken_by)):
        raise Forbidden("exclusion.had_a_part", "Whoever proposed or decided it, or took the appeal, cannot decide on that; a third must.")
    return _county_seat(case, actor, did)


def require_appealable(found: Adjudication | None, now: datetime) -> None:
    """Raise Conflict unless there is something to appeal against, and still time to."""
    if found is None or found.state != "granted" or found.appeal_until is None:
        raise Conflict("appeal.nothing", "There is no decision that could be appealed against.")
    if now >= found.appeal_until:
        raise Conflict("appeal.too_late", "The days for an appeal are over.", extra={"appeal_until": found.appeal_until.isoformat()})


def _county_seat(case: Case, actor: Actor, did: Executors) -> Seat:
    _refuse_executor(case, actor, did)
    for seat in actor.seats:
        if seat.role == "county_supervisor" and case.ticket.area_path.startswith(area_of(seat)):
            return seat
    raise Forbidden("exclusion.county_only", "This is decided at county level.")


def _refuse_executor(case: Case, actor: Actor, did: Executors) -> None:
    """Refuse whoever worked on it, in whichever round: an older round may be adjudicated or appealed while the next one runs."""
    units = did.units | worked(case) | ({case.ticket.lead_unit_id} - {None})
    if units & {seat.unit_id for seat in actor.seats} or actor.account_id in did.accounts or did_it(case, actor.account_id):
        raise Forbidden("exclusion.executor", "Nobody of a unit that worked on the ticket has a part in this.")
