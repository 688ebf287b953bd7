"""Words that all sections use: how an area and its parts are called, how a change is told. Pure."""

from services.bulletins.arithmetic import NOTHING, growth, percent, points, signed
from services.bulletins.document import Cell, Column, Row
from services.bulletins.figures import Counted, FrozenFigures
from services.bulletins.periods import When

_PARTS = {"city": "各县区", "county": "各乡镇", "township": "各村（社区）"}
_UNNAMED = {"city": "县区", "county": "乡镇", "township": "村（社区）"}


def whole(figures: FrozenFigures) -> str:
    """Return what the area is called as a whole: 全市、全县、全镇、全乡、全街道."""
    if figures.tier != "township":
        return "全市" if figures.tier == "city" else "全区" if figures.unit_name.endswith("区") else "全县"
    return "全街道" if figures.unit_name.endswith("街道") else "全乡" if figures.unit_name.endswith("乡") else "全镇"


def parts(figures: FrozenFigures) -> str:
    """Return what its parts are called together: 各乡镇."""
    return _PARTS[figures.tier]


def part(figures: FrozenFigures) -> str:
    """Return what one part is called: 乡镇."""
    return _UNNAMED[figures.tier]


def shown(one: Counted, decimals: int) -> str:
    """Return a figure as it is printed: ``911``, ``93.72%``, or a dash without data."""
    if one.no_data:
        return NOTHING
    return str(one.numerator) if one.denominator is None else percent(one.numerator, one.denominator, decimals)


def made_of(one: Counted) -> str:
    """Return a rate's numerator and denominator as it is printed beside it: ``911/972``; '' for a count."""
    return "" if one.denominator is None else f"{one.numerator}/{one.denominator}"


def compared(figures: FrozenFigures, metric: str, when: When) -> str:
    """Return how a count compares with another period, with the count itself: ``比上月（1000件）增加54件，增幅5.40%``; '' without data."""
    now, then = figures.total(metric), figures.total(metric, when)
    if when not in figures.period.compared() or now.no_data or then.no_data:
        return ""
    called, change = figures.period.called(when), now.numerator - then.numerator
    if not change:
        return f"与{called}（{then.numerator}件）持平"
    verb, width = ("增加", "增幅") if change > 0 else ("减少", "降幅")
    grew = growth(now.numerator, then.numerator, figures.decimals)
    more = f"，{width}{grew}" if grew != NOTHING else ""
    return f"比{called}（{then.numerator}件）{verb}{abs(change)}件{more}"


def moved(figures: FrozenFigures, metric: str, when: When) -> str:
    """Return how a rate moved since another period, with it: ``比上月（90.00%，900/1000）上升3.72个百分点``; '' without data."""
    now, then = figures.total(metric), figures.total(metric, when)
    if when not in figures.period.compared() or now.no_data or then.no_data:
        return ""
    called, rate = figures.period.called(when), shown(then, figures.decimals)
    change = points(shown(now, figures.decimals), rate)
    if change.lstrip("+-0.") == "":
        return f"与{called}（{rate}，{made_of(then)}）持平"
    return f"比{called}（{rate}，{made_of(then)}）{'上升' if change[0] == '+' else '下降'}{change[1:]}个百分点"


def joined(*clauses: str) -> str:
    """Return clauses as one sentence; those that say nothing are left out."""
    return "，".join(clause for clause in clauses if clause) + "。"


def beside(name: str, number: str) -> str:
    """Return a name and its number: ``彭寨镇160件``, and ``12345：633件`` where they would run into each other."""
    return f"{name}{'：' if name[-1:].isdigit() else ''}{number}"


def count_cell(number: int) -> Cell:
    """Return the cell of a count."""
    return Cell(text=str(number), numerator=number)


def figure_cell(one: Counted | None, decimals: int) -> Cell:
    """Return the cell of a figure; a dash where there is none."""
    if one is None or (one.no_data and one.denominator is None):
        return Cell(text=NOTHING)
    return Cell(text=shown(one, decimals), numerator=one.numerator, denominator=one.denominator)


def part_cell(one: Counted | None, part_of: str) -> Cell:
    """Return the cell of a rate's numerator or denominator; a dash where the rate was not counted."""
    if one is None:
        return Cell(text=NOTHING)
    return count_cell((one.numerator if part_of == "numerator" else one.denominator) or 0)


def change_cell(now: Counted | None, then: Counted | None) -> Cell:
    """Return the cell of a change of counts; a dash where either is no data."""
    if now is None or then is None or now.no_data or then.no_data:
        return Cell(text=NOTHING)
    return Cell(text=signed(now.numerator - then.numerator), numerator=now.numerator - then.numerator)


def row(key: str, name: str, columns: tuple[Column, ...], *cells: Cell) -> Row:
    """Return a row, its cells given in the order of the columns."""
    return Row(key=key, name=name, cells={column.key: cell for column, cell in zip(columns, cells, strict=True)})
