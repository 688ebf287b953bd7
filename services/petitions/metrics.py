"""The petitions' figures: what each counts, and what changed since. Pure.

A petition (信访) is a ticket that came by a visit or a letter; its counting unit is 宗. Change is always shown with the numbers it is of: a
drop of 41.67 % may be from 12 to 7. A definition never changes; another one gets the next version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.platform.errors import NotFound
from services.platform.rounding import decimal_text, percent_text

NOTHING = "—"
FAMILY = "petitions"
GROUP_AT_LEAST = 5
"""From how many visitors on a visit is one of a group (集体访)."""

Kind = Literal["count", "sum", "rate"]


@dataclass(frozen=True)
class PetitionMetric:
    """A definition. `unit` is the counting unit."""

    id: str
    version: int
    name: str
    english: str
    kind: Kind
    unit: str
    numerator: str
    denominator: str = ""
    note: str = ""
    period: str = "按受理日"
    family: str = FAMILY

    @property
    def key(self) -> str:
        """Id and version: what a figure is labelled with."""
        return f"{self.id}@{self.version}"


_WHAT = "本期受理的来访、来信工单"
_NOTE = "不予受理、撤销、合并的不计;代办另计。网上、热线渠道的诉求不计入信访。"
_WHERE = "本期没有受理来访、来信的镇(街道)"
_ZERO_NOTE = "按诉求发生地;未定位到镇的信访不属于任何镇,另列。"
DEFINITIONS = (
    PetitionMetric("petitions", 1, "信访量", "Petitions", "count", "宗", _WHAT, note=_NOTE),
    PetitionMetric("group_petitions", 1, "集体访", "Petitions of groups", "count", "宗", f"其中{GROUP_AT_LEAST}人以上来访的", note=_NOTE),
    PetitionMetric("group_petition_people", 1, "集体访人次", "Visitors of groups", "sum", "人次",
                   f"{GROUP_AT_LEAST}人以上来访的来访人数之和",                   note="同一人多次来访的,每次均计。"),
    PetitionMetric("repeat_petitions", 1, "重复信访", "Petitions brought again", "count", "宗",
                   "其中登记为同一人就同一事项再次提出的", note=_NOTE),
    PetitionMetric("zero_petition_townships", 1, "零上访镇", "Townships without petitions", "count", "个", _WHERE, note=_ZERO_NOTE),
    PetitionMetric("zero_petition_rate", 1, "零上访镇占比", "Share of townships without petitions", "rate", "%", _WHERE,
                   "现有的全部镇(街道)", _ZERO_NOTE),
)  # fmt: skip
METRICS: Mapping[str, PetitionMetric] = {metric.id: metric for metric in DEFINITIONS}
LISTED = ("petitions", "group_petitions", "group_petition_people", "repeat_petitions")
"""Figures with tickets behind them; townships are listed in the report itself."""


def metric_named(name: str) -> PetitionMetric:
    """Return the metric ``id`` or ``id@version`` that has tickets; raise NotFound ``metric.unknown``, naming those there are."""
    metric = METRICS.get(name.partition("@")[0])
    if metric is None or metric.id not in LISTED or name not in (metric.id, metric.key):
        known = {"known": [METRICS[found].key for found in LISTED]}
        raise NotFound("metric.unknown", "There is no figure of petitions of this name and version; `known` lists those.", extra=known)
    return metric


@dataclass(frozen=True)
class Change:
    """What a figure was, and what became different: the difference, and in percent of what it was. None where that is no data."""

    then: int | None
    difference: int | None
    percent: str | None
    shown: str


def change(now: int | None, then: int | None) -> Change:
    """Return the change from `then` to `now`; from nothing there is no percentage."""
    if now is None or then is None:
        return Change(then, None, None, NOTHING)
    difference = now - then
    size = decimal_text(100 * abs(difference), then, 2)
    percent = None if size is None else f"{'-' if difference < 0 else '+' if difference else ''}{size}"
    shown = f"{difference:+}" if difference else "0"
    return Change(then, difference, percent, shown + (f"({percent}%)" if percent else ""))


def share_text(above: int, below: int) -> str:
    """Return a share in percent, a dash of nothing."""
    percent = percent_text(above, below)
    return NOTHING if percent is None else f"{percent}%"
