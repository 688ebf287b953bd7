"""Every report and list of the reporting door as a file: as many rows as the door has, in every format."""

import csv
import io
import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import openpyxl
import pytest

from dispatch_worker.jobs.bulletins import draft
from services.bulletins.due import DueBulletin
from services.bulletins.periods import period_of
from services.exports.formats import table_bytes
from services.exports.sources import SOURCES, check_question, rows_of
from services.platform.actor import SYSTEM
from services.platform.clock import now
from services.platform.database import INTAKE, WORKER
from services.platform.errors import Problem
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from tests import county as heping
from tests.activities.test_figures import scatter
from tests.assessment import world
from tests.assessment.test_runs import RULES, _published
from tests.conftest import TestDatabase
from tests.county import actor
from tests.exports.conftest import WHOLE
from tests.petitions.test_figures import receive
from tests.reports import ground

SPRING = {"from": "2026-01-01", "to": "2026-04-30"}
NOVEMBER = datetime(2026, 11, 11, 4, tzinfo=UTC)
Case = tuple[str, dict[str, str], str]


def _figures(told: dict[str, Any], *more: str) -> int:
    rows = [row for name in ("rows", *more) for row in told[name]]
    return len(told["total"]) + sum(len(row["figures"]) for row in rows)


MAY_BE_EMPTY = {"assistance-entries", "open-opinions", "listed", "repeats", "assessment-appeals", "hand-offs", "hand-off-tickets"}
CASES: list[Case] = [
    ("reports", {"metric": "completion_rate_due", "by": "unit:township", **WHOLE, "as_of": "NOW"}, "/v1/reports/completion_rate_due"),
    ("times", {"metric": "close_time", "by": "unit:township", "compare": "both", **WHOLE}, "/v1/reports/close_time"),
    ("time-tickets", {"metric": "close_time", "part": "measured", **WHOLE}, "/v1/reports/close_time/tickets"),
    ("three-rates", {"by": "unit:township", "compare": "both", **WHOLE}, "/v1/reports/three_rates"),
    ("figure-tickets", {"metric": "completion_rate_due", "part": "denominator", **WHOLE}, "/v1/reports/completion_rate_due/tickets"),
    ("known-tickets", {"status": "open", "as_of": "NOW"}, "/v1/tickets"),
    ("overdue", {}, "/v1/overdue"),
    ("workload", {"as_of": "NOW"}, "/v1/workload"),
    ("metrics", {}, "/v1/metrics"),
    ("hand-offs", {**WHOLE, "as_of": "NOW"}, "/v1/reports/hand-offs"),
    ("hand-off-tickets", {"part": "received", **WHOLE, "as_of": "NOW"}, "/v1/reports/hand-offs/tickets"),
    ("repeats-report", WHOLE, "/v1/reports/repeats"),
    ("repeats", {**WHOLE, "as_of": "NOW"}, "/v1/reports/repeats/tickets"),
    ("listed", {"month": "2026-11"}, "/v1/overdue/listed"),
    ("hotline", {"by": "day", **WHOLE, "as_of": "NOW"}, "/v1/reports/hotline"),
    ("hotline-calls", {"metric": "answered", **WHOLE}, "/v1/reports/hotline/calls"),
    ("activities", {"by": "unit:township", **SPRING}, "/v1/reports/activities"),
    ("activity-entries", {"metric": "visits", **SPRING}, "/v1/reports/activities/entries"),
    ("declared-totals", SPRING, "/v1/reports/activities"),
    ("petitions", {"by": "unit:township", **WHOLE}, "/v1/reports/petitions"),
    ("zero-petition-townships", WHOLE, "/v1/reports/petitions"),
    ("petition-tickets", {"metric": "petitions", **WHOLE}, "/v1/reports/petitions/tickets"),
    ("coverage", {"by": "unit:township"}, "/v1/reports/coverage"),
    ("coverage-items", {"metric": "blank_grids"}, "/v1/reports/coverage/blank_grids"),
    ("assistance", {**WHOLE, "as_of": "NOW"}, "/v1/reports/assistance"),
    ("assistance-entries", {"metric": "help_begun", **WHOLE}, "/v1/reports/assistance/help_begun"),
    ("open-opinions", WHOLE, "/v1/reports/opinions/open"),
    ("matters", {"by": "unit:township", **SPRING}, "/v1/reports/matters"),
    ("opinion-funnel", {"by": "unit:township", **SPRING}, "/v1/reports/funnel"),
    ("queue-fairness", {**WHOLE, "as_of": "NOW"}, "/v1/reports/queue-fairness"),
    ("queue-tickets", {**WHOLE, "as_of": "NOW"}, "/v1/reports/queue-fairness/tickets"),
    ("assessments", {}, "/v1/assessments"),
    ("assessment-sheets", {"run": "RUN"}, "/v1/assessments/RUN/sheets"),
    ("assessment-items", {"run": "RUN"}, "/v1/assessments/RUN/sheets/SHEET"),
    ("assessment-appeals", {"run": "RUN"}, "/v1/assessments/RUN/appeals"),
    ("warnings", {"measure": "inflow"}, "/v1/warnings"),
    ("bulletins", {"kind": "month"}, "/v1/bulletins"),
    ("bulletin-figures", {"bulletin": "BULLETIN"}, "/v1/bulletins/BULLETIN"),
    ("bulletin-tables", {"bulletin": "BULLETIN"}, "/v1/bulletins/BULLETIN"),
]


def told_rows(source: str, told: dict[str, Any]) -> int:  # noqa: PLR0911  a way to count for each shape
    """Count the rows of an answer of the door as its file should have them."""
    if source in ("reports", "times", "three-rates"):
        return len(told["rows"]) + 1
    if source in ("hotline", "petitions", "coverage", "activities", "matters", "opinion-funnel"):
        more = {"activities": ("funds",)}.get(source, ())
        return _figures(told, *more) + (2 if source == "petitions" else 0)
    if source == "bulletin-tables":
        tables = [table for section in told["document"]["sections"] for table in section["tables"]]
        return sum(len(row["cells"]) for table in tables for row in (*table["rows"], *([table["total"]] if table["total"] else [])))
    if source == "queue-fairness":
        return sum(1 + len(one["units"]) for one in told["classes"])
    if source == "assessment-items":
        return len(told["items"]) + len(told["counted"])
    if source == "bulletin-figures":
        return len(told["document"]["figures"])
    lists = {"workload": "units", "hand-offs": "units", "declared-totals": "declared", "assistance": "figures"}
    if source in lists:
        return len(told[lists[source]])
    if source == "zero-petition-townships":
        return len(told["zero"]["townships"])
    if source == "repeats-report":
        return 1
    return int(told.get("count", told.get("total", len(told["items"]))))


async def _more(county: TestDatabase) -> dict[str, str]:
    """Put beside the tickets what other reports tell of; return the ids of what can be asked for by id."""
    await scatter(county.owner, random.Random(3), 60)
    account = await county.value("SELECT id FROM accounts WHERE login = 'county'")
    unit = await county.value("SELECT id FROM units WHERE code = $1", heping.PENGZHAI)
    for nth, disposition in enumerate(("answered", "answered", "abandoned_in_queue")):
        await county.owner.execute(
            "INSERT INTO calls (id, source, call_id, linked_id, direction, arrived_at, ended_at, basis, queued, disposition, wait_seconds,"
            " first_heard_at, updated_at) VALUES ($1, 'pbx-580', $2, $2, 'inbound', $3, $3, 'queue', true, $4, 4, $3, $3)",
            new_id(), f"{nth}.0", NOVEMBER + timedelta(days=nth), disposition,
        )  # fmt: skip
    await county.owner.execute(
        "INSERT INTO declared_totals (id, unit_id, figure, first_day, last_day, amount, basis, recorded_at, recorded_by_account_id)"
        " VALUES ($1, $2, 'visits', '2026-01-01', '2026-02-28', 100, '通报', $3, $4)",
        new_id(), unit, datetime(2026, 3, 1, tzinfo=UTC), account,
    )  # fmt: skip
    petitions = [await ground.put(county.owner, channel="petition", received_at=NOVEMBER) for _ in range(3)]
    for nth, ticket_id in enumerate(petitions):
        told = {"id": ticket_id, "channel": "petition", "at": NOVEMBER, "form": "visit", "people": 6, "repeated": nth == 0}
        await receive(county, told, account, nth)
    async with county.as_role(WORKER):
        await ground.tell(petitions)
        async with unit_of_work(SYSTEM) as work:
            await count(work, petitions)
    look = json.dumps({
        "span": "week", "first": "2026-11-15", "last": "2026-11-21", "value": 31, "of": None, "middle": "14.00", "limit": 29,
        "excess": "2.2143", "before": ["13"],
    })  # fmt: skip
    await county.owner.execute(
        "INSERT INTO early_warnings (id, measure, subject, code, name, unit_id, unit_path, opened_on, opened_at, last_outside_on,"
        " opened_with, peak, latest) SELECT $1, 'inflow', 'unit', code, name, id, path, $3, $4, $3, $5, $5, $5 FROM units WHERE id = $2",
        new_id(), unit, date(2026, 11, 20), NOVEMBER, look,
    )  # fmt: skip
    await world.in_force(RULES)
    run = (await _published(world.Doors(county), county))["id"]
    sheet = await county.value("SELECT id FROM assessment_sheets WHERE unit_code = $1", heping.PENGZHAI)
    async with county.as_role(WORKER):
        await draft(DueBulletin(heping.COUNTY, period_of("month", "2026-10")))
    bulletin = await county.value("SELECT id FROM bulletin_drafts")
    return {"RUN": run, "SHEET": str(sheet), "BULLETIN": str(bulletin), "NOW": f"{now():%Y-%m-%dT%H:%M:%SZ}"}


async def _exported(county: TestDatabase, source: str, question: dict[str, str]) -> list[Any]:
    """Return the rows a worker reads for a question that the intake door took, after looking at them in every format."""
    described, asker = SOURCES[source], await actor("county")
    async with county.as_role(INTAKE), unit_of_work(asker) as work:
        await check_question(work, described, question)
    rows, totals = [], []
    async with county.as_role(WORKER), unit_of_work(asker) as work:
        async for page in rows_of(work, described, question):
            rows += page.rows
            totals.append(page.total)
    assert totals[0] in (None, len(rows)), source
    table = list(csv.DictReader(io.StringIO(table_bytes("csv", described.columns, rows).decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(io.BytesIO(table_bytes("xlsx", described.columns, rows)), read_only=True).worksheets[0]
    filled = [row for row in list(sheet.iter_rows(values_only=True))[1:] if any(cell is not None for cell in row)]
    assert len(table) == len(filled) == len(rows), source
    return rows


async def test_every_report_and_list_has_in_a_file_as_many_rows_as_at_its_door(doors, tmp_path):
    county, problems = doors.county, []
    ids = await _more(county)
    reading, seen = world.Doors(county), set()
    for source, asked, address in CASES:
        question = {name: ids.get(value, value) for name, value in asked.items()}
        for name, value in ids.items():
            address = address.replace(name, value)  # noqa: PLW2901  where its ids stand
        try:
            rows = await _exported(county, source, question)
        except Problem as problem:
            problems.append((source, problem.code, problem.detail))
            continue
        path = tmp_path / f"{source}.parquet"
        path.write_bytes(table_bytes("parquet", SOURCES[source].columns, rows))
        ((in_parquet,),) = duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()
        answer = await reading.get("county", address, **{**question, "limit": "200"})
        assert answer.status_code == 200, (source, answer.text)
        at_door = told_rows(source, answer.json())
        own = [row for row in rows if source != "assessment-items" or str(row[1]) == ids["SHEET"]]
        if source == "assessment-items":
            in_parquet = len(own)
        if not len(own) == in_parquet == at_door:
            problems.append((source, len(own), in_parquet, at_door))
        seen |= {source} if rows else set()
    assert problems == []
    assert {source for source, _question, _address in CASES} - seen <= MAY_BE_EMPTY
    assert set(SOURCES) - {source for source, _question, _address in CASES} == {"tickets", "facts"}  # tested with their own lists


REFUSED: list[Case] = [
    ("times", {"metric": "received"}, "metric.unknown"),
    ("times", {}, "question.metric_missing"),
    ("time-tickets", {"metric": "work_time", "part": "numerator"}, "question.invalid"),
    ("three-rates", {"decimals": "99"}, "question.invalid"),
    ("coverage", {"weeks": "105"}, "question.invalid"),
    ("queue-fairness", {"classes": "1"}, "question.invalid"),
    ("queue-tickets", {"size_class": "-1"}, "question.invalid"),
    ("hotline-calls", {"metric": "moon"}, "metric.unknown"),
    ("activity-entries", {"metric": "moon"}, "metric.unknown"),
    ("petition-tickets", {}, "question.metric_missing"),
    ("coverage-items", {"metric": "silent_grids", "part": "half"}, "question.invalid"),
    ("overdue", {"as_of": "2026-11-11T00:00:00"}, "question.invalid"),
    ("overdue", {"as_of": "0001-01-01T00:00:00+14:00"}, "question.invalid"),
    ("assessment-sheets", {}, "question.invalid"),
    ("assessment-sheets", {"run": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"}, "assessment.unknown"),
    ("bulletin-tables", {"bulletin": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"}, "bulletin.unknown"),
    ("warnings", {"state": "over"}, "question.invalid"),
    ("activities", {"unit": "999"}, "unit.unknown"),
    ("assistance-entries", {"metric": "moon"}, "metric.unknown"),
]


async def test_what_a_source_cannot_be_asked_is_refused_when_it_is_asked(county):
    for source, asked, code in REFUSED:
        async with unit_of_work(await actor("county")) as work:
            with pytest.raises(Problem) as refused:
                await check_question(work, SOURCES[source], asked)
        assert refused.value.code == code, (source, asked)
