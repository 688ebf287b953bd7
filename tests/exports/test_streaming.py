"""Whole lists as CSV at the reporting door: every row, sent while rows are read; refused where an answer cannot hold them."""

import asyncio
import csv
import io

import pytest

from reporting_api import streaming
from services.exports.paging import Page
from services.exports.source import FIGURE_TICKETS
from services.exports.sources import SOURCES
from services.platform.database import REPORTING, database
from services.reports.figures import one_snapshot
from tests.assessment import world
from tests.county import actor
from tests.exports.conftest import WHOLE


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_a_list_as_csv_has_every_row_of_all_its_pages(doors, monkeypatch):
    import reporting_api.reports
    import services.exports.sources

    for module in (reporting_api.reports, services.exports.sources):
        monkeypatch.setattr(module, "PAGE", 7)  # so that sixty tickets are many pages
    reading = world.Doors(doors.county)
    for address, asked in (
        ("/v1/tickets", {}),
        ("/v1/overdue", {}),
        ("/v1/reports/received/tickets", WHOLE),
        ("/v1/reports/close_time/tickets", {**WHOLE, "part": "measured"}),
    ):
        for login in ("county", "yangming"):
            pages = (await reading.get(login, address, **asked, limit=200)).json()
            whole = await reading.get(login, address, **asked, format="csv")
            assert whole.status_code == 200, whole.text
            rows = table(whole.content)
            assert [row["工单编号"] for row in rows] == [item["number"] for item in pages["items"]], address
            assert whole.headers["X-Total-Count"] == str(len(rows)) == str(pages["total"])
            assert whole.headers["content-type"] == "text/csv; charset=utf-8"
            assert len(rows) > 7 or login == "yangming"
    assert streaming._Room.taken == 0
    assert list(table((await reading.get("county", "/v1/tickets", format="csv")).content)[0]) == [one.heading for one in FIGURE_TICKETS]
    overdue = table((await reading.get("county", "/v1/overdue", format="csv")).content)
    assert list(overdue[0]) == [one.heading for one in SOURCES["overdue"].columns]


async def test_what_an_answer_cannot_hold_is_refused_before_its_first_byte(doors, monkeypatch):
    reading = world.Doors(doors.county)
    for asked, status, code in (
        ({"format": "csv", "limit": "5"}, 422, "list.csv_has_no_pages"),
        ({"format": "csv", "unit": "999"}, 404, "unit.unknown"),
        ({"format": "csv", "as_of": "2099-01-01T00:00:00Z"}, 422, "as_of.future"),
    ):
        refused = await reading.get("county", "/v1/tickets", **asked)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    monkeypatch.setattr(streaming, "MOST_ROWS", 59)
    refused = await reading.get("county", "/v1/tickets", format="csv")
    assert (refused.status_code, refused.json()["code"], refused.json()["total"]) == (422, "list.too_long", 60)
    assert "POST /v1/exports" in refused.json()["detail"]
    assert (await reading.get("yangming", "/v1/tickets", format="csv")).status_code == 200
    monkeypatch.setattr(streaming._Room, "taken", streaming._AT_ONCE)
    refused = await reading.get("county", "/v1/tickets", format="csv")
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "list.streams_taken", "10")


async def test_rows_are_sent_while_others_are_read_and_whoever_leaves_gives_everything_back(doors):
    read = []

    async def pages(work):
        await one_snapshot(work.session)
        for nth in range(1000):
            read.append(nth)
            yield Page([(nth, "行")], 1000)

    async with doors.county.as_role(REPORTING):
        answer = await streaming.streamed_csv(await actor("county"), "list", ["数", "字"], pages)
        sent = []

        async def send(message):
            sent.append(message)
            if len(sent) == 5:
                raise OSError("the reader went away")

        async def receive():
            await asyncio.sleep(3600)

        with pytest.raises(Exception):  # noqa: B017, PT011  whatever the server raises for a reader who left
            await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
        assert [message["body"].decode() for message in sent[1:4]] == ["\ufeff数,字\r\n", "0,行\r\n", "1,行\r\n"]
        assert len(read) < 10  # never far ahead of what was sent
        assert streaming._Room.taken == 0
        assert database().engine.pool.checkedout() == 0


async def test_a_list_that_breaks_off_is_never_taken_for_whole(doors):
    async def pages(_work):
        yield Page([(1,)], 2)
        raise RuntimeError("the database went away")

    async with doors.county.as_role(REPORTING):
        answer = await streaming.streamed_csv(await actor("county"), "list", ["数"], pages)
        sent = []

        async def send(message):
            sent.append(message)

        async def receive():
            await asyncio.sleep(3600)

        with pytest.raises((RuntimeError, ExceptionGroup)):
            await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
    assert all(message.get("more_body", True) for message in sent)  # no end was sent
    assert streaming._Room.taken == 0
