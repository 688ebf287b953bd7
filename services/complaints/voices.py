"""Reading who told a matter, or what was told in a place, as the signs want it: digests alone.

What was told in confidence is marked, or left out, so that no count betrays it. Names are compared among tellings that share a number, an
account or a device, and only from the third on: of those the contact is opened for the moment, its name digested, and nothing of it kept
or shown. A restricted contact is not opened.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, Select, and_, any_, bindparam, func, not_, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.contacts import open_contact
from services.complaints.device_marks import DeviceMark
from services.complaints.households import of_its_call, of_its_home, single
from services.complaints.models import Complainant, Complaint, Repeat
from services.complaints.restricting import is_restricted
from services.complaints.signs import MATTERS_DAYS, MATTERS_LEAST, USUAL_DAYS, Source, Voice, shared_sources
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.secrets import blind_index
from services.tickets.models import Ticket

AT_MOST = 20_000
"""So many tellings are read at once, the newest first: a day of a city."""
_WRITTEN_DOWN = ("field", "on_behalf", "visit")
_IN_CONFIDENCE = or_(Complaint.confidential, Ticket.privacy == "confidential")

Ground = tuple[UUID, str]
"""A place and a branch of the catalogue: the village (a wider unit where none is known), and the first part of the category's code."""


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """A telling and what it is about."""

    voice: Voice
    place: UUID | None
    category: str | None
    in_confidence: bool


def ground_of(tree: UnitTree, place: UUID | None, category: str | None) -> Ground | None:
    """Return where a matter belongs; None in a county without any unit."""
    unit = tree.by_id.get(place) if place else None
    lineage = [unit, *tree.ancestors(unit)] if unit else []
    here = next((found for found in lineage if found.tier == "village"), unit) or tree.root
    return (here.id, (category or "").partition(".")[0]) if here else None


def on_ground(tree: UnitTree, ground: Ground) -> ColumnElement[bool]:
    """Return the condition, over tickets, that a matter belongs there: in SQL what :func:`ground_of` is."""
    unit, branch = tree.by_id[ground[0]], ground[1]
    units = [unit.id, *(under.id for under in tree.under(unit))] if unit.tier == "village" else [unit.id]
    place = one_of(Ticket.place_unit_id, units)
    if tree.root is not None and unit.id == tree.root.id:
        place = or_(place, Ticket.place_unit_id.is_(None))
    if not branch:
        return and_(place, Ticket.category_code.is_(None))
    return and_(place, or_(Ticket.category_code == branch, Ticket.category_code.startswith(f"{branch}.", autoescape=True)))


async def voices_of(session: AsyncSession, ticket_id: UUID) -> list[Told]:
    """Return everything told of a ticket and of those merged into it."""
    return await voices_where(session, or_(Ticket.id == ticket_id, Ticket.merged_into_id == ticket_id))


async def voices_where(session: AsyncSession, where: ColumnElement[bool]) -> list[Told]:
    """Return everything told of the tickets for which `where` holds: in one statement, however many they are."""
    return await _read(session, _query().where(where))


async def voices_between(session: AsyncSession, begin: datetime, end: datetime, *where: ColumnElement[bool]) -> list[Told]:
    """Return what was told openly from `begin` until before `end`, told again included, of tickets for which `where` holds."""
    told = select(Complaint.id).join(Ticket, Ticket.id == Complaint.ticket_id)
    told = told.where(Ticket.received_at >= begin, Ticket.received_at < end, *where)
    again = select(Repeat.complaint_id).join(Ticket, Ticket.id == Repeat.ticket_id)
    again = again.where(Repeat.recorded_at >= begin, Repeat.recorded_at < end, *where)
    within = (Complaint.happened_at >= begin, Complaint.happened_at < end, not_(_IN_CONFIDENCE), Ticket.status != "cancelled")
    return await _read(session, _query().where(Complaint.id.in_(union(told, again)), *within))


async def told_before(session: AsyncSession, tree: UnitTree, begin: datetime, *where: ColumnElement[bool]) -> Counter[Ground]:
    """Return how often something was told openly on each ground in the `USUAL_DAYS` days before `begin`."""
    query = (
        select(Ticket.place_unit_id, Ticket.category_code, func.count().label("told"))
        .join(Complaint, Complaint.ticket_id == Ticket.id)
        .where(Ticket.received_at >= begin - timedelta(days=USUAL_DAYS), Ticket.received_at < begin)
        .where(Ticket.source == "complaint", Ticket.status != "cancelled", not_(_IN_CONFIDENCE), *where)
        .group_by(Ticket.place_unit_id, Ticket.category_code)
    )
    found: Counter[Ground] = Counter()
    for row in await session.execute(query):
        ground = ground_of(tree, row.place_unit_id, row.category_code)
        if ground is not None:
            found[ground] += row.told
    return found


async def with_names(session: AsyncSession, voices: Sequence[Voice]) -> list[Voice]:
    """Return the voices with the digest of the name, of those that share a source often enough for it to matter."""
    wanted = shared_sources(voices)
    if not wanted:
        return list(voices)
    query = select(Complainant).where(one_of(Complainant.complaint_id, wanted), not_(is_restricted(Complainant.__table__.c.complaint_id)))
    names = {}
    for row in await session.scalars(query):
        contact = open_contact(row.complaint_id, row.row_key, row.sealed)
        if contact is not None and contact.name:
            plain = "".join(unicodedata.normalize("NFKC", contact.name).split()).lower()
            names[row.complaint_id] = blind_index("name", plain)
    return [replace(voice, name=names.get(voice.complaint_id)) for voice in voices]


async def matters_of(session: AsyncSession, voices: Iterable[Voice], now: datetime) -> dict[tuple[Source, str], int]:
    """Return of how many tickets the sources of these voices told openly within `MATTERS_DAYS` days, for each township apart by its code.

    Townships apart, since a township must not learn from a count what was told elsewhere. Only counts from `MATTERS_LEAST` on.
    """
    sources = {source for voice in voices for source in voice.sources}
    columns: Mapping[str, Any] = {"number": Complainant.phone_index, "account": Complainant.openid_index, "device": DeviceMark.mark}
    found = {}
    for kind, column in columns.items():
        digests = [source.digest for source in sources if source.kind == kind]
        if not digests:
            continue
        township = func.split_part(Ticket.area_path, "/", 3).label("township")
        count = func.count(Complaint.ticket_id.distinct())
        query = (
            select(column.label("digest"), township, count.label("matters"))
            .join(Complaint, Complaint.id == column.class_.complaint_id)
            .join(Ticket, Ticket.id == Complaint.ticket_id)
            .where(column == any_(bindparam(None, digests, ARRAY(LargeBinary()))))
            .where(Complaint.received_at >= now - timedelta(days=MATTERS_DAYS), not_(_IN_CONFIDENCE), Ticket.status != "cancelled")
            .group_by(column, township)
            .having(count >= MATTERS_LEAST)
        )
        for row in await session.execute(query):
            found[Source(kind, bytes(row.digest)), row.township] = row.matters
    return found


def in_township(matters: Mapping[tuple[Source, str], int], unit: UnitNode) -> dict[Source, int]:
    """Return of counts by township those of the one `unit` lies in."""
    _, _, *below = unit.path.split("/")
    code = below[0] if below else ""
    return {source: count for (source, township), count in matters.items() if township == code}


def _query() -> Select[Any]:
    return (
        select(Complaint.id, Complaint.ticket_id, Complaint.happened_at, Complaint.said, Complaint.channel, Complaint.filed_by_account_id)
        .add_columns(Ticket.place_unit_id, Ticket.category_code, _IN_CONFIDENCE.label("in_confidence"))
        .add_columns(
            Complainant.phone_index, Complainant.openid_index, of_its_call().label("called"), of_its_home().label("home"), DeviceMark.mark
        )
        .select_from(Complaint)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .outerjoin(Complainant, Complainant.complaint_id == Complaint.id)
        .outerjoin(Repeat, Repeat.complaint_id == Complaint.id)
        .outerjoin(DeviceMark, DeviceMark.complaint_id == Complaint.id)
        .where(or_(Ticket.source == "complaint", Repeat.complaint_id.is_not(None)))
        .order_by(Complaint.happened_at.desc(), Complaint.id)
        .limit(AT_MOST)
    )


async def _read(session: AsyncSession, query: Select[Any]) -> list[Told]:
    found = []
    for row in await session.execute(query):
        numbers = [row.phone_index] if row.phone_index is not None else list(single(row.called))
        sources = {Source("number", number) for number in numbers}
        if row.openid_index is not None:
            sources.add(Source("account", row.openid_index))
        keys = frozenset((*(source.digest for source in sources), *(row.home or ())))
        if row.mark is not None:
            sources.add(Source("device", row.mark))
        writer = row.filed_by_account_id if row.channel in _WRITTEN_DOWN else None
        voice = Voice(row.id, row.ticket_id, row.happened_at, row.said.words, keys, frozenset(sources), writer=writer)
        found.append(Told(voice, row.place_unit_id, row.category_code, row.in_confidence))
    return found
