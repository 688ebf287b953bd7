"""Reading mediations: whoever sits in the room, and the desks over the place. Who stands on one side learns nothing of the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from services.assistance.entries import undone
from services.assistance.mediation_views import (
    DISPUTE_NAMES,
    FOUND_NAMES,
    PRESENT_NAMES,
    SIDE_NAMES,
    STATE_NAMES,
    EndingView,
    MediationDetail,
    MediationFollowUpView,
    MediationSessionView,
    MediationView,
    PartyView,
)
from services.assistance.models import (
    SIDES,
    Mediation,
    MediationEnding,
    MediationFollowUp,
    MediationParty,
    MediationPartyErasure,
    MediationSession,
)
from services.assistance.places import files_beside, within
from services.identity.permissions import DESKS
from services.organization.models import Member, Unit
from services.pairing.models import Pairing
from services.pairing.queries import in_force
from services.pairing.views import Where, Who
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import NotFound
from services.platform.papers import SealedPaper, read_paper
from services.platform.phones import masked_name, masked_phone
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket

OVER = DESKS | {"village_secretary"}
"""Whose post reads the mediations of its area; in the field below them everybody reads those they mediate or wrote down."""


@dataclass(frozen=True, slots=True)
class WantedMediations:
    """Which mediations to list; everything given must hold. `follow_up`: settled ones that are to be asked about by now."""

    under: str | None = None
    state: str = "all"
    follow_up: bool = False
    mine: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """A mediation with what its papers say, and where whoever asks stands. No `repr`: names cannot slip into a log."""

    row: Any
    words: str | None
    parties: Mapping[str, Mapping[str, Any] | None]
    in_the_room: bool
    stands_on: frozenset[str]

    def may_know(self, side: str) -> bool:
        """Tell whether whoever asks may know who `side` is: all but who stands on the other side alone."""
        return self.in_the_room or self.stands_on in (frozenset(), frozenset(SIDES)) or side in self.stands_on


def ends_it() -> ColumnElement[bool]:
    """Return the join condition of the ending that stands: not withdrawn here, nor at the ledger's own door."""
    return and_(MediationEnding.mediation_id == Mediation.id, MediationEnding.withdrawn_at.is_(None), ~undone(MediationEnding.id))


def visible_mediations(work: Work) -> ColumnElement[bool]:
    """Return the condition, over mediations joined to the unit of their place, that whoever asks may know of one."""
    own = or_(Mediation.mediator_member_id == work.actor.member_id, Mediation.recorded_by_account_id == work.actor.account_id)
    return or_(own, within(work.actor, "mediation.read", OVER))


async def find_case(work: Work, mediation_id: UUID) -> Case:
    """Return a mediation one may know of; raise 404 ``mediation.unknown``."""
    query = _query().add_columns(SealedPaper.row_key, SealedPaper.sealed).join(SealedPaper, SealedPaper.id == Mediation.paper_id)
    row = (await work.session.execute(query.where(Mediation.id == mediation_id, visible_mediations(work)))).one_or_none()
    if row is None:
        raise NotFound("mediation.unknown", "There is no mediation with this id, or none that you may know of.")
    clear = read_paper(row.Mediation.paper_id, row.row_key, row.sealed) or {}
    parties = await _parties(work, mediation_id)
    mine = {row.Mediation.mediator_member_id == work.actor.member_id, row.Mediation.recorded_by_account_id == work.actor.account_id}
    return Case(row, clear.get("words"), parties, True in mine, await _stands_on(work, parties))


async def list_mediations(work: Work, wanted: WantedMediations, after: UUID | None, limit: int) -> list[MediationView]:
    """Return up to `limit` mediations after the id `after`, in order of their ids; nobody is named."""
    query = _query().where(visible_mediations(work)).order_by(Mediation.id).limit(limit)
    if wanted.under is not None:
        query = query.where(Unit.path.startswith(wanted.under, autoescape=True))
    if wanted.state == "open":
        query = query.where(MediationEnding.id.is_(None))
    elif wanted.state != "all":
        query = query.where(MediationEnding.outcome == wanted.state)
    if wanted.follow_up:
        query = query.where(MediationEnding.follow_up_on <= local_day(work.now), ~asked_about())
    if wanted.mine:
        query = query.where(
            or_(Mediation.mediator_member_id == work.actor.member_id, Mediation.recorded_by_account_id == work.actor.account_id)
        )
    if after is not None:
        query = query.where(Mediation.id > after)
    return [MediationView(**_shown(work, row)) for row in await work.session.execute(query)]


async def read_mediation(work: Work, mediation_id: UUID) -> MediationDetail:
    """Return one mediation as whoever asks may see it; raise 404 ``mediation.unknown``."""
    case = await find_case(work, mediation_id)
    held = select(MediationSession).where(MediationSession.mediation_id == mediation_id)
    sessions = list(await work.session.scalars(held.order_by(MediationSession.held_on, MediationSession.id)))
    ending: MediationEnding | None = case.row.MediationEnding
    asked: Sequence[MediationFollowUp] = ()
    if ending is not None:
        theirs = select(MediationFollowUp).where(MediationFollowUp.ending_id == ending.id)
        asked = list(await work.session.scalars(theirs.order_by(MediationFollowUp.held_on, MediationFollowUp.id)))
    papers = await _papers(work, [one.paper_id for one in (*sessions, *asked, *((ending,) if ending else ()))])
    files = await files_beside(work, [one.id for one in sessions])
    return MediationDetail(
        **_shown(work, case.row),
        words=case.words,
        parties=[_party(case, side) for side in SIDES],
        held=[_session(case, one, papers, files.get(one.id, [])) for one in sessions],
        ending=_ending(ending, asked, papers) if ending else None,
    )


def asked_about() -> ColumnElement[bool]:
    """Return the condition, over endings, that somebody asked whether it is kept, and reached a party."""
    reached = (MediationFollowUp.ending_id == MediationEnding.id, MediationFollowUp.found != "unreachable")
    return exists(select(MediationFollowUp.id).where(*reached))


def _query() -> Select[Any]:
    sessions = select(func.count()).where(MediationSession.mediation_id == Mediation.id).correlate(Mediation).scalar_subquery()
    shown = (Unit.code, Unit.name, Member.name.label("mediator_name"), Member.staff_number, Ticket.number, sessions.label("sessions"))
    return (
        select(Mediation, MediationEnding, *shown, asked_about().label("asked"))
        .join(Unit, Unit.id == Mediation.unit_id)
        .join(Member, Member.id == Mediation.mediator_member_id)
        .outerjoin(Ticket, Ticket.id == Mediation.ticket_id)
        .outerjoin(MediationEnding, ends_it())
    )


async def _parties(work: Work, mediation_id: UUID) -> dict[str, Mapping[str, Any] | None]:
    """Return who the sides are; None of one that was erased, or is to be."""
    gone = and_(MediationPartyErasure.mediation_id == MediationParty.mediation_id, MediationPartyErasure.side == MediationParty.side)
    columns = (MediationParty.side, MediationParty.paper_id, SealedPaper.row_key, SealedPaper.sealed, MediationPartyErasure.asked_at)
    query = select(*columns).join(SealedPaper, SealedPaper.id == MediationParty.paper_id).outerjoin(MediationPartyErasure, gone)
    rows = await work.session.execute(query.where(MediationParty.mediation_id == mediation_id))
    return {row.side: None if row.asked_at else read_paper(row.paper_id, row.row_key, row.sealed) for row in rows}


async def _stands_on(work: Work, parties: Mapping[str, Mapping[str, Any] | None]) -> frozenset[str]:
    """Return the sides whose household whoever asks looks after."""
    homes = {UUID(told["household_id"]): side for side, told in parties.items() if told and told.get("household_id")}
    if not homes or work.actor.member_id is None:
        return frozenset()
    theirs = (one_of(Pairing.household_id, homes), Pairing.member_id == work.actor.member_id, in_force(local_day(work.now)))
    return frozenset(homes[one] for one in await work.session.scalars(select(Pairing.household_id).where(*theirs)) if one)


async def _papers(work: Work, ids: Sequence[UUID | None]) -> dict[UUID | None, dict[str, Any]]:
    query = select(SealedPaper.id, SealedPaper.row_key, SealedPaper.sealed).where(one_of(SealedPaper.id, [one for one in ids if one]))
    return {row.id: read_paper(row.id, row.row_key, row.sealed) or {} for row in await work.session.execute(query)}


def _shown(work: Work, row: Any) -> dict[str, Any]:
    found: Mediation = row.Mediation
    ending: MediationEnding | None = row.MediationEnding
    state = ending.outcome if ending else "open"
    due = ending.follow_up_on if ending else None
    waits = None if due is None else "done" if row.asked else "due" if due <= local_day(work.now) else "waiting"
    same = ("id", "kind", "opened_on", "follows_id", "recorded_at")
    return {
        **{name: getattr(found, name) for name in same}, "unit": Where(code=row.code, name=row.name),
        "kind_name": DISPUTE_NAMES[found.kind],
        "state": state, "state_name": STATE_NAMES[state], "sessions": row.sessions, "ticket": row.number,
        "mediator": Who(id=found.mediator_member_id, name=row.mediator_name, staff_number=row.staff_number),
        "ended_on": ending.ended_on if ending else None, "follow_up_on": due, "follow_up": waits,
    }  # fmt: skip


def _party(case: Case, side: str) -> PartyView:
    told, known = case.parties.get(side), case.may_know(side)
    name, phone = (told.get("name"), told.get("phone")) if told and known else (None, None)
    return PartyView(
        side=side, side_name=SIDE_NAMES[side], name=masked_name(name) if name else None, phone=masked_phone(phone) if phone else None,
        wants=told.get("wants") if told and case.in_the_room else None, hidden=not known, erased=told is None,
    )  # fmt: skip


def may_see(case: Case, present: str) -> bool:
    """Tell whether whoever asks may see what was shown with these present: of both, both sides' names may be in it."""
    return all(case.may_know(side) for side in (SIDES if present == "both" else (present,)))


def _session(case: Case, one: MediationSession, papers: Mapping[UUID | None, Mapping[str, Any]], files: list[UUID]) -> MediationSessionView:
    known = one.present == "both" or case.may_know(one.present)
    words = papers[one.paper_id].get("words") if known else None
    return MediationSessionView(
        id=one.id,
        held_on=one.held_on,
        present=one.present,
        present_name=PRESENT_NAMES[one.present],
        words=words,
        recorded_at=one.recorded_at,
        attachment_ids=files if may_see(case, one.present) else [],
    )


def _ending(ending: MediationEnding, asked: Sequence[MediationFollowUp], papers: Mapping[UUID | None, Mapping[str, Any]]) -> EndingView:
    same = ("id", "outcome", "ended_on", "follow_up_on", "attachment_id", "recorded_at")
    return EndingView(
        **{name: getattr(ending, name) for name in same},
        outcome_name=STATE_NAMES[ending.outcome],
        agreement=papers.get(ending.paper_id, {}).get("words"),
        follow_ups=[
            MediationFollowUpView(
                id=one.id, held_on=one.held_on, found=one.found, found_name=FOUND_NAMES[one.found],
                words=papers.get(one.paper_id, {}).get("words"), recorded_at=one.recorded_at,
            )
            for one in asked
        ],
    )  # fmt: skip
