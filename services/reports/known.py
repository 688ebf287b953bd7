"""What is known: the facts as they are kept, with what has happened and is not counted yet, or as they were at an instant.

Sums are kept by the worker as deliveries come. So that no answer waits for it, whoever reads folds the journals of the tickets still owed
a count (up to `MOST`), takes their old facts out of the sums and puts the fresh ones in. As of an instant in the past, facts are read from
those kept and those superseded since, and the journals owed are folded up to that instant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import FromClause, Select, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform.bulk import one_of
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.reports.facts import Fact
from services.reports.journals import facts_of
from services.reports.models import PastFact, ReportFact
from services.reports.selecting import KEPT

MOST = 2000
"""Tickets that are folded by whoever reads: about as many as a worker counts in a second. Of more, the answer says how old it is."""
_NOW = text(
    "SELECT (SELECT min(received_at) FROM report_facts) AS first, owed.subject_id, owed.deliveries FROM (SELECT) one LEFT JOIN ("
    "SELECT subject_id, count(*) AS deliveries FROM ("
    "(SELECT subject_id FROM deliveries WHERE handler = 'count' AND parked_at IS NULL LIMIT :most) UNION ALL"
    " (SELECT subject_id FROM deliveries WHERE handler = 'count' AND parked_at IS NOT NULL LIMIT :most)) d GROUP BY subject_id"
    ") owed ON true"
)
# Nothing that was known then came in later: so only the first facts are walked, and none of an instant before all of them.
_FIRST_THEN = text(
    "SELECT least((SELECT received_at FROM report_facts WHERE received_at <= :instant AND known_at <= :instant"
    " ORDER BY received_at LIMIT 1),"
    " (SELECT min(received_at) FROM report_history WHERE known_until > :instant AND known_at <= :instant))"
)
# By id, which is by age: what failed is due later than what came after it, and what was given up is due never.
_OLDEST = text(
    "SELECT min(e.recorded_at) FROM (SELECT event_id FROM deliveries WHERE handler = 'count' ORDER BY id LIMIT 100) d"
    " JOIN events e ON e.id = d.event_id"
)
_NAMES = Fact._fields


@dataclass(frozen=True)
class Known:
    """Where facts are read from, and up to when everything is in them.

    `facts` answers alone. Where sums are read instead, `fresh` and `stale` (both None where nothing is owed) are what must be added to
    them and taken off; of an `instant` in the past sums cannot answer at all, being of the present.
    """

    facts: FromClause
    as_of: datetime
    stale_seconds: int = 0
    fresh: FromClause | None = None
    stale: FromClause | None = None
    instant: datetime | None = None
    earliest: datetime | None = None
    """When the first of the fresh facts was received."""
    first: datetime | None = None
    """When the first of the facts as kept was; None where that was not looked up."""

    @property
    def past(self) -> bool:
        """Tell whether this is what was known at an instant in the past."""
        return self.instant is not None


AS_KEPT = Known(KEPT, datetime.min)  # noqa: DTZ901  for those who look at nothing but the facts as kept
"""The facts as the worker keeps them, whatever is owed."""


def require_known(as_of: datetime | None, now: datetime) -> None:
    """Raise Invalid ``as_of.future`` for an instant that has not come."""
    if as_of is not None and as_of > now:
        raise Invalid("as_of.future", "`as_of` lies in the future: nobody knows what will be known then.")


async def known_when(work: Work, as_of: datetime | None) -> Known:
    """Return what is known now, or what was at an instant; looked for once in each transaction, which must read one snapshot."""
    kept: dict[datetime | None, Known] = work.session.info.setdefault("known", {})
    if as_of not in kept:
        kept[as_of] = await (known_now(work) if as_of is None else known_at(work, as_of))
    return kept[as_of]


async def known_now(work: Work) -> Known:
    """Return what is known in this snapshot."""
    first, owed = await _first_and_owed(work)
    if owed is None:
        oldest = await oldest_owed(work)
        return Known(KEPT, oldest, seconds_between(oldest, work.now), first=first)
    if not owed:
        return Known(KEPT, work.now, first=first)
    told, unreadable = await _told(work.session, owed)
    folded = [facts[-1] for facts in told]
    again = [ticket_id for ticket_id in owed if ticket_id not in unreadable]
    fresh, earliest = _rows(folded, "fresh"), min((fact.received_at for fact in folded), default=None)
    counted_again = ReportFact.__table__.c.ticket_id
    stale = _of(ReportFact).where(one_of(counted_again, again)).subquery("stale")
    kept = _of(ReportFact).where(~one_of(counted_again, again))
    until = await oldest_owed(work) if unreadable else work.now
    facts = union_all(kept, select(fresh)).subquery("facts")
    return Known(facts, until, seconds_between(until, work.now), fresh=fresh, stale=stale, earliest=earliest, first=first)


async def known_at(work: Work, instant: datetime) -> Known:
    """Return what was known at `instant`. Events that were recorded later, or of tickets that began to tell later, are not in it."""
    owed = await subjects_owed(work)
    present = _of(ReportFact).where(ReportFact.known_at <= instant)
    before = _of(PastFact).where(PastFact.known_at <= instant, PastFact.known_until > instant)
    if not owed:
        until = instant if owed is not None else min(await oldest_owed(work), instant)
        return Known(union_all(present, before).subquery("facts"), until, seconds_between(until, instant), instant=instant)
    told, unreadable = await _told(work.session, owed)
    folded = [then[-1] for facts in told if (then := [fact for fact in facts if fact.known_at <= instant])]
    again = [ticket_id for ticket_id in owed if ticket_id not in unreadable]
    fresh, earliest = _rows(folded, "fresh"), min((fact.received_at for fact in folded), default=None)
    parts: list[Select[Any]] = [
        present.where(~one_of(ReportFact.ticket_id, again)),
        before.where(~one_of(PastFact.ticket_id, again)),
        select(fresh),
    ]
    until = min(await oldest_owed(work), instant) if unreadable else instant
    return Known(union_all(*parts).subquery("facts"), until, seconds_between(until, instant), instant=instant, earliest=earliest)


async def first_then(work: Work, instant: datetime) -> datetime | None:
    """Return when the first ticket of which anything was counted at `instant` had been received; None of none."""
    found: datetime | None = await work.session.scalar(_FIRST_THEN, {"instant": instant})
    return found


async def subjects_owed(work: Work) -> list[UUID] | None:
    """Return the tickets that are owed a count, given up ones too; None where they are more than anybody who reads should fold.

    Only the first deliveries are looked at. Where they are that many, there may be more, of other tickets: these are too many as well.
    """
    return (await _first_and_owed(work))[1]


async def _first_and_owed(work: Work) -> tuple[datetime | None, list[UUID] | None]:
    """Return when the first of all facts was received, and what :func:`subjects_owed` does; one statement, for every answer asks both."""
    most = 2 * MOST
    rows = (await work.session.execute(_NOW, {"most": most})).all()
    found = [row for row in rows if row.subject_id is not None]
    too_many = len(found) > MOST or sum(row.deliveries for row in found) >= most
    return rows[0].first, None if too_many else [row.subject_id for row in found]


async def oldest_owed(work: Work) -> datetime:
    """Return when the oldest of what is owed was recorded; now where nothing is."""
    return await work.session.scalar(_OLDEST) or work.now


def seconds_between(since: datetime, until: datetime) -> int:
    """Return whole seconds; 0 where `until` is the earlier."""
    return max(int((until - since).total_seconds()), 0)


async def _told(session: AsyncSession, ids: Sequence[UUID]) -> tuple[list[list[Fact]], set[UUID]]:
    """Return what tickets were after each event, and those whose journal cannot be folded: they stay as they were counted last.

    A mistake of ours in one ticket must not take every figure of the county away. The worker says so in its log, and the answer by its age.
    """
    try:
        return list((await facts_of(session, ids)).values()), set()
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError):
        if len(ids) == 1:
            return [], set(ids)
    half = len(ids) // 2
    parts = [await _told(session, some) for some in (ids[:half], ids[half:])]
    return [facts for told, _unreadable in parts for facts in told], {one for _facts, unreadable in parts for one in unreadable}


def _of(model: type[ReportFact | PastFact]) -> Select[Any]:
    return select(*(model.__table__.c[name] for name in _NAMES))


def _rows(facts: Sequence[Fact], name: str) -> FromClause:
    """Return facts of our own making as rows to select from."""
    types = {column: ReportFact.__table__.c[column].type for column in _NAMES}
    columns = ", ".join(_NAMES)
    query = text(f"SELECT {columns} FROM jsonb_populate_recordset(NULL::report_facts, CAST(:{name} AS jsonb))")  # noqa: S608
    given = orjson.dumps([fact._asdict() for fact in facts], default=str).decode()  # ids come as a kind of UUID of their own
    return query.bindparams(**{name: given}).columns(**types).subquery(name)
