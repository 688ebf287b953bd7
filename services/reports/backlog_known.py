"""What is open at this instant: the sums up to the line, what is due since, and what is not counted yet.

Of the areas that somebody sees whole, sums are read; of what they see beside those (what their seats were given elsewhere), the rows.
Tickets that are owed a count are taken out as they are kept and put in as they are, up to `known.MOST` of them; where there are more,
everything is as it was counted last, and the answer says how old that is. So the cost follows how many holders there are, and not how many
tickets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    LargeBinary,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    text,
    tuple_,
    union_all,
)

from services.identity.permissions import Scope
from services.organization.models import Unit
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work
from services.reports.backlog_models import NOBODY, BacklogCell, BacklogLine, OpenMatter
from services.reports.backlog_sums import COLUMNS, FRESH_OF_SOME
from services.reports.known import oldest_owed, seconds_between, subjects_owed
from services.tickets.filters import Columns, TicketFilter, compile_filter, compile_scope
from services.tickets.lifecycle import OPEN

Place = tuple[datetime, UUID]
_ROWS = OpenMatter.__table__
_CELLS = BacklogCell.__table__.c
_ALL_OPEN: ColumnElement[int] = sum((_CELLS[status] for status in OPEN[1:]), _CELLS[OPEN[0]])
_ID = 16
_NONE: ColumnElement[int] = literal_column("0")


@dataclass(frozen=True)
class OpenNow:
    """Where to look: the line of the sums, the tickets that are not counted yet, and up to when everything is in the answer."""

    now: datetime
    line: datetime
    owed: list[UUID]
    until: datetime
    stale_seconds: int


@dataclass(frozen=True)
class View:
    """Which open tickets are meant: those of a place and a holder, where given, within a scope; now, or as of an instant in the past."""

    scope: Scope
    tree: UnitTree
    place: UnitNode | None
    holder: UnitNode | None
    as_of: datetime | None = None

    def conditions(self, columns: Columns) -> list[ColumnElement[bool]]:
        """Return the kernel's conditions on open tickets."""
        paths = {"unit_path": self.place.path if self.place else None, "holder_path": self.holder.path if self.holder else None}
        return [*compile_filter(TicketFilter(), columns, **paths), compile_scope(self.scope, columns, as_of=self.as_of)]

    def beside(self, columns: Columns) -> list[ColumnElement[bool]]:
        """Return the conditions on open tickets that are seen though no whole area has them.

        Areas of the scope are left out of them, not only taken off: else all tickets of these areas would be read to be left out.
        """
        return [*replace(self, scope=replace(self.scope, prefixes=())).conditions(columns), not_(_inside(self.whole()))]

    def whole(self) -> list[str]:
        """Return the paths of the areas, none inside another, of which everything is seen."""
        if self.scope.everything:
            return [self.place.path] if self.place else list(_tops(self.tree))
        if self.place is None:
            return list(self.scope.prefixes)
        if any(self.place.path.startswith(prefix) for prefix in self.scope.prefixes):
            return [self.place.path]
        return [prefix for prefix in self.scope.prefixes if prefix.startswith(self.place.path)]

    @property
    def covered(self) -> bool:
        """Whether nothing is seen beside the whole areas."""
        return self.scope.everything or (self.place is not None and self.place.path in self.whole())


def _tops(tree: UnitTree) -> tuple[str, ...]:
    """Return the paths of the areas that no other is above; looked for once in each tree."""
    found = _known_tops.get(tree)
    if found is None:
        found = _known_tops[tree] = tuple(sorted({f"/{unit.path.split('/')[1]}/" for unit in tree.by_id.values()}))
    return found


_known_tops: WeakKeyDictionary[UnitTree, tuple[str, ...]] = WeakKeyDictionary()


async def open_now(work: Work) -> OpenNow:
    """Return where to look in this snapshot."""
    line = await work.session.scalar(select(BacklogLine.line_at))
    assert line is not None
    owed = await subjects_owed(work)
    until = work.now if owed is not None else await oldest_owed(work)
    return OpenNow(work.now, line, owed or [], until, seconds_between(until, work.now))


UnitKey = bytes
"""The sixteen bytes of a unit's or a person's id. Answers about thousands of units make an id only of those that they tell of."""


class Holdings(NamedTuple):
    """How many open tickets each person in each unit holds, a column each. `NOBODY` where no unit does, or nobody in particular."""

    holders: list[UnitKey]
    members: list[bytes]
    counts: list[int]


async def late_by_holder(work: Work, here: OpenNow, view: View) -> dict[UnitKey, int]:
    """Return how many late tickets each unit holds, of those that hold any; `NOBODY`: no unit."""
    signed = _signed(here, view, ("late",))
    per = select(signed.c.holder, func.sum(signed.c.late).label("late")).group_by(signed.c.holder).having(func.sum(signed.c.late) != 0)
    found = per.subquery()
    holders, late = (await work.session.execute(select(_packed(found.c.holder), _array(found.c.late)))).one()
    return dict(zip(_apart(holders), late or (), strict=True))


class Held(NamedTuple):
    """The open tickets of one person in a unit: of each status of `OPEN`, and how many are late."""

    holder: UUID
    member: UUID | None
    statuses: tuple[int, ...]
    late: int


async def holdings(work: Work, here: OpenNow, view: View) -> Holdings:
    """Return how many tickets each unit holds, by the person in it."""
    per = _by_person(_signed(here, view, ("open",)), ("open",))
    holders, members, counts = (await work.session.execute(select(_packed(per.c.holder), _packed(per.c.member), _array(per.c.open)))).one()
    return Holdings(_apart(holders), _apart(members), counts or [])


async def held(work: Work, here: OpenNow, view: View, holders: Sequence[UUID]) -> list[Held]:
    """Return what some units hold, by the person in it."""
    signed = _signed(here, view, ("open", *OPEN, "late"))
    per = _by_person(select(signed).where(one_of(signed.c.holder, holders)).subquery(), ("open", *OPEN, "late"))
    rows = await work.session.execute(select(per.c.holder, per.c.member, *(per.c[status] for status in OPEN), per.c.late))
    return [Held(who, None if member == NOBODY else member, tuple(map(int, statuses)), int(late)) for who, member, *statuses, late in rows]


def _by_person(signed: FromClause, names: Sequence[str]) -> FromClause:
    sums = [func.sum(signed.c[name]).label(name) for name in names]
    per = select(signed.c.holder, signed.c.member, *sums).group_by(signed.c.holder, signed.c.member).having(func.sum(signed.c.open) != 0)
    return per.subquery()


def _packed(ids: ColumnElement[Any]) -> ColumnElement[bytes]:
    """Return ids as one string of bytes: thousands of rows, or of ids, would cost more to read than to find."""
    return func.string_agg(func.uuid_send(ids), literal_column("''::bytea"), type_=LargeBinary())


def _array(numbers: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.array_agg(cast(numbers, Integer))


def _apart(packed: bytes | None) -> list[bytes]:
    found = packed or b""
    return [found[start : start + _ID] for start in range(0, len(found), _ID)]


async def late_page(work: Work, here: OpenNow, view: View, after: Place | None, limit: int) -> list[Row[Any]]:
    """Return up to `limit` late tickets after a place, the longest late first."""
    kept = _page(_ROWS, here, view, after, limit)
    if here.owed:
        fresh = _fresh(here)
        parts = [
            kept.where(~one_of(_ROWS.c.ticket_id, here.owed)).subquery().select(),
            _page(fresh, here, view, after, limit).subquery().select(),
        ]
        both = union_all(*parts).subquery()
        kept = select(both).order_by(both.c.due_at, both.c.ticket_id).limit(limit)
    return list((await work.session.execute(kept)).all())


def _page(rows: FromClause, here: OpenNow, view: View, after: Place | None, limit: int) -> Select[Any]:
    query = select(rows).where(rows.c.due_at < here.now, *view.conditions(_columns(rows)))
    if after is not None:
        query = query.where(tuple_(rows.c.due_at, rows.c.ticket_id) > tuple_(*after))
    return query.order_by(rows.c.due_at, rows.c.ticket_id).limit(limit)


def _signed(here: OpenNow, view: View, wanted: Iterable[str]) -> FromClause:
    """Return rows of (holder, member, sums of `wanted`…) that add up to what is open now."""
    names, whole, kept = tuple(wanted), view.whole(), _columns(_ROWS)
    conditions = view.conditions(kept)
    parts = []
    if whole:
        parts.append(_from_cells(view, whole, names))
        if here.line != here.now:
            parts.append(_since_the_line(here, [*conditions, _inside(whole)], names))
    if not view.covered:
        parts.append(_rows(_ROWS, 1, here, view.beside(kept), names))
    if here.owed:
        parts.append(_rows(_ROWS, -1, here, [*conditions, one_of(_ROWS.c.ticket_id, here.owed)], names))
        fresh = _fresh(here)
        parts.append(_rows(fresh, 1, here, view.conditions(_columns(fresh)), names))
    if not parts:
        parts.append(_rows(_ROWS, 1, here, [false()], names))
    return (union_all(*parts) if len(parts) > 1 else parts[0]).subquery("signed")


def _from_cells(view: View, whole: list[str], names: tuple[str, ...]) -> Select[Any]:
    areas = bindparam(None, whole, ARRAY(Text(collation="C")))
    sums = [_ALL_OPEN.label(name) if name == "open" else _CELLS[name] for name in names]
    query = select(_CELLS.holder, _CELLS.member, *sums).where(_CELLS.area == any_(areas))
    if view.holder is not None:
        query = query.where(_CELLS.holder.in_(select(Unit.id).where(Unit.path.startswith(view.holder.path, autoescape=True))))
    return query.where(_CELLS.late > 0) if names == ("late",) else query


def _since_the_line(here: OpenNow, conditions: list[ColumnElement[bool]], names: tuple[str, ...]) -> Select[Any]:
    """Return what became late since the sums were made; where the line is ahead of now, what is not late yet, taken off."""
    sign, due = (1 if here.line <= here.now else -1), _ROWS.c.due_at
    between = (due >= min(here.line, here.now), due < max(here.line, here.now))
    sums = [literal_column(str(sign)).label(name) if name == "late" else _NONE.label(name) for name in names]
    return select(*_who(_ROWS), *sums).where(*between, *conditions)


def _rows(rows: FromClause, sign: int, here: OpenNow, conditions: list[ColumnElement[bool]], names: tuple[str, ...]) -> Select[Any]:
    one: ColumnElement[int] = literal_column(str(sign))
    sums: list[ColumnElement[int]] = []
    for name in names:
        holds = rows.c.due_at < here.now if name == "late" else rows.c.status == name
        sums.append((one if name == "open" else case((holds, one), else_=_NONE)).label(name))
    return select(*_who(rows), *sums).where(*conditions)


def _who(rows: FromClause) -> list[ColumnElement[Any]]:
    nobody = literal(NOBODY, Uuid())
    return [func.coalesce(rows.c.lead_unit_id, nobody).label("holder"), func.coalesce(rows.c.lead_member_id, nobody).label("member")]


def _inside(whole: list[str]) -> ColumnElement[bool]:
    return or_(false(), *(_ROWS.c.area_path.startswith(path, autoescape=True) for path in whole))


def _columns(rows: FromClause) -> Columns:
    return {**dict(rows.c.items()), "id": rows.c.ticket_id, "closed_at": null()}


def _fresh(here: OpenNow) -> FromClause:
    """Return the tickets that are not counted yet as they are."""
    types = {name: _ROWS.c[name].type for name in COLUMNS}
    return text(FRESH_OF_SOME).bindparams(bindparam("ids", here.owed, ARRAY(Uuid()))).columns(**types).subquery("fresh")
