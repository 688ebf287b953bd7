"""The metrics: what each is called, what is divided by what, and how the result is written. Pure.

办结率 and 按期办结率 mean different things in different counties (received, due or closed tickets underneath), so every figure names its
definition as ``id@version``. A definition never changes; another one gets the next version or another id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.platform.errors import NotFound
from services.platform.rounding import percent_text
from services.reports.measures import COUNTERS, Basis

NOTHING = "—"
MOST_DECIMALS = 6


@dataclass(frozen=True)
class Metric:
    """A definition. `numerator` and `denominator` are counters that are added up; without denominator it is a plain count."""

    id: str
    version: int
    name: str
    english: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    numerator_words: str
    denominator_words: str
    period_words: str
    source: Literal["complaint", "discovered"] = "complaint"
    note: str = ""

    @property
    def key(self) -> str:
        """Id and version: what a figure is labelled with."""
        return f"{self.id}@{self.version}"

    def basis(self, part: Literal["numerator", "denominator"]) -> Basis:
        """Return the instant by which tickets of this part fall into a period: one for all counters of a part."""
        found = {COUNTERS[counter].basis for counter in (self.numerator if part == "numerator" else self.denominator)}
        (basis,) = found
        return basis


_RECEIVED, _CLOSED, _DUE = "按受理日", "按办结日", "按到期日"
_LATE_NOTE = "到期时间为处置时限的现行到期时间,含已批准的延期与挂起顺延。"
_DECLARED = (
    Metric("received", 1, "受理量", "Complaints received", ("received",), (), "本期受理的工单", "", _RECEIVED),
    Metric("completed", 1, "办结量", "Tickets closed", ("closed",), (), "本期办结的工单", "", _CLOSED),
    Metric("due", 1, "应办结量", "Tickets due", ("due",), (), "本期到期的工单,含以前各期受理的", "", _DUE, note=_LATE_NOTE),
    Metric(
        "discovered", 1, "自行发现量", "Matters discovered by grid workers", ("received",), (),
        "本期由网格员自行发现上报的工单", "", _RECEIVED, source="discovered", note="与群众诉求分开统计,不计入受理量。",
    ),
    Metric(
        "completion_rate_received", 1, "办结率(办结/受理)", "Completion rate of those received", ("received_completed",), ("received",),
        "本期受理且现已办结的工单", "本期受理的工单", _RECEIVED, note="分母为受理;随时间推移只会因办结上升、因重办下降。",
    ),
    Metric(
        "completion_rate_due", 1, "结案率(结案/应结案)", "Completion rate of those due", ("due_completed",), ("due",),
        "本期到期且现已办结的工单", "本期到期的工单,含以前各期受理的", _DUE, note=_LATE_NOTE,
    ),
    Metric(
        "completion_rate_flow", 1, "期内办结比(办结/受理)", "Closed in the period per received in the period", ("closed",), ("received",),
        "本期办结的工单,不论何时受理", "本期受理的工单", "分子按办结日,分母按受理日", note="分子分母不是同一批工单,可超过100%。",
    ),
    Metric(
        "on_time_rate", 1, "按期办结率(按期/办结)", "On-time rate of those closed", ("closed_on_time",), ("closed_on_time", "closed_late"),
        "本期办结且办结时间不晚于到期时间的工单", "本期办结且有处置时限的工单", _CLOSED, note=_LATE_NOTE,
    ),
    Metric(
        "on_time_rate_first", 1, "按原定时限办结率", "On-time rate against the first due instant",
        ("closed_on_first_time",), ("closed_on_time", "closed_late"),
        "本期办结且办结时间不晚于最初到期时间的工单", "本期办结且有处置时限的工单", _CLOSED, note="不计延期与挂起顺延。",
    ),
    Metric(
        "on_time_rate_disposal", 1, "按期处置率", "On-time rate of the disposal itself",
        ("closed_disposed_on_time",), ("closed_on_time", "closed_late"),
        "本期办结且处置完成时间不晚于到期时间的工单", "本期办结且有处置时限的工单", _CLOSED,
        note="只看承办单位的处置,不含其后的反馈与核查。" + _LATE_NOTE,
    ),
    Metric(
        "on_time_rate_due", 1, "按期结案率(按期/应结案)", "On-time completion of those due", ("due_on_time",), ("due",),
        "本期到期且办结时间不晚于到期时间的工单", "本期到期的工单,含以前各期受理的", _DUE, note=_LATE_NOTE,
    ),
)  # fmt: skip
METRICS: Mapping[str, Metric] = {metric.id: metric for metric in _DECLARED}


def metric_named(name: str) -> Metric:
    """Return the metric ``id`` or ``id@version``; raise NotFound, naming those there are."""
    metric = METRICS.get(name.partition("@")[0])
    if metric is None or name not in (metric.id, metric.key):
        known = {"known": [found.key for found in _DECLARED]}
        raise NotFound("metric.unknown", "There is no metric of this name and version; `known` lists those there are.", extra=known)
    return metric


@dataclass(frozen=True)
class Figure:
    """A figure with what it was made of. A rate without denominator, or a count outside of the recorded time, is no data: not 0."""

    numerator: int
    denominator: int | None
    value: int | str | None
    percent: str | None
    shown: str
    no_data: bool


def figure_of(metric: Metric, sums: Mapping[str, int], *, recorded: bool, decimals: int = 2) -> Figure:
    """Return the figure of `metric` for these sums by counter. `recorded`: the period touches the time figures are kept for."""
    numerator = sum(sums.get(counter, 0) for counter in metric.numerator)
    if not metric.denominator:
        no_data = not numerator and not recorded
        return Figure(numerator, None, None if no_data else numerator, None, NOTHING if no_data else str(numerator), no_data)
    denominator = sum(sums.get(counter, 0) for counter in metric.denominator)
    percent = percent_text(numerator, denominator, decimals)
    if percent is None:
        return Figure(numerator, 0, None, None, NOTHING, no_data=True)
    exact = Fraction(numerator, denominator)
    return Figure(numerator, denominator, f"{exact.numerator}/{exact.denominator}", percent, f"{percent}%", no_data=False)
