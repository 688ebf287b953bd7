"""The hotline's figures: what each is called, what is divided by what, and how the result is written. Pure.

接通率 is told from the queue's events, never from the disposition of a call record, which calls answered what the voice menu took. It
has two denominators in use, so there are two figures, and each names its own. Calls count when they have ended, by the day they came in
(Asia/Shanghai). Every ended inbound call is one of answered, abandoned, turned away and voice only.
A definition never changes; another one gets the next version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.platform.errors import NotFound
from services.platform.rounding import decimal_text, percent_text

NOTHING = "—"
ANSWER_WITHIN_SECONDS = 15
"""GB/T 33358-2016: a call is answered within 15 seconds."""

Kind = Literal["count", "rate", "seconds"]


@dataclass(frozen=True)
class Counter:
    """A set of calls that is counted, in words; what it means for a row is in `counting.py`."""

    name: str
    words: str


_COUNTERS = (
    Counter("inbound", "本期呼入且已结束的通话,含仅听语音的"),
    Counter("queued", "其中要求人工服务(进入排队或已接通)的通话"),
    Counter("answered", "其中由话务员接听的通话"),
    Counter("answered_in_time", f"其中等待不超过{ANSWER_WITHIN_SECONDS}秒即由话务员接听的通话"),
    Counter("waited", "要求人工服务且等待时长已知的通话"),
    Counter("abandoned", "其中排队时来电人自行挂断的通话"),
    Counter("turned_away", "其中系统未能接通(占线、故障、排队超时、非服务时间)的通话"),
    Counter("voice_only", "其中仅听语音、未要求人工服务的通话"),
    Counter("with_number", "其中来电号码可见的通话"),
    Counter("repeated", "其中同一号码此前7日内来过电的通话"),
    Counter("by_record", "其中仅凭话单判断、没有排队事件佐证的通话"),
    Counter("open", "本期呼入、尚未结束的通话,不计入其他指标"),
    Counter("outbound", "本期呼出(回访等)且已结束的通话,不计入呼入"),
    Counter("outbound_answered", "其中对方接听的通话"),
    Counter("timed_answers", "由话务员接听且等待时长已知的通话"),
    Counter("timed_talks", "由话务员接听且通话时长已知的通话"),
    Counter("timed_abandons", "排队时来电人自行挂断且等待时长已知的通话"),
)
COUNTERS: Mapping[str, Counter] = {one.name: one for one in _COUNTERS}


@dataclass(frozen=True)
class HotlineMetric:
    """A definition. A rate divides one counter by another; a metric of seconds takes a statistic over the calls of its denominator."""

    id: str
    version: int
    name: str
    english: str
    kind: Kind
    numerator: str
    denominator: str = ""
    statistic: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        """Id and version: what a figure is labelled with."""
        return f"{self.id}@{self.version}"

    @property
    def numerator_words(self) -> str:
        """What is counted or measured."""
        return _STATISTICS[self.statistic] if self.statistic else COUNTERS[self.numerator].words

    @property
    def denominator_words(self) -> str | None:
        """What it is divided by, or whose calls are measured."""
        return COUNTERS[self.denominator].words if self.denominator else None


_STATISTICS = {
    "wait_sum": "等待秒数之和", "wait_median": "等待秒数的中位数", "wait_p90": "90%的通话等待不超过的秒数",
    "talk_sum": "通话秒数之和", "talk_median": "通话秒数的中位数", "talk_p90": "90%的通话时长不超过的秒数",
    "abandon_sum": "挂断前等待秒数之和",
}  # fmt: skip
SUMS = ("wait_sum", "talk_sum", "abandon_sum")
STATISTICS = tuple(_STATISTICS)
_WAIT_NOTE = "等待从进入排队起算,不含语音导航。"
_MENU_NOTE = "分母含仅听语音的通话。"


def _count(id_: str, name: str, english: str, note: str = "") -> HotlineMetric:
    return HotlineMetric(id_, 1, name, english, "count", id_, note=note)


_DECLARED = (
    _count("inbound", "呼入量", "Inbound calls"),
    _count("queued", "人工请求量", "Calls that asked for a person"),
    _count("answered", "人工接通量", "Calls a person answered"),
    _count("abandoned", "排队放弃量", "Calls abandoned in the queue"),
    _count("turned_away", "系统未接通量", "Calls the system could not connect"),
    _count("voice_only", "仅听语音量", "Calls that heard the voice menu only"),
    HotlineMetric(
        "connection_rate_queued", 1, "接通率(接通/人工请求)", "Connection rate over calls that asked for a person", "rate",
        "answered", "queued", note="分母不含仅听语音的通话。",
    ),
    HotlineMetric(
        "connection_rate_inbound", 1, "接通率(接通/呼入)", "Connection rate over all inbound calls", "rate", "answered", "inbound",
        note=_MENU_NOTE,
    ),
    HotlineMetric(
        "answered_in_time_rate", 1, f"{ANSWER_WITHIN_SECONDS}秒应答率", "Answered within 15 s", "rate", "answered_in_time", "waited",
        note="等待时长未知的通话不计入分子分母。" + _WAIT_NOTE,
    ),
    HotlineMetric("abandonment_rate", 1, "排队放弃率", "Abandonment rate", "rate", "abandoned", "queued"),
    HotlineMetric(
        "repeat_rate", 1, "重复来电率", "Repeat callers", "rate", "repeated", "with_number",
        note="号码未显示的通话不计入分子分母。",
    ),
    HotlineMetric("wait_average", 1, "平均等待", "Average wait", "seconds", "timed_answers", "timed_answers", "wait_sum", _WAIT_NOTE),
    HotlineMetric("wait_median", 1, "等待中位数", "Median wait", "seconds", "timed_answers", "timed_answers", "wait_median", _WAIT_NOTE),
    HotlineMetric(
        "wait_p90", 1, "等待九成位", "90th percentile of waits", "seconds", "timed_answers", "timed_answers", "wait_p90", _WAIT_NOTE,
    ),
    HotlineMetric(
        "abandon_wait_average", 1, "放弃前平均等待", "Average wait of those who gave up", "seconds",
        "timed_abandons", "timed_abandons", "abandon_sum",
    ),
    HotlineMetric("talk_average", 1, "平均通话时长", "Average talk", "seconds", "timed_talks", "timed_talks", "talk_sum"),
    HotlineMetric("talk_median", 1, "通话时长中位数", "Median talk", "seconds", "timed_talks", "timed_talks", "talk_median"),
    HotlineMetric("talk_p90", 1, "通话时长九成位", "90th percentile of talks", "seconds", "timed_talks", "timed_talks", "talk_p90"),
    _count("by_record", "仅凭话单的呼入量", "Inbound calls known from call records alone"),
    _count("open", "进行中的呼入", "Inbound calls that go on"),
    _count("outbound", "呼出量", "Outbound calls (call-backs)"),
    HotlineMetric("outbound_rate", 1, "呼出接通率", "Outbound calls answered", "rate", "outbound_answered", "outbound"),
)  # fmt: skip
METRICS: Mapping[str, HotlineMetric] = {metric.id: metric for metric in _DECLARED}

Sums = Mapping[str, int | float | None]


@dataclass(frozen=True)
class HotlineFigure:
    """A figure with what it was made of. Without denominator it is no data: not 0."""

    numerator: int | None
    denominator: int | None
    value: str | None
    shown: str
    no_data: bool


def figure_of(metric: HotlineMetric, sums: Sums) -> HotlineFigure:
    """Return the figure of `metric` for these sums by counter and statistic; no data of a counter that is None: it is not kept."""
    if metric.kind == "count":
        count = _whole(sums.get(metric.numerator))
        return HotlineFigure(count, None, str(count), str(count), no_data=False)
    if metric.numerator in sums and sums[metric.numerator] is None:
        return HotlineFigure(None, None, None, NOTHING, no_data=True)
    below = _whole(sums.get(metric.denominator))
    if not below:
        return HotlineFigure(0 if metric.kind == "rate" else None, 0, None, NOTHING, no_data=True)
    if metric.kind == "rate":
        above = _whole(sums.get(metric.numerator))
        exact = Fraction(above, below)
        return HotlineFigure(above, below, f"{exact.numerator}/{exact.denominator}", f"{percent_text(above, below)}%", no_data=False)
    if metric.statistic in SUMS:
        above = _whole(sums.get(metric.statistic))
        text = decimal_text(above, below, 1) or NOTHING
        return HotlineFigure(above, below, text, f"{text}秒", no_data=False)
    halves = round(2 * float(sums.get(metric.statistic) or 0))  # whole seconds, or the middle between two
    text = decimal_text(halves, 2, 1) or NOTHING
    return HotlineFigure(None, below, text, f"{text}秒", no_data=False)


def _whole(value: float | None) -> int:
    return int(value or 0)


def metric_named(name: str) -> HotlineMetric:
    """Return the metric ``id`` or ``id@version``; raise NotFound ``metric.unknown``, naming those there are."""
    metric = METRICS.get(name.partition("@")[0])
    if metric is None or name not in (metric.id, metric.key):
        known = {"known": [found.key for found in _DECLARED]}
        raise NotFound("metric.unknown", "There is no metric of the hotline of this name and version; `known` lists those.", extra=known)
    return metric
