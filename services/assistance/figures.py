"""How many help items, mediations and deliberations there were, and exactly which: count and list come from one statement.

As it was known at an instant: what was recorded or taken back later does not change it. Nobody is named. What is done for people is
counted by the ledger (`services/reports/activities.py`), never here; a dispute here is one that is mediated, by how it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.platform.clock import local_day
from services.platform.errors import Forbidden, Invalid, NotFound
from services.platform.unit_of_work import Work

FigureName = Literal[
    "help_begun", "help_closed", "help_confirmed", "help_open", "help_overdue", "mediations_begun", "mediations_open", "settled",
    "unsettled", "withdrawn", "follow_ups_due", "broken", "adopted", "rejected", "no_quorum",
]  # fmt: skip
FIGURE_NAMES: dict[str, tuple[str, str]] = {
    "help_begun": ("新增帮扶", "件"), "help_closed": ("办结帮扶", "件"), "help_confirmed": ("群众确认的帮扶", "件"),
    "help_open": ("在办帮扶", "件"), "help_overdue": ("超期帮扶", "件"), "mediations_begun": ("受理调解", "起"),
    "mediations_open": ("调解中", "起"), "settled": ("调解成功", "起"), "unsettled": ("调解不成", "起"), "withdrawn": ("撤回调解", "起"),
    "follow_ups_due": ("到期未回访", "起"), "broken": ("回访未履行", "起"), "adopted": ("议事通过", "件"), "rejected": ("议事未通过", "件"),
    "no_quorum": ("未达法定人数的会议", "次"),
}  # fmt: skip
_STANDS = "{0}.recorded_at <= :as_of AND ({0}.withdrawn_at IS NULL OR {0}.withdrawn_at > :as_of)"
_ITEM = (
    "SELECT h.id, h.unit_id, h.kind, {day} AS day FROM help_items h"
    " LEFT JOIN help_closings c ON c.item_id = h.id AND c.recorded_at <= :as_of WHERE h.recorded_at <= :as_of AND {holds}"
)
_CASE = (
    "SELECT m.id, m.unit_id, m.kind, {day} AS day FROM mediations m LEFT JOIN mediation_endings e ON e.mediation_id = m.id"  # noqa: S608  ours
    f" AND {_STANDS.format('e')} AND NOT EXISTS (SELECT FROM activities a WHERE a.id = e.id AND a.withdrawn_at <= :as_of"
    " AND NOT EXISTS (SELECT FROM activities o WHERE o.corrects_id = a.id AND o.recorded_at <= :as_of))"
    " WHERE m.recorded_at <= :as_of AND {holds}"
)
_MEETING = (
    "SELECT d.id, p.unit_id, d.form AS kind, d.held_on AS day FROM deliberation_meetings d"  # noqa: S608  ours
    " JOIN deliberations p ON p.id = d.deliberation_id"
    f" WHERE {_STANDS.format('d')} AND d.held_on BETWEEN :first AND :last AND {{holds}}"
)
_ASKED = "EXISTS (SELECT FROM mediation_follow_ups f WHERE f.ending_id = e.id AND f.recorded_at <= :as_of AND f.found <> 'unreachable')"
_NEWEST = (
    "(SELECT f.found FROM mediation_follow_ups f WHERE f.ending_id = e.id AND f.recorded_at <= :as_of AND f.found <> 'unreachable'"
    " ORDER BY f.held_on DESC, f.id DESC LIMIT 1)"
)
_OPEN = "h.started_on <= :last AND (c.item_id IS NULL OR c.closed_on > :last)"
_CLOSED = "c.closed_on BETWEEN :first AND :last"
_ENDED = "e.ended_on BETWEEN :first AND :last AND e.outcome = "
_STATEMENTS: dict[str, str] = {
    "help_begun": _ITEM.format(day="h.started_on", holds="h.started_on BETWEEN :first AND :last"),
    "help_closed": _ITEM.format(day="c.closed_on", holds=_CLOSED),
    "help_confirmed": _ITEM.format(day="c.closed_on", holds=f"{_CLOSED} AND c.confirmation IS NOT NULL"),
    "help_open": _ITEM.format(day="h.started_on", holds=_OPEN),
    "help_overdue": _ITEM.format(day="h.due_on", holds=f"{_OPEN} AND h.due_on < :last"),
    "mediations_begun": _CASE.format(day="m.opened_on", holds="m.opened_on BETWEEN :first AND :last"),
    "mediations_open": _CASE.format(day="m.opened_on", holds="m.opened_on <= :last AND (e.id IS NULL OR e.ended_on > :last)"),
    **{outcome: _CASE.format(day="e.ended_on", holds=f"{_ENDED}'{outcome}'") for outcome in ("settled", "unsettled", "withdrawn")},
    "follow_ups_due": _CASE.format(day="e.follow_up_on", holds=f"e.follow_up_on <= :last AND NOT {_ASKED}"),
    "broken": _CASE.format(day="e.ended_on", holds=f"e.ended_on <= :last AND {_NEWEST} = 'broken'"),
    **{verdict: _MEETING.format(holds=f"d.verdict = '{verdict}'") for verdict in ("adopted", "rejected", "no_quorum")},
}
_FIGURE: dict[str, Any] = {"figure": "settled", "name": "调解成功", "counting_unit": "起", "value": 17}
_ONE: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9f10", "unit": "441624108213001", "unit_name": "第一网格", "kind": "water", "day": "2026-11-04",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AskedAssistance:
    """Which area, which days, as known when. The month up to today, the whole area and now where not given."""

    first: date | None = None
    last: date | None = None
    unit: str | None = None
    as_of: datetime | None = None


class AssistanceFigure(BaseModel):
    """One figure."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIGURE]})

    figure: str
    name: str
    counting_unit: str
    value: int


class AssistanceReport(BaseModel):
    """Help items, mediations and deliberations of an area and period."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"unit": "441624", "first": "2026-11-01", "last": "2026-11-22", "as_of": "2026-11-22T04:00:00Z", "figures": [_FIGURE]}
            ]
        }
    )

    unit: str
    first: date
    last: date
    as_of: datetime
    figures: list[AssistanceFigure]


class CountedOne(BaseModel):
    """One that a figure counted: a help item, a mediation or a meeting, by its id. Nobody is named."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ONE]})

    id: UUID
    unit: str
    unit_name: str
    kind: str
    day: date


class CountedPage(BaseModel):
    """A page of exactly those that a figure counted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ONE], "total": 1, "next": None}]})

    items: list[CountedOne]
    total: int
    next: str | None = None


async def assistance_report(work: Work, asked: AskedAssistance) -> AssistanceReport:
    """Return every figure. Raises 404 ``unit.unknown``, 403 ``unit.outside_scope``, 422 ``as_of.future`` and ``period.invalid``."""
    code, given = await _understood(work, asked)
    counted = " UNION ALL ".join(f"SELECT '{name}' AS figure, count(*) AS value FROM ({_inside(name)}) f" for name in _STATEMENTS)  # noqa: S608  ours
    values = {row.figure: row.value for row in await work.session.execute(text(counted), given)}
    figures = [
        AssistanceFigure(figure=name, name=said, counting_unit=unit, value=values[name]) for name, (said, unit) in FIGURE_NAMES.items()
    ]
    return AssistanceReport(unit=code, first=given["first"], last=given["last"], as_of=given["as_of"], figures=figures)


async def counted_ones(
    work: Work, asked: AskedAssistance, figure: FigureName, *, after: UUID | None, limit: int
) -> tuple[list[CountedOne], int]:
    """Return up to `limit` of those a figure counts after the id `after`, and how many there are."""
    _code, given = await _understood(work, asked)
    total = (await work.session.execute(text(f"SELECT count(*) FROM ({_inside(figure)}) f"), given)).scalar_one()  # noqa: S608  ours
    page = text(f"SELECT * FROM ({_inside(figure)}) f WHERE id > :after ORDER BY id LIMIT :most")  # noqa: S608  ours
    rows = await work.session.execute(page, {**given, "after": after or UUID(int=0), "most": limit})
    return [CountedOne(id=row.id, unit=row.code, unit_name=row.name, kind=row.kind, day=row.day) for row in rows], total


def _inside(name: str) -> str:
    return (
        f"SELECT s.id, u.code, u.name, s.kind, s.day FROM ({_STATEMENTS[name]}) s"  # noqa: S608  ours
        " JOIN units u ON u.id = s.unit_id WHERE u.path ^@ ANY (CAST(:areas AS text[]))"
    )


async def _understood(work: Work, asked: AskedAssistance) -> tuple[str, dict[str, Any]]:
    if asked.as_of is not None and asked.as_of > work.now:
        raise Invalid("as_of.future", "Ask as of an instant that has come.")
    as_of = asked.as_of or work.now
    last = asked.last or local_day(as_of)
    first = asked.first or last.replace(day=1)
    if first > last:
        raise Invalid("period.invalid", "`from` must not be after `to`.")
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    unit = tree.by_code.get(asked.unit) if asked.unit else tree.root
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    areas: Sequence[str] = (unit.path,)
    if not scope.everything:
        areas = [longer for area in scope.prefixes if (longer := max(area, unit.path, key=len)).startswith(min(area, unit.path, key=len))]
    if not areas:
        raise Forbidden("unit.outside_scope", "Your posts do not reach this unit.")
    return unit.code, {"as_of": as_of, "first": first, "last": last, "areas": list(areas)}
