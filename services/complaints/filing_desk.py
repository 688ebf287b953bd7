"""The one way to file: from a command to the answer, whatever the channel."""

from typing import Any

import structlog
from asyncpg import PostgresError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from services.attachments.linking import require_own, require_uploaded
from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue, catalogue_at_hand
from services.complaints.bearings import take_bearings
from services.complaints.commands import FileComplaint
from services.complaints.filing import Filing, Repeatable, prepare
from services.complaints.letterbox import letterbox
from services.complaints.placing import place_answer
from services.complaints.writing import Outcome
from services.deadlines.clocks import ClockRules
from services.deadlines.queries import clock_rules, clock_rules_at_hand
from services.organization.queries import unit_tree, unit_tree_at_hand
from services.organization.tree import UnitTree
from services.platform import clock
from services.platform.actor import Actor
from services.platform.database import database
from services.platform.secrets import tracking_code
from services.platform.unit_of_work import Work

log = structlog.get_logger()

_County = tuple[UnitTree, Catalogue, ClockRules]


async def file_complaint(command: FileComplaint, actor: Actor, repeatable: Repeatable | None = None, *, ask_back: bool = False) -> Outcome:
    """Return what became of `command` once it is durable. Raises what `take_bearings`, `prepare` and the letterbox raise.

    With `ask_back` the answer says what was understood of the place, for somebody who can still ask.
    """
    return await letterbox().file(await prepared(command, actor, repeatable, ask_back=ask_back))


async def prepared(command: FileComplaint, actor: Actor, repeatable: Repeatable | None = None, *, ask_back: bool = False) -> Filing:
    """Return `command` as rows, ready to be written. Without attachments it asks the database nothing."""
    tree, categories, rules = await _county()
    bearings = take_bearings(command.telling, tree, categories, rules)
    place = place_answer(command.telling.place, tree) if ask_back else None
    if command.telling.attachment_ids:
        await require_own(actor, command.telling.attachment_ids)
    return prepare(command, actor, clock.now(), bearings, repeatable=repeatable, place=place)


async def prepared_within(work: Work, command: FileComplaint) -> Filing:
    """Return `command` as rows, ready to be written in the transaction of `work`; with what was understood of the place."""
    tree, categories, rules = await _looked_up(work.session)
    bearings = take_bearings(command.telling, tree, categories, rules)
    if command.telling.attachment_ids:
        await require_uploaded(work.session, work.actor, command.telling.attachment_ids)
    return prepare(command, work.actor, work.now, bearings, place=place_answer(command.telling.place, tree))


async def look_around() -> None:
    """Read the county before the first filing comes, so that thirty callers at the opening do not all ask for it at once."""
    try:
        await _county()
    except (OSError, SQLAlchemyError, PostgresError) as error:  # the database is away: the first filing reads it
        log.warning("county.not_read", error=type(error).__name__)


async def _county() -> _County:
    engine = database().engine.sync_engine
    tree, categories, rules = unit_tree_at_hand(engine), catalogue_at_hand(engine), clock_rules_at_hand(engine)
    if tree is not None and categories is not None and rules is not None:
        return tree, categories, rules
    async with database().transaction() as session:
        return await _looked_up(session)


async def _looked_up(session: AsyncSession) -> _County:
    return await unit_tree(session), await catalogue(session), await clock_rules(session)


def filed(outcome: Outcome) -> dict[str, Any]:
    """Return the answer to a filing, a `views.Filed` as plain values. The tracking code is derived here: it is kept nowhere."""
    return {
        "number": outcome.number,
        "tracking_code": None if outcome.foreign else tracking_code(outcome.ticket_id),
        "ticket_id": str(outcome.ticket_id),
        "complaint_id": str(outcome.complaint_id),
        "status": outcome.ticket_status,
        "duplicate": outcome.duplicate,
        "place": outcome.place,
    }
