"""Every number a bulletin prints comes from its figures, wherever it stands; public bulletins are reproduced to the digit."""

import io
import re
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import docx
import pytest

from reporting_api.bulletin_page import bulletin_page
from services.bulletins.building import SECTION_KEYS, EditorsWords, build
from services.bulletins.differences import changes
from services.bulletins.document import Correction, Document, Table, hash_of, read_document
from services.bulletins.drifting import drift
from services.bulletins.figures import FrozenAnchor
from services.bulletins.lint_forms import Finding
from services.bulletins.own_lint import lint_own
from services.bulletins.periods import KINDS, period_of, period_with
from services.bulletins.sheet import HEADER, figure_rows
from services.bulletins.thawing import thawed
from services.bulletins.views import BulletinView
from services.bulletins.word import as_docx
from services.platform.errors import Invalid
from tests.bulletins.cohorts import counted, figures, made_up
from tests.bulletins.foreign import PUBLIC


def view(document: Document, **more: Any) -> BulletinView:
    values: dict[str, Any] = {
        "id": uuid4(), "number": document.number, "title": document.title, "unit": {"code": document.unit, "name": document.unit_name},
        "kind": document.kind, "period": "2026-10", "first": document.first, "last": document.last, "edition": document.edition,
        "state": "published", "public": True, "version": 1, "hash": hash_of(document.content()).hex(), "made_at": document.as_of,
        "changed_at": document.as_of, "published_at": document.as_of, "corrects": None, "corrected_by": None, "reason": None,
    }  # fmt: skip
    return BulletinView(**(values | more))


def tables(document: Document) -> dict[str, Table]:
    return {table.key: table for section in document.sections for table in section.tables}


def texts(table: Table, column: str) -> dict[str, str]:
    return {row.key: row.cells[column].text for row in table.rows}


def said(document: Document) -> str:
    return "\n".join(words for section in document.sections for words in section.paragraphs)


@pytest.mark.parametrize("size", [1, 3, 40, 900])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_bulletin_we_build_is_sound(seed: int, kind: Any, size: int) -> None:
    assert errors(build(made_up(seed, kind, size=size))) == []


def test_words_pasted_with_control_characters_do_not_keep_a_bulletin_from_word() -> None:
    words = "".join(map(chr, (*range(1, 32), 0x7F, 0xFFFE, 0xFFFF, 0x1F600)))
    document = build(made_up(3), EditorsWords(f"请{words}看", "好。", {"overdue": f"已{words}函告。"}))
    document = document.model_copy(update={"unit_name": "和平\x0b县", "label": "十月\ufffe"})
    paper = docx.Document(io.BytesIO(as_docx(document, hash_of(document.content()).hex())))
    read = "\n".join(paragraph.text for paragraph in paper.paragraphs)
    assert "和平 县大管家" in read
    assert "\U0001f600看" in read


def test_page_word_and_sheet_say_the_numbers_of_the_document() -> None:
    document = build(made_up(3), EditorsWords("现将情况通报如下。", "请抓好整改。", {"overdue": "已逐件函告。"}))
    assert [section.key for section in document.sections] == list(SECTION_KEYS)
    shown = hash_of(document.content()).hex()
    page = bulletin_page(document, view(document), files=f"/bulletins/{document.number}")
    paper = docx.Document(io.BytesIO(as_docx(document, shown)))
    words = "\n".join(paragraph.text for paragraph in paper.paragraphs)
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    for table in tables(document).values():
        for row in (*table.rows, *([table.total] if table.total else [])):
            for cell in row.cells.values():
                assert f'<td class="number">{cell.text}</td>' in page
                assert cell.text in cells
    for sentence in (*said(document).split("\n"), document.preface, document.closing, *document.notes):
        assert sentence in page
        assert sentence in words
    assert shown in page
    assert shown in paper.sections[0].footer.paragraphs[0].text
    assert "<style" not in page
    assert " style=" not in page
    assert re.findall(r"<script[^>]*>", page) == ['<script src="/pages/js/theme.js">']
    rows = figure_rows(document)
    assert [(row[9], row[10], row[11]) for row in rows] == [(one.numerator, one.denominator, one.shown) for one in document.figures]
    assert {len(row) for row in rows} == {len(HEADER)}


def test_pictures_have_their_words_beside_them() -> None:
    document = build(made_up(3))
    page = bulletin_page(document, view(document))
    pictures = [picture for section in document.sections for picture in section.bars]
    assert len(pictures) == page.count('role="img"') == 2
    for picture in pictures:
        assert f">{picture.alternative}</desc>" in page
        assert all(0 <= bar.share <= 1000 for bar in picture.bars)


def test_what_an_editor_writes_is_escaped_and_never_a_figure() -> None:
    plain = made_up(3)
    document = build(plain, EditorsWords(preface="<b>喜报</b>：满意率达到99.99%"))
    page = bulletin_page(document, view(document))
    assert "<b>喜报" not in page
    assert "&lt;b&gt;喜报" in page
    assert document.figures == build(plain).figures
    pointed, *small = lint_own(document)
    assert {found.code for found in small} <= {"small_cells"}
    assert (pointed.code, pointed.level, pointed.printed) == ("editors_number", "notice", "99.99")


@pytest.mark.parametrize(("seed", "kind"), [(1, "month"), (2, "quarter"), (3, "year")])
def test_a_document_read_back_and_thawed_is_the_same_to_the_byte(seed: int, kind: Any) -> None:
    document = build(made_up(seed, kind, size=20), EditorsWords("导语"))
    again = read_document(document.content())
    assert again == document
    assert build(thawed(again), EditorsWords("导语")).content() == document.content()


def test_the_newest_anchor_is_printed_and_bulletins_of_before_there_were_any_stay_as_they_are() -> None:
    plain = made_up(1, "month", size=20)
    before = build(plain)
    assert b"anchor" not in before.content(), "as it was frozen then, to the byte"
    assert before.printed_notes == before.notes
    anchor = FrozenAnchor(date(2026, 11, 21), 41, "0123456789abcdef" * 4, "b7a3c12dc0c8c748", "fedcba9876543210" * 8)
    document = build(replace(plain, anchor=anchor), EditorsWords("导语"))
    assert read_document(document.content()) == document
    assert build(thawed(document), EditorsWords("导语")).content() == document.content()
    assert errors(document) == []
    shown = hash_of(document.content()).hex()
    paper = docx.Document(io.BytesIO(as_docx(document, shown)))
    page = bulletin_page(document, view(document))
    for words in ("2026年11月21日（第41号）", "0123456789abcdef 0123456789abcdef", "b7a3c12dc0c8c748", "fedcba9876543210 fedcba9876543210"):
        assert any(words in line.text for line in paper.paragraphs)
        assert words in page


def test_a_changed_figure_is_caught_wherever_it_stands() -> None:
    document = build(made_up(3))
    units = next(nth for nth, section in enumerate(document.sections) if section.key == "units")
    section = document.sections[units]
    table = section.tables[0]
    row = table.rows[0]
    cell = row.cells["received"].model_copy(update={"text": "9999"})
    forged_row = row.model_copy(update={"cells": {**row.cells, "received": cell}})
    forged = section.model_copy(update={"tables": (table.model_copy(update={"rows": (forged_row, *table.rows[1:])}),)})
    codes = {found.code for found in errors(put(document, units, forged))}
    assert {"count_differs", "sum_differs", "percent_differs"} <= codes
    spoken = section.model_copy(update={"paragraphs": ("全县受理12345件。",)})
    assert [(found.code, found.printed) for found in errors(put(document, units, spoken))] == [("sentence_differs", "12345")]
    less = document.model_copy(
        update={"figures": tuple(one for one in document.figures if one.group != "unit" or one.when != "before")[1:]}
    )
    assert {"parts_differ"} == {found.code for found in errors(less)}


def errors(document: Document) -> list[Finding]:
    return [found for found in lint_own(document) if found.level == "error"]


def put(document: Document, nth: int, section: Any) -> Document:
    return document.model_copy(update={"sections": (*document.sections[:nth], section, *document.sections[nth + 1 :])})


def test_small_units_are_named_and_not_compared() -> None:
    small = figures(
        [
            counted("received", 100), counted("completion_rate_due", 70, 105), counted("on_time_rate_due", 60, 105),
            counted("completion_rate_due", 5, 5, group="unit", key="A", name="甲镇"),
            counted("completion_rate_due", 65, 100, group="unit", key="B", name="乙镇"),
            counted("satisfaction_rate", 5, 6),
            counted("satisfaction_rate", 5, 6, group="unit", key="A", name="甲镇"),
        ],
        period_with("month", date(2026, 10, 1)),
    )  # fmt: skip
    document = build(small)
    assert "样本少而不作比较的有：甲镇。" in said(document)
    assert "各乡镇结案率与全县水平没有明显差异。" in said(document)
    assert texts(tables(document)["verdicts"], "few") == {"A": "样本少", "B": ""}
    assert texts(tables(document)["verdicts"], "interval") == {"A": "43.6%～97.0%", "B": "—"}


def test_one_dissatisfied_caller_moves_no_unit_out_of_the_crowd() -> None:
    rows = [(f"{nth}镇", 9 if nth == 3 else 10) for nth in range(10)]
    given = [counted("completion_rate_due", yes, 10, group="unit", key=name, name=name) for name, yes in rows]
    document = build(figures([counted("completion_rate_due", 99, 100), *given], period_with("month", date(2026, 10, 1))))
    assert "明显低于" not in said(document)


def test_very_few_cases_are_pointed_out_before_everybody_reads_them() -> None:
    few = figures(
        [
            counted("received", 7),
            counted("received", 4, group="unit", key="A", name="甲镇"),
            counted("received", 3, group="unit", key="B", name="乙镇"),
        ],
        period_with("month", date(2026, 10, 1)),
    )
    (found,) = lint_own(build(few))
    assert (found.code, found.level) == ("small_cells", "notice")
    assert found.words.startswith("甲镇、乙镇的受理量不足5件")


def test_a_period_without_data_is_a_dash_and_no_zero() -> None:
    document = build(figures([counted("received", 0, recorded=False)], period_with("month", date(2026, 10, 1))))
    assert "没有全县群众诉求的记录" in said(document)
    assert texts(tables(document)["comparison"], "now") == {"received": "—"}
    assert lint_own(document) == []


def test_tianmen_is_printed_as_it_was() -> None:
    entry = PUBLIC["tianmen-2016-12"]
    c, published = entry["counts"], entry["published"]
    given = [counted("received", c["filed"]), counted("completion_rate_due", c["closed"], c["due"])]
    given += [counted("on_time_rate_due", c["closed_on_time"], c["due"])]
    given += [counted("received", number, group="channel", key=key, name=key) for key, number in entry["channels"].items()]
    for row in entry["by_kind"]:
        named = {"group": "category", "key": row["kind"], "name": row["kind"]}
        given += [counted("received", row["filed"], **named), counted("completion_rate_due", row["closed"], row["due"], **named)]
    document = build(figures(given, period_with("month", date(2016, 12, 1)), unit_name="天门市"))
    found = tables(document)
    assert f"结案率（结案/应结案）{published['closed_rate_pct']}%" in said(document)
    assert f"按期结案率（按期/应结案）{published['on_time_rate_pct']}%" in said(document)
    assert texts(found["channels"], "share") == {key: f"{share}%" for key, share in entry["channel_share_pct"].items()}
    assert texts(found["categories"], "rate") == {row["kind"]: f"{row['closed_rate_pct']}%" for row in entry["by_kind"]}
    assert lint_own(document) == []


def test_lianping_ningguo_and_jiangmen_are_printed_as_they_were() -> None:
    entry = PUBLIC["lianping-2023Q4"]
    c = entry["counts"]
    given = [counted("received", c["received"]), counted("completion_rate_received", c["closed"], c["received"])]
    given += [counted("received", number, group="channel", key=key, name=key) for key, number in entry["channels"].items()]
    document = build(figures(given, period_with("quarter", date(2023, 10, 1)), decimals=1))
    assert f"共受理群众诉求{c['received']}件" in said(document)
    assert f"已办结{c['closed']}件，办结率（办结/受理）{entry['published']['closed_rate_pct']}%" in said(document)
    assert texts(tables(document)["channels"], "received") == {key: str(number) for key, number in entry["channels"].items()}
    assert lint_own(document) == []

    entry = PUBLIC["ningguo-2022-04"]
    c, published = entry["counts"], entry["published"]
    closed = c["closed_on_time"] + c["closed_late"]
    given = [counted("received", c["received"]), counted("on_time_rate", c["closed_on_time"], closed)]
    given += [counted("completion_rate_received", c["received"], c["received"])]
    document = build(figures(given, period_with("month", date(2022, 4, 1)), decimals=0))
    assert f"按期办结{c['closed_on_time']}件，按期办结率{published['on_time_rate_pct']}%" in said(document)
    assert f"办结率（办结/受理）{published['closed_rate_pct']}%" in said(document)
    assert lint_own(document) == []

    entry = PUBLIC["jiangmen-2024-07"]
    given = [counted("completion_rate_received", entry["counts"]["closed"], entry["counts"]["received"])]
    for when, channels in (("now", dict(entry["channels_cur"])), ("before", dict(entry["channels_prev"]))):
        given.append(counted("received", channels.pop("total"), when=when))
        given += [counted("received", number, when=when, group="channel", key=key, name=key) for key, number in channels.items()]
    document = build(figures(given, period_with("month", date(2024, 7, 1))))
    assert f"办结率（办结/受理）{entry['published']['closed_rate_pct']}%" in said(document)
    assert "比上月（13729件）增加361件，增幅2.63%" in said(document)
    assert texts(tables(document)["channels"], "change")["collectors"] == "-18"
    assert lint_own(document) == []


def test_a_correction_lists_every_changed_figure_and_drift_the_same() -> None:
    old = build(made_up(3))
    late = made_up(3)
    nth = next(nth for nth, one in enumerate(late.counted) if one.group == "unit" and one.id == "completion_rate_due" and one.denominator)
    more = replace(late.counted[nth], numerator=late.counted[nth].numerator + 1, denominator=(late.counted[nth].denominator or 0) + 1)
    today = replace(late, counted=(*late.counted[:nth], more, *late.counted[nth + 1 :]))
    new = build(today)
    (listed,) = changes(today.period, old.figures, new.figures, new.definitions)
    assert listed.what == f"{more.name} 结案率(结案/应结案)"
    assert listed.new.endswith(f"（{more.numerator}/{more.denominator}）")
    correction = Correction(of=old.number, of_hash=hash_of(old.content()).hex(), reason="补录来信1件", changes=(listed,))
    corrected = build(today, edition=2, correction=correction)
    assert (corrected.number, corrected.label) == ("441624-2026-10-v2", "（2026年10月·更正）")
    page = bulletin_page(corrected, view(corrected))
    assert f'<a href="/bulletins/{old.number}">' in page
    assert f'<th scope="row">{listed.what}</th><td class="number">{listed.old}</td><td class="number">{listed.new}</td>' in page
    assert "本通报已被更正" in bulletin_page(old, view(old, corrected_by=corrected.number))
    found = drift(old, "00", today)
    assert [(item.what, item.printed and item.printed.shown, item.today and item.today.shown) for item in found.items] == [
        (listed.what, listed.old.partition("（")[0], listed.new.partition("（")[0])
    ]
    assert drift(old, "00", late).differing == 0


@pytest.mark.parametrize(("kind", "code"), [("month", "2026-10"), ("month", "2026-02"), ("quarter", "2026-Q4"), ("year", "2025")])
def test_a_period_is_named_read_and_followed_by_the_next(kind: Any, code: str) -> None:
    period = period_of(kind, code)
    assert period.code == code
    assert period.after().before() == period
    assert period.before().last < period.first
    assert len(list(period.months())) == {"month": 1, "quarter": 3, "year": 12}[kind]


NO_PERIODS = [("month", "2026-13"), ("month", "2026"), ("year", "2026-01"), ("quarter", "2026-04"), ("month", "９"), ("year", "1999")]


@pytest.mark.parametrize(("kind", "code"), NO_PERIODS)
def test_what_is_no_period_is_refused(kind: Any, code: str) -> None:
    with pytest.raises(Invalid):
        period_of(kind, code)
