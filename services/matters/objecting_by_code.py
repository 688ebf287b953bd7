"""An objection of a complainant's own, made with the code of their ticket while the result of the matter it is part of is published."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, func, select

from services.activities.references import fingerprint
from services.complaints.tracking import where_it_goes_on, with_code
from services.matters.commands import Command
from services.matters.completing import require_complete
from services.matters.holding import Held, changed
from services.matters.models import Matter, MatterSource
from services.matters.objecting import keep_words
from services.matters.striking_models import MatterObjection
from services.organization.queries import unit_tree
from services.platform.clock import local_day
from services.platform.errors import Conflict, TooMany
from services.platform.ids import new_id
from services.platform.text import Words
from services.platform.unit_of_work import Work

OBJECTIONS_AT_MOST = 20
"""So many objections to one result are taken from complainants by code; the desks take down all others."""
TAKEN = "您的异议已登记,将由没有参与办理的人员处理;处理之前不会销号。"


class ObjectByCode(Command):
    """A complainant objects to the published result of the matter their ticket is part of."""

    code: Annotated[str, Field(min_length=1, max_length=64, examples=["K7M3QX5A"])]
    words: Annotated[Words, Field(examples=["渠尾还在漏水。"])]


class ObjectionTaken(BaseModel):
    """That an objection was taken down."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e31",
                    "matter": "挂号〔2026〕第0012号",
                    "recorded_at": "2026-11-22T04:00:00Z",
                    "sentence": TAKEN,
                }
            ]
        }
    )

    id: UUID
    matter: str = Field(description="The matter's number in the county's register.", examples=["挂号〔2026〕第0012号"])
    recorded_at: datetime
    sentence: str = Field(examples=[TAKEN])


async def object_by_code(number: str, command: ObjectByCode) -> ObjectionTaken:
    """Take an objection of whoever holds number and code; the same words again are the same.

    Raises what tracking raises, 409 ``objection.nothing_published`` unless the ticket is part of a registered matter whose work was
    reported complete, and 429 ``objection.too_many``.
    """

    async def do(work: Work, ticket: Row[Any], told_again: UUID | None) -> ObjectionTaken:
        going_on, _holder = await where_it_goes_on(work.session, ticket)
        held = await _held(work, going_on.id)
        mark = fingerprint(f"{held.matter.id} {held.matter.round} {told_again or ticket.id} {command.words}", None)
        theirs = (MatterObjection.matter_id == held.matter.id, MatterObjection.round == held.matter.round)
        there = await work.session.scalar(select(MatterObjection).where(*theirs, MatterObjection.fingerprint == mark))
        if there is None:
            by_code = select(func.count()).where(*theirs, MatterObjection.recorded_by_account_id.is_(None))
            if (await work.session.scalar(by_code) or 0) >= OBJECTIONS_AT_MOST:
                raise TooMany("objection.too_many", "So many objections were made already; tell yours to the hotline or the village.")
            there = await _written(work, held, mark, command.words)
        assert held.matter.number is not None
        return ObjectionTaken(id=there.id, matter=held.matter.number, recorded_at=there.recorded_at, sentence=TAKEN)

    return await with_code(number, command.code, do)


async def _held(work: Work, ticket_id: UUID) -> Held:
    """Return the matter a ticket is part of, locked, once its work was reported complete."""
    nothing = Conflict("objection.nothing_published", "Nothing is published about this ticket that one could object to.")
    of_ticket = select(MatterSource.matter_id).where(MatterSource.source_id == ticket_id, MatterSource.left_at.is_(None))
    query = select(Matter).where(Matter.id.in_(of_ticket), Matter.state == "registered").with_for_update(of=Matter)
    matter = await work.session.scalar(query)
    if matter is None:
        raise nothing
    held = Held(matter, await unit_tree(work.session), local_day(work.now), frozenset())
    try:
        await require_complete(work, held)
    except Conflict:
        raise nothing from None
    return held


async def _written(work: Work, held: Held, mark: bytes, words: str) -> MatterObjection:
    paper_id = await keep_words(work, words)
    row = MatterObjection(
        id=new_id(), matter_id=held.matter.id, round=held.matter.round, household_id=None, paper_id=paper_id, fingerprint=mark,
        recorded_at=work.now, recorded_by_account_id=None,
    )  # fmt: skip
    work.session.add(row)
    await changed(work, held, "matter.objected", {"id": str(row.id)})
    return row
