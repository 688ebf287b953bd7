"""How many households told a matter: people are counted, not messages, and without opening a single contact.

Whoever shares a telephone number or a WeChat account is one household; a complaint that has both ties the two together. What was told at a
door is of the household that lives there: one with whatever its number in the village's register tells. Where no number was left, that of
the call it was told in counts, as far as an exchange knows it. A complaint with none of these may be anybody's: it is stated apart as
anonymous. Who told it in confidence is never tied to who told it openly: a count of one would say who that was. What a worker found without
a complaint is nobody's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, ScalarSelect, case, func, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from services.calls.models import Call
from services.complaints.confidence import knows_in_confidence
from services.complaints.models import Complainant, Complaint, Repeat
from services.households.models import Household
from services.platform.actor import Actor
from services.platform.bulk import one_of
from services.platform.papers import SealedPaper
from services.tickets.models import Ticket
from services.tickets.views import ToldBy

Keys = frozenset[bytes]
"""Keyed indexes of a person: equality is all they tell."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One complaint as the count sees it.

    `keys` are the indexes of whoever told it, none for an anonymous one. `home` are those of the household at whose door it was told: they
    count, and never tell that somebody is the person who told it.
    """

    complaint_id: UUID
    ticket_id: UUID
    keys: Keys
    told_at: datetime
    repeat: bool = False
    counted: bool = False
    in_confidence: bool = False
    wants_answer: bool = False
    home: Keys = frozenset()

    @property
    def of(self) -> Keys:
        """What its household goes by; nothing where it may be anybody's."""
        return self.keys | self.home


def households(persons: Iterable[Keys]) -> int:
    """Return how many distinct persons there are: those that share a key are one, also by way of a third. None for whoever has no key."""
    return len({one for one in joined(list(persons)) if one is not None})


def joined(persons: Sequence[Keys]) -> list[bytes | None]:
    """Return for each person what names their household among these, the same for those that are one; None for whoever has no key."""
    above: dict[bytes, bytes] = {}

    def top(key: bytes) -> bytes:
        while above.setdefault(key, key) != key:
            above[key] = above[above[key]]
            key = above[key]
        return key

    for keys in persons:
        linked = list(keys)
        for key in linked:
            above[top(key)] = top(linked[0])
    return [top(next(iter(keys))) if keys else None for keys in persons]


def counted(tellings: Sequence[Telling]) -> ToldBy:
    """Return the counts of a matter that was told so."""
    groups = [[telling.of for telling in tellings if telling.in_confidence is secret] for secret in (False, True)]
    return ToldBy(
        complaints=len(tellings),
        households=sum(households(group) for group in groups),
        anonymous=sum(1 for telling in tellings if not telling.of),
        repeats=sum(1 for telling in tellings if telling.counted),
    )


def known_to(actor: Actor, desk: UUID | None, tellings: Sequence[Telling]) -> list[Telling]:
    """Return those tellings whose people `actor` may recognise: who told it in confidence must not be found out by trying numbers."""
    knows = knows_in_confidence(actor, desk)
    return [telling for telling in tellings if knows or not telling.in_confidence]


async def told_by(session: AsyncSession, ticket_ids: Sequence[UUID]) -> dict[UUID, ToldBy]:
    """Return the counts of each ticket and all merged into it."""
    return {ticket_id: counted(tellings) for ticket_id, tellings in (await tellings_of(session, ticket_ids)).items()}


async def tellings_of(session: AsyncSession, ticket_ids: Sequence[UUID]) -> Mapping[UUID, list[Telling]]:
    """Return who told each ticket, and those merged into it, oldest first."""
    query = (
        select(Complaint.id, Ticket.id.label("own"), Ticket.merged_into_id.label("into"), Complaint.received_at, Complaint.wants_answer)
        .add_columns((Complaint.confidential | (Ticket.privacy == "confidential")).label("in_confidence"))
        .add_columns(Complainant.phone_index, Complainant.openid_index, of_its_call().label("called"), of_its_home().label("home"))
        .add_columns(Repeat.complaint_id.is_not(None).label("repeat"), func.coalesce(Repeat.counted, False).label("counted"))
        .select_from(Complaint)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .outerjoin(Complainant, Complainant.complaint_id == Complaint.id)
        .outerjoin(Repeat, Repeat.complaint_id == Complaint.id)
        .where(one_of(Ticket.id, ticket_ids) | one_of(Ticket.merged_into_id, ticket_ids))
        .where(or_(Ticket.source == "complaint", Repeat.complaint_id.is_not(None)))
        .order_by(Complaint.received_at, Complaint.id)
    )
    found: defaultdict[UUID, list[Telling]] = defaultdict(list)
    wanted = dict.fromkeys(ticket_ids)
    for row in await session.execute(query):
        keys = frozenset(key for key in (row.phone_index, row.openid_index, *single(row.called)) if key is not None)
        said = (row.repeat, row.counted, row.in_confidence, row.wants_answer)
        telling = Telling(row.id, row.own, keys, row.received_at, *said, frozenset(row.home or ()))
        for ticket_id in (row.own, row.into):
            if ticket_id in wanted:
                found[ticket_id].append(telling)
    return {ticket_id: found[ticket_id] for ticket_id in wanted}


async def keys_of_call(session: AsyncSession, call_id: str) -> Keys:
    """Return the index of the number a call came from; nothing where no exchange knows it, or two know different ones."""
    return frozenset(single(await session.scalar(select(_numbers_of(call_id)))))


def of_its_call() -> ColumnElement[list[bytes] | None]:
    """The numbers of the call a complaint was told in, where it left none itself; an erased person stays erased."""
    nobody = Complainant.complaint_id.is_(None)
    without = Complainant.phone_index.is_(None) & Complainant.sealed.is_not(None)
    return case((Complaint.call_id.is_not(None) & (nobody | without), _numbers_of(Complaint.call_id)), else_=None)


def of_its_home() -> ColumnElement[list[bytes] | None]:
    """What the household goes by at whose door a complaint was told: its reference and its number; an erased person stays erased."""
    both = func.array_remove(array([Household.reference, SealedPaper.phone_index]), None)
    query = select(type_coerce(both, ARRAY(LargeBinary()))).join(SealedPaper, SealedPaper.id == Household.paper_id)
    known = Complaint.household_id.is_not(None) & (Complainant.complaint_id.is_(None) | Complainant.row_key.is_not(None))
    return case((known, query.where(Household.id == Complaint.household_id).scalar_subquery()), else_=None)


def _numbers_of(call_id: InstrumentedAttribute[str | None] | str) -> ScalarSelect[list[bytes] | None]:
    numbers = type_coerce(func.array_agg(SealedPaper.phone_index.distinct()), ARRAY(LargeBinary()))
    query = select(numbers).join(Call, Call.paper_id == SealedPaper.id)
    return query.where(Call.call_id == call_id, SealedPaper.phone_index.is_not(None)).scalar_subquery()


def single(numbers: Sequence[bytes] | None) -> Sequence[bytes]:
    """Return the one number that is known of a call; none where two are."""
    return numbers if numbers is not None and len(numbers) == 1 else ()
