"""Who calls: earlier tickets, calls and unfiled drafts of the same number, over keyed indexes; only a mask of the number is shown."""

from sqlalchemy import Exists, and_, exists, or_, select
from sqlalchemy.orm import aliased

from services.calls.models import Call
from services.complaints.same_person import earlier_tickets
from services.hotline.commands import WhoCalls
from services.hotline.models import CallDraft
from services.hotline.ticket_calls import call_line, named
from services.hotline.views import Caller, CallLine, DraftLine
from services.identity.models import Account
from services.organization.models import Member
from services.platform.errors import NotFound
from services.platform.papers import PHONE, SealedPaper, read_paper
from services.platform.phones import masked_phone, normalised_phone
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work

CALLS_AT_MOST = 20


async def who_calls(work: Work, command: WhoCalls) -> Caller:
    """Return what is known of a caller, or of a number. Raises NotFound ``call.unknown`` for a call the exchange has not told of."""
    phone, index = (command.phone, blind_index(PHONE, command.phone)) if command.phone else await _of_call(work, command)
    if index is None:
        return Caller(phone=None, tickets=[], calls=[], drafts=[])
    return Caller(
        phone=masked_phone(phone) if phone else None,
        tickets=await earlier_tickets(work.session, work.actor, [index], []),
        calls=await _calls(work, index),
        drafts=await _drafts(work, index),
    )


async def _of_call(work: Work, command: WhoCalls) -> tuple[str | None, bytes | None]:
    assert command.call_id is not None
    query = select(Call, SealedPaper).outerjoin(SealedPaper, SealedPaper.id == Call.paper_id).where(named(command.source, command.call_id))
    found = (await work.session.execute(query.order_by(Call.arrived_at.desc()).limit(1))).one_or_none()
    if found is None:
        raise NotFound("call.unknown", "The exchange has not told of this call. Ask for the number, and look it up with phone.")
    _call, paper = found
    if paper is None or paper.phone_index is None:
        return None, None
    clear = read_paper(paper.id, paper.row_key, paper.sealed) or {}
    return _normal(clear.get("number")), paper.phone_index


def _normal(number: str | None) -> str | None:
    """The number as we write it; the exchange writes it as it likes."""
    try:
        return normalised_phone(number) if number else None
    except ValueError:
        return None


async def _calls(work: Work, index: bytes) -> list[CallLine]:
    query = (
        select(Call)
        .join(SealedPaper, SealedPaper.id == Call.paper_id)
        .where(SealedPaper.phone_index == index, Call.call_id == Call.linked_id)
        .order_by(Call.arrived_at.desc(), Call.id)
        .limit(CALLS_AT_MOST)
    )
    return [call_line(call) for call in await work.session.scalars(query)]


async def _drafts(work: Work, index: bytes) -> list[DraftLine]:
    query = (
        select(CallDraft, Member.name)
        .join(SealedPaper, SealedPaper.id == CallDraft.paper_id)
        .join(Account, Account.id == CallDraft.author_account_id)
        .join(Member, Member.id == Account.member_id)
        .where(or_(SealedPaper.phone_index == index, _saved_in_a_call_of(index)))
        .where(CallDraft.filed_at.is_(None), CallDraft.discarded_at.is_(None))
        .order_by(CallDraft.saved_at.desc())
        .limit(CALLS_AT_MOST)
    )
    return [
        DraftLine(id=draft.id, call_id=draft.call_id, author=name, begun_at=draft.begun_at, saved_at=draft.saved_at, version=draft.version)
        for draft, name in await work.session.execute(query)
    ]


def _saved_in_a_call_of(index: bytes) -> Exists:
    """A draft saved before anybody typed the number, which the operator sees as a mask only: the exchange knows who called."""
    paper = aliased(SealedPaper)
    same_call = and_(Call.call_id == CallDraft.call_id, or_(CallDraft.source.is_(None), Call.source == CallDraft.source))
    return exists().where(same_call, paper.id == Call.paper_id, paper.phone_index == index)
