"""Clocks keep whose they are, by which calendar and ladder, and why they moved."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

_STAGES = (
    "'dispatch', 'accept', 'inform', 'first_contact', 'contain', 'repair', 'restore', 'resolve', 'answer', 'verify', 'review', "
    "'respond', 'task', 'instruct', 'adjudicate'"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint("ck_clocks_stage", "clocks")
    op.create_check_constraint(op.f("ck_clocks_stage"), "clocks", f"stage IN ({_STAGES})")
    op.add_column("clocks", sa.Column("unit_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_clocks_unit_id"), "clocks", "units", ["unit_id"], ["id"])
    op.add_column("clocks", sa.Column("paused_for", sa.Interval(), server_default=sa.text("'0'"), nullable=False))
    for name, kept in (("start_rule", "at_once"), ("calendar_code", "default"), ("ladder_rule", "")):
        op.add_column("clocks", sa.Column(name, sa.Text(), server_default=sa.text(f"'{kept}'"), nullable=False))
    for name in ("calendar_version", "ladder_version"):
        op.add_column("clocks", sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False))
    provisional = sa.text("provisional AND state IN ('running', 'paused')")
    op.create_index("ix_clocks_provisional", "clocks", ["id"], postgresql_where=provisional)
    _moves()


def _moves() -> None:
    op.create_table(
        "clock_moves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clock_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_account_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('extension', 'pause', 'recalculation', 'correction')", name=op.f("ck_clock_moves_kind")),
        sa.ForeignKeyConstraint(["by_account_id"], ["accounts.id"], name=op.f("fk_clock_moves_by_account_id")),
        sa.ForeignKeyConstraint(["clock_id"], ["clocks.id"], name=op.f("fk_clock_moves_clock_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_clock_moves_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_moves")),
    )
    op.create_index(op.f("ix_clock_moves_clock_id"), "clock_moves", ["clock_id"])
    op.create_index(op.f("ix_clock_moves_ticket_id"), "clock_moves", ["ticket_id"])
    grant("clock_moves", intake="SELECT, INSERT", worker="SELECT, INSERT", reporting="SELECT")
