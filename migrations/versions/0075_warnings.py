"""Early warnings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "early_warnings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("unit_path", sa.Text(), nullable=True),
        sa.Column("told_unit_id", sa.Uuid(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_outside_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("opened_with", postgresql.JSONB(), nullable=False),
        sa.Column("peak", postgresql.JSONB(), nullable=False),
        sa.Column("latest", postgresql.JSONB(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_words", sa.Text(), nullable=True),
        sa.CheckConstraint("measure IN ('inflow', 'overdue')", name=op.f("ck_early_warnings_measure")),
        sa.CheckConstraint("subject IN ('unit', 'department', 'category')", name=op.f("ck_early_warnings_subject")),
        sa.CheckConstraint("(subject = 'category') = (unit_id IS NULL)", name=op.f("ck_early_warnings_unit")),
        sa.CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_words IS NULL)", name=op.f("ck_early_warnings_acknowledged")),
        *(
            sa.ForeignKeyConstraint([name], [to], name=op.f(f"fk_early_warnings_{name}"))
            for name, to in (("unit_id", "units.id"), ("told_unit_id", "units.id"), ("acknowledged_by_account_id", "accounts.id"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_warnings")),
    )
    still_open = sa.text("ended_on IS NULL")
    op.create_index("uq_early_warnings_open", "early_warnings", ["measure", "subject", "code"], unique=True, postgresql_where=still_open)
    op.create_index(op.f("ix_early_warnings_opened_on_id"), "early_warnings", ["opened_on", "id"])
    op.create_table(
        "warning_looks",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_warning_looks")),
    )
    # The worker finds and ends them; people say what they know of one, once.
    words = "acknowledged_at, acknowledged_by_account_id, acknowledged_words"
    found = "SELECT, INSERT, UPDATE (last_outside_on, ended_on, peak, latest)"
    grant("early_warnings", intake=f"SELECT, UPDATE ({words})", worker=found)
    grant("warning_looks", worker="SELECT, INSERT, UPDATE (series, opened, ended)")
