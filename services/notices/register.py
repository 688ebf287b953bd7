"""What of a registered matter anybody may read (挂号销号公示): a number, a kind of the catalogue, a place, units, days and counts. Pure.

Nobody's words are in it: neither the title nor what anybody told. Households stand in bands. Where fewer than `k` told of a matter its
place is told as a township only, so that nobody can be found behind it. What the catalogue does not hold plainly public is not listed.
What is told of a matter was counted once, when it became a focus issue, and never again: no two answers can be subtracted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Phase = Literal["notice", "registered", "struck_off"]
PHASES: dict[Phase, str] = {"notice": "销号公示中", "registered": "办理中", "struck_off": "已销号"}
WIDE = ("township", "county", "city")
"""Tiers of places that are told whoever told of a matter."""
_EDGES = (10, 30, 100)


@dataclass(frozen=True, slots=True)
class Told:
    """Who told of a matter when it was determined: how many times in all, by how many households."""

    tellings: int
    households: int

    def few(self, k: int) -> bool:
        """Tell whether people told of it, and fewer than `k` households: somebody who knows the village might know who."""
        return self.tellings > 0 and self.households < k


def band(told: Told, k: int) -> str:
    """Return the band that is published: ``10至29户``; of a legacy problem that nobody told there is none."""
    if told.tellings == 0:
        return "历史遗留问题，未统计"
    if told.households < k:
        return f"不足{k}户"
    edges = [k, *(edge for edge in _EDGES if edge > k)]
    low = max(edge for edge in edges if edge <= told.households)
    high = next((edge - 1 for edge in edges if edge > told.households), None)
    return f"{low}户以上" if high is None else f"{low}至{high}户" if high > low else f"{low}户"


def place_told(path_names: Sequence[tuple[str, str]], told: Told, k: int) -> str | None:
    """Return the place that is published, of (tier, name) from the place itself upwards; None where no wide enough one is known."""
    if not told.few(k):
        return path_names[0][1] if path_names else None
    return next((name for tier, name in path_names if tier in WIDE), None)


def phase_of(state: str, notice: tuple[date, date] | None, today: date) -> Phase | None:
    """Return what is said of a matter: in its days of notice, in the register, or struck off; None of one that never was registered."""
    if state == "struck_off":
        return "struck_off"
    if state in ("determined", "declined"):
        return None
    return "notice" if notice is not None and notice[0] <= today <= notice[1] else "registered"


def may_be_listed(category_privacy: str | None) -> bool:
    """Tell whether a kind of matter is plainly public in the catalogue."""
    return category_privacy == "normal"
