"""Deciding: a candidate becomes a focus issue or is set aside; a focus issue is registered or declined, by somebody else."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.activities.rules import seat_over
from services.catalogue.queries import catalogue
from services.identity.permissions import scope_of
from services.identity.persons import is_same_person
from services.journal.noting import note
from services.matters import deeds
from services.matters.clustering import Source
from services.matters.commands import Determine, SetAside
from services.matters.gathering import voices_told_in
from services.matters.holding import SUBJECT, Held, changed, keep_state, require_past, unit_of
from services.matters.looking import SUBJECT as CANDIDATE
from services.matters.looking import figures_of, keep_look
from services.matters.models import AssetSegment, Matter, MatterCandidate, MatterNumber, MatterSource
from services.matters.numbering import number_text
from services.matters.opinions import became_part_of, require_known
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import insert_many, one_of
from services.platform.clock import local_day
from services.platform.database import Json
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.models import Ticket
from services.tickets.numbers import read_number


async def determine(work: Work, command: Determine) -> UUID:
    """Make a focus issue; return it. What speaks for it is counted now and frozen.

    Raises 404 ``candidate.unknown``, ``unit.unknown``, ``ticket.unknown``, ``segment.unknown``; 403 ``matter.outside_area``; 409
    ``candidate.decided``, ``matter.ticket_taken``, ``matter.in_confidence``; 422 ``category.unknown``, ``matter.day_ahead``,
    ``unit.not_an_area``.
    """
    tree = await unit_tree(work.session)
    require_past(command.origin_on, local_day(work.now), "/origin_on")
    if (await catalogue(work.session)).category(command.category) is None:
        raise Invalid("category.unknown", "Name a category of the catalogue.", errors=[Fault("/category", "is not in the catalogue")])
    candidate = await _open_candidate(work, tree, command.candidate_id) if command.candidate_id else None
    unit = tree.by_id[candidate.unit_id] if candidate else unit_of(tree, command.unit or "", "/unit")
    if unit.kind in ("station", "department"):
        raise Invalid("unit.not_an_area", "Say where it is; this unit is an office.", errors=[Fault("/unit", "must be an area")])
    _require_over(work, unit)
    tickets = await _tickets(work, command.tickets)
    listed = [Source(one["kind"], UUID(one["id"])) for one in candidate.figures["sources"]] if candidate else []
    sources = frozenset([*(Source("ticket", one) for one in tickets), *listed])
    row: dict[str, Any] = {
        "id": new_id(), "number": None, "year": None, "sequence": None, "unit_id": unit.id, "category_code": command.category,
        "title": command.title, "segment_id": await _segment(work, command, candidate), "candidate_id": command.candidate_id,
        "origin_on": command.origin_on, "tension": command.tension, "urgency": command.urgency,
        "counted": await _counted(work, sources, candidate), "because": command.because, "determined_at": work.now,
        "determined_by_account_id": work.actor.account_id, "state": "determined", "decided_at": None, "decided_by_account_id": None,
        "decision": None, "lead_unit_id": None, "round": 1, "version": 1,
    }  # fmt: skip
    await insert_many(work.session, Matter, [row])
    keep_state(work, Matter(**row))
    await work.session.flush()
    await _join(work, row["id"], sources)
    if candidate:
        await _decided(work, candidate, "taken")
    await note(work, SUBJECT, row["id"], "matter.determined", {"unit": unit.code, "households": row["counted"]["weight"]["households"]})
    matter_id: UUID = row["id"]
    return matter_id


async def set_aside(work: Work, candidate_id: UUID, command: SetAside) -> None:
    """Leave a candidate for now. Raises 404 ``candidate.unknown``, 403 ``matter.outside_area``, 409 ``candidate.decided``."""
    tree = await unit_tree(work.session)
    candidate = await _open_candidate(work, tree, candidate_id)
    await _decided(work, candidate, "set_aside", command.because)


async def register(work: Work, held: Held, command: deeds.Register) -> None:
    """挂号: give a focus issue the next number of the year. Raises 403 ``matter.own_decision``, 404 ``unit.unknown``."""
    lead = unit_of(held.tree, command.lead, "/lead")
    await _require_another(work, held.matter)
    year = held.today.year
    first = insert(MatterNumber).values(year=year, last=1)
    following = first.on_conflict_do_update(index_elements=["year"], set_={"last": MatterNumber.last + 1}).returning(MatterNumber.last)
    sequence = (await work.session.execute(following)).scalar_one()
    matter = held.matter
    matter.number, matter.year, matter.sequence = number_text(year, sequence), year, sequence
    matter.state, matter.lead_unit_id = "registered", lead.id
    matter.decided_at, matter.decided_by_account_id, matter.decision = work.now, work.actor.account_id, command.words
    await became_part_of(work, matter.id)
    await changed(work, held, "matter.registered", {"number": matter.number, "lead": lead.code, "words": command.words})


async def decline(work: Work, held: Held, command: deeds.Decline) -> None:
    """Leave a focus issue out of the register; what it was told in is free again. Raises 403 ``matter.own_decision``."""
    await _require_another(work, held.matter)
    matter = held.matter
    matter.state = "declined"
    matter.decided_at, matter.decided_by_account_id, matter.decision = work.now, work.actor.account_id, command.words
    free = update(MatterSource).where(MatterSource.matter_id == matter.id, MatterSource.left_at.is_(None))
    await work.session.execute(free.values(left_at=work.now))
    if matter.candidate_id:
        candidate = await work.session.get(MatterCandidate, matter.candidate_id, with_for_update=True)
        assert candidate is not None
        await _decided(work, candidate, "set_aside", command.words)
    await changed(work, held, "matter.declined", {"words": command.words})


async def change_lead(work: Work, held: Held, command: deeds.ChangeLead) -> None:
    """Give the lead to another unit: a hand-off. Raises 404 ``unit.unknown``; the same lead again changes nothing."""
    lead = unit_of(held.tree, command.lead, "/lead")
    if lead.id == held.matter.lead_unit_id:
        return
    before = held.tree.by_id[held.matter.lead_unit_id] if held.matter.lead_unit_id else None
    held.matter.lead_unit_id = lead.id
    said = {"from": before.code if before else None, "to": lead.code, "words": command.words}
    await changed(work, held, "matter.lead_changed", said)


async def set_tension(work: Work, held: Held, command: deeds.SetTension) -> None:
    """Say how tense it is now."""
    held.matter.tension = command.tension
    await changed(work, held, "matter.tension_set", {"tension": command.tension, "words": command.words})


async def join(work: Work, held: Held, command: deeds.JoinMatter) -> None:
    """Make tickets and opinions part of the matter; those that are already change nothing.

    Raises 404 ``ticket.unknown``, ``opinion.unknown``, 409 ``matter.ticket_taken``, ``matter.in_confidence``.
    """
    await require_known(work, command.opinions)
    tickets = [Source("ticket", one) for one in await _tickets(work, command.tickets)]
    sources = frozenset([*tickets, *(Source("opinion", one) for one in command.opinions)])
    if {one.id for one in sources} <= await _parts(work, held.matter.id):
        return
    await _join(work, held.matter.id, sources)
    if held.matter.state == "registered":
        await became_part_of(work, held.matter.id)
    said = {"tickets": sorted(command.tickets), "opinions": sorted(str(one) for one in command.opinions)}
    await changed(work, held, "matter.joined", said)


async def _open_candidate(work: Work, tree: UnitTree, candidate_id: UUID) -> MatterCandidate:
    query = select(MatterCandidate).where(MatterCandidate.id == candidate_id).with_for_update()
    candidate = await work.session.scalar(query)
    if candidate is None or not _over(work, tree.by_id[candidate.unit_id]):
        raise NotFound("candidate.unknown", "There is no candidate with this id, or none of your area; see GET /v1/matter-candidates.")
    if candidate.state != "open":
        raise Conflict(
            "candidate.decided", "This candidate was decided already, or is told by too few now.", extra={"state": candidate.state}
        )
    return candidate


async def _decided(work: Work, candidate: MatterCandidate, state: str, because: str | None = None) -> None:
    candidate.state = state
    candidate.households_then = candidate.households if state == "set_aside" else None
    await work.session.flush()
    kept = {"id": candidate.id, "state": state, "households": candidate.households, "figures": candidate.figures}
    await keep_look(work, kept)
    await note(work, CANDIDATE, candidate.id, f"candidate.{state}", {"words": because} if because else {})


async def _counted(work: Work, sources: frozenset[Source], candidate: MatterCandidate | None) -> Json:
    """Return what speaks for a matter at this moment: households and signs, and which candidate of its village it was."""
    figures = await figures_of(work, await voices_told_in(work, sources), sources)
    figures["counted_at"] = work.now.isoformat()
    if candidate is not None:
        query = select(MatterCandidate.households).where(MatterCandidate.unit_id == candidate.unit_id, MatterCandidate.state == "open")
        others = list(await work.session.scalars(query))
        figures["rank"] = {"of": len(others), "place": 1 + sum(one > candidate.households for one in others)}
    return figures


async def _tickets(work: Work, numbers: Iterable[str]) -> Sequence[UUID]:
    """Return the tickets of these numbers that one may see.

    Raises 404 ``ticket.unknown`` where one is not there, 409 ``matter.in_confidence`` where one was told in confidence: a matter is known
    to everybody around it, so nothing is part of it that
    only few may know of.
    """
    wanted = {said: read_number(said) for said in numbers}
    known = [number for number in wanted.values() if number is not None]
    query = select(TICKETS["number"], TICKETS["id"])
    rows = await work.session.execute(query.where(TICKETS["number"].in_(known), compile_scope(scope_of(work.actor), TICKETS)))
    found = {row.number: row.id for row in rows}
    if any(number not in found for number in wanted.values()):
        raise NotFound("ticket.unknown", "One of these is no ticket, or none that you may know of. Check the numbers.")
    mains = select(Ticket.id, Ticket.merged_into_id).where(one_of(Ticket.id, found.values()))
    ids = sorted({row.merged_into_id or row.id for row in await work.session.execute(mains)})
    hidden = select(Ticket.id).where(one_of(Ticket.id, ids), Ticket.privacy == "confidential").limit(1)
    if await work.session.scalar(hidden) is not None:
        raise Conflict("matter.in_confidence", "One of these was told in confidence; it is worked on by itself, and joins no matter.")
    return ids


async def _join(work: Work, matter_id: UUID, sources: frozenset[Source]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "matter_id": matter_id, "source_id": one.id, "kind": one.kind, "joined_at": work.now,
            "joined_by_account_id": work.actor.account_id, "left_at": None,
        }
        for one in sorted(sources)
    ]  # fmt: skip
    await insert_many(work.session, MatterSource, rows, condition="ON CONFLICT DO NOTHING")
    if {one.id for one in sources} - await _parts(work, matter_id):
        raise Conflict("matter.ticket_taken", "One of these is part of another matter already.")


async def _parts(work: Work, matter_id: UUID) -> set[UUID]:
    """Return the tickets and opinions that are part of a matter now."""
    ours = select(MatterSource.source_id).where(MatterSource.matter_id == matter_id, MatterSource.left_at.is_(None))
    return set(await work.session.scalars(ours))


async def _segment(work: Work, command: Determine, candidate: MatterCandidate | None) -> UUID | None:
    wanted = candidate.segment_id if candidate and candidate.segment_id else command.segment_id
    if wanted is not None and await work.session.get(AssetSegment, wanted) is None:
        raise NotFound("segment.unknown", "There is no segment with this id; see GET /v1/assets.")
    return wanted


async def _require_another(work: Work, matter: Matter) -> None:
    if await is_same_person(work.session, work.actor.account_id, matter.determined_by_account_id):
        raise Forbidden("matter.own_decision", "Whoever made it a focus issue does not decide on the register; ask somebody else.")


def _over(work: Work, unit: UnitNode) -> bool:
    return seat_over(work.actor, "matter.determine", unit) is not None


def _require_over(work: Work, unit: UnitNode) -> None:
    if not _over(work, unit):
        raise Forbidden("matter.outside_area", "This place lies outside of your area; let a desk of that area decide it.")
