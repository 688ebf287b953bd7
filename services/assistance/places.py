"""What the three parts share: where somebody may act, the household, the ticket and the members they name, and telling repeats."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true

from services.activities.references import fingerprint
from services.activities.rules import require_past, seat_over
from services.attachments.linking import require_uploaded
from services.attachments.models import Attachment, AttachmentLink
from services.households.models import Household
from services.households.queries import visible as household_visible
from services.identity.permissions import DESKS, FIELD, PERMISSIONS, lends, may, reach_of, scope_of
from services.organization.models import Member, Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.pairing.models import Pairing
from services.pairing.queries import in_force
from services.platform.actor import Actor
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.numbers import read_number

IN_PLACE = FIELD | DESKS
"""Roles whose posts reach what happens in a place; others see here what they have a part in."""


def within(actor: Actor, action: str, roles: Collection[str] = IN_PLACE) -> ColumnElement[bool]:
    """Return the condition, over units, that one lies where a post of `actor` among `roles` may do `action`."""
    if actor.kind == "system":
        return true()
    allowed = PERMISSIONS[action] & frozenset(roles) if lends(actor, action) else frozenset[str]()
    areas = {reach_of(seat) for seat in actor.seats if seat.role in allowed}
    return or_(false(), *(Unit.path.startswith(area, autoescape=True) for area in sorted(areas)))


async def hold(work: Work, *ids: UUID) -> None:
    """Have requests about the same thing, there or to come, wait for each other; always in the same order."""
    for number in sorted(int.from_bytes(found.bytes[8:], "big", signed=True) for found in set(ids)):
        await work.session.execute(select(func.pg_advisory_xact_lock(number)))


def mark_of(work: Work, said: Any) -> bytes:
    """Return the keyed fingerprint of what somebody said: tells a repeat from another thing under the same id."""
    return fingerprint(said.model_dump_json(), work.actor.account_id)


async def said_before(work: Work, row_class: Any, row_id: UUID, mark: bytes) -> bool:
    """Tell whether this very thing is there already; raise Conflict ``assistance.id_taken`` where another one has its id."""
    there = await work.session.scalar(select(row_class.fingerprint).where(row_class.id == row_id))
    if there is not None and there != mark:
        raise Conflict("assistance.id_taken", "Something else has this id; make a new one.")
    return there is not None


async def place_of(work: Work, action: str, code: str) -> UnitNode:
    """Return the area `code` where `work.actor` may do `action`; raise what is wrong with it."""
    unit = (await unit_tree(work.session)).by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    if unit.kind in ("station", "department"):
        raise Invalid("unit.not_an_area", "Say where it is; this unit is an office.", errors=[Fault("/unit", "must be an area")])
    if seat_over(work.actor, action, unit) is None:
        raise Forbidden("assistance.outside_area", "The place lies outside of your area; let somebody of that area record it.")
    return unit


def require_come(work: Work, day: Any, pointer: str) -> None:
    """Raise Invalid for a day to come, or one before there was anything to record, at `pointer`."""
    try:
        require_past(day, local_day(work.now))
    except Invalid as problem:
        raise Invalid(problem.code, problem.detail, errors=[Fault(pointer, fault.detail) for fault in problem.errors]) from None


def looked_after_by(actor: Actor, day: Any, household: Any) -> ColumnElement[bool]:
    """Return the condition that `actor` is paired with a household on `day`."""
    if actor.member_id is None:
        return false()
    theirs = select(Pairing.id).where(Pairing.household_id == household, Pairing.member_id == actor.member_id, in_force(day))
    return exists(theirs)


async def household_of(work: Work, household_id: UUID) -> Household:
    """Return a household of one's area, or one that one is paired with; raise 404 ``household.unknown``, 409 ``household.ended``."""
    known = or_(household_visible(work.actor), looked_after_by(work.actor, local_day(work.now), Household.id))
    query = select(Household).join(Unit, Unit.id == Household.unit_id).where(Household.id == household_id, known)
    found = await work.session.scalar(query)
    if found is None:
        raise NotFound("household.unknown", "There is no household with this id, or none that you may know of.")
    if found.ended_on is not None:
        raise Conflict("household.ended", "This household has ended; name the one it is listed as now.")
    return found


async def require_members(work: Work, member_ids: Sequence[UUID], pointer: str) -> None:
    """Raise 404 ``member.unknown`` unless all of these are here today."""
    here = and_(one_of(Member.id, member_ids), or_(Member.left_on.is_(None), Member.left_on > local_day(work.now)))
    found = set(await work.session.scalars(select(Member.id).where(here)))
    faults = [Fault(f"{pointer}/{nth}", "nobody of this id is here") for nth, one in enumerate(member_ids) if one not in found]
    if faults:
        raise NotFound("member.unknown", "Nobody of this id is here; see GET /v1/members.", errors=faults)


async def ticket_of(work: Work, number: str | None) -> UUID | None:
    """Return the ticket of a number that `work.actor` may know of; None of none; raise 404 ``ticket.unknown``."""
    if number is None:
        return None
    canonical = read_number(number)
    scope = compile_scope(scope_of(work.actor), TICKETS)
    query = select(TICKETS["id"]).where(TICKETS["number"] == canonical, scope)
    found: UUID | None = await work.session.scalar(query) if canonical is not None and may(work.actor, "ticket.read") else None
    if found is None:
        raise NotFound("ticket.unknown", "There is no ticket with this number, or none that you may know of. Check the number.")
    return found


async def require_file(work: Work, attachment_id: UUID | None) -> None:
    """Raise Invalid ``attachment.unknown`` unless it is a file of one's own, where there is one."""
    if attachment_id is None:
        return
    try:
        await require_uploaded(work.session, work.actor, [attachment_id])
    except Invalid as problem:
        raise Invalid(problem.code, problem.detail, errors=[Fault("/attachment_id", "no file of yours has this id")]) from None


async def files_beside(work: Work, subject_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Return the files of steps, sessions and ends, by what they are tied to, those that were erased left out."""
    query = (
        select(AttachmentLink.subject_id, AttachmentLink.attachment_id)
        .join(Attachment, Attachment.id == AttachmentLink.attachment_id)
        .where(AttachmentLink.subject_id.in_(list(subject_ids)), Attachment.store_key != "")
        .order_by(AttachmentLink.linked_at, AttachmentLink.attachment_id)
    )
    found: dict[UUID, list[UUID]] = {}
    for row in await work.session.execute(query):
        found.setdefault(row.subject_id, []).append(row.attachment_id)
    return found
