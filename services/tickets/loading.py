"""Reading tickets for a decision: locked, with all it may look at, in a number of queries that does not grow with the tickets."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue, forget_catalogue
from services.deadlines.clocks import ClockState, deeds_by_clock
from services.deadlines.clocks import Deed as ClockDeed
from services.deadlines.models import Clock
from services.deadlines.queries import clock_rules, rules_of
from services.identity.persons import lenders_of
from services.organization.queries import unit_tree
from services.platform.bulk import one_of
from services.platform.settings import settings
from services.tickets.case import (
    AssignmentState,
    CallState,
    Case,
    DirectiveState,
    ExtensionState,
    Surroundings,
    SuspensionState,
    TicketState,
    WhistleState,
)
from services.tickets.models import (
    Assignment,
    CallBack,
    Directive,
    Extension,
    Round,
    Suspension,
    Ticket,
    Whistle,
    WhistleCall,
    WorkLog,
)
from services.tickets.shown import is_look_owed, shown_roles, unreviewed_flags
from services.tickets.told_deeds import deeds_of

VERIFIED = ("resolved", "answered", "closed")
"""Statuses in which somebody may verify the work, and it matters who did it."""
OwedAnswers = Callable[[AsyncSession, Sequence[UUID]], Awaitable[Sequence[UUID]]]
"""Reads which complaints of some tickets want an answer; complaints stand above tickets, so their room hands this in."""


async def surroundings(session: AsyncSession) -> Surroundings:
    """Return the tree, the calendars, the ladders and the rules as they are now."""
    return Surroundings(await unit_tree(session), await clock_rules(session), settings().reopen_days)


async def lock(session: AsyncSession, ticket_ids: Iterable[UUID], *, skip_locked: bool = False) -> list[TicketState]:
    """Lock the tickets, in order of id, and return them as they are now; without those another holds, where `skip_locked`.

    Nobody changes a ticket's key, so this lock (``FOR NO KEY UPDATE``) lets others write rows that refer to it: messages and figures
    of many tickets, in orders of their own, neither wait for it nor meet it in a ring.
    """
    table = Ticket.__table__
    query = select(table).where(one_of(table.c.id, ticket_ids)).order_by(table.c.id)
    query = query.with_for_update(key_share=True, skip_locked=skip_locked)
    return [TicketState.of(row) for row in await session.execute(query)]


async def plain_cases(session: AsyncSession, tickets: Sequence[TicketState]) -> list[Case]:
    """Return the cases of locked `tickets` with what moving them needs: clocks, assignments, numbering, policy.

    They may have been given rules a moment ago that this process has not seen yet: those are read then, so that the promise is kept.
    """
    around, policies = await surroundings(session), await _catalogue_of(session, tickets)
    ids = [ticket.id for ticket in tickets]
    if not ids:
        return []
    clocks = await _by_ticket(session, Clock.__table__, ids)
    around = replace(around, rules=await rules_of(session, (row for rows in clocks.values() for row in rows)))
    assignments = await _by_ticket(session, Assignment.__table__, ids)
    cases = []
    for ticket in tickets:
        rows = assignments[ticket.id]
        cases.append(
            Case(
                ticket,
                around,
                category=policies.category(ticket.category_code, ticket.category_version) if ticket.category_code else None,
                clocks=tuple(ClockState.of(row) for row in clocks[ticket.id] if row.round == ticket.round or row.next_level_at is not None),
                assignments=tuple(AssignmentState.of(row) for row in rows if row.ended_at is None),
                next_sequence=max((row.sequence for row in rows), default=0) + 1,
                returned=any(row.round == ticket.round and row.end == "returned" for row in rows),
                row_unit_id=policies.row_for(ticket.category_code, ticket.area_path) if ticket.category_code else None,
                lead_before=next((row.unit_id for row in sorted(rows, key=lambda row: -row.sequence) if row.part == "lead"), None),
            )
        )
    return cases


async def _catalogue_of(session: AsyncSession, tickets: Sequence[TicketState]) -> Catalogue:
    policies = await catalogue(session)
    for ticket in tickets:
        if ticket.category_code:
            known = policies.category(ticket.category_code)
            if known is None or known.version < (ticket.category_version or 0):
                forget_catalogue()
                return await catalogue(session)
    return policies


async def full_case(session: AsyncSession, ticket: TicketState, owed_answers: OwedAnswers) -> Case:
    """Return the whole case of one locked ticket."""
    asked = await asked_case(session, ticket)
    said = await session.execute(
        select(CallBack.reached, CallBack.solved)
        .where(CallBack.ticket_id == ticket.id, CallBack.round == ticket.round)
        .order_by(CallBack.called_at.desc(), CallBack.id.desc())
    )
    words = said.all()
    round_id = await session.scalar(select(Round.id).where(Round.ticket_id == ticket.id, Round.number == ticket.round))
    absorbed = list(await session.scalars(select(Ticket.id).where(Ticket.merged_into_id == ticket.id)))
    evidence = await shown_roles(session, ticket.id, ticket.round)
    return replace(
        asked,
        owed_answers=tuple(await owed_answers(session, [ticket.id, *absorbed])),
        evidence=evidence,
        look_owed=bool(evidence) and ticket.status in VERIFIED[:2] and await is_look_owed(session, ticket.id, ticket.round),
        flags=await unreviewed_flags(session, ticket.id, ticket.round),
        last_solved=next((word.solved for word in words if word.solved is not None), None),
        tries=sum(not word.reached for word in words),
        absorbed=len(absorbed),
        round_id=round_id,
        deeds=await _deeds_of_paused(session, asked),
    )


async def _deeds_of_paused(session: AsyncSession, case: Case) -> Mapping[UUID, Sequence[ClockDeed]]:
    """Return what was done to the clocks that run and stood still before: their end may be reported back into that pause."""
    paused = {clock.id for clock in case.clocks if clock.runs and clock.paused_for}
    if not paused:
        return {}
    told = await deeds_of(session, [case.ticket.id])
    return {clock_id: deeds for clock_id, deeds in deeds_by_clock(told.get(case.ticket.id, ())).items() if clock_id in paused}


async def asked_case(session: AsyncSession, ticket: TicketState) -> Case:
    """Return the case of one ticket with all that was asked of people and still stands: what says which actions are possible now."""
    (plain,) = await plain_cases(session, [ticket])
    extensions = await _of_ticket(session, Extension.__table__, ticket)
    waiting = next((row for row in extensions if row.decided_at is None), None)
    suspensions = await _of_ticket(session, Suspension.__table__, ticket)
    whistles = await _of_ticket(session, Whistle.__table__, ticket, Whistle.ended_at.is_(None))
    of_open = select(Whistle.id).where(Whistle.ticket_id == ticket.id, Whistle.ended_at.is_(None)).scalar_subquery()
    calls = await _of_ticket(session, WhistleCall.__table__, ticket, WhistleCall.whistle_id == of_open) if whistles else []
    unfollowed = (Directive.kind == "instruct", Directive.followed_at.is_(None))
    instructions = await _of_ticket(session, Directive.__table__, ticket, *unfollowed)
    workers = await _workers(session, plain) if ticket.status in VERIFIED else frozenset()
    asked = [waiting, *(row for row in suspensions if row.decided_at is None)]
    doers = {*workers, ticket.resolved_by_account_id, *(row.requested_by_account_id for row in asked if row is not None)}
    return replace(
        plain,
        extension=ExtensionState.of(waiting) if waiting else None,
        extensions=sum(row.granted is True and row.round == ticket.round for row in extensions),
        suspensions=tuple(SuspensionState.of(row) for row in suspensions),
        whistle=WhistleState.of(whistles[0]) if whistles else None,
        calls=tuple(CallState.of(row) for row in calls),
        instructions=tuple(DirectiveState.of(row) for row in instructions),
        workers=workers,
        lenders=await lenders_of(session, {doer for doer in doers if doer is not None}),
    )


async def _workers(session: AsyncSession, case: Case) -> frozenset[UUID]:
    """Return who wrote a work record in the round, wherever they sit by now; the jurisdiction's own desk is left out as in `helped`."""
    root = case.around.tree.root
    query = select(WorkLog.account_id).where(
        WorkLog.ticket_id == case.ticket.id,
        WorkLog.round == case.ticket.round,
        WorkLog.account_id.is_not(None),
        WorkLog.unit_id.is_distinct_from(root.id if root else None),
    )
    return frozenset(account_id for account_id in await session.scalars(query.distinct()) if account_id is not None)


async def _of_ticket(session: AsyncSession, table: Any, ticket: TicketState, *conditions: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Return the rows of a table about one ticket, oldest first: ids are made in order of time."""
    return (await session.execute(select(table).where(table.c.ticket_id == ticket.id, *conditions).order_by(table.c.id))).all()


async def _by_ticket(session: AsyncSession, table: Any, ids: list[UUID]) -> defaultdict[UUID, list[Row[Any]]]:
    found: defaultdict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in await session.execute(select(table).where(one_of(table.c.ticket_id, ids))):
        found[row.ticket_id].append(row)
    return found
