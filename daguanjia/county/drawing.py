"""Which matters there are: one plan for each ticket, drawn from the seed and its number alone. Pure.

The instants follow the seasons: the whole time is weighted hour by hour, and the n-th of N tickets falls where n/N of the weight lies. So
tickets are in order of time, and any of them can be drawn without the others.
"""

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from daguanjia.county import land
from daguanjia.county import population as p
from daguanjia.county.world import Spot, World
from services.catalogue.policy import CategoryPolicy
from services.organization.tree import UnitNode
from services.platform.clock import day_start, local_day

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made: so many tickets of so many months, the last day of which is the one before `until`."""

    seed: int
    tickets: int
    months: int
    until: date

    @property
    def since(self) -> date:
        """The first day."""
        months = self.until.year * 12 + self.until.month - 1 - self.months
        return date(months // 12, months % 12 + 1, min(self.until.day, 28))


@dataclass(frozen=True, slots=True)
class Plan:
    """A matter before anything was done about it. `duplicate_of` is the number of the ticket it tells again; `brigade`: told to do harm."""

    nth: int
    received_at: datetime
    household: int
    spot: int
    at_grid: bool
    category: CategoryPolicy
    channel: str
    source: str
    quality: p.Quality
    brigade: bool
    duplicate_of: int | None
    repeats: int

    def place(self, spot: Spot) -> UnitNode:
        """Return the unit the matter is at, when it is at `spot`."""
        return spot.grid if self.at_grid else spot.village


class Seasons:
    """When matters come up: the weight of every hour from the first day to the last."""

    def __init__(self, wanted: Wanted, world: World) -> None:
        self._first = day_start(wanted.since)
        days = (wanted.until - wanted.since).days
        weights = []
        for nth in range(days):
            day = wanted.since + timedelta(days=nth)
            weight = p.MONTHS[day.month - 1] * p.WEEKDAYS[day.weekday()] * (1 + p.GROWTH_A_YEAR * nth / 365)
            if day.weekday() < 5 and not world.calendar.is_working(day):  # noqa: PLR2004  Saturday
                weight *= p.HOLIDAY
            weights += [weight * hour for hour in p.HOURS]
        self._sums = list(accumulate(weights))

    def instant(self, share: float) -> datetime:
        """Return the instant before which `share` of the weight lies, to the second."""
        wanted = share * self._sums[-1]
        hour = min(bisect_right(self._sums, wanted), len(self._sums) - 1)
        before = self._sums[hour - 1] if hour else 0.0
        seconds = int(3600 * min(max((wanted - before) / (self._sums[hour] - before), 0.0), 0.9997))
        return (self._first + hour * _HOUR + timedelta(seconds=seconds)).astimezone(UTC)


class Drawing:
    """Draws the plans of one county."""

    def __init__(self, wanted: Wanted, world: World) -> None:
        self._wanted = wanted
        self._world = world
        self._seasons = Seasons(wanted, world)
        self._by_month = [self._weights(month) for month in range(12)]
        self._channels = [(code, weight) for code, weight in p.CHANNELS.items() if code in world.channels]
        self._vocal = int(p.HOUSEHOLDS * p.VOCAL_HOUSEHOLDS)

    def block(self, number: int) -> list[Plan]:
        """Return the plans of the `number`-th block of tickets, in order; fewer in the last one, none after it."""
        first = number * p.BLOCK
        found: list[Plan] = []
        for nth in range(first, min(first + p.BLOCK, self._wanted.tickets)):
            plan = self._draw(nth)
            found.append(self._told_before(plan, found) if plan.duplicate_of is not None else plan)
        return found

    def _draw(self, nth: int) -> Plan:
        dice = random.Random(f"{self._wanted.seed}/plan/{nth}")
        received_at = self._seasons.instant((nth + dice.random()) / self._wanted.tickets)
        brigade = self._brigade(nth)
        household = brigade if brigade is not None else self._household(dice)
        spot = self._world.homes[household]
        month = local_day(received_at).month - 1
        category = dice.choices(self._world.leaves, cum_weights=self._by_month[month])[0]
        channel = dice.choices([code for code, _ in self._channels], [weight for _, weight in self._channels])[0]
        source = "discovered" if channel == "field" and dice.random() < p.DISCOVERED else "complaint"
        at_grid, again, repeated = dice.random() < p.AT_GRID, dice.random() < p.DUPLICATES, dice.random() < p.REPEATED
        back, repeats = 1 + dice.randrange(p.DUPLICATE_WITHIN), 1 + dice.randrange(p.REPEATS_AT_MOST)
        if brigade is not None:
            category, channel, source, again = self._noise() or category, "hotline", "complaint", False
        return Plan(
            nth,
            received_at,
            household,
            spot,
            at_grid,
            category,
            channel,
            source,
            self._world.quality[self._world.spots[spot].township.id],
            brigade is not None,
            nth - back if again and nth % p.BLOCK >= back else None,
            repeats if repeated and source == "complaint" else 0,
        )

    def _told_before(self, plan: Plan, before: Sequence[Plan]) -> Plan:
        """Return the plan of a matter that is told again at the same place, by another household of it; a new one where that cannot be."""
        first = before[(plan.duplicate_of or 0) % p.BLOCK]
        if first.duplicate_of is not None or first.brigade:
            return replace(plan, duplicate_of=None)
        return replace(plan, spot=first.spot, at_grid=first.at_grid, category=first.category, quality=first.quality, source="complaint")

    def _brigade(self, nth: int) -> int | None:
        """Return the household that brigades with this ticket, if one does."""
        block, place = divmod(nth, p.BLOCK)
        if place >= p.BRIGADE or int(land.chance(self._wanted.seed, "block", block) * p.BRIGADED_BLOCKS):
            return None
        return int(land.chance(self._wanted.seed, "brigade", block) * p.HOUSEHOLDS)

    def _household(self, dice: random.Random) -> int:
        if dice.random() < p.VOCAL_SHARE:
            return int(dice.randrange(self._vocal) / p.VOCAL_HOUSEHOLDS)
        return dice.randrange(p.HOUSEHOLDS)

    def _noise(self) -> CategoryPolicy | None:
        return self._world.policies.category("environment.noise")

    def _weights(self, month: int) -> list[float]:
        found = []
        for leaf in self._world.leaves:
            weight, season = p.CATEGORIES.get(leaf.code, (p.OTHER, None))
            found.append(weight * (season[month] if season else 1.0))
        return list(accumulate(found))
