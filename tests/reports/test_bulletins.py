"""Public bulletins, ticket by ticket: cohorts with their counts give their printed percentages through the metrics."""

import json
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.platform.actor import SYSTEM
from services.platform.clock import day_start
from services.platform.database import WORKER, Database, use_database
from services.platform.rounding import percent_text
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import report
from services.reports.questions import Asked
from services.reports.rebuilding import rebuild
from services.reports.restating import restate
from services.reports.views import Report
from tests.conftest import TestDatabase
from tests.reports import ground

FILE = Path(__file__).parent.parent / "vectors" / "bulletins.json"
BULLETINS: dict[str, Any] = {entry["id"]: entry for entry in json.loads(FILE.read_text())}
HOUR = timedelta(hours=1)


async def cohort(
    owner: asyncpg.Connection, how_many: int, month: datetime, *, due: datetime | None, closed: datetime | None, **values: str
) -> None:
    """Write `how_many` equal tickets received in the first hours of a month."""
    row = {"source": "complaint", "channel": "hotline", "category_code": None} | values
    tickets = await owner.fetch(
        "INSERT INTO tickets (id, number, status, version, chain_head, round, source, channel, urgency, privacy, area_path, category_code,"
        " received_at, recorded_at, updated_at, closed_at)"
        " SELECT id, id::text, $1, 1, '', 1, $2, $3, 'normal', 'normal', '/441624/', $4, $5, $5, $5, $6"
        " FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $7)) AS made RETURNING id",
        "closed" if closed else "accepted", row["source"], row["channel"], row["category_code"], month + HOUR, closed, how_many,
    )  # fmt: skip
    if due:
        await owner.execute(
            "INSERT INTO clocks (id, ticket_id, round, stage, turn, state, started_at, first_due_at, due_at,"
            " limit_amount, limit_unit, provisional)"
            " SELECT gen_random_uuid(), id, 1, 'resolve', 1, 'running', $2, $3, $3, 5, 'working_days', false"
            " FROM unnest($1::uuid[]) AS made(id)",
            [ticket["id"] for ticket in tickets], month, due,
        )  # fmt: skip


async def tianmen(owner: asyncpg.Connection) -> None:
    """996 filed in December 2016, 972 due in it, 911 of them closed, 737 on time; events and components apart."""
    month = day_start(date(2016, 12, 1))
    due, soon, late = month + 240 * HOUR, month + 200 * HOUR, month + 300 * HOUR
    for code, parts in {"events": (956, 902, 730), "components": (16, 9, 7)}.items():
        all_due, closed, on_time = parts
        await cohort(owner, on_time, month, due=due, closed=soon, category_code=code)
        await cohort(owner, closed - on_time, month, due=due, closed=late, category_code=code)
        await cohort(owner, all_due - closed, month, due=due, closed=None, category_code=code)
    await cohort(owner, 996 - 972, month, due=month + 1000 * HOUR, closed=None, category_code="events")


@pytest.fixture
async def years(empty: TestDatabase) -> AsyncIterator[None]:
    """All bulletins in one database, each in its own period."""
    owner = empty.owner
    await ground.plant(owner)
    await owner.execute(
        "INSERT INTO categories"
        " SELECT code, NULL, code, 99, true, 'normal', 'normal', false, '[]', '{}', 'lowest', NULL, false, false, '[]', true, 1, now()"
        " FROM unnest(ARRAY['events','components']) AS c(code)"
    )
    await tianmen(owner)
    quarter = day_start(date(2023, 10, 1))
    left = 2194
    for channel, received in BULLETINS["lianping-2023Q4"]["channels"].items():
        await owner.execute("INSERT INTO channels VALUES ($1, $1) ON CONFLICT DO NOTHING", channel)
        closed = min(left, received)
        left -= closed
        await cohort(owner, closed, quarter, due=None, closed=quarter + 30 * HOUR, channel=channel)
        await cohort(owner, received - closed, quarter, due=None, closed=None, channel=channel)
    april = day_start(date(2022, 4, 1))
    await cohort(owner, 597, april, due=april + 50 * HOUR, closed=april + 50 * HOUR)
    await cohort(owner, 4, april, due=april + 50 * HOUR, closed=april + 51 * HOUR)
    opened = Database(empty.url, WORKER)
    use_database(opened)
    async with unit_of_work(SYSTEM) as work:
        await restate(work)
        await rebuild(work)
    yield
    await opened.close()


async def told(metric: str, first: date, last: date, *, decimals: int = 2, **more: Any) -> Report:
    async with unit_of_work(SYSTEM) as work:
        return await report(work, Asked(metric, first, last, **more), decimals=decimals)


async def test_public_bulletins_are_reproduced_from_their_tickets(years: None) -> None:
    december = (date(2016, 12, 1), date(2016, 12, 31))
    printed = BULLETINS["tianmen-2016-12"]["published"]
    assert (await told("completion_rate_due", *december)).total.percent == str(printed["closed_rate_pct"]) == "93.72"
    assert (await told("on_time_rate_due", *december)).total.percent == str(printed["on_time_rate_pct"]) == "75.82"
    kinds = {row.key: row.percent for row in (await told("completion_rate_due", *december, by="category")).rows}
    assert kinds == {"events": "94.35", "components": "56.25"}
    assert (await told("received", *december)).total.value == 996

    quarter = (date(2023, 10, 1), date(2023, 12, 31))
    lianping = await told("completion_rate_received", *quarter, decimals=1, by="channel")
    assert (lianping.total.percent, lianping.total.numerator, lianping.total.denominator) == ("84.5", 2194, 2595)
    channels = {row.key: row.denominator for row in lianping.rows if row.denominator}
    assert channels == BULLETINS["lianping-2023Q4"]["channels"]

    april = (date(2022, 4, 1), date(2022, 4, 30))
    assert (await told("on_time_rate", *april)).total.percent == "99.33"
    assert (await told("on_time_rate", *april, decimals=0)).total.shown == "99%"


def test_a_bulletin_whose_printed_total_is_not_the_sum_of_its_rows_is_told_by_its_counts() -> None:
    bulletin = BULLETINS["jiangmen-2024-07"]
    assert percent_text(bulletin["counts"]["closed"], bulletin["counts"]["received"]) == str(bulletin["published"]["closed_rate_pct"])
    sources = dict(bulletin["channels_cur"])
    assert sources.pop("total") == sum(sources.values()) == bulletin["counts"]["received"]


def test_the_rate_of_seed_a_fits_exactly_the_counts_it_can_mean() -> None:
    fitting = [closed for closed in range(6294) if percent_text(closed, 6293, 1) == "90.1"]
    assert (fitting[0], fitting[-1], len(fitting)) == (5667, 5673, 7)
