"""How a round of a month went: member by member, and the households nobody called on, as it was known at an instant.

Totals, lines and the list of households come from one statement, so that what is listed is what was counted. A call that was recorded
late counts by when it happened: as of the evening it is missing, as of the day the phone was heard of it is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from services.platform.clock import local_day
from services.platform.unit_of_work import Work
from services.visits.asking import within
from services.visits.days import county_days
from services.visits.models import STEPS
from services.visits.service_days import deadline, first_of
from services.visits.views import MemberRound, MissingHome, MissingHomes, RoundTotals, ServiceDaysReport, StepState

Which = Literal["all", "incomplete"]
_HOMES = """
WITH calls AS (
  SELECT v.member_id, v.household_id, bool_or(v.happened_at < :due) AS tried,
    bool_or(v.outcome = 'met' AND v.happened_at < :due) AS met, bool_or(v.outcome = 'met' AND v.happened_at >= :due) AS later
  FROM visits v JOIN activities a ON a.id = v.id
  WHERE v.month = :month AND v.recorded_at <= :as_of AND (a.withdrawn_at IS NULL OR a.withdrawn_at > :as_of)
  GROUP BY v.member_id, v.household_id
), homes AS (
  SELECT p.member_id, p.household_id, u.code AS unit_code, coalesce(c.tried, false) AS tried, coalesce(c.met, false) AS met,
    coalesce(c.later, false) AS later
  FROM pairings p JOIN households h ON h.id = p.household_id JOIN units u ON u.id = h.unit_id
  LEFT JOIN calls c ON c.member_id = p.member_id AND c.household_id = p.household_id
  WHERE p.kind = 'member_household' AND u.path ^@ ANY (CAST(:areas AS text[])) AND p.recorded_at <= :as_of AND p.valid_from <= :day
    AND (p.valid_to IS NULL OR p.valid_to > :day OR p.ended_at > :as_of)
    AND NOT EXISTS (SELECT FROM members g WHERE g.id = p.member_id AND g.left_on <= :day)
)
"""
_MEMBERS = f"""{_HOMES}, steps AS (
  SELECT member_id, count(*) FILTER (WHERE happened_at < :due) AS in_time, count(*) AS done
  FROM service_steps WHERE month = :month AND recorded_at <= :as_of GROUP BY member_id
), met_between AS (
  SELECT v.member_id, count(*) AS ad_hoc FROM visits v JOIN activities a ON a.id = v.id JOIN units u ON u.id = a.unit_id
  WHERE v.month IS NULL AND v.outcome = 'met' AND a.happened_on >= :month AND a.happened_on < :month_after AND v.recorded_at <= :as_of
    AND (a.withdrawn_at IS NULL OR a.withdrawn_at > :as_of) AND u.path ^@ ANY (CAST(:areas AS text[]))
  GROUP BY v.member_id
), lines AS (
  SELECT h.member_id, count(*) AS planned, count(*) FILTER (WHERE h.met) AS visited,
    count(*) FILTER (WHERE h.tried AND NOT h.met) AS attempted, count(*) FILTER (WHERE NOT h.tried) AS missing,
    count(*) FILTER (WHERE h.later AND NOT h.met) AS caught_up,
    coalesce(min(s.in_time), 0) AS in_time, coalesce(min(s.done), 0) AS done, coalesce(min(b.ad_hoc), 0) AS ad_hoc,
    coalesce(min(s.in_time), 0) = :steps AND bool_and(h.tried) AS complete
  FROM homes h LEFT JOIN steps s ON s.member_id = h.member_id
  LEFT JOIN met_between b ON b.member_id = h.member_id GROUP BY h.member_id
)
"""  # noqa: S608  ours
_TOTALS = f"""{_MEMBERS}SELECT count(*) AS members, count(*) FILTER (WHERE complete) AS complete,
  coalesce(sum(planned), 0)::bigint AS planned,
  coalesce(sum(visited), 0)::bigint AS visited, coalesce(sum(attempted), 0)::bigint AS attempted,
  coalesce(sum(missing), 0)::bigint AS missing,
  coalesce(sum(caught_up), 0)::bigint AS caught_up, coalesce(sum(ad_hoc), 0)::bigint AS ad_hoc FROM lines"""  # noqa: S608  ours
_LINES = f"""{_MEMBERS}SELECT l.*, m.name FROM lines l JOIN members m ON m.id = l.member_id
WHERE l.member_id > :after AND (CAST(:whole AS boolean) OR NOT l.complete) ORDER BY l.member_id LIMIT :most"""  # noqa: S608  ours
_MISSING = f"""{_HOMES}SELECT household_id, unit_code, member_id FROM homes WHERE NOT tried AND household_id > :after
ORDER BY household_id LIMIT :most"""  # noqa: S608  ours


@dataclass(frozen=True, slots=True)
class AskedRound:
    """Whose area, which month (the one of `as_of` where not given), as known when (now where not given)."""

    unit: str | None = None
    month: date | None = None
    as_of: datetime | None = None


async def service_days_report(work: Work, asked: AskedRound, which: Which, *, after: UUID | None, limit: int) -> ServiceDaysReport:
    """Return totals of all members and up to `limit` lines after the member `after`; one more than that has a `next` to be cut off.

    Raises as :func:`within` does.
    """
    question = await _question(work, asked)
    report = ServiceDaysReport(
        days=question.known.shown(question.month),
        unit=question.unit,
        as_of=question.as_of,
        over=question.over,
        totals=RoundTotals(**dict.fromkeys(RoundTotals.model_fields, 0)),
        items=[],
    )
    if question.due is None:
        return report
    totals = (await work.session.execute(text(_TOTALS), question.given)).one()
    given = {**question.given, "after": after or UUID(int=0), "whole": which == "all", "most": limit}
    rows = await work.session.execute(text(_LINES), given)
    items = [_line(row, over=question.over) for row in rows]
    return report.model_copy(update={"totals": RoundTotals(**totals._asdict()), "items": items})


async def missing_homes(work: Work, asked: AskedRound, *, after: UUID | None, limit: int) -> MissingHomes:
    """Return up to `limit` of the households that the report of the same question counts as missing, behind the household `after`."""
    question = await _question(work, asked)
    if question.due is None:
        return MissingHomes(items=[], total=0)
    rows = (await work.session.execute(text(_MISSING), {**question.given, "after": after or UUID(int=0), "most": limit})).all()
    items = [MissingHome(household_id=row.household_id, unit_code=row.unit_code, member_id=row.member_id) for row in rows]
    total = (await work.session.execute(text(_TOTALS), question.given)).one().missing
    return MissingHomes(items=items, total=total)


@dataclass(frozen=True, slots=True)
class _Question:
    known: Any
    month: date
    unit: str
    as_of: datetime
    due: datetime | None
    over: bool
    given: dict[str, Any]


async def _question(work: Work, asked: AskedRound) -> _Question:
    inside = await within(work, asked.unit, asked.as_of)
    known = await county_days(work, inside.as_of)
    month = first_of(asked.month or local_day(inside.as_of))
    days = known.of(month)
    due = deadline(days)
    given = {
        "areas": list(inside.areas),
        "as_of": inside.as_of,
        "month": month,
        "month_after": _month_after(month),
        "due": due,
        "day": days[-1] if days else None,
        "steps": len(STEPS),
    }
    return _Question(known, month, inside.unit.code, inside.as_of, due, due is not None and inside.as_of >= due, given)


def _line(row: Any, *, over: bool) -> MemberRound:
    same = ("member_id", "planned", "visited", "attempted", "missing", "caught_up", "ad_hoc", "complete")
    states = states_of(row.in_time, row.done, over=over)
    return MemberRound(
        **{name: getattr(row, name) for name in same}, member_name=row.name, steps=dict(zip(STEPS, states, strict=True))
    )  # fmt: skip


def states_of(in_time: int, done: int, *, over: bool) -> Sequence[StepState]:
    """Return how each step stands: of the `done` first the `in_time` first were in time. They come in order, so their numbers tell all."""
    left: StepState = "missing" if over else "to_come"
    return ["in_time" if nth < in_time else "late" if nth < done else left for nth in range(len(STEPS))]


def _month_after(month: date) -> date:
    return month.replace(year=month.year + 1, month=1) if month.month == 12 else month.replace(month=month.month + 1)  # noqa: PLR2004
