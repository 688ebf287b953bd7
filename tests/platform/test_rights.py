"""The database itself refuses what nobody may do."""

import pytest
from asyncpg import InsufficientPrivilegeError
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.platform.database import INTAKE, REPORTING, WORKER, Database
from tests.platform.rights import DOCUMENT, printed, rights_of
from tests.platform.separation import RULES

WRITTEN_ONCE = ("events", "complaints", "work_logs", "answers", "call_backs", "rewordings", "directives", "escalations", "bulletins")


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


async def test_the_printed_rights_are_those_of_the_database(empty):
    assert DOCUMENT.read_text(encoding="utf-8") == await printed(empty.owner), "run `make docs`"


async def test_reports_write_nothing_anywhere_and_nobody_truncates_or_makes_triggers(empty):
    for table, roles in (await rights_of(empty.owner)).items():
        assert not set(roles[REPORTING]) - {"SELECT"}, table
        for role, granted in roles.items():
            assert not {"TRUNCATE", "TRIGGER"} & set(granted), (table, role)


async def test_who_asked_and_what_happened_can_be_changed_by_no_role(empty):
    """Columns that say who told, asked or did something, and when, are written once, by whatever door."""
    rights = await rights_of(empty.owner)
    for table in {table for table, *_pair in RULES} - {"tickets"}:
        asked = {asked for name, asked, _decided in RULES if name == table} - {decided for name, _asked, decided in RULES if name == table}
        for role, granted in rights[table].items():
            columns = granted.get("UPDATE", [])
            if (table, role) == ("webhook_subscriptions", INTAKE):
                continue  # whoever names another address is who named it; the right ends with it
            if table == "demand_exclusions":
                asked = {"proposed_by_account_id"}
            assert columns is not None, f"{role} may change every column of {table}"
            assert not asked & set(columns), (table, role)
