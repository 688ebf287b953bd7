"""The dashboard's headline figures, compared with the period before and a year before; the categories; and the flow."""

from calendar import monthrange
from datetime import date, timedelta

from reporting_api.dashboard_ground import Ground, areas_under, shown, tier_below, unit_names
from reporting_api.dashboard_views import Categories, CategoryFigures, Flow, Headline, OtherCategories, Overview, StreamView
from services.identity.permissions import scope_of
from services.platform.rounding import percent_text
from services.reports.facts import PLACES
from services.reports.flow import flow
from services.reports.metrics import METRICS, Metric
from services.reports.planning import Period
from services.reports.selecting import NONE_KEY
from services.reports.views import PeriodView, UnitName

HEADLINES = ("response_rate", "resolution_rate", "satisfaction_rate", "completion_rate_due", "on_time_rate", "received", "completed")
"""三率, then completion, then amounts."""
_OF_CATEGORIES = ("received", "completion_rate_received", "satisfaction_rate")
_MONTHS_SHOWN = 13
_YEAR = 12
_DAY = timedelta(days=1)


async def overview(ground: Ground) -> Overview:
    """Return the headlines; four statements, whatever the number of figures."""
    question, metrics = ground.question, [METRICS[name] for name in HEADLINES]
    period = question.period
    before, year_before = period_before(period), moved(period, -_YEAR)
    recent = Period(_month(period.last, 1 - _MONTHS_SHOWN), period.last)
    told = {stretch: (await ground.sums(metrics, stretch)).get("", {}) for stretch in (period, before, year_before)}
    by_month = await ground.sums(metrics, recent, "month")
    months = list(recent.months())
    figures = []
    for metric in metrics:
        now, previous, last_year = (ground.figure(metric, told[stretch], stretch) for stretch in (period, before, year_before))
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
                year_before=shown(last_year),
                series=[None if one.no_data else one.percent or str(one.numerator) for one in series],
            )
        )
    return Overview(
        **ground.stand,
        previous=_view(before),
        year_before=_view(year_before),
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
    rows = []
    for key in ranked[:limit]:
        policy = question.policies.category(key) if key != NONE_KEY else None
        above = question.policies.category(key.rpartition(".")[0]) if "." in key else None
        rows.append(
            CategoryFigures(
                key=key,
                name=policy.name if policy else key,
                above=above.name if above else None,
                received=counts[key],
                share=percent_text(counts[key], total, 1) or "",
                completed=shown(ground.figure(completed, sums[key], question.period)),
                satisfied=shown(ground.figure(satisfied, sums[key], question.period)),
            )
        )
    others = OtherCategories(categories=len(ranked[limit:]), received=rest, share=percent_text(rest, total, 1) or "")
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


def definition(metric: Metric) -> dict[str, str]:
    """Return what every figure carries: id and version, names, kind."""
    kind = "rate" if metric.denominator else "count"
    return {"metric": metric.key, "name": metric.name, "english": metric.english, "kind": kind}


def period_before(period: Period) -> Period:
    """Return the period of the same kind before: the months before for months, also for begun ones; else as many days before."""
    months = (period.last.year - period.first.year) * _YEAR + period.last.month - period.first.month + 1
    if period.first.day == 1 and (months in (1, 3, _YEAR) or _ends_a_month(period.last)):
        return moved(period, -months)
    return Period(period.first - (period.last - period.first) - _DAY, period.first - _DAY)


def moved(period: Period, months: int) -> Period:
    """Return the same days `months` later (earlier where negative). The last day of a month stays the last; 29 Feb becomes 28 Feb."""
    last = _month(period.last, months)
    end = monthrange(last.year, last.month)[1]
    last = last.replace(day=end if _ends_a_month(period.last) else min(period.last.day, end))
    first = _month(period.first, months)
    first = first.replace(day=min(period.first.day, monthrange(first.year, first.month)[1]))
    return Period(first, last)


def _month(day: date, months: int) -> date:
    number = day.year * _YEAR + day.month - 1 + months
    return date(number // _YEAR, number % _YEAR + 1, 1)


def _ends_a_month(day: date) -> bool:
    return (day + _DAY).day == 1


def _view(period: Period) -> PeriodView:
    return PeriodView(first=period.first, last=period.last)


def _above(ground: Ground) -> list[UnitName]:
    """Return the areas above that the asker's scope reaches wholly, the widest first."""
    question, scope = ground.question, scope_of(ground.work.actor)
    if question.unit is None:
        return []
    wider = [unit for unit in question.tree.ancestors(question.unit) if unit.kind in PLACES]
    return unit_names(
        unit for unit in reversed(wider) if scope.everything or any(unit.path.startswith(prefix) for prefix in scope.prefixes)
    )
