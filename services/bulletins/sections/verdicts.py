"""群众评价: response, resolution and satisfaction, before and after removal, and each unit with its interval."""

from services.bulletins.arithmetic import FEW, interval_text
from services.bulletins.document import Cell, Column, Section, Table
from services.bulletins.figures import Counted, FrozenFigures
from services.bulletins.wording import count_cell, figure_cell, joined, made_of, moved, part, part_cell, parts, row, shown

RATES = ("response_rate", "resolution_rate", "satisfaction_rate")
_NAMES = {"response_rate": "响应率", "resolution_rate": "解决率", "satisfaction_rate": "满意率"}


def verdicts(figures: FrozenFigures) -> Section | None:
    """Return the section; None where nobody said anything."""
    if not any(figures.total(metric).denominator for metric in RATES):
        return None
    tables = [_twice(figures), *([_by_unit(figures)] if any(True for _row in figures.rows("unit")) else [])]
    return Section(key="verdicts", heading="群众评价", paragraphs=tuple(_words(figures)), tables=tuple(tables))


def _words(figures: FrozenFigures) -> list[str]:
    reached, told = figures.total("reach_rate"), []
    if reached.denominator:
        rate = shown(reached, figures.decimals)
        told.append(
            f"本期回访{reached.denominator}件，联系上诉求人{reached.numerator}件，有效回访率{rate}。未接通、未表态的不计入下列比率。"
        )
    kept = [figures.total(metric) for metric in RATES]
    clauses = [f"{_NAMES[one.id]}{shown(one, figures.decimals)}（{made_of(one)}）" for one in kept if one.denominator]
    change = moved(figures, "satisfaction_rate", "before")
    told.append(joined("、".join(clauses), f"满意率{change}" if change else ""))
    less = [figures.total(metric, removal="removed") for metric in RATES]
    if [made_of(one) for one in less] != [made_of(one) for one in kept]:
        clauses = [f"{_NAMES[one.id]}{shown(one, figures.decimals)}（{made_of(one)}）" for one in less]
        told.append("剔除经认定的不合理诉求后，" + "、".join(clauses) + "。")
    else:
        told.append("本期回访的工单中没有经认定剔除的不合理诉求，剔除前后相同。")
    return told


def _twice(figures: FrozenFigures) -> Table:
    columns = (
        Column(key="said_yes", name="剔除前肯定", additive=False),
        Column(key="said", name="剔除前表态", additive=False),
        Column(key="before", name="剔除前", kind="rate", of=("said_yes", "said"), additive=False),
        Column(key="yes_after", name="剔除后肯定", additive=False),
        Column(key="said_after", name="剔除后表态", additive=False),
        Column(key="after", name="剔除后", kind="rate", of=("yes_after", "said_after"), additive=False),
        Column(key="out", name="剔除件数", kind="change", of=("said", "said_after"), additive=False),
    )
    rows = []
    for metric in RATES:
        kept, less = figures.total(metric), figures.total(metric, removal="removed")
        out = (kept.denominator or 0) - (less.denominator or 0)
        cells = [*_thrice(kept, figures.decimals), *_thrice(less, figures.decimals), Cell(text=str(out), numerator=out)]
        rows.append(row(metric, _NAMES[metric], columns, *cells))
    note = "肯定：诉求人表示已联系、已解决、满意；表态：对该项作出表态的工单。"
    return Table(key="three_rates", caption="三率（剔除前、剔除后）", head="指标", columns=columns, rows=tuple(rows), note=note)


def _thrice(one: Counted, decimals: int) -> list[Cell]:
    return [count_cell(one.numerator), count_cell(one.denominator or 0), figure_cell(one, decimals)]


def _by_unit(figures: FrozenFigures) -> Table:
    columns = (
        Column(key="solved", name="已解决"),
        Column(key="solved_of", name="表态"),
        Column(key="resolution", name="解决率", kind="rate", of=("solved", "solved_of")),
        Column(key="satisfied", name="满意"),
        Column(key="satisfied_of", name="表态 "),
        Column(key="satisfaction", name="满意率", kind="rate", of=("satisfied", "satisfied_of")),
        Column(key="interval", name="满意率95%区间", kind="interval", of=("satisfied", "satisfied_of"), additive=False),
        Column(key="few", name="说明", kind="words"),
    )
    rows = [row(key, name, columns, *_unit_cells(figures, "unit", key)) for key, name in figures.rows("unit")]
    total = row("", "合计", columns, *_unit_cells(figures, "total", ""))
    note = f"区间为威尔逊95%置信区间：区间相互重叠的单位不分高低。表态不足{FEW}件的注明“样本少”，不作比较。"
    caption = f"{parts(figures)}群众评价"
    return Table(key="verdicts", caption=caption, head=part(figures), columns=columns, rows=tuple(rows), total=total, note=note)


def _unit_cells(figures: FrozenFigures, group: str, key: str) -> list[Cell]:
    cells: list[Cell] = []
    for metric in RATES[1:]:
        found = figures.find(metric, "now", group, key)  # type: ignore[arg-type]  # one of the literals
        cells += [part_cell(found, "numerator"), part_cell(found, "denominator"), figure_cell(found, figures.decimals)]
    said = found.denominator or 0 if found else 0
    numbers = {"numerator": found.numerator, "denominator": said} if found and said else {}
    cells.append(Cell(text=interval_text(found.numerator if found else 0, said), **numbers))
    cells.append(Cell(text="样本少" if 0 < said < FEW else ""))
    return cells
