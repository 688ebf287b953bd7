"""Figures of the register and of what became of opinions: what each counts, in which counting unit. Pure.

条 are opinions, 件 tickets or matters: nothing is added across units. A definition never changes; another one gets the next version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.platform.errors import NotFound

NOTHING = "—"
Kind = Literal["count", "rate", "duration"]


@dataclass(frozen=True)
class MatterMetric:
    """A definition. Of a rate `numerator` and `denominator` are counts with matters behind them."""

    id: str
    version: int
    name: str
    english: str
    kind: Kind
    unit: str
    numerator: str
    denominator: str = ""
    note: str = ""
    period: str = "按挂号、销号登记日"
    family: str = "matters"

    @property
    def key(self) -> str:
        """Id and version: what a figure is labelled with."""
        return f"{self.id}@{self.version}"


_NOW, _END, _HEARD = "按查询时点", "按统计期末", "按意见收集日,其后续截至查询时点"
_TWICE = "重新挂号的再计一次。"
_STANDS = "在册、未销号的事项"
REGISTER = (
    MatterMetric("matters_registered", 1, "挂号事项", "Matters registered", "count", "件", "本期挂号的事项", note=_TWICE),
    MatterMetric("matters_struck_off", 1, "销号事项", "Matters struck off", "count", "件", "本期销号的事项", note=_TWICE),
    MatterMetric("matters_open", 1, "在册未销事项", "Matters open", "count", "件", "期末" + _STANDS, period=_END),
    MatterMetric("strike_off_rate", 1, "销号率", "Strike-off rate", "rate", "%", "本期销号的事项", "期初在册未销的与本期挂号的事项之和",
                 note="期初在册的加本期挂号的,减本期销号的,等于期末在册的。"),
    MatterMetric("matters_stale", 1, "跟进逾期事项", "Matters nobody followed up", "count", "件", f"其中{_STANDS}中挂钩党员跟进已逾期的",
                 period=_NOW),
    MatterMetric("matters_late", 1, "进度滞后事项", "Matters behind their plan", "count", "件", f"其中{_STANDS}中有节点逾期未完成的",
                 period=_NOW),
    MatterMetric("matters_blocked", 1, "受阻事项", "Matters blocked", "count", "件", f"其中{_STANDS}中有未消除的梗阻的", period=_NOW),
    MatterMetric("matter_age", 1, "在册事项年龄", "Age of open matters", "duration", "天", f"{_STANDS}自问题产生之日起的天数的中位数",
                 period=_NOW, note="自真实起始日计,不自录入日计;中位数为其中一件的天数,不插值。"),
)  # fmt: skip


def _funnel(name: str, chinese: str, english: str, unit: str, words: str, note: str = "") -> MatterMetric:
    return MatterMetric(name, 1, chinese, english, "count", unit, words, note=note, period=_HEARD, family="funnel")


_DIRECT = "意见直接纳入,或经其所转工单纳入。"
FUNNEL = (
    _funnel("opinions_heard", "收集意见", "Opinions heard", "条", "本期收集的群众意见建议"),
    _funnel("opinions_on_the_spot", "当场解决", "Solved on the spot", "条", "其中当场解决的"),
    _funnel("opinions_answered", "解释答复", "Answered with a reason", "条", "其中已说明理由答复的"),
    _funnel("opinions_to_things", "意见办成实事", "Led to a thing done", "条", "其中已据以办成实事的"),
    _funnel("opinions_to_tickets", "转为工单", "Became tickets", "条", "其中已转为工单的"),
    _funnel("tickets_of_opinions", "形成工单", "Tickets made of them", "件", "由这些意见形成的不同工单", "并单的按主单计一件。"),
    _funnel("opinions_to_matters", "纳入事项", "Part of matters", "条", "其中已纳入焦点问题或挂号事项的", _DIRECT),
    _funnel("matters_of_opinions", "形成事项", "Matters made of them", "件", "纳入这些意见的不同事项", _DIRECT),
    _funnel("opinions_registered", "纳入挂号事项", "Part of registered matters", "条", "其中所属事项已挂号的", _DIRECT),
    _funnel("matters_of_opinions_registered", "其中挂号", "Of these registered", "件", "上述事项中已挂号的"),
    _funnel("opinions_struck_off", "所属事项销号", "Part of matters struck off", "条", "其中所属事项已销号的", _DIRECT),
    _funnel("matters_of_opinions_struck_off", "其中销号", "Of these struck off", "件", "上述事项中已销号的"),
    _funnel("opinions_without_follow_up", "没有下文", "Without any follow-up", "条",
            "其中既未解决、答复,也未转工单、办实事、纳入事项的"),
)  # fmt: skip
DEFINITIONS = (*REGISTER, *FUNNEL)
_OPEN = "state in the register at the end of the period and not struck off"
_STANDS_CODE = "state = 'registered' at as_of"
_COHORT = "opinions where happened_on in period and not withdrawn"
CODES: Mapping[str, tuple[str, str]] = {
    "matters_registered": ("count(turns to registered where known_at in period)", ""),
    "matters_struck_off": ("count(turns to struck_off where known_at in period)", ""),
    "matters_open": (f"count({_OPEN})", ""),
    "strike_off_rate": (
        "count(turns to struck_off where known_at in period)",
        "count(open at the beginning of the period) + count(turns to registered where known_at in period)",
    ),
    "matters_stale": (f"count({_STANDS_CODE} and today > next follow-up due)", ""),
    "matters_late": (f"count({_STANDS_CODE} and a milestone not done and today > planned_on)", ""),
    "matters_blocked": (f"count({_STANDS_CODE} and a blocker not ended)", ""),
    "matter_age": (f"median(today - origin_on) over matters where {_STANDS_CODE}", ""),
    "opinions_heard": (f"count({_COHORT})", ""),
    "opinions_on_the_spot": (f"count({_COHORT} and an outcome on_the_spot)", ""),
    "opinions_answered": (f"count({_COHORT} and an outcome answered)", ""),
    "opinions_to_things": (f"count({_COHORT} and led to a thing)", ""),
    "opinions_to_tickets": (f"count({_COHORT} and an outcome ticket)", ""),
    "tickets_of_opinions": (f"count(distinct main ticket of {_COHORT})", ""),
    "opinions_to_matters": (f"count({_COHORT} and part of a matter not declined, itself or by its ticket)", ""),
    "matters_of_opinions": (f"count(distinct matter of {_COHORT})", ""),
    "opinions_registered": (f"count({_COHORT} and part of a matter with a number)", ""),
    "matters_of_opinions_registered": (f"count(distinct matter with a number of {_COHORT})", ""),
    "opinions_struck_off": (f"count({_COHORT} and part of a matter struck off)", ""),
    "matters_of_opinions_struck_off": (f"count(distinct matter struck off of {_COHORT})", ""),
    "opinions_without_follow_up": (f"count({_COHORT} and no outcome and no thing and part of no matter)", ""),
}
"""What each figure counts, as code: numerator and denominator."""
METRICS: Mapping[str, MatterMetric] = {metric.id: metric for metric in DEFINITIONS}


def metric_named(name: str, family: str) -> MatterMetric:
    """Return the metric ``id`` or ``id@version`` of a family; raise NotFound ``metric.unknown``, naming those there are."""
    metric = METRICS.get(name.partition("@")[0])
    if metric is None or metric.family != family or name not in (metric.id, metric.key):
        known = {"known": [one.key for one in DEFINITIONS if one.family == family]}
        raise NotFound("metric.unknown", "There is no figure of this name and version here; `known` lists those.", extra=known)
    return metric
