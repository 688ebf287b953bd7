"""Reports as tables for people: Chinese headings, local times."""

from collections.abc import Mapping
from typing import Any

from services.platform.clock import local_text
from services.reports.drilldown import Counted
from services.reports.views import CountedTicket, FigureTwice, Report
from services.tickets.lifecycle import STATUS_NAMES

REPORT_HEADER = ("指标", "起", "止", "代码", "名称", "分子", "分母", "百分比", "显示", "剔除前", "剔除后", "剔除分子", "剔除分母")
TICKETS_HEADER = (
    "工单编号", "状态", "渠道", "来源", "类别", "地点代码", "地点", "承办单位", "轮次", "受理时间", "到期时间", "办结时间", "按期",
)  # fmt: skip
_SOURCES = {"complaint": "群众诉求", "discovered": "自行发现"}
_VERDICTS = {True: "是", False: "否", None: ""}


def report_rows(told: Report) -> list[tuple[Any, ...]]:
    """Return the rows of a report and, last, their total."""
    same = (told.metric, told.period.first, told.period.last)
    rows = [(*same, row.key, row.name, *_figure(row)) for row in told.rows]
    return [*rows, (*same, "", "合计", *_figure(told.total))]


def _figure(found: FigureTwice) -> tuple[Any, ...]:
    removal = (found.before_removal.shown, found.after_removal.shown, found.taken_out.numerator, found.taken_out.denominator)
    return (found.numerator, found.denominator, found.percent, found.shown, *removal)


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
