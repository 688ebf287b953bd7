"""What hardened doors keep: the day a key was used on at the reporting door, which can write nothing else."""

from alembic import op

from migrations.rights import grant
from services.platform.database import REPORTING

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None

# One column of one key, forwards, to the day the database itself has: nothing else can be written with it.
_NOTE = """
CREATE FUNCTION note_key_use(used uuid) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
  UPDATE api_keys k SET last_used_on = (now() AT TIME ZONE 'Asia/Shanghai')::date
  WHERE k.id = used AND k.revoked_at IS NULL
    AND (k.last_used_on IS NULL OR k.last_used_on < (now() AT TIME ZONE 'Asia/Shanghai')::date)
$$
"""
# A function that runs with its owner's rights must not find tables that somebody made for it: temporary ones come last.
_PATH = """
DO $$ BEGIN EXECUTE format('ALTER FUNCTION note_key_use(uuid) SET search_path TO %I, pg_temp', current_schema()); END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_NOTE)
    op.execute(_PATH)
    op.execute("REVOKE ALL ON FUNCTION note_key_use(uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION note_key_use(uuid) TO {REPORTING}")
    # What a renumbered unit was called to or told, and not done yet, is its successor's; whom it was said to stays as it was said.
    grant("whistle_calls", intake="", worker="UPDATE (unit_id)", reporting="")
    grant("directives", intake="", worker="UPDATE (to_unit_id)", reporting="")
