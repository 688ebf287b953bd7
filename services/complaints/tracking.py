"""A complainant follows their ticket: by number and secret code from anywhere.

What somebody wrote from WeChat they follow there without a code: `services/channels/wechat/own.py`.
Guessing is slowed down to ten wrong codes for a number and hour, across all processes: the tries for one number queue at a lock, so
that a burst gets no more than a patient guesser. A number that does not exist behaves exactly like a wrong code.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.models import Complaint, Repeat, TrackingTry
from services.complaints.views import AnswerGiven, Progress
from services.organization.models import Unit
from services.organization.naming import short_name
from services.platform.actor import COMPLAINANT
from services.platform.errors import NotFound, Problem, TooMany
from services.platform.secrets import fingerprint, tracking_code_matches
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.models import Answer, Ticket
from services.tickets.numbers import read_number

WRONG_TRIES_AT_MOST = 10
T = TypeVar("T")

STATUS_WORDS = {
    "received": "已受理，正在派单",
    "dispatched": "已派给承办单位，等待签收",
    "accepted": "承办单位已签收，正在办理",
    "resolved": "承办单位已处置，正在核实反馈",
    "answered": "已向您反馈办理结果",
    "closed": "已办结",
    "rejected": "不予受理",
    "cancelled": "已撤销",
    "merged": "已与同一问题的工单合并办理",
}
_MERGED_AT_MOST = 10
_T = Ticket.__table__
_TRIES = TrackingTry.__table__
_REPEATS = func.array(select(Repeat.complaint_id).where(Repeat.ticket_id == _T.c.id).scalar_subquery()).label("repeats")
"""Whoever told the matter again follows it under a code of their own, made of the complaint they told."""


async def track(number: str, code: str) -> Progress:
    """Return the progress of the ticket with `number` for whoever holds its `code`.

    Raises the same NotFound ``tracking.not_found`` for a wrong number and a wrong code, TooMany after ten wrong codes within the hour.
    """
    return await with_code(number, code, _progress)


async def with_code(number: str, code: str, do: Callable[[Work, Row[Any], UUID | None], Awaitable[T]]) -> T:
    """Do `do` with the ticket with `number`, as its complainant, for whoever holds a `code` of it; in a transaction of its own.

    `do` is given the complaint the code is made of where somebody told the matter again, else None. Raises what :func:`track` does, and
    what `do` raises.
    """
    canonical = read_number(number)
    if canonical is None:
        raise _not_found()
    refusal: Problem | None = None
    async with unit_of_work(COMPLAINANT) as work:
        hour = work.now.replace(minute=0, second=0, microsecond=0)
        await _queue_up(work.session, canonical)
        if await _wrong_tries(work.session, canonical, hour) >= WRONG_TRIES_AT_MOST:
            refusal = _too_many(work.now, hour)
        else:
            ticket = (await work.session.execute(select(_T, _REPEATS).where(_T.c.number == canonical))).one_or_none()
            held = [found for found in (ticket.id, *ticket.repeats) if tracking_code_matches(found, code)] if ticket is not None else []
            if ticket is not None and held:
                return await do(work, ticket, held[0] if held[0] != ticket.id else None)
            await _count_wrong(work.session, canonical, hour)  # kept by the commit at the end of this block
            refusal = _not_found()
    raise refusal


async def _progress(work: Work, ticket: Row[Any], _told_again: UUID | None) -> Progress:
    return await progress_of(work.session, ticket)


async def progress_of(session: AsyncSession, ticket: Row[Any]) -> Progress:
    """Return what the complainants of `ticket` may know of it: where it was merged, the progress of the one that goes on."""
    current, holder = await where_it_goes_on(session, ticket)
    return Progress(
        number=ticket.number,
        status=current.status,
        status_words=STATUS_WORDS[current.status],
        received_at=ticket.received_at,
        dispatched_at=current.dispatched_at,
        accepted_at=current.accepted_at,
        resolved_at=current.resolved_at,
        answered_at=current.answered_at,
        closed_at=current.closed_at,
        responsible_unit=holder,
        answers=tuple(await _answers(session, ticket.id)),
    )


async def where_it_goes_on(session: AsyncSession, ticket: Row[Any]) -> tuple[Row[Any], str | None]:
    """Return the ticket that goes on (itself, unless it was merged), and the name of the unit that has it."""
    current = ticket
    for _ in range(_MERGED_AT_MOST):
        if current.merged_into_id is None:
            break
        current = (await session.execute(select(_T).where(_T.c.id == current.merged_into_id))).one()
    unit_id = current.lead_unit_id or current.desk_unit_id
    if unit_id is None:
        return current, None
    name, kind = (await session.execute(select(Unit.name, Unit.kind).where(Unit.id == unit_id))).one()
    return current, short_name(name, kind)


async def _answers(session: AsyncSession, ticket_id: UUID) -> list[AnswerGiven]:
    query = (
        select(Answer.round, Answer.words, Answer.answered_at)
        .ext(distinct_on(Answer.round))
        .join(Complaint, Complaint.id == Answer.complaint_id)
        .where(Complaint.ticket_id == ticket_id)
        .order_by(Answer.round, Answer.answered_at)
    )
    return [AnswerGiven(round=number, words=words, answered_at=at) for number, words, at in await session.execute(query)]


async def _queue_up(session: AsyncSession, number: str) -> None:
    """Wait for the other tries for this number; the lock ends with the transaction."""
    key = int.from_bytes(fingerprint(b"tracking", number.encode())[:8], "big", signed=True)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def _wrong_tries(session: AsyncSession, number: str, hour: datetime) -> int:
    return await session.scalar(select(_TRIES.c.tries).where(_TRIES.c.number == number, _TRIES.c.hour == hour)) or 0


async def _count_wrong(session: AsyncSession, number: str, hour: datetime) -> None:
    first = insert(TrackingTry).values(number=number, hour=hour, tries=1)
    again = first.on_conflict_do_update(index_elements=["number", "hour"], set_={"tries": _TRIES.c.tries + 1})
    await session.execute(again)


def _not_found() -> NotFound:
    return NotFound("tracking.not_found", "There is no ticket with this number and code. Check both; they were told when it was filed.")


def _too_many(now: datetime, hour: datetime) -> TooMany:
    wait = int((hour + timedelta(hours=1) - now).total_seconds()) + 1
    detail = "Too many wrong codes for this number. Wait, or call the hotline."
    return TooMany("tracking.too_many", detail, headers={"Retry-After": str(wait)})
