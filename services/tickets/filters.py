"""The one query kernel: what a list, a count, an export and a report select by, compiled the same way for each.

The same filter and scope give the same tickets wherever they are asked; what somebody may not list they cannot count.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, select, true, union, union_all
from sqlalchemy.dialects.postgresql import array

from services.identity.permissions import Scope
from services.organization.models import Unit
from services.platform.text import Code
from services.tickets.lifecycle import OPEN
from services.tickets.models import Assignment, Directive, Ticket, Whistle, WhistleCall

Urgency = Literal["normal", "urgent", "emergency"]
Tier = Literal["grid", "village", "township", "county", "city"]
LAST_ROUND = 3
"""As a filter, and as a row of reports: the third round and every later one."""
Status = Literal["received", "dispatched", "accepted", "resolved", "answered", "closed", "rejected", "cancelled", "merged", "open"]


class TicketFilter(BaseModel):
    """What tickets to select; everything given must hold. `unit` is where the matter is, `holder` who holds it, both with all below."""

    model_config = ConfigDict(extra="forbid")

    status: list[Status] = Field(default_factory=list, max_length=10, description="`open` stands for every status before the end.")
    channel: list[Code] = Field(default_factory=list, max_length=20)
    source: Literal["complaint", "discovered"] | None = None
    category: list[Code] = Field(default_factory=list, max_length=50, description="A code selects all below it too.")
    urgency: list[Urgency] = Field(default_factory=list, max_length=3)
    tier: list[Tier] = Field(default_factory=list, max_length=5, description="Of the unit that holds it.")
    round: list[Annotated[int, Field(ge=1, le=LAST_ROUND)]] = Field(
        default_factory=list, max_length=3, description=f"{LAST_ROUND} stands for the third round and every later one."
    )
    unit: Code | None = None
    holder: Code | None = None
    received_from: AwareDatetime | None = None
    received_to: AwareDatetime | None = Field(default=None, description="Exclusive.")
    closed_from: AwareDatetime | None = None
    closed_to: AwareDatetime | None = Field(default=None, description="Exclusive.")


Columns = Mapping[str, ColumnElement[Any]]
TICKETS: Columns = dict(Ticket.__table__.c.items())


def compile_filter(
    wanted: TicketFilter, columns: Columns, *, unit_path: str | None = None, holder_path: str | None = None
) -> list[ColumnElement[bool]]:
    """Return the conditions of `wanted` over `columns` (named as in tickets). The caller looks the unit codes up: their paths."""
    found: list[ColumnElement[bool]] = []
    if wanted.status:
        names = {name for status in wanted.status for name in (OPEN if status == "open" else (status,))}
        found.append(columns["status"].in_(sorted(names)))
    if wanted.channel:
        found.append(columns["channel"].in_(wanted.channel))
    if wanted.source:
        found.append(columns["source"] == wanted.source)
    if wanted.urgency:
        found.append(columns["urgency"].in_(wanted.urgency))
    if wanted.tier:
        found.append(columns["tier"].in_(wanted.tier))
    if wanted.round:
        number = columns["round"]
        found.append(or_(number.in_(wanted.round), number > LAST_ROUND) if LAST_ROUND in wanted.round else number.in_(wanted.round))
    if wanted.category:
        code = columns["category_code"]
        found.append(or_(*(or_(code == prefix, code.startswith(f"{prefix}.", autoescape=True)) for prefix in wanted.category)))
    if unit_path is not None:
        found.append(columns["area_path"].startswith(unit_path, autoescape=True))
    if holder_path is not None:
        below = select(Unit.id).where(Unit.path.startswith(holder_path, autoescape=True))
        found.append(columns["lead_unit_id"].in_(below))
    found += _between(columns["received_at"], wanted.received_from, wanted.received_to)
    found += _between(columns["closed_at"], wanted.closed_from, wanted.closed_to)
    return found


def compile_scope(scope: Scope, columns: Columns, *, as_of: datetime | None = None) -> ColumnElement[bool]:
    """Return the condition that `scope` may know of a ticket: by area, by functional line, or by a seat it was ever given to.

    Of a matter about themselves (举报) nobody knows anything, whatever they see besides.
    A seat that a whistle called or an instruction addressed was given it too, for good. Rows that carry all of these in an array
    (`given_to`, of open tickets) are asked by that. `as_of`: what was given later does not count.
    """
    within = _within(scope, columns, as_of)
    return and_(within, _not_about(scope, columns)) if scope.recused else within


def _within(scope: Scope, columns: Columns, as_of: datetime | None) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    parts: list[ColumnElement[bool]] = [columns["area_path"].startswith(prefix, autoescape=True) for prefix in scope.prefixes]
    if "given_to" in columns:
        parts += _given(scope, columns)
        return or_(*parts) if parts else false()
    given = given_to(scope, as_of=as_of)
    if given:
        parts.append(columns["id"].in_(union(*given) if len(given) > 1 else given[0]))
    return or_(*parts) if parts else false()


def _not_about(scope: Scope, columns: Columns) -> ColumnElement[bool]:
    """Return the condition that the matter is about nobody, or that it is not about whom `scope` belongs to and is theirs today.

    Whoever had it before it was known to be about somebody has no more of it. There are few such matters, in an index of their own.
    """
    if "accused" in columns:
        return or_(columns["accused"].is_(None), _theirs_today(scope, columns))
    table = Ticket.__table__.alias("about_somebody")
    hidden = select(table.c.id).where(table.c.accused.is_not(None), not_(_theirs_today(scope, dict(table.c.items()))))
    return columns["id"].not_in(hidden)


def _theirs_today(scope: Scope, columns: Columns) -> ColumnElement[bool]:
    about = columns["accused"].has_any(array(scope.recused))
    has_now = columns["id"].in_(union_all(*_having_now(scope)))
    theirs = or_(*(columns["area_path"].startswith(prefix, autoescape=True) for prefix in scope.prefixes), has_now)
    return and_(not_(about), theirs)


def _having_now(scope: Scope) -> list[Select[Any]]:
    """Return the queries of the tickets that a seat of `scope` has a part in now: by an order, an instruction, or a call."""
    seats: list[ColumnElement[bool]] = [Assignment.unit_id.in_(scope.unit_ids)]
    for function, area in scope.functions:
        line = select(Unit.id).where(Unit.function == function, Unit.path.startswith(area, autoescape=True))
        seats.append(Assignment.unit_id.in_(line))
    return [
        select(Assignment.ticket_id).where(Assignment.ended_at.is_(None), or_(*seats)),
        select(Directive.ticket_id).where(
            Directive.kind == "instruct", Directive.followed_at.is_(None), Directive.to_unit_id.in_(scope.unit_ids)
        ),
        select(WhistleCall.ticket_id).where(WhistleCall.unit_id.in_(scope.unit_ids)),
    ]


def given_to(scope: Scope, *, as_of: datetime | None = None) -> list[Select[Any]]:
    """Return the queries of the tickets that a seat of `scope`, or one of its functional lines, was ever given; by `as_of`, where given."""
    found: list[Select[Any]] = []
    if scope.unit_ids:
        found.append(select(Assignment.ticket_id).where(Assignment.unit_id.in_(scope.unit_ids), *_by(Assignment.assigned_at, as_of)))
    for function, area in scope.functions:
        line = select(Unit.id).where(Unit.function == function, Unit.path.startswith(area, autoescape=True))
        found.append(select(Assignment.ticket_id).where(Assignment.unit_id.in_(line), *_by(Assignment.assigned_at, as_of)))
    if scope.unit_ids:
        called = select(WhistleCall.ticket_id).where(WhistleCall.unit_id.in_(scope.unit_ids))
        if as_of is not None:
            called = called.join(Whistle, Whistle.id == WhistleCall.whistle_id).where(Whistle.called_at <= as_of)
        found.append(called)
        instructed = (Directive.kind == "instruct", Directive.to_unit_id.in_(scope.unit_ids), *_by(Directive.given_at, as_of))
        found.append(select(Directive.ticket_id).where(*instructed))
    return found


def _by(given_at: Any, as_of: datetime | None) -> list[ColumnElement[bool]]:
    return [] if as_of is None else [given_at <= as_of]


def _given(scope: Scope, columns: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions that the array `given_to` names a seat of `scope`; of functional lines, one that it was assigned to."""
    given = columns["given_to"]
    found: list[ColumnElement[bool]] = [given.overlap(list(scope.unit_ids))] if scope.unit_ids else []
    for function, area in scope.functions:
        line = select(Unit.id).where(Unit.function == function, Unit.path.startswith(area, autoescape=True))
        assigned = exists().where(Assignment.ticket_id == columns["id"], Assignment.unit_id.in_(line))
        found.append(and_(given.overlap(func.array(line.scalar_subquery())), assigned))
    return found


def _between(column: ColumnElement[Any], start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if start is not None:
        found.append(column >= start)
    if end is not None:
        found.append(column < end)
    return found
