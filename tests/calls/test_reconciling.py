"""Gaps filled from the exchange's own files, once, whatever came before or after; and the figures of the four real calls."""

import random
from collections.abc import AsyncIterator

import pytest
from httpx import ASGITransport, AsyncClient

from services.calls.exchanges import exchange_of
from services.calls.metrics import COUNTERS, METRICS
from services.calls.reconciling import CDR as RECORDS
from services.calls.reconciling import QUEUE_LOG as QUEUE
from services.calls.reconciling import reconcile, reconcile_files
from services.connections.directory import connected_systems, forget_connected_systems
from services.platform import clock
from services.platform.database import REPORTING, WORKER, Database, database, use_database
from tests.calls.exchange import play
from tests.calls.vectors import CDR, DISPOSITIONS, EXPECTED, FOUR, QUEUE_LOG, RATES, of_the_four
from tests.reports.signing import signed_in_as

CALLS = "SELECT * FROM calls WHERE linked_id = call_id ORDER BY call_id"
THE_FOUR = {QUEUE: of_the_four(QUEUE_LOG.splitlines()), RECORDS: of_the_four(CDR.splitlines())}


async def files(county, lines=THE_FOUR, code="pbx-580"):
    forget_connected_systems()
    async with county.as_role(WORKER):
        async with database().transaction() as session:
            exchange = exchange_of((await connected_systems(session)).by_code(code, "pbx"))
        return [await reconcile(exchange, kind, [line.encode() + b"\n" for line in found]) for kind, found in lines.items()]


async def require_the_truth(county):
    rows = {row["call_id"]: row for row in await county.fetch(CALLS)}
    assert set(rows) == set(EXPECTED)
    for call_id, wanted in EXPECTED.items():
        row = rows[call_id]
        assert row["disposition"] == DISPOSITIONS[wanted["kind"]]
        assert (row["agent"], row["wait_seconds"], row["talk_seconds"]) == (wanted["agent"], wanted["wait_seconds"], wanted["talk_seconds"])
        assert row["queued"] is (wanted["kind"] != "ivr_only")
    assert await county.value("SELECT count(*) FROM call_events WHERE call_id IS NULL") == 0


async def test_the_four_calls_from_files_alone_twice(county, pbx):
    queue, records = await files(county)
    assert (queue.filled, records.filled) == (9, 4)
    await require_the_truth(county)
    assert [done.filled for done in await files(county)] == [0, 0]
    await require_the_truth(county)
    assert await county.value("SELECT bool_and(reconciled) FROM call_events") is True


async def test_the_four_calls_from_posts_and_files_in_any_order(county, pbx):
    posts = [one for one in FOUR if one["form"] != FOUR[4]["form"]]  # the second call's end was lost
    chance = random.Random(580)
    chance.shuffle(posts)
    for one in posts[:5]:
        await play(pbx, [one])
    lines = {kind: chance.sample(found, len(found)) for kind, found in THE_FOUR.items()}
    await files(county, lines)
    for one in posts[5:]:
        await play(pbx, [one])
    await require_the_truth(county)
    lost = "SELECT reconciled FROM call_events WHERE call_id = '1795312703.3' AND event = 'ended'"
    assert await county.value(lost) is True
    await play(pbx, [FOUR[4]])  # late after all: the exchange's own word takes the place of what was found
    assert await county.value(lost) is False
    await require_the_truth(county)


async def test_lines_nobody_can_read_are_kept_and_others_go_on(county, pbx):
    broken = {
        QUEUE: ["1795312694", "yesterday|1795312694.0|hotline|NONE|ENTERQUEUE||139|1", *THE_FOUR[QUEUE]],
        RECORDS: ["a,b,c", *THE_FOUR[RECORDS]],
    }
    queue, records = await files(county, broken)
    assert (queue.unreadable, records.unreadable) == (2, 1)
    assert await county.value("SELECT count(*) FROM call_events WHERE call_id IS NULL") == 3
    rows = await county.fetch(CALLS)
    assert len(rows) == 4


async def test_files_are_read_on_from_where_reading_ended(county, pbx, tmp_path):
    names = {"files": {"cdr": "Hotline.csv", "queue_log": "queue_log"}, "zone": "UTC"}
    changed = await pbx.client.patch("/v1/connections/pbx-580", json={"options": names}, headers=pbx.admin | {"If-Match": '"1"'})
    assert changed.status_code == 200
    log, records = tmp_path / "queue_log", tmp_path / "Hotline.csv"
    lines = QUEUE_LOG.splitlines(keepends=True)

    async def read():
        forget_connected_systems()
        async with county.as_role(WORKER):
            return await reconcile_files(tmp_path)

    assert (await read()).lines == 0, "there are no files yet"
    log.write_text("".join(lines[:10]) + lines[10][:20])
    assert (await read()).lines == 10, "half a line waits"
    log.write_text("".join(lines))
    records.write_text(CDR)
    done = await read()
    assert done.lines == len(lines) - 10 + len(CDR.splitlines())
    assert (await read()).lines == 0
    log.write_text(lines[-1])  # rotated
    done = await read()
    assert (done.lines, done.filled) == (1, 0)
    assert await county.value("SELECT count(*) FROM calls") == 9


async def test_no_connection_reads_outside_of_the_directory(county, pbx, tmp_path):
    inner = tmp_path / "exchange"
    inner.mkdir()
    (tmp_path / "secret").write_text(CDR)
    (inner / "link").symlink_to(tmp_path / "secret")
    for name in ("../secret", str(tmp_path / "secret"), "link"):
        await county.owner.execute("UPDATE connections SET options = $1::jsonb, version = version + 1", f'{{"files": {{"cdr": "{name}"}}}}')
        forget_connected_systems()
        async with county.as_role(WORKER):
            assert (await reconcile_files(inner)).lines == 0


@pytest.fixture
async def reports(county) -> AsyncIterator[AsyncClient]:
    """The reporting door over the county, under its own database role."""
    from reporting_api.app import build

    own = use_reporting = Database(county.url, REPORTING)
    async with AsyncClient(transport=ASGITransport(build()), base_url="http://reporting") as client:
        yield _Reporting(client, own, county)
    await use_reporting.close()


class _Reporting:
    def __init__(self, client, own, county):
        self.client, self.own, self.county = client, own, county

    async def get(self, address, login, **query):
        headers = await signed_in_as(login)
        use_database(self.own)
        try:
            return await self.client.get(address, params=query, headers=headers)
        finally:
            use_database(self.county.database)


DAY = {"from": "2026-11-22", "to": "2026-11-22"}


def by_id(figures):
    return {one["metric"].partition("@")[0]: one for one in figures}


async def test_the_rates_of_the_four_calls_are_those_of_the_queue_and_not_of_the_records(county, pbx, reports):
    await play(pbx, FOUR)
    await files(county)
    answer = await reports.get("/v1/reports/hotline", "analyst", by="day", **DAY)
    assert answer.status_code == 200, answer.text
    assert (await reports.get("/v1/reports/hotline", "analyst", by="agent", **DAY)).json()["code"] == "permission.denied"
    assert {row["key"] for row in (await reports.get("/v1/reports/hotline", "county", by="agent", **DAY)).json()["rows"]} > {"-"}
    told = by_id(answer.json()["total"])
    assert (told["inbound"]["numerator"], told["queued"]["numerator"], told["answered"]["numerator"]) == (
        RATES["inbound"], RATES["entered_queue"], RATES["agent_answered"],
    )  # fmt: skip
    assert told["connection_rate_queued"]["value"] == RATES["connect_rate_over_queued"] == "1/3"
    assert told["connection_rate_queued"]["shown"] == "33.33%"
    assert (told["connection_rate_inbound"]["value"], told["connection_rate_inbound"]["shown"]) == ("1/4", "25.00%")
    assert "仅听语音" in told["connection_rate_inbound"]["note"]
    assert (told["answered_in_time_rate"]["value"], told["abandonment_rate"]["shown"]) == ("1/3", "66.67%")
    assert (told["wait_average"]["shown"], told["talk_average"]["shown"], told["abandon_wait_average"]["shown"]) == (
        "0.0秒",
        "4.0秒",
        "4.5秒",
    )
    assert (told["repeat_rate"]["value"], told["voice_only"]["numerator"], told["by_record"]["numerator"]) == ("3/4", 1, 1)
    (row,) = answer.json()["rows"]
    assert (row["key"], row["figures"]) == ("2026-11-22", answer.json()["total"])


async def test_what_was_told_of_the_hotline_is_told_of_that_instant_or_not_at_all(county, pbx, reports):
    async def ask(as_of=None, part="", **more):
        then = {"as_of": as_of} if as_of else {}
        return await reports.get(f"/v1/reports/hotline{part}", "county", **DAY, **then, **more)

    def is_refused(answer, code="as_of.not_kept"):
        return (answer.status_code, answer.json()["code"]) == (422, code)

    listed = {"part": "/calls", "metric": "inbound"}
    before = clock.now().isoformat()
    first = [one for one in FOUR if "1795312694.0" in str(one)]
    await play(pbx, first)
    underway = (await ask(by="source")).json()
    heard = clock.now().isoformat()
    calls = (await ask(**listed)).json()
    assert calls["total"] == 1
    same = await ask(heard, by="source")
    assert (same.json()["total"], same.json()["rows"]) == (underway["total"], underway["rows"])
    await play(pbx, [one for one in FOUR if one not in first])
    await files(county)  # the exchange's queue and records say more of the first call, too
    assert by_id((await ask(before)).json()["total"])["inbound"]["numerator"] == 0
    for question in ({"by": "source"}, listed):
        assert is_refused(await ask(heard, **question))
    last = clock.now().isoformat()
    told, lists = (await ask(by="hour")).json(), (await ask(**listed)).json()
    await county.owner.execute(
        "INSERT INTO calls (id, source, call_id, linked_id, direction, paper_id, arrived_at, disposition, basis, queued, first_heard_at,"
        " updated_at) SELECT gen_random_uuid(), source, $1, $1, 'inbound', paper_id, arrived_at - interval '1 minute', 'answered',"
        " 'record', true, now(), now() FROM calls WHERE call_id = '1795312694.0'",
        "1795300000.9",
    )
    then = (await ask(last, by="hour")).json()
    figures = by_id(then["total"])
    assert figures.pop("repeat_rate")["shown"] == "—", "a call that was heard of later may have made it a repeated one"
    assert figures == {name: one for name, one in by_id(told["total"]).items() if name != "repeat_rate"}
    assert (await ask(last, **listed)).json() == lists
    assert is_refused(await ask(last, part="/calls", metric="repeat_rate"))
    assert (await ask(**listed)).json()["total"] == lists["total"] + 1
    assert is_refused(await ask("2099-01-01T00:00:00Z"), "as_of.future")


async def test_every_figure_leads_to_exactly_its_calls(county, pbx, reports):
    await play(pbx, FOUR)
    await files(county)
    told = (await reports.get("/v1/reports/hotline", "county", **DAY)).json()["total"]
    for figure in told:
        for part in ("numerator", "denominator"):
            query = {"metric": figure["metric"], "part": part, "limit": 200, **DAY}
            answer = await reports.get("/v1/reports/hotline/calls", "county", **query)
            if part == "denominator" and figure["kind"] == "count":
                assert (answer.status_code, answer.json()["code"]) == (422, "part.unknown")
                continue
            body = answer.json()
            assert body["total"] == len(body["items"])
            if figure["kind"] != "seconds":
                assert body["total"] == figure[part], figure
    answered = await reports.get("/v1/reports/hotline/calls", "hotline", metric="answered", **DAY)
    assert [one["call_id"] for one in answered.json()["items"]] == ["1795312694.0"]
    assert "caller" not in answered.json()["items"][0]
    assert (await reports.get("/v1/reports/hotline/calls", "analyst", metric="answered", **DAY)).status_code == 403
    paged = await reports.get("/v1/reports/hotline/calls", "county", metric="inbound", limit=3, **DAY)
    rest = await reports.get("/v1/reports/hotline/calls", "county", metric="inbound", limit=3, cursor=paged.json()["next"], **DAY)
    assert [one["call_id"] for one in paged.json()["items"] + rest.json()["items"]] == sorted(EXPECTED)
    of_row = await reports.get("/v1/reports/hotline/calls", "county", metric="inbound", by="dnis", key="12345", **DAY)
    assert of_row.json()["total"] == 1


async def test_nothing_counted_is_a_dash_and_not_zero_percent(reports):
    told = by_id((await reports.get("/v1/reports/hotline", "analyst", **DAY)).json()["total"])
    for figure in told.values():
        if figure["kind"] == "count":
            assert (figure["shown"], figure["no_data"]) == ("0", False)
        else:
            assert (figure["shown"], figure["value"], figure["no_data"]) == ("—", None, True)


async def test_ended_inbound_calls_are_each_one_of_four_kinds_and_callbacks_none(county, pbx, reports):
    for number, disposition in enumerate(
        ("answered", "abandoned_in_queue", "abandoned_in_ivr", "ivr_only", "busy", "failed", "out_of_hours")
    ):
        for direction in ("inbound", "outbound"):
            await county.owner.execute(
                "INSERT INTO calls (id, source, call_id, linked_id, direction, basis, arrived_at, ended_at, disposition, queued,"
                " first_heard_at, updated_at) VALUES (gen_random_uuid(), 'x', $1, $1, $2, 'queue', '2026-11-22 02:00+00',"
                " '2026-11-22 02:01+00', $3, $4, now(), now())",
                f"{direction}{number}", direction, disposition, disposition in ("answered", "abandoned_in_queue"),
            )  # fmt: skip
    told = by_id((await reports.get("/v1/reports/hotline", "analyst", **DAY)).json()["total"])
    parts = [told[name]["numerator"] for name in ("answered", "abandoned", "turned_away", "voice_only")]
    assert (sum(parts), parts) == (told["inbound"]["numerator"], [1, 1, 3, 2])
    assert (told["outbound"]["numerator"], told["outbound_rate"]["value"]) == (7, "1/7")


async def test_bad_questions_get_clear_words(reports):
    for query, code in (({"from": "yesterday"}, "period.invalid"), ({"from": "2026-11-02", "to": "2026-11-01"}, "period.invalid")):
        answer = await reports.get("/v1/reports/hotline", "analyst", **query)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    answer = await reports.get("/v1/reports/hotline/calls", "county", metric="dance")
    assert (answer.status_code, answer.json()["code"]) == (404, "metric.unknown")
    answer = await reports.get("/v1/reports/hotline/calls", "county", metric="inbound", key="580")
    assert (answer.status_code, answer.json()["code"]) == (422, "key.without_rows")


def test_every_definition_says_what_it_counts():
    for metric in METRICS.values():
        assert metric.numerator_words
        assert bool(metric.denominator_words) is (metric.kind != "count")
        assert metric.numerator in COUNTERS
        assert not metric.denominator or metric.denominator in COUNTERS


def test_what_is_measured_by_hand_is_what_is_told():
    from services.calls.metrics import figure_of

    waits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 100]
    sums = {"timed_answers": len(waits), "wait_sum": sum(waits), "wait_median": 4.5, "wait_p90": 8}
    shown = {name: figure_of(METRICS[name], sums).shown for name in ("wait_average", "wait_median", "wait_p90")}
    assert shown == {"wait_average": "13.6秒", "wait_median": "4.5秒", "wait_p90": "8.0秒"}
    assert figure_of(METRICS["wait_average"], {"timed_answers": 8, "wait_sum": 10}).shown == "1.3秒", "halves are rounded up"
