"""Draws: promised, drawn, opened. The shell around the pure draw; every step is an event of the draw's own chain.

Before it is opened nobody learns what was chosen but who is to call, and of those nobody sees the rounds of their own unit.
"""

import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Row, and_, func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.journal.noting import note
from services.organization.models import Unit
from services.platform.bulk import insert_many
from services.platform.clock import day_end, day_start, local_day
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.secrets import derived_key, seal, unseal
from services.platform.unit_of_work import Work
from services.tickets.models import Answer, Round, Ticket
from services.verification.calls import calls_left, open_calls
from services.verification.commands import AnnounceDraw
from services.verification.drawing import SEED_BYTES, Candidate, Repeat, drawn, list_hash, promise, repeated
from services.verification.models import Draw, DrawnTicket
from services.verification.views import CandidateList, CandidateView, DrawView, of_hash

DAYS_AT_MOST = 92
LISTED_AT_MOST = 100
_CALLS_TAKE = timedelta(days=14)
_LEFT_OUT = ("merged", "rejected", "cancelled")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('draws'))")
Place = tuple[str, str, int]


async def announce(work: Work, command: AnnounceDraw) -> DrawView:
    """Promise a draw: from now on its seed is settled and nobody knows it.

    Raises Invalid ``draw.days`` for days that are none, too many or yet to begin, and
    Conflict ``draw.again`` for a further draw without why.
    """
    today = local_day(work.now)
    calls_until = command.calls_until or max(command.last, today) + _CALLS_TAKE
    _require_days(command, calls_until, today)
    await work.session.execute(_ONE_AT_A_TIME)
    overlapping = and_(Draw.first <= command.last, Draw.last >= command.first)
    before = await work.session.scalar(select(func.count()).select_from(Draw).where(overlapping)) or 0
    if before and command.words is None:
        raise Conflict("draw.again", "There is a draw over some of these days already; say in `words` why there is to be another.")
    seed, draw_id = secrets.token_bytes(SEED_BYTES), new_id()
    row = {
        "id": draw_id,
        "sequence": before + 1,
        **command.model_dump(include={"first", "last", "words", "per_mille", "minimum"}),
        "calls_until": calls_until,
        "seed_hash": promise(seed),
        "sealed_seed": seal(derived_key("draw"), seed, draw_id.bytes),
        "announced_at": work.now,
        "announced_by_account_id": work.actor.account_id,
    }
    await work.session.execute(insert(Draw).values(row))
    told = {"seed_hash": promise(seed).hex(), "first": str(command.first), "last": str(command.last), "sequence": before + 1}
    await note(work, "draw", draw_id, "draw.announced", told | {"per_mille": command.per_mille, "minimum": command.minimum})
    return await read_draw(work.session, draw_id)


async def draw(work: Work, draw_id: UUID) -> DrawView:
    """Draw: freeze what could be drawn, choose by the seed, and have the calls made.

    Raises Conflict ``draw.drawn`` for the second time and ``draw.too_early`` before the last of the days has come.
    """
    promised = await _locked(work, draw_id)
    if promised.drawn_at is not None:
        raise Conflict("draw.drawn", "This draw was made already; announce another for a further one.")
    if promised.last > local_day(work.now):
        raise Conflict("draw.too_early", "The days of this draw are not over yet; draw on the last of them or later.")
    found = await _candidates(work.session, promised.first, promised.last)
    by_candidate = {Candidate(row.unit_code, row.number, row.round): row for row in found}
    chosen = drawn(_seed_of(promised), by_candidate, promised.per_mille, promised.minimum)
    rows = [{"draw_id": draw_id, **row._asdict(), "chosen": candidate in chosen} for candidate, row in by_candidate.items()]
    await insert_many(work.session, DrawnTicket, rows)
    left_out = await _left_out(work.session, promised.first, promised.last)
    settled = {"left_out": left_out, "candidates_hash": list_hash(by_candidate)}
    who = {"drawn_at": work.now, "drawn_by_account_id": work.actor.account_id}
    await work.session.execute(update(Draw).where(Draw.id == draw_id).values(**settled, **who))
    told = {"candidates": len(rows), "chosen": len(chosen), "candidates_hash": list_hash(by_candidate).hex(), "left_out": left_out}
    await note(work, "draw", draw_id, "draw.drawn", told)
    await open_calls(work, draw_id)
    return await read_draw(work.session, draw_id)


async def open_draw(work: Work, draw_id: UUID) -> DrawView:
    """Publish the seed and what was chosen, so that anybody can repeat the draw.

    Raises Conflict ``draw.not_drawn``, ``draw.opened`` for the second time, and ``draw.calls_left`` while calls are to be made and
    there is time for them: whoever did the work must not learn first whom to speak to.
    """
    made = await _locked(work, draw_id)
    if made.drawn_at is None:
        raise Conflict("draw.not_drawn", "This draw was only announced so far; draw first.")
    if made.opened_at is not None:
        raise Conflict("draw.opened", "This draw is open already.")
    left = await calls_left(work, draw_id)
    if left and local_day(work.now) <= made.calls_until:
        detail = "Not everybody was called yet. Make the calls first, or wait until the day they were to be made by is over."
        raise Conflict("draw.calls_left", detail, extra={"left": left, "calls_until": str(made.calls_until)})
    seed = _seed_of(made)
    who = {"seed": seed, "opened_at": work.now, "opened_by_account_id": work.actor.account_id}
    await work.session.execute(update(Draw).where(Draw.id == draw_id).values(**who))
    await note(work, "draw", draw_id, "draw.opened", {"seed": seed.hex()})
    return await read_draw(work.session, draw_id)


async def list_draws(session: AsyncSession) -> list[DrawView]:
    """Return the newest hundred draws, the newest first."""
    rows = await session.execute(select(Draw.id).order_by(Draw.announced_at.desc(), Draw.id.desc()).limit(LISTED_AT_MOST))
    return await _views(session, [row.id for row in rows])


async def read_draw(session: AsyncSession, draw_id: UUID) -> DrawView:
    """Return a draw; raise NotFound ``draw.unknown``."""
    found = await _views(session, [draw_id])
    if not found:
        raise _unknown()
    return found[0]


async def candidates_of(session: AsyncSession, draw_id: UUID, *, after: Place | None, limit: int) -> tuple[CandidateList, Place | None]:
    """Return a page of what could be drawn, and where the next begins; raise Conflict ``draw.not_open`` before it is opened."""
    if (await read_draw(session, draw_id)).state != "opened":
        raise Conflict("draw.not_open", "What could be drawn is shown together with the seed, when the draw is opened.")
    # byte by byte, whatever the database's language: the order the hash is made over
    order = (DrawnTicket.unit_code.collate("C"), DrawnTicket.number.collate("C"), DrawnTicket.round)
    query = (
        select(DrawnTicket.unit_code, DrawnTicket.number, DrawnTicket.round, DrawnTicket.chosen)
        .where(DrawnTicket.draw_id == draw_id)
        .order_by(*order)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    rows = (await session.execute(query)).all()
    items = [CandidateView(number=row.number, round=row.round, unit=row.unit_code, chosen=row.chosen) for row in rows[:limit]]
    following = (items[-1].unit, items[-1].number, items[-1].round) if len(rows) > limit else None
    return CandidateList(items=items), following


async def repeat(session: AsyncSession, draw_id: UUID) -> Repeat:
    """Draw again from what is public, and compare; raise NotFound ``draw.unknown`` and Conflict ``draw.not_open``."""
    public = await read_draw(session, draw_id)
    if public.seed is None or public.candidates_hash is None:
        raise Conflict("draw.not_open", "The seed of this draw is not published yet; it can be repeated when it is opened.")
    listed: dict[Candidate, bool] = {}
    after: Place | None = None
    while True:
        page, after = await candidates_of(session, draw_id, after=after, limit=1000)
        listed |= {Candidate(row.unit, row.number, row.round): row.chosen for row in page.items}
        if after is None:
            break
    return repeated(
        seed=bytes.fromhex(public.seed),
        seed_hash=bytes.fromhex(public.seed_hash),
        listed=listed,
        listed_hash=bytes.fromhex(public.candidates_hash),
        per_mille=public.per_mille,
        minimum=public.minimum,
    )


def _require_days(command: AnnounceDraw, calls_until: date, today: date) -> None:
    days = (command.last - command.first).days + 1
    if not 1 <= days <= DAYS_AT_MOST:
        raise Invalid("draw.days", f"`first` must not be after `last`, and a draw is over {DAYS_AT_MOST} days at most.")
    if calls_until < max(command.last, today) or calls_until > max(command.last, today) + timedelta(days=DAYS_AT_MOST):
        raise Invalid("draw.days", f"`calls_until` must lie within {DAYS_AT_MOST} days after the last day and today.")
    if command.last > today + timedelta(days=DAYS_AT_MOST):
        raise Invalid("draw.days", f"A draw is announced {DAYS_AT_MOST} days ahead at most.")


async def _candidates(session: AsyncSession, first: date, last: date) -> Sequence[Row[UUID, int, str, UUID, str]]:
    """Rounds whose result the complainants were told in these days; where nobody was owed an answer, that were closed in them.

    The list is published: a matter about somebody (举报) is never on it. The first answer of a round counts: whoever told it again later is
    answered again, and must not carry the round into other days.
    """
    start, end = day_start(first), day_end(last)
    told = (
        select(Answer.ticket_id, Answer.round, func.min(Answer.answered_at).label("at")).group_by(Answer.ticket_id, Answer.round).subquery()
    )
    at = func.coalesce(told.c.at, Round.closed_at)
    query = (
        select(
            Round.ticket_id,
            Round.number.label("round"),
            Ticket.number,
            Round.resolved_by_unit_id.label("unit_id"),
            Unit.code.label("unit_code"),
        )
        .join(Ticket, Ticket.id == Round.ticket_id)
        .join(Unit, Unit.id == Round.resolved_by_unit_id)
        .outerjoin(told, and_(told.c.ticket_id == Round.ticket_id, told.c.round == Round.number))
        .where(Ticket.source == "complaint", Ticket.accused.is_(None), Ticket.status.not_in(_LEFT_OUT), at >= start, at < end)
    )
    return (await session.execute(query)).all()  # type: ignore[return-value]


async def _left_out(session: AsyncSession, first: date, last: date) -> dict[str, int]:
    received = Ticket.received_at.between(day_start(first), day_end(last) - timedelta(microseconds=1))
    query = select(Ticket.status, func.count().label("tickets")).where(Ticket.status.in_(_LEFT_OUT), received, Ticket.source == "complaint")
    found = await session.execute(query.group_by(Ticket.status))
    return dict.fromkeys(_LEFT_OUT, 0) | {row.status: row.tickets for row in found}


async def _views(session: AsyncSession, ids: Sequence[UUID]) -> list[DrawView]:
    counted = select(
        DrawnTicket.draw_id,
        func.count().label("candidates"),
        func.count().filter(DrawnTicket.chosen).label("chosen"),
    ).where(DrawnTicket.draw_id.in_(ids)).group_by(DrawnTicket.draw_id).subquery()  # fmt: skip
    query = (
        select(Draw, counted.c.candidates, counted.c.chosen)
        .outerjoin(counted, counted.c.draw_id == Draw.id)
        .where(Draw.id.in_(ids))
        .order_by(Draw.announced_at.desc(), Draw.id.desc())
        .execution_options(populate_existing=True)
    )
    return [_view(row.Draw, row.candidates, row.chosen) for row in await session.execute(query)]


def _view(row: Draw, candidates: int | None, chosen: int | None) -> DrawView:
    same = (
        "id",
        "first",
        "last",
        "sequence",
        "words",
        "per_mille",
        "minimum",
        "calls_until",
        "announced_at",
        "drawn_at",
        "opened_at",
        "left_out",
    )
    was_drawn = row.drawn_at is not None
    return DrawView(
        **{name: getattr(row, name) for name in same},
        state="opened" if row.opened_at else "drawn" if was_drawn else "announced",
        seed_hash=row.seed_hash.hex(),
        seed=of_hash(row.seed),
        candidates=(candidates or 0) if was_drawn else None,
        chosen=(chosen or 0) if was_drawn else None,
        candidates_hash=of_hash(row.candidates_hash),
    )


async def _locked(work: Work, draw_id: UUID) -> Draw:
    found = await work.session.scalar(select(Draw).where(Draw.id == draw_id).with_for_update(key_share=True))
    if found is None:
        raise _unknown()
    return found


def _seed_of(row: Draw) -> bytes:
    return unseal(derived_key("draw"), row.sealed_seed, row.id.bytes)


def _unknown() -> NotFound:
    return NotFound("draw.unknown", "There is no draw with this id; see GET /v1/draws.")
