"""What every kind of sealed paper belongs to, and so how it ends: with its matter, by itself after a term, or when somebody asks.

A kind that is not here is a mistake of ours: `tests/privacy/test_terms.py` finds it in the code, as it finds every other column that
holds something sealed, a keyed mark or a file, in the tables of `terms.py`.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true

from services.assistance.models import Mediation, MediationEnding, MediationParty
from services.calls.models import Call, CallEvent
from services.channels.platforms.models import PlatformPush
from services.channels.wechat.models import WechatMessage
from services.complaints.models import Complaint
from services.hotline.models import TicketCall
from services.households.models import Household
from services.platform.papers import SealedPaper
from services.platform.unit_of_work import Work
from services.privacy.planning import held
from services.privacy.terms import before, ended_at, merged_into
from services.tickets.lifecycle import OPEN
from services.tickets.models import Ticket

Bound = Callable[[Work, int], ColumnElement[bool]]
"""The condition, over sealed papers, that one belongs to something that keeps it; given the months that a usual one is kept."""


def call_bound(work: Work, months: int) -> ColumnElement[bool]:
    """The condition, over calls, that one belongs to a matter: told in it, or about one that is open, held, or over not long enough."""
    told = exists(select(Complaint.id).where(or_(Complaint.call_id == Call.call_id, Complaint.call_id == Call.linked_id)))
    into = merged_into()
    going_on = or_(Ticket.status.in_(OPEN), into.status.in_(OPEN), ended_at(into) > before(work, months), held(work.now))
    about = (
        select(TicketCall.id)
        .join(Ticket, Ticket.id == TicketCall.ticket_id)
        .outerjoin(into, into.id == Ticket.merged_into_id)
        .where(or_(TicketCall.call_id == Call.call_id, TicketCall.call_id == Call.linked_id), going_on)
    )
    return or_(told, exists(about))


def _of_call(work: Work, months: int) -> ColumnElement[bool]:
    theirs = or_(Call.paper_id == SealedPaper.id, Call.recording_paper_id == SealedPaper.id)
    return exists(select(Call.id).where(theirs, call_bound(work, months)))


def _of_call_event(work: Work, months: int) -> ColumnElement[bool]:
    same = and_(Call.source == CallEvent.source, Call.linked_id == CallEvent.linked_id)
    calls = select(CallEvent.id).join(Call, same).where(CallEvent.paper_id == SealedPaper.id, call_bound(work, months))
    return exists(calls)


def _of_message(_work: Work, _months: int) -> ColumnElement[bool]:
    bound = or_(WechatMessage.complaint_id.is_not(None), WechatMessage.processed_at.is_(None))
    return exists(select(WechatMessage.id).where(WechatMessage.paper_id == SealedPaper.id, bound))


def _of_order(_work: Work, _months: int) -> ColumnElement[bool]:
    return exists(select(PlatformPush.id).where(PlatformPush.paper_id == SealedPaper.id, PlatformPush.order_id.is_not(None)))


def _of_household(work: Work, months: int) -> ColumnElement[bool]:
    listed = or_(Household.ended_at.is_(None), Household.ended_at > before(work, months))
    return exists(select(Household.id).where(Household.paper_id == SealedPaper.id, listed))


def _of_party(work: Work, months: int) -> ColumnElement[bool]:
    """A dispute that goes on, or ended not long enough ago; what somebody had erased goes at once (`loose.py`)."""
    stands = and_(MediationEnding.mediation_id == MediationParty.mediation_id, MediationEnding.withdrawn_at.is_(None))
    going_on = or_(MediationEnding.id.is_(None), MediationEnding.recorded_at > before(work, months))
    theirs = select(MediationParty.side).outerjoin(MediationEnding, stands).where(MediationParty.paper_id == SealedPaper.id)
    return exists(theirs.where(or_(going_on, party_held(work))))


def party_held(work: Work) -> ColumnElement[bool]:
    """The condition, over parties of mediations, that the ticket theirs came from is under a legal hold."""
    held_ones = select(Mediation.id).join(Ticket, Ticket.id == Mediation.ticket_id)
    return exists(held_ones.where(Mediation.id == MediationParty.mediation_id, held(work.now)))


def _always(_work: Work, _months: int) -> ColumnElement[bool]:
    return true()


def _never(_work: Work, _months: int) -> ColumnElement[bool]:
    return false()


PAPERS: Mapping[str, Bound] = {
    "call": _of_call,
    "call_recording": _of_call,
    "call_event": _of_call_event,
    "wechat_message": _of_message,
    "platform_order": _of_order,
    "household": _of_household,
    "mediation_party": _of_party,
    "call_draft": _never,
    "field_command": _never,
    "appeal": _always,
    "confirmation": _always,
    "petitioner": _always,
    "open311_request": _always,
    "open311_update": _always,
    "person_request": _always,
    "erased_passages": _always,
    "activity": _always,
    "service_step": _always,
    "opinion_contact": _always,
    "opinion_wording": _always,
    "opinion_outcome": _always,
    "opinion_wechat": _always,
    "opinion_witness": _always,
    "opinion_code": _never,
    "opinion_answer": _never,
    "help": _always,
    "help_wechat": _always,
    "help_code": _never,
    "mediation": _always,
    "deliberation": _always,
    "matter_objection": _always,
}
"""Kind of paper → what keeps it. `_always`: it ends with its complaint (`tracing.py`), passages when they are taken out; what is
of an opinion when its villager asks (`handbook.py`); words of the ledger, of help, of mediations (which name no party) and of deliberations
when somebody asks, by number or passage (`wholly.py`). `_never`: content that was left lying: by itself, after the term."""


def loose_papers(work: Work, months: int) -> ColumnElement[bool]:
    """Return the condition, over sealed papers, that one belongs to nothing that keeps it."""
    return or_(*(and_(SealedPaper.kind == kind, ~bound(work, months)) for kind, bound in PAPERS.items() if bound is not _always))
