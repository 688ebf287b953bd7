"""What villagers say of whoever called on them: member by member and month by month, as it was known at an instant.

Only what was said to somebody else counts: by the villager's own WeChat, or to the hotline in a recorded call; never what a member enters
of themselves. Of one opinion the newest word counts. Lines and total are one statement's.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from services.platform.clock import day_end, day_start
from services.platform.unit_of_work import Work
from services.visits.asking import within

_LINE: dict[str, Any] = {
    "member_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d11", "member": "黄干部", "month": "2026-11", "heard": 12, "rated": 8, "satisfied": 7,
    "shown": "87.50%",
}  # fmt: skip
_LINES = """
WITH heard AS (
  SELECT o.member_id, to_char(o.heard_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, word.satisfied
  FROM opinions o JOIN activities a ON a.id = o.id JOIN units u ON u.id = o.unit_id
  LEFT JOIN LATERAL (
    SELECT c.satisfied FROM opinion_confirmations c
    WHERE c.opinion_id = o.id AND c.recorded_at <= :as_of AND c.satisfied IS NOT NULL ORDER BY c.happened_at DESC, c.id DESC LIMIT 1
  ) word ON true
  WHERE o.recorded_at <= :as_of AND (a.withdrawn_at IS NULL OR a.withdrawn_at > :as_of) AND u.path ^@ ANY (CAST(:areas AS text[]))
    AND (CAST(:since AS timestamptz) IS NULL OR o.heard_at >= :since) AND (CAST(:until AS timestamptz) IS NULL OR o.heard_at < :until)
), lines AS (
  SELECT member_id, month, count(*) AS heard, count(satisfied) AS rated, count(*) FILTER (WHERE satisfied) AS satisfied
  FROM heard GROUP BY member_id, month
)
"""
_PAGE = f"""{_LINES}SELECT l.*, m.name AS member FROM lines l JOIN members m ON m.id = l.member_id
WHERE (l.member_id, l.month) > (CAST(:after AS uuid), :after_month) ORDER BY l.member_id, l.month LIMIT :most"""  # noqa: S608  ours
_TOTAL = f"""{_LINES}SELECT coalesce(sum(heard), 0)::bigint AS heard, coalesce(sum(rated), 0)::bigint AS rated,
  coalesce(sum(satisfied), 0)::bigint AS satisfied FROM lines"""  # noqa: S608  ours


class MemberSatisfaction(BaseModel):
    """What villagers said of a member in a month."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_LINE]})

    member_id: UUID
    member: str
    month: str = Field(description="In which the opinions were heard.")
    heard: int = Field(description="Opinions.")
    rated: int = Field(description="Of these, those whose villager was asked by somebody else, or said so by WeChat.")
    satisfied: int
    shown: str = Field(description="Satisfied of rated; — where nobody was asked.")


class VisitSatisfaction(BaseModel):
    """A page of members and months, with the total of all of them."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"examples": [{"items": [_LINE], "heard": 12, "rated": 8, "satisfied": 7, "shown": "87.50%", "next": None}]},
    )

    items: list[MemberSatisfaction]
    heard: int
    rated: int
    satisfied: int
    shown: str
    next: str | None = None


@dataclass(frozen=True, slots=True)
class AskedSatisfaction:
    """Of opinions heard in an area, from a day until another (both included), as it was known at an instant."""

    unit: str | None = None
    first: date | None = None
    last: date | None = None
    as_of: datetime | None = None


async def visit_satisfaction(work: Work, asked: AskedSatisfaction, *, after: tuple[UUID, str] | None, limit: int) -> VisitSatisfaction:
    """Return up to `limit` lines after a place, and the total.

    Raises 403 ``permission.denied`` and ``unit.outside_scope``, 404 ``unit.unknown``, 422 ``as_of.future``.
    """
    where = await within(work, asked.unit, asked.as_of)
    bound: dict[str, Any] = {
        "as_of": where.as_of,
        "areas": list(where.areas),
        "since": day_start(asked.first) if asked.first else None,
        "until": day_end(asked.last) if asked.last else None,
    }
    place = {"after": after[0] if after else UUID(int=0), "after_month": after[1] if after else "", "most": limit}
    rows = (await work.session.execute(text(_PAGE), bound | place)).all()
    total = (await work.session.execute(text(_TOTAL), bound)).one()
    lines = [MemberSatisfaction(**row._mapping, shown=share_of(row.satisfied, row.rated)) for row in rows]  # noqa: SLF001  public
    return VisitSatisfaction(items=lines, **total._mapping, shown=share_of(total.satisfied, total.rated))  # noqa: SLF001  public


def share_of(satisfied: int, rated: int) -> str:
    """Return a share as it is shown: two decimals, halves up; — of nothing."""
    if not rated:
        return "—"
    hundredths = (satisfied * 20_000 + rated) // (2 * rated)
    return f"{hundredths // 100}.{hundredths % 100:02d}%"
