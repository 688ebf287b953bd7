"""Coverage: what the figures about units, posts and silent grids count. Pure.

All of them are as things stand (or stood, as of an instant): they have no period but the weeks a grid must have been silent for. A
definition never changes; another one gets the next version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.platform.errors import NotFound
from services.platform.rounding import decimal_text, percent_text

NOTHING = "—"
FAMILY = "coverage"
DEFAULT_WEEKS = 4


@dataclass(frozen=True)
class CoverageMetric:
    """A definition. `above` and `below` name the sets that are counted; without `below` it is a count. `unit` is the counting unit."""

    id: str
    version: int
    name: str
    english: str
    kind: str
    unit: str
    numerator: str
    denominator: str
    above: str
    below: str
    note: str = ""
    period: str = "按查询时点"
    family: str = FAMILY

    @property
    def key(self) -> str:
        """Id and version: what a figure is labelled with."""
        return f"{self.id}@{self.version}"


_BLANK, _UNITS = "现无人任职的单位", "现有的全部单位"
_SILENT, _GRIDS_OLD = "连续N周无工单、无上报、无台账记录的网格", "设立满N周的网格"
_SILENT_NOTE = "工单按所在网格及受理时间计,网格员上报的均为工单;台账记录按发生日计,已撤回的不计。设立未满N周的网格不在其内。N默认为4。"
_POSTS_NOTE = "按任职起止日;离任当日起不再计。"
_LATE, _HOLDING = "现承办工单中有逾期未完成环节的单位", "现承办有未办结工单的单位"
_THEN_NOTE = "按以往时点(as_of)查询时,以当时所知的工单和时限为准;当时未办结的工单过多时不列此项,请缩小区域(unit)再查。"
DEFINITIONS = (
    CoverageMetric("blank_units", 1, "空白单位", "Units without anybody in them", "count", "个", _BLANK, "", "blank", "", _POSTS_NOTE),
    CoverageMetric("staffing_rate", 1, "单位在岗率", "Units with somebody in them", "rate", "%", "现有人任职的单位", _UNITS,
                   "staffed", "units", _POSTS_NOTE),
    CoverageMetric("blank_grids", 1, "空白网格", "Grids without anybody in them", "count", "个", "现无人任职的网格", "", "blank_grids", "",
                   _POSTS_NOTE),
    CoverageMetric("grid_staffing_rate", 1, "网格人员到位率", "Grids with somebody in them", "rate", "%",
                   "现有人任职的网格", "现有的全部网格",
                   "staffed_grids", "grids", _POSTS_NOTE),
    CoverageMetric("unplaced_cadres", 1, "未下沉干部", "Cadres without a grid", "count", "人",
                   "在镇、村任职而未担任网格指导员或助理员的干部", "", "unplaced", "", _POSTS_NOTE),
    CoverageMetric("placement_rate", 1, "干部下沉率", "Cadres with a grid", "rate", "%", "担任网格指导员或助理员的镇、村干部",
                   "在镇、村任职的干部", "placed", "cadres", "一人多职只计一人。" + _POSTS_NOTE),
    CoverageMetric("silent_grids", 1, "沉默网格", "Silent grids", "count", "个", _SILENT, "", "silent", "", _SILENT_NOTE),
    CoverageMetric("silent_grid_rate", 1, "沉默网格占比", "Share of silent grids", "rate", "%", _SILENT, _GRIDS_OLD, "silent", "old_grids",
                   _SILENT_NOTE),
    CoverageMetric("overdue_units", 1, "有逾期工单的单位", "Units with overdue tickets", "count", "个", _LATE, "", "late", "",
                   _THEN_NOTE),
    CoverageMetric("overdue_unit_rate", 1, "逾期单位占比", "Share of units with overdue tickets", "rate", "%", _LATE, _HOLDING,
                   "late", "holding", _THEN_NOTE),
)  # fmt: skip
METRICS: Mapping[str, CoverageMetric] = {metric.id: metric for metric in DEFINITIONS}

WORKLOAD = (
    CoverageMetric("open_per_post", 1, "每岗未办结工单(中位数)", "Open tickets per post, median of units", "median", "件",
                   "各单位未办结工单数除以在岗岗位数", "承办有未办结工单且有人在岗的单位", "", "",
                   "取各单位之中位数,单位大小不加权。"),
    CoverageMetric("open_per_member", 1, "每人未办结工单(中位数)", "Open tickets per person, median", "median", "件",
                   "各人现承办的未办结工单数",
                   "承办有未办结工单的单位的在岗人员", "", "", "手上无工单者按0计。"),
    CoverageMetric("open_per_1000", 1, "每千人未办结工单", "Open tickets per 1,000 people", "per_1000", "件",
                   "单位现承办的未办结工单数×1000",
                   "单位登记的人口", "", "", "人口未登记的单位为—。"),
)  # fmt: skip


def metric_named(name: str) -> CoverageMetric:
    """Return the metric ``id`` or ``id@version``; raise NotFound ``metric.unknown``, naming those there are."""
    metric = METRICS.get(name.partition("@")[0])
    if metric is None or name not in (metric.id, metric.key):
        known = {"known": [found.key for found in DEFINITIONS]}
        raise NotFound("metric.unknown", "There is no figure of coverage of this name and version; `known` lists those.", extra=known)
    return metric


@dataclass(frozen=True)
class CoverageFigure:
    """A figure with what it was made of. A rate of nothing is no data."""

    numerator: int
    denominator: int | None
    value: int | str | None
    shown: str
    no_data: bool


def figure_of(metric: CoverageMetric, sizes: Mapping[str, int]) -> CoverageFigure:
    """Return the figure for these sizes of sets; no data where a set is not known."""
    above = sizes.get(metric.above)
    if not metric.below:
        return CoverageFigure(above or 0, None, above, NOTHING if above is None else str(above), no_data=above is None)
    below = sizes.get(metric.below)
    percent = percent_text(above or 0, below or 0)
    if percent is None or above is None:
        return CoverageFigure(above or 0, below or 0, None, NOTHING, no_data=True)
    exact = Fraction(above, below or 1)
    return CoverageFigure(above, below, f"{exact.numerator}/{exact.denominator}", f"{percent}%", no_data=False)


def median_text(values: list[Fraction]) -> str | None:
    """Return the median, two places, halves up; the mean of the middle two of an even number. None of nothing."""
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    middle = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return decimal_text(middle.numerator, middle.denominator, 2)
