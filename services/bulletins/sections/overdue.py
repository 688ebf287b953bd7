"""超期与通报名单: what was due in the period and late, and who is named for it."""

from services.bulletins.document import Column, Section, Table
from services.bulletins.figures import Counted, FrozenFigures
from services.bulletins.wording import count_cell, figure_cell, joined, part, parts, row

LISTED = "listed"


def overdue(figures: FrozenFigures) -> Section | None:
    """Return the section; None where nothing was due and nobody is named."""
    timely, closed, named = figures.total("on_time_rate_due"), figures.total("completion_rate_due"), figures.find(LISTED)
    entries = named.numerator if named else 0
    if not timely.denominator and not entries:
        return None
    told, tables = [], []
    if timely.denominator:
        late, left = timely.denominator - timely.numerator, (closed.denominator or 0) - closed.numerator
        told.append(joined(f"本期到期的{timely.denominator}件工单中，未按期结案{late}件", f"其中{left}件截至统计时点仍未结案"))
        tables.append(_late(figures))
    if entries:
        told.append(_words(figures, entries))
        tables.append(_names(figures, entries))
    else:
        told.append("本期没有列入通报名单的逾期事项。")
    return Section(key="overdue", heading="超期与通报名单", paragraphs=tuple(told), tables=tuple(tables))


def _late(figures: FrozenFigures) -> Table:
    columns = (
        Column(key="due", name="应结案"),
        Column(key="timely", name="按期结案"),
        Column(key="late", name="未按期结案", kind="change", of=("due", "timely")),
        Column(key="open", name="其中未结案"),
    )
    rows = []
    for key, name in figures.rows("unit"):
        timely, closed = (figures.find(metric, "now", "unit", key) for metric in ("on_time_rate_due", "completion_rate_due"))
        if timely and closed and (timely.denominator or 0) > timely.numerator:
            rows.append(row(key, name, columns, *(count_cell(number) for number in _numbers(timely, closed))))
    rows.sort(key=lambda found: -(found.cells["late"].numerator or 0))
    # only units that were late are listed: what was due and in time elsewhere is told in one row, so that the rows still sum up
    listed = [tuple(found.cells[column.key].numerator or 0 for column in columns) for found in rows]
    whole = _numbers(figures.total("on_time_rate_due"), figures.total("completion_rate_due"))
    rest = tuple(number - sum(entry[nth] for entry in listed) for nth, number in enumerate(whole))
    if any(rest):
        rows.append(row("rest", f"其他{part(figures)}", columns, *(count_cell(number) for number in rest)))
    total = row("", "合计", columns, *(count_cell(number) for number in whole))
    return Table(key="overdue", caption=f"{parts(figures)}超期情况", head=part(figures), columns=columns, rows=tuple(rows), total=total)


def _numbers(timely: Counted, closed: Counted) -> tuple[int, int, int, int]:
    due = timely.denominator or 0
    return due, timely.numerator, due - timely.numerator, (closed.denominator or 0) - closed.numerator


def _words(figures: FrozenFigures, entries: int) -> str:
    units = sum(1 for _row in figures.rows("listed"))
    return joined(f"本期达到通报级别的时限{entries}项", f"涉及{units}个单位，现予通报，请有关单位逐件说明原因、限期办结")


def _names(figures: FrozenFigures, entries: int) -> Table:
    columns = (Column(key="listed", name="通报事项（项）"),)
    found = [(key, name, figures.find(LISTED, "now", "listed", key)) for key, name in figures.rows("listed")]
    rows = [row(key, name, columns, figure_cell(one, figures.decimals)) for key, name, one in found]
    total = row("", "合计", columns, count_cell(entries))
    note = "一项为一件工单的一个时限。计入达到通报级别之时所在的期间，此后办结的仍计。"
    return Table(key="listed", caption="通报名单", head="逾期单位", columns=columns, rows=tuple(rows), total=total, note=note)
