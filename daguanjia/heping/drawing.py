"""What happened in the year, drawn from the seed. Pure: the same seed and the same villages are the same year.

Days, not instants, order it: everything of a township's month is written down at the end of that month.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from daguanjia.county import land
from daguanjia.heping import words as w
from daguanjia.heping.proportions import MATTERS, Proportions
from services.platform.clock import SHANGHAI

MONTHS = 12
SERVICE_DAYS = (15, 16)
_AD_HOC, _CLOSED_DOOR, _REFUSED = 0.12, 0.05, 0.003
_ANSWERING, _WITNESSED, _UNSETTLED, _CLOSED = 0.8, 0.9, 0.05, 0.8
_SENDS_MONEY, _PLEDGED_ABOVE, _SPENT = 0.45, 1.06, 0.97
_UNIT_OF_MONEY = 1_000_000
"""Money comes in whole ten thousands of yuan, but for what is left over: in fen."""


@dataclass(frozen=True, slots=True)
class Home:
    """A household: its village and grid by number, its number in the register, how many live there, and who looks after it."""

    village: int
    grid: int
    number: str
    people: int
    member: int


@dataclass(slots=True)
class Call:
    """A visit or an attempt. `opinion`: what was said at it. `follows`: the attempt before it, by its place in the year's calls."""

    home: int
    at: datetime
    outcome: str
    service_month: date | None
    follows: int | None = None
    rebooked_for: date | None = None
    opinion: int | None = None


@dataclass(slots=True)
class Said:
    """An opinion. `thing`: what was done about it; `matter`: the matter of the register it is part of; `open`: nothing came of it yet."""

    call: int
    kind: int
    witnessed: bool
    thing: int | None = None
    matter: int | None = None
    is_open: bool = False


@dataclass(slots=True)
class Done:
    """A thing that was done, the opinions it was done about (none: nobody had to ask), and the money for it in fen: came and spent."""

    village: int
    day: date
    kind: int
    member: int
    opinions: list[int] = field(default_factory=list)
    fen: int = 0


@dataclass(frozen=True, slots=True)
class Helped:
    """Help for so many persons of a household, on each of `days`; over on the last of them where `closed`."""

    home: int
    kind: int
    persons: int
    days: tuple[date, ...]
    closed: bool


@dataclass(frozen=True, slots=True)
class Quarrel:
    """A dispute between two households of a village: opened, talked over, ended."""

    village: int
    kind: int
    opened_on: date
    ended_on: date
    settled: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """A trouble that several told, and that came into the county's register."""

    village: int
    kind: int
    opinions: tuple[int, ...]
    day: date


@dataclass(frozen=True, slots=True)
class Year:
    """Everything that happened from `first` to `last`, both included."""

    first: date
    last: date
    homes: Sequence[Home]
    calls: Sequence[Call]
    said: Sequence[Said]
    done: Sequence[Done]
    helped: Sequence[Helped]
    quarrels: Sequence[Quarrel]
    matters: Sequence[Registered]


def months_of(first: date) -> list[date]:
    """Return the first days of the twelve months from `first`, itself the first of one, and of the one after."""
    months = [first.year * 12 + first.month - 1 + nth for nth in range(MONTHS + 1)]
    return [date(month // 12, month % 12 + 1, 1) for month in months]


def homes_of(wanted: Proportions, villages: Sequence[Sequence[str]]) -> list[Home]:
    """Return the households of these villages, each the codes of its grids. Neighbours have the same member."""
    codes = [code for grids in villages for code in grids]
    counts = land.shared(wanted.households, {code: 0.4 + 1.2 * land.chance("homes", code) for code in codes})
    found: list[Home] = []
    grid = 0
    for village, grids in enumerate(villages):
        number = 0
        for code in grids:
            for _ in range(counts[code]):
                number += 1
                people = 2 + int(5 * land.chance("people", code, number))
                member = len(found) * wanted.members // wanted.households
                found.append(Home(village, grid, f"{number:04}", people, member))
            grid += 1
    return found


def draw(seed: int, wanted: Proportions, first: date, homes: Sequence[Home]) -> Year:
    """Return the year from `first` on, the first day of a month."""
    months = months_of(first)
    calls = _calls(random.Random(f"{seed}/calls"), wanted, months, homes)
    said = _said(random.Random(f"{seed}/said"), wanted, calls)
    last = months[-1] - timedelta(days=1)
    done = _done(random.Random(f"{seed}/done"), wanted, (first, last), homes, calls, said)
    _share_money(random.Random(f"{seed}/money"), wanted.fen, done)
    matters = _registered(homes, calls, said, last)
    _leave_open(said, calls, last)
    helped = _helped(random.Random(f"{seed}/help"), wanted.helped, (first, last), homes)
    quarrels = _quarrels(random.Random(f"{seed}/quarrels"), wanted.settled, (first, last), homes)
    return Year(first, last, homes, calls, said, done, helped, quarrels, matters)


def _calls(dice: random.Random, wanted: Proportions, months: Sequence[date], homes: Sequence[Home]) -> list[Call]:
    """Every household is called on, as far as there are visits; the others fall where they fall."""
    times = [0] * len(homes)
    everybody = list(range(len(homes)))
    dice.shuffle(everybody)
    for nth in everybody[: wanted.visits]:
        times[nth] += 1
    for nth in dice.choices(everybody, k=max(0, wanted.visits - len(homes))):
        times[nth] += 1
    calls: list[Call] = []
    for home, count in enumerate(times):
        chosen = sorted(dice.sample(range(MONTHS), count) if count <= MONTHS else dice.choices(range(MONTHS), k=count))
        for month in chosen:
            _call_on(dice, calls, home, months[month], months[month + 1])
        if dice.random() < _REFUSED:
            month = dice.randrange(MONTHS)
            calls.append(Call(home, _at(dice, months[month].replace(day=SERVICE_DAYS[0])), "refused", months[month]))
    return calls


def _call_on(dice: random.Random, calls: list[Call], home: int, month: date, after: date) -> None:
    """Call on a household in a month: on a service day, between them, or after a door that stayed closed."""
    if dice.random() < _AD_HOC:
        day = month + timedelta(days=dice.randrange((after - month).days))
        calls.append(Call(home, _at(dice, day), "met", month if day.day in SERVICE_DAYS else None))
        return
    day = month.replace(day=dice.choice(SERVICE_DAYS))
    if dice.random() < _CLOSED_DOOR:
        again = day + timedelta(days=dice.randrange(1, 5))
        calls.append(Call(home, _at(dice, day), "absent", month, rebooked_for=again))
        calls.append(Call(home, _at(dice, again), "met", month, follows=len(calls) - 1))
        return
    calls.append(Call(home, _at(dice, day), "met", month))


def _at(dice: random.Random, day: date) -> datetime:
    return datetime.combine(day, time(8 + dice.randrange(10), dice.randrange(60), dice.randrange(60)), SHANGHAI)


def _said(dice: random.Random, wanted: Proportions, calls: Sequence[Call]) -> list[Said]:
    met = [nth for nth, call in enumerate(calls) if call.outcome == "met"]
    found = []
    for place, nth in enumerate(sorted(dice.sample(met, min(wanted.opinions, len(met))))):
        calls[nth].opinion = place
        found.append(Said(nth, dice.randrange(len(w.TROUBLES)), dice.random() < _WITNESSED))
    return found


def _done(
    dice: random.Random, wanted: Proportions, days: tuple[date, date], homes: Sequence[Home], calls: Sequence[Call], said: Sequence[Said]
) -> list[Done]:
    """As many opinions led to something as things were done. One thing may answer several of a village; others nobody had to ask for."""
    led = sorted(
        dice.sample(range(len(said)), min(wanted.things, len(said))),
        key=lambda nth: (homes[calls[said[nth].call].home].village, calls[said[nth].call].at, nth),
    )
    together = {b for a, b in pairwise(led) if homes[calls[said[a].call].home].village == homes[calls[said[b].call].home].village}
    joined = set(dice.sample(sorted(together), min(len(together), len(led) - int(len(led) * _ANSWERING))))
    found: list[Done] = []
    for nth in led:
        home = homes[calls[said[nth].call].home]
        if nth not in joined:
            found.append(Done(home.village, days[0], said[nth].kind, home.member))
        found[-1].opinions.append(nth)
        said[nth].thing = len(found) - 1
    for thing in found:
        heard = max(calls[said[nth].call].at.date() for nth in thing.opinions)
        thing.day = min(heard + timedelta(days=dice.randrange(3, 40)), days[1])
    length = (days[1] - days[0]).days + 1
    while len(found) < wanted.things:
        home = dice.choice(homes)
        day = days[0] + timedelta(days=dice.randrange(length))
        found.append(Done(home.village, day, dice.randrange(len(w.TROUBLES)), home.member))
    return found


def _share_money(dice: random.Random, fen: int, done: Sequence[Done]) -> None:
    """Share `fen` among some of the things, every fen of it."""
    whole, rest = divmod(fen, _UNIT_OF_MONEY)
    if not whole:
        done[0].fen = rest
        return
    chosen = dice.sample(range(len(done)), max(1, min(whole, int(len(done) * _SENDS_MONEY))))
    for code, units in land.shared(whole, {f"{nth:06}": 0.2 + dice.random() ** 3 for nth in chosen}).items():
        done[int(code)].fen = units * _UNIT_OF_MONEY
    done[chosen[0]].fen += rest


def _registered(homes: Sequence[Home], calls: Sequence[Call], said: Sequence[Said], last: date) -> list[Registered]:
    """The troubles that most households of a village told and nothing was done about, one of a village."""
    told: dict[tuple[int, int], list[int]] = {}
    for nth, one in enumerate(said):
        if one.thing is None:
            told.setdefault((homes[calls[one.call].home].village, one.kind), []).append(nth)
    found: list[Registered] = []
    for (village, kind), opinions in sorted(told.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(found) < MATTERS and all(one.village != village for one in found):
            heard = max(calls[said[nth].call].at.date() for nth in opinions)
            found.append(Registered(village, kind, tuple(opinions), min(heard + timedelta(days=10), last)))
    found.sort(key=lambda one: (one.day, one.village))
    for number, trouble in enumerate(found):
        for nth in trouble.opinions:
            said[nth].matter = number
    return found


def _leave_open(said: Sequence[Said], calls: Sequence[Call], last: date) -> None:
    """Nothing has become yet of some that were heard in the last two weeks: one in three."""
    for nth, one in enumerate(said):
        late = calls[one.call].at.date() > last - timedelta(days=14)
        one.is_open = late and one.thing is None and one.matter is None and nth % 3 == 0


def _helped(dice: random.Random, wanted: int, days: tuple[date, date], homes: Sequence[Home]) -> list[Helped]:
    """Whole households, until there are as many persons; many are helped again, which makes nobody another person."""
    order = list(range(len(homes)))
    dice.shuffle(order)
    found: list[Helped] = []
    for home in order:
        if wanted <= 0:
            break
        persons = min(homes[home].people, wanted)
        wanted -= persons
        length = (days[1] - days[0]).days + 1
        times = 1 + (dice.random() < 0.4) + (dice.random() < 0.1)  # noqa: PLR2004  shares
        on = sorted(days[0] + timedelta(days=dice.randrange(length)) for _ in range(times))
        found.append(Helped(home, dice.randrange(len(w.HELP)), persons, tuple(on), dice.random() < _CLOSED))
    return found


def _quarrels(dice: random.Random, settled: int, days: tuple[date, date], homes: Sequence[Home]) -> list[Quarrel]:
    found = []
    for nth in range(settled + round(settled * _UNSETTLED)):
        length = (days[1] - days[0]).days + 1
        opened = days[0] + timedelta(days=dice.randrange(length))
        ended = min(opened + timedelta(days=dice.randrange(1, 30)), days[1])
        found.append(Quarrel(dice.choice(homes).village, dice.randrange(len(w.QUARRELS)), opened, ended, nth < settled))
    return found


def pledged_of(fen: int) -> int:
    """Return what was pledged for a thing for which `fen` came."""
    return int(fen * _PLEDGED_ABOVE)


def spent_of(fen: int) -> int:
    """Return what was spent of `fen`."""
    return int(fen * _SPENT)
