"""The dashboard's headline figures, compared with the period before and a year before; the categories; and the flow."""

from datetime import date, datetime, timedelta

from reporting_api.dashboard_ground import Ground, areas_under, shown, tier_below, unit_names
from reporting_api.dashboard_views import (
    Categories,
    CategoryFigures,
    Flow,
    Headline,
    HolderCount,
    LateNow,
    LateTicket,
    OtherCategories,
    Overview,
    StreamView,
)
from services.identity.permissions import scope_of
from services.reports.comparing import period_before, year_before
from services.reports.drilldown import place_name
from services.reports.facts import PLACES
from services.reports.figures import named
from services.reports.flow import flow
from services.reports.grouping import NONE_KEY
from services.reports.late import Late
from services.reports.metrics import METRICS, Metric
from services.reports.planning import EARLIEST, Period
from services.reports.shares import shares
from services.reports.views import UnitName, period_view

HEADLINES = ("response_rate", "resolution_rate", "satisfaction_rate", "completion_rate_due", "on_time_rate", "received", "completed")
"""三率, then completion, then amounts."""
_OF_CATEGORIES = ("received", "completion_rate_received", "satisfaction_rate")
_MONTHS_SHOWN = 13
_UNCATEGORISED = "未分类"
_YEAR = 12
_MOST_HOLDERS = 10
_MINUTE = timedelta(minutes=1)


async def overview(ground: Ground) -> Overview:
    """Return the headlines; four statements, whatever the number of figures."""
    question, metrics = ground.question, [METRICS[name] for name in HEADLINES]
    period = question.period
    before, last_year = period_before(period), year_before(period)
    recent = Period(max(EARLIEST, _month(period.last, 1 - _MONTHS_SHOWN)), period.last)
    told = {stretch: (await ground.sums(metrics, stretch)).get("", {}) for stretch in (period, before, last_year) if stretch}
    by_month = await ground.sums(metrics, recent, "month")
    months = list(recent.months())
    figures = []
    for metric in metrics:
        now, previous, earlier = (
            ground.figure(metric, told[stretch] if stretch else {}, stretch) for stretch in (period, before, last_year)
        )
        series = [ground.figure(metric, by_month.get(str(month), {}), recent.within(month)) for month in months]
        figures.append(
            Headline(
                **definition(metric),
                numerator_words=metric.numerator_words,
                denominator_words=metric.denominator_words or None,
                period_words=metric.period_words,
                note=metric.note,
                now=shown(now),
                previous=shown(previous),
                year_before=shown(earlier),
                series=[None if one.no_data else one.percent or str(one.numerator) for one in series],
            )
        )
    return Overview(
        **ground.stand,
        previous=period_view(before) if before else None,
        year_before=period_view(last_year) if last_year else None,
        months=months,
        tier=question.unit.tier if question.unit else None,
        above=_above(ground),
        below=unit_names(areas_under(question, tier_below(question))) if question.unit and question.unit.tier != "grid" else [],
        figures=figures,
    )


async def categories(ground: Ground, limit: int) -> Categories:
    """Return the `limit` categories most was received of."""
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
            CategoryFigures(
                key=key,
                name=_UNCATEGORISED if key == NONE_KEY else policy.name if policy else key,
                above=above.name if above else None,
                received=counts[key],
                share=share,
                completed=shown(ground.figure(completed, sums[key], question.period)),
                satisfied=shown(ground.figure(satisfied, sums[key], question.period)),
            )
        )
    others = OtherCategories(categories=len(ranked[limit:]), received=rest, share=parts[-1])
    return Categories(**ground.stand, metrics=[metric.key for metric in metrics], received=total, rows=rows, others=others)


async def streams(ground: Ground) -> Flow:
    """Return where what was received in the period went."""
    found = await flow(ground.work, ground.question)
    counted = sum(stream.tickets for stream in found if stream.outcome in ("completed", "open"))
    return Flow(
        **ground.stand,
        metric=ground.question.metric.key,
        channels={code: ground.question.channels.get(code, code) for code in sorted({stream.channel for stream in found})},
        received=counted,
        left_out=sum(stream.tickets for stream in found) - counted,
        streams=[StreamView(**vars(stream)) for stream in found],
    )


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
    return LateNow(as_of=now, total=found.total, units=most, more_units=len(found.holders) - len(most), items=items)


def definition(metric: Metric) -> dict[str, str]:
    """Return what every figure carries: id and version, names, kind."""
    kind = "rate" if metric.denominator else "count"
    return {"metric": metric.key, "name": metric.name, "english": metric.english, "kind": kind}


def _month(day: date, months: int) -> date:
    number = day.year * _YEAR + day.month - 1 + months
    return date(number // _YEAR, number % _YEAR + 1, 1)


def _above(ground: Ground) -> list[UnitName]:
    """Return the areas above that the asker's scope reaches wholly, the widest first."""
    question, scope = ground.question, scope_of(ground.work.actor)
    if question.unit is None:
        return []
    wider = [unit for unit in question.tree.ancestors(question.unit) if unit.kind in PLACES]
    return unit_names(
        unit for unit in reversed(wider) if scope.everything or any(unit.path.startswith(prefix) for prefix in scope.prefixes)
    )
