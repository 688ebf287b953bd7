"""Reports as tables for people: Chinese headings, local times."""

from collections.abc import Mapping
from typing import Any

from services.exports.columns import Column
from services.exports.known_columns import columns_named
from services.platform.clock import local_text
from services.reports.composite_views import ComparedScore, CompositeReport, CompositeTwice
from services.reports.drilldown import Counted
from services.reports.views import Compared, ComparedQuantiles, CountedTicket, FigureTwice, QuantilesTwice, Report, TimeReport
from services.tickets.lifecycle import STATUS_NAMES

TICKETS_HEADER = (
    "工单编号", "状态", "渠道", "来源", "类别", "地点代码", "地点", "承办单位", "轮次", "受理时间", "到期时间", "办结时间", "按期",
)  # fmt: skip
_SOURCES = {"complaint": "群众诉求", "discovered": "自行发现"}
_VERDICTS = {True: "是", False: "否", None: ""}


_KNOWN = (
    "metric", "first", "last", "key", "name", "numerator", "denominator", "percent", "shown", "before_removal_shown", "after_removal_shown",
    "taken_out_numerator", "taken_out_denominator",
)  # fmt: skip
_SHARE = (
    Column("share", "占比", "Share", "number", "占各行合计的百分比,最大余额法,各行相加恰为100", "%"),
    Column("share_rounded", "占比(四舍五入)", "Share, rounded", "number", "各自四舍五入,相加可能不为100", "%"),
)
_EARLIER = {
    "previous": (
        Column("previous_shown", "上期", "Period before", "text", "上一统计期的数值"),
        Column("previous_change", "环比", "Change", "text", "比上期增减;比率为百分点"),
    ),
    "year_before": (
        Column("year_before_shown", "上年同期", "Year before", "text", "上年同期的数值"),
        Column("year_before_change", "同比", "Change in a year", "text", "比上年同期增减;比率为百分点"),
    ),
}


_TIMED = (
    Column("median", "中位数(分钟)", "Median", "integer", "至少一半工单不超过的时长", "分钟"),
    Column("p90", "九成位(分钟)", "90th percentile", "integer", "至少九成工单不超过的时长", "分钟"),
    Column("tickets", "工单数", "Tickets", "integer", "计入的工单", "件"),
    Column("median_shown", "中位数", "Median, as printed", "text", "公布时的写法;无数据为“—”"),
    Column("p90_shown", "九成位", "90th percentile, as printed", "text", "公布时的写法;无数据为“—”"),
)
_SCORED = (
    Column("score", "得分", "Score", "number", "三率按权重之和,满分100;无数据时为空,不是0", "分"),
    Column("before_removal_shown", "剔除前", "Before removal", "text", "剔除不合理诉求之前的写法"),
    Column("after_removal_shown", "剔除后", "After removal", "text", "剔除不合理诉求之后的写法"),
    Column("weights_version", "权重版本", "Version of the weights", "integer", "规则(种类composite)的版本;0为产品自带"),
)
Table = tuple[tuple[Column, ...], list[tuple[Any, ...]]]


def table_of(told: Report | TimeReport | CompositeReport) -> Table:
    """Return the columns and rows of a report of any kind; last its total."""
    if isinstance(told, Report):
        return report_columns(told), report_rows(told)
    same, named = (told.metric, told.period.first, told.period.last), columns_named(*_KNOWN[:5])
    earlier = _earlier_columns(told)
    if isinstance(told, TimeReport):
        timed = [(row.key, row.name, row) for row in told.rows] + [("", "合计", told.total)]
        fields = [column.code for column in _TIMED]
        lines = [(*same, key, name, *(getattr(row, field) for field in fields), *_earlier(told, row)) for key, name, row in timed]
        return (*named, *_TIMED, *earlier), lines
    parts = [Column(f"part{nth}", part.name, part.name, "text", part.metric) for nth, part in enumerate(told.total.parts, 1)]
    scored = [(row.key, row.name, row) for row in told.rows] + [("", "合计", told.total)]
    lines = [(*same, key, name, *_score(told, row), *_earlier(told, row)) for key, name, row in scored]
    return (*named, *_SCORED, *parts, *earlier), lines


def _score(told: CompositeReport, found: CompositeTwice) -> tuple[Any, ...]:
    removal = (found.before_removal.shown, found.after_removal.shown)
    return (found.score, *removal, told.weights.version, *(part.figure.shown for part in found.parts))


_CHANGES = {"previous": ("上期", "环比"), "year_before": ("上年同期", "同比")}
_TOLD = {"median": "中位数", "p90": "九成位"}


def _earlier_columns(told: TimeReport | CompositeReport) -> list[Column]:
    found = []
    for name in _compared(told):
        for field, heading in _TOLD.items() if isinstance(told, TimeReport) else (("score", ""),):
            for code, words in zip(("shown", "change"), _CHANGES[name], strict=True):
                found.append(Column(f"{name}_{field}_{code}", words + heading, f"{name} {field} {code}", "text", ""))
    return found


def _earlier(told: TimeReport | CompositeReport, found: QuantilesTwice | CompositeTwice) -> list[str | None]:
    cells: list[str | None] = []
    for name in _compared(told):
        then: ComparedQuantiles | ComparedScore | None = getattr(found, name)
        if isinstance(then, ComparedQuantiles):
            cells += [then.median_shown, then.median_change_shown, then.p90_shown, then.p90_change_shown]
        elif then is not None:
            cells += [then.shown, then.change_shown]
    return cells


def report_columns(told: Report) -> tuple[Column, ...]:
    """Return the columns of a report: shares for counts in rows, and what it was compared with."""
    shares = _SHARE if _shared(told) else ()
    return (*columns_named(*_KNOWN), *shares, *(column for name in _compared(told) for column in _EARLIER[name]))


def report_rows(told: Report) -> list[tuple[Any, ...]]:
    """Return the rows of a report and, last, their total."""
    same, shared = (told.metric, told.period.first, told.period.last), _shared(told)
    rows = []
    for row in told.rows:
        shares = (row.share, row.share_rounded) if shared else ()
        rows.append((*same, row.key, row.name, *_figure(row), *shares, *_changes(told, row)))
    total = ("100" if told.total.numerator else None,) * 2 if shared else ()
    return [*rows, (*same, "", "合计", *_figure(told.total), *total, *_changes(told, told.total))]


def _shared(told: Report) -> bool:
    return any(row.share for row in told.rows)


def _compared(told: Report | TimeReport | CompositeReport) -> list[str]:
    return [name for name in _EARLIER if told.compared and getattr(told.compared, name)]


def _figure(found: FigureTwice) -> tuple[Any, ...]:
    removal = (found.before_removal.shown, found.after_removal.shown, found.taken_out.numerator, found.taken_out.denominator)
    return (found.numerator, found.denominator, found.percent, found.shown, *removal)


def _changes(told: Report, found: FigureTwice) -> list[str | None]:
    cells: list[str | None] = []
    for name in _compared(told):
        earlier: Compared | None = getattr(found, name)
        cells += [earlier.shown, earlier.change_shown] if earlier else [None, None]
    return cells


def ticket_rows(found: Counted) -> list[tuple[Any, ...]]:
    """Return the tickets of a page, times as people here write them."""
    return [_ticket_row(ticket, found.question.channels) for ticket in found.items]


def _ticket_row(ticket: CountedTicket, channels: Mapping[str, str]) -> tuple[Any, ...]:
    return (
        ticket.number,
        STATUS_NAMES.get(ticket.status, ticket.status),
        channels.get(ticket.channel, ticket.channel),
        _SOURCES[ticket.source],
        ticket.category,
        ticket.place.code,
        ticket.place.name,
        ticket.holder.name if ticket.holder else None,
        ticket.round,
        local_text(ticket.received_at),
        local_text(ticket.due_at) if ticket.due_at else None,
        local_text(ticket.completed_at) if ticket.completed_at else None,
        _VERDICTS[ticket.on_time],
    )
