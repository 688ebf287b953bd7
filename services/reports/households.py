"""How many distinct households told the matters of a period: 户, not calls and not tickets.

Households are told apart as `services/complaints/households.py` does: by keyed indexes of telephone numbers and accounts, without opening
a contact. The reporting role may not read these, so this is asked at the intake door. It reads who told each ticket and is therefore
bounded: for more tickets than `MOST` one asks for a shorter period or a smaller area.

Who told a matter in confidence is a household of that matter alone, tied to nobody's other matters: a count would say who it was. And of
fewer than `FEW` tickets only who may read contacts is told how many households they are: one household of two matters ties each to the
other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import exists, select

from services.complaints.households import Keys, Telling, households, tellings_of
from services.complaints.households_then import tellings_then
from services.identity.permissions import may, scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.platform.bulk import one_of
from services.platform.clock import day_end, day_start, local_day
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.reports.facts import EXCLUDED
from services.reports.figures import named, one_snapshot
from services.reports.known import Known, known_when, require_known
from services.reports.planning import Period
from services.reports.questions import find_place
from services.reports.selecting import columns_of, in_area
from services.reports.views import PeriodView, UnitName, period_view
from services.tickets.filters import TICKETS, TicketFilter, compile_filter, compile_scope
from services.tickets.models import Ticket

KEY = "complaining_households@1"
MOST = 20_000
FEW = 5
_BATCH = 2_000


@dataclass(frozen=True)
class AskedHouseholds:
    """What is asked: days, both included; a place and a category with all below them; an instant, to be told what was known then."""

    first: date | None = None
    last: date | None = None
    unit: str | None = None
    category: str | None = None
    as_of: datetime | None = None


class HouseholdsReport(BaseModel):
    """How many distinct households told the matters of a period."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "metric": KEY, "name": "诉求户数", "as_of": "2026-11-22T04:00:00Z",
                    "period": {"first": "2026-11-01", "last": "2026-11-22"}, "unit": {"code": "441624108", "name": "彭寨镇"},
                    "tickets": 911, "complaints": 1043, "households": 760, "anonymous": 31,
                }
            ]
        }
    )  # fmt: skip

    metric: str
    name: str
    as_of: datetime
    period: PeriodView
    unit: UnitName | None
    tickets: int = Field(description="Complaints received in the period that count; as `received` counts them.")
    complaints: int = Field(description="How often they were told, repeats and what was merged into them included.")
    households: int | None = Field(
        description="户: who shares a number or an account is one, however often and of however many matters. Null where the tickets are "
        "so few that it would tell who told which, and the reader may not read contacts."
    )
    anonymous: int | None = Field(description="Of `complaints`: told by nobody known; they are in no household. Null as `households` is.")


async def households_report(work: Work, asked: AskedHouseholds) -> HouseholdsReport:
    """Return the count; raise what `Period` and `find_place` raise, and Invalid ``households.too_many`` for more than `MOST` tickets.

    As of an instant Invalid ``as_of.future`` too, and ``as_of.not_kept`` where who told them was changed since.
    """
    await one_snapshot(work.session)
    require_known(asked.as_of, work.now)
    period = asked_period(asked, work.now)
    place = find_place(await unit_tree(work.session), scope_of(work.actor), asked.unit)
    tickets, known = await _tickets(work, asked, period, place)
    if len(tickets) > MOST:
        raise Invalid("households.too_many", f"That are more than {MOST} tickets; ask for a shorter period or a smaller area.")
    matters: list[Sequence[Telling]] = []
    for begin in range(0, len(tickets), _BATCH):
        matters += (await told_of(work, tickets[begin : begin + _BATCH], known)).values()
    told = len(tickets) >= FEW or not tickets or may(work.actor, "contact.read")
    return HouseholdsReport(
        metric=KEY,
        name="诉求户数",
        as_of=known.as_of if known else work.now,
        period=period_view(period),
        unit=named(place),
        tickets=len(tickets),
        complaints=sum(len(tellings) for tellings in matters),
        households=distinct(matters) if told else None,
        anonymous=sum(1 for tellings in matters for telling in tellings if not telling.of) if told else None,
    )


def asked_period(asked: AskedHouseholds, now: datetime) -> Period:
    """Return the days that are asked about; without any the month so far, as of the instant asked for. Raises what `Period` does."""
    today = local_day(asked.as_of or now)
    last = asked.last or (max(today, asked.first) if asked.first else today)
    return Period(asked.first or last.replace(day=1), last)


async def told_of(work: Work, ticket_ids: Sequence[UUID], known: Known | None) -> Mapping[UUID, Sequence[Telling]]:
    """Return who told each of the tickets, as it is, or was `known` at an instant; raise Invalid ``as_of.not_kept``."""
    if known is None:
        return await tellings_of(work.session, ticket_ids)
    told = await tellings_then(work.session, ticket_ids, known.as_of)
    facts, own = known.facts.c, {telling.ticket_id for tellings in told.values() for telling in tellings}
    now_secret = exists().where(Ticket.id == facts.ticket_id, Ticket.privacy == "confidential")
    if await work.session.scalar(select(exists().where(one_of(facts.ticket_id, own), facts.privacy != "confidential", now_secret))):
        raise Invalid("as_of.not_kept", _IN_CONFIDENCE)
    return told


_IN_CONFIDENCE = (
    "Some of these matters were taken into confidence since: who told them is tied to nothing any more. Ask for a later instant."
)


async def _tickets(work: Work, asked: AskedHouseholds, period: Period, place: UnitNode | None) -> tuple[list[UUID], Known | None]:
    """Return the tickets that count, and of an instant what was known; one more than `MOST` where there are more."""
    known = await known_when(work, asked.as_of) if asked.as_of else None
    columns, then = (columns_of(known.facts), known.as_of) if known else (TICKETS, None)
    wanted = TicketFilter(category=[asked.category] if asked.category else [], source="complaint")
    days = [columns["received_at"] >= day_start(period.first), columns["received_at"] < day_end(period.last)]
    scope = compile_scope(scope_of(work.actor), columns, as_of=then)
    conditions = [*days, *compile_filter(wanted, columns), *in_area(place, columns, then), scope]
    query = select(columns["id"]).where(*conditions, columns["status"].not_in(EXCLUDED)).limit(MOST + 1)
    return list(await work.session.scalars(query)), known


def distinct(matters: Iterable[Sequence[Telling]]) -> int:
    """Return how many households told these matters: over all of them who told openly, for each apart who told in confidence. Pure."""
    openly: list[Keys] = []
    found = 0
    for tellings in matters:
        openly += (telling.of for telling in tellings if not telling.in_confidence)
        found += households(telling.of for telling in tellings if telling.in_confidence)
    return found + households(openly)
