"""Files that other programs read: DuckDB the Parquet, openpyxl the XLSX, the csv module the CSV."""

import csv
import io
import resource
import tempfile
from datetime import UTC, date, datetime, timedelta

import duckdb
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exports import formats
from services.exports.columns import Column, columns_like
from services.exports.defusing import harmless
from services.exports.formats import table_bytes, write
from services.platform.errors import Invalid

COLUMNS = (
    Column("number", "编号", "Number", "text", "工单编号"),
    Column("hand_offs", "流转次数", "Hand-offs", "integer", "", "次"),
    Column("share", "占比", "Share", "number", "", "%"),
    Column("on_time", "按期", "On time", "boolean", ""),
    Column("received_at", "受理时间", "Received", "instant", ""),
    Column("day", "日期", "Day", "day", ""),
)
NIGHT = datetime(2026, 11, 22, 17, 30, 5, 250_000, tzinfo=UTC)  # half past one of the next day in Shanghai
ROWS = [
    ("20261122-000017-8", 3, 12.5, True, NIGHT, date(2026, 11, 22)),
    ('=HYPERLINK("http://x")', -1, None, False, None, None),
    (None, None, None, None, None, None),
]  # fmt: skip


def test_csv_is_utf8_that_excel_knows_with_local_times_and_no_formula():
    content = table_bytes("csv", COLUMNS, ROWS)
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == 4
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert read[0] == ["编号", "流转次数", "占比", "按期", "受理时间", "日期"]
    assert read[1] == ["20261122-000017-8", "3", "12.5", "是", "2026-11-23 01:30:05", "2026-11-22"]
    assert read[2][:4] == ['\'=HYPERLINK("http://x")', "-1", "", "否"]
    assert read[3] == [""] * 6


def test_xlsx_has_typed_cells_no_formula_and_a_sheet_that_explains_them():
    book = openpyxl.load_workbook(io.BytesIO(table_bytes("xlsx", COLUMNS, ROWS, title="工单: 明细")))
    assert book.sheetnames == ["工单 明细", "数据字典"]
    sheet = book["工单 明细"]
    cells = list(sheet.iter_rows())
    assert [cell.value for cell in cells[0]] == ["编号", "流转次数", "占比", "按期", "受理时间", "日期"]
    assert [cell.value for cell in cells[1]][:4] == ["20261122-000017-8", 3, 12.5, "是"]
    assert cells[1][4].value.replace(microsecond=0) == datetime(2026, 11, 23, 1, 30, 5)  # noqa: DTZ001  as a sheet has it
    assert cells[2][0].data_type == "s"
    assert cells[2][0].value.startswith("'=")
    assert [cell.value for cell in list(book["数据字典"].iter_rows())[2]] == ["hand_offs", "流转次数", "Hand-offs", "整数", "次", None]


def test_parquet_has_codes_types_and_values_as_they_are(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(table_bytes("parquet", COLUMNS, ROWS))
    found = duckdb.sql(f"SELECT * EXCLUDE received_at, epoch_us(received_at) AS us FROM '{path}'")
    assert [str(kind) for kind in found.types] == ["VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "BIGINT"]
    micros = (NIGHT - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert found.fetchall() == [
        ("20261122-000017-8", 3, 12.5, True, date(2026, 11, 22), micros),
        ('=HYPERLINK("http://x")', -1, None, False, None, None),
        (None,) * 6,
    ]


@pytest.mark.parametrize("of", ["csv", "xlsx", "parquet"])
def test_a_table_without_rows_still_says_its_columns(of, tmp_path):
    content = table_bytes(of, COLUMNS, [])
    if of == "csv":
        assert content.decode("utf-8-sig").strip() == "编号,流转次数,占比,按期,受理时间,日期"
    elif of == "xlsx":
        (sheet, _explained) = openpyxl.load_workbook(io.BytesIO(content)).worksheets
        assert [cell.value for cell in next(sheet.iter_rows())] == ["编号", "流转次数", "占比", "按期", "受理时间", "日期"]
    else:
        path = tmp_path / "empty.parquet"
        path.write_bytes(content)
        assert duckdb.sql(f"SELECT number FROM '{path}'").fetchall() == []


def test_a_sheet_that_cannot_hold_the_rows_is_refused_and_not_cut_short(monkeypatch):
    monkeypatch.setattr(formats, "MOST_SHEET_ROWS", 2)
    with pytest.raises(Invalid) as refused:
        table_bytes("xlsx", COLUMNS, ROWS)
    assert refused.value.code == "export.too_long_for_xlsx"


@pytest.mark.parametrize("of", ["csv", "xlsx", "parquet"])
def test_many_rows_do_not_hold_the_memory(of):
    def rows():
        for nth in range(60_000):
            yield (f"2026-{nth:09}", nth, nth / 3, nth % 2 == 0, NIGHT + timedelta(seconds=nth), date(2026, 11, 22))

    with tempfile.TemporaryFile() as file:
        write(of, COLUMNS, rows(), file)  # what is loaded and kept once is there after this
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        file.seek(0)
        for _ in range(2):
            write(of, COLUMNS, rows(), file)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 * 1024  # KiB; as a list they are 24 MiB and more


def test_headings_that_are_alike_are_told_apart():
    content = table_bytes("xlsx", columns_like(["值", "值"], [(1, "a")]), [(1, "a")])
    assert [cell.value for cell in next(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows())] == ["值", "值2"]


def test_kinds_are_told_by_the_first_value_of_a_column():
    found = columns_like(["a", "b", "c", "d", "e"], [(None, 1, True, NIGHT, 1.5), ("x", 2, False, NIGHT, 2.5)])
    assert [column.kind for column in found] == ["text", "integer", "boolean", "instant", "number"]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20))
def test_no_text_begins_a_formula_and_none_is_lost(text):
    shown = harmless(text)
    assert shown.removeprefix("'") == text.removeprefix("'")
    assert len(shown) < 2 or shown[0] not in "=+-@\t\r＝＋－＠"
