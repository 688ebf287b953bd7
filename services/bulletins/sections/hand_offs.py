"""流转情况: who passes matters on, and who does so without having done anything (二传手)."""

from services.bulletins.document import Column, Section, Table
from services.bulletins.figures import FrozenFigures
from services.bulletins.wording import count_cell, figure_cell, joined, made_of, part_cell, row, shown

PASSED, IDLE = "passed_on", "passed_on_idly"
_MOST = 20


def hand_offs(figures: FrozenFigures) -> Section | None:
    """Return the section; None where no unit was given anything."""
    passed, idle = figures.total(PASSED), figures.total(IDLE)
    if not passed.denominator:
        return None
    told = [
        f"本期派给各承办单位的工单{passed.denominator}件",
        f"其中{passed.numerator}件被退回、上交或应其要求转办，流转率{shown(passed, figures.decimals)}",
        f"没有任何办理记录即转出（“二传手”）的{idle.numerator}件，占{shown(idle, figures.decimals)}",
    ]
    then = figures.total(IDLE, "before")
    if then.denominator:
        told.append(f"{figures.period.called('before')}为{shown(then, figures.decimals)}（{made_of(then)}）")
    columns = (
        Column(key="given", name="派给工单", additive=False),
        Column(key="passed", name="转出", additive=False),
        Column(key="rate", name="流转率", kind="rate", of=("passed", "given"), additive=False),
        Column(key="idle", name="未办即转", additive=False),
        Column(key="idle_rate", name="二传手率", kind="rate", of=("idle", "given"), additive=False),
    )
    named = [
        (key, name) for key, name in figures.rows("hand_off") if (found := figures.find(PASSED, "now", "hand_off", key)) and found.numerator
    ]
    named.sort(key=lambda entry: -_idle(figures, entry[0]))
    rows = []
    for key, name in named[:_MOST]:
        found, without = figures.find(PASSED, "now", "hand_off", key), figures.find(IDLE, "now", "hand_off", key)
        given = count_cell((found.denominator if found else 0) or 0)
        first = (given, part_cell(found, "numerator"), figure_cell(found, figures.decimals))
        rows.append(row(key, name, columns, *first, part_cell(without, "numerator"), figure_cell(without, figures.decimals)))
    numbers = (count_cell(passed.denominator), count_cell(passed.numerator), figure_cell(passed, figures.decimals))
    total = row("", "全部单位", columns, *numbers, count_cell(idle.numerator), figure_cell(idle, figures.decimals))
    more = f"只列未办即转最多的{_MOST}个单位。" if len(named) > _MOST else "只列有转出的单位。"
    note = more + "同一工单先后派给几个单位的，各单位各计一次，“全部单位”只计一次，故各行之和可大于合计。"
    table = Table(key="hand_offs", caption="流转情况", head="承办单位", columns=columns, rows=tuple(rows), total=total, note=note)
    return Section(key="hand_offs", heading="流转情况", paragraphs=(joined(*told),), tables=(table,) if rows else ())


def _idle(figures: FrozenFigures, key: str) -> int:
    found = figures.find(IDLE, "now", "hand_off", key)
    return found.numerator if found else 0
