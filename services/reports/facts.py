"""What a ticket is to reports: one frozen fact, and the pure functions that its verdicts are.

A fact is made by folding the events of its ticket (`folding.py`). The verdicts, all about the newest round and its resolve clock:

- *counted*: not rejected, cancelled or merged. Those are left out of every figure, and their number is stated beside it.
- *completed* (办结): its status is closed. A reopened ticket is no longer completed; what it was is in its rounds.
- *on time* (按期办结): closed at or before the due instant as it stands, extensions and suspensions granted included.
- *on first time*: closed at or before the due instant as it was first set.
- *disposed on time*: the disposal ended (the clock stopped) at or before the due instant, whenever it was verified and closed.

Without a due instant, or before completion, the last three are None: neither kept nor missed.

- *accepted on time* (及时接收), *answered on time* (按时反馈): the first accept clock, and the answer clock, of the round stopped by
  its due instant. None where there was no such clock or it has not stopped.
- *direct* (直接办理): completed by the very desk that watches over it. *resolved*: the work is done, whatever was verified since.
- *deferred* (缓办): suspended now. *paused*, *extended*, *returned*, *passed_on*: ever suspended, granted more time, returned, handed off.
- *settled* (首次办结): when it was closed for the first time, and at which tier it was held then. *reopened*: a further round began after a
  closing. *raised*: within 60 days of that first closing a unit of a higher tier had to take it on.

About what the complainants said (回访), all of the newest round in which somebody was called or spoke of their own:

- *reached*: somebody was spoken to. Nobody was, however often it was tried: False, and the next three are None.
- *contacted*, *solved*, *satisfied*: the newest word on each, apart; None where nothing was said of it. No answer is no word.

*reworked* (返工): there was a second round. *unreasonable*: the demand of the newest round was adjudicated to be unreasonable, and no
appeal is open. Such a ticket is left out of the figures after removal (剔除后), and only there.

Durations are whole minutes from first instant to last, over all rounds, rounded to two significant digits (`rounded_minutes`): so that
a median can be read from sums and is yet exact for what it says. *Net* leaves out the time the resolve clock was paused.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from services.organization.tree import UnitTree

EXCLUDED = ("rejected", "cancelled", "merged")
PLACES = ("city", "county", "township", "village", "community", "grid")
"""Kinds of unit that are areas; stations and departments stand beside the ladder, whatever their tier."""
LADDER = ("county", "township", "village", "grid")
TIERS = ("grid", "village", "township", "county", "city")
"""From the lowest to the highest."""
RAISED_WITHIN = timedelta(days=60)
_EXACT_BELOW = 100


class Fact(NamedTuple):
    """A row of `report_facts`, in the order of its columns. A plain tuple: there are thousands a second.

    `version` and `known_at` are of the event that made it so: later ones that changed nothing here leave both as they are.
    """

    ticket_id: UUID
    number: str
    version: int
    known_at: datetime
    round: int
    status: str
    source: str
    channel: str
    category_code: str | None
    urgency: str
    privacy: str
    area_path: str
    township_path: str | None
    village_path: str | None
    grid_path: str | None
    tier: str | None
    lead_unit_id: UUID | None
    lead_member_id: UUID | None
    desk_unit_id: UUID | None
    received_at: datetime
    dispatched_at: datetime | None
    accepted_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    completed_at: datetime | None
    due_at: datetime | None
    first_due_at: datetime | None
    disposed_at: datetime | None
    counted: bool
    dispatched: bool
    completed: bool
    resolved: bool
    direct: bool
    on_time: bool | None
    on_first_time: bool | None
    disposed_on_time: bool | None
    accepted_on_time: bool | None
    answered_on_time: bool | None
    deferred: bool
    paused: bool
    extended: bool
    returned: bool
    passed_on: bool
    settled_at: datetime | None
    settled_tier: str | None
    reopened: bool
    raised: bool
    called_at: datetime | None
    reached: bool | None
    contacted: bool | None
    solved: bool | None
    satisfied: bool | None
    reworked: bool
    unreasonable: bool
    dispatch_minutes: int | None
    accept_minutes: int | None
    work_minutes: int | None
    work_net_minutes: int | None
    close_minutes: int | None
    close_net_minutes: int | None


class Places:
    """Which township, village and grid a tree path lies in; `tiers` gives the tier of each unit by its code."""

    def __init__(self, tiers: Mapping[str, str]) -> None:
        self._tiers = tiers
        self._known: dict[str, tuple[str | None, ...]] = {}

    @classmethod
    def of_units(cls, units: Iterable[Any]) -> "Places":
        """Return the places of `units`, which have a code, a kind and a tier."""
        return cls({unit.code: unit.tier if unit.kind in PLACES else "" for unit in units})

    @classmethod
    def of_tree(cls, tree: UnitTree) -> "Places":
        """Return the places of a tree, made once for each."""
        found = _of_trees.get(tree)
        if found is None:
            found = _of_trees[tree] = cls.of_units(tree.by_code.values())
        return found

    def knows(self, path: str) -> bool:
        """Tell whether every unit on `path` is known."""
        return path in self._known or all(code in self._tiers for code in path.strip("/").split("/"))

    def of(self, path: str) -> tuple[str | None, ...]:
        """Return the paths of the county, township, village and grid that `path` lies in; None for those it does not reach."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = tuple(self._at(path, tier) for tier in LADDER)
        return found

    def at(self, path: str, tier: str) -> str | None:
        """Return the path of the unit of `tier` that `path` lies in, None where it does not reach that deep."""
        return self.of(path)[LADDER.index(tier)]

    def _at(self, path: str, tier: str) -> str | None:
        end = 0
        for code in path.strip("/").split("/"):
            end += len(code) + 1
            if self._tiers.get(code) == tier:
                return path[: end + 1]
        return None


_of_trees: WeakKeyDictionary[UnitTree, Places] = WeakKeyDictionary()


def rounded_minutes(begin: datetime | None, end: datetime | None, less: timedelta = timedelta()) -> int | None:
    """Return the minutes from `begin` to `end` without `less`, to two significant digits, halves up; None without both, never below 0."""
    if begin is None or end is None:
        return None
    minutes = max(int((end - begin - less).total_seconds()) // 60, 0)
    if minutes < _EXACT_BELOW:
        return minutes
    size: int = 10 ** (len(str(minutes)) - 2)
    return (2 * minutes + size) // (2 * size) * size


def higher(tier: str | None, than: str | None) -> bool:
    """Tell whether a tier lies above another; an unknown one does not."""
    return tier in TIERS and than in TIERS and TIERS.index(tier) > TIERS.index(than)
