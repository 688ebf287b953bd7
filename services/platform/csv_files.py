"""Reading a CSV file so that every mistake is reported with its line: what all loaders of files share.

Pure: text in, rows and mistakes out. Cells are NFKC-normalised (full-width digits and letters become plain ones) and stripped, because
the files come from spreadsheets typed with Chinese input methods.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineError:
    """One mistake: the line of the file (the header is line 1), the column where known, and a sentence saying what is wrong."""

    line: int
    column: str | None
    message: str

    def __str__(self) -> str:
        """``line 12, column tier: ...``."""
        place = f"line {self.line}" if self.column is None else f"line {self.line}, column {self.column}"
        return f"{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One data row: where its record ends in the file, and its cells by column; a missing optional column reads as empty."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """The cell of a column, empty when the file does not have it."""
        return self.cells.get(column, "")


def clean(text: str) -> str:
    """`text` as cells are kept: NFKC-normalised, without blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


def listed(cell: str) -> tuple[str, ...]:
    """The parts of a ``;``-separated cell, without blanks and repetitions, in order."""
    return tuple(dict.fromkeys(part.strip() for part in cell.split(";") if part.strip()))


def read_rows(text: str, required: Sequence[str], optional: Sequence[str] = ()) -> tuple[list[CsvRow], list[LineError]]:
    """Read a CSV file with a header line. Blank lines are skipped; a byte order mark is tolerated.

    Mistakes: a missing, unknown or repeated column, a row with too many or too few cells, a quote that never
    closes, no row at all. With a broken header
    no rows are returned, since their cells would mean nothing.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[CsvRow] = []
    errors: list[LineError] = []
    header: list[str] | None = None
    try:
        for record in reader:
            cells = [clean(cell) for cell in record]
            if header is None:
                header = cells
                errors += _header_errors(header, required, optional)
                if errors:
                    return [], errors
            elif not any(cells):
                continue
            elif len(cells) != len(header):
                errors.append(LineError(reader.line_num, None, f"has {len(cells)} cells, the header has {len(header)}"))
            else:
                rows.append(CsvRow(reader.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as broken:
        errors.append(LineError(reader.line_num, None, f"is not CSV: {broken}"))
    if header is None:
        errors.append(LineError(1, None, "the file is empty; a header line is needed"))
    elif not rows and not errors:
        errors.append(LineError(1, None, "there is nothing below the header line"))
    return rows, errors


def _header_errors(header: Sequence[str], required: Sequence[str], optional: Iterable[str]) -> list[LineError]:
    known = {*required, *optional}
    errors = [LineError(1, name, "this column is missing") for name in required if name not in header]
    errors += [LineError(1, name, "this column is not known") for name in header if name not in known]
    errors += [LineError(1, name, "this column appears twice") for name in sorted({n for n in header if header.count(n) > 1})]
    return errors
