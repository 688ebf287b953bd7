"""Objections (异议) to what is published: written down in sealed words, decided by who neither did the work nor wrote it down."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from services.activities.references import fingerprint
from services.households.models import Household
from services.identity.persons import is_same_person
from services.matters.completing import lead_of, require_complete
from services.matters.deed_parts import taken
from services.matters.executors import require_another
from services.matters.holding import Held, changed, people_of, unknown, visible, who
from services.matters.models import Matter
from services.matters.standing import WHO, relations_of
from services.matters.striking_deeds import DecideObjection, ObjectTo
from services.matters.striking_models import MatterObjection
from services.organization.queries import unit_tree
from services.platform.bulk import insert_many
from services.platform.errors import Conflict, Forbidden, NotFound
from services.platform.papers import SealedPaper, read_paper, seal_paper
from services.platform.text import ShownWords
from services.platform.unit_of_work import Work

PAPER = "matter_objection"
_OBJECTION: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e31", "household_id": None, "round": 1, "words": "渠尾还在漏水。",
    "recorded_at": "2026-11-22T04:00:00Z", "upheld": None,
}  # fmt: skip


async def object_to(work: Work, held: Held, command: ObjectTo) -> None:
    """Write an objection down; the same again is the same.

    Raises 409 ``matter.not_complete`` and ``matter.id_taken``, 404 ``household.unknown`` for one outside of the county's registers.
    """
    mark = fingerprint(f"{held.matter.id} {command.household_id} {command.words}", work.actor.account_id)
    there = await work.session.get(MatterObjection, command.objection_id)
    if there is not None:
        if there.fingerprint != mark:
            raise taken()
        return
    await require_complete(work, held)
    if command.household_id is not None and not await _is_here(work, held, command.household_id):
        raise NotFound("household.unknown", "There is no household with this id in the place of this matter.")
    paper_id = await keep_words(work, command.words)
    work.session.add(
        MatterObjection(
            id=command.objection_id, matter_id=held.matter.id, round=held.matter.round, household_id=command.household_id,
            paper_id=paper_id, fingerprint=mark, **who(work),
        )
    )  # fmt: skip
    await changed(work, held, "matter.objected", {"id": str(command.objection_id)})


async def keep_words(work: Work, words: str) -> UUID:
    """Seal what somebody objects; return the id of the paper."""
    paper = seal_paper(PAPER, {"words": words}, work.now)
    await insert_many(work.session, SealedPaper, [paper])
    found: UUID = paper["id"]
    return found


async def decide_objection(work: Work, held: Held, command: DecideObjection) -> None:
    """Decide an objection: upheld, the work is to be reported complete anew.

    Raises 404 ``objection.unknown``, 409 ``objection.decided``, 403 ``matter.own_work`` and ``objection.own_record``.
    """
    there = await work.session.get(MatterObjection, command.objection_id)
    if there is None or there.matter_id != held.matter.id or there.round != held.matter.round:
        raise NotFound("objection.unknown", "This round of the matter has no such objection.")
    if there.decided_at is not None:
        raise Conflict("objection.decided", "This objection was decided already.")
    await require_another(work, held.matter)
    if await is_same_person(work.session, work.actor.account_id, there.recorded_by_account_id):
        raise Forbidden("objection.own_record", "Whoever wrote an objection down does not decide it; ask somebody else.")
    there.upheld, there.decision = command.upheld, command.words
    there.decided_at, there.decided_by_account_id = work.now, work.actor.account_id
    said = {"id": str(there.id), "upheld": command.upheld, "words": command.words, "lead": lead_of(held)}
    await changed(work, held, "matter.objection_upheld" if command.upheld else "matter.objection_dismissed", said)


async def _is_here(work: Work, held: Held, household_id: UUID) -> bool:
    """Tell whether a household is of the place of the matter, or of a village around it."""
    village: Any = await work.session.scalar(select(Household.village_id).where(Household.id == household_id))
    return village is not None and is_around(held, village)


def is_around(held: Held, village_id: UUID) -> bool:
    """Tell whether a village is the one the matter lies in, or lies in its place."""
    unit = held.tree.by_id.get(village_id)
    return unit is not None and (held.unit.path.startswith(unit.path) or unit.path.startswith(held.unit.path))


class ObjectionWords(BaseModel):
    """An objection in the words it was made in."""

    id: UUID
    household_id: UUID | None = Field(description="Whose it is; null of somebody who did not say.")
    round: int
    words: ShownWords | None = Field(description="Null once they were erased.", examples=["渠尾还在漏水。"])
    recorded_at: datetime
    upheld: bool | None


class Objections(BaseModel):
    """Objections to a matter, the oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_OBJECTION]}]})

    items: list[ObjectionWords]


async def read_objections(work: Work, matter_id: UUID) -> Objections:
    """Return the objections to a matter in their words, for whoever may decide on them or wrote them down.

    Raises 404 ``matter.unknown``, 403 ``matter.not_yours``.
    """
    matter = await work.session.scalar(select(Matter).where(Matter.id == matter_id, visible(work.actor)))
    if matter is None:
        raise unknown()
    relations = relations_of(work.actor, await people_of(work, await unit_tree(work.session), matter))
    if relations.isdisjoint(WHO["decide_objection"] | WHO["object"]):
        raise Forbidden("matter.not_yours", "Only those who write objections down or decide on them read their words.")
    query = select(MatterObjection, SealedPaper.row_key, SealedPaper.sealed).join(SealedPaper, SealedPaper.id == MatterObjection.paper_id)
    rows = await work.session.execute(query.where(MatterObjection.matter_id == matter_id).order_by(MatterObjection.recorded_at))
    found = []
    for row, row_key, sealed in rows:
        clear = read_paper(row.paper_id, row_key, sealed) or {}
        found.append(
            ObjectionWords(
                id=row.id, household_id=row.household_id, round=row.round, words=clear.get("words"), recorded_at=row.recorded_at,
                upheld=row.upheld,
            )
        )  # fmt: skip
    return Objections(items=found)
