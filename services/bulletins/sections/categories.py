"""事项类别: what the matters were about."""

from services.bulletins.arithmetic import shares
from services.bulletins.document import Cell, Column, Section, Table
from services.bulletins.figures import Counted, FrozenFigures
from services.bulletins.wording import beside, change_cell, count_cell, figure_cell, joined, part_cell, row

_NAMED = 5


def categories(figures: FrozenFigures) -> Section | None:
    """Return the section; None where no category has a case."""
    keys = {key: name for key, name in figures.rows("category") if _any(figures, key)}
    if not keys:
        return None
    ordered = sorted(keys, key=lambda key: -_received(figures, key).numerator)
    counts = [_received(figures, key).numerator for key in ordered]
    printed = shares(counts, figures.decimals)
    before = figures.period.called("before")
    columns = (
        Column(key="received", name="受理量"),
        Column(key="share", name="占比", kind="share", of=("received",)),
        Column(key="change", name=f"比{before}", kind="words"),
        Column(key="due", name="应结案"),
        Column(key="closed", name="结案"),
        Column(key="rate", name="结案率", kind="rate", of=("closed", "due")),
    )
    rows = []
    for key, share in zip(ordered, printed, strict=True):
        now, rate = _received(figures, key), figures.find("completion_rate_due", "now", "category", key)
        change = Cell(text=change_cell(now, figures.find("received", "before", "category", key)).text)
        cells = (count_cell(now.numerator), Cell(text=share), change, part_cell(rate, "denominator"), part_cell(rate, "numerator"))
        rows.append(row(key, keys[key], columns, *cells, figure_cell(rate, figures.decimals)))
    whole, rate = figures.total("received"), figures.total("completion_rate_due")
    change = Cell(text=change_cell(whole, figures.total("received", "before")).text)
    share = shares([sum(counts)], figures.decimals)[0]
    cells = (count_cell(whole.numerator), Cell(text=share), change, part_cell(rate, "denominator"), part_cell(rate, "numerator"))
    total = row("", "合计", columns, *cells, figure_cell(rate, figures.decimals))
    named = [(keys[key], counts[nth], printed[nth]) for nth, key in enumerate(ordered) if counts[nth] and key != "-"]
    told = [beside(name, f"{count}件（{share}）") for name, count, share in named[:_NAMED]]
    words = (joined("反映较多的事项依次为：" + "、".join(told)),) if told else ()
    table = Table(key="categories", caption="事项类别", head="类别", columns=columns, rows=tuple(rows), total=total)
    return Section(key="categories", heading="事项类别", paragraphs=words, tables=(table,))


def _received(figures: FrozenFigures, key: str) -> Counted:
    return figures.find("received", "now", "category", key) or Counted("now", "category", key, key, "received", 0)


def _any(figures: FrozenFigures, key: str) -> bool:
    due = figures.find("completion_rate_due", "now", "category", key)
    return bool(_received(figures, key).numerator or (due and due.denominator))
