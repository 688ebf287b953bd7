"""Exports from the asking to the file: what is in it, who gets it, and what becomes of it when things go wrong."""

import asyncio
import csv
import hashlib
import io
from datetime import date, timedelta

import duckdb
import openpyxl
import pytest

from services.attachments.store import store
from services.exports import making, sources
from services.exports.expiring import REMEMBERED, expire
from services.exports.making import make_next
from services.platform import clock
from services.platform.database import REPORTING, WORKER
from services.platform.errors import Unavailable
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import report
from services.reports.questions import Asked
from tests import county as heping
from tests.county import actor
from tests.exports.conftest import WHOLE


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_every_source_is_exported_in_every_format_with_the_rows_its_list_has(doors, tmp_path):
    questions = {
        "reports": {"metric": "completion_rate_due", "by": "unit:township", **WHOLE},
        "figure-tickets": {"metric": "completion_rate_due", "part": "denominator", **WHOLE},
        "tickets": {"status": "open"},
        "hand-offs": WHOLE,
        "hand-off-tickets": {**WHOLE, "part": "received"},
        "repeats": WHOLE,
        "listed": {"month": "2026-11"},
    }
    for source in (*questions, "facts", "overdue", "workload"):  # the others: test_sources.py
        described = sources.SOURCES[source]
        question = questions.get(source, {})
        rows = table(await doors.exported(source, "csv", **question))
        path = tmp_path / f"{source}.parquet"
        path.write_bytes(await doors.exported(source, "parquet", **question))
        ((found,),) = duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()
        sheet = openpyxl.load_workbook(io.BytesIO(await doors.exported(source, "xlsx", **question)), read_only=True).worksheets[0]
        filled = [row for row in list(sheet.iter_rows(values_only=True))[1:] if any(cell is not None for cell in row)]
        assert len(rows) == found == len(filled), source
        assert duckdb.sql(f"SELECT * FROM '{path}'").columns == [column.code for column in described.columns]
        if rows:
            assert list(rows[0]) == [column.heading for column in described.columns]
    listed = (await doors.intake("GET", "/v1/tickets/count", params={"status": "open"})).json()["count"]
    assert len(table(await doors.exported("tickets", status="open"))) == listed > 0
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path / 'facts.parquet'}'").fetchall() == [(60,)]


async def test_a_report_says_the_same_at_the_door_and_in_its_file(doors):
    days = {"first": date(2026, 10, 1), "last": date(2026, 12, 31)}
    async with doors.county.as_role(REPORTING):
        asker = await actor("county")
        async with unit_of_work(asker) as work:
            told = (await report(work, Asked("completion_rate_due", by="unit:township", **days))).model_dump()
    rows = table(await doors.exported("reports", metric="completion_rate_due", by="unit:township", **WHOLE))
    assert [(row["代码"], row["分子"], row["显示"]) for row in rows[:-1]] == [
        (row["key"], str(row["numerator"]), row["shown"]) for row in told["rows"]
    ]
    assert (rows[-1]["名称"], rows[-1]["显示"]) == ("合计", told["total"]["shown"])


async def test_whoever_asks_gets_the_tickets_of_their_own_area_and_nobody_else_gets_the_file(doors):
    asked = await doors.ask("tickets", login="yangming")
    assert (await doors.reporting(f"/v1/exports/{asked['id']}/file", "yangming")).json()["code"] == "export.not_ready"
    assert await doors.make() == 1
    view = (await doors.reporting(f"/v1/exports/{asked['id']}", "yangming")).json()
    assert (view["state"], view["rows_done"], view["rows_estimated"]) == ("ready", 20, 20)
    content = (await doors.reporting(view["file"], "yangming")).content
    assert len(content) == view["size"]
    assert hashlib.sha256(content).hexdigest() == view["sha256"]
    assert {row["地点代码"] for row in table(content)} == {heping.YANGMING}
    for login in ("county", "pengzhai"):
        for address in (f"/v1/exports/{asked['id']}", view["file"], f"/v1/exports/{asked['id']}/dictionary"):
            assert (await doors.reporting(address, login)).status_code == 404
    assert (await doors.reporting("/v1/exports", "county")).json()["items"] == []
    assert [one["id"] for one in (await doors.reporting("/v1/exports", "yangming")).json()["items"]] == [asked["id"]]
    for login in ("grid", "water", "shuikou"):
        assert (await doors.reporting("/v1/exports", login)).status_code == 403
        assert (await doors.intake("POST", "/v1/exports", login, json={"source": "tickets", "format": "csv"})).status_code == 403


async def test_a_download_goes_on_where_it_broke_off(doors):
    asked = await doors.ask("tickets", "parquet")
    await doors.make()
    at = f"/v1/exports/{asked['id']}/file"
    whole = await doors.reporting(at)
    begun = await doors.reporting(at, headers={"Range": "bytes=0-99"})
    rest = await doors.reporting(at, headers={"Range": "bytes=100-", "If-Range": begun.headers["ETag"]})
    assert (begun.status_code, rest.status_code) == (206, 206)
    assert begun.content + rest.content == whole.content
    assert rest.headers["Content-Range"] == f"bytes 100-{len(whole.content) - 1}/{len(whole.content)}"
    assert (await doors.reporting(at, headers={"Range": "bytes=100-", "If-Range": '"another"'})).status_code == 200
    assert (await doors.reporting(at, headers={"Range": f"bytes={len(whole.content)}-"})).status_code == 416
    assert whole.headers["Content-Disposition"] == f'attachment; filename="{asked["name"]}"'
    explained = await doors.reporting(f"/v1/exports/{asked['id']}/dictionary")
    assert table(explained.content)[0]["列代码"] == "number"
    assert ".dictionary.csv" in explained.headers["Content-Disposition"]


async def test_who_is_locked_or_seated_elsewhere_gets_neither_a_new_file_nor_the_old_one(doors):
    ready = await doors.ask("tickets", login="yangming")
    await doors.make()
    waiting = await doors.ask("tickets", login="yangming")
    await doors.county.owner.execute(
        "UPDATE posts SET unit_id = (SELECT id FROM units WHERE code = $1)"
        " WHERE member_id = (SELECT member_id FROM accounts WHERE login = 'yangming')",
        heping.PENGZHAI,
    )
    refused = await doors.reporting(f"/v1/exports/{ready['id']}/file", "yangming")
    assert (refused.status_code, refused.json()["code"]) == (403, "export.scope_changed")
    await doors.make()
    rows = table((await doors.reporting(f"/v1/exports/{waiting['id']}/file", "yangming")).content)
    assert {row["地点代码"] for row in rows} == {heping.SHUIKOU}  # as their post is when the file is made
    third = await doors.ask("tickets", login="yangming")
    await doors.county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'yangming'")
    await doors.make()
    found = await doors.county.fetch("SELECT state, problem_code FROM exports WHERE id = $1", third["id"])
    assert tuple(found[0]) == ("failed", "export.owner_gone")
    assert (await doors.reporting(f"/v1/exports/{waiting['id']}/file", "yangming")).status_code == 401


async def test_what_cannot_be_asked_is_refused_before_anything_is_queued(doors):
    for body, code in (
        ({"source": "moon", "format": "csv"}, "export.source_unknown"),
        ({"source": "reports", "format": "csv"}, "question.metric_missing"),
        ({"source": "reports", "format": "csv", "question": {"metric": "nonsense"}}, "metric.unknown"),
        ({"source": "tickets", "format": "csv", "question": {"unit": "999"}}, "unit.unknown"),
        ({"source": "tickets", "format": "csv", "question": {"phone": "13800000000"}}, "question.parameter_unknown"),
        ({"source": "tickets", "format": "csv", "question": {"status": "lost"}}, "question.invalid"),
        ({"source": "reports", "format": "csv", "question": {"metric": "received", "period": "next_month"}}, "period.unknown"),
        ({"source": "tickets", "format": "pdf"}, "request.invalid"),
    ):
        answer = await doors.intake("POST", "/v1/exports", json=body)
        assert 400 <= answer.status_code < 500, (body, answer.text)
        if code != "request.invalid":
            assert answer.json()["code"] == code, answer.text
    outside = {"source": "reports", "format": "csv", "question": {"metric": "received", "unit": heping.PENGZHAI}}
    assert (await doors.intake("POST", "/v1/exports", "yangming", json=outside)).status_code == 403
    assert await doors.county.value("SELECT count(*) FROM exports") == 0


async def test_asking_twice_with_one_key_is_one_export_and_there_is_a_limit_to_what_is_under_way(doors):
    body = {"source": "tickets", "format": "csv", "question": {}}
    first = await doors.intake("POST", "/v1/exports", json=body, headers={"Idempotency-Key": '"once"'})
    again = await doors.intake("POST", "/v1/exports", json=body, headers={"Idempotency-Key": '"once"'})
    assert first.json() == again.json()
    for _ in range(settings().exports_open - 1):
        await doors.ask("tickets")
    refused = await doors.intake("POST", "/v1/exports", json=body)
    assert (refused.status_code, refused.json()["code"]) == (429, "export.too_many_open")
    assert await doors.make() == settings().exports_open
    await doors.ask("tickets")
    words = await doors.county.fetch("SELECT data FROM events WHERE type = 'export.asked'")
    assert len(words) == settings().exports_open + 1


async def test_an_export_is_called_off_before_while_and_after_it_is_made(doors, home, monkeypatch):
    before = await doors.ask("tickets")
    assert (await doors.intake("DELETE", f"/v1/exports/{before['id']}")).json()["state"] == "cancelled"
    assert await doors.make() == 0
    after = await doors.ask("tickets")
    await doors.make()
    assert (await doors.intake("DELETE", f"/v1/exports/{after['id']}")).json()["state"] == "cancelled"
    assert (await doors.reporting(f"/v1/exports/{after['id']}/file")).status_code == 410
    during = await doors.ask("tickets")
    monkeypatch.setattr(making, "_BEAT", 0.05)
    began = asyncio.Event()

    async def endless(work, _source, _question):
        while True:
            began.set()
            yield sources.Page([("x",) * 27], None)
            await asyncio.sleep(0.01)

    monkeypatch.setattr(making, "rows_of", endless)
    async with doors.county.as_role(WORKER):
        task = asyncio.create_task(make_next(store()))
        await began.wait()
        await doors.county.owner.execute("UPDATE exports SET state = 'cancelled' WHERE id = $1", during["id"])
        assert await asyncio.wait_for(task, 10)
        await expire(store())
    assert (await doors.reporting(f"/v1/exports/{during['id']}")).json()["state"] == "cancelled"
    assert [path for path in home.rglob("exports/*/*") if path.is_file()] == []
    assert (await doors.intake("DELETE", f"/v1/exports/{before['id']}")).status_code == 200
    assert (await doors.intake("DELETE", f"/v1/exports/{before['id']}", "yangming")).status_code == 404


async def test_too_many_rows_and_a_sheet_that_is_too_short_are_told_and_nothing_half_is_shown(doors, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_EXPORT_ROWS", "59")
    settings.cache_clear()
    asked = await doors.ask("tickets")
    await doors.make()
    view = (await doors.reporting(f"/v1/exports/{asked['id']}")).json()
    assert (view["state"], view["problem"], view["file"]) == ("failed", "export.too_many_rows", None)
    assert (await doors.reporting(f"/v1/exports/{asked['id']}/file")).json()["code"] == "export.failed"
    monkeypatch.delenv("DAGUANJIA_EXPORT_ROWS")
    settings.cache_clear()
    monkeypatch.setattr("services.exports.formats.MOST_SHEET_ROWS", 59)
    asked = await doors.ask("tickets", "xlsx")
    await doors.make()
    assert (await doors.reporting(f"/v1/exports/{asked['id']}")).json()["problem"] == "export.too_long_for_xlsx"
    monkeypatch.setattr("services.exports.making.MOST_SHEET_ROWS", 59)
    monkeypatch.setattr("services.exports.writing.Writing.add", None)  # what cannot fit is known before anything is written
    asked = await doors.ask("tickets", "xlsx")
    await doors.make()
    assert (await doors.reporting(f"/v1/exports/{asked['id']}")).json()["problem"] == "export.too_long_for_xlsx"


async def test_files_are_deleted_when_their_time_is_over(doors, home):
    asked = await doors.ask("tickets")
    await doors.make()
    assert len([path for path in home.rglob("exports/*/*") if path.is_file()]) == 1
    async with doors.county.as_role(WORKER):
        assert await expire(store()) == 0
    await doors.county.owner.execute("UPDATE exports SET expires_at = $1", clock.now() - timedelta(seconds=1))
    assert (await doors.reporting(f"/v1/exports/{asked['id']}/file")).json()["code"] == "export.gone"
    async with doors.county.as_role(WORKER):
        assert await expire(store()) == 1
    assert [path for path in home.rglob("exports/*/*") if path.is_file()] == []
    assert (await doors.reporting(f"/v1/exports/{asked['id']}")).json()["state"] == "expired"
    waiting = await doors.ask("tickets")
    for spared, days in ((True, -1), (False, 1)):
        ended = clock.now() - REMEMBERED - timedelta(days=days)
        await doors.county.owner.execute("UPDATE exports SET ended_at = $1 WHERE state = 'expired'", ended)
        async with doors.county.as_role(WORKER):
            assert await expire(store()) == 0
        listed = [one["id"] for one in (await doors.reporting("/v1/exports")).json()["items"]]
        assert listed == [waiting["id"], *([asked["id"]] if spared else [])]


async def test_an_attempt_that_lost_its_lease_shows_nothing_and_the_next_one_makes_the_file(doors):
    asked = await doors.ask("tickets")
    async with doors.county.as_role(WORKER):
        dead, _left = await making._claim()
        await store().keep_bytes(dead.store_key, b"half a fi")  # killed while it was put there
        assert await make_next(store()) is False  # its lease still holds
        await doors.county.owner.execute("UPDATE exports SET busy_until = now() - interval '1 second'")
        assert await make_next(store())
        with pytest.raises(making.CalledOffError):  # it was not dead, only slow: its word counts no more
            await making._settle(dead, state="ready", size=9, sha256=b"", scope=b"", rows_done=1)
        with pytest.raises(Unavailable):
            assert [piece async for piece in store().read(dead.store_key)] == []
    view = (await doors.reporting(f"/v1/exports/{asked['id']}")).json()
    assert (view["state"], view["rows_done"]) == ("ready", 60)
    await doors.county.owner.execute("UPDATE exports SET state = 'running', attempt = 5, busy_until = now() - interval '1 second'")
    await doors.make()
    assert (await doors.reporting(f"/v1/exports/{asked['id']}")).json()["problem"] == "export.gave_up"


async def test_a_file_is_of_one_snapshot_whatever_happens_meanwhile(doors, monkeypatch):
    monkeypatch.setattr(sources, "PAGE", 7)
    asked = await doors.ask("tickets")
    real = sources.list_tickets

    async def disturbed(session, actor, wanted, **how):
        await doors.county.owner.execute("UPDATE tickets SET received_at = received_at + interval '900 hours', urgency = 'urgent'")
        return await real(session, actor, wanted, **how)

    monkeypatch.setattr(sources, "list_tickets", disturbed)
    await doors.make()
    rows = table((await doors.reporting(f"/v1/exports/{asked['id']}/file")).content)
    assert len(rows) == len({row["工单编号"] for row in rows}) == 60
    assert {row["紧急程度"] for row in rows} == {"normal"}


async def test_the_dictionary_explains_every_source(doors):
    items = (await doors.reporting("/v1/exports/dictionary")).json()["items"]
    assert [one["source"] for one in items] == list(sources.SOURCES)
    assert all(column["meaning"] for one in items for column in one["columns"])


async def test_a_system_has_no_exports(doors):
    async with doors.county.as_role(WORKER):
        from services.exports.queries import own_exports
        from services.platform.actor import SYSTEM
        from services.platform.errors import NotFound

        async with unit_of_work(SYSTEM) as work:
            with pytest.raises(NotFound):
                await own_exports(work, before=None, limit=1)
