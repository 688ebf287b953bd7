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


_RECEIVED, _CLOSED, _DUE, _CALLED = "按受理日", "按办结日", "按到期日", "按最近一次回访日"
_CALL_NOTE = "每件工单计最近一轮回访中最新的表态;电话、上门、微信、查询码、书面确认均计入。未接通、未表态者不计入,另见未接通量。"
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
    Metric(
        "first_time_fix_rate", 1, "一次办结率", "First-time-fix rate", ("closed_first_round",), ("closed",),
        "本期办结、至今只办理过一轮的工单", "本期办结的工单", _CLOSED,
        note="办结后在重办期限内被重办的,移出分子;再次办结时只计入分母。期限未满的工单仍可能被重办。",
    ),
    Metric(
        "rework_rate", 1, "返工率(重办/应办结)", "Rework rate of those due", ("due_reworked",), ("due",),
        "本期到期且办理过第二轮的工单", "本期到期的工单,含以前各期受理的", _DUE, note="到期时间为最近一轮处置时限的到期时间。",
    ),
    Metric("called", 1, "回访量", "Tickets called back", ("called",), (), "本期回访(含诉求人自行确认)的工单", "", _CALLED),
    Metric(
        "no_answer", 1, "回访未接通量", "Tickets whose complainants were not reached", ("called_unreached",), (),
        "本期回访、最近一轮中始终无人应答的工单", "", _CALLED, note="未接通不等于满意,不计入响应率、解决率、满意率。",
    ),
    Metric(
        "reach_rate", 1, "有效回访率", "Share of those called back who were reached", ("called_reached",), ("called",),
        "本期回访且已联系上诉求人的工单", "本期回访的工单", _CALLED,
    ),
    Metric(
        "response_rate", 1, "响应率", "Response rate", ("called_contacted",), ("called_contacted", "called_uncontacted"),
        "诉求人表示承办单位联系过本人的工单", "诉求人对是否联系作出表态的工单", _CALLED, note=_CALL_NOTE,
    ),
    Metric(
        "resolution_rate", 1, "解决率", "Resolution rate", ("called_solved",), ("called_solved", "called_unsolved"),
        "诉求人表示问题已解决的工单", "诉求人对是否解决作出表态的工单", _CALLED, note=_CALL_NOTE,
    ),
    Metric(
        "satisfaction_rate", 1, "满意率", "Satisfaction rate", ("called_satisfied",), ("called_satisfied", "called_dissatisfied"),
        "诉求人表示满意的工单", "诉求人对是否满意作出表态的工单", _CALLED, note=_CALL_NOTE,
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
