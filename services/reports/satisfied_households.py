"""满意率 with each household weighing one, beside the official rate, which stays what it is by definition.

Of one ticket the newest word of the newest round counts (`metrics.py`), so that ten calls about one matter weigh one there too. But a
household with ten matters weighs ten. Here its answers are its share: yes of all it said; and the rate is the mean of the households'
shares. It is read from the very same facts, and both rates are the same where each household has one matter.

It needs who told, which the reporting role may not read, so it is asked at the intake door like the other count of households, under the
same rules: who told it in confidence is a household of that matter alone, and of few tickets only whoever may read contacts is told.
Who left nothing is in no household and stated apart. The word of a merged matter belongs to whoever said it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.households import Keys, Telling, joined
from services.complaints.households_then import speakers_then
from services.identity.permissions import may, scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.platform.bulk import one_of
from services.platform.clock import day_end, day_start
from services.platform.errors import Invalid
from services.platform.rounding import percent_text
from services.platform.unit_of_work import Work
from services.reports.figures import named, one_snapshot, recorded_time
from services.reports.households import FEW, MOST, AskedHouseholds, asked_period, told_of
from services.reports.known import AS_KEPT, Known, known_when, require_known
from services.reports.planning import Period
from services.reports.questions import find_place
from services.reports.selecting import columns_of, in_area
from services.reports.views import PeriodView, UnitName, period_view
from services.tickets.filters import TicketFilter, compile_filter, compile_scope
from services.tickets.models import CallBack

KEY, NAME = "satisfaction_rate_by_household@1", "满意率(按户)"
_OFFICIAL = "satisfaction_rate@1"
_BATCH = 2_000
_RATE: dict[str, Any] = {"tickets": 12, "households": 3, "anonymous": 1, "fraction": "1/2", "percent": "50.00"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one ticket, and by whom: `keys` are those of their household, none for somebody nobody knows."""

    ticket_id: UUID
    satisfied: bool
    keys: Keys
    in_confidence: bool = False
    unreasonable: bool = False


class Rate(BaseModel):
    """A rate with what it was made of."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RATE]})

    tickets: int = Field(description="Tickets with a word on satisfaction, by the newest round that was called; as the official rate's.")
    households: int | None = Field(
        description="Households that said it. Null where the tickets are so few that it would tell who said what."
    )
    anonymous: int | None = Field(description="Of `tickets`: said by nobody known; they are in no household. Null as `households` is.")
    fraction: str | None = Field(description="The mean of the households' shares, exactly; null without any, and as `households` is.")
    percent: str | None = Field(description="The same in percent, halves rounded up.")


class Official(BaseModel):
    """The official rate of the same tickets, each weighing one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"satisfied": 5, "tickets": 12, "percent": "41.67"}]})

    satisfied: int
    tickets: int
    percent: str | None


class SatisfiedHouseholds(BaseModel):
    """How satisfied those are who were called back, each household weighing one; before and after removal of unreasonable demands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "metric": KEY, "name": NAME, "as_of": "2026-11-22T04:00:00Z",
                    "period": {"first": "2026-11-01", "last": "2026-11-22"}, "unit": {"code": "441624108", "name": "彭寨镇"},
                    "kept": _RATE, "removed": _RATE, "official": {"satisfied": 5, "tickets": 12, "percent": "41.67"},
                    "answers": "/v1/reports/satisfaction_rate@1/tickets?part=denominator&from=2026-11-01&to=2026-11-22",
                }
            ]
        }
    )  # fmt: skip

    metric: str
    name: str
    as_of: datetime
    period: PeriodView = Field(description="By the day of the newest call-back.")
    unit: UnitName | None
    kept: Rate = Field(description="剔除前")
    removed: Rate = Field(description="剔除后")
    official: Official = Field(description="满意率 of the same tickets before removal.")
    answers: str = Field(description="Address of the tickets at the reporting door.")


async def satisfied_households(work: Work, asked: AskedHouseholds) -> SatisfiedHouseholds:
    """Return the rates; raise what `Period` and `find_place` raise, and Invalid ``households.too_many`` for more than `MOST` tickets.

    As of an instant Invalid ``as_of.future`` too, and ``as_of.not_kept`` where who said it was changed since.
    """
    await one_snapshot(work.session)
    require_known(asked.as_of, work.now)
    period = asked_period(asked, work.now)
    place = find_place(await unit_tree(work.session), scope_of(work.actor), asked.unit)
    known = await known_when(work, asked.as_of) if asked.as_of else replace(AS_KEPT, as_of=(await recorded_time(work))[1])
    answers = await _answers(work, period, place, asked.category, known)
    told = len(answers) >= FEW or not answers or may(work.actor, "contact.read")
    yes = sum(answer.satisfied for answer in answers)
    query = {"part": "denominator", "from": period.first, "to": period.last, "unit": asked.unit, "category": asked.category}
    if asked.as_of:
        query["as_of"] = asked.as_of.isoformat()
    return SatisfiedHouseholds(
        metric=KEY,
        name=NAME,
        as_of=known.as_of,
        period=period_view(period),
        unit=named(place),
        kept=_rate(answers, told=told),
        removed=_rate([answer for answer in answers if not answer.unreasonable], told=told),
        official=Official(satisfied=yes, tickets=len(answers), percent=percent_text(yes, len(answers))),
        answers=f"/v1/reports/{_OFFICIAL}/tickets?{urlencode({name: value for name, value in query.items() if value})}",
    )


def weighed(answers: Iterable[Answer]) -> tuple[Fraction | None, int, int]:
    """Return the mean of the households' shares (None without any), how many households, and how many answers are nobody's. Pure."""
    openly: list[Answer] = []
    shares: defaultdict[object, list[bool]] = defaultdict(list)
    anonymous = 0
    for answer in answers:
        if not answer.keys:
            anonymous += 1
        elif answer.in_confidence:
            shares[answer.ticket_id].append(answer.satisfied)
        else:
            openly.append(answer)
    for answer, household in zip(openly, joined([answer.keys for answer in openly]), strict=True):
        shares[household].append(answer.satisfied)
    if not shares:
        return None, 0, anonymous
    return sum((Fraction(sum(said), len(said)) for said in shares.values()), Fraction()) / len(shares), len(shares), anonymous


def _rate(answers: Sequence[Answer], *, told: bool) -> Rate:
    mean, households, anonymous = weighed(answers)
    if not told:
        return Rate(tickets=len(answers), households=None, anonymous=None, fraction=None, percent=None)
    return Rate(
        tickets=len(answers),
        households=households,
        anonymous=anonymous,
        fraction=f"{mean.numerator}/{mean.denominator}" if mean is not None else None,
        percent=percent_text(mean.numerator, mean.denominator) if mean is not None else None,
    )


async def _answers(work: Work, period: Period, place: UnitNode | None, category: str | None, known: Known) -> list[Answer]:
    """Return what was said of the tickets that the official rate divides by."""
    wanted = TicketFilter(category=[category] if category else [], source="complaint")
    then = known.as_of if known.past else None
    columns, facts = columns_of(known.facts), known.facts.c
    query = (
        select(facts.ticket_id, facts.satisfied, facts.unreasonable)
        .where(
            facts.called_at >= day_start(period.first), facts.called_at < day_end(period.last), facts.counted, facts.satisfied.is_not(None)
        )
        .where(*compile_filter(wanted, columns), *in_area(place, columns, then))
        .where(compile_scope(scope_of(work.actor), columns, as_of=then))
        .order_by(facts.ticket_id)
        .limit(MOST + 1)
    )
    rows = (await work.session.execute(query)).all()
    if len(rows) > MOST:
        raise Invalid("households.too_many", f"That are more than {MOST} tickets; ask for a shorter period or a smaller area.")
    found = []
    for begin in range(0, len(rows), _BATCH):
        part = rows[begin : begin + _BATCH]
        ids = [row.ticket_id for row in part]
        told = await told_of(work, ids, known if known.past else None)
        speakers = await (_speakers(work.session, ids) if then is None else speakers_then(work.session, ids, then))
        for row in part:
            keys, secret = _who(told[row.ticket_id], speakers.get(row.ticket_id))
            found.append(Answer(row.ticket_id, row.satisfied, keys, secret, row.unreasonable))
    return found


async def _speakers(session: AsyncSession, ticket_ids: Sequence[UUID]) -> Mapping[UUID, UUID | None]:
    """Return which complaint's person said the newest word on satisfaction of each ticket."""
    query = (
        select(CallBack.ticket_id, CallBack.complaint_id)
        .ext(distinct_on(CallBack.ticket_id))
        .where(one_of(CallBack.ticket_id, ticket_ids), CallBack.satisfied.is_not(None))
        .order_by(CallBack.ticket_id, CallBack.round.desc(), CallBack.called_at.desc(), CallBack.id.desc())
    )
    return {row.ticket_id: row.complaint_id for row in await session.execute(query)}


def _who(tellings: Sequence[Telling], speaker: UUID | None) -> tuple[Keys, bool]:
    """Return the keys of whoever said it, and whether in confidence: the first of the ticket where the word names no complaint."""
    spoke = next((telling for telling in tellings if telling.complaint_id == speaker), tellings[0] if tellings else None)
    return (spoke.of, spoke.in_confidence) if spoke else (frozenset(), False)
