"""How often households are called on (B49), and how soon what was heard at a door is known to village and township (A20)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from services.platform.clock import day_start, local_day
from services.platform.errors import Fault, Invalid
from services.platform.rounding import decimal_text, percent_text
from services.platform.unit_of_work import Work
from services.visits.asking import Within, within
from services.visits.commands import HOUSEHOLD_EXAMPLE
from services.visits.opinions_confidence import hidden_tickets

DAYS_AT_MOST = 366
OFTEN = 5
"""So many visits and more are counted together."""
_EACH = """
WITH calls AS (
  SELECT a.household, count(*) FILTER (WHERE a.outcome = 'met') AS visits, count(*) FILTER (WHERE a.outcome <> 'met') AS attempts,
    max(a.happened_on) FILTER (WHERE a.outcome = 'met') AS last_on
  FROM activities a WHERE a.kind = 'visit' AND a.household IS NOT NULL AND a.happened_on BETWEEN :first AND :last
    AND a.recorded_at <= :as_of AND (a.withdrawn_at IS NULL OR a.withdrawn_at > :as_of) GROUP BY a.household
), homes AS (
  SELECT h.id, u.code, coalesce(c.visits, 0) AS visits, coalesce(c.attempts, 0) AS attempts, c.last_on
  FROM households h JOIN units u ON u.id = h.unit_id LEFT JOIN calls c ON c.household = h.reference
  WHERE u.path ^@ ANY (CAST(:areas AS text[])) AND h.listed_at <= :as_of
    AND (h.ended_on IS NULL OR h.ended_on > :last OR h.ended_at > :as_of)
)
"""
_SPREAD = text(f"""{_EACH}
SELECT visits, count(*) AS homes, sum(attempts) AS attempts FROM homes GROUP BY visits ORDER BY visits
""")  # noqa: S608  ours
_LINES = text(f"""{_EACH}
SELECT id, code, visits, attempts, last_on, count(*) OVER () AS total FROM homes WHERE visits BETWEEN :least AND :most
""")  # noqa: S608  ours
_SOON = text("""
WITH told AS (
  SELECT 'visit' AS what, v.recorded_at - v.happened_at AS took FROM visits v JOIN activities a ON a.id = v.id
  JOIN units u ON u.id = a.unit_id WHERE u.path ^@ ANY (CAST(:areas AS text[])) AND v.happened_at >= :begins AND v.happened_at < :ends
    AND v.recorded_at <= :as_of AND (a.withdrawn_at IS NULL OR a.withdrawn_at > :as_of)
  UNION ALL
  SELECT 'opinion', o.recorded_at - o.heard_at FROM opinions o JOIN activities a ON a.id = o.id JOIN units u ON u.id = o.unit_id
  WHERE u.path ^@ ANY (CAST(:areas AS text[])) AND o.heard_at >= :begins AND o.heard_at < :ends
    AND o.recorded_at <= :as_of AND (a.withdrawn_at IS NULL OR a.withdrawn_at > :as_of)
  UNION ALL
  SELECT 'ticket', min(x.recorded_at) - min(o.heard_at) FROM opinions o JOIN activities a ON a.id = o.id JOIN units u ON u.id = o.unit_id
  JOIN opinion_outcomes x ON x.opinion_id = o.id AND x.kind = 'ticket' AND x.recorded_at <= :as_of
    AND NOT x.ticket_id = ANY (CAST(:hidden AS uuid[]))
  WHERE u.path ^@ ANY (CAST(:areas AS text[])) AND o.heard_at >= :begins AND o.heard_at < :ends
    AND (a.withdrawn_at IS NULL OR a.withdrawn_at > :as_of) GROUP BY o.id
)
SELECT what, count(*) AS times, percentile_disc(0.5) WITHIN GROUP (ORDER BY took) AS median,
  percentile_disc(0.9) WITHIN GROUP (ORDER BY took) AS p90, max(took) AS longest,
  count(*) FILTER (WHERE took <= interval '1 hour') AS within_hour, count(*) FILTER (WHERE took <= interval '1 day') AS within_day
FROM told GROUP BY what
""")
_WHAT = {"visit": "走访到入账", "opinion": "意见听取到入账", "ticket": "意见听取到转办"}


@dataclass(frozen=True, slots=True)
class AskedTime:
    """Whose area, from which day to which (included; the month of `as_of` where not given), as known when."""

    unit: str | None = None
    first: date | None = None
    last: date | None = None
    as_of: datetime | None = None


class HomeVisits(BaseModel):
    """How often a household was called on; by its id alone. `visits`: somebody was met; `attempts`: nobody was."""

    model_config = ConfigDict(frozen=True)

    household_id: UUID = Field(examples=[HOUSEHOLD_EXAMPLE])
    unit_code: str = Field(examples=["441624108213001"])
    visits: int = Field(examples=[3])
    attempts: int = Field(examples=[1])
    last_on: date | None = Field(description="When somebody was met last in that time.", examples=["2026-11-15"])


class VisitFrequency(BaseModel):
    """How often the households of the register were called on, on service days and between; entries of the ledger by number too."""

    model_config = ConfigDict(frozen=True)

    unit: str = Field(examples=["441624108213"])
    first: date = Field(examples=["2026-11-01"])
    last: date = Field(examples=["2026-11-30"])
    as_of: datetime = Field(examples=["2026-12-01T00:00:00Z"])
    households: int = Field(examples=[250])
    visited: int = Field(description="Households where somebody was met once at least.", examples=[240])
    share: str = Field(description="Of them, in percent to two places.", examples=["96.00"])
    visits: int = Field(examples=[510])
    attempts: int = Field(examples=[31])
    mean: str = Field(description="Visits for each household, two places.", examples=["2.04"])
    spread: list[int] = Field(description=f"Households visited 0, 1, 2 … times; the last: {OFTEN} times and more.", examples=[[10, 200]])
    items: list[HomeVisits] = Field(description="Those with `least` to `most` visits, in order of their ids.")
    total: int = Field(examples=[10])
    next: str | None = Field(default=None, examples=[None])


class Soon(BaseModel):
    """How long it took, in whole minutes, rounded down."""

    model_config = ConfigDict(frozen=True)

    what: str = Field(description="`visit`, `opinion`: until it is recorded. `ticket`: until an opinion heard is one.", examples=["visit"])
    name: str = Field(examples=["走访到入账"])
    times: int = Field(examples=[510])
    median_minutes: int | None = Field(examples=[4])
    p90_minutes: int | None = Field(examples=[130])
    longest_minutes: int | None = Field(examples=[4_320])
    within_hour: str = Field(description="In percent to two places.", examples=["81.20"])
    within_day: str = Field(examples=["97.10"])


class HowSoon(BaseModel):
    """How soon what happened at doors in that time was known on the platform, as of an instant."""

    model_config = ConfigDict(frozen=True)

    unit: str = Field(examples=["441624"])
    first: date = Field(examples=["2026-11-01"])
    last: date = Field(examples=["2026-11-30"])
    as_of: datetime = Field(examples=["2026-12-01T00:00:00Z"])
    items: list[Soon]


async def visit_frequency(work: Work, asked: AskedTime, least: int, most: int, *, after: UUID | None, limit: int) -> VisitFrequency:
    """Return how often, and up to `limit` of the households with `least` to `most` visits behind the id `after`.

    Raises as :func:`within` does, and 422 ``period.invalid``.
    """
    inside = await within(work, asked.unit, asked.as_of)
    given = _given(inside, asked)
    rows = (await work.session.execute(_SPREAD, given)).all()
    households, visits = sum(row.homes for row in rows), sum(row.homes * row.visits for row in rows)
    visited = sum(row.homes for row in rows if row.visits)
    spread = [0] * (OFTEN + 1)
    for row in rows:
        spread[min(row.visits, OFTEN)] += row.homes
    lines = (await work.session.execute(_LINES, {**given, "least": least, "most": most})).all()
    later = sorted((row for row in lines if after is None or row.id > after), key=lambda row: row.id)[:limit]
    items = [
        HomeVisits(household_id=row.id, unit_code=row.code, visits=row.visits, attempts=row.attempts, last_on=row.last_on) for row in later
    ]
    return VisitFrequency(
        unit=inside.unit.code, first=given["first"], last=given["last"], as_of=inside.as_of, households=households, visited=visited,
        share=percent_text(visited, households) or "—", visits=visits, attempts=sum(row.attempts for row in rows),
        mean=decimal_text(visits, households, 2) or "—", spread=spread, items=items, total=len(lines),
    )  # fmt: skip


async def how_soon(work: Work, asked: AskedTime) -> HowSoon:
    """Return how soon. Raises as :func:`visit_frequency` does."""
    inside = await within(work, asked.unit, asked.as_of)
    given = _given(inside, asked)
    rows = {row.what: row for row in await work.session.execute(_SOON, {**given, "hidden": await hidden_tickets(work)})}
    return HowSoon(
        unit=inside.unit.code, first=given["first"], last=given["last"], as_of=inside.as_of,
        items=[_soon(what, name, rows.get(what)) for what, name in _WHAT.items()],
    )  # fmt: skip


def _soon(what: str, name: str, row: Any) -> Soon:
    if row is None:
        return Soon(
            what=what, name=name, times=0, median_minutes=None, p90_minutes=None, longest_minutes=None, within_hour="—", within_day="—"
        )  # fmt: skip
    median, p90, longest = (max(0, took // timedelta(minutes=1)) for took in (row.median, row.p90, row.longest))
    return Soon(
        what=what, name=name, times=row.times, median_minutes=median, p90_minutes=p90, longest_minutes=longest,
        within_hour=percent_text(row.within_hour, row.times) or "—", within_day=percent_text(row.within_day, row.times) or "—",
    )  # fmt: skip


def _given(inside: Within, asked: AskedTime) -> dict[str, Any]:
    today = local_day(inside.as_of)
    first = asked.first or (asked.last or today).replace(day=1)
    last = asked.last or max(first, today)
    if last < first or (last - first).days >= DAYS_AT_MOST:
        raise Invalid("period.invalid", "Ask for a time of 366 days at most.", errors=[Fault("/to", "must not lie before `from`")])
    return {
        "areas": list(inside.areas), "as_of": inside.as_of, "first": first, "last": last, "begins": day_start(first),
        "ends": day_start(last + timedelta(days=1)),
    }  # fmt: skip
