"""The calls a draw asks for: opened as call-backs of the hotline, listed for whoever calls, and what they came to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, Select, Text, and_, cast, exists, select, update

from services.complaints.calling_back import reachable_by_call
from services.complaints.models import TOLD_BY_THEMSELVES, Complainant, Complaint
from services.complaints.phone_tasks import CALL_BACK_ASKS, PhoneTask, open_phone_tasks
from services.journal.models import Event
from services.organization.models import Unit
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.tickets.models import CallBack, Ticket
from services.tickets.verifying import WAYS, try_again_at
from services.verification.models import Draw, DrawnTicket
from services.verification.tallying import Share, Tally, Verdict, Word, tally, verdict_of
from services.verification.views import CallToMake, Coverage, ShareView, TallyView

CALLABLE = ("answered", "closed")
SURE = tuple(code for code, way in WAYS.items() if way.strength >= 3)  # noqa: PLR2004  as sure as a call
"""Ways that spare a call: whoever files on somebody's behalf holds the code, and may be who did the work."""
Chosen = Row[DrawnTicket, str, int]
Key = tuple[UUID, int]


async def open_calls(work: Work, draw_id: UUID) -> None:
    """Have the hotline call everybody of the chosen rounds who can be called: by the call that waits already, else by a new one."""
    here = and_(DrawnTicket.ticket_id == PhoneTask.ticket_id, DrawnTicket.round == PhoneTask.round)
    waiting = exists(select(DrawnTicket.ticket_id).where(here, DrawnTicket.draw_id == draw_id, DrawnTicket.chosen))
    await work.session.execute(
        update(PhoneTask).where(PhoneTask.purpose == "call_back", PhoneTask.state == "open", waiting).values(draw_id=draw_id)
    )
    people = (await work.session.execute(_people(draw_id))).all()
    by_call = await reachable_by_call(work.session, [row.complaint_id for row in people if row.phone is None])
    rows = [
        {
            "ticket_id": row.ticket_id,
            "complaint_id": row.complaint_id,
            "round": row.round,
            "purpose": "call_back",
            "words": f"抽查回访：工单{row.number}。\n{CALL_BACK_ASKS}",
            "draw_id": draw_id,
        }
        for row in people
        if row.phone is not None or row.complaint_id in by_call
    ]
    await open_phone_tasks(work, rows)


def _people(draw_id: UUID) -> Select[UUID, UUID, int, str, bytes | None]:
    """Whoever wants an answer of a chosen round that still stands, was not spoken to about it, and is not about to be called."""
    known = Complainant.phone_index.label("phone")
    here = and_(CallBack.ticket_id == DrawnTicket.ticket_id, CallBack.round == DrawnTicket.round)
    spoken = exists().where(here, CallBack.reached, CallBack.way.in_(SURE))
    waiting = exists().where(PhoneTask.complaint_id == Complaint.id, PhoneTask.round == DrawnTicket.round, PhoneTask.state == "open")
    own = select(Ticket.id).where((Ticket.id == DrawnTicket.ticket_id) | (Ticket.merged_into_id == DrawnTicket.ticket_id))
    main = Ticket.__table__.alias("main")
    return (
        select(DrawnTicket.ticket_id, Complaint.id.label("complaint_id"), DrawnTicket.round, DrawnTicket.number, known)
        .join(main, main.c.id == DrawnTicket.ticket_id)
        .join(Complaint, Complaint.ticket_id.in_(own.correlate(DrawnTicket)))
        .outerjoin(Complainant, Complainant.complaint_id == Complaint.id)
        .where(
            DrawnTicket.draw_id == draw_id,
            DrawnTicket.chosen,
            main.c.status.in_(CALLABLE),
            main.c.round == DrawnTicket.round,
            Complaint.wants_answer,
            Complaint.channel.not_in(TOLD_BY_THEMSELVES),
            ~spoken,
            ~waiting,
        )
        .order_by(Complaint.id)
    )


async def calls_to_make(work: Work, draw_id: UUID) -> list[CallToMake]:
    """Return the rounds that were drawn, but those of units the reader sits in: whoever did the work does not learn what was drawn."""
    rows, verdicts = await _chosen(work, draw_id)
    own = {seat.unit_id for seat in work.actor.seats}
    return [_call(row, verdicts[_key(row)]) for row in rows if row.DrawnTicket.unit_id not in own]


async def calls_left(work: Work, draw_id: UUID) -> int:
    """Return how many rounds are to be called still, whoever may see them."""
    rows, verdicts = await _chosen(work, draw_id)
    return sum(_is_left(_call(row, verdicts[_key(row)])) for row in rows)


async def coverage(work: Work, draw_id: UUID, as_of: datetime | None = None) -> Coverage:
    """Return what the draw came to so far, or had come to at `as_of`: for each unit that had anything to draw, and in all.

    Raises Invalid ``draw.not_drawn_then`` for an instant before it was drawn.
    """
    if as_of is not None:
        drawn_at = await work.session.scalar(select(Draw.drawn_at).where(Draw.id == draw_id))
        if drawn_at is None or as_of < drawn_at:
            raise Invalid("draw.not_drawn_then", "At that instant nothing had been drawn yet; ask for a later one.")
    rows, verdicts = await _chosen(work, draw_id, as_of)
    query = select(DrawnTicket.unit_code, Unit.name).join(Unit, Unit.id == DrawnTicket.unit_id).where(DrawnTicket.draw_id == draw_id)
    counted: dict[str, int] = defaultdict(int)
    names: dict[str, str] = {}
    for code, name in await work.session.execute(query):
        counted[code] += 1
        names[code] = name
    by_unit: dict[str, list[Verdict]] = defaultdict(list)
    for row in rows:
        by_unit[row.DrawnTicket.unit_code].append(verdicts[_key(row)])
    units = [_tally_view(code, names[code], tally(counted[code], by_unit[code])) for code in sorted(counted)]
    everything = tally(sum(counted.values()), [one for found in by_unit.values() for one in found])
    return Coverage(draw_id=draw_id, units=units, total=_tally_view(None, None, everything))


async def _chosen(work: Work, draw_id: UUID, as_of: datetime | None = None) -> tuple[Sequence[Chosen], Mapping[Key, Verdict]]:
    query = (
        select(DrawnTicket, Ticket.status, Ticket.round.label("present"))
        .join(Ticket, Ticket.id == DrawnTicket.ticket_id)
        .join(Draw, Draw.id == DrawnTicket.draw_id)
        .where(DrawnTicket.draw_id == draw_id, DrawnTicket.chosen)
        .order_by(DrawnTicket.unit_code, DrawnTicket.number, DrawnTicket.round)
    )
    rows = (await work.session.execute(query)).all()
    said = (
        select(CallBack)
        .join(DrawnTicket, and_(DrawnTicket.ticket_id == CallBack.ticket_id, DrawnTicket.round == CallBack.round))
        .where(DrawnTicket.draw_id == draw_id, DrawnTicket.chosen, CallBack.way.in_(SURE))
    )
    if as_of is not None:
        heard = select(Event.data["call_back_id"].astext).where(Event.subject_id == CallBack.ticket_id, Event.recorded_at <= as_of)
        said = said.where(cast(CallBack.id, Text).in_(heard))
    words: dict[Key, list[Word]] = defaultdict(list)
    for one in await work.session.scalars(said):
        words[one.ticket_id, one.round].append(Word(one.called_at, one.id, one.reached, one.contacted, one.solved, one.satisfied))
    return rows, {_key(row): verdict_of(words[_key(row)]) for row in rows}


def _key(row: Chosen) -> Key:
    return row.DrawnTicket.ticket_id, row.DrawnTicket.round


def _call(row: Chosen, verdict: Verdict) -> CallToMake:
    drawn = row.DrawnTicket
    again = try_again_at(verdict.tries, verdict.last_at) if verdict.tries and verdict.last_at and not verdict.reached else None
    stands = row.status in CALLABLE and row.present == drawn.round
    silent = "no_answer" if verdict.tries else "to_call"
    state = "reached" if verdict.reached else silent if stands else "overtaken"
    return CallToMake(number=drawn.number, round=drawn.round, unit=drawn.unit_code, state=state, tries=verdict.tries, try_again_at=again)


def _is_left(call: CallToMake) -> bool:
    return call.state == "to_call" or (call.state == "no_answer" and call.try_again_at is not None)


def _tally_view(code: str | None, name: str | None, found: Tally) -> TallyView:
    counts = {field: getattr(found, field) for field in ("candidates", "drawn", "reached", "no_answer", "not_called")}
    shares = {field: _share_view(getattr(found, field)) for field in ("contacted", "solved", "satisfied")}
    return TallyView(unit=code, name=name, **counts, **shares)


def _share_view(share: Share) -> ShareView:
    return ShareView(yes=share.yes, n=share.n, percent=share.percent)
