"""Reading the ledger: who may know of an entry, lists of them, and one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, false, func, or_, select, true, tuple_

from services.activities.models import Activity, HelpedPerson, OpinionThing
from services.activities.views import KIND_NAMES, ActivityView
from services.identity.permissions import may, scope_of
from services.organization.models import Unit
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.platform.papers import SealedPaper, read_paper
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket

Place = tuple[date, UUID]


@dataclass(frozen=True)
class Wanted:
    """Which entries to list; everything given must hold. Without `withdrawn` only those that count."""

    unit_path: str | None = None
    kinds: Sequence[str] = ()
    first: date | None = None
    last: date | None = None
    mine: bool = False
    withdrawn: bool = False


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over `activities` joined to the unit of its place, that `actor` may know of an entry.

    By the area it happened in, as done from a seat of one's own or of one's functional line, or as one's own.
    """
    scope = scope_of(actor)
    if scope.everything:
        return true()
    parts: list[ColumnElement[bool]] = [Unit.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes]
    if scope.unit_ids:
        parts.append(Activity.by_unit_id.in_(scope.unit_ids))
    line = Unit.__table__.alias("line")
    for function, area in scope.functions:
        below = select(line.c.id).where(line.c.function == function, line.c.path.startswith(area, autoescape=True))
        parts.append(Activity.by_unit_id.in_(below))
    if actor.member_id is not None:
        parts.append(Activity.member_id == actor.member_id)
    if actor.account_id is not None:
        parts.append(Activity.recorded_by_account_id == actor.account_id)
    return or_(*parts) if parts else false()


def shown_columns() -> Select[Any]:
    """Return the query of entries with what is shown of them, words aside; conditions and order are the caller's."""
    persons = select(func.count()).where(HelpedPerson.activity_id == Activity.id).correlate(Activity).scalar_subquery()
    led = (OpinionThing.opinion_id == Activity.id) & OpinionThing.withdrawn_at.is_(None)
    return (
        select(Activity, Unit.code, Unit.name, Ticket.number, OpinionThing.thing_id, persons.label("persons"))
        .join(Unit, Unit.id == Activity.unit_id)
        .outerjoin(Ticket, Ticket.id == Activity.ticket_id)
        .outerjoin(OpinionThing, led)
    )


def _with_words() -> Select[Any]:
    paper = SealedPaper.id == Activity.paper_id
    return shown_columns().add_columns(SealedPaper.row_key, SealedPaper.sealed).outerjoin(SealedPaper, paper)


async def list_activities(work: Work, wanted: Wanted, after: Place | None, limit: int) -> list[ActivityView]:
    """Return up to `limit` entries that `work.actor` may know of, the newest day first, after the place `after`."""
    query = _with_words().where(visible(work.actor), *_conditions(work.actor, wanted))
    order = (Activity.happened_on, Activity.id)
    if after is not None:
        query = query.where(tuple_(*order) < tuple_(*after))
    rows = await work.session.execute(query.order_by(*(column.desc() for column in order)).limit(limit))
    words = may(work.actor, "activity.words")
    return [activity_view(row, words=words) for row in rows]


async def read_activity(work: Work, activity_id: UUID) -> ActivityView:
    """Return one entry; raise NotFound ``activity.unknown``."""
    row = (await work.session.execute(_with_words().where(Activity.id == activity_id, visible(work.actor)))).one_or_none()
    if row is None:
        raise NotFound("activity.unknown", "There is no entry with this id, or none that you may know of.")
    return activity_view(row, words=may(work.actor, "activity.words"))


def _conditions(actor: Actor, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.unit_path is not None:
        found.append(Unit.path.startswith(wanted.unit_path, autoescape=True))
    if wanted.kinds:
        found.append(Activity.kind.in_(wanted.kinds))
    if wanted.first is not None:
        found.append(Activity.happened_on >= wanted.first)
    if wanted.last is not None:
        found.append(Activity.happened_on <= wanted.last)
    if wanted.mine:
        found.append(or_(Activity.member_id == actor.member_id, Activity.recorded_by_account_id == actor.account_id))
    if not wanted.withdrawn:
        found.append(Activity.withdrawn_at.is_(None))
    return found


def activity_view(row: Row[Any], *, words: bool) -> ActivityView:
    """Return what is shown of a row of :func:`shown_columns`; what was said only with `words`."""
    entry: Activity = row.Activity
    kind_name, unit = KIND_NAMES[entry.kind]
    paper = read_paper(entry.paper_id, row.row_key, row.sealed) if words and entry.paper_id else None
    same = ("id", "kind", "member_id", "happened_on", "outcome", "stage", "source", "amount", "within_id", "corrects_id", "recorded_at")
    return ActivityView(
        **{name: getattr(entry, name) for name in same},
        kind_name=kind_name,
        counting_unit=unit,
        unit_code=row.code,
        unit_name=row.name,
        household=entry.household.hex()[:16] if entry.household else None,
        persons=row.persons if entry.kind == "help" and entry.amount is None else None,
        words=paper["words"] if paper else None,
        thing_id=row.thing_id,
        ticket=row.number,
        withdrawn_at=entry.withdrawn_at,
        withdrawn_because=entry.withdrawn_because,
    )
