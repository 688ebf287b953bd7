"""docs/database-rights.md, printed from a migrated database: what each door's role may do with each table.

``python -m tests.platform.rights`` writes it, from a database of its own; a test compares it with what the migrations grant.
"""

import asyncio
import os
from pathlib import Path

import asyncpg

from services.platform.database import ROLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "database-rights.md"
_HEAD = """# What each door may do in the database

Printed from the migrated database by `make docs`; do not edit. Each door signs in and takes its own role on; nothing else is granted, and
nothing to anybody else but the views `bi_…` ([analysts](analysts.md)). Rights of single columns are in brackets.

No role may change the journal (`events`), the words people left, or what was decided; none may delete a row that says what happened; the
reporting door writes nothing at all. `tests/platform/test_rights.py` asks the database. What only triggers can say, that nobody decides on
their own request, is listed in `tests/platform/separation.py` and tried by direct SQL beside it.

| table | intake | worker | reporting |
|---|---|---|---|"""
_TABLES = """
SELECT c.relname::text AS name, r.rolname::text AS role, p.privilege,
  CASE WHEN c.relkind <> 'S' THEN has_table_privilege(r.oid, c.oid, p.privilege) ELSE FALSE END AS whole,
  ARRAY(
    SELECT a.attname::text FROM pg_attribute a WHERE c.relkind <> 'S' AND a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND p.privilege IN ('SELECT', 'INSERT', 'UPDATE') AND has_column_privilege(r.oid, c.oid, a.attnum, p.privilege) ORDER BY a.attnum
  ) AS columns
FROM pg_class c CROSS JOIN pg_roles r
  CROSS JOIN (VALUES (1, 'SELECT'), (2, 'INSERT'), (3, 'UPDATE'), (4, 'DELETE'), (5, 'TRUNCATE'), (6, 'TRIGGER')) p(nth, privilege)
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND r.rolname = ANY ($1)
ORDER BY c.relname, r.rolname, p.nth
"""
_FUNCTIONS = """
SELECT p.proname::text AS name, r.rolname::text AS role FROM pg_proc p CROSS JOIN pg_roles r
WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef AND p.prorettype <> 'trigger'::regtype AND r.rolname = ANY ($1)
  AND has_function_privilege(r.oid, p.oid, 'EXECUTE') ORDER BY p.proname, r.rolname
"""

Rights = dict[str, dict[str, dict[str, list[str] | None]]]
"""Table → role → privilege → the columns it is limited to, None for all."""


async def rights_of(connection: asyncpg.Connection) -> Rights:
    """Return what each door's role may do with each table."""
    found: Rights = {}
    for row in await connection.fetch(_TABLES, list(ROLES)):
        of_role = found.setdefault(row["name"], {role: {} for role in ROLES})[row["role"]]
        if row["whole"] or row["columns"]:
            of_role[row["privilege"]] = None if row["whole"] else list(row["columns"])
    return found


async def printed(connection: asyncpg.Connection) -> str:
    """Return docs/database-rights.md."""
    lines = [_HEAD]
    for table, roles in (await rights_of(connection)).items():
        lines.append(f"| `{table}` | " + " | ".join(_cell(roles[role]) for role in ROLES) + " |")
    lines += ["", "Functions that work with their owner's rights, each for one deed:", ""]
    doors = {role: role.removeprefix("daguanjia_") for role in ROLES}
    lines += [f"- `{row['name']}`: {doors[row['role']]}" for row in await connection.fetch(_FUNCTIONS, list(ROLES))]
    return "\n".join(lines) + "\n"


def _cell(granted: dict[str, list[str] | None]) -> str:
    parts = [right.lower() + (f" ({', '.join(columns)})" if columns is not None else "") for right, columns in granted.items()]
    return ", ".join(parts) or "—"


async def _print(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return await printed(connection)
    finally:
        await connection.close()


def write() -> None:
    """Migrate an empty database and write the document."""
    from daguanjia.servers import temporary_servers
    from migrations import running

    os.environ.setdefault("DAGUANJIA_SECRET", "a secret for printing only, 32 characters and more")
    with temporary_servers() as started:
        os.environ["DATABASE_URL"] = started.database_url
        running.upgrade()
        DOCUMENT.write_text(asyncio.run(_print(started.database_url)), encoding="utf-8")


if __name__ == "__main__":
    write()
