"""What a bulletin is made of: figures with their definitions, counted at one instant and never changed afterwards. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Literal

from services.bulletins.periods import BulletinPeriod, When

Group = Literal["total", "unit", "channel", "category", "hand_off", "listed"]
Removal = Literal["kept", "removed"]


@dataclass(frozen=True)
class Counted:
    """One figure: of which period, of what (`group` and `key`), by which definition, before or after removal (剔除前、剔除后).

    `recorded` is false where the period lies before the first ticket: then there is no data, which is not nothing.
    """

    when: When
    group: Group
    key: str
    name: str
    metric: str
    numerator: int
    denominator: int | None = None
    removal: Removal = "kept"
    recorded: bool = True

    @property
    def id(self) -> str:
        """The metric without its version."""
        return self.metric.partition("@")[0]

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """What makes it this figure and no other."""
        return self.when, self.group, self.key, self.id, self.removal

    @property
    def no_data(self) -> bool:
        """Tell whether there is nothing to say: not 0 and not 0 %."""
        return not self.denominator if self.denominator is not None else not self.recorded and not self.numerator


@dataclass(frozen=True)
class Definition:
    """How a metric is defined, in the words printed at the end."""

    metric: str
    name: str
    numerator: str
    denominator: str
    note: str = ""
    may_exceed: bool = False


@dataclass(frozen=True)
class FrozenAnchor:
    """The newest anchor of the history when the figures were counted."""

    day: date
    number: int
    root: str
    key_id: str
    signature: str


@dataclass(frozen=True)
class FrozenFigures:
    """Everything a bulletin says in numbers. All figures are of the one instant `as_of`."""

    unit: str
    unit_name: str
    tier: str
    period: BulletinPeriod
    as_of: datetime
    decimals: int
    counted: tuple[Counted, ...]
    definitions: tuple[Definition, ...] = field(default=())
    anchor: FrozenAnchor | None = None

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str, str, str, str], Counted]:
        return {one.place: one for one in self.counted}

    def find(self, metric: str, when: When = "now", group: Group = "total", key: str = "", removal: Removal = "kept") -> Counted | None:
        """Return the figure of a metric, None where it was not counted."""
        return self._by_place.get((when, group, key, metric, removal))

    def total(self, metric: str, when: When = "now", removal: Removal = "kept") -> Counted:
        """Return the figure of a metric for everything; one without data where it was not counted."""
        found = self.find(metric, when, removal=removal)
        return found or Counted(when, "total", "", "", metric, 0, None, removal, recorded=False)

    def rows(self, group: Group) -> Iterator[tuple[str, str]]:
        """Yield key and name of each row of a group, in the order they were counted in: those of this period, then the rest."""
        yield from dict.fromkeys(
            (one.key, one.name) for one in sorted(self.counted, key=lambda one: one.when != "now") if one.group == group
        )
