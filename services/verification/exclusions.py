"""Adjudicating unreasonable demands: propose, decide, appeal, decide again. The shell; the rules are in `excluding.py`.

Every step is an event of the ticket, which is otherwise left as it is; the figures follow from the state of the adjudication.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.deadlines.due import TimeUnit, moved_by
from services.identity.models import Account
from services.identity.permissions import scope_of
from services.identity.persons import lenders_of
from services.organization.models import Member
from services.platform.actor import Seat
from services.platform.errors import Conflict, NotFound
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.tickets.actions import visible_id
from services.tickets.case import Case
from services.tickets.changes import Change, EventDraft, Insert, Row, Update
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.loading import asked_case, lock
from services.tickets.models import Round, Ticket, WorkLog
from services.tickets.recording import write
from services.verification.commands import DecideAppeal, DecideExclusion, ProposeExclusion
from services.verification.excluding import (
    Adjudication,
    Executors,
    closing_seat,
    deciding_seat,
    proposing_seat,
    require_appealable,
    require_same_round,
)
from services.verification.models import IN_FORCE, REASONS, DemandExclusion
from services.verification.views import Appealed, Exclusions, ExclusionView

LISTED_AT_MOST = 200
PAPER = "appeal"


async def propose(work: Work, number: str, command: ProposeExclusion) -> ExclusionView:
    """Propose an adjudication for the round a ticket is in; raise Conflict ``exclusion.exists`` where there was one."""
    case = await _case(work, await visible_id(work, number))
    seat = proposing_seat(case, work.actor, await _executors(work.session, case))
    if (found := await _newest(work.session, case.ticket.id)) is not None and found.round == case.ticket.round:
        raise Conflict(
            "exclusion.exists", "This round of the ticket was adjudicated already, or is about to be.", extra={"state": found.state}
        )
    row: Row = {
        "id": new_id(),
        "ticket_id": case.ticket.id,
        "round": case.ticket.round,
        "state": "proposed",
        "reason": command.reason,
        "words": command.words,
        "proposed_at": work.now,
        "proposed_by_account_id": work.actor.account_id,
        "proposed_by_unit_id": seat.unit_id,
    }
    root = case.around.tree.root
    told = {"reason": command.reason, "words": command.words, "county_unit_id": str(root.id) if root else None}
    event = EventDraft("ticket.exclusion_proposed", {"exclusion_id": str(row["id"]), **told})
    await write(work, [Change(case.ticket, (event,), inserts=(Insert(DemandExclusion, row),))], unit_id=seat.unit_id)
    return await _read(work.session, case.ticket.id)


async def decide(work: Work, number: str, command: DecideExclusion) -> ExclusionView:
    """Grant or refuse a proposal. Where it is granted, the complainants are told, and until when they may appeal."""
    case, found = await _adjudicated(work, number)
    seat = deciding_seat(case, work.actor, _rules(found), await _executors(work.session, case))
    if command.granted:
        require_same_round(case, found.round)
    until = (
        moved_by(work.now, settings().appeal_working_days, TimeUnit.WORKING_DAYS, case.calendar(work.now)).at if command.granted else None
    )
    values: Row = {
        "state": "granted" if command.granted else "refused",
        "decided_at": work.now,
        "decided_by_account_id": work.actor.account_id,
        "decision": command.words,
        "appeal_until": until,
    }
    told = {"granted": command.granted, "words": command.words, "reason_name": REASONS[found.reason]}
    await _change(
        work, case, found, seat, "ticket.exclusion_decided", values, told | {"appeal_until": until.isoformat() if until else None}
    )
    return await _read(work.session, case.ticket.id)


async def take_appeal(work: Work, number: str, words: str) -> ExclusionView:
    """Take an appeal that a complainant made by telephone or at the desk."""
    case, _found = await _adjudicated(work, number)
    await appeal(work, case.ticket.id, words)
    return await _read(work.session, case.ticket.id)


async def appeal(work: Work, ticket_id: UUID, words: str) -> Appealed:
    """Take the appeal of a complainant of the ticket, whose words are sealed; Conflict where there is nothing to appeal, or too late."""
    case = await _case(work, ticket_id)
    found = await _newest(work.session, ticket_id)
    require_appealable(_rules(found) if found else None, work.now)
    assert found is not None
    paper = seal_paper(PAPER, {"words": words}, work.now)
    await work.session.execute(insert(SealedPaper).values(paper))
    taken_by = {"appeal_taken_by_account_id": work.actor.account_id, "appeal_paper_id": paper["id"]}
    root = case.around.tree.root
    told = {"county_unit_id": str(root.id) if root else None}
    await _change(work, case, found, None, "ticket.exclusion_appealed", {"state": "appealed", "appealed_at": work.now, **taken_by}, told)
    return Appealed(number=case.ticket.number, appealed_at=work.now)


async def decide_appeal(work: Work, number: str, command: DecideAppeal) -> ExclusionView:
    """Uphold or overturn, for good; the complainants are told."""
    case, found = await _adjudicated(work, number)
    seat = closing_seat(case, work.actor, _rules(found), await _executors(work.session, case))
    values: Row = {
        "state": "upheld" if command.upheld else "overturned",
        "closed_at": work.now,
        "closed_by_account_id": work.actor.account_id,
        "closing": command.words,
    }
    await _change(work, case, found, seat, "ticket.exclusion_closed", values, {"upheld": command.upheld, "words": command.words})
    return await _read(work.session, case.ticket.id)


async def exclusion_of(work: Work, number: str) -> ExclusionView:
    """Return the newest adjudication of a ticket one may know of; raise NotFound ``exclusion.unknown`` where there is none."""
    return await _read(work.session, await visible_id(work, number))


async def list_exclusions(work: Work, states: Sequence[str]) -> Exclusions:
    """Return the adjudications in these states (all, where none is given) of tickets one may know of, oldest first, at most 200."""
    query = _shown().where(compile_scope(scope_of(work.actor), TICKETS))
    if states:
        query = query.where(DemandExclusion.state.in_(states))
    rows = await work.session.execute(query.order_by(DemandExclusion.proposed_at, DemandExclusion.id).limit(LISTED_AT_MOST))
    return Exclusions(items=[_view(row) for row in rows])


async def _case(work: Work, ticket_id: UUID) -> Case:
    (ticket,) = await lock(work.session, [ticket_id])
    return await asked_case(work.session, ticket)


async def _adjudicated(work: Work, number: str) -> tuple[Case, DemandExclusion]:
    case = await _case(work, await visible_id(work, number))
    found = await _newest(work.session, case.ticket.id)
    if found is None:
        raise _unknown()
    return replace(case, lenders={**case.lenders, **await lenders_of(work.session, {found.proposed_by_account_id})}), found


async def _executors(session: AsyncSession, case: Case) -> Executors:
    """Return who did the work of any round: said that it was done, or wrote a work record; the jurisdiction's own desk as in `helped`."""
    root = case.around.tree.root
    other = WorkLog.unit_id.is_distinct_from(root.id if root else None)
    logs = (await session.execute(select(WorkLog.unit_id, WorkLog.account_id).where(WorkLog.ticket_id == case.ticket.id, other))).all()
    led = (await session.scalars(select(Round.resolved_by_unit_id).where(Round.ticket_id == case.ticket.id))).all()
    units = frozenset(unit for unit in (*led, *(row.unit_id for row in logs)) if unit is not None)
    return Executors(units, frozenset(row.account_id for row in logs if row.account_id is not None))


async def _newest(session: AsyncSession, ticket_id: UUID) -> DemandExclusion | None:
    query = select(DemandExclusion).where(DemandExclusion.ticket_id == ticket_id).order_by(DemandExclusion.round.desc()).limit(1)
    return (await session.scalars(query)).one_or_none()


async def _change(work: Work, case: Case, found: DemandExclusion, seat: Seat | None, type_: str, values: Row, told: Row) -> None:
    to: Row = {"unit_id": str(found.proposed_by_unit_id), "exclusion_id": str(found.id), "reason": found.reason}
    to |= {"round": found.round, "state": values["state"]}
    event = EventDraft(type_, {**to, **told})
    change = Change(case.ticket, (event,), updates=(Update(DemandExclusion, found.id, values),))
    await write(work, [change], unit_id=seat.unit_id if seat else None)


def _rules(found: DemandExclusion) -> Adjudication:
    parts = (found.proposed_by_account_id, found.decided_by_account_id, found.appeal_taken_by_account_id)
    return Adjudication(found.state, *parts, found.appeal_until)


def _shown() -> Select[Any]:
    """The adjudications with their tickets' numbers and the names of everybody who had a part."""
    parts = {part: (aliased(Account), aliased(Member)) for part in ("proposed", "decided", "closed")}
    names = [member.name.label(f"{part}_by") for part, (_account, member) in parts.items()]
    query: Any = select(DemandExclusion, Ticket.number, Ticket.round.label("present"), *names)
    query = query.join(Ticket, Ticket.id == DemandExclusion.ticket_id)
    for part, (account, member) in parts.items():
        query = query.outerjoin(account, account.id == getattr(DemandExclusion, f"{part}_by_account_id"))
        query = query.outerjoin(member, member.id == account.member_id)
    found: Select[Any] = query.execution_options(populate_existing=True)
    return found


async def _read(session: AsyncSession, ticket_id: UUID) -> ExclusionView:
    query = _shown().where(DemandExclusion.ticket_id == ticket_id).order_by(DemandExclusion.round.desc()).limit(1)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise _unknown()
    return _view(row)


def _view(row: Any) -> ExclusionView:
    found: DemandExclusion = row.DemandExclusion
    same = (
        "round",
        "state",
        "reason",
        "words",
        "proposed_at",
        "decided_at",
        "decision",
        "appeal_until",
        "appealed_at",
        "closed_at",
        "closing",
    )
    return ExclusionView(
        number=row.number,
        counts=found.state in IN_FORCE and found.round == row.present,
        reason_name=REASONS[found.reason],
        proposed_by=row.proposed_by,
        decided_by=row.decided_by,
        closed_by=row.closed_by,
        **{name: getattr(found, name) for name in same},
    )


def _unknown() -> NotFound:
    return NotFound("exclusion.unknown", "No adjudication was proposed for this ticket.")
