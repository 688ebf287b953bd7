"""Every figure that is told anywhere, as one kind of definition: what it is called, what it counts, in words and as code. Pure.

The families above this room (petitions) are put beside these at the door. A figure is found at `ask`: among the metrics of the answer by
its id@version, or in the place that `field` names. A definition never changes; another one gets the next version or another id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects import postgresql

from services.activities.metrics import COUNTERS as ENTRIES
from services.activities.metrics import DEFINITIONS as ACTIVITIES
from services.calls.counting import MEANING as CALLS
from services.calls.metrics import METRICS as HOTLINE
from services.calls.metrics import HotlineMetric
from services.matters.metrics import CODES as MATTER_CODES
from services.matters.metrics import FUNNEL
from services.matters.metrics import REGISTER as MATTERS
from services.reports import composite
from services.reports.coverage_metrics import DEFINITIONS as COVERAGE
from services.reports.coverage_metrics import WORKLOAD, CoverageMetric
from services.reports.durations import MEASURES
from services.reports.measures import COUNTERS
from services.reports.metrics import METRICS, TIMES, Metric

TICKETS = "件"
SCOPE_TICKETS = "查询人有权查看的工单;一件工单只计一次,按最新一轮"
EXCLUDED_TICKETS = "不予受理、撤销、合并的工单不计,其数量随报表列出;剔除不合理诉求前后的数值并列"
NO_SCOPE, NO_EXCLUSIONS = "查询人有权查看的范围", "无"
HALF_UP = "百分比由精确分数四舍五入,默认两位小数;占比另按最大余额法取,各行相加恰为100"
WHOLE_NUMBER = "整数,不取舍"
NO_DATA = "分母为0时为“—”,不是0%"
NO_COUNT = "统计期在有记录之前为“—”,否则为0"


@dataclass(frozen=True)
class Definition:
    """What a figure says. `unit` is the counting unit (件, 户, 次, 分钟, %); words are Chinese, code is what the sums are made by."""

    id: str
    version: int
    family: str
    name: str
    english: str
    kind: str
    unit: str
    numerator: str
    denominator: str
    numerator_code: str
    denominator_code: str
    period: str
    scope: str
    exclusions: str
    rounding: str
    zero_denominator: str
    ask: str
    field: str = ""
    source: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        """Id and version: what a figure is labelled with."""
        return f"{self.id}@{self.version}"


def registered() -> tuple[Definition, ...]:
    """Return every definition of this room and those below it, family by family."""
    tickets = [_of_tickets(metric) for metric in METRICS.values()]
    times = [_of_times(metric) for metric in TIMES.values()]
    hotline = [_of_calls(metric) for metric in HOTLINE.values()]
    coverage = [told_elsewhere(metric, "/v1/reports/coverage") for metric in COVERAGE]
    matters = [told_elsewhere(metric, "/v1/reports/matters", code=MATTER_CODES[metric.id]) for metric in MATTERS]
    funnel = [told_elsewhere(metric, "/v1/reports/funnel", code=MATTER_CODES[metric.id]) for metric in FUNNEL]
    return (*tickets, *times, _THREE_RATES, *hotline, *_ledger(), *coverage, *matters, *funnel, *_workload(), *_BESIDE)


def counter_code(name: str) -> str:
    """Return a counter of tickets as code: ``count(due_at in period and completed)``."""
    counter = COUNTERS[name]
    conditions = [_condition(column, value) for column, value in counter.values.items()]
    return f"count({' and '.join((f'{counter.basis} in period', *conditions))})"


def _condition(column: str, value: object) -> str:
    if isinstance(value, bool):
        return column if value else f"{column} is false"
    return f"{column} = {value!r}"


def _sum(counters: Iterable[str], less: Iterable[str] = ()) -> str:
    added = " + ".join(counter_code(name) for name in counters)
    return added + "".join(f" - {counter_code(name)}" for name in less)


def _of_tickets(metric: Metric) -> Definition:
    rate = bool(metric.denominator)
    return Definition(
        metric.id, metric.version, "tickets", metric.name, metric.english, "rate" if rate else "count", "%" if rate else TICKETS,
        metric.numerator_words, metric.denominator_words, _sum(metric.numerator), _sum(metric.denominator, metric.less),
        metric.period_words, SCOPE_TICKETS, EXCLUDED_TICKETS, HALF_UP if rate else WHOLE_NUMBER, NO_DATA if rate else NO_COUNT,
        f"/v1/reports/{metric.id}", source=metric.source, note=metric.note,
    )  # fmt: skip


def _of_times(metric: Metric) -> Definition:
    measure = MEASURES[metric.measure]
    over = f"({measure.column}) over counted tickets with {measure.basis} in period"
    return Definition(
        metric.id, metric.version, "times", metric.name, metric.english, "duration", "分钟", metric.numerator_words,
        metric.denominator_words, f"median{over}; p90{over}", f"count({measure.basis} in period and counted and {measure.column} is known)",
        metric.period_words, SCOPE_TICKETS, EXCLUDED_TICKETS, "各件取两位有效数字,四舍五入;中位数、九成位为其中一件的用时,不插值",
        "没有可计的工单时为“—”", f"/v1/reports/{metric.id}", source=metric.source, note=metric.note,
    )  # fmt: skip


_THREE_RATES = Definition(
    composite.ID, composite.VERSION, "composite", composite.NAME, composite.ENGLISH, "score", "分",
    "响应率、解决率、满意率各乘以权重之和", "权重之和(100)", "sum(weight * rate)", "100", "按最近一次回访日", SCOPE_TICKETS,
    EXCLUDED_TICKETS, "由精确分数四舍五入,默认两位小数", "任何一项有权重的率没有数据,总分即为“—”,并列明是哪一项;其权重不摊给其他项",
    f"/v1/reports/{composite.ID}", source="complaint",
    note="权重为县里的规则(种类composite),按统计期结束时施行的版本;改权重不改过去的得分。",
)  # fmt: skip


def _of_calls(metric: HotlineMetric) -> Definition:
    numerator = f"{metric.statistic}({_calls_code(metric.numerator)})" if metric.statistic else _calls_code(metric.numerator)
    return Definition(
        metric.id, metric.version, "hotline", metric.name, metric.english, metric.kind, {"rate": "%", "count": "次"}.get(metric.kind, "秒"),
        metric.numerator_words, metric.denominator_words or "", numerator, _calls_code(metric.denominator),
        "按来电(呼出为拨出)日,已结束的通话", "全部热线通话,与查询人的地域无关", NO_EXCLUSIONS,
        {"rate": HALF_UP, "count": WHOLE_NUMBER}.get(metric.kind, "一位小数,四舍五入"), NO_DATA if metric.denominator else NO_COUNT,
        "/v1/reports/hotline", note=metric.note,
    )  # fmt: skip


def _calls_code(counter: str) -> str:
    if not counter:
        return ""
    compiled = CALLS[counter].compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    return f"count({' '.join(str(compiled).split())})"


def _ledger() -> list[Definition]:
    found = []
    for metric in ACTIVITIES:
        parts = [(name, ENTRIES[name]) for name in (metric.above, metric.below) if name]
        code = [f"{counter.tally}({_entries_code(counter)})" for _name, counter in parts]
        found.append(told_elsewhere(metric, "/v1/reports/activities", code=(code[0], code[1] if len(code) > 1 else "")))
    return found


def _entries_code(counter: Any) -> str:
    conditions = [f"{column} = {value!r}" for column, value in counter.values.items()]
    conditions += [f"{column} is {'known' if given else 'unknown'}" for column, given in counter.given.items()]
    return " and ".join(["happened_on in period", "not withdrawn", *conditions, *(["led to a thing"] if counter.led else [])])


def _workload() -> list[Definition]:
    code = {
        "open_per_post": ("median(open tickets / posts held) over units", "count(units with open tickets and a post held)"),
        "open_per_member": ("median(open tickets) over people", "count(people with a post in a unit with open tickets)"),
        "open_per_1000": ("1000 * count(open tickets) of a unit", "people of the unit"),
    }
    fields = {"open_per_post": "median_per_post", "open_per_member": "median_per_member", "open_per_1000": "units.open_per_1000"}
    listed: Mapping[str, CoverageMetric] = {metric.id: metric for metric in WORKLOAD}
    return [told_elsewhere(listed[name], "/v1/workload", field=fields[name], code=told) for name, told in code.items()]


def told_elsewhere(metric: Any, ask: str, *, field: str = "", code: tuple[str, str] | None = None) -> Definition:
    """Return the definition of a metric that another report answers: one that says its unit, words and period itself."""
    sets = (getattr(metric, "above", ""), getattr(metric, "below", ""))
    numerator, denominator = code or tuple(f"count({name})" if name else "" for name in sets)
    divided = bool(metric.denominator)
    return Definition(
        metric.id, metric.version, metric.family, metric.name, metric.english, metric.kind, metric.unit, metric.numerator,
        metric.denominator, numerator, denominator, metric.period, NO_SCOPE, NO_EXCLUSIONS, HALF_UP if divided else WHOLE_NUMBER,
        NO_DATA if divided else NO_COUNT, ask, field, note=metric.note,
    )  # fmt: skip


def _beside(
    names: tuple[str, str, str, str], words: tuple[str, str], code: tuple[str, str], where: tuple[str, str, str],
    *, unit: str = TICKETS, note: str = "",
) -> Definition:  # fmt: skip
    """Return a definition of (id, family, 中文, English), what is counted in words and as code, and (period, address, field)."""
    rate = bool(words[1])
    (id_, family, name, english), (period, ask, field) = names, where
    return Definition(
        id_, 1, family, name, english, "rate" if rate else "count", "%" if rate else unit, *words, *code, period, SCOPE_TICKETS,
        NO_EXCLUSIONS, HALF_UP if rate else WHOLE_NUMBER, NO_DATA if rate else NO_COUNT, ask, field, note=note,
    )  # fmt: skip


_REPEATS, _HAND_OFFS = "/v1/reports/repeats", "/v1/reports/hand-offs"
_TOLD, _GIVEN, _NOW, _RECEIVED = "按重复诉求登记日", "按交办日", "按查询时点", "按受理日"
_LEAD = "count(distinct ticket where assigned_at in period and part = 'lead'"
_PASSED = " and end in ('returned', 'handed_up', 'transferred_at_wish')"
_IDLE = " and no work record of the unit in between"
_REPEAT_NOTE = "同一人就同一工单一小时内多次的,计一次。"
_HAND_NOTE = "督办单位收回、超期升级、改号的不计;每件工单对每个单位计一次。"
_GIVEN_WORDS = "本期作为主办单位收到的工单"
_BESIDE = (
    _beside(
        ("repeat_complaints", "repeats", "重复诉求量", "The same matter told again"), ("本期再次提出、没有新情况的诉求", ""),
        ("count(repeats where recorded_at in period and counted)", ""), (_TOLD, _REPEATS, "repeats"), unit="次", note=_REPEAT_NOTE,
    ),
    _beside(
        ("repeated_tickets", "repeats", "被重复诉求的工单", "Tickets told again"), ("本期被再次提出的工单", ""),
        ("count(distinct ticket where repeat recorded_at in period)", ""), (_TOLD, _REPEATS, "tickets"),
    ),
    _beside(
        ("repeats_said", "repeats", "重复提及次数", "Times told again"), ("本期再次提及的次数,一小时内的也逐次计", ""),
        ("count(repeats where recorded_at in period)", ""), (_TOLD, _REPEATS, "said"), unit="次",
    ),
    _beside(
        ("complaining_households", "repeats", "诉求户数", "Distinct households that told matters"),
        ("本期受理的诉求的不同诉求户;同一电话或账号为一户,提几件、提几次都计一次", ""),
        ("count(distinct households by phone_index or openid_index, of tickets received_at in period and counted)", ""),
        (_RECEIVED, "/v1/figures/households", ""), unit="户",
        note="在受理端查询。匿名诉求不属于任何户,另列;保密诉求只在本件之内识别同一户。",
    ),
    _beside(
        ("satisfaction_rate_by_household", "repeats", "满意率(按户)", "Satisfaction rate, each household weighing one"),
        ("各户满意份额之和:该户答满意的工单占其表态工单之比", "回访中就满意与否表态的诉求户"),
        ("sum over households(count(satisfied is true) / count(satisfied is known)), of tickets called_at in period and counted",
         "count(distinct households by phone_index or openid_index, of tickets called_at in period and counted and satisfied is known)"),
        ("按最近一次回访日", "/v1/figures/satisfaction-by-household", "kept"),
        note="在受理端查询。官方满意率按工单计,不变;此为每户计一次的对照,两者并列。匿名的不属于任何户,另列;保密诉求只在本件之内识别同一户。",
    ),
    _beside(
        ("tickets_given", "hand_offs", "交办量", "Tickets given"), (_GIVEN_WORDS, ""), (f"{_LEAD})", ""),
        (_GIVEN, _HAND_OFFS, "total.received"),
    ),
    _beside(
        ("passed_on_rate", "hand_offs", "转出率", "Share passed on"), ("其中退回、上交或应其要求改派的工单", _GIVEN_WORDS),
        (f"{_LEAD}{_PASSED})", f"{_LEAD})"), (_GIVEN, _HAND_OFFS, "total.passed_on_share"), note=_HAND_NOTE,
    ),
    _beside(
        ("idle_hand_off_rate", "hand_offs", "二传手率", "Share passed on idly"), ("其中没有任何办理记录就转出的工单", _GIVEN_WORDS),
        (f"{_LEAD}{_PASSED}{_IDLE})", f"{_LEAD})"), (_GIVEN, _HAND_OFFS, "total.idle_share"), note=_HAND_NOTE,
    ),
    _beside(
        ("overdue_tickets", "backlog", "逾期未办工单", "Open tickets past due"), ("现有时限已超期、仍在计时的未办结工单", ""),
        ("count(open and a running clock with due_at < now)", ""), (_NOW, "/v1/overdue", "total"),
    ),
    _beside(
        ("open_tickets", "backlog", "在办工单", "Open tickets"), ("现未办结的工单", ""), ("count(status is open)", ""),
        (_NOW, "/v1/workload", "total"),
    ),
)  # fmt: skip
