"""The dashboard's headline figures, compared with the period before and a year before; the categories; and the flow."""

from datetime import date, datetime, timedelta

from reporting_api.dashboard_ground import Ground, areas_under, tier_below, told_period, unit_name
from reporting_api.dashboard_views import HolderCount, LateNow, LateTicket
from services.identity.permissions import scope_of
from services.platform.database import Json
from services.reports.comparing import period_before, year_before
from services.reports.drilldown import place_name
from services.reports.facts import PLACES
from services.reports.figures import Sums, added, named
from services.reports.flow import flow
from services.reports.grouping import NONE_KEY
from services.reports.late import Late
from services.reports.metrics import METRICS, Figure, Metric
from services.reports.planning import EARLIEST, Period
from services.reports.questions import Question
from services.reports.shares import shares

HEADLINES = ("response_rate", "resolution_rate", "satisfaction_rate", "completion_rate_due", "on_time_rate", "received", "completed")
"""三率, then completion, then amounts."""
_OF_CATEGORIES = ("received", "completion_rate_received", "satisfaction_rate")
_MONTHS_SHOWN = 13
_UNCATEGORISED = "未分类"
_YEAR = 12
_MOST_HOLDERS = 10
_MINUTE = timedelta(minutes=1)


async def overview(ground: Ground) -> Json:
    """Return the headlines, as `Overview` has them; one statement of sums, whatever the number of figures."""
    question, metrics = ground.question, [METRICS[name] for name in HEADLINES]
    before, last_year = period_before(question.period), year_before(question.period)
    told, by_month = await _sums(ground, metrics, before, last_year)
    recent = _recent(question.period)
    months = [(month, recent.within(month)) for month in recent.months()]
    return {
        **ground.stand,
        "previous": told_period(before) if before else None,
        "year_before": told_period(last_year) if last_year else None,
        "months": [month for month, _part in months],
        "tier": question.unit.tier if question.unit else None,
        "above": _above(ground),
        "below": _below(question),
        "figures": [
            {
                **definition(metric),
                "numerator_words": metric.numerator_words,
                "denominator_words": metric.denominator_words or None,
                "period_words": metric.period_words,
                "note": metric.note,
                "now": ground.figure(metric, told[question.period], question.period),
                "previous": ground.figure(metric, told.get(before, {}), before),
                "year_before": ground.figure(metric, told.get(last_year, {}), last_year),
                "series": [_point(ground.figure(metric, by_month.get(str(month), {}), part)) for month, part in months],
            }
            for metric in metrics
        ],
    }


async def categories(ground: Ground, limit: int) -> Json:
    """Return the `limit` categories most was received of, as `Categories` has them."""
    question, metrics = ground.question, [METRICS[name] for name in _OF_CATEGORIES]
    received, completed, satisfied = metrics
    sums = await ground.sums(metrics, question.period, "category")
    counts = {key: ground.figure(received, row, question.period).numerator for key, row in sums.items()}
    ranked = sorted((key for key, count in counts.items() if count), key=lambda key: (-counts[key], key))
    total, rest = sum(counts.values()), sum(counts[key] for key in ranked[limit:])
    parts = [share.share or "" for share in shares([*(counts[key] for key in ranked[:limit]), rest], 1)]
    rows = []
    for key, share in zip(ranked[:limit], parts, strict=False):
        policy = question.policies.category(key) if key != NONE_KEY else None
        above = question.policies.category(key.rpartition(".")[0]) if "." in key else None
        rows.append(
            {
                "key": key,
                "name": _UNCATEGORISED if key == NONE_KEY else policy.name if policy else key,
                "above": above.name if above else None,
                "received": counts[key],
                "share": share,
                "completed": ground.figure(completed, sums[key], question.period),
                "satisfied": ground.figure(satisfied, sums[key], question.period),
            }
        )
    others = {"categories": len(ranked[limit:]), "received": rest, "share": parts[-1]}
    return {**ground.stand, "metrics": [metric.key for metric in metrics], "received": total, "rows": rows, "others": others}


async def streams(ground: Ground) -> Json:
    """Return where what was received in the period went, as `Flow` has it."""
    found = await flow(ground.work, ground.question)
    counted = sum(stream.tickets for stream in found if stream.outcome in ("completed", "open"))
    return {
        **ground.stand,
        "metric": ground.question.metric.key,
        "channels": {code: ground.question.channels.get(code, code) for code in sorted({stream.channel for stream in found})},
        "received": counted,
        "left_out": sum(stream.tickets for stream in found) - counted,
        "streams": found,
    }


def late_now(found: Late, now: datetime) -> LateNow:
    """Return what is late as the dashboard shows it: ten holders, the oldest tickets."""
    items = [
        LateTicket(
            number=row.number,
            status=row.status,
            place=place_name(found.tree, row.area_path),
            holder=named(found.tree.by_id.get(row.lead_unit_id)),
            due_at=row.due_at,
            overdue_minutes=(now - row.due_at) // _MINUTE,
        )
        for row in found.oldest
    ]
    most = [HolderCount(unit=named(unit), tickets=count) for unit, count in found.holders[:_MOST_HOLDERS]]
    return LateNow(
        as_of=found.as_of,
        stale_seconds=found.stale_seconds,
        total=found.total,
        units=most,
        more_units=found.more_holders + len(found.holders) - len(most),
        items=items,
    )


def definition(metric: Metric) -> dict[str, str]:
    """Return what every figure carries: id and version, names, kind."""
    kind = "rate" if metric.denominator else "count"
    return {"metric": metric.key, "name": metric.name, "english": metric.english, "kind": kind}


async def _sums(
    ground: Ground, metrics: list[Metric], before: Period | None, last_year: Period | None
) -> tuple[dict[Period | None, Sums], dict[str, Sums]]:
    """Return the sums of the period and of those it is compared with, and of the months shown, all of one reading.

    A period that begins with a month is the sum of its months: then one stretch of months tells both.
    """
    period, recent = ground.question.period, _recent(ground.question.period)
    by_months = period.first.day == 1 and period.whole_days
    longest = Period(min(recent.first, period.first), period.last) if by_months else recent
    stretches = [longest, *(stretch for stretch in (None if by_months else period, before, last_year) if stretch)]
    by_month, *others = await ground.several(metrics, stretches, "month")
    told: dict[Period | None, Sums] = {stretch: added(rows.values()) for stretch, rows in zip(stretches[1:], others, strict=True)}
    if by_months:
        told[period] = added(row for month, row in by_month.items() if month >= str(period.first))
    return told, by_month


def _recent(period: Period) -> Period:
    """Return the months that are shown, up to the end of the period."""
    number = period.last.year * _YEAR + period.last.month - _MONTHS_SHOWN
    return Period(max(EARLIEST, date(number // _YEAR, number % _YEAR + 1, 1)), period.last)


def _point(figure: Figure) -> str | None:
    return None if figure.no_data else figure.percent or str(figure.numerator)


def _below(question: Question) -> list[Json]:
    if question.unit is None or question.unit.tier == "grid":
        return []
    return [unit_name(unit) for unit in areas_under(question, tier_below(question))]


def _above(ground: Ground) -> list[Json]:
    """Return the areas above that the asker's scope reaches wholly, the widest first."""
    question, scope = ground.question, scope_of(ground.work.actor)
    if question.unit is None:
        return []
    wider = [unit for unit in question.tree.ancestors(question.unit) if unit.kind in PLACES]
    reached = (unit for unit in reversed(wider) if scope.everything or any(unit.path.startswith(prefix) for prefix in scope.prefixes))
    return [unit_name(unit) for unit in reached]
