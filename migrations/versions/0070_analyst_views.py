"""Views for analysts' own tools, row by row of their area."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

# A view runs with its owner's rights, but `current_user` in it is whoever asks. `security_barrier` has this condition decided before any
# function of the asker's sees a row. Paths end in a slash, so that a prefix is an area. OFFSET 0 keeps the asker's own conditions above
# the view: PostgreSQL pushes those it trusts (equality, comparison) below the barrier, and EXPLAIN ANALYZE then counts what others have.
_MINE = "{path} ^@ ANY (ARRAY(SELECT r.area_path FROM bi_readers AS r WHERE r.role_name = current_user::text)) OFFSET 0"
_ANY = "EXISTS (SELECT 1 FROM bi_readers AS r WHERE r.role_name = current_user::text)"
_COUNTERS = (
    "received, received_completed, rejected, cancelled, merged, due, due_completed, due_on_time, due_reworked, closed, closed_on_time,"
    " closed_late, closed_on_first_time, closed_disposed_on_time, closed_first_round, called, called_reached, called_unreached,"
    " called_contacted, called_uncontacted, called_solved, called_unsolved, called_satisfied, called_dissatisfied"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "bi_readers",
        sa.Column("role_name", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("role_name", "area_path", name=op.f("pk_bi_readers")),
    )
    op.create_table(
        "bi_metric_definitions",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("metric", "name", "english", "numerator", "denominator")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("period", "source", "note")),
        sa.PrimaryKeyConstraint("metric", name=op.f("pk_bi_metric_definitions")),
    )
    grant("bi_metric_definitions", intake="", worker="SELECT, INSERT, UPDATE, DELETE", reporting="")
    for name, query in _views().items():
        op.execute(f"CREATE VIEW {name} WITH (security_barrier) AS {query}")


def _views() -> dict[str, str]:
    return {
        "bi_tickets": _tickets(),
        "bi_daily": (
            f"SELECT day, {_last('area')} AS unit, source, demand = 'unreasonable' AS unreasonable, {_COUNTERS} FROM rollup_cells AS c"
            f" WHERE grain = 'day_village' AND {_MINE.format(path='c.area')}"
        ),
        "bi_units": (
            "SELECT u.code, u.name, u.kind, u.tier, p.code AS parent, u.function, u.path, u.valid_from, u.valid_to"
            f" FROM units AS u LEFT JOIN units AS p ON p.id = u.parent_id WHERE {_MINE.format(path='u.path')}"
        ),
        "bi_categories": f"SELECT c.code, c.parent_code AS parent, c.name, c.leaf, c.urgency FROM categories AS c WHERE {_ANY}",
        "bi_channels": f"SELECT c.code, c.name FROM channels AS c WHERE {_ANY}",
        "bi_metrics": f"SELECT m.* FROM bi_metric_definitions AS m WHERE {_ANY}",
    }


def _last(path: str) -> str:
    """Return the code of the unit a path leads to."""
    return f"regexp_replace({path}, '^.*/([^/]+)/$', '\\1')"


def _tickets() -> str:
    days = ("received", "due", "completed", "called")
    local = ", ".join(f"(f.{one}_at AT TIME ZONE 'Asia/Shanghai')::date AS {one}_day" for one in days)
    return (
        f"SELECT f.number, f.status, f.source, f.channel, f.category_code AS category, f.urgency, f.round, {_last('f.area_path')} AS place,"
        f" {_last('f.township_path')} AS township, {_last('f.village_path')} AS village, {_last('f.grid_path')} AS grid,"
        " h.code AS holder, d.code AS desk, f.received_at, f.due_at, f.first_due_at, f.disposed_at, f.completed_at, f.closed_at,"
        f" f.called_at, {local}, f.counted, f.completed, f.on_time, f.on_first_time, f.disposed_on_time, f.reached, f.contacted, f.solved,"
        " f.satisfied, f.reworked, f.unreasonable FROM report_facts AS f LEFT JOIN units AS h ON h.id = f.lead_unit_id"
        f" LEFT JOIN units AS d ON d.id = f.desk_unit_id WHERE {_MINE.format(path='f.area_path')}"
    )
