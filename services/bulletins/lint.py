"""The arithmetic of a printed bulletin, checked: ours before it is published, and anybody's. Pure and exact.

What a table prints is read as people read it (``12,120``, ``９３.７２％``, ``+54``, ``—``) and compared with what follows from its own
numbers. Where the printed number shows how the mistake came about (cut off, digits swapped, taken over from another column), that is said.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

from services.bulletins.arithmetic import interval_text
from services.bulletins.lint_forms import Finding, ForeignBulletin, ForeignColumn, ForeignFigure, ForeignRow, ForeignTable
from services.bulletins.reading import Number, read_cell
from services.platform.clock import day_end, local_text

_HUNDRED = 100
TOTAL = "合计"


def lint(bulletin: ForeignBulletin) -> list[Finding]:
    """Return what is wrong in a bulletin, in the order it is printed in; nothing for a sound one."""
    found = [*_instants(bulletin)]
    for table in bulletin.tables:
        found += _table(table)
    for figure in bulletin.figures:
        found += _figure(figure)
    return [*found, *_equal(bulletin)]


def _instants(bulletin: ForeignBulletin) -> Iterator[Finding]:
    """Everything printed together was counted at one instant, and after the period was over."""
    stated = [(table.name, table.as_of) for table in bulletin.tables if table.as_of]
    stated += [(figure.name, figure.as_of) for figure in bulletin.figures if figure.as_of]
    if bulletin.as_of:
        stated.insert(0, (bulletin.title, bulletin.as_of))
    for (_first, instant), (name, other) in pairwise(stated):
        if other != instant:
            words = f"“{name}”的统计时点与前文不一致，同一通报应为同一时点。"
            yield Finding(code="as_of_differs", where=name, printed=other.isoformat(), expected=instant.isoformat(), words=words)
    if bulletin.as_of and bulletin.last and bulletin.as_of < day_end(bulletin.last):
        words = "统计时点早于统计期间结束，期间尚未统计完整。"
        printed, after = local_text(bulletin.as_of), local_text(day_end(bulletin.last))
        yield Finding(code="as_of_early", where=bulletin.title, printed=printed, expected=after, words=words)


def _table(table: ForeignTable) -> Iterator[Finding]:
    for row in _rows(table):
        for column in table.columns:
            yield from _cell(table, row, column)
    for column in table.columns:
        if column.kind in ("count", "change") and column.additive:
            yield from _sum(table, column)
        elif column.kind == "rate" and column.additive:
            yield from _parts(table, column)
        elif column.kind == "share":
            yield from _shares(table, column)


def _rows(table: ForeignTable) -> list[ForeignRow]:
    total = [ForeignRow(name=TOTAL, cells=table.total)] if table.total is not None else []
    return [*table.rows, *total]


def _cell(table: ForeignTable, row: ForeignRow, column: ForeignColumn) -> Iterator[Finding]:
    if column.kind == "words" or column.key not in row.cells:
        return
    where = f"{table.name}/{row.name}/{column.name or column.key}"
    cell = row.cells[column.key]
    if column.kind == "interval":
        yield from _interval(where, cell.printed, cell.numerator, cell.denominator)
        return
    number = read_cell(cell.printed)
    if number is None:
        words = f"“{cell.printed}”不是数字，无法核算。"
        yield Finding(code="unreadable", where=where, printed=cell.printed, expected="", words=words)
        return
    if number.nothing:
        yield from _nothing(where, cell.printed, _made(row, column, cell.numerator, cell.denominator))
        return
    kind = _kind(column, cell.denominator)
    yield from _possible(where, number, kind, may_exceed=column.may_exceed)
    if kind == "rate":
        made = _made(row, column, cell.numerator, cell.denominator)
        if made is not None:
            yield from _rate(where, number, *made, may_exceed=column.may_exceed)
    elif kind in ("change", "points"):
        yield from _change(where, row, column, number)
    elif kind == "count" and cell.numerator is not None and number.value != cell.numerator:
        yield _differs("count_differs", where, number.printed, str(cell.numerator), "印出的数与其所据的数不符。")


def _made(row: ForeignRow, column: ForeignColumn, numerator: int | None, denominator: int | None) -> tuple[int, int] | None:
    """Return numerator and denominator of a rate: from the columns it is made of, else those given with it."""
    if len(column.of) == 2 and column.kind == "rate":  # noqa: PLR2004  a fraction has two parts
        parts = [_number(row, key) for key in column.of]
        if all(part is not None for part in parts):
            return int(parts[0] or 0), int(parts[1] or 0)
    if numerator is not None and denominator is not None:
        return numerator, denominator
    return None


def _number(row: ForeignRow, key: str) -> Fraction | None:
    cell = row.cells.get(key)
    number = read_cell(cell.printed) if cell else None
    return number.value if number is not None and not number.nothing else None


def _nothing(where: str, printed: str, made: tuple[int, int] | None) -> Iterator[Finding]:
    if made is not None and made[1]:
        yield _differs("no_data_wrong", where, printed, f"{made[0]}/{made[1]}", "有可统计的对象，不应印为“—”。")


def _kind(column: ForeignColumn, denominator: int | None) -> str:
    """Return what kind of number a cell holds: of a column of figures each its own."""
    return column.kind if column.kind != "figure" else "count" if denominator is None else "rate"


def _possible(where: str, number: Number, kind: str, *, may_exceed: bool) -> Iterator[Finding]:
    if kind in ("count", "rate", "share") and number.value < 0:
        yield _differs("impossible", where, number.printed, "≥0", "件数和比率不能为负。")
    elif kind in ("rate", "share") and number.value > _HUNDRED and not may_exceed:
        yield _differs("impossible", where, number.printed, "≤100", "按其定义，比率不能超过100%。")
    elif kind == "count" and number.value.denominator != 1:
        yield _differs("impossible", where, number.printed, "整数", "件数应为整数。")


def _rate(where: str, number: Number, numerator: int, denominator: int, *, may_exceed: bool) -> Iterator[Finding]:
    """A rate is its fraction, halves rounded up to as many places as it is printed with."""
    if denominator == 0:
        yield _differs("no_data", where, number.printed, "—", "分母为零，没有可统计的对象，应印“—”，不是0%或100%。")
        return
    if numerator > denominator and not may_exceed:
        words = "分子大于分母：按其定义，完成数不能多于总数。"
        yield _differs("impossible", where, f"{numerator}/{denominator}", f"≤{denominator}", words)
        return
    exact = Fraction(100 * numerator, denominator)
    right, cut = _rounded(exact, number.places, ROUND_HALF_UP), _rounded(exact, number.places, ROUND_DOWN)
    if number.decimal == right:
        return
    made = f"{numerator}/{denominator}"
    if number.decimal == cut:
        words = f"{made}应四舍五入为{right}%，印出的是截尾数。"
        yield Finding(code="truncated", where=where, printed=number.printed, expected=f"{right}%", words=words)
    else:
        words = f"{made}应为{right}%。{_hint(number.decimal, right)}"
        yield Finding(code="percent_differs", where=where, printed=number.printed, expected=f"{right}%", words=words)


def _rounded(exact: Fraction, places: int, how: str) -> Decimal:
    scaled, scale = exact * 10**places, Decimal(10) ** -places
    whole = (
        scaled.numerator // scaled.denominator
        if how == ROUND_DOWN
        else (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    )
    return (Decimal(whole) * scale).quantize(scale)


def _change(where: str, row: ForeignRow, column: ForeignColumn, number: Number) -> Iterator[Finding]:
    """A change is the difference of the two columns it is made of, as they are printed."""
    if len(column.of) != 2:  # noqa: PLR2004  a difference has two sides
        return
    now, then = (_number(row, key) for key in column.of)
    if now is None or then is None:
        return
    if number.value != now - then:
        expected = _written(now - then)
        words = f"应为{_written(now)}－{_written(then)}＝{expected}。"
        yield Finding(code="change_differs", where=where, printed=number.printed, expected=expected, words=words)


def _sum(table: ForeignTable, column: ForeignColumn) -> Iterator[Finding]:
    """The total of a column is the sum of its rows."""
    if table.total is None or column.key not in table.total or not table.rows:
        return
    printed = read_cell(table.total[column.key].printed)
    if printed is None or printed.nothing:
        return
    summed = sum((_number(row, column.key) or Fraction(0) for row in table.rows), Fraction(0))
    if printed.value != summed:
        where = f"{table.name}/{TOTAL}/{column.name or column.key}"
        expected = _written(summed)
        others = [other for other in table.columns if other.key != column.key and other.key in table.total]
        same = [other.name or other.key for other in others if _total_is(table, other.key, printed.value)]
        stale = f"该数与“{same[0]}”的合计相同，疑为误用。" if same else ""
        words = f"合计印为{printed.printed}，各行相加为{expected}，相差{_written(abs(printed.value - summed))}。{stale}"
        words += _hint(printed.decimal, Decimal(summed.numerator))
        yield Finding(code="sum_differs", where=where, printed=printed.printed, expected=expected, words=words)


def _total_is(table: ForeignTable, key: str, value: Fraction) -> bool:
    number = read_cell(table.total[key].printed) if table.total and key in table.total else None
    return number is not None and not number.nothing and number.value == value


def _parts(table: ForeignTable, column: ForeignColumn) -> Iterator[Finding]:
    """Where rates come with what they are made of, the parts of the rows sum to those of the total."""
    total = table.total.get(column.key) if table.total else None
    if total is None or total.numerator is None or total.denominator is None:
        return
    cells = [row.cells[column.key] for row in table.rows if column.key in row.cells]
    for name, whole, values in (
        ("分子", total.numerator, [cell.numerator for cell in cells]),
        ("分母", total.denominator, [cell.denominator for cell in cells]),
    ):
        numbers = [value for value in values if value is not None]
        if len(numbers) == len(table.rows) and sum(numbers) != whole:
            words = f"合计的{name}为{whole}，各行相加为{sum(numbers)}。"
            where = f"{table.name}/{TOTAL}/{column.name or column.key}"
            yield Finding(code="parts_differ", where=where, printed=str(whole), expected=str(sum(numbers)), words=words)


def _shares(table: ForeignTable, column: ForeignColumn) -> Iterator[Finding]:
    """Shares sum to 100, and each is its count's share of all, give or take what makes them sum to 100."""
    read = [(row, read_cell(row.cells[column.key].printed)) for row in table.rows if column.key in row.cells]
    shares = [(row, number) for row, number in read if number is not None and not number.nothing]
    if not shares:
        return
    places = max(number.places for _row, number in shares)
    unit, summed = Fraction(1, 10**places), sum((number.value for _row, number in shares), Fraction(0))
    where = f"{table.name}/{column.name or column.key}"
    if summed != _HUNDRED:
        # half a unit for each row is what plain rounding can leave; more is a mistake
        near = abs(summed - _HUNDRED) <= unit * len(shares) / 2
        words = f"各项占比相加为{_written(summed)}%，应为100%。" + ("差额在逐项四舍五入的范围内，建议用最大余额法。" if near else "")
        level = "notice" if near else "error"
        yield Finding(code="shares_sum", where=where, printed=f"{_written(summed)}%", expected="100%", words=words, level=level)
    yield from _each_share(table, column, shares)


def _each_share(table: ForeignTable, column: ForeignColumn, shares: Sequence[tuple[ForeignRow, Number]]) -> Iterator[Finding]:
    base = column.of[0] if column.of else None
    counts = [_number(row, base) for row, _number_ in shares] if base else []
    whole = sum((count or Fraction(0) for count in counts), Fraction(0))
    if not base or whole <= 0:
        return
    for (row, number), count in zip(shares, counts, strict=True):
        if count is None:
            continue
        exact = 100 * count / whole
        if abs(number.value - exact) >= Fraction(1, 10**number.places):
            right = _rounded(exact, number.places, ROUND_HALF_UP)
            where = f"{table.name}/{row.name}/{column.name or column.key}"
            words = f"{_written(count)}占{_written(whole)}应为{right}%。{_hint(number.decimal, right)}"
            yield Finding(code="share_differs", where=where, printed=number.printed, expected=f"{right}%", words=words)


def _interval(where: str, printed: str, numerator: int | None, denominator: int | None) -> Iterator[Finding]:
    if numerator is not None and denominator is not None and printed != (right := interval_text(numerator, denominator)):
        yield _differs("interval_differs", where, printed, right, "区间与其分子分母不符。")


def _figure(figure: ForeignFigure) -> Iterator[Finding]:
    number = read_cell(figure.printed)
    made = (figure.numerator, figure.denominator) if figure.numerator is not None and figure.denominator is not None else None
    if number is None:
        words = f"“{figure.printed}”不是数字，无法核算。"
        yield Finding(code="unreadable", where=figure.name, printed=figure.printed, expected="", words=words)
    elif number.nothing:
        yield from _nothing(figure.name, figure.printed, made)
    elif made is not None:
        yield from _rate(figure.name, number, *made, may_exceed=figure.may_exceed)
    elif figure.numerator is not None and number.value != figure.numerator:
        yield _differs("count_differs", figure.name, number.printed, str(figure.numerator), "印出的数与其所据的数不符。")


def _equal(bulletin: ForeignBulletin) -> Iterator[Finding]:
    """What is said to be the same number in two places is printed the same in both."""
    printed = _printed(bulletin) if bulletin.equal else {}
    for pair in bulletin.equal:
        first, second = (read_cell(printed[address]) if address in printed else None for address in pair)
        if first is None or second is None:
            missing = pair[0] if first is None else pair[1]
            words = f"找不到“{missing}”，无法核对。写法：表名/行名/列，合计行的行名为“{TOTAL}”，单列数字写其名称。"
            yield Finding(code="unknown_place", where=missing, printed="", expected="", words=words)
        elif first.value != second.value:
            words = f"“{pair[0]}”为{first.printed}，“{pair[1]}”为{second.printed}，应当一致。{_hint(first.decimal, second.decimal)}"
            yield Finding(code="tables_differ", where=" = ".join(pair), printed=second.printed, expected=first.printed, words=words)


def _printed(bulletin: ForeignBulletin) -> dict[str, str]:
    """Return what is printed where, by the address of each place: looked through once, however many are compared."""
    found: dict[str, str] = {}
    for figure in bulletin.figures:
        found.setdefault(figure.name, figure.printed)
    for table in bulletin.tables:
        for row in _rows(table):
            for key, cell in row.cells.items():
                found.setdefault(f"{table.name}/{row.name}/{key}", cell.printed)
    return found


def _hint(printed: Decimal, right: Decimal) -> str:
    """Return what the digits say about how a wrong number came about: two digits that stand side by side were swapped."""
    given, wanted = f"{printed:f}", f"{right:f}"
    if len(given) != len(wanted):
        return ""
    off = [nth for nth in range(len(given)) if given[nth] != wanted[nth]]
    swapped = len(off) == 2 and given[off[0]] == wanted[off[1]] and given[off[1]] == wanted[off[0]]  # noqa: PLR2004  two digits change places
    return "疑为数字颠倒。" if swapped else ""


def _written(value: Fraction) -> str:
    """Return an exact number as people write it."""
    if value.denominator == 1:
        return str(value.numerator)
    return f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():f}"


def _differs(code: str, where: str, printed: str, expected: str, words: str) -> Finding:
    return Finding(code=code, where=where, printed=printed, expected=expected, words=words)
