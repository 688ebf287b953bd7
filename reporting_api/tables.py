"""Reports as tables for people: Chinese headings, local times."""

from collections.abc import Mapping
from typing import Any

from services.exports.columns import Column
from services.exports.known_columns import columns_named
from services.platform.clock import local_text
from services.reports.drilldown import Counted
from services.reports.views import Compared, CountedTicket, FigureTwice, Report
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


def _compared(told: Report) -> list[str]:
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
