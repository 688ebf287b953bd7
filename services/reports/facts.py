"""What a ticket is to reports: pure functions from its present state to one frozen fact.

The verdicts, all about the newest round and its resolve clock:

- *counted*: not rejected, cancelled or merged. Those are left out of every figure, and their number is stated beside it.
- *completed* (办结): its status is closed. A reopened ticket is no longer completed; what it was is in its rounds.
- *on time* (按期办结): closed at or before the due instant as it stands, extensions and suspensions granted included.
- *on first time*: closed at or before the due instant as it was first set.
- *disposed on time*: the disposal ended (the clock stopped) at or before the due instant, whenever it was verified and closed.

Without a due instant, or before completion, the last three are None: neither kept nor missed.

About what the complainants said (回访), all of the newest round in which somebody was called or spoke of their own:

- *reached*: somebody was spoken to. Nobody was, however often it was tried: False, and the next three are None.
- *contacted*, *solved*, *satisfied*: the newest word on each, apart; None where nothing was said of it. No answer is no word.

*reworked* (返工): there was a second round. *unreasonable*: the demand of the newest round was adjudicated to be unreasonable, and no
appeal is open. Such a ticket is left out of the figures after removal (剔除后), and only there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

EXCLUDED = ("rejected", "cancelled", "merged")
PLACES = ("city", "county", "township", "village", "community", "grid")
"""Kinds of unit that are areas; stations and departments stand beside the ladder, whatever their tier."""
LADDER = ("county", "township", "village", "grid")


class Fact(NamedTuple):
    """A row of `report_facts`, in the order of its columns. A plain tuple: there are thousands a second."""

    ticket_id: UUID
    number: str
    version: int
    round: int
    status: str
    source: str
    channel: str
    category_code: str | None
    urgency: str
    area_path: str
    township_path: str | None
    village_path: str | None
    grid_path: str | None
    lead_unit_id: UUID | None
    desk_unit_id: UUID | None
    received_at: datetime
    closed_at: datetime | None
    completed_at: datetime | None
    due_at: datetime | None
    first_due_at: datetime | None
    disposed_at: datetime | None
    counted: bool
    completed: bool
    on_time: bool | None
    on_first_time: bool | None
    disposed_on_time: bool | None
    called_at: datetime | None
    reached: bool | None
    contacted: bool | None
    solved: bool | None
    satisfied: bool | None
    reworked: bool
    unreasonable: bool


class Places:
    """Which township, village and grid a tree path lies in; `tiers` gives the tier of each unit by its code."""

    def __init__(self, tiers: Mapping[str, str]) -> None:
        self._tiers = tiers
        self._known: dict[str, tuple[str | None, ...]] = {}

    @classmethod
    def of_units(cls, units: Iterable[Any]) -> "Places":
        """Return the places of `units`, which have a code, a kind and a tier."""
        return cls({unit.code: unit.tier if unit.kind in PLACES else "" for unit in units})

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


def fact_of(ticket: Mapping[str, Any], places: Places) -> Fact:
    """Return the fact of a ticket: its columns, with what :data:`services.reports.counting.TICKET_STATE` joins to them."""
    status: str = ticket["status"]
    completed_at = ticket["closed_at"] if status == "closed" else None
    due_at, first_due_at, disposed_at = ticket["due_at"], ticket["first_due_at"], ticket["disposed_at"]
    judged = completed_at is not None and due_at is not None
    _county, township, village, grid = places.of(ticket["area_path"])
    return Fact(
        ticket["id"],
        ticket["number"],
        ticket["version"],
        ticket["round"],
        status,
        ticket["source"],
        ticket["channel"],
        ticket["category_code"],
        ticket["urgency"],
        ticket["area_path"],
        township,
        village,
        grid,
        ticket["lead_unit_id"],
        ticket["desk_unit_id"],
        ticket["received_at"],
        ticket["closed_at"],
        completed_at,
        due_at,
        first_due_at,
        disposed_at,
        counted=status not in EXCLUDED,
        completed=completed_at is not None,
        on_time=completed_at <= due_at if judged else None,
        on_first_time=completed_at <= first_due_at if judged else None,
        disposed_on_time=(disposed_at is not None and disposed_at <= due_at) if judged else None,
        called_at=ticket["called_at"],
        reached=ticket["reached"],
        contacted=ticket["contacted"],
        solved=ticket["solved"],
        satisfied=ticket["satisfied"],
        reworked=ticket["round"] > 1,
        unreasonable=ticket["unreasonable"],
    )
