"""一、总体情况: what came in, what became of it, and how that compares."""

from services.bulletins.arithmetic import NOTHING, points, signed
from services.bulletins.document import Cell, Column, Row, Section, Table
from services.bulletins.figures import Counted, FrozenFigures
from services.bulletins.periods import When
from services.bulletins.wording import compared, joined, made_of, moved, shown, whole
from services.platform.clock import local_text

COMPARED = (
    "received", "completed", "completion_rate_received", "completion_rate_due", "on_time_rate_due", "on_time_rate",
    "first_time_fix_rate", "rework_rate", "response_rate", "resolution_rate", "satisfaction_rate",
)  # fmt: skip
"""What the table of comparisons shows, where it was counted."""


def overall(figures: FrozenFigures) -> Section:
    """Return the section."""
    return Section(
        key="overall",
        heading="总体情况",
        paragraphs=tuple(words for words in (_received(figures), _completed(figures), _due(figures), _closed(figures)) if words),
        tables=(_comparison(figures),),
    )


def _received(figures: FrozenFigures) -> str:
    received, seen = figures.total("received"), figures.find("discovered")
    if received.no_data:
        return f"{figures.period.label}，没有{whole(figures)}群众诉求的记录。"
    told = [f"{figures.period.label}，{whole(figures)}共受理群众诉求{received.numerator}件"]
    told += [compared(figures, "received", when) for when in ("before", "year_before")]
    more = f"另有网格员自行发现并上报的问题{seen.numerator}件，不计入受理量。" if seen and seen.numerator else ""
    return joined(*told) + more


def _completed(figures: FrozenFigures) -> str:
    rate = figures.total("completion_rate_received")
    if rate.no_data:
        return ""
    return joined(
        f"截至{local_text(figures.as_of)}，本期受理的诉求已办结{rate.numerator}件",
        f"办结率（办结/受理）{shown(rate, figures.decimals)}",
        moved(figures, "completion_rate_received", "before"),
        moved(figures, "completion_rate_received", "year_before"),
    )


def _due(figures: FrozenFigures) -> str:
    closed, timely = figures.total("completion_rate_due"), figures.total("on_time_rate_due")
    if not closed.denominator:
        return ""
    told = [
        f"本期到期应结案{closed.denominator}件，已结案{closed.numerator}件",
        f"结案率（结案/应结案）{shown(closed, figures.decimals)}",
        moved(figures, "completion_rate_due", "before"),
    ]
    if timely.denominator:
        told.append(f"其中按期结案{timely.numerator}件")
        told.append(f"按期结案率（按期/应结案）{shown(timely, figures.decimals)}")
        told.append(moved(figures, "on_time_rate_due", "before"))
    return joined(*told)


def _closed(figures: FrozenFigures) -> str:
    timely, first = figures.total("on_time_rate"), figures.total("first_time_fix_rate")
    told = []
    if timely.denominator:
        told.append(
            f"本期办结且有时限的{timely.denominator}件中，按期办结{timely.numerator}件，按期办结率{shown(timely, figures.decimals)}"
        )
    if first.denominator:
        told.append(f"本期办结的{first.denominator}件中，一次办结{first.numerator}件，一次办结率{shown(first, figures.decimals)}")
    return "；".join(told) + "。" if told else ""


def _comparison(figures: FrozenFigures) -> Table:
    """Return the table of the same figures in the compared periods, with the absolute numbers beside each rate."""
    others: list[When] = [when for when in figures.period.compared() if when != "now"]
    columns = [_column("now", "本期"), Column(key="now_of", name="本期件数", kind="words")]
    for when in others:
        called = figures.period.called(when)
        columns += [
            _column(when, called),
            Column(key=f"{when}_of", name=f"{called}件数", kind="words"),
            Column(key=f"{when}_change", name=f"比{called}", kind="change", of=("now", when), additive=False),
        ]
    names = {definition.metric.partition("@")[0]: definition.name for definition in figures.definitions}
    rows = [_compared_row(figures, metric, names.get(metric, metric), others) for metric in COMPARED if figures.find(metric)]
    note = "“件数”为分子/分母；比率的变化为百分点，按刊印数相减。以前各期的数字均按本期统计口径、于本期统计时点重新统计。"
    return Table(key="comparison", caption="主要指标对比", head="指标", columns=tuple(columns), rows=tuple(rows), note=note)


def _column(key: str, name: str) -> Column:
    return Column(key=key, name=name, kind="figure", additive=False)


def _compared_row(figures: FrozenFigures, metric: str, name: str, others: list[When]) -> Row:
    now = figures.total(metric)
    cells = {"now": _cell(now, figures), "now_of": Cell(text=made_of(now) or NOTHING)}
    for when in others:
        then = figures.total(metric, when)
        cells |= {
            when: _cell(then, figures),
            f"{when}_of": Cell(text=made_of(then) or NOTHING),
            f"{when}_change": _change(now, then, figures),
        }
    return Row(key=metric, name=name, cells=cells)


def _cell(one: Counted, figures: FrozenFigures) -> Cell:
    numbers = {} if one.no_data else {"numerator": one.numerator, "denominator": one.denominator}
    return Cell(text=shown(one, figures.decimals), **numbers)


def _change(now: Counted, then: Counted, figures: FrozenFigures) -> Cell:
    if now.no_data or then.no_data:
        return Cell(text=NOTHING)
    if now.denominator is None:
        return Cell(text=signed(now.numerator - then.numerator))
    return Cell(text=points(shown(now, figures.decimals), shown(then, figures.decimals)))
