"""The lint finds the mistakes that hand-made bulletins have, and none in sound ones."""

import json
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from daguanjia.command import app as command
from services.bulletins.arithmetic import NOTHING, interval_text, percent, points, shares
from services.bulletins.building import build
from services.bulletins.lint import lint
from services.bulletins.lint_forms import Finding, ForeignBulletin
from services.bulletins.reading import read_cell
from tests.bulletins import foreign
from tests.bulletins.cohorts import made_up


def linted(given: dict[str, Any]) -> list[Finding]:
    return lint(ForeignBulletin.model_validate(given))


def table(rows: list[dict[str, Any]], total: dict[str, Any] | None = None, *columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    named = [{"name": f"行{nth}", "cells": cells} for nth, cells in enumerate(rows)]
    return {"title": "通报", "tables": [{"name": "表", "columns": list(columns), "rows": named, "total": total}], **more}


@pytest.mark.parametrize("name", foreign.SOUND)
def test_sound_public_bulletins_are_clean(name: str) -> None:
    assert linted(foreign.SOUND[name]()) == []


def test_the_printed_total_of_jiangmen_is_not_the_sum_of_its_rows() -> None:
    assert linted(foreign.jiangmen(with_districts=False)) == []
    summed, crossed = linted(foreign.jiangmen())
    assert (summed.code, summed.where, summed.printed, summed.expected) == ("sum_differs", "各区/合计/7月采集员上报", "12120", "12102")
    assert summed.words == "合计印为12120，各行相加为12102，相差18。疑为数字颠倒。"
    assert (crossed.code, crossed.expected, crossed.printed) == ("tables_differ", "12102", "12120")


def test_many_comparisons_look_through_a_bulletin_once() -> None:
    """As much as a request may hold: nobody else at the door waits for it."""
    rows = [{"name": str(nth), "cells": dict.fromkeys("abcdefgh", 1)} for nth in range(2000)]
    tables = [{"name": f"表{nth}", "columns": [{"key": key, "kind": "words"} for key in "abcdefgh"], "rows": rows} for nth in range(2)]
    bulletin = ForeignBulletin.model_validate({"title": "通报", "tables": tables, "equal": [["表1/1999/h", "表9/9/h"]] * 500})
    began = time.process_time()
    found = lint(bulletin)
    assert time.process_time() - began < 2
    assert {one.where for one in found} == {"表9/9/h"}


def test_a_total_taken_over_from_the_column_of_last_month_is_named_as_such() -> None:
    now, before = {"key": "now", "name": "7月"}, {"key": "before", "name": "6月"}
    (found,) = linted(table([{"now": 5, "before": 9}, {"now": 6, "before": 4}], {"now": 13, "before": 13}, now, before))
    assert (found.code, found.expected) == ("sum_differs", "11")
    assert "该数与“6月”的合计相同，疑为误用。" in found.words


@pytest.mark.parametrize("sample", foreign.SAMPLES, ids=lambda sample: f"{sample['numerator']}/{sample['denominator']}")
def test_every_published_percentage_is_read_as_its_source_rounds(sample: dict[str, Any]) -> None:
    printed = foreign.figure(sample["metric"], sample["printed_percent"], sample["numerator"], sample["denominator"])
    found = linted({"title": sample["source"], "figures": [printed]})
    assert found == []
    if sample["truncated"] != sample["half_up"]:
        cut = {**printed, "printed": sample["truncated"]}
        (finding,) = linted({"title": sample["source"], "figures": [cut]})
        assert (finding.code, finding.expected) == ("truncated", f"{sample['half_up']}%")


def test_rates_are_recomputed_from_the_columns_they_are_made_of() -> None:
    columns = ({"key": "closed"}, {"key": "due"}, {"key": "rate", "kind": "rate", "of": ["closed", "due"]})
    assert linted(table([{"closed": 911, "due": 972, "rate": "93.72%"}, {"closed": 0, "due": 0, "rate": "—"}], None, *columns)) == []
    (swapped,) = linted(table([{"closed": 911, "due": 972, "rate": "93.27%"}], None, *columns))
    assert (swapped.code, swapped.expected) == ("percent_differs", "93.72%")
    assert swapped.words.endswith("疑为数字颠倒。")
    codes = [
        [found.code for found in linted(table([cells], None, *columns))]
        for cells in (
            {"closed": 973, "due": 972, "rate": "100.10%"},
            {"closed": 0, "due": 0, "rate": "0%"},
            {"closed": 9, "due": 9, "rate": "—"},
            {"closed": -1, "due": 9, "rate": "-11.11%"},
            {"closed": "9.5", "due": 10, "rate": "九成"},
        )
    ]
    assert codes == [
        ["impossible", "impossible"],
        ["no_data"],
        ["no_data_wrong"],
        ["impossible", "impossible"],
        ["impossible", "unreadable"],
    ]
    columns[2]["may_exceed"] = True
    assert linted(table([{"closed": 973, "due": 972, "rate": "100.10%"}], None, *columns)) == []


def test_changes_are_the_difference_of_the_columns_they_compare() -> None:
    columns = ({"key": "now"}, {"key": "then"}, {"key": "change", "kind": "change", "of": ["now", "then"]})
    assert linted(table([{"now": "1,054", "then": "1000", "change": "+54"}, {"now": 3, "then": "—", "change": "—"}], None, *columns)) == []
    (found,) = linted(table([{"now": 1054, "then": 1000, "change": "-54"}], None, *columns))
    assert (found.code, found.expected) == ("change_differs", "54")
    rates = ({"key": "now", "kind": "rate"}, {"key": "then", "kind": "rate"}, {"key": "by", "kind": "points", "of": ["now", "then"]})
    assert linted(table([{"now": "93.72%", "then": "90.00%", "by": "+3.72个百分点"}], None, *rates)) == []


def test_shares_sum_to_a_hundred_or_it_is_said_why_not() -> None:
    columns = ({"key": "count"}, {"key": "share", "kind": "share", "of": ["count"]})
    thirds = [{"count": 1, "share": "33.33%"}] * 3
    (near,) = linted(table(thirds, {"count": 3}, *columns))
    assert (near.code, near.level, near.printed) == ("shares_sum", "notice", "99.99%")
    thirds[0] = {"count": 1, "share": "33.34%"}
    assert linted(table(thirds, {"count": 3}, *columns)) == []
    off, wrong = linted(table([{"count": 1, "share": "50%"}, {"count": 3, "share": "75%"}], None, *columns))
    assert (off.level, off.printed, wrong.code, wrong.expected) == ("error", "125%", "share_differs", "25%")


def test_one_bulletin_is_of_one_instant_after_its_period() -> None:
    sheet = table([{"n": 1}], {"n": 1}, {"key": "n"}, as_of="2026-11-01T00:00:00Z", last="2026-10-31")
    assert linted(sheet) == []
    sheet["tables"][0]["as_of"] = "2026-11-02T00:00:00Z"
    assert [found.code for found in linted(sheet)] == ["as_of_differs"]
    sheet["tables"][0]["as_of"] = sheet["as_of"] = "2026-10-31T15:59:59Z"  # a second before the month is over in Shanghai
    assert [found.code for found in linted(sheet)] == ["as_of_early"]


def test_a_place_that_is_not_there_is_told() -> None:
    (found,) = linted(table([{"n": 1}], None, {"key": "n"}, equal=[["表/行0/n", "表/行9/n"]]))
    assert (found.code, found.where) == ("unknown_place", "表/行9/n")


@pytest.mark.parametrize(
    ("printed", "value", "places"),
    [
        ("12,120", 12120, 0),
        ("１２１０２", 12102, 0),
        ("９３．７２％", Fraction(9372, 100), 2),
        ("−3", -3, 0),
        ("+5.40", Fraction(54, 10), 2),
    ],
)
def test_numbers_are_read_as_they_are_printed(printed: str, value: Fraction, places: int) -> None:
    found = read_cell(printed)
    assert found is not None
    assert (found.value, found.places) == (value, places)


@given(st.text(max_size=12))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    read_cell(text)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40), st.integers(0, 4))
def test_shares_sum_to_exactly_a_hundred_and_are_off_by_less_than_a_unit(counts: list[int], decimals: int) -> None:
    printed, whole = shares(counts, decimals), sum(counts)
    if not whole:
        assert printed == [NOTHING] * len(counts)
        return
    values = [Fraction(text.rstrip("%")) for text in printed]
    assert sum(values) == 100
    assert all(abs(value - Fraction(100 * count, whole)) < Fraction(1, 10**decimals) for value, count in zip(values, counts, strict=True))
    rows = [{"count": count, "share": share} for count, share in zip(counts, printed, strict=True)]
    assert linted(table(rows, {"count": whole}, {"key": "count"}, {"key": "share", "kind": "share", "of": ["count"]})) == []


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 4))
def test_what_we_print_is_sound_and_one_digit_off_is_not(numerator: int, denominator: int, decimals: int) -> None:
    printed = percent(numerator, denominator, decimals)
    wrong = f"{Decimal(printed.rstrip('%')) + Decimal(10) ** -decimals:f}%"
    told = [{**foreign.figure("率", text, numerator, denominator), "may_exceed": True} for text in (printed, wrong)]
    assert [len(linted({"title": "通报", "figures": [one]})) for one in told] == [0, 1]


def test_the_interval_is_wilsons() -> None:
    assert interval_text(5, 6, 2) == "43.65%～96.99%"  # Wilson 1927; the same as R's prop.test without continuity correction
    assert [interval_text(*counts) for counts in ((0, 0), (7, 6), (-1, 6))] == [NOTHING] * 3
    assert points("93.72%", "95.00%") == "-1.28"
    assert points("93.72%", "93.72%") == "0.00"


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (foreign.jiangmen(), 1, "合计印为12120，各行相加为12102"),
        (foreign.tianmen(), 0, "The arithmetic is sound."),
        (foreign.lianping(), 0, "The arithmetic is sound."),
        (foreign.ningguo(), 0, "The arithmetic is sound."),
        (build(made_up(3, size=3)).model_dump(mode="json"), 0, "不足5件"),
        ({"title": "通报", "tables": 3}, 2, "is no bulletin: tables"),
        ([1], 2, "is no bulletin"),
    ],
    ids=["jiangmen", "tianmen", "lianping", "ningguo", "ours", "no_tables", "no_bulletin"],
)
def test_the_command_checks_a_file(tmp_path: Path, given: Any, code: int, words: str) -> None:
    file = tmp_path / "bulletin.json"
    file.write_text(json.dumps(given))
    done = CliRunner().invoke(command, ["lint-bulletin", str(file)])
    assert done.exit_code == code, done.output
    assert words in done.output
    told = CliRunner().invoke(command, ["lint-bulletin", str(file), "--json"])
    assert code == 2 or json.loads(told.stdout)["sound"] is (code == 0)
