"""The year's petitions and those of the year before: each lived from its reception to its end by the rules of tickets.

They lie in ten townships, so that seven have none; and in halves of the year as the article's share needs (`proportions.py`).
"""

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import asyncpg

from daguanjia.county.drawing import Plan
from daguanjia.county.living import Living
from daguanjia.county.world import World
from daguanjia.county.writing import copy_rows, write_block
from daguanjia.heping.drawing import MONTHS, months_of
from daguanjia.heping.proportions import PETITIONS, TOWNSHIPS_WITHOUT_PETITION
from services.petitions.models import Reception
from services.platform.clock import SHANGHAI, local_day
from services.platform.ids import ids_made_by

_CATEGORIES = ("housing.land_contract", "roads.village_road", "water.drinking_water", "housing.illegal_building")
_COUNTED = ("rejected", "cancelled", "merged")
_ONE_IN_GROUPS, _GROUP = 6, (5, 12)
_TRIES, _AGAIN = 50, 0.1


def petitions(seed: int, world: World, first: date, number: int) -> list[Living]:
    """Return the petitions of both years, lived until the world ends. `number`: that of the last ticket there is."""
    dice = random.Random(f"{seed}/petitions")
    townships = sorted({spot.township.code for spot in world.spots})
    having = dice.sample(townships, len(townships) - TOWNSHIPS_WITHOUT_PETITION)
    days = _days(dice, first)
    found: list[Living] = []
    for nth, (day, this_year) in enumerate(days):
        place = having[sum(one for _, one in days[:nth]) % len(having)] if this_year else dice.choice(townships)
        found.append(_lived(dice, world, seed, number + nth + 1, day, place))
    return found


def _days(dice: random.Random, first: date) -> list[tuple[date, bool]]:
    """Return the days of all petitions in order, each with whether it is of this year."""
    before = first.replace(year=first.year - 1)
    found = []
    for half, counts in enumerate(PETITIONS):
        for this_year, (start, count) in enumerate(zip((before, first), counts, strict=True)):
            months = months_of(start)
            since, until = months[half * MONTHS // 2], months[(half + 1) * MONTHS // 2]
            found += [(since + timedelta(days=dice.randrange((until - since).days)), bool(this_year)) for _ in range(count)]
    return sorted(found)


def _lived(dice: random.Random, world: World, seed: int, sequence: int, day: date, township: str) -> Living:
    """Return a petition that is one in the end: what was rejected or withdrawn is drawn anew."""
    spots = [nth for nth, spot in enumerate(world.spots) if spot.township.code == township]
    for _ in range(_TRIES):
        nth, spot = dice.randrange(10**9), dice.choice(spots)
        category = world.policies.category(dice.choice(_CATEGORIES))
        assert category is not None
        at = datetime.combine(day, time(9 + dice.randrange(7), dice.randrange(60)), SHANGHAI)
        quality = world.quality[world.spots[spot].township.id]
        plan = Plan(nth, at, dice.randrange(10_000), spot, False, category, "petition", "complaint", quality, False, None, 0)
        living = Living(world, plan, seed, sequence)
        with ids_made_by(living.life.ids):
            living.begin()
            living.live()
        if living.life.status not in _COUNTED:
            return living
    raise RuntimeError("no petition came to anything")


async def write_petitions(connection: asyncpg.Connection, world: World, seed: int, lives: Sequence[Living]) -> None:
    """Write the tickets with everything beside them, and how each was received."""
    await write_block(connection, lives, [living.life.facts() for living in lives], journal=True)
    dice, clerk = random.Random(f"{seed}/receptions"), world.staff[world.root.id][0]
    rows: list[dict[str, Any]] = []
    for nth, living in enumerate(lives):
        complaint = living.told[0].complaint
        people = dice.randrange(*_GROUP) if nth % _ONE_IN_GROUPS == 0 else 1
        rows.append(
            {
                "complaint_id": complaint["id"],
                "form": "visit",
                "people": people,
                "received_on": local_day(living.plan.received_at),
                "written_on": None,
                "postmark": None,
                "repeated": dice.random() < _AGAIN,
                "agent_account_id": None,
                "received_by_account_id": clerk.account_id,
                "recorded_at": complaint["received_at"],
            }
        )
    await copy_rows(connection, Reception, rows)
