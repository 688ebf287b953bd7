"""The questions of `bench.reports`: those of the dashboard, and those of a table that was made before there was a line of this code."""

from dataclasses import dataclass
from datetime import date, timedelta

ANALYST, DISPATCHER, OFFICER = "demo-analyst-441624-1", "demo-township-441624108-1", "demo-department-441624-D-CGJ-1"
TOWNSHIP, VILLAGE, GRID = "441624108", "441624108213", "441624108213001"
_INSIDE = f"unit={TOWNSHIP}"
_IN_TOWNSHIP = f"area_path LIKE '/441624/{TOWNSHIP}/%'"
_IN_VILLAGE = f"area_path LIKE '/441624/{TOWNSHIP}/{VILLAGE}/%'"
_IN_GRID = f"area_path = '/441624/{TOWNSHIP}/{VILLAGE}/{GRID}/'"
_BY_TOWNSHIP, _BY_VILLAGE = "split_part(area_path, '/', 4)", "split_part(area_path, '/', 5)"
_BY_MONTH = "date_trunc('month', received_at AT TIME ZONE 'Asia/Shanghai')"


@dataclass(frozen=True)
class Asked:
    """A question: what it is called, its address, who asks, and the same cohort as a plain GROUP BY over tickets, where there is one."""

    what: str
    path: str
    plain: str = ""
    login: str = ANALYST


def _plain(key: str, *conditions: str) -> str:
    where = " AND ".join((*conditions, "source = 'complaint' AND status NOT IN ('rejected', 'cancelled', 'merged')"))
    return f"SELECT {key}, count(*), count(*) FILTER (WHERE status = 'closed') FROM tickets WHERE {where} GROUP BY 1"


def _since(day: date) -> str:
    return f"received_at >= '{day} 00:00+08'"


def _before(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def dashboard(until: date) -> list[Asked]:
    """Return what the dashboard asks, for this month and for two years, up to today."""
    last = until
    first, long = last.replace(day=1), _before(last.replace(day=1), 23)
    month, two = f"from={first}&to={last}", f"from={long}&to={last}"
    now, ever = _since(first), _since(long)
    areas, tickets = "/v1/dashboard/areas", "/v1/reports/satisfaction_rate/tickets"
    return [
        Asked("headlines, this month", f"/v1/dashboard/overview?{month}", _plain(_BY_MONTH, _since(_before(first, 13)))),
        Asked("headlines, 24 months", f"/v1/dashboard/overview?{two}", _plain(_BY_MONTH, ever)),
        Asked("headlines of a township", f"/v1/dashboard/overview?{month}&{_INSIDE}", login=DISPATCHER),
        Asked("townships, this month", f"{areas}?{month}", _plain(_BY_TOWNSHIP, now)),
        Asked("townships, 24 months", f"{areas}?{two}", _plain(_BY_TOWNSHIP, ever)),
        Asked("424 villages, this month", f"{areas}?{month}&by=unit:village", _plain(_BY_VILLAGE, now)),
        Asked("grids of a township, this month", f"{areas}?{month}&{_INSIDE}&by=unit:grid", _plain("area_path", now, _IN_TOWNSHIP)),
        Asked("flow, this month", f"/v1/dashboard/flow?{month}", _plain("channel || tier", now)),
        Asked("flow, 24 months", f"/v1/dashboard/flow?{two}", _plain("channel || tier", ever)),
        Asked("flow of a township, this month", f"/v1/dashboard/flow?{month}&{_INSIDE}", _plain("channel || tier", now, _IN_TOWNSHIP)),
        Asked("categories, this month", f"/v1/dashboard/categories?{month}", _plain("category_code", now)),
        Asked("categories, 24 months", f"/v1/dashboard/categories?{two}", _plain("category_code", ever)),
        Asked(
            "categories of a township, 24 months", f"/v1/dashboard/categories?{two}&{_INSIDE}", _plain("category_code", ever, _IN_TOWNSHIP)
        ),
        Asked("what is late, first page", "/v1/overdue?limit=6"),
        Asked("what is late in a township", f"/v1/overdue?limit=6&{_INSIDE}", login=DISPATCHER),
        Asked("what is late in a grid", f"/v1/overdue?limit=6&unit={GRID}"),
        Asked("what is late, to a dispatcher", "/v1/overdue?limit=6", login=DISPATCHER),
        Asked("what is late, in short", "/v1/dashboard/late"),
        Asked("tickets behind a headline", f"{tickets}?{month}&limit=30"),
        Asked("tickets behind a township's bar", f"{tickets}?{month}&by=unit:township&key={TOWNSHIP}&limit=30"),
    ]


def reports(until: date) -> list[Asked]:
    """Return the questions of the table, as far as the API can be asked them, and some more."""
    last = until
    first, long, year = last.replace(day=1), _before(last.replace(day=1), 23), _before(last.replace(day=1), 11)
    month, two, ever = f"from={first}&to={last}", f"from={long}&to={last}", _since(long)
    days, week, begin = last - timedelta(days=29), last - timedelta(days=6), last - timedelta(days=45)
    moment = f"from={begin}T08:13:21%2B08:00&to={last}T17:44:05%2B08:00"
    in_moment = f"received_at >= '{begin} 08:13:21+08' AND received_at < '{last} 17:44:05+08'"
    rate, received = "/v1/reports/completion_rate_received", "/v1/reports/received"
    satisfied = (
        "SELECT lead_unit_id, count(*) FILTER (WHERE satisfied), count(satisfied) FROM report_facts WHERE called_at IS NOT NULL GROUP BY 1"
    )
    median = "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY close_minutes) FROM report_facts WHERE completed"
    return [
        Asked("county, 24 months, by township", f"{rate}?{two}&by=unit:township", _plain(_BY_TOWNSHIP, ever)),
        Asked("county, 24 months, by month", f"{rate}?{two}&by=month", _plain(_BY_MONTH, ever)),
        Asked(
            "township, 30 days, by village",
            f"{rate}?from={days}&to={last}&{_INSIDE}&by=unit:village",
            _plain(_BY_VILLAGE, _since(days), _IN_TOWNSHIP),
        ),
        Asked(
            "grid, 12 months, by category",
            f"{received}?from={year}&to={last}&unit={GRID}&by=category",
            _plain("category_code", _since(year), _IN_GRID),
        ),
        Asked("county, 7 days, by category", f"{received}?from={week}&to={last}&by=category", _plain("category_code", _since(week))),
        Asked("county, 7 days, by channel", f"{received}?from={week}&to={last}&by=channel", _plain("channel", _since(week))),
        Asked("grid ranking, one month", f"{received}?{month}&by=unit:grid", _plain("area_path", _since(first))),
        Asked("county, 24 months, by holder, satisfaction", f"/v1/reports/satisfaction_rate?{two}&by=department", satisfied),
        Asked("to the second, 45 days, by township", f"{received}?{moment}&by=unit:township", _plain(_BY_TOWNSHIP, in_moment)),
        Asked("village, 24 months, by month", f"{received}?{two}&unit={VILLAGE}&by=month", _plain(_BY_MONTH, ever, _IN_VILLAGE)),
        Asked(
            "village, 24 months, by category", f"{received}?{two}&unit={VILLAGE}&by=category", _plain("category_code", ever, _IN_VILLAGE)
        ),
        Asked("township, 24 months, by month", f"{received}?{two}&{_INSIDE}&by=month", _plain(_BY_MONTH, ever, _IN_TOWNSHIP)),
        Asked("median time to close, 24 months", f"/v1/reports/close_time?{two}", median),
        *_others(month, two),
    ]


def _others(month: str, two: str) -> list[Asked]:
    """Return questions that no sums tell apart, or only some."""
    received = "/v1/reports/received"
    return [
        Asked("with the period and the year before", f"/v1/reports/completion_rate_due?{month}&by=unit:township&compare=both"),
        Asked("a dispatcher's own scope, 24 months", f"{received}?{two}", login=DISPATCHER),
        Asked("one category, 24 months, by village", f"{received}?{two}&by=unit:village&category=water"),
        Asked("a department's own tickets, 24 months", f"{received}?{two}", login=OFFICER),
        Asked("by urgency, this month", f"{received}?{month}&by=urgency"),
        Asked("by settled tier, 24 months", f"/v1/reports/satisfaction_rate?{two}&by=settled_tier"),
        Asked("who holds how many", "/v1/workload"),
        Asked("who holds how many in a township", f"/v1/workload?{_INSIDE}", login=DISPATCHER),
    ]
