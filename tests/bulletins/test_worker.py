"""What happens by itself: drafts when a period is over, each once; and the public bulletins ticket by ticket, through reports to print."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from dispatch_worker.jobs.bulletins import bulletins, draft
from dispatch_worker.station import Station
from services.bulletins.building import build
from services.bulletins.collecting import collect
from services.bulletins.document import Document
from services.bulletins.due import DueBulletin, due_bulletins
from services.bulletins.own_lint import lint_own
from services.bulletins.periods import Kind, period_of
from services.notifications.senders import Senders
from services.notifications.sending import send_due
from services.platform.actor import SYSTEM
from services.platform.clock import day_start
from services.platform.database import INTAKE, WORKER
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.reports.rebuilding import rebuild
from services.reports.restating import restate
from tests.bulletins.foreign import PUBLIC
from tests.bulletins.test_building import said, tables, texts
from tests.bulletins.test_doors import MONTH, made, told
from tests.conftest import TestDatabase
from tests.reports import ground
from tests.reports.test_bulletins import HOUR, cohort, tianmen

OCTOBER = DueBulletin("441624", period_of("month", "2026-10"))


@pytest.fixture
def three_days(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setenv("DAGUANJIA_BULLETIN_KINDS", "month,quarter")
    settings.cache_clear()
    yield
    settings.cache_clear()


async def due_on(now: datetime, *kinds: Kind, townships: bool = False) -> list[tuple[str, str]]:
    async with unit_of_work(SYSTEM) as work:
        found = await due_bulletins(replace(work, now=now), kinds, 3, townships=townships)
    return [(one.unit, one.period.code) for one in found]


async def test_a_period_that_is_over_is_drafted_once_by_however_many_workers_and_its_unit_is_told(
    county: TestDatabase, three_days: None
) -> None:
    async with county.as_role(WORKER):
        assert await due_on(datetime(2026, 11, 22, tzinfo=UTC), "month") == []  # nothing was recorded yet: nothing to say
    await told(county, {}, {"received_at": datetime(2026, 8, 3, tzinfo=UTC)})
    async with county.as_role(WORKER):
        at = [await due_on(datetime(2026, 11, day, 16 * (day == 3), tzinfo=UTC), "month") for day in (3, 4)]
        assert [[code for _unit, code in found] for found in at] == [["2026-10"], ["2026-10"]]
        assert await due_on(datetime(2026, 11, 3, 15, 59, tzinfo=UTC), "month") == [("441624", "2026-09")]  # three days of grace
        assert len(await due_on(datetime(2026, 11, 22, tzinfo=UTC), "month", townships=True)) == 18
        assert sorted(await asyncio.gather(draft(OCTOBER), draft(OCTOBER), draft(OCTOBER))) == [False, False, True]
        station = Station(handlers={}, senders=Senders(), batch=1)
        await bulletins(station)
        await bulletins(station)
        # away for months: none is left out
        assert [code for _unit, code in await due_on(datetime(2027, 2, 20, tzinfo=UTC), "month")] == ["2026-11", "2026-12", "2027-01"]
    rows = await county.fetch("SELECT kind, first, authors FROM bulletin_drafts ORDER BY first")
    assert [(row["kind"], row["first"], row["authors"]) for row in rows] == [
        ("quarter", date(2026, 7, 1), []),
        ("month", date(2026, 10, 1), []),
    ]
    messages = await county.fetch(
        "SELECT words, audience, ticket_id, u.code FROM messages m JOIN units u ON u.id = m.unit_id ORDER BY m.id"
    )
    assert [(row["audience"], row["ticket_id"], row["code"]) for row in messages] == [("unit", None, "441624")] * 2
    assert (
        messages[0]["words"]
        == "【大管家】和平县2026年10月群众诉求办理情况通报已由系统起草，编号441624-2026-10，请核对数字、补充文字后交另一人签发。"
    )
    async with county.as_role(WORKER):
        assert await send_due(Senders(), 10) == 2
    assert [row["state"] for row in await county.fetch("SELECT state FROM messages")] == ["no_carrier"] * 2


async def test_what_the_system_drafted_is_published_after_somebody_answered_for_it(county: TestDatabase) -> None:
    await told(county, {})
    async with county.as_role(WORKER):
        assert await draft(OCTOBER)
    async with made(county) as doors:
        assert (await doors.do("POST", "", MONTH, status=409))["code"] == "bulletin.exists"
        (found,) = (await doors.read("/v1/bulletins")).json()["items"]
        alone = await doors.do("POST", f"/{found['id']}/publication", {}, "county", status=409, If_Match='"1"')
        assert alone["code"] == "bulletin.nobody_answers"
        await doors.do("PUT", f"/{found['id']}/words", {}, If_Match='"1"')
        two = [doors.do("POST", f"/{found['id']}/publication", {}, "county", If_Match='"2"')]
        assert [one["state"] for one in await asyncio.gather(*two)] == ["published"]


@pytest.fixture
async def years(empty: TestDatabase) -> TestDatabase:
    """The tickets of three public bulletins, each in its own period."""
    owner = empty.owner
    await ground.plant(owner)
    await owner.execute(
        "INSERT INTO categories"
        " SELECT code, NULL, code, 99, true, 'normal', 'normal', false, '[]', '{}', 'lowest', NULL, false, false, '[]', true, 1, now()"
        " FROM unnest(ARRAY['events','components']) AS c(code)"
    )
    await tianmen(owner)
    quarter, left = day_start(date(2023, 10, 1)), PUBLIC["lianping-2023Q4"]["counts"]["closed"]
    for channel, received in PUBLIC["lianping-2023Q4"]["channels"].items():
        await owner.execute("INSERT INTO channels VALUES ($1, $1) ON CONFLICT DO NOTHING", channel)
        closed = min(left, received)
        left -= closed
        await cohort(owner, closed, quarter, due=None, closed=quarter + 30 * HOUR, channel=channel)
        await cohort(owner, received - closed, quarter, due=None, closed=None, channel=channel)
    april, counts = day_start(date(2022, 4, 1)), PUBLIC["ningguo-2022-04"]["counts"]
    await cohort(owner, counts["self_handled"], april, due=None, closed=april + HOUR)
    await cohort(owner, counts["closed_on_time"], april, due=april + 50 * HOUR, closed=april + 50 * HOUR)
    await cohort(owner, counts["closed_late"], april, due=april + 50 * HOUR, closed=april + 51 * HOUR)
    async with empty.as_role(WORKER), unit_of_work(SYSTEM) as work:
        await restate(work)
        await rebuild(work)
    return empty


async def test_public_bulletins_come_out_of_their_tickets_as_they_were_printed(years: TestDatabase) -> None:
    async def bulletin(kind: Kind, code: str, decimals: int) -> Document:
        async with years.as_role(INTAKE), unit_of_work(SYSTEM) as work:
            document = build(await collect(work, "441624", period_of(kind, code), decimals=decimals))
        assert lint_own(document) == []
        return document

    printed: dict[str, Any] = {name: entry["published"] for name, entry in PUBLIC.items()}
    tianmens = await bulletin("month", "2016-12", 2)
    assert f"结案率（结案/应结案）{printed['tianmen-2016-12']['closed_rate_pct']}%" in said(tianmens)
    assert f"按期结案率（按期/应结案）{printed['tianmen-2016-12']['on_time_rate_pct']}%" in said(tianmens)
    assert "共受理群众诉求996件" in said(tianmens)
    assert texts(tables(tianmens)["categories"], "rate") == {"events": "94.35%", "components": "56.25%"}
    lianpings = await bulletin("quarter", "2023-Q4", 1)
    assert "共受理群众诉求2595件" in said(lianpings)
    assert f"已办结2194件，办结率（办结/受理）{printed['lianping-2023Q4']['closed_rate_pct']}%" in said(lianpings)
    channels = texts(tables(lianpings)["channels"], "received")
    assert {key: int(text) for key, text in channels.items()} == PUBLIC["lianping-2023Q4"]["channels"]
    ningguos = await bulletin("month", "2022-04", 0)
    assert "共受理群众诉求2877件" in said(ningguos)
    assert f"办结率（办结/受理）{printed['ningguo-2022-04']['closed_rate_pct']}%" in said(ningguos)
    assert f"601件中，按期办结597件，按期办结率{printed['ningguo-2022-04']['on_time_rate_pct']}%" in said(ningguos)
