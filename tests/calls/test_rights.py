"""The database itself keeps who called from whoever only counts, and what was noted from everybody."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.platform.database import INTAKE, REPORTING, WORKER, Database


async def refused(database, statement):
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.transaction() as session:
            await session.execute(text(statement))


async def test_whoever_reports_sees_calls_and_neither_papers_nor_what_came_nor_who_listened(empty):
    opened = Database(empty.url, REPORTING)
    try:
        async with opened.transaction() as session:
            assert (await session.execute(text("SELECT count(*) FROM calls"))).scalar() == 0
        for table in ("sealed_papers", "call_events", "recording_accesses", "exchange_files", "call_notes", "ticket_calls"):
            await refused(opened, f"SELECT * FROM {table}")
        await refused(opened, "UPDATE calls SET talk_seconds = 1")
    finally:
        await opened.close()


@pytest.mark.parametrize("role", [INTAKE, WORKER, REPORTING])
async def test_no_door_forgets_a_call_or_who_listened(empty, role):
    opened = Database(empty.url, role)
    try:
        for table in ("calls", "call_events", "recording_accesses"):
            await refused(opened, f"DELETE FROM {table}")
        await refused(opened, "UPDATE recording_accesses SET purpose = ''")
    finally:
        await opened.close()
