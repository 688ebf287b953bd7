"""Tables as files: CSV, XLSX and Parquet, each written row after row, so that a million rows need no more memory than a thousand.

CSV and XLSX are for people: Chinese headings, instants in Asia/Shanghai, text that no spreadsheet takes for a formula. Parquet is for
programs: codes for names, instants in UTC, values as they are.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import Any, BinaryIO, Literal

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import write_parquet
from rustpy_xlsxwriter import write_worksheets

from services.exports.columns import KIND_WORDS, Column, Kind, Row
from services.exports.defusing import harmless
from services.platform.clock import SHANGHAI
from services.platform.errors import Invalid

FileFormat = Literal["csv", "xlsx", "parquet"]
MEDIA_TYPES: dict[FileFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
MOST_SHEET_ROWS = 1_000_000
"""Excel shows 1,048,576 rows of a sheet and silently drops the rest."""
_BATCH = 10_000
BOM = "\ufeff"
"""By which Excel knows that text is UTF-8."""
_DICTIONARY = ("列代码", "列名", "英文名", "类型", "单位", "含义")
_EPOCH = date(1970, 1, 1).toordinal()
_TEXTS: dict[bool, str] = {True: "是", False: "否"}


def write(format: FileFormat, columns: Sequence[Column], rows: Iterable[Row], file: BinaryIO, *, title: str = "数据") -> None:  # noqa: A002
    """Write a table into `file`. `rows` is read once, a little at a time; a row has one value a column, None for none.

    Raises Invalid ``export.too_long_for_xlsx`` where a sheet cannot hold all rows.
    """
    _WRITERS[format](columns, rows, file, title)


def table_bytes(format: FileFormat, columns: Sequence[Column], rows: Iterable[Row], *, title: str = "数据") -> bytes:  # noqa: A002
    """Return a small table as the bytes of a file."""
    file = io.BytesIO()
    write(format, columns, rows, file, title=title)
    return file.getvalue()


def dictionary_rows(columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """Return what each column is, a row each, under the headings of :func:`dictionary_columns`."""
    return [(column.code, column.heading, column.english, KIND_WORDS[column.kind], column.unit, column.meaning) for column in columns]


def dictionary_columns() -> tuple[Column, ...]:
    """Return the columns of a dictionary of columns."""
    return tuple(Column(f"c{nth}", name, name, "text", "") for nth, name in enumerate(_DICTIONARY))


def _write_csv(columns: Sequence[Column], rows: Iterable[Row], file: BinaryIO, _title: str) -> None:
    """UTF-8 with a byte order mark, by which Excel knows that it is UTF-8; lines end as RFC 4180 has them."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow([column.heading for column in columns])
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    text.flush()
    text.detach()


def csv_lines(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as lines of CSV, to be sent one after the other; before the first belongs :data:`BOM`."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([csv_cell(value) for value in row] for row in rows)
    return text.getvalue()


def csv_cell(value: Any) -> str:
    """Return a value as a cell of CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _TEXTS[value]
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    return harmless(value) if isinstance(value, str) else str(value)


def _write_xlsx(columns: Sequence[Column], rows: Iterable[Row], file: BinaryIO, title: str) -> None:
    """A sheet of the data and one that explains its columns. Written in one pass, cell by cell: text is never a formula."""
    names = _unlike([column.heading for column in columns])
    given = iter(rows)
    first = next(given, None)
    blank: Row = (None,) * len(columns)  # a sheet without any row would have no headings either
    data = _records(names, chain([blank if first is None else first], given))
    explained = _records(_DICTIONARY, dictionary_rows(columns))
    write_worksheets(
        [(_sheet_name(title), data), ("数据字典", explained)],
        file,
        freeze_panes={"general": {"row": 1, "col": 0}},
        datetime_format="yyyy-mm-dd hh:mm:ss",
    )


def _records(names: Sequence[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    for nth, row in enumerate(rows):
        if nth >= MOST_SHEET_ROWS:
            raise Invalid("export.too_long_for_xlsx", f"A sheet holds {MOST_SHEET_ROWS} rows; take csv or parquet.")
        yield {name: _sheet_cell(value) for name, value in zip(names, row, strict=True)}


def _sheet_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).replace(tzinfo=None)
    if isinstance(value, bool):
        return _TEXTS[value]
    return harmless(value) if isinstance(value, str) else str(value) if isinstance(value, date) else value


def _sheet_name(title: str) -> str:
    kept = "".join(letter for letter in title if letter not in "[]:*?/\\'")
    return kept[:31] or "数据"


def _unlike(names: Sequence[str]) -> list[str]:
    """Return the names, each different from all before it: a record has each name once."""
    found: dict[str, None] = {}
    for name in names:
        nth, unlike = 1, name
        while unlike in found:
            nth, unlike = nth + 1, f"{name}{nth + 1}"
        found[unlike] = None
    return list(found)


def _write_parquet(columns: Sequence[Column], rows: Iterable[Row], file: BinaryIO, title: str) -> None:
    names = _unlike([column.code for column in columns])
    fields = [
        Field(
            name, _TYPES[column.kind], nullable=True, metadata={"heading": column.heading, "meaning": column.meaning, "unit": column.unit}
        )
        for name, column in zip(names, columns, strict=True)
    ]
    schema = Schema(fields)
    reader = RecordBatchReader.from_batches(schema, _batches(schema, columns, rows))
    write_parquet(reader, file, compression="zstd(3)", max_row_group_size=100_000, key_value_metadata={"title": title})


def _batches(schema: Schema, columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[RecordBatch]:
    given = iter(rows)
    while page := list(islice(given, _BATCH)):
        by_column = zip(*page, strict=True)
        arrays = [_array(column.kind, values) for column, values in zip(columns, by_column, strict=True)]
        yield RecordBatch.from_arrays(arrays, schema=schema)


def _array(kind: Kind, values: Sequence[Any]) -> Array:
    if kind == "instant":
        return Array([_micros(value) for value in values], type=DataType.int64()).cast(_TYPES[kind])
    if kind == "day":
        return Array([_days(value) for value in values], type=DataType.int32()).cast(_TYPES[kind])
    return Array([None if value is None else _PLAIN[kind](value) for value in values], type=_TYPES[kind])


def _micros(value: datetime | None) -> int | None:
    if value is None:
        return None
    return round(value.replace(microsecond=0).timestamp()) * 1_000_000 + value.microsecond


def _days(value: date | None) -> int | None:
    return None if value is None else value.toordinal() - _EPOCH


_TYPES: dict[Kind, DataType] = {
    "text": DataType.utf8(),
    "integer": DataType.int64(),
    "number": DataType.float64(),
    "boolean": DataType.bool(),
    "instant": DataType.timestamp("us", tz="UTC"),
    "day": DataType.date32(),
}
_PLAIN: dict[Kind, Callable[[Any], Any]] = {"text": str, "integer": int, "number": float, "boolean": bool}
_Writer = Callable[[Sequence[Column], Iterable[Row], BinaryIO, str], None]
_WRITERS: dict[FileFormat, _Writer] = {"csv": _write_csv, "xlsx": _write_xlsx, "parquet": _write_parquet}
