"""``daguanjia bi-reader``: makes a role that can sign in with what it says, once, and ends it."""

import asyncio
import re

import asyncpg
from sqlalchemy.engine import make_url

from tests.command.test_loading import Terminal, filled, migrated

__all__ = ["filled", "migrated"]


def test_a_reader_signs_in_with_what_is_shown_and_no_more_once_it_is_revoked(filled: Terminal) -> None:
    code, said = filled.run("bi-reader", "--name", "test_office", "--unit", "441624108")
    assert code == 0, said
    shown = re.fullmatch(
        r"role (bi_test_office) password (\S+) area /441624/441624108/ postgresql://bi_test_office:<password>@(\S+) The .* once\.", said
    )
    assert shown, said
    url = make_url(filled.url)

    async def units() -> int:
        connection = await asyncpg.connect(host=url.host, port=url.port, database=url.database, user=shown[1], password=shown[2], ssl=False)
        try:
            assert await connection.fetchval("SHOW default_transaction_read_only") == "on"
            assert await connection.fetchval("SHOW statement_timeout") == "1min"
            return int(await connection.fetchval("SELECT count(*) FROM bi_units WHERE code = '441624108'"))
        finally:
            await connection.close()

    assert asyncio.run(units()) == 1
    again = filled.run("bi-reader", "--name", "test_office", "--unit", "441624108")
    assert (again[0], "[bi_reader.exists]" in again[1]) == (2, True)
    assert "bi_test_office is revoked." in filled.run("bi-reader", "--name", "test_office", "--revoke")[1]
    assert filled.run("bi-reader", "--name", "test_office", "--revoke")[0] == 2
    assert filled.run("bi-reader", "--name", "test_office")[0] == 2
    assert filled.value("SELECT count(*) FROM pg_roles WHERE rolname = 'bi_test_office'") == 0
