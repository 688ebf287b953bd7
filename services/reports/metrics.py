"""The metrics: what each is called, what is divided by what, and how the result is written. Pure.

办结率 and 按期办结率 mean different things in different counties (received, due or closed tickets underneath), so every figure names its
definition as ``id@version``. A definition never changes; another one gets the next version or another id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Literal

from services.platform.errors import NotFound
from services.platform.rounding import percent_text
from services.reports.measures import COUNTERS, Basis

NOTHING = "—"
MOST_DECIMALS = 6


@dataclass(frozen=True)
class Metric:
    """A definition. `numerator` and `denominator` are counters that are added up; without denominator it is a plain count.

    The counters of a part never count the same ticket twice. `less` are counters taken off the denominator: each counts only tickets that
    the denominator counts too, and none of the numerator. A metric of `measure` (`durations.MEASURES`) has no counters: it is told as the
    median and P90 of what its tickets took.
    """

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
    less: tuple[str, ...] = ()
    measure: str = ""

    @property
    def counters(self) -> tuple[str, ...]:
        """Every counter that the figure is made of, each once."""
        return tuple(dict.fromkeys((*self.numerator, *self.denominator, *self.less)))

    @property
    def key(self) -> str:
        """Id and version: what a figure is labelled with."""
        return f"{self.id}@{self.version}"

    def basis(self, part: Literal["numerator", "denominator"]) -> Basis:
        """Return the instant by which tickets of this part fall into a period: one for all counters of a part."""
        found = {COUNTERS[counter].basis for counter in (self.numerator if part == "numerator" else (*self.denominator, *self.less))}
        (basis,) = found
        return basis


_RECEIVED, _DISPATCHED, _CLOSED, _DUE = "按受理日", "按派单日", "按办结日", "按到期日"
_SETTLED, _CALLED = "按首次办结日", "按最近一次回访日"
_DEFERRED_NOTE = "缓办指现处于挂起状态;恢复办理后即重新计入分母。"
_SETTLED_NOTE = "层级以首次办结时承办单位所在层级为准,其后是否重办、上交均不改变。"
_PARTED_NOTE = "分母为全部回访,未接通、未表态者也计入分母;与只计表态者的口径不可直接比较。"
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
        "submitted", 1, "登记量(含不予受理、撤销、合并)", "Everything that came in", ("received", "rejected", "cancelled", "merged"), (),
        "本期登记的全部工单,含不予受理、撤销与合并的", "", _RECEIVED,
    ),
    Metric("dispatched", 1, "派单量", "Complaints dispatched", ("dispatched",), (), "本期派单的工单", "", _DISPATCHED),
    Metric(
        "settled", 1, "首次办结量", "Complaints closed for the first time", ("settled",), (), "本期首次办结的工单", "", _SETTLED,
        note="每件只计一次;其后重办的仍计在首次办结的那一天。",
    ),
    Metric(
        "closed_late", 1, "超期办结量", "Complaints closed late", ("closed_late",), (), "本期办结且办结时间晚于到期时间的工单", "", _CLOSED,
        note=_LATE_NOTE,
    ),
    Metric(
        "deferred", 1, "缓办量", "Complaints deferred now", ("due_deferred",), (), "本期到期且现处于挂起状态的工单", "", _DUE,
        note=_LATE_NOTE,
    ),
    Metric(
        "filing_rate", 1, "立案率(受理/登记)", "Share of what came in that was taken on",
        ("received",), ("received", "rejected", "cancelled", "merged"),
        "本期登记并受理的工单", "本期登记的全部工单,含不予受理、撤销与合并的", _RECEIVED,
    ),
    Metric(
        "dispatch_rate", 1, "派遣率(派单/受理)", "Share of those received that were dispatched", ("received_dispatched",), ("received",),
        "本期受理且已派单的工单", "本期受理的工单", _RECEIVED,
    ),
    Metric(
        "direct_rate", 1, "直办率(直接办理/受理)", "Share settled by the desk itself", ("received_direct",), ("received",),
        "本期受理且由督办单位自己办结、未交其他单位的工单", "本期受理的工单", _RECEIVED, note="现行口径以办结时的承办单位为准。",
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
        "completion_rate_due_less_deferred", 1, "结案率(结案/(应结案-缓办))", "Completion rate of those due and not deferred",
        ("due_completed",), ("due",), "本期到期且现已办结的工单", "本期到期的工单,扣除现处于缓办的", _DUE, note=_DEFERRED_NOTE + _LATE_NOTE,
        less=("due_deferred",),
    ),
    Metric(
        "completion_rate_resolved", 1, "办理完毕率(办理完毕/受理)", "Share of those received whose work is done",
        ("received_resolved",), ("received",), "本期受理且处置已完成的工单,不论是否已核查办结", "本期受理的工单", _RECEIVED,
        note="处置完成不等于办结:其后还有反馈、核查与回访。",
    ),
    Metric(
        "completion_rate_overall", 1, "综合办结率((办结+退回)/登记)", "Closed or turned back per all registered",
        ("received_completed", "rejected"), ("received", "rejected"), "本期登记且现已办结或不予受理退回的工单",
        "本期受理与不予受理退回的工单", _RECEIVED, note="退回指审核后不予受理;撤销与合并的不计。",
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
        "on_time_rate_due_less_deferred", 1, "按期结案率(按期/(应结案-缓办))", "On-time completion of those due and not deferred",
        ("due_on_time",), ("due",), "本期到期且办结时间不晚于到期时间的工单", "本期到期的工单,扣除现处于缓办的", _DUE,
        note=_DEFERRED_NOTE + _LATE_NOTE, less=("due_deferred",),
    ),
    Metric(
        "accept_on_time_rate", 1, "及时接收率", "Share accepted in time",
        ("dispatched_accepted_on_time",), ("dispatched_accepted_on_time", "dispatched_accepted_late"),
        "本期派单且首次签收不晚于签收时限的工单", "本期派单且已签收的工单", _DISPATCHED, note="尚未签收的不计入分子分母,另见超期清单。",
    ),
    Metric(
        "answer_on_time_rate", 1, "按时反馈率", "Share answered in time",
        ("closed_answered_on_time",), ("closed_answered_on_time", "closed_answered_late"),
        "本期办结且反馈不晚于反馈时限的工单", "本期办结且有反馈时限的工单", _CLOSED,
    ),
    Metric(
        "return_rate", 1, "回退率(退回/派单)", "Share returned", ("dispatched_returned",), ("dispatched",),
        "本期派单且被承办单位退回过的工单", "本期派单的工单", _DISPATCHED,
    ),
    Metric(
        "hand_off_rate", 1, "转手率(转手/派单)", "Share handed on", ("dispatched_passed_on",), ("dispatched",),
        "本期派单且被转交、上交过的工单", "本期派单的工单", _DISPATCHED, note="是否未办而转,见二传手报表。",
    ),
    Metric(
        "extension_rate", 1, "延期率(延期/应结案)", "Share granted more time", ("due_extended",), ("due",),
        "本期到期且获准延期过的工单", "本期到期的工单,含以前各期受理的", _DUE, note=_LATE_NOTE,
    ),
    Metric(
        "deferral_rate", 1, "缓办率(挂起过/应结案)", "Share ever suspended", ("due_paused",), ("due",),
        "本期到期且挂起过的工单,不论现在是否已恢复", "本期到期的工单,含以前各期受理的", _DUE, note=_LATE_NOTE,
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
    Metric(
        "redo_rate", 1, "重办率(重办/办结)", "Share of those closed that took more than one round", ("closed_reworked",), ("closed",),
        "本期办结、办理过第二轮的工单", "本期办结的工单", _CLOSED,
    ),
    Metric(
        "reopen_rate", 1, "重启率(办结后重办/首次办结)", "Share reopened after closing", ("settled_reopened",), ("settled",),
        "本期首次办结、其后又重新办理的工单", "本期首次办结的工单", _SETTLED, note="重办期限未满的工单仍可能重启,近期数字会上升。",
    ),
    Metric(
        "containment_village", 1, "小事不出村(村及以下办结/首次办结)", "Settled at village level or below",
        ("settled_grid", "settled_village"), ("settled",), "本期首次办结、由村或网格办结的工单", "本期首次办结的工单", _SETTLED,
        note=_SETTLED_NOTE,
    ),
    Metric(
        "containment_township", 1, "大事不出镇(镇及以下办结/首次办结)", "Settled at township level or below",
        ("settled_grid", "settled_village", "settled_township"), ("settled",), "本期首次办结、由镇、村或网格办结的工单",
        "本期首次办结的工单", _SETTLED, note=_SETTLED_NOTE,
    ),
    Metric(
        "raised_again_rate", 1, "办结后上行率(60日内)", "Share taken up again by a higher tier within 60 days",
        ("settled_raised",), ("settled",), "本期首次办结、此后60日内重启并由更高层级承办的工单", "本期首次办结的工单", _SETTLED,
        note="与小事不出村、大事不出镇并看:捂住不办的,会在这里显出来。60日未满的仍可能上行。",
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
    Metric(
        "satisfaction_rate_called", 1, "满意率(满意/全部回访)", "Satisfied per all called back", ("called_satisfied",), ("called",),
        "诉求人表示满意的工单", "本期回访的工单", _CALLED, note=_PARTED_NOTE,
    ),
    Metric(
        "resolution_rate_called", 1, "解决率(解决/全部回访)", "Solved per all called back", ("called_solved",), ("called",),
        "诉求人表示问题已解决的工单", "本期回访的工单", _CALLED, note=_PARTED_NOTE,
    ),
    Metric(
        "response_rate_called", 1, "响应率(联系/全部回访)", "Contacted per all called back", ("called_contacted",), ("called",),
        "诉求人表示承办单位联系过本人的工单", "本期回访的工单", _CALLED, note=_PARTED_NOTE,
    ),
)  # fmt: skip
METRICS: Mapping[str, Metric] = {metric.id: metric for metric in _DECLARED}
_MINUTES_NOTE = "分钟取两位有效数字;中位数、九成位取最小的、至少有一半(九成)工单不超过的时长。"
_GROSS_NOTE, _NET_NOTE = "含挂起的时间。", "不含处置时限挂起的时间。"


def _time(id_: str, measure: str, name: str, english: str, words: str, whose: str, period: str, note: str = "") -> Metric:
    return Metric(id_, 1, name, english, (), (), words, whose, period, note=note + _MINUTES_NOTE, measure=measure)


TIMES: Mapping[str, Metric] = {
    metric.id: metric
    for metric in (
        _time("dispatch_time", "dispatch", "派单用时", "Time to dispatch", "从受理到派单", "本期派单的工单", _DISPATCHED),
        _time("accept_time", "accept", "签收用时", "Time to accept", "从派单到首次签收", "本期派单且已签收的工单", _DISPATCHED),
        _time("work_time", "work", "办理用时", "Time of work", "从首次签收到处置完成", "本期办结的工单", _CLOSED, _GROSS_NOTE),
        _time("work_time_net", "work_net", "办理净用时", "Net time of work", "从首次签收到处置完成", "本期办结的工单", _CLOSED, _NET_NOTE),
        _time("close_time", "close", "办结用时", "Time to close", "从受理到办结", "本期办结的工单", _CLOSED, _GROSS_NOTE),
        _time("close_time_net", "close_net", "办结净用时", "Net time to close", "从受理到办结", "本期办结的工单", _CLOSED, _NET_NOTE),
    )
}
"""Metrics of how long things take, by id; asked at the same address as the others, answered with median and P90."""


def metric_named(name: str) -> Metric:
    """Return the count or rate ``id`` or ``id@version``; raise NotFound, naming those there are."""
    return _named(METRICS, name)


def time_named(name: str) -> Metric:
    """Return the metric of time ``id`` or ``id@version``; raise NotFound, naming those there are."""
    return _named(TIMES, name)


def _named(metrics: Mapping[str, Metric], name: str) -> Metric:
    metric = metrics.get(name.partition("@")[0])
    if metric is None or name not in (metric.id, metric.key):
        known = {"known": [found.key for found in metrics.values()]}
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


def parts_of(metric: Metric, sums: Mapping[str, int]) -> tuple[int, int | None]:
    """Return numerator and denominator of `metric` for these sums by counter; no denominator of a count."""
    numerator = sum([sums.get(counter, 0) for counter in metric.numerator])
    if not metric.denominator:
        return numerator, None
    return numerator, sum([sums.get(counter, 0) for counter in metric.denominator]) - sum([sums.get(counter, 0) for counter in metric.less])


def figure_of(metric: Metric, sums: Mapping[str, int], *, recorded: bool, decimals: int = 2) -> Figure:
    """Return the figure of `metric` for these sums by counter. `recorded`: the period touches the time figures are kept for."""
    return figure_from(*parts_of(metric, sums), recorded=recorded, decimals=decimals)


@lru_cache(maxsize=65_536)
def figure_from(numerator: int, denominator: int | None, *, recorded: bool, decimals: int = 2) -> Figure:
    """Return the figure that these parts make, as :func:`figure_of` does."""
    if denominator is None:
        no_data = not numerator and not recorded
        return Figure(numerator, None, None if no_data else numerator, None, NOTHING if no_data else str(numerator), no_data)
    percent = percent_text(numerator, denominator, decimals)
    if percent is None:
        return Figure(numerator, 0, None, None, NOTHING, no_data=True)
    common = gcd(numerator, denominator)
    return Figure(numerator, denominator, f"{numerator // common}/{denominator // common}", percent, f"{percent}%", no_data=False)
