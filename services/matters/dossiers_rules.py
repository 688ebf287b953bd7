"""年终: what became of a matter in a year, which follow-ups were kept, and what a correction changes. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from services.platform.clock import day_end, day_start, local_day

NEVER_OPEN = frozenset({"determined", "declined", "struck_off"})
"""States in which a matter is not in the register, or no more; in every other one it waits to be struck off."""
MISSED_AT_MOST = 400
CAPACITIES = {"county": "县级督办", "township": "镇级督办", "village": "村级督办", "lead": "牵头单位责任人", "follower": "挂钩党员"}
OUTCOMES = {
    "accepted": "说明成立", "carry_over": "限期结转", "supervised": "挂牌督办", "criticised": "通报批评",
    "passed_to_discipline": "移送纪检监察", "no_answer": "逾期未作说明",
}  # fmt: skip
LEADING = frozenset({"department_officer", "county_supervisor", "township_dispatcher", "village_secretary"})
"""Posts that answer for a unit that leads a matter; whoever takes calls, counts or administers there does not."""
_KEYS = ("number", "id", "member_id", "code", "year", "capacity", "due_on", "unit", "on")
_PARTS = {
    "counts": "数量",
    "lists": "名单",
    "matters": "事项",
    "persons": "责任人",
    "blockers": "梗阻",
    "follow_ups": "跟进",
    "money": "资金",
    "questions": "质询",
    "answers": "说明",
    "outcomes": "处理",
    "history": "经过",
    "hand_offs": "移交",
    "milestones": "节点",
    "tasks": "任务",
    "supervision": "督办",
    "before": "往年质询",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """From an instant on a matter was in a state."""

    at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Year:
    """A year as a dossier sees it: from its first instant to `end`, which is the year's end, or the present of a year that goes on."""

    number: int
    at: datetime

    @property
    def start(self) -> datetime:
        """The first instant of the year in Asia/Shanghai."""
        return day_start(date(self.number, 1, 1))

    @property
    def over(self) -> bool:
        """Whether its last day had passed at `at`."""
        return self.at >= day_end(date(self.number, 12, 31))

    @property
    def end(self) -> datetime:
        """The instant as of which matters are open: the end of the year, exclusive, or `at`."""
        return min(self.at, day_end(date(self.number, 12, 31)))

    @property
    def last_day(self) -> date:
        """The day as of which things stand: the last of the year, or that of `at`."""
        return min(date(self.number, 12, 31), local_day(self.at))

    @property
    def first_day(self) -> date:
        """The first of January."""
        return date(self.number, 1, 1)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a matter in a year. Always: brought in + registered - struck off = open."""

    carried_in: bool
    registered: int
    struck_off: int
    open: bool
    years_before: tuple[int, ...] = ()


def fate_of(turns: Sequence[Turn], year: Year) -> Fate:
    """Return what became of a matter in a year, by the instants at which it was registered and struck off, oldest first."""
    end = year.end if year.over else year.end + timedelta(microseconds=1)  # what happens at this very instant has happened
    found = fate_between(turns, year.start, end)
    firsts = [turn.at for turn in turns if _open(turn)]
    began = firsts[0].year - 1 if firsts else year.number
    earlier = tuple(one for one in range(began, year.number) if _open_at(turns, day_end(date(one, 12, 31))))
    return replace(found, years_before=earlier)


def fate_between(turns: Sequence[Turn], start: datetime, end: datetime) -> Fate:
    """Return what became of a matter from `start` until just before `end`, by its states, oldest first."""
    steps = [(before, turn) for before, turn in pairwise([None, *turns]) if turn is not None and start <= turn.at < end]
    came = sum(_open(turn) and not _open(before) for before, turn in steps)
    went = sum(_open(before) and not _open(turn) for before, turn in steps)
    carried = _open_at(turns, start)
    return Fate(carried, came, went, bool(carried + came - went))


def _open(turn: Turn | None) -> bool:
    return turn is not None and turn.state not in NEVER_OPEN


def _open_at(turns: Iterable[Turn], instant: datetime) -> bool:
    """Tell whether a matter waited to be struck off just before an instant."""
    last = None
    for turn in turns:
        if turn.at < instant:
            last = turn
    return _open(last)


def missed_between(since: date, reported: Iterable[date], rhythm_days: int, first: date, last: date) -> list[date]:
    """Return the days from `first` to `last` by whose end somebody who follows since `since` was to report and did not.

    A report sets the rhythm anew; what nobody reported on its day is missed, however late the next report comes.
    """
    found: list[date] = []
    due = since + timedelta(days=rhythm_days)
    for report in [*sorted(day for day in reported if day <= last), None]:
        while (due < report if report is not None else due <= last) and len(found) < MISSED_AT_MOST:
            if due >= first:
                found.append(due)
            due += timedelta(days=rhythm_days)
        if report is not None:
            due = max(report, since) + timedelta(days=rhythm_days)
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """What a correction changes: where in the dossier, from what, to what; None where there was or is nothing."""

    where: str
    old: str | None
    new: str | None


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return everything that differs between two dossiers, in the order of the new one; entries are told apart by what they are of."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    found = [Change(where, before.get(where), value) for where, value in after.items() if before.get(where) != value]
    return found + [Change(where, value, None) for where, value in before.items() if where not in after]


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*path, _PARTS.get(str(key), str(key))))
    elif isinstance(value, list | tuple):
        taken: dict[str, int] = {}
        for item in value:
            name = _name(item)
            taken[name] = taken.get(name, 0) + 1
            yield from _leaves(item, (*path, name if taken[name] == 1 else f"{name}#{taken[name]}"))
    elif value is not None:
        yield " / ".join(path), str(value)


def _name(item: Any) -> str:
    """Return what an entry of a list is known by, whatever its place."""
    if not isinstance(item, Mapping):
        return str(item)
    return " ".join(str(item[key]) for key in _KEYS if isinstance(item.get(key), str | int)) or "-"
