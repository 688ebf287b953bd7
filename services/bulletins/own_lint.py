"""The lint of our own bulletins: the same arithmetic, and whether tables, figures and sentences say the same. Pure."""

import re
from collections.abc import Iterator

from services.bulletins.arithmetic import FEW, growth
from services.bulletins.document import Cell, Document, Row, Table
from services.bulletins.lint import TOTAL, lint
from services.bulletins.lint_forms import Finding, ForeignBulletin, ForeignCell, ForeignColumn, ForeignFigure, ForeignRow, ForeignTable

_SAME = (
    ("units/total/received", "channels/total/received"),
    ("units/total/received", "categories/total/received"),
    ("units/total/due", "categories/total/due"),
    ("units/total/closed", "categories/total/closed"),
    ("units/total/due", "overdue/total/due"),
    ("units/total/timely", "overdue/total/timely"),
    ("comparison/received/now", "units/total/received"),
    ("comparison/received/before", "channels/total/before"),
    ("comparison/completion_rate_received/now", "units/total/rate"),
    ("comparison/completion_rate_due/now", "units/total/closed_rate"),
    ("comparison/on_time_rate_due/now", "units/total/timely_rate"),
    ("comparison/resolution_rate/now", "verdicts/total/resolution"),
    ("comparison/satisfaction_rate/now", "verdicts/total/satisfaction"),
    ("three_rates/resolution_rate/before", "verdicts/total/resolution"),
    ("three_rates/satisfaction_rate/before", "verdicts/total/satisfaction"),
)
"""Places, as table/row/column by their keys, where the same number stands twice."""
_PARTED, _VERY_FEW = ("units", "channels", "categories"), 5
_SAID = re.compile(r"[0-9]+\.[0-9]+(?=%)|[0-9]+(?=%|件)")
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def lint_own(document: Document) -> list[Finding]:
    """Return what is wrong in one of our own bulletins."""
    return [*lint(as_foreign(document)), *_figures(document), *_sentences(document), *_words(document), *_small(document)]


def as_foreign(document: Document) -> ForeignBulletin:
    """Return a document in the form that anybody's bulletin is checked in."""
    tables = [table for section in document.sections for table in section.tables]
    exceeding = {found.metric for found in document.definitions if found.may_exceed}
    return ForeignBulletin(
        title=document.title,
        last=document.last,
        as_of=document.as_of,
        tables=[_table(table) for table in tables],
        figures=[
            ForeignFigure(
                name=f"{one.when}/{one.group}/{one.key}/{one.metric}/{one.removal}"[:200],
                printed=one.shown,
                numerator=one.numerator,
                denominator=one.denominator,
                may_exceed=one.metric in exceeding,
                as_of=document.as_of,
            )
            for one in document.figures
        ],
        equal=list(_equal(tables)),
    )


def _table(table: Table) -> ForeignTable:
    columns = [ForeignColumn(**column.model_dump(mode="json", exclude={"of"}), of=list(column.of)) for column in table.columns]
    rows = [ForeignRow(name=row.name, cells=_cells(row)) for row in table.rows]
    return ForeignTable(name=table.key, columns=columns, rows=rows, total=_cells(table.total) if table.total else None)


def _cells(row: Row) -> dict[str, ForeignCell]:
    return {key: ForeignCell(printed=cell.text, numerator=cell.numerator, denominator=cell.denominator) for key, cell in row.cells.items()}


def _equal(tables: list[Table]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of places that both exist, named as the lint looks them up."""
    there = {table.key: table for table in tables}
    for pair in _SAME:
        names = [_named(there, place) for place in pair]
        if names[0] and names[1]:
            yield names[0], names[1]


def _named(tables: dict[str, Table], place: str) -> str | None:
    key, row_key, column = place.split("/")
    table = tables.get(key)
    if table is None or column not in {found.key for found in table.columns}:
        return None
    if row_key == "total":
        return f"{key}/{TOTAL}/{column}" if table.total else None
    row = next((found for found in table.rows if found.key == row_key), None)
    return f"{key}/{row.name}/{column}" if row else None


def _figures(document: Document) -> Iterator[Finding]:
    """The rows of a group that parts the whole sum to the whole's figure."""
    totals = {(one.when, one.metric, one.removal): one for one in document.figures if one.group == "total"}
    summed: dict[tuple[str, str, str, str], tuple[int, int]] = {}
    for one in document.figures:
        if one.group in ("unit", "channel", "category"):
            key = (one.group, one.when, one.metric, one.removal)
            numerator, denominator = summed.get(key, (0, 0))
            summed[key] = numerator + one.numerator, denominator + (one.denominator or 0)
    for (group, *rest), parts in summed.items():
        total = totals.get((rest[0], rest[1], rest[2]))
        if total is not None and parts != (total.numerator, total.denominator or 0):
            where, printed = f"{group}/{'/'.join(rest)}", f"{total.numerator}/{total.denominator}"
            words = f"分项相加为{parts[0]}/{parts[1]}，总数为{printed}。"
            yield Finding(code="parts_differ", where=where, printed=printed, expected=f"{parts[0]}/{parts[1]}", words=words)


def _sentences(document: Document) -> Iterator[Finding]:
    """Every number of cases and every per cent in a sentence stands in a table or among the figures, or is made of them there."""
    known = _known(document)
    names = {one.name for one in document.figures if any(letter.isdigit() for letter in one.name)}
    for section in document.sections:
        for words in section.paragraphs:
            for said in _SAID.findall(_unnamed(words, names)):
                if said not in known:
                    detail = f"正文中的“{said}”在表格和指标中找不到出处。"
                    yield Finding(code="sentence_differs", where=section.heading, printed=said, expected="", words=detail)


def _unnamed(words: str, names: set[str]) -> str:
    """Return a sentence without the names in it that have digits of their own, such as a channel ``12345``."""
    for name in sorted(names, key=len, reverse=True):
        words = words.replace(name, " ")
    return words


def _known(document: Document) -> set[str]:
    known = {number for one in document.figures for number in _NUMBERS.findall(one.shown)}
    known |= {str(number) for one in document.figures for number in (one.numerator, one.denominator) if number is not None}
    cells: list[Cell] = []
    for table in (table for section in document.sections for table in section.tables):
        cells += [cell for row in (*table.rows, *([table.total] if table.total else [])) for cell in row.cells.values()]
    known |= {number for cell in cells for number in _NUMBERS.findall(cell.text)}
    return known | _grown(document)


def _grown(document: Document) -> set[str]:
    """Return by how many per cent a count changed, and the least number of cases that is compared: said in sentences only."""
    now = {one.metric: one for one in document.figures if one.group == "total" and one.when == "now" and one.removal == "kept"}
    found = {str(FEW), "100", "95"}
    for one in document.figures:
        if one.group == "total" and one.when != "now" and one.denominator is None and one.metric in now:
            found |= set(_NUMBERS.findall(growth(now[one.metric].numerator, one.numerator, document.decimals)))
    return found


def _words(document: Document) -> Iterator[Finding]:
    """A number in the editor's words that stands nowhere in the bulletin is pointed out: it is not counted, so it is not checked."""
    known = _known(document) | {number for note in (document.label, *document.notes) for number in _NUMBERS.findall(note)}
    overlay = [("导语", document.preface), ("结语", document.closing), *((found.heading, found.remark) for found in document.sections)]
    for where, words in overlay:
        for said in dict.fromkeys(_NUMBERS.findall(words)):
            if said not in known:
                detail = f"编者文字中的“{said}”不在本通报的数字之中，请自行核对。"
                yield Finding(code="editors_number", where=where, printed=said, expected="", words=detail, level="notice")


def _small(document: Document) -> Iterator[Finding]:
    """Very small numbers of cases are pointed out: before everybody may read them, somebody should look whether they point at a person."""
    rows = [row for section in document.sections for table in section.tables if table.key in _PARTED for row in table.rows]
    few = [row.name for row in rows if 0 < (row.cells["received"].numerator or 0) < _VERY_FEW]
    if few:
        words = f"{'、'.join(few)}的受理量不足{_VERY_FEW}件；如向社会公开，请先确认不会指认到个人。"
        yield Finding(code="small_cells", where="受理量", printed=str(len(few)), expected="", words=words, level="notice")
