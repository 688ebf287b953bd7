"""What a complainant is told of the way of their words, by number and tracking code: hops, words, and who looked at their contact."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.journey import ACTS, ESCALATED, STATES, Act, Dwell, Hop, Moment, Seen, dwells, hops, moments, way
from services.complaints.journey_views import HopView, Journey, LookedAt, Step, TicketHops
from services.complaints.models import Complaint
from services.complaints.tracking import STATUS_WORDS, where_it_goes_on, with_code
from services.complaints.wordings import words_of
from services.deadlines.calendar import WorkCalendar
from services.deadlines.clocks import ClockState
from services.deadlines.models import Clock
from services.deadlines.queries import rules_of
from services.journal.models import Event
from services.organization.naming import short_name
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.unit_of_work import Work
from services.tickets.lifecycle import ACTION_NAMES
from services.tickets.models import Assignment
from services.tickets.reason_names import ENDS, PAUSES, REASONS

Looks = Callable[[AsyncSession, UUID], Awaitable[Sequence[LookedAt]]]
"""Who saw the contact of a complaint in clear: known above, handed in by the door."""

NAMES = {**ACTION_NAMES, "receive": "受理", ESCALATED: "升级", "follow": "随迁", "decide_extension": "延期", "decide_suspension": "挂起"}
LEVELS = {"urge": "催办", "supervise": "督办", "raise": "上报上一级", "list": "通报"}
TIERS = {"grid": "网格", "village": "村（社区）", "township": "镇（街道）", "county": "县", "city": "市"}
_REASONS = {"suspend": PAUSES, "decide_suspension": PAUSES, "reject": ENDS, "cancel": ENDS}
_OF_THE_PERSON = ("contact", "words")
"""Kinds whose erasure leaves nothing to tell of what was said: an answer may repeat what was taken out of the words."""
_MERGED_AT_MOST = 10
_IN_OFFICE_TIME = ("working_minutes", "working_days")


async def journey_of(number: str, code: str, looked: Looks) -> Journey:
    """Return the way of one's own words for whoever holds the code. Raises what :func:`track` raises."""

    async def do(work: Work, ticket: Row[Any], told_again: UUID | None) -> Journey:
        first = select(Complaint.id).where(Complaint.ticket_id == ticket.id).order_by(Complaint.received_at, Complaint.id).limit(1)
        complaint_id = told_again or await work.session.scalar(first)
        assert complaint_id is not None, "a ticket that can be tracked was told by somebody"
        return await _journey(work, ticket, complaint_id, looked)

    return await with_code(number, code, do)


async def _journey(work: Work, ticket: Row[Any], complaint_id: UUID, looked: Looks) -> Journey:
    session = work.session
    found = hops(way(await _moments(session, ticket.id, complaint_id), ticket.id))
    took = dwells(found, work.now, await _calendar(session, ticket.id))
    tree, (current, _) = await unit_tree(session), await where_it_goes_on(session, ticket)
    erased = await _is_erased(session, complaint_id)
    seen = await looked(session, complaint_id)
    return Journey(
        number=ticket.number,
        status=current.status,
        status_words=STATUS_WORDS[current.status],
        received_at=found[0].since if found else ticket.received_at,
        ended_at=found[-1].until if found else None,
        minutes=sum(one.minutes for one in took),
        working_minutes=None if any(one.working is None for one in took) else sum(one.working or 0 for one in took),
        hops=tuple(_hop(tree, hop, dwell) for hop, dwell in zip(found, took, strict=True)),
        words=() if erased else await words_of(session, complaint_id),
        erased=erased,
        looked=tuple(one.model_copy(update={"purpose": None}) for one in seen) if erased else tuple(seen),
    )


async def hops_of(work: Work, ticket_id: UUID) -> TicketHops:
    """Return who had a ticket from when to when, for the staff; the caller has checked that it may be seen."""
    first = select(Complaint.id).where(Complaint.ticket_id == ticket_id).order_by(Complaint.received_at, Complaint.id).limit(1)
    complaint_id = await work.session.scalar(first)
    assert complaint_id is not None, "every ticket was told by somebody"
    found = hops(way(await _moments(work.session, ticket_id, complaint_id), ticket_id))
    took = dwells(found, work.now, await _calendar(work.session, ticket_id))
    tree = await unit_tree(work.session)
    return TicketHops(items=tuple(_hop(tree, hop, dwell) for hop, dwell in zip(found, took, strict=True)))


async def _moments(session: AsyncSession, ticket_id: UUID, complaint_id: UUID) -> dict[UUID, list[Moment]]:
    """Return the moments of a ticket, and of those it was ever merged into."""
    found: dict[UUID, list[Moment]] = {}
    wanted = [ticket_id]
    for _ in range(_MERGED_AT_MOST):
        if not wanted:
            break
        asked, wanted = wanted, []
        for one in asked:
            found[one] = moments(await _events(session, one), complaint_id, own=one == ticket_id)
            wanted += [moment.into for moment in found[one] if moment.into is not None and moment.into not in (*found, *wanted)]
    return found


async def _events(session: AsyncSession, ticket_id: UUID) -> list[Seen]:
    """Return the events of a ticket; why it was handed up stands with the order that came of it."""
    given = select(Assignment.id, Assignment.why).where(Assignment.ticket_id == ticket_id)
    reasons = {str(order_id): why["reason"] for order_id, why in await session.execute(given) if why.get("reason")}
    table = Event.__table__
    query = select(table.c.type, table.c.happened_at, table.c.recorded_at, table.c.data)
    rows = await session.execute(query.where(table.c.subject_id == ticket_id).order_by(table.c.seq))
    return [Seen(row.type, row.happened_at, row.recorded_at, _with_reason(row.data, reasons)) for row in rows]


def _with_reason(data: Mapping[str, Any], reasons: Mapping[str, str]) -> Mapping[str, Any]:
    reason = reasons.get(data.get("assignment_id", ""))
    return {"reason": reason, **data} if reason else data


async def _calendar(session: AsyncSession, ticket_id: UUID) -> WorkCalendar | None:
    """Return the calendar that the ticket's newest limit in working time goes by; None where it has none."""
    query = select(Clock.__table__).where(Clock.ticket_id == ticket_id, Clock.limit_unit.in_(_IN_OFFICE_TIME))
    row = (await session.execute(query.order_by(Clock.started_at.desc(), Clock.id.desc()).limit(1))).one_or_none()
    if row is None:
        return None
    clock = ClockState.of(row)
    return (await rules_of(session, [clock])).calendar(clock)


async def _is_erased(session: AsyncSession, complaint_id: UUID) -> bool:
    query = select(Event.data).where(Event.subject_id == complaint_id, Event.type == "complaint.erased")
    return any(data.get("kind") in _OF_THE_PERSON for data in await session.scalars(query))


def _hop(tree: UnitTree, hop: Hop, dwell: Dwell) -> HopView:
    unit = tree.by_id.get(hop.holding.unit_id) if hop.holding.unit_id is not None else None
    return HopView.model_validate({
        "since": hop.since,
        "until": hop.until,
        "minutes": dwell.minutes,
        "working_minutes": dwell.working,
        "state": hop.holding.state,
        "state_words": STATES[hop.holding.state],
        "round": hop.holding.round,
        "tier": unit.tier if unit else None,
        "tier_name": TIERS.get(unit.tier) if unit else None,
        "unit": short_name(unit.name, unit.kind) if unit else None,
        "steps": tuple(_step(tree, act) for act in hop.acts),
    })  # fmt: skip


def _step(tree: UnitTree, act: Act) -> Step:
    units = [tree.by_id[unit_id] for unit_id in act.units if unit_id in tree.by_id]
    return Step(
        action=act.action,
        name=NAMES[act.action],
        at=act.at,
        reason=_REASONS.get(act.action, REASONS).get(act.reason) if act.reason else None,
        level=LEVELS.get(act.level) if act.level else None,
        units=tuple(short_name(unit.name, unit.kind) for unit in units),
    )


assert set(ACTS.values()) <= set(NAMES), "every act has a name"
