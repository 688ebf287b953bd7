"""The county's service days: what they are in a month, and ruling and moving them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from services.identity.permissions import require
from services.journal.noting import note
from services.platform.bulk import insert_many
from services.platform.clock import local_day
from services.platform.errors import Conflict, Fault
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.visits.commands import MoveServiceDays, RuleServiceDays, month_of
from services.visits.models import ServiceDayMove, ServiceDayRule
from services.visits.service_days import Move, Rule, deadline, first_of, require_movable, service_days
from services.visits.views import ServiceDays

_LOCK = 0x7365727669636564  # "serviced": whoever rules or moves them waits for whoever does
_SUBJECT = UUID("019aa7c0-0000-7000-8000-736572766963")
"""The subject of what is noted about the county's service days: there is one calendar."""


class CountyDays:
    """The rules and moves there were at an instant."""

    def __init__(self, rules: list[ServiceDayRule], moves: list[ServiceDayMove]) -> None:
        self._reasons = {row.recorded_at: row.because for row in rules} | {row.recorded_at: row.because for row in moves}
        self._rules = [Rule(tuple(row.days), row.valid_from, row.recorded_at) for row in rules]
        self._moves = [Move(row.month, tuple(row.days), row.recorded_at) for row in moves]

    def of(self, month: date) -> tuple[date, ...]:
        """Return the service days of a month."""
        return service_days(month, self._rules, self._moves)

    def round_on(self, day: date) -> date | None:
        """Return the month whose round goes on on `day`; None between service days."""
        return first_of(day) if day in self.of(day) else None

    def shown(self, month: date) -> ServiceDays:
        """Return what is shown of a month."""
        month = first_of(month)
        days = self.of(month)
        moved = [move.recorded_at for move in self._moves if move.month == month]
        ruled = [(rule.valid_from, rule.recorded_at) for rule in self._rules if rule.valid_from <= month]
        last = max(moved) if moved else max(ruled)[1] if ruled else None
        because = self._reasons[last] if last else None
        return ServiceDays(month=f"{month:%Y-%m}", days=list(days), due_at=deadline(days), moved=bool(moved), because=because)


async def county_days(work: Work, as_of: datetime | None = None) -> CountyDays:
    """Return the county's service days as they were known at `as_of`, or as they are."""
    known = as_of or work.now
    rules = await work.session.scalars(select(ServiceDayRule).where(ServiceDayRule.recorded_at <= known))
    moves = await work.session.scalars(select(ServiceDayMove).where(ServiceDayMove.recorded_at <= known))
    return CountyDays(list(rules), list(moves))


async def rule_service_days(work: Work, command: RuleServiceDays) -> None:
    """Rule the service days from a month to come on. The same again changes nothing.

    Raises 403 ``permission.denied`` and 409 ``service_days.begun``.
    """
    require(work.actor, "service_days.change")
    month = month_of(command.from_month)
    if month <= local_day(work.now):
        raise Conflict(
            "service_days.begun",
            "Rule it from a month that has not begun; one month's days are moved.",
            errors=[Fault("/from_month", "has begun")],
        )
    await work.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    days = sorted(set(command.days))
    newest = select(ServiceDayRule).where(ServiceDayRule.valid_from == month).order_by(ServiceDayRule.recorded_at.desc()).limit(1)
    there = await work.session.scalar(newest)
    if there is not None and there.days == days:
        return
    await insert_many(work.session, ServiceDayRule, [_row(work, command.because) | {"days": days, "valid_from": month}])
    await note(work, "service_days", _SUBJECT, "service_days.ruled", {"from_month": command.from_month, "days": days})


async def move_service_days(work: Work, month_text: str, command: MoveServiceDays) -> ServiceDays:
    """Move the service days of one month. The same again changes nothing.

    Raises 403 ``permission.denied``, 409 ``service_days.begun`` and ``service_days.in_the_past``.
    """
    require(work.actor, "service_days.change")
    month = month_of(month_text)
    await work.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    known = await county_days(work)
    days = sorted(set(command.days))
    wanted = service_days(month, (), [Move(month, tuple(days), work.now)])
    if wanted != known.of(month):
        require_movable(month, known.of(month), wanted, local_day(work.now))
        await insert_many(work.session, ServiceDayMove, [_row(work, command.because) | {"days": days, "month": month}])
        await note(work, "service_days", _SUBJECT, "service_days.moved", {"month": month_text, "days": days})
        known = await county_days(work)
    return known.shown(month)


def _row(work: Work, because: str) -> dict[str, object]:
    return {"id": new_id(), "because": because, "recorded_at": work.now, "recorded_by_account_id": work.actor.account_id}
