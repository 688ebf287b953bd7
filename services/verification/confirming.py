"""Words about the result that came by another way than a call: a complainant's own, by code; or signed, before a witness.

Each is a row of its own; of several about one round the newest counts. "Not solved", by whatever way, starts the next round.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, exists, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.linking import link, require_uploaded
from services.attachments.models import Attachment
from services.complaints.calling_back import require_not_in_confidence
from services.complaints.models import Complaint
from services.complaints.reading import owed_answers
from services.complaints.tracking import where_it_goes_on, with_code
from services.identity.models import Account
from services.identity.permissions import may
from services.organization.leave_models import Acting
from services.organization.leaves import acted_posts
from services.organization.models import Member, Post
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import Conflict, Forbidden, Invalid, TooMany
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import Work
from services.tickets.actions import act_on, visible_id
from services.tickets.case import Case, Deed, TicketState
from services.tickets.commands import Confirmation
from services.tickets.deciding import allowed_step, to_change
from services.tickets.ending import call_back
from services.tickets.loading import asked_case, full_case, lock
from services.tickets.models import CallBack, Ticket
from services.tickets.queries import find_visible
from services.tickets.recording import write
from services.tickets.shown import can_be_seen
from services.tickets.verifying import WAYS, did_it, worked
from services.verification.commands import AppealByCode, ConfirmByCode, ConfirmOnPaper, Witness
from services.verification.exclusions import appeal
from services.verification.views import Appealed, CallBacks, CallBackView, Confirmed

WORDS_AT_MOST = 5
"""So often somebody may say something new about one round by code; whoever changes their mind more often speaks with the hotline."""
PAPER = "confirmation"


async def confirm_by_code(number: str, command: ConfirmByCode) -> Confirmed:
    """Take the word of whoever holds number and code, about the round that was answered last; the same again changes nothing.

    Raises what tracking raises, Conflict ``confirmation.nothing_yet`` before an answer, TooMany ``confirmation.too_often``, and Forbidden
    ``confirmation.code_of_executor`` for praise where the code was given to a unit that did the work, which wrote the matter down.
    """

    async def do(work: Work, ticket: Row[Any], told_again: UUID | None) -> Confirmed:
        going_on, _holder = await where_it_goes_on(work.session, ticket)
        (present,) = await lock(work.session, [going_on.id])
        _require_answered(present.status)
        complaint_id = told_again or await work.session.scalar(
            select(Complaint.id).where(Complaint.ticket_id == ticket.id).order_by(Complaint.received_at, Complaint.id).limit(1)
        )
        said = {name: getattr(command, name) for name in ("contacted", "solved", "satisfied")}
        if any(said.values()):
            await _require_another_wrote_it_down(work, present, complaint_id)
        if not await _said_before(work.session, present.id, present.round, complaint_id, said):
            heard = Confirmation(action="call_back", way="code", reached=True, complaint_id=complaint_id, **said)
            await act_on(work, present.id, heard, owed_answers)
        return await _confirmed(work, ticket.number, present.id, present.round, solved=command.solved)

    return await with_code(number, command.code, do)


async def appeal_by_code(number: str, command: AppealByCode) -> Appealed:
    """Take an appeal of whoever holds number and code against the adjudication of their demand."""

    async def do(work: Work, ticket: Row[Any], _told_again: UUID | None) -> Appealed:
        going_on, _holder = await where_it_goes_on(work.session, ticket)
        return await appeal(work, going_on.id, command.words)

    return await with_code(number, command.code, do)


async def confirm_on_paper(work: Work, number: str, command: ConfirmOnPaper) -> Confirmed:
    """Take a signed word, entered by a member who was there and belongs to no unit that worked on the ticket; so must the witness.

    Raises Forbidden ``ticket.executor_verifies`` or ``call_back.hotline_only``, Invalid ``confirmation.witness`` for a witness that is
    none, ``attachment.unknown`` for a signature nobody uploaded and ``confirmation.signature`` for one that is no picture, Conflict
    ``confirmation.signature_used`` for one that was used before, and ``confirmation.nothing_yet`` before an answer.
    """
    row = await find_visible(work.session, work.actor, number)
    (ticket,) = await lock(work.session, [row.id])
    _require_answered(ticket.status)
    if not may(work.actor, "hotline.desk"):
        await require_not_in_confidence(work, row)
    case = await full_case(work.session, ticket, owed_answers)
    complaint_id = _whose(case, command.complaint_id)
    witness = await _witness(work, command.witness, case)
    await _require_signature(work, command.signature)
    heard = Confirmation(
        action="call_back",
        way="paper",
        reached=True,
        signature_id=command.signature,
        complaint_id=complaint_id,
        words=command.words,
        contacted=command.contacted,
        solved=command.solved,
        satisfied=command.satisfied,
        **witness,
    )
    step = allowed_step(case, "call_back")
    await link(work, [command.signature], "complaint", complaint_id, {command.signature: "signature"})
    seat = work.actor.main_seat
    deed = Deed(work.actor, work.now, seat.unit_id if seat else None)
    await write(work, [to_change(case, step, call_back(case, heard, deed))], unit_id=deed.unit_id)
    return await _confirmed(work, ticket.number, ticket.id, ticket.round, solved=command.solved)


async def call_backs_of(work: Work, number: str) -> CallBacks:
    """Return every word about the results of a ticket one may know of; never who said it."""
    ticket_id = await visible_id(work, number)
    query = (
        select(CallBack, Member.name)
        .outerjoin(Account, Account.id == CallBack.by_account_id)
        .outerjoin(Member, Member.id == Account.member_id)
        .where(CallBack.ticket_id == ticket_id)
        .order_by(CallBack.called_at, CallBack.id)
    )
    present = await work.session.scalar(select(Ticket.round).where(Ticket.id == ticket_id)) or 1
    return CallBacks(items=[_view(row.CallBack, row.name, present) for row in await work.session.execute(query)])


def _view(row: CallBack, by: str | None, present: int) -> CallBackView:
    same = ("id", "round", "way", "reached", "contacted", "solved", "satisfied")
    way = WAYS[row.way]
    return CallBackView(
        **{name: getattr(row, name) for name in same},
        said_at=row.called_at,
        way_name=way.name,
        strength=way.strength,
        signed=row.signature_id is not None,
        by=by,
        next_round=row.solved is False and row.round < present,
    )


async def _require_another_wrote_it_down(work: Work, ticket: TicketState, complaint_id: UUID | None) -> None:
    """Refuse praise by a code that a unit was given which did the work: whoever writes a matter down for somebody holds its code too.

    What speaks against the work is taken from anybody.
    """
    query = select(Complaint.filed_by_account_id).where(Complaint.id == complaint_id, Complaint.filed_by_account_id.is_not(None))
    writer = await work.session.scalar(query)
    if writer is None:
        return
    if await _of_who_worked(work, await asked_case(work.session, ticket), writer):
        raise Forbidden(
            "confirmation.code_of_executor",
            "The unit that did the work wrote this matter down and holds its code; confirm by WeChat, by telephone or on signed paper.",
        )


async def _of_who_worked(work: Work, case: Case, account_id: UUID) -> bool:
    """Tell whether an account did the work of the round, or its holder sits in a unit that did."""
    today = local_day(work.now)
    holds = and_(Post.valid_from <= today, or_(Post.valid_to.is_(None), Post.valid_to > today))
    seats = select(Post.id).join(Account, Account.member_id == Post.member_id)
    theirs = seats.where(Account.id == account_id, one_of(Post.unit_id, worked(case)), holds)
    acts = acted_posts(today).join(Account, Account.member_id == Acting.deputy_id)
    acts = acts.where(Account.id == account_id, one_of(Post.unit_id, worked(case)))
    return did_it(case, account_id) or bool(await work.session.scalar(select(or_(exists(theirs), exists(acts)))))


def _require_answered(status: str) -> None:
    if status not in ("answered", "closed"):
        raise Conflict("confirmation.nothing_yet", "There is no answer yet that could be confirmed; wait for it.", extra={"status": status})


def _whose(case: Case, given: UUID | None) -> UUID:
    if given is None and len(case.owed_answers) == 1:
        return case.owed_answers[0]
    if given is None or given not in case.owed_answers:
        raise Invalid("confirmation.whose", "Say with `complaint_id` which of the ticket's complainants signed.")
    return given


async def _require_signature(work: Work, signature_id: UUID) -> None:
    """Raise Invalid unless it is a picture the actor uploaded, Conflict where the very same picture was a signature before.

    The lock holds until the end of the transaction: the same picture handed in twice at once is taken once.
    """
    await require_uploaded(work.session, work.actor, [signature_id])
    query = select(Attachment.sha256, can_be_seen().label("picture")).where(Attachment.id == signature_id)
    given = (await work.session.execute(query)).one()
    if not given.picture:
        raise Invalid("confirmation.signature", "The signature must be a picture that can be opened; photograph the signed paper.")
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(given.sha256[:8], "big", signed=True))))
    used = select(CallBack.id).join(Attachment, Attachment.id == CallBack.signature_id).where(Attachment.sha256 == given.sha256)
    if await work.session.scalar(select(used.exists())):
        detail = "This very picture was handed in as a signature before; each signed word needs a picture of its own."
        raise Conflict("confirmation.signature_used", detail)


async def _witness(work: Work, witness: Witness, case: Case) -> dict[str, UUID]:
    if witness.name is not None:
        paper = seal_paper(PAPER, {"witness": witness.name}, work.now)
        await work.session.execute(insert(SealedPaper).values(paper))
        return {"paper_id": paper["id"]}
    assert witness.member_id is not None
    account_id = await work.session.scalar(select(Account.id).where(Account.member_id == witness.member_id, Account.disabled_at.is_(None)))
    if account_id is None or account_id == work.actor.account_id:
        raise Invalid("confirmation.witness", "The witness must be another member with an account, or be given by name.")
    if await _of_who_worked(work, case, account_id):
        raise Forbidden("ticket.executor_verifies", "Nobody who did the work, or of a unit that did, can be the witness.")
    return {"witness_account_id": account_id}


async def _said_before(
    session: AsyncSession, ticket_id: UUID, round_: int, complaint_id: UUID | None, said: dict[str, bool | None]
) -> bool:
    """Tell whether the newest word by code of this person about the round is the same; raise TooMany after the last they may say."""
    own = (CallBack.ticket_id == ticket_id, CallBack.round == round_, CallBack.way == "code", CallBack.complaint_id == complaint_id)
    words = (await session.scalars(select(CallBack).where(*own).order_by(CallBack.called_at.desc(), CallBack.id.desc()))).all()
    if words and all(getattr(words[0], name) == word for name, word in said.items()):
        return True
    if len(words) >= WORDS_AT_MOST:
        raise TooMany(
            "confirmation.too_often", "You changed your word too often; call the hotline, please.", headers={"Retry-After": "86400"}
        )
    return False


async def _confirmed(work: Work, number: str, ticket_id: UUID, round_: int, *, solved: bool | None) -> Confirmed:
    present = await work.session.scalar(select(func.max(Ticket.round)).where(Ticket.id == ticket_id))
    began = present is not None and present > round_
    late = solved is False and not began
    return Confirmed(number=number, round=round_, outcome="next_round" if began else "kept_too_late" if late else "kept")
