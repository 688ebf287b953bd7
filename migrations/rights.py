"""Granting rights to the doors' database roles, for migrations.

Roles belong to the whole server, so they may exist already. The role that migrates becomes a member of each, so that the doors can sign
in as it and take their own role on; on a server where it may not create roles, an administrator creates the three first.
"""

from alembic import op

from services.platform.database import INTAKE, REPORTING, ROLES, WORKER

_CREATE = """
DO $$ BEGIN
  CREATE ROLE {role} NOLOGIN;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;
  WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'An administrator of this PostgreSQL must first run: CREATE ROLE {role}; GRANT {role} TO %;', current_user;
END $$
"""
# Since PostgreSQL 16 whoever creates a role belongs to it without being allowed to take it on (SET): that has to be granted beside.
_JOIN = """
DO $$
DECLARE wanted text := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END;
BEGIN
  IF NOT pg_has_role(current_user, '{role}', wanted) THEN EXECUTE format('GRANT {role} TO %I', current_user); END IF;
EXCEPTION
  WHEN unique_violation THEN NULL;
  WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'An administrator of this PostgreSQL must first run: GRANT {role} TO %;', current_user;
END $$
"""
_USE = """
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO {role}', current_schema()); END $$
"""


def create_roles() -> None:
    """Create the doors' roles where they are missing, and let the migrating role take them on."""
    for role in ROLES:
        op.execute(_CREATE.format(role=role))
        op.execute(_JOIN.format(role=role))
        op.execute(_USE.format(role=role))


def grant(tables: str, *, intake: str = "SELECT", worker: str = "SELECT", reporting: str = "SELECT") -> None:
    """Grant each role its rights (a comma-separated list, empty for none) on the comma-separated `tables`."""
    for role, rights in ((INTAKE, intake), (WORKER, worker), (REPORTING, reporting)):
        if rights:
            op.execute(f"GRANT {rights} ON {tables} TO {role}")
