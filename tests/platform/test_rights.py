"""The database itself refuses what nobody may do."""

import pytest
from asyncpg import InsufficientPrivilegeError
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.platform.database import INTAKE, REPORTING, WORKER, Database

WRITTEN_ONCE = ("events", "complaints", "work_logs", "answers", "call_backs", "rewordings", "directives", "escalations")


@pytest.mark.parametrize("role", [INTAKE, WORKER, REPORTING])
async def test_nobody_can_change_or_delete_what_was_said_or_happened(empty, role):
    opened = Database(empty.url, role)
    try:
        for table in WRITTEN_ONCE:
            for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
                with pytest.raises(ProgrammingError) as refused:
                    async with opened.transaction() as session:
                        await session.execute(text(statement))
                assert isinstance(refused.value.orig.__cause__, InsufficientPrivilegeError)
    finally:
        await opened.close()


async def test_reports_can_read_tickets_but_not_write_them_nor_see_who_complained(empty):
    opened = Database(empty.url, REPORTING)
    try:
        async with opened.transaction() as session:
            assert (await session.execute(text("SELECT count(*) FROM tickets"))).scalar() == 0
        for statement in (
            "SELECT * FROM complainants",
            "SELECT password_hash FROM accounts",
            "INSERT INTO channels VALUES ('a', 'b')",
            "SELECT nextval('ticket_numbers')",
        ):
            with pytest.raises(ProgrammingError):
                async with opened.transaction() as session:
                    await session.execute(text(statement))
    finally:
        await opened.close()
