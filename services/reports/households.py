"""How many distinct households told the matters of a period: 户, not calls and not tickets.

Households are told apart as `services/complaints/households.py` does: by keyed indexes of telephone numbers and accounts, without opening
a contact. The reporting role may not read these, so this is asked at the intake door. It reads who told each ticket and is therefore
bounded: for more tickets than `MOST` one asks for a shorter period or a smaller area.

Who told a matter in confidence is a household of that matter alone, tied to nobody's other matters: a count would say who it was. And of
fewer than `FEW` tickets only who may read contacts is told how many households they are: one household of two matters ties each to the
other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from services.complaints.households import Keys, Telling, households, tellings_of
from services.identity.permissions import may, scope_of
from services.organization.queries import unit_tree
from services.platform.clock import day_end, day_start, local_day
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.reports.facts import EXCLUDED
from services.reports.figures import named, one_snapshot
from services.reports.planning import Period
from services.reports.questions import find_place
from services.reports.views import PeriodView, UnitName, period_view
from services.tickets.filters import TICKETS, TicketFilter, compile_filter, compile_scope

KEY = "complaining_households@1"
MOST = 20_000
FEW = 5
_BATCH = 2_000


@dataclass(frozen=True)
class AskedHouseholds:
    """What is asked: days, both included; a place and a category with all below them."""

    first: date | None = None
    last: date | None = None
    unit: str | None = None
    category: str | None = None


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
    """Return the count; raise what `Period` and `find_place` raise, and Invalid ``households.too_many`` for more than `MOST` tickets."""
    await one_snapshot(work.session)
    today = local_day(work.now)
    last = asked.last or (max(today, asked.first) if asked.first else today)
    period = Period(asked.first or last.replace(day=1), last)
    scope = scope_of(work.actor)
    place = find_place(await unit_tree(work.session), scope, asked.unit)
    wanted = TicketFilter(category=[asked.category] if asked.category else [], source="complaint")
    days = [TICKETS["received_at"] >= day_start(period.first), TICKETS["received_at"] < day_end(period.last)]
    conditions = [*days, *compile_filter(wanted, TICKETS, unit_path=place.path if place else None), compile_scope(scope, TICKETS)]
    query = select(TICKETS["id"]).where(*conditions, TICKETS["status"].not_in(EXCLUDED)).limit(MOST + 1)
    tickets: list[UUID] = list(await work.session.scalars(query))
    if len(tickets) > MOST:
        raise Invalid("households.too_many", f"That are more than {MOST} tickets; ask for a shorter period or a smaller area.")
    matters: list[list[Telling]] = []
    for begin in range(0, len(tickets), _BATCH):
        matters += (await tellings_of(work.session, tickets[begin : begin + _BATCH])).values()
    told = len(tickets) >= FEW or not tickets or may(work.actor, "contact.read")
    return HouseholdsReport(
        metric=KEY,
        name="诉求户数",
        as_of=work.now,
        period=period_view(period),
        unit=named(place),
        tickets=len(tickets),
        complaints=sum(len(tellings) for tellings in matters),
        households=distinct(matters) if told else None,
        anonymous=sum(1 for tellings in matters for telling in tellings if not telling.keys) if told else None,
    )


def distinct(matters: Iterable[Sequence[Telling]]) -> int:
    """Return how many households told these matters: over all of them who told openly, for each apart who told in confidence. Pure."""
    openly: list[Keys] = []
    found = 0
    for tellings in matters:
        openly += (telling.keys for telling in tellings if not telling.in_confidence)
        found += households(telling.keys for telling in tellings if telling.in_confidence)
    return found + households(openly)
