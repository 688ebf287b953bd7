"""Readers of the views for analysts' tools: they see exactly the rows of their area, by whatever trick they look, and change nothing."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from services.exports.bi import VIEWS, grant_reader, print_metrics, revoke_reader, role_of, scram_verifier
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


async def test_views_hold_no_personal_data(doors):
    async with reading(doors, heping.COUNTY) as (reader, _name):
        columns = {
            row[0]
            for view in VIEWS
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
