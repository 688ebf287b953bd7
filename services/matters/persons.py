"""Who is the same among those who told a matter and those who say what became of it, by what households go by and by the registers.

Only the door that may compare contacts does it, at every action; what is kept are numbers, which tell who is the same and nothing else.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update

from services.complaints.households import joined, tellings_of
from services.households.models import Household
from services.matters.gathering import references_of
from services.matters.models import MatterSource
from services.matters.striking_models import MatterPerson, MatterWord
from services.platform.bulk import insert_many, one_of
from services.platform.unit_of_work import Work
from services.visits.opinions_models import Opinion

_PUT = (
    "ON CONFLICT (matter_id, subject_id) DO UPDATE SET source_id = excluded.source_id, told = excluded.told, household = excluded.household"
)


class Person(NamedTuple):
    """Somebody who told a matter, or said what became of it: a complaint or an opinion, and what its household goes by."""

    id: UUID
    source_id: UUID
    told: bool
    keys: frozenset[bytes]


async def keep_persons(work: Work, matter_id: UUID) -> None:
    """Number the households of a matter anew. Whoever is not openly there any more is no teller."""
    found = [*await tellers_of(work, matter_id), *await _speakers(work, matter_id)]
    numbers: dict[bytes, int] = {}
    rows = []
    for one, top in zip(found, joined([one.keys for one in found]), strict=True):
        number = numbers.setdefault(top, len(numbers) + 1) if top is not None else 0
        rows.append({"matter_id": matter_id, "subject_id": one.id, "source_id": one.source_id, "told": one.told, "household": number})
    there = [one.id for one in found]
    gone = update(MatterPerson).where(MatterPerson.matter_id == matter_id, ~one_of(MatterPerson.subject_id, there))
    await work.session.execute(gone.values(told=False))
    if rows:
        await insert_many(work.session, MatterPerson, rows, condition=_PUT)


async def tellers_of(work: Work, matter_id: UUID) -> list[Person]:
    """Return who told a matter openly, in its tickets and opinions, with what the registers know of their households."""
    query = select(MatterSource.source_id, MatterSource.kind).where(MatterSource.matter_id == matter_id, MatterSource.left_at.is_(None))
    rows = (await work.session.execute(query)).all()
    tickets, opinions = ([row.source_id for row in rows if row.kind == kind] for kind in ("ticket", "opinion"))
    told = await tellings_of(work.session, tickets) if tickets else {}
    open_ones = [(ticket, one) for ticket, listed in told.items() for one in listed if not one.in_confidence]
    registered = await references_of(work.session, {key for _, one in open_ones for key in one.of})
    found = {
        one.complaint_id: Person(one.complaint_id, ticket, True, one.of | {registered[key] for key in one.of if key in registered})
        for ticket, one in open_ones
    }
    return [*(found[one] for one in sorted(found)), *await _of_opinions(work, opinions, told=True)]


async def _speakers(work: Work, matter_id: UUID) -> list[Person]:
    words = list(await work.session.scalars(select(MatterWord.opinion_id).where(MatterWord.matter_id == matter_id)))
    return await _of_opinions(work, words, told=False)


async def _of_opinions(work: Work, opinions: Sequence[UUID], *, told: bool) -> list[Person]:
    if not opinions:
        return []
    query = select(Opinion.id, Household.reference).join(Household, Household.id == Opinion.household_id)
    rows = await work.session.execute(query.where(one_of(Opinion.id, opinions)).order_by(Opinion.id))
    return [Person(row.id, row.id, told, frozenset([bytes(row.reference)])) for row in rows]
