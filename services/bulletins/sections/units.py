"""各乡镇办理情况: the parts of the area side by side. Compared is only what there are enough cases for."""

from services.bulletins.arithmetic import FEW
from services.bulletins.document import Bar, Bars, Cell, Column, Section, Table
from services.bulletins.figures import Counted, FrozenFigures
from services.bulletins.wording import beside, change_cell, count_cell, figure_cell, joined, part, part_cell, parts, row, shown, whole
from services.platform.intervals import wilson

_NAMED = 8


def units(figures: FrozenFigures) -> Section | None:
    """Return the section; None where the area has no parts."""
    keys = list(figures.rows("unit"))
    if not keys:
        return None
    words = [words for words in (_busiest(figures, keys), _apart(figures, keys), _few(figures, keys)) if words]
    return Section(
        key="units",
        heading=f"{parts(figures)}办理情况",
        paragraphs=tuple(words),
        tables=(_table(figures, keys),),
        bars=_pictures(figures, keys),
    )


def _table(figures: FrozenFigures, keys: list[tuple[str, str]]) -> Table:
    before = figures.period.called("before")
    columns = (
        Column(key="received", name="受理量"),
        Column(key="change", name=f"比{before}", kind="words"),
        Column(key="completed", name="其中已办结"),
        Column(key="rate", name="办结率", kind="rate", of=("completed", "received")),
        Column(key="due", name="应结案"),
        Column(key="closed", name="结案"),
        Column(key="closed_rate", name="结案率", kind="rate", of=("closed", "due")),
        Column(key="timely", name="按期结案"),
        Column(key="timely_rate", name="按期结案率", kind="rate", of=("timely", "due")),
    )
    rows = [row(key, name, columns, *_cells(figures, "unit", key)) for key, name in keys]
    total = row("", "合计", columns, *_cells(figures, "total", ""))
    note = "办结率＝本期受理且已办结/本期受理；结案率＝结案/本期到期应结案；按期结案率＝按期结案/应结案。"
    return Table(
        key="units", caption=f"{parts(figures)}受理与结案", head=part(figures), columns=columns, rows=tuple(rows), total=total, note=note
    )


def _cells(figures: FrozenFigures, group: str, key: str) -> list[Cell]:
    def found(metric: str, when: str = "now") -> Counted | None:
        return figures.find(metric, when, group, key)  # type: ignore[arg-type]  # both are the literals of Counted

    received, rate, closed, timely = (found(m) for m in ("received", "completion_rate_received", "completion_rate_due", "on_time_rate_due"))
    return [
        count_cell(received.numerator if received else 0),
        Cell(text=change_cell(received, found("received", "before")).text),
        part_cell(rate, "numerator"),
        figure_cell(rate, figures.decimals),
        part_cell(closed, "denominator"),
        part_cell(closed, "numerator"),
        figure_cell(closed, figures.decimals),
        part_cell(timely, "numerator"),
        figure_cell(timely, figures.decimals),
    ]


def _busiest(figures: FrozenFigures, keys: list[tuple[str, str]]) -> str:
    counted = [(name, found.numerator) for key, name in keys if key != "-" and (found := figures.find("received", "now", "unit", key))]
    most = sorted((entry for entry in counted if entry[1]), key=lambda entry: -entry[1])[:3]
    return joined("受理量较多的有：" + "、".join(beside(name, f"{count}件") for name, count in most)) if most else ""


def _apart(figures: FrozenFigures, keys: list[tuple[str, str]]) -> str:
    """Name the units whose rate lies clearly off the whole's: its 95 % interval does not hold the whole's rate."""
    overall = figures.total("completion_rate_due")
    if not overall.denominator:
        return ""
    above, below = [], []
    for key, name in keys:
        rate = figures.find("completion_rate_due", "now", "unit", key)
        if key == "-" or rate is None or not rate.denominator or rate.denominator < FEW:
            continue
        found = wilson(rate.numerator, rate.denominator)
        told = beside(name, f"{shown(rate, figures.decimals)}（{rate.numerator}/{rate.denominator}）")
        if found.lower * overall.denominator > overall.numerator:
            above.append(told)
        elif found.upper * overall.denominator < overall.numerator:
            below.append(told)
    clauses = [f"明显高于{whole(figures)}结案率（{shown(overall, figures.decimals)}）的有：{_some(above)}"] if above else []
    clauses += [f"明显低于{whole(figures)}结案率的有：{_some(below)}"] if below else []
    named = "；".join(clauses) + "。" if clauses else f"{parts(figures)}结案率与{whole(figures)}水平没有明显差异。"
    return named + "其余单位的高低在偶然波动范围之内，不作排名。" if clauses else named


def _few(figures: FrozenFigures, keys: list[tuple[str, str]]) -> str:
    found = [
        name
        for key, name in keys
        if key != "-" and (rate := figures.find("completion_rate_due", "now", "unit", key)) and 0 < (rate.denominator or 0) < FEW
    ]
    return f"应结案不足{FEW}件、样本少而不作比较的有：{_some(found)}。" if found else ""


def _some(names: list[str]) -> str:
    return "、".join(names[:_NAMED]) + (f"等{len(names)}个单位" if len(names) > _NAMED else "")


def _pictures(figures: FrozenFigures, keys: list[tuple[str, str]]) -> tuple[Bars, ...]:
    bars = []
    for key, name in keys:
        rate = figures.find("completion_rate_due", "now", "unit", key)
        if rate is None or not rate.denominator:
            continue
        few = " 样本少" if rate.denominator < FEW else ""
        text = f"{shown(rate, figures.decimals)}（{rate.numerator}/{rate.denominator}）{few}"
        bars.append(Bar(name=name, text=text, share=min(1000 * rate.numerator // rate.denominator, 1000)))
    if not bars:
        return ()
    alternative = "；".join(beside(bar.name, bar.text) for bar in bars)
    return (Bars(title=f"{parts(figures)}结案率", alternative=alternative, bars=tuple(bars)),)
