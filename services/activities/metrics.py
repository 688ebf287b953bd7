"""The ledger's figures: what each counts, in which counting unit, by which day. Pure.

户, 次, 条, 件, 人, 起, 天 and 元 are different units: a household that is visited three times is one 户 and three 次; nothing here is ever
added across units. Entries count by the day they happened (Asia/Shanghai), unless withdrawn. A definition never changes; another one gets
the next version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.platform.errors import NotFound
from services.platform.rounding import decimal_text, percent_text

NOTHING = "—"
FAMILY = "activities"
Tally = Literal["entries", "households", "persons", "sum"]


@dataclass(frozen=True)
class Counter:
    """Entries with these values in these columns: how many, how many distinct households or persons, or the sum of their amounts.

    `given`: a column that must hold something (True) or nothing (False). `led`: opinions that a thing was done about.
    """

    code: str
    tally: Tally
    values: Mapping[str, str]
    given: Mapping[str, bool]
    words: str
    led: bool = False


def _counter(code: str, tally: Tally, words: str, *, led: bool = False, given: Mapping[str, bool] | None = None, **values: str) -> Counter:
    return Counter(code, tally, values, given or {}, words, led)


_COUNTERS = (
    _counter("households", "households", "本期走访到(见到人)的不同农户", kind="visit", outcome="met"),
    _counter("visits", "entries", "本期走访到(见到人)的入户走访", kind="visit", outcome="met"),
    _counter("attempts", "entries", "本期全部入户走访,含无人在家、拒访、已搬离的", kind="visit"),
    _counter("opinions", "entries", "本期收集的群众意见建议", kind="opinion"),
    _counter("opinions_led", "entries", "其中已据以办成实事的意见建议", led=True, kind="opinion"),
    _counter("things", "entries", "本期台账登记的办成实事", kind="thing"),
    _counter("things_alone", "entries", "其中未关联工单的实事", given={"ticket_id": False}, kind="thing"),
    _counter("things_of_tickets", "entries", "其中已关联工单的实事", given={"ticket_id": True}, kind="thing"),
    _counter("funds_pledged", "sum", "本期认捐或承诺的资金", kind="funds", stage="pledged"),
    _counter("funds_received", "sum", "本期实际到位的资金", kind="funds", stage="received"),
    _counter("funds_spent", "sum", "本期实际支出的资金", kind="funds", stage="spent"),
    _counter("helped", "persons", "本期帮扶的、逐人登记的不同群众", kind="help"),
    _counter("helped_unlisted", "sum", "本期帮扶的、未逐人登记的群众人次", given={"amount": True}, kind="help"),
    _counter("disputes", "entries", "本期调处的矛盾纠纷", kind="dispute"),
    _counter("disputes_settled", "entries", "其中调解成功的矛盾纠纷", kind="dispute", outcome="settled"),
    _counter("labour", "sum", "本期以工代劳的劳动日", kind="labour"),
)
COUNTERS: Mapping[str, Counter] = {one.code: one for one in _COUNTERS}


@dataclass(frozen=True)
class ActivityMetric:
    """A definition. Without denominator it is a count or sum; `above` and `below` name counters. `unit` is the counting unit."""

    id: str
    version: int
    name: str
    english: str
    unit: str
    above: str
    below: str = ""
    note: str = ""
    family: str = FAMILY
    period: str = "按发生日"

    @property
    def key(self) -> str:
        """Id and version: what a figure is labelled with."""
        return f"{self.id}@{self.version}"

    @property
    def kind(self) -> str:
        """``count``, ``distinct``, ``sum`` or ``rate``."""
        if self.below:
            return "rate"
        return {"entries": "count", "sum": "sum"}.get(COUNTERS[self.above].tally, "distinct")

    @property
    def numerator(self) -> str:
        """What is counted, in words."""
        return COUNTERS[self.above].words

    @property
    def denominator(self) -> str:
        """What it is divided by, in words; '' for what is not divided."""
        return COUNTERS[self.below].words if self.below else ""


_DISTINCT = "同一对象在一行之内只计一次,各行相加可大于合计。"
_STAGES = "认捐、到位、支出是同一笔资金的三个阶段,不相加。"
_TICKETS = "关联工单的实事,在工单办结时计入办结量,与本指标分列,不重复计算。"
DEFINITIONS = (
    ActivityMetric("households_visited", 1, "走访农户", "Households visited", "户", "households", note=_DISTINCT),
    ActivityMetric("visits", 1, "入户走访", "Visits", "次", "visits", note="只计见到人的;未见到人的另见走访尝试。"),
    ActivityMetric("visit_attempts", 1, "走访尝试", "Visits tried", "次", "attempts"),
    ActivityMetric("opinions", 1, "收集意见建议", "Opinions collected", "条", "opinions"),
    ActivityMetric("opinions_led_rate", 1, "意见转办实事率", "Opinions that led to a thing done", "%", "opinions_led", "opinions",
                   note="多条意见可对应一件实事,故分子为意见条数,不是实事件数。"),
    ActivityMetric("opinions_per_visit", 1, "每百次走访意见数", "Opinions for a hundred visits", "%", "opinions", "visits",
                   note="分子为条,分母为次,是比值而非构成,可超过100%。"),
    ActivityMetric("things_done", 1, "办成实事", "Practical things done", "件", "things", note="含已关联工单的。" + _TICKETS),
    ActivityMetric("things_without_ticket", 1, "办成实事(未关联工单)", "Things done outside of any ticket", "件", "things_alone",
                   note=_TICKETS),
    ActivityMetric("things_with_ticket", 1, "办成实事(已关联工单)", "Things done that belong to a ticket", "件", "things_of_tickets"),
    ActivityMetric("funds_pledged", 1, "认捐资金", "Funds pledged", "元", "funds_pledged", note=_STAGES),
    ActivityMetric("funds_received", 1, "到位资金", "Funds received", "元", "funds_received", note=_STAGES),
    ActivityMetric("funds_spent", 1, "支出资金", "Funds spent", "元", "funds_spent", note=_STAGES),
    ActivityMetric("people_helped", 1, "帮扶群众", "People helped", "人", "helped", note="只计逐人登记的。" + _DISTINCT),
    ActivityMetric("people_helped_unlisted", 1, "帮扶群众(未逐人登记)", "People helped, not listed", "人次", "helped_unlisted",
                   note="无法去重,与帮扶群众分列,不相加。"),
    ActivityMetric("disputes_mediated", 1, "调处矛盾纠纷", "Disputes mediated", "起", "disputes"),
    ActivityMetric("disputes_settled", 1, "调解成功的矛盾纠纷", "Disputes settled", "起", "disputes_settled"),
    ActivityMetric("labour_days", 1, "以工代劳", "Days of labour", "天", "labour", note="劳动日为各人之和,精确到半天。"),
)  # fmt: skip
METRICS: Mapping[str, ActivityMetric] = {metric.id: metric for metric in DEFINITIONS}
FIGURES_TO_DECLARE = tuple(metric.id for metric in DEFINITIONS if not metric.below)


def metric_named(name: str) -> ActivityMetric:
    """Return the metric ``id`` or ``id@version``; raise NotFound ``metric.unknown``, naming those there are."""
    metric = METRICS.get(name.partition("@")[0])
    if metric is None or name not in (metric.id, metric.key):
        known = {"known": [found.key for found in DEFINITIONS]}
        raise NotFound("metric.unknown", "The ledger has no figure of this name and version; `known` lists those there are.", extra=known)
    return metric


@dataclass(frozen=True)
class ActivityFigure:
    """A figure with what it was made of. `value` is the count; for money fen, for labour half-days; a rate as its exact fraction."""

    numerator: int
    denominator: int | None
    value: int | str | None
    shown: str
    no_data: bool


def figure_of(metric: ActivityMetric, sums: Mapping[str, int], *, recorded: bool) -> ActivityFigure:
    """Return the figure for these sums by counter. `recorded`: anything was ever recorded for this time; before that it is no data."""
    above = sums.get(metric.above, 0)
    if metric.below:
        below = sums.get(metric.below, 0)
        percent = percent_text(above, below)
        if percent is None:
            return ActivityFigure(above, 0, None, NOTHING, no_data=True)
        exact = Fraction(above, below)
        return ActivityFigure(above, below, f"{exact.numerator}/{exact.denominator}", f"{percent}%", no_data=False)
    if not above and not recorded:
        return ActivityFigure(0, None, None, NOTHING, no_data=True)
    return ActivityFigure(above, None, above, amount_text(metric.unit, above), no_data=False)


def amount_text(unit: str, amount: int) -> str:
    """Return an amount as it is printed: fen as 元 with two places, half-days as days with one, all else as it is."""
    if unit == "元":
        return decimal_text(amount, 100, 2) or NOTHING
    return (decimal_text(amount, 2, 1) or NOTHING) if unit == "天" else str(amount)
