"""What became of an opinion: solved on the spot, a ticket, part of a matter, or answered with a reason. None can end in nothing.

A ticket is filed as every complaint is, by the channel `visit`, in the villager's own words with the wording in force laid over them, for
whoever said it; with `direct_to` it goes straight to a county department (越级直达).
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, literal, select

from services.attachments.models import AttachmentLink
from services.complaints.commands import Contact, FileComplaint, Place, Telling
from services.complaints.filing_desk import prepared_within
from services.complaints.models import Rewording
from services.complaints.writing import Outcome, write
from services.households.models import Household
from services.journal.noting import note
from services.organization.queries import unit_tree
from services.platform.bulk import insert_many
from services.platform.database import driver_of
from services.platform.errors import Conflict, Invalid
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, read_paper, seal_paper
from services.platform.sealed_words import seal_words
from services.platform.unit_of_work import Work
from services.tickets.actions import visible_id
from services.tickets.models import Ticket
from services.visits.answering import tell
from services.visits.direct import refuse_below
from services.visits.opinions import SUBJECT, marked, possible, require_standing
from services.visits.opinions_access import opinion_of
from services.visits.opinions_commands import Answered, FileTicket, JoinsTicket, SolvedOnTheSpot
from services.visits.opinions_confidence import in_confidence, knows_number, not_about
from services.visits.opinions_models import OpinionOutcome, OpinionWording
from services.visits.opinions_rules import ENDED_IN_NOTHING

PAPER = "opinion_outcome"
CHANNEL = "visit"
ENDED = "opinion.ended"
Row = dict[str, Any]


async def became(work: Work, opinion_id: UUID, said: SolvedOnTheSpot | JoinsTicket | Answered) -> bool:
    """Write down what became of an opinion; tell whether it was written already.

    Raises 403 ``ticket.direct`` below the department it went straight to, 404 ``opinion.unknown`` and ``ticket.unknown``,
    409 ``opinion.withdrawn``, ``opinion.id_taken``, ``opinion.of_this_ticket``, 422 ``opinion.time_impossible`` and
    ``opinion.ended_before_said``.
    """
    row, known = await _begin(work, opinion_id, said)
    if known:
        return True
    await refuse_below(work, opinion_id, "end_opinion")
    if isinstance(said, JoinsTicket):
        ticket_id = await visible_id(work, said.ticket)
        same = select(OpinionOutcome.id).where(OpinionOutcome.opinion_id == opinion_id, OpinionOutcome.ticket_id == ticket_id)
        if await work.session.scalar(same) is not None:
            raise Conflict("opinion.of_this_ticket", "This opinion belongs to that ticket already.")
        row["ticket_id"] = ticket_id
    else:
        paper = seal_paper(PAPER, {"words": said.words}, work.now)
        await insert_many(work.session, SealedPaper, [paper])
        row["paper_id"] = paper["id"]
    if isinstance(said, Answered):
        row["because"] = said.because
    opinion = row.pop("opinion")
    await _write(work, row)
    if isinstance(said, Answered) and opinion.wants_answer:
        await tell(work, opinion, row["id"])
    return False


async def join_matter(work: Work, opinion_id: UUID, outcome_id: UUID, matter_id: UUID, fingerprint: bytes) -> None:
    """Write down that an opinion is part of a matter (挂号), by whoever registers or widens it; once for each matter.

    For the room of matters, which says who may and holds the opinion's journal.
    """
    there = select(OpinionOutcome.id).where(OpinionOutcome.opinion_id == opinion_id, OpinionOutcome.matter_id == matter_id)
    if await work.session.scalar(there) is not None:
        return
    row = _row(work, opinion_id, "matter", outcome_id, fingerprint, work.now)
    await _write(work, row | {"matter_id": matter_id})


async def file_ticket(work: Work, opinion_id: UUID, said: FileTicket) -> tuple[UUID, bool]:
    """Make a ticket of an opinion; return its id, and whether it was there already. The opinion and the ticket each name the other.

    Raises 409 ``opinion.has_ticket`` while an earlier one holds, what :func:`became` does, and what filing raises
    (``complaint.department_unknown`` for a `direct_to` that is no county department).
    """
    row, known = await _begin(work, opinion_id, said)
    if known:
        found = await work.session.scalar(select(OpinionOutcome.ticket_id).where(OpinionOutcome.id == said.outcome_id))
        assert found is not None, "an outcome of this kind names its ticket"
        return found, True
    await _require_no_ticket(work, opinion_id)
    outcome = await _filed(work, row.pop("opinion"), said)
    await _write(work, row | {"ticket_id": outcome.ticket_id})
    return outcome.ticket_id, False


async def _begin(work: Work, opinion_id: UUID, said: Any) -> tuple[Row, bool]:
    """Return the outcome's row so far, and whether it is there already; raise what stands against any outcome."""
    opinion = await opinion_of(work, opinion_id, "opinion.record", locked=True)
    mark = marked(work, said)
    there = await work.session.scalar(select(OpinionOutcome.fingerprint).where(OpinionOutcome.id == said.outcome_id))
    if there is not None:
        if there != mark:
            raise Conflict("opinion.id_taken", "Something else was sent under this id; make a new one.")
        return {}, True
    require_standing(opinion)
    happened_at = possible(said.happened_at, work.now, "/happened_at")
    if happened_at < opinion.heard_at:
        raise Invalid("opinion.ended_before_said", "Nothing became of an opinion before it was heard; correct the time.")
    kind = "ticket" if isinstance(said, FileTicket) else said.kind
    row = _row(work, opinion_id, kind, said.outcome_id, mark, happened_at)
    return row | {"opinion": opinion}, False


def _row(work: Work, opinion_id: UUID, kind: str, outcome_id: UUID, mark: bytes, at: Any) -> Row:
    return {
        "id": outcome_id, "opinion_id": opinion_id, "kind": kind, "because": None, "ticket_id": None, "matter_id": None, "paper_id": None,
        "fingerprint": mark, "happened_at": at, "recorded_at": work.now, "by_account_id": work.actor.account_id,
    }  # fmt: skip


async def _write(work: Work, row: Row) -> None:
    await insert_many(work.session, OpinionOutcome, [row])
    data = {"kind": row["kind"], "outcome_id": str(row["id"])}
    data |= {name: str(row[name]) for name in ("ticket_id", "matter_id", "because") if row[name] is not None}
    await note(work, SUBJECT, row["opinion_id"], ENDED, data)


async def _require_no_ticket(work: Work, opinion_id: UUID) -> None:
    into = Ticket.__table__.alias("into")
    status = func.coalesce(into.c.status, Ticket.status)
    query = (
        select(Ticket.number, Ticket.desk_unit_id, in_confidence().label("in_confidence"), OpinionOutcome.by_account_id)
        .join(OpinionOutcome, OpinionOutcome.ticket_id == Ticket.id)
        .outerjoin(into, into.c.id == Ticket.merged_into_id)
        .where(OpinionOutcome.opinion_id == opinion_id, status.not_in(ENDED_IN_NOTHING), not_about(work.actor))
        .limit(1)
    )
    there = (await work.session.execute(query)).one_or_none()
    if there is not None:
        detail = "There is a ticket of this opinion already; tell more of it there."
        raise Conflict("opinion.has_ticket", detail, extra={"number": there.number} if knows_number(work.actor, there) else {})


async def _filed(work: Work, opinion: Any, said: FileTicket) -> Outcome:
    """File the opinion in the transaction of `work`. The outcome's id names the message, so that one outcome is one ticket."""
    tree = await unit_tree(work.session)
    original, present = await _words(work, opinion.id)
    telling = Telling(
        words=original,
        category=said.category or opinion.category_code,
        place=Place(unit_code=tree.by_id[opinion.unit_id].code),
        happened_at=opinion.heard_at,
        contact=await _contact(work, opinion) if opinion.wants_answer else None,
        confidential=said.confidential,
        wants_answer=opinion.wants_answer,
        surface_to=said.direct_to,
    )
    filing = await prepared_within(work, FileComplaint(CHANNEL, str(said.outcome_id), telling, household_id=opinion.household_id))
    (outcome,) = await write(await driver_of(work.session), [filing])
    if present is not None:
        rewording_id = new_id()
        row = {"id": rewording_id, "complaint_id": outcome.complaint_id, **seal_words(rewording_id, present.words)}
        row |= {"author_account_id": present.author_account_id, "recorded_at": work.now}
        await insert_many(work.session, Rewording, [row])
    await work.session.execute(_shows_too(work, opinion.id, outcome.complaint_id))
    work.rings = True
    return outcome.told()


def _shows_too(work: Work, opinion_id: UUID, complaint_id: UUID) -> Any:
    """Return the statement that ties the pictures and voices of an opinion to its ticket, too: what was said, beside what was written."""
    theirs = (AttachmentLink.subject_id == opinion_id, AttachmentLink.role != "signature")
    columns = (AttachmentLink.attachment_id, literal(complaint_id), literal("complaint"), AttachmentLink.role, literal(work.now))
    names = ["attachment_id", "subject_id", "subject_kind", "role", "linked_at"]
    return insert(AttachmentLink).from_select(names, select(*columns).where(*theirs))


@dataclass(frozen=True, slots=True, repr=False)
class _Later:
    """Words in force that were laid over the villager's own, and by whom. No `repr`: they cannot slip into a log."""

    words: str
    author_account_id: UUID


async def _words(work: Work, opinion_id: UUID) -> tuple[str, _Later | None]:
    """Return the villager's own words, which the ticket is made with, and the wording in force where that is another one.

    Where the first were erased, those that stand are all there is.
    """
    query = select(OpinionWording.paper_id, OpinionWording.author_account_id).where(OpinionWording.opinion_id == opinion_id)
    rows = (await work.session.execute(query.order_by(OpinionWording.sequence))).all()
    first, last = [(await _clear(work, row.paper_id) or {}).get("words") for row in (rows[0], rows[-1])]
    if last is None:
        raise Conflict("opinion.erased", "What was said was erased; there is nothing left to file.")
    later = _Later(last, rows[-1].author_account_id) if first is not None and first != last else None
    return first or last, later


async def _contact(work: Work, opinion: Any) -> Contact | None:
    """Return whom to answer: whoever said it, where they are named; else whom the register names."""
    own = await _clear(work, opinion.contact_paper_id) or {}
    paper_id = await work.session.scalar(select(Household.paper_id).where(Household.id == opinion.household_id))
    of_home = await _clear(work, paper_id) or {}
    name, phone = own.get("name") or of_home.get("head"), own.get("phone") or of_home.get("phone")
    return Contact(name=name, phone=phone) if name or phone else None


async def _clear(work: Work, paper_id: UUID | None) -> Row | None:
    if paper_id is None:
        return None
    query = select(SealedPaper.row_key, SealedPaper.sealed).where(SealedPaper.id == paper_id)
    row = (await work.session.execute(query)).one()
    found: Row | None = read_paper(paper_id, row.row_key, row.sealed)
    return found
