"""What is open, summed up."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

_OPEN = ("received", "dispatched", "accepted", "resolved", "answered")
_NOBODY = "00000000-0000-0000-0000-000000000000"
# As of this revision; how rows are kept from here on stands in services/reports/backlog_sums.py.
_FILL = """
INSERT INTO open_matters
SELECT t.id, t.number, t.version, t.status, t.urgency, t.channel, t.category_code, t.area_path, t.lead_unit_id, t.lead_member_id,
       t.received_at, c.dues[1], c.stages, c.dues, g.given_to
FROM tickets t
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(k.stage ORDER BY k.due_at, k.stage), '{}') AS stages,
           coalesce(array_agg(k.due_at ORDER BY k.due_at, k.stage), '{}') AS dues
    FROM clocks k WHERE k.ticket_id = t.id AND k.state = 'running') c
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT u.unit_id ORDER BY u.unit_id), '{}') AS given_to FROM (
        SELECT a.unit_id FROM assignments a WHERE a.ticket_id = t.id
        UNION ALL SELECT w.unit_id FROM whistles h JOIN whistle_calls w ON w.whistle_id = h.id WHERE h.ticket_id = t.id
        UNION ALL SELECT d.to_unit_id FROM directives d WHERE d.ticket_id = t.id AND d.kind = 'instruct') u
    WHERE u.unit_id IS NOT NULL) g
WHERE t.status IN ('received', 'dispatched', 'accepted', 'resolved', 'answered')
ORDER BY t.area_path COLLATE "C", t.id
"""
_ADD_UP = f"""
INSERT INTO backlog_cells (area, holder, member, {", ".join(_OPEN)}, late)
SELECT a.area, coalesce(m.lead_unit_id, '{_NOBODY}'), coalesce(m.lead_member_id, '{_NOBODY}'),
       {", ".join(f"count(*) FILTER (WHERE m.status = '{status}')" for status in _OPEN)}, count(*) FILTER (WHERE m.due_at < l.line_at)
FROM open_matters m, backlog_line l, LATERAL (
    SELECT '/' || array_to_string(p.parts[1:depth], '/') || '/' AS area
    FROM (SELECT string_to_array(trim(BOTH '/' FROM m.area_path), '/') AS parts) p, generate_series(1, cardinality(p.parts)) AS depth) AS a
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


def upgrade() -> None:
    """Make what is open into rows and sums. What happens meanwhile is owed a count, and what was missed is found by ``mend_backlog``."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = 0")
    _matters()
    _cells()
    _line()
    op.execute("INSERT INTO backlog_line (line_at) VALUES (now())")
    op.execute(_FILL)
    op.execute(_ADD_UP)
    rows = "SELECT, INSERT, UPDATE, DELETE"
    grant("open_matters", worker=rows)
    grant("backlog_cells", worker=rows)
    grant("backlog_line", worker="SELECT, INSERT, UPDATE")


def _instant(name: str, *, missing: bool = True) -> sa.Column:  # type: ignore[type-arg]  # of whatever the name says
    return sa.Column(name, sa.DateTime(timezone=True), nullable=missing)


def _matters() -> None:
    op.create_table(
        "open_matters",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("area_path", sa.Text(collation="C"), nullable=False),
        sa.Column("lead_unit_id", sa.Uuid(), nullable=True),
        sa.Column("lead_member_id", sa.Uuid(), nullable=True),
        _instant("received_at", missing=False),
        _instant("due_at"),
        sa.Column("stages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("dues", postgresql.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.Column("given_to", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_open_matters_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_open_matters")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(op.f("ix_open_matters_due_at_ticket_id"), "open_matters", ["due_at", "ticket_id"])
    op.create_index(op.f("ix_open_matters_area_path"), "open_matters", ["area_path"])
    op.create_index(op.f("ix_open_matters_lead_unit_id"), "open_matters", ["lead_unit_id"])
    op.create_index("ix_open_matters_given_to", "open_matters", ["given_to"], postgresql_using="gin")


def _cells() -> None:
    op.create_table(
        "backlog_cells",
        sa.Column("area", sa.Text(collation="C"), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in (*_OPEN, "late")),
        sa.PrimaryKeyConstraint("area", "holder", "member", name=op.f("pk_backlog_cells")),
        postgresql_with={"fillfactor": "80"},
    )


def _line() -> None:
    op.create_table(
        "backlog_line",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _instant("line_at", missing=False),
        sa.CheckConstraint("one", name=op.f("ck_backlog_line_alone")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_backlog_line")),
    )
