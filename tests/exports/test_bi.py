"""Readers of the views for analysts' tools: they see exactly the rows of their area, by whatever trick they look, and change nothing."""

import base64
import hashlib
import importlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import date
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from services.exports.bi import OF_ALL, VIEWS, grant_reader, print_metrics, revoke_reader, role_of, scram_verifier
from services.platform.actor import SYSTEM
from services.platform.database import OWNER, REPORTING, WORKER
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import report
from services.reports.metrics import METRICS
from services.reports.questions import Asked
from tests import county as heping
from tests.county import actor

FIRST, LAST = date(2026, 10, 1), date(2026, 12, 31)
COUNTED = {"received": "received_day", "due": "due_day"}


@asynccontextmanager
async def reading(doors, unit: str) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    """Sign in as a fresh reader of a unit; it is revoked in the end: roles belong to the whole server."""
    name = f"t{new_id().hex[:20]}"
    async with doors.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        granted = await grant_reader(work, name, unit)
    url = make_url(doors.county.url)
    connection = await asyncpg.connect(
        host=url.host, port=url.port, database=url.database, user=granted.role, password=granted.password, ssl=False
    )
    try:
        yield connection, name
    finally:
        await connection.close()
        async with doors.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
            with suppress(NotFound):
                await revoke_reader(work, name)


async def test_counts_of_the_views_are_the_figures_of_the_reports(doors):
    async with doors.county.as_role(WORKER):
        await print_metrics()
    async with reading(doors, heping.PENGZHAI) as (reader, _name):
        async with doors.county.as_role(REPORTING):
            asker = await actor("pengzhai")
            for metric in ("received", "completion_rate_due", "on_time_rate"):
                async with unit_of_work(asker) as work:
                    told = (await report(work, Asked(metric, FIRST, LAST, source="all"))).total
                numerator, denominator = {
                    "received": ("received", None),
                    "completion_rate_due": ("due_completed", "due"),
                    "on_time_rate": ("closed_on_time", "closed_on_time + closed_late"),
                }[metric]
                found = await reader.fetchrow(f"SELECT sum({numerator}), sum({denominator or 'NULL::int'}) FROM bi_daily")
                assert tuple(found) == (told.numerator, told.denominator), metric
                assert told.numerator > 0
        for counter, day in COUNTED.items():
            daily = await reader.fetch(f"SELECT day, sum({counter}) FROM bi_daily WHERE {counter} > 0 GROUP BY day ORDER BY day")
            rows = await reader.fetch(f"SELECT {day}, count(*) FROM bi_tickets WHERE counted AND {day} IS NOT NULL GROUP BY 1 ORDER BY 1")
            assert [tuple(row) for row in daily] == [tuple(row) for row in rows]
        assert await reader.fetchval("SELECT count(*) FROM bi_metrics") == len(METRICS)
        assert await reader.fetchval("SELECT count(*) FROM bi_categories") > 0


async def test_a_reader_sees_exactly_the_rows_of_its_area(doors):
    async with reading(doors, heping.YANGMING) as (reader, _name):
        assert {row[0] for row in await reader.fetch("SELECT DISTINCT place FROM bi_tickets")} == {heping.YANGMING}
        assert await reader.fetchval("SELECT count(*) FROM bi_tickets") == 20
        paths = [row[0] for row in await reader.fetch("SELECT path FROM bi_units")]
        assert paths
        assert all(path.startswith(f"/{heping.COUNTY}/{heping.YANGMING}/") for path in paths)
        assert {row[0] for row in await reader.fetch("SELECT DISTINCT unit FROM bi_daily")} == {heping.YANGMING}
    async with reading(doors, heping.COUNTY) as (reader, _name):
        assert await reader.fetchval("SELECT count(*) FROM bi_tickets") == 60
    no_reader = await doors.county.owner.fetchval("SELECT count(*) FROM bi_tickets")  # not even the owner is one
    assert no_reader == 0


async def test_a_reader_reads_no_table_writes_nothing_and_no_trick_shows_it_more(doors):
    tables = [row[0] for row in await doors.county.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert {"report_facts", "tickets", "complainants", "accounts", "bi_readers"} <= set(tables)
    other = await doors.county.value("SELECT number FROM report_facts WHERE area_path LIKE $1 LIMIT 1", f"%{heping.PENGZHAI}%")
    async with reading(doors, heping.YANGMING) as (reader, _name):
        for table in tables:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.execute(f"SELECT 1 FROM {table} LIMIT 1")
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await reader.execute("CREATE TEMP TABLE x (y int)")
        await reader.execute("SET default_transaction_read_only = off")  # a default is no wall; rights are
        for statement in (
            "DELETE FROM bi_tickets", "UPDATE bi_units SET name = 'x'", "INSERT INTO bi_readers VALUES (current_user, '/', now())",
            "INSERT INTO bi_categories (code) VALUES ('x')", "CREATE TABLE x (y int)",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "SET ROLE daguanjia_worker", "COPY bi_tickets TO PROGRAM 'cat'", "SELECT pg_read_file('PG_VERSION')",
        ):  # fmt: skip
            with pytest.raises(
                (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.FeatureNotSupportedError)
            ):
                await reader.execute(statement)
        heard: list[str] = []
        reader.add_log_listener(lambda _connection, message: heard.append(message.message))
        await reader.execute(
            "CREATE FUNCTION pg_temp.leak(n text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001"
            " AS $$ BEGIN RAISE NOTICE 'saw %', n; RETURN true; END $$"
        )
        await reader.fetch("SELECT number FROM bi_tickets WHERE pg_temp.leak(number) AND place = place")
        assert len([line for line in heard if line.startswith("saw")]) == 20
        assert not any(other in line for line in heard)
        for trick in (
            f"1 / (CASE WHEN number = '{other}' THEN 0 ELSE 1 END) = 1",
            f"CAST(CASE WHEN number = '{other}' THEN 'x' ELSE '1' END AS int) = 1",
        ):
            assert await reader.fetchval(f"SELECT count(*) FROM bi_tickets WHERE {trick}") == 20


async def test_no_plan_counts_what_lies_in_other_areas(doors):
    numbers = "SELECT number FROM report_facts WHERE area_path LIKE $1 AND category_code = 'water.pipe_burst' LIMIT 1"
    other = await doors.county.value(numbers, f"%{heping.PENGZHAI}%")
    elsewhere = (
        ("bi_tickets", f"number = '{other}'", "number = 'nowhere'"),
        ("bi_tickets", f"number = '{other}' AND category = 'water.pipe_burst'", f"number = '{other}' AND category = 'nothing'"),
        ("bi_tickets", f"township = '{heping.PENGZHAI}'", "township = 'nowhere'"),
        ("bi_tickets", "path >= '/441624/' AND received_at > '2026-10-01'", "path >= '/9/' AND received_at > '2036-10-01'"),
        ("bi_daily", "day >= '2026-10-01' AND received > 0", "day >= '1926-10-01' AND received > 1000"),
        ("bi_units", f"code = '{heping.SHUIKOU}'", "code = 'nowhere'"),
    )
    async with reading(doors, "441624101") as (reader, _name):  # 大坝镇, where nothing was told
        for cheap in ("on", "off"):
            await reader.execute(f"SET enable_seqscan = {cheap}")
            for view, there, nowhere in elsewhere:
                plans = []
                for condition in (there, nowhere):
                    explain = f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT * FROM {view} WHERE {condition}"
                    lines = [str(row[0]) for row in await reader.fetch(explain)]
                    plans.append([line for line in lines if "Filter: (" not in line])
                assert plans[0] == plans[1], (view, there)


_MORE = """
INSERT INTO report_facts
SELECT more.*
FROM (SELECT * FROM report_facts ORDER BY number LIMIT 1) AS f, generate_series(1, 200) AS n,
    (SELECT code FROM units WHERE kind = 'township' UNION ALL SELECT NULL) AS t,
    jsonb_populate_record(NULL::report_facts, to_jsonb(f) || jsonb_build_object(
        'ticket_id', gen_random_uuid(), 'number', 'M' || n, 'area_path', '/441624/' || coalesce(t.code || '/', ''),
        'township_path', '/441624/' || t.code || '/', 'village_path', NULL, 'grid_path', NULL,
        'received_at', f.received_at - n * interval '1 h'
    )) AS more
"""


async def _more(doors) -> None:
    """Two hundred tickets more in each of seventeen townships, and where only the county is known; and statistics of them."""
    async with doors.county.owner.transaction():
        await doors.county.owner.execute("SET LOCAL session_replication_role = replica")  # facts alone: no tickets beneath
        await doors.county.owner.execute(_MORE)
    await doors.county.owner.execute("ANALYZE report_facts")


async def _scans(reader: asyncpg.Connection, query: str) -> list[tuple[str, int]]:
    """Return how rows of the facts are come by, and how many are looked at each time."""
    plan = json.loads(await reader.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}"))[0]["Plan"]
    return [(node["Node Type"], _looked_at(node)) for node in _nodes(plan) if node.get("Alias") == "f"]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _looked_at(node: dict[str, Any]) -> int:
    gone = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return round((node["Actual Rows"] + gone) * node["Actual Loops"])


async def test_who_reads_everything_finds_the_tickets_of_a_township_or_of_days_without_reading_the_others(doors):
    await _more(doors)
    dear, cheap = "/441624/441624101/", "/441624/4416241010"  # what follows a slash is a nought
    asked = {
        f"path >= '{dear}' AND path < '{cheap}'": 200,
        f"path >= '{dear}' AND path < '{cheap}' AND received_at >= '2026-11-01'": 200,
        "township = '441624101' AND received_at >= '2026-11-02 20:00+08' AND received_at < '2026-11-03 06:00+08'": 600,
    }
    async with reading(doors, heping.COUNTY) as (reader, _name):
        assert await reader.fetchval(f"SELECT count(*) FROM {OF_ALL}") == 60 + 18 * 200
        for condition, most in asked.items():
            found = await reader.fetchval(f"SELECT count(*) FROM bi_tickets WHERE {condition}")
            assert 0 < found == await reader.fetchval(f"SELECT count(*) FROM {OF_ALL} WHERE {condition}"), condition
            [(how, looked_at)] = await _scans(reader, f"SELECT * FROM {OF_ALL} WHERE {condition}")
            assert how in ("Index Scan", "Bitmap Heap Scan"), (condition, how)
            assert found <= looked_at <= most, (condition, looked_at)
        for one, other in (("bi_tickets", OF_ALL), (OF_ALL, "bi_tickets")):
            assert not await reader.fetchval(f"SELECT count(*) FROM (SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other}) AS x")
        places = await reader.fetchrow("SELECT place, township, village, grid, path FROM bi_tickets WHERE path = '/441624/' LIMIT 1")
        assert tuple(places) == (heping.COUNTY, None, None, None, "/441624/")


async def test_who_does_not_read_everything_gets_nothing_from_the_view_of_all_even_where_it_was_granted(doors):
    async with reading(doors, heping.YANGMING) as (reader, name):
        for forbidden in (f"SELECT 1 FROM {OF_ALL}", f"EXPLAIN SELECT 1 FROM {OF_ALL}"):  # a plan tells how many rows are expected
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.fetch(forbidden)
        await doors.county.owner.execute(f"GRANT SELECT ON {OF_ALL} TO {role_of(name)}")
        heard: list[str] = []
        reader.add_log_listener(lambda _connection, message: heard.append(message.message))
        await reader.execute("SET default_transaction_read_only = off")
        await reader.execute(
            "CREATE FUNCTION pg_temp.leak(n text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001"
            " AS $$ BEGIN RAISE NOTICE 'saw %', n; RETURN true; END $$"
        )
        for condition in ("pg_temp.leak(number)", f"place = '{heping.YANGMING}' AND pg_temp.leak(number)"):
            assert await reader.fetch(f"SELECT number FROM {OF_ALL} WHERE {condition}") == []
            assert [looked_at for _how, looked_at in await _scans(reader, f"SELECT number FROM {OF_ALL} WHERE {condition}")] == [0]
        assert not [line for line in heard if line.startswith("saw")]
    assert await doors.county.value(f"SELECT count(*) FROM {OF_ALL}") == 0  # the owner is no reader


async def test_readers_of_everything_that_were_there_before_the_view_of_all_are_granted_it(doors):
    async with reading(doors, heping.COUNTY) as (_all, whole), reading(doors, heping.YANGMING) as (_part, part):
        owner, roles = doors.county.owner, (role_of(whole), role_of(part))
        granted = "SELECT has_table_privilege($1, 'bi_all_tickets', 'SELECT')"
        assert [await owner.fetchval(granted, role) for role in roles] == [True, False]
        await owner.execute(f"REVOKE ALL ON {OF_ALL} FROM {roles[0]}")
        await owner.execute("INSERT INTO bi_readers VALUES ('bi_of_another_server', '/441624/', now())")
        await owner.execute(importlib.import_module("migrations.versions.0084_quick_analyst_views")._READERS_OF_ALL)
        assert [await owner.fetchval(granted, role) for role in roles] == [True, False]


async def test_views_hold_no_personal_data(doors):
    async with reading(doors, heping.COUNTY) as (reader, _name):
        columns = {
            row[0]
            for view in (*VIEWS, OF_ALL)
            for row in await reader.fetch("SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0", view)
        }
    assert not columns & {"words", "phone", "contact", "complainant", "openid", "member_id", "ticket_id", "privacy", "sealed"}


async def test_a_revoked_reader_is_gone_with_its_sessions_and_another_of_its_name_may_come(doors):
    async with reading(doors, heping.YANGMING) as (reader, name):
        async with doors.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
            with pytest.raises(Conflict):
                await grant_reader(work, name, heping.COUNTY)
        async with doors.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
            assert await revoke_reader(work, name) == role_of(name)
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.PostgresError)):
            await reader.fetch("SELECT 1 FROM bi_tickets")
        assert await doors.county.value("SELECT count(*) FROM pg_roles WHERE rolname = $1", role_of(name)) == 0
        assert await doors.county.value("SELECT count(*) FROM bi_readers") == 0


async def test_a_reader_that_cannot_be_is_refused_with_a_clear_word(doors):
    for name, unit, kind in (
        ("Robert'); DROP", heping.COUNTY, Invalid),
        ("x", "999", NotFound),
        ("x", heping.WATER, Invalid),
        ("x", heping.STAFFED_GRID, Invalid),
    ):
        async with doors.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
            with pytest.raises(kind):
                await grant_reader(work, name, unit)
    async with doors.county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        with pytest.raises(NotFound):
            await revoke_reader(work, "nobody")


def test_the_verifier_is_that_of_the_rfc():
    """RFC 7677, 3: user ``user``, password ``pencil``."""
    verifier = scram_verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    server = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    assert verifier.startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    message = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    import hmac

    stored = base64.b64decode(verifier.split("$")[2].split(":")[0])
    signature = hmac.digest(stored, message, "sha256")
    client_key = bytes(one ^ other for one, other in zip(proof, signature, strict=True))
    assert hashlib.sha256(client_key).digest() == stored
    assert hmac.digest(server, b"Client Key", "sha256") == client_key
