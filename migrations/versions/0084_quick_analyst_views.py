"""The tickets of an area without a regular expression for each; and a view of all tickets whose conditions an index may answer."""

from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None

# As before: a barrier, and OFFSET 0, which keeps what the asker looks for above the rows of their area (0070 says why).
_MINE = "f.area_path ^@ ANY (ARRAY(SELECT r.area_path FROM bi_readers AS r WHERE r.role_name = current_user::text)) OFFSET 0"

# Who may see every ticket has nothing hidden from them: conditions that leak nothing by themselves (=, <, >= on bare columns) go below
# the barrier, to the indexes. EXPLAIN then tells how many rows PostgreSQL expects, so only such roles are granted the view. Paths of one
# area lie beside each other: where the first and the last of all tickets are within it, so is every one. Decided once a statement.
_ALL = (
    "EXISTS (SELECT FROM bi_readers AS r WHERE r.role_name = current_user::text"
    " AND (SELECT min(area_path) FROM report_facts) ^@ r.area_path AND (SELECT max(area_path) FROM report_facts) ^@ r.area_path)"
)
_READERS_OF_ALL = """
DO $$
DECLARE reader text;
BEGIN
    FOR reader IN
        SELECT r.role_name FROM bi_readers AS r JOIN pg_roles AS p ON p.rolname = r.role_name
        WHERE NOT EXISTS (SELECT FROM units AS u WHERE NOT u.path ^@ r.area_path)
    LOOP
        EXECUTE format('GRANT SELECT ON bi_all_tickets TO %I', reader);
    END LOOP;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"CREATE OR REPLACE VIEW bi_tickets WITH (security_barrier) AS {_tickets(_MINE)}")
    op.execute(f"CREATE VIEW bi_all_tickets WITH (security_barrier) AS {_tickets(_ALL)}")
    op.execute(_READERS_OF_ALL)


def _tickets(condition: str) -> str:
    days = ("received", "due", "completed", "called")
    local = ", ".join(f"(f.{one}_at AT TIME ZONE 'Asia/Shanghai')::date AS {one}_day" for one in days)
    return (
        f"SELECT f.number, f.status, f.source, f.channel, f.category_code AS category, f.urgency, f.round, {_last('f.area_path')} AS place,"
        f" {_last('f.township_path')} AS township, {_last('f.village_path')} AS village, {_last('f.grid_path')} AS grid,"
        " h.code AS holder, d.code AS desk, f.received_at, f.due_at, f.first_due_at, f.disposed_at, f.completed_at, f.closed_at,"
        f" f.called_at, {local}, f.counted, f.completed, f.on_time, f.on_first_time, f.disposed_on_time, f.reached, f.contacted, f.solved,"
        " f.satisfied, f.reworked, f.unreasonable, f.area_path AS path FROM report_facts AS f LEFT JOIN units AS h ON h.id = f.lead_unit_id"
        f" LEFT JOIN units AS d ON d.id = f.desk_unit_id WHERE {condition}"
    )


def _last(path: str) -> str:
    """Return the code of the unit a path leads to; a path ends in a slash."""
    return f"split_part({path}, '/', -2)"
